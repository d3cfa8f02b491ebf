"""A score that falls below its floor is told once, and again only after it has recovered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.feedback_surveys import Path
from contracts.reporting import ScoreFell, ScoreRecovered
from services.reporting.domain import score
from services.reporting.domain.period import Period
from services.reporting.domain.score import Low, Measure, Well, decide, evolve
from services.reporting.handle_scores import rolling
from tests.services.reporting.facts import day, mixed
from tests.services.reporting.mirror import Mirrored
from tests.services.rig import eventually

NOW: Final = datetime(2026, 3, 20, tzinfo=UTC)
OF_FIFTY: Final = Measure(
    agency="H09.13",
    whose="officer",
    subject="nv-mc-01",
    period_from=date(2026, 1, 1),
    period_to=date(2026, 3, 31),
    answers=50,
    satisfied=40,
    position=90,
    floor=80,
    margin=5,
    answers_min=30,
    at=NOW,
)


@pytest.mark.parametrize(("satisfied", "fell"), [(39, True), (40, False), (50, False), (0, True)])
def test_a_score_falls_below_its_floor_and_not_at_it(satisfied: int, fell: bool) -> None:
    assert [type(fact) for fact in decide(replace(OF_FIFTY, satisfied=satisfied), Well())] == ([ScoreFell] if fell else [])


@pytest.mark.parametrize(("satisfied", "recovered"), [(39, False), (40, False), (42, False), (43, True)])
def test_it_recovers_a_margin_above_and_not_before(satisfied: int, recovered: bool) -> None:
    assert [type(fact) for fact in decide(replace(OF_FIFTY, satisfied=satisfied), Low())] == ([ScoreRecovered] if recovered else [])


def test_of_few_answers_nothing_is_said_of_either() -> None:
    few = replace(OF_FIFTY, answers=29, satisfied=0)
    assert decide(few, Well()) == decide(replace(few, satisfied=29), Low()) == []


@given(st.lists(st.integers(0, 50), max_size=40))
def test_whatever_it_does_falls_and_recoveries_take_turns_and_trembling_is_one_episode(scores: list[int]) -> None:
    state: score.State = score.INITIAL
    facts: list[Any] = []
    for satisfied in scores:
        for fact in decide(replace(OF_FIFTY, satisfied=satisfied), state):
            facts.append(fact)
            state = evolve(state, fact)
    assert [type(fact) for fact in facts] == [ScoreFell if n % 2 == 0 else ScoreRecovered for n in range(len(facts))]
    if all(satisfied < 43 for satisfied in scores):
        assert len(facts) == int(any(satisfied < 40 for satisfied in scores))


def test_a_rolling_score_is_of_whole_months_across_the_year() -> None:
    assert rolling(date(2026, 1, 15), 3) == Period(date(2025, 11, 1), date(2026, 1, 31))
    assert rolling(date(2026, 12, 31), 1) == Period(date(2026, 12, 1), date(2026, 12, 31))


async def measured(mirrored: Mirrored, at: datetime) -> int:
    """Measure all scores as of an instant."""
    mirrored.service.moment = at
    found = await mirrored.service.post("/v1/low-scores/measuring", {}, mirrored.service.token("leader"))
    assert found.status_code == 200, found.text
    return found.json()["recorded"]


async def test_a_unit_and_an_officer_that_fell_are_told_once_and_a_leader_sees_them_until_they_recover(
    mirrored: Mirrored,
) -> None:
    path = Path(officer="nv-mc-01", unit="ky-thuat", slowest="B3")
    for n in range(6):
        neighbour = mirrored.neighbours["feedback"]
        for m in range(5):
            fact = mixed(f"{n}-{m}", 3, 2, path=path)
            mirrored.said["feedback"] = await neighbour.tell(fact.answer_id, fact)
    await mirrored.level()
    assert [await measured(mirrored, NOW), await measured(mirrored, NOW)] == [2, 0]

    async def low() -> list[dict[str, Any]]:
        return (await mirrored.answer("/v1/low-scores"))["items"]

    found = await eventually(low, lambda items: len(items) == 2)
    assert sorted((item["whose"], item["subject"], item["answers"], item["satisfied"], item["floor"]) for item in found) == [
        ("officer", "nv-mc-01", 30, 0, 80),
        ("unit", "ky-thuat", 30, 0, 80),
    ]
    assert (await mirrored.get("/v1/low-scores", "officer")).status_code == 403
    assert (await mirrored.answer("/v1/low-scores", agencies=("H10",)))["items"] == []
    # Half a year later nothing is known of these months any more: nothing is said. Then many are satisfied.
    assert await measured(mirrored, datetime(2026, 9, 1, tzinfo=UTC)) == 0
    for n in range(35):
        fact = mixed(f"good-{n}", 200, 5, path=path)
        mirrored.said["feedback"] = await mirrored.neighbours["feedback"].tell(fact.answer_id, fact)
    await mirrored.level()
    then = datetime.combine(day(201), NOW.timetz())
    assert [await measured(mirrored, then), await measured(mirrored, then)] == [2, 0]
    await eventually(low, lambda items: items == [])
