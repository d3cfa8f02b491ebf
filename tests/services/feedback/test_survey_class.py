"""What a class of answers may be, of a dossier whose way becomes known bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.survey_class import WalkedStep, path_of, paths_so_far

MONDAY = datetime(2019, 3, 4, 1, tzinfo=UTC)
HOURS = st.lists(st.integers(1, 200), min_size=1, max_size=6)


def walk(hours: list[int]) -> list[WalkedStep]:
    """Go from step to step, each of so many hours; the last goes on."""
    at, steps = MONDAY, list[WalkedStep]()
    for n, lasts in enumerate(hours, 1):
        ends = at + timedelta(hours=lasts)
        steps.append(WalkedStep(f"B{n}", f"unit-{n}", at, ends if n < len(hours) else None))
        at = ends
    return steps


@given(HOURS)
def test_whatever_was_shown_on_the_way_stays_allowed(hours: list[int]) -> None:
    whole = walk(hours)
    for known in range(1, len(hours)):
        # As it was told: a step ends in the fact that begins the next.
        then = [*whole[: known - 1], WalkedStep(whole[known - 1].step, whole[known - 1].unit, whole[known - 1].begun_at, None)]
        assert path_of("nv-01", then) in paths_so_far("nv-01", whole)
        assert all(path in paths_so_far("nv-01", whole) for path in paths_so_far("nv-01", then))


def test_a_branch_that_is_known_by_its_end_alone_is_not_known_before() -> None:
    main = WalkedStep("B1", "unit-1", MONDAY, MONDAY + timedelta(hours=1))
    branch = WalkedStep("B2", "unit-2", None, MONDAY + timedelta(hours=5))
    assert [path.steps for path in paths_so_far(None, [main, branch])].count(("B1",)) == 2
    assert path_of(None, [main, branch]) in paths_so_far(None, [main, branch])
    assert path_of(None, []) in paths_so_far(None, [main])
