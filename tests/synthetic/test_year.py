"""A made-up year is lawful, whole, the same for its seed, and nobody's."""

from __future__ import annotations

import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.catalogue import FACTS
from deploy.local import bundle
from deploy.synthetic.year import synthesize
from tests.local.asking import motcua

DOSSIERS = 250


def year(seed: int = 1, dossiers: int = DOSSIERS) -> str:
    text = io.StringIO()
    synthesize(2026, dossiers, seed, text)
    return text.getvalue()


@pytest.fixture(scope="module")
def told() -> str:
    return year()


def events_of(text: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, text.splitlines()) if "event" in line]


def test_the_bundle_proves_itself_down_to_its_last_fact(told: str) -> None:
    reading = bundle.read(line.encode() for line in told.splitlines(keepends=True))
    bundle.judge(reading, [], [])
    assert not reading.findings
    for source in ("intake", "processing"):
        assert reading.audit(source).verdict.events == reading.audit(source).verdict.sealed_upto > DOSSIERS


def test_a_fact_that_is_changed_is_found(told: str) -> None:
    changed = told.replace('"outcome":"refused"', '"outcome":"granted"', 1)
    reading = bundle.read(line.encode() for line in changed.splitlines(keepends=True))
    bundle.judge(reading, [], [])
    assert reading.findings


def test_the_same_seed_makes_the_same_bytes_and_another_seed_another_year(told: str) -> None:
    assert year() == told
    assert year(seed=2) != told


def test_every_fact_is_one_of_the_contracts_and_a_reader_gets_back_what_was_written(told: str) -> None:
    for line in events_of(told):
        event = line["event"]
        fact = FACTS[event["type"]].model_validate(event["data"])
        assert json.loads(fact.model_dump_json()) == event["data"]


def test_facts_are_recorded_in_the_order_of_time_and_nothing_happens_after_the_year(told: str) -> None:
    last = dict[str, datetime]()
    for line in events_of(told):
        source, at = line["position"].partition("/")[0], datetime.fromisoformat(line["event"]["recordedtime"])
        assert at >= last.get(source, at)
        last[source] = at
    assert max(last.values()) < datetime(2026, 12, 31, 17, tzinfo=UTC)


def test_a_year_has_all_that_happens_to_dossiers(told: str) -> None:
    seen = {line["event"]["type"] for line in events_of(told)}
    assert {
        "intake.dossier.refused.v1",
        "intake.dossier.withdrawn.v1",
        "intake.dossier.supplemented.v1",
        "intake.dossier.reappointed.v1",
        "intake.dossier.returned.v1",
        "processing.case.clock-paused.v1",
        "processing.case.clock-resumed.v1",
        "processing.case.step-reopened.v1",
        "processing.case.alarm-raised.v1",
        "processing.case.site-checked.v1",
        "processing.permit.issued.v1",
    } <= seen


def test_what_waits_at_the_end_is_held_in_memory_and_not_what_was() -> None:
    def peak(dossiers: int) -> int:
        class Nowhere(io.StringIO):
            def write(self, text: str, /) -> int:
                return len(text)

        tracemalloc.start()
        synthesize(2026, dossiers, 1, Nowhere())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(20)  # what is read and imported once
    small, large = peak(50), peak(150)
    assert large < small + 100 * 12_000, "some kilobytes a dossier, not its twenty facts"


@pytest.mark.slow
def test_the_command_writes_a_year_that_verify_accepts(tmp_path: Path) -> None:
    out = tmp_path / "year.jsonl"
    done = motcua("synthesize", "--dossiers", "60", "--seed", "3", "-o", str(out), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["dossiers"] == 60
    assert motcua("verify", "--bundle", str(out)).returncode == 0
