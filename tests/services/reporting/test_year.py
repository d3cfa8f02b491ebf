"""A year of answers: counted twice; a slow step and a rude counter surface in it, and noise does not.

`MOTCUA_ANSWERS=1000000` with `-s --timeout 0` counts a million and says how long it took.
"""

from __future__ import annotations

import os
import random
import resource
import time
from itertools import islice
from typing import Final

import pytest

from services.reporting.domain.groups import Part, Tally, Traits, grouped
from services.reporting.domain.rooms import lines_of, rooms
from services.reporting.domain.satisfaction import CELL_MIN, COMPARED_MIN, VoiceCut, counted, standing_out, total, view, voices_of
from services.reporting.projections import MIRROR
from services.reporting.query_voices import heard
from tests.services.reporting.tables import Tables
from tests.services.reporting.year import COLUMNS, RUDE_COUNTER, SLOW_STEP, UNITS, YEAR, Year

ANSWERS: Final = int(os.environ.get("MOTCUA_ANSWERS", "20000"))
SEEDS: Final = (7, 19, 31)
COPIED_MAX: Final = 100_000
"""Rows that are written at once: a statement has only so many seconds."""
CUTS: Final[tuple[tuple[VoiceCut, ...], ...]] = (
    (),
    ("month", "agency", "field"),
    ("officer",),
    ("unit",),
    ("procedure",),
    ("slowest",),
    ("step",),
    ("agency", "officer"),
)


async def filled(mirror: Tables, year: Year) -> None:
    await mirror.clear()
    async with mirror.pool.acquire() as connection:
        rows = year.rows()
        while some := list(islice(rows, COPIED_MAX)):
            await connection.copy_records_to_table("rating", schema_name=MIRROR.consumer, columns=COLUMNS, records=some)
        await connection.execute(f"ANALYZE {MIRROR.consumer}.rating")


@pytest.mark.slow
async def test_a_years_scores_equal_those_of_a_second_computation(mirror: Tables) -> None:
    year = Year(ANSWERS)
    began = time.monotonic()
    await filled(mirror, year)
    written = time.monotonic()
    async with mirror.pool.acquire() as connection:
        voices = await heard(connection, YEAR, None)
    read = time.monotonic()
    tables = {cut: counted(voices, cut, None) for cut in CUTS}
    cut_ = time.monotonic()
    second = rooms(answer for batch in year.batches() for answer in batch)
    for cut, table in tables.items():
        found = {key: {one: [t.n, t.total, t.good] for one, t in line.tallies.items() if t.n} for key, line in table.lines.items()}
        assert {key: line for key, line in found.items() if line} == lines_of(second, YEAR, cut)
    whole = view(total(voices))
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    took = f"written in {written - began:.1f} s, read and grouped in {read - written:.1f} s, {len(CUTS)} tables in {cut_ - read:.1f} s"
    print(f"\n{ANSWERS} answers: {took}, a second time in {time.monotonic() - cut_:.1f} s, {mb} MB at most; {whole['ratings']} rated")  # noqa: T201 - asked for with -s, this is how it speaks
    # All who said how satisfied they were are counted but those who wait in the month that is not over.
    rated = sum("ratings" in answer.given for batch in year.batches() for answer in batch)
    assert rated * 0.95 < whole["ratings"] <= rated


async def worse(mirror: Tables, cut: VoiceCut) -> set[tuple[str, str]]:
    async with mirror.pool.acquire() as connection:
        table = counted(await heard(connection, YEAR, None), (cut,), None)
    return {(key[0], question) for key, questions in standing_out(table).items() for question in questions}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_planted_slow_step_and_a_planted_rude_counter_surface_and_nothing_else_does(mirror: Tables, seed: int) -> None:
    await filled(mirror, Year(12_000, seed))
    assert await worse(mirror, "slowest") == {(SLOW_STEP, "time")}
    assert await worse(mirror, "unit") == {(UNITS[SLOW_STEP], "time")}
    assert await worse(mirror, "step") == {(SLOW_STEP, "time")}
    assert await worse(mirror, "officer") == {(RUDE_COUNTER, "attitude")}
    for cut in ("field", "procedure", "month", "agency"):
        assert await worse(mirror, cut) == set(), cut


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
async def test_where_nothing_is_planted_nothing_surfaces(mirror: Tables, seed: int) -> None:
    await filled(mirror, Year(12_000, seed, planted=False))
    for cut in ("slowest", "unit", "step", "officer", "field", "procedure"):
        assert await worse(mirror, cut) == set(), cut


def test_noise_surfaces_in_hardly_any_table() -> None:
    # Two hundred tables of fifteen counters that are all alike. One in a hundred may say of any of them that it is not.
    chance = random.Random(11)  # noqa: S311 - chance comes from a seed, so that it can be repeated
    alarms = 0
    for _ in range(200):
        parts = []
        for n in range(15):
            values = chance.choices((0, 1, 2), (5, 15, 80), k=chance.randint(COMPARED_MIN, 90))
            tally = Tally(len(values), sum(values), sum(value * value for value in values))
            parts.append(Part(Traits("A", officer=f"nv-{n}"), tally, n))
        made = voices_of([("attitude", "2026-03", grouped(parts, CELL_MIN, None))])
        alarms += bool(standing_out(counted(made, ("officer",), None)))
    assert alarms <= 10


def test_a_counter_that_had_a_bad_day_does_not_stand_out() -> None:
    # Eight of thirty-two were angry, where two would be usual (z = -2.2); and one counter had five answers, all of them bad.
    usual = Part(Traits("A", officer="all-others"), Tally(900, 1575, 3015), 1)
    bad_day = Part(Traits("A", officer="nv-90"), Tally(32, 45, 87), 2)
    few = Part(Traits("A", officer="nv-91"), Tally(5, 0, 0), 3)
    made = voices_of([("attitude", "2026-03", grouped([usual, bad_day, few], CELL_MIN, None))])
    assert standing_out(counted(made, ("officer",), None)) == {}
