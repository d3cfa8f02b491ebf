"""Parquet by the day: every fact once, the same files however often they are written, and a notebook that runs on them."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from deploy.analysts import parquet
from deploy.analysts.reading import facts_of
from deploy.local.processes import ROOT

BLOCK: Final = 500
NOTEBOOK: Final = ROOT / "docs" / "analysts" / "facts.ipynb"


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(folder: Path, query: str) -> list[Any]:
    with duckdb.connect() as connection:
        source = f"read_parquet('{folder}/*/*/*.parquet', hive_partitioning = true)"
        return connection.execute(query.format(facts=source)).fetchall()


def test_every_fact_is_in_exactly_one_file_and_says_what_it_said(small_year: Path, tmp_path: Path) -> None:
    done = parquet.write(facts_of(small_year), tmp_path, BLOCK)
    told = {told.position: told for told in facts_of(small_year)}
    found = rows(tmp_path, "SELECT source || '/' || position, type, data, day::VARCHAR, recorded_at, dossier_id::VARCHAR FROM {facts}")
    assert len(found) == len(told) == done.facts
    for position, type_, data, day, _, dossier in found:
        assert (type_, json.loads(data), day) == (told[position].type, told[position].data, told[position].day.isoformat())
        assert dossier == told[position].data.get("dossier_id")


def test_written_again_the_files_are_the_same_bytes(small_year: Path, tmp_path: Path) -> None:
    parquet.write(facts_of(small_year), tmp_path / "once", BLOCK)
    parquet.write(facts_of(small_year), tmp_path / "twice", BLOCK)
    before = hashes(tmp_path / "once")
    assert before == hashes(tmp_path / "twice")
    again = parquet.write(facts_of(small_year), tmp_path / "once", BLOCK)
    assert hashes(tmp_path / "once") == before
    assert again.facts < 2 * BLOCK, "only the last, open block of each service is written anew"


@pytest.mark.parametrize("first", [1, BLOCK - 1, BLOCK, 777])
def test_whoever_exports_in_pieces_ends_with_the_same_files(small_year: Path, tmp_path: Path, first: int) -> None:
    parquet.write(islice(facts_of(small_year), first), tmp_path / "pieces", BLOCK)
    parquet.write(facts_of(small_year), tmp_path / "pieces", BLOCK)
    parquet.write(facts_of(small_year), tmp_path / "whole", BLOCK)
    assert hashes(tmp_path / "pieces") == hashes(tmp_path / "whole")


def test_what_a_killed_export_left_behind_is_overwritten(small_year: Path, tmp_path: Path) -> None:
    def breaks_off() -> Any:
        yield from islice(facts_of(small_year), 1700)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parquet.write(breaks_off(), tmp_path / "killed", BLOCK)
    parquet.write(facts_of(small_year), tmp_path / "killed", BLOCK)
    parquet.write(facts_of(small_year), tmp_path / "whole", BLOCK)
    assert hashes(tmp_path / "killed") == hashes(tmp_path / "whole")


def test_a_folder_in_blocks_of_another_size_is_not_gone_on_with(small_year: Path, tmp_path: Path) -> None:
    parquet.write(islice(facts_of(small_year), 10), tmp_path, BLOCK)
    with pytest.raises(parquet.OtherLayout):
        parquet.write(facts_of(small_year), tmp_path, BLOCK + 1)


def test_the_notebook_runs_and_counts_what_the_facts_say(small_year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet.write(facts_of(small_year), tmp_path)
    monkeypatch.setenv("MOTCUA_FACTS", str(tmp_path))
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    known: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), known)  # noqa: S102 - the notebook's own cells
    told = [told for told in facts_of(small_year) if told.type == "intake.dossier.result-ready.v1"]
    assert sum(resolved for _, resolved, _ in known["by_month"]) == len(told) > 50
    late = {told.data["dossier_id"] for told in facts_of(small_year) if told.type == "intake.dossier.reappointed.v1"}
    assert 0 < sum(late_ones for _, _, late_ones in known["by_month"]) <= len(late)
    assert {step for step, _, _ in known["by_step"]} >= {"B1", "B2", "B3"}
    assert all(position.startswith("intake/") for position, _, _ in known["example"])
    assert not any(cell.get("outputs") for cell in cells), "a notebook is kept without what it printed"
