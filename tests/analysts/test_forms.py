"""The command writes each form from a bundle, with nothing running, and says what it wrote."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from deploy.analysts.reading import facts_of
from tests.local.asking import motcua

pytestmark = pytest.mark.slow


def export(form: str, bundle: Path, out: Path) -> str:
    done = motcua("events", "export", "--format", form, "--bundle", bundle, "-o", out)
    assert done.returncode == 0, done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_the_command_writes_an_event_log_for_process_mining(small_year: Path, tmp_path: Path) -> None:
    events = sum(1 for _ in facts_of(small_year))
    assert export("ocel2", small_year, tmp_path / "log.sqlite") == f"{events} events"
    connection = sqlite3.connect(tmp_path / "log.sqlite")
    assert connection.execute("SELECT count(*) FROM event").fetchone() == (events,)
    connection.close()


def test_the_command_writes_parquet(small_year: Path, tmp_path: Path) -> None:
    assert export("parquet", small_year, tmp_path / "facts").startswith(f"{sum(1 for _ in facts_of(small_year))} facts in ")
    assert set(json.loads((tmp_path / "facts" / "exported.json").read_text())["upto"]) == {"intake", "processing"}


def test_the_command_writes_open_data(small_year: Path, tmp_path: Path) -> None:
    assert export("open-data", small_year, tmp_path / "open").endswith(" rows")
    assert (tmp_path / "open" / "changes.csv").read_text().startswith("day,rows,waiting,sha256,upto")


def test_a_form_that_there_is_not_is_refused(small_year: Path, tmp_path: Path) -> None:
    assert motcua("events", "export", "--format", "xes", "--bundle", small_year, "-o", tmp_path / "x").returncode != 0
