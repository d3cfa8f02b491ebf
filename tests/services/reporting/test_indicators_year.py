"""A year of dossiers: every indicator of every set, computed twice, comes to the same for any period of it.

`MOTCUA_DOSSIERS=100000` makes it as large as a department's real year.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from contracts.fact import Fact
from services.reporting.domain.figures import FORM
from services.reporting.domain.formula import number, rounded
from services.reporting.domain.measure_names import MEASURES
from services.reporting.domain.measures import measured
from services.reporting.domain.period import Period
from services.reporting.domain.scoring import formula_of
from services.reporting.packs import shelf
from services.reporting.query_formula import by_database
from services.reporting.query_measures import measures
from tests.services.reporting.facts import Paper, day, mixed
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_petitions import fact as petition
from tests.services.reporting.worlds import asked, filed, opined, paid, revised, seen, version, worked

DOSSIERS: Final = int(os.environ.get("MOTCUA_DOSSIERS", "1000"))
DAYS: Final = 300
PERIODS: Final = (Period(day(0), day(DAYS)), Period(day(28), day(120)), Period(day(100), day(100)))
SUMS: Final = (("received", ("resolved", "in_progress")), ("resolved", ("resolved_early", "resolved_on_time", "resolved_late")))


def a_life(chance: random.Random, n: int) -> Iterator[Fact]:
    """What becomes of one dossier, with its papers and its fee."""
    channel: Any = chance.choice(["online", "online", "desk", "post"])
    paper = Paper(f"y{n}", chance.choice(["H09.13", "H09.13", "H10"]), chance.choice(["hoa-chat", "dien"]), channel)
    on = chance.randrange(DAYS)
    submitted = paper.submitted(on)
    yield submitted
    if chance.random() < 0.7:
        yield filed(submitted, f"y{n}", on)
    if chance.random() < 0.03:
        yield paper.refused(on + 1)
        return
    yield paper.accepted(on, due=on + 7)
    if chance.random() < 0.5:
        yield paid(submitted, on, chance.choice(["online", "cash"]))
    for _ in range(chance.choice([0, 0, 0, 0, 1, 1, 2])):
        on += chance.randrange(1, 4)
        yield paper.supplement_requested(on)
        on += chance.randrange(1, 10)
        yield paper.rescheduled(on, on + 7)
    if chance.random() < 0.1:
        yield asked(f"y{n}", on, on + 5, paper.agency)
        yield opined(f"y{n}", on + chance.randrange(8), paper.agency)
    on += chance.choice([2, 4, 5, 6, 7, 8, 9, 15, 40])
    if chance.random() < 0.95:
        yield paper.ready(on)


def a_year(chance: random.Random) -> Iterator[list[Fact]]:
    """Facts in some order, a few hundred dossiers at a time."""
    yield [version("2.000648", 0), version("2.000001", 3, whole=False), *(revised(n, n - n % 12) for n in range(0, DAYS, 17))]
    points = {"time": 2, "attitude": 2, "agencies-contacted": 1, "contacts-to-complete": 1}
    for since in range(0, DOSSIERS, 500):
        yield [fact for n in range(since, min(since + 500, DOSSIERS)) for fact in a_life(chance, n)]
        few = range(since // 10, since // 10 + 50)
        yield [mixed(f"y{n}", chance.randrange(DAYS), chance.randint(1, 5), points) for n in few]
        yield [fact for n in few for fact in a_petition(chance, n)]


def a_petition(chance: random.Random, n: int) -> list[Fact]:
    """Answer most of them in time."""
    on, late = chance.randrange(DAYS), chance.random() < 0.2
    return [petition(f"y{n}", "received", on, due=on + 20), petition(f"y{n}", "answered", on + (25 if late else 9), late=late)]


@pytest.mark.slow
@pytest.mark.timeout(3000)
async def test_two_computations_of_every_indicator_agree_on_a_year(mirror: Tables) -> None:
    facts: list[Fact] = []
    for few in a_year(random.Random(766)):  # noqa: S311 - chance comes from a seed
        await mirror.tell(*few)
        facts += few
    known = seen(facts)
    packs = [one.pack for one in shelf().newest()]
    for period in PERIODS:
        for scope in (None, ["H10"]):
            folded = measured(known, period, scope, worked)
            async with mirror.reading() as reading:
                counts = await measures(reading, period, scope)
                assert {name: (counts[name], folded[name]) for name in MEASURES if counts[name] != folded[name]} == {}
                for pack in packs:
                    formulas = [found for part in pack.indicators().values() if (found := formula_of(part)) is not None]
                    found = await by_database(reading.connection, [(formula, pack.digits) for formula in formulas], counts)
                    exact = [number(formula, folded) for formula in formulas]
                    assert found == [None if one is None else rounded(one, pack.digits) for one in exact]
            assert all(counts[whole] == sum(counts[part] or 0 for part in parts) for whole, parts in SUMS)
            assert set(FORM) <= set(counts)
    assert all(folded is not None for folded in measured(known, PERIODS[0], None, worked).values())
