"""The page of capacity is what was measured, reckoned; and the reckoning is held against the same done by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.capacity import BENCHMARKS, CORES, PAGE, Capacity, page, read
from kernel.eventlog.event import SHARDS


def by_hand() -> Capacity:
    """Give figures that one can reckon with in one's head."""
    return Capacity(
        cores=2,
        lifecycle=100.0,
        append=24_000.0,
        rebuild=36_000.0,
        react=12_000.0,
        flush_ms=0.1,
        measured={
            "facts": {"intake": 4, "processing": 8, "feedback": 6},
            "facts_of_a_lifecycle": 9,
            "postgres_bytes": {"logs": 10_000, "read tables": 10_000},
            "stream_bytes": 5_000,
        },
        assumed={"of_linear": 0.5, "peak": 10, "days_a_year": 250, "hours_a_day": 8, "places": {"a town": 720_000}, "years": 5},
    )


def test_the_page_says_what_the_benchmarks_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read()), "python -m deploy.capacity"


def test_another_measurement_would_make_the_page_stale() -> None:
    benchmarks: Any = json.loads(BENCHMARKS.read_text(encoding="utf-8"))
    (measured,) = [row["ours"] for row in benchmarks["scale"]["rows"] if row["case"] == "lifecycle at 1,000,000"]
    assert read().lifecycle == measured
    assert page(replace(read(), lifecycle=measured * 2)) != page(read())


def test_what_a_place_needs_is_reckoned_as_by_hand() -> None:
    town = by_hand()
    assert town.weight == 2  # 18 facts, where a lifecycle has 9
    assert town.seconds_a_year == 7_200_000
    assert town.peak(720_000) == pytest.approx(2.0)  # 0.1 dossiers a second, each two lifecycles, ten times that in the busiest minute
    assert town.a_year(2.0) == pytest.approx(720_000)
    assert "| a town | 720,000 | 2.00 | 2.0% | 3 × 72 GB | 3 × 18 GB | 30 min |" in page(town)  # 3.6 million dossiers, 64.8 million facts


def test_more_cores_are_counted_by_half_and_never_above_what_one_log_and_one_worker_can() -> None:
    town = by_hand()
    assert [town.carries(cores) for cores in (2, 8, 32)] == [100, 200, 800]
    assert town.ceilings == {"one log takes on": 6000, "one reactor answers": 3000, "one projector that reads all logs": 4000}
    assert town.carries(200) == 3000
    ours = read()
    assert all(ours.carries(cores) <= min(ours.ceilings.values()) for cores in CORES)


def test_slices_are_as_many_as_subjects_have() -> None:
    assert f"(one of {SHARDS}," in PAGE.read_text(encoding="utf-8")
