"""Figures as they were known: the same as a mirror that had stopped there, and each difference with the facts that made it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from contracts.processing import CaseOpened
from contracts.vocabulary import CaseId
from kernel.edge.pages import Page
from services.reporting.domain.figures import BESIDE, FORM, Dossier, count, dossiers_of, in_scope, lines, told
from services.reporting.domain.period import Period
from services.reporting.domain.restated import moved
from services.reporting.query_books import BOOK_OF, Cut, Wanted
from services.reporting.query_restatement import differences
from tests.services.reporting.facts import HASH, PROCEDURES, Paper, day, id_of, moment
from tests.services.reporting.tables import Tables, source_of
from tests.services.reporting.test_figures import AGENCIES, ANY_HISTORY, histories, periods, scopes

P = Paper("p")
CUTS: Final[tuple[Cut, ...]] = ("month", "agency", "field", "unit", "procedure", "channel")
UNITS: Final = ("phong-ky-thuat", "phong-nang-luong")
PAPERS: Final = 230
POSITIONS: Final = 1000
SEED: Final = 28


def opened(paper: Paper, unit: str, on: int = 0) -> CaseOpened:
    """A unit of the department took the dossier over."""
    return CaseOpened(
        case_id=CaseId(id_of("case", paper.name)),
        dossier_id=paper.id,
        agency=paper.agency,
        code=f"{paper.agency}-260302-{paper.serial:06d}",
        procedure=PROCEDURES[paper.field],
        field=paper.field,
        workflow_hash=HASH,
        step="tham-dinh",
        unit=unit,
        role="chuyen-vien",
        supplement_mode="restart",
        deadline=None,
        opened_at=moment(on),
    )


def life(chance: Random, name: str) -> list[Fact]:
    """A dossier's life, more or less as it comes."""
    paper = Paper(name, chance.choice(AGENCIES), chance.choice(["hoa-chat", "dien"]), chance.choice(["online", "desk", "post"]))
    on = chance.randrange(40)
    facts: list[Fact] = [paper.submitted(on, "00:00")]
    if chance.random() < 0.08:
        return [*facts, paper.refused(on)]
    facts.append(paper.accepted(on, chance.choice([None, on, on + 3, on + 9]), "00:00"))
    if chance.random() < 0.9:
        facts.append(opened(paper, chance.choice(UNITS), on))
    for _ in range(chance.randrange(3)):
        on += chance.randrange(6)
        facts += [paper.supplement_requested(on, "00:01"), paper.rescheduled(on := on + chance.randrange(9), on + chance.randrange(9))]
    on += chance.randrange(12)
    match chance.randrange(10):
        case 0:
            return [*facts, paper.withdrawn(on)]
        case 1 | 2:
            return facts
        case _:
            return [*facts, paper.ready(on), paper.returned(on + chance.randrange(20))]


def chronicle(chance: Random, papers: int) -> list[Fact]:
    """Lives mixed as no desk mixes them: what happened early may be recorded last, but in order within a dossier."""
    lives = [life(chance, str(n)) for n in range(papers)]
    order = [n for n, facts in enumerate(lives) for _ in facts]
    chance.shuffle(order)
    waiting = [iter(facts) for facts in lives]
    return [next(waiting[n]) for n in order]


def question(chance: Random) -> tuple[Period, list[str] | None, list[Cut]]:
    """Any period, any agencies, any cut."""
    first = chance.randrange(-5, 60)
    period = Period(day(first), day(first + chance.choice([0, 6, 30, 90])))
    return period, chance.choice([None, ["H09.13"], ["H09.1", "H10"]]), chance.sample(CUTS, chance.randrange(1, len(CUTS) + 1))


@pytest.mark.slow
async def test_as_of_a_thousand_positions_figures_are_those_of_a_mirror_that_had_stopped_there(mirror: Tables) -> None:
    chance = Random(SEED)  # noqa: S311 - chance comes from a seed, so that it can be repeated
    asked = list[tuple[tuple[int, int], Any, list[dict[str, Any]]]]()
    for fact in chronicle(chance, PAPERS):
        await mirror.tell(fact)
        then, of = (mirror.heads["intake"], mirror.heads["processing"]), question(chance)
        async with mirror.reading() as reading:
            asked.append((then, of, await reading.figures(*of)))
    assert len(asked) >= POSITIONS
    for then, of, found in asked:
        async with mirror.reading(then) as reading:
            assert await reading.figures(*of) == found, (then, of)


def positions_of(facts: Sequence[Fact]) -> tuple[int, int]:
    """Give how far intake's log and processing's are once these are recorded."""
    sources = [source_of(fact) for fact in facts]
    return sources.count("intake"), sources.count("processing")


@ANY_HISTORY
@given(facts=histories(), period=periods, at=st.integers(0, 60), scope=scopes)
async def test_what_was_known_at_a_position_is_what_the_definition_says_of_the_facts_up_to_there(
    mirror: Tables, facts: list[Fact], period: Period, at: int, scope: Any
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    then, dossiers = positions_of(facts[:at]), list(dossiers_of(facts[:at]).values())
    own = [dossier for dossier in dossiers if in_scope(dossier.agency, scope)]
    assert await mirror.lines(period, scope, then) == lines(own, period)
    async with mirror.reading(then) as reading:
        assert await reading.beside(period) == count(dossiers, period, BESIDE)


async def test_what_happened_in_a_period_and_was_recorded_after_it_is_known_now_and_was_not_then(mirror: Tables) -> None:
    await mirror.tell(P.submitted(0), P.accepted(0, due=7), opened(P, UNITS[0]), P.ready(4))
    week = Period(day(0), day(6))
    (known,) = (await mirror.lines(week)).values()
    assert (known["resolved_early"], known["in_progress"]) == (1, 0)
    (then,) = (await mirror.lines(week, then=(2, 1))).values()
    assert (then["resolved_early"], then["in_progress_in_time"]) == (0, 1)
    assert await mirror.lines(week, then=(1, 1)) == {}
    async with mirror.reading((3, 0)) as reading:
        assert [line["unit"] for line in await reading.figures(week, None, ["unit"])] == [None]


# What made the difference.


def moves(facts: Sequence[Fact], period: Period, agency: str, after: int) -> set[tuple[UUID, str, str, bool, tuple[int, ...]]]:
    """Say by the definition alone which dossiers came into which columns or left them, and at which of intake's facts since."""
    states = dict[UUID, Dossier]()
    counted = dict[UUID, list[tuple[int, set[str]]]]()
    for pos, fact in enumerate((fact for fact in facts if source_of(fact) == "intake"), 1):
        id_: UUID = fact.model_dump()["dossier_id"]
        states[id_] = told(states.get(id_, Dossier()), fact)
        columns = {name for name, rule in FORM.items() if rule(states[id_], period)}
        seen = counted.setdefault(id_, [(0, set())])
        if pos <= after:
            seen[:] = [(pos, columns)]
        else:
            seen.append((pos, columns))
    found = set[tuple[UUID, str, str, bool, tuple[int, ...]]]()
    for id_, seen in counted.items():
        for column in seen[0][1] ^ seen[-1][1] if in_scope(states[id_].agency, [agency]) else ():
            at = tuple(seen[n][0] for n in range(1, len(seen)) if (column in seen[n][1]) != (column in seen[n - 1][1]))
            found.add((id_, states[id_].field, column, column in seen[-1][1], at))
    return found


@ANY_HISTORY
@given(facts=histories(), period=periods, at=st.integers(0, 60), agency=st.sampled_from(AGENCIES))
async def test_the_facts_that_are_named_are_exactly_those_that_moved_a_dossier_in_or_out(
    mirror: Tables, facts: list[Fact], period: Period, at: int, agency: str
) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    async with mirror.reading(positions_of(facts[:at])) as reading:
        found = await differences(reading.later(period, agency))
    named = {
        (one["dossier_id"], field, column, one["came"], tuple(int(fact["position"].partition("/")[2]) for fact in one["facts"]))
        for field, columns in found.items()
        for column, difference in columns.items()
        for one in difference.dossiers
    }
    assert named == moves(facts, period, agency, positions_of(facts[:at])[0])
    for columns in found.values():
        for difference in columns.values():
            assert difference.came + difference.left == len(difference.dossiers)


def test_a_dossier_that_went_in_and_out_again_made_no_difference_and_of_one_that_came_back_all_are_named() -> None:
    there, away = frozenset({"resolved"}), frozenset[str]()
    assert moved([(3, there), (4, away), (5, there)]) == {}
    (move,) = moved([(3, away), (4, there), (5, there), (6, away), (7, there)]).values()
    assert (move.came, move.facts) == (True, (4, 6, 7))


# Who stands behind a figure.


@settings(ANY_HISTORY, max_examples=25)
@given(facts=histories(), period=periods, cut=st.lists(st.sampled_from(CUTS), unique=True, min_size=1), data=st.data())
async def test_behind_every_cell_of_every_cut_stand_as_many_dossiers_as_it_says(
    mirror: Tables, facts: list[Fact], period: Period, cut: list[Cut], data: st.DataObject
) -> None:
    await mirror.clear()
    papers = {fact.model_dump()["dossier_id"] for fact in facts if source_of(fact) == "intake"}
    units = [opened(paper, data.draw(st.sampled_from(UNITS))) for n in range(6) if (paper := Paper(str(n))).id in papers]
    await mirror.tell(*facts, *units[::2])
    async with mirror.reading() as reading:
        for line in await reading.figures(period, None, cut):
            of: tuple[tuple[Cut, str | None], ...] = tuple((one, line[one]) for one in cut)
            behind = {
                column: len(await reading.register(Wanted(book=book, line=of), period, None, Page(None, 1000)))
                for column, book in BOOK_OF.items()
            }
            assert behind == {column: line[column] for column in FORM}
