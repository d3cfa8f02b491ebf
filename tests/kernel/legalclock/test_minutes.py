"""The clock and the walker, who share nothing but the form of the data, say the same of a hundred thousand histories."""

from __future__ import annotations

import os
from random import Random
from typing import Final

import pytest

from kernel.legalclock import (
    Deadline,
    Limit,
    appointment_at,
    day_of,
    deadline,
    is_late,
    resume,
    rule_pack_on,
    transfer_due,
    working_minutes_between,
)
from tests.kernel.legalclock.histories import History, World, history, world
from tests.kernel.legalclock.minutes import DAY, handed_on

WORLDS: Final = int(os.environ.get("MOTCUA_CLOCK_WORLDS", "400"))
"""Worlds of the long test."""
HISTORIES: Final = 250
"""Histories in each of them."""
PARTS: Final = 4
"""Parts of the long test, for the processes that share it."""


def by_the_clock(world: World, it: History) -> Deadline:
    """Ask the clock about a history."""
    start_at = world.at(it.start)
    found = deadline(start_at, Limit(it.amount, it.unit), it.start_rule, world.calendar, rule_pack_on(day_of(start_at)))
    for asked, answered, mode in it.waits:
        found = resume(found, world.at(asked), world.at(answered), mode, world.calendar)
    return found


def counted(world: World, it: Deadline) -> list[int]:
    """Give the days, or the minutes, that the segments of an explanation say are counted."""
    unit = 1 if it.limit.unit == "working-hours" else DAY
    told: list[int] = []
    for segment in it.segments:
        if segment.counts:
            told += range(world.moment(segment.start_at) // unit, -(-world.moment(segment.end_at) // unit))
    return told


def compare(world: World, it: History) -> None:
    """Let clock and walker answer every question about one history."""
    found, walk = by_the_clock(world, it), it.walk
    due = world.moment(found.due_at)
    assert due == walk.due
    assert world.moment(found.starts_at) == walk.begins
    assert (found.due_on - world.midnight.date()).days == walk.due // DAY
    assert counted(world, found) == walk.counted
    assert world.moment(found.segments[0].start_at) == it.start
    assert found.segments[-1].end_at == found.due_at
    for one, other in zip(found.segments, found.segments[1:], strict=False):
        assert one.start_at < one.end_at == other.start_at
    for moment in (due - 1, due, due + 1, (due // DAY + 1) * DAY - 1, (due // DAY + 1) * DAY):
        assert is_late(found, world.at(moment)) == walk.late(moment)
    assert world.moment(appointment_at(found, world.calendar)) == walk.appointment()
    start_at = world.at(it.start)
    assert world.moment(transfer_due(start_at, world.calendar, rule_pack_on(day_of(start_at)))) == handed_on(walk, it.start)
    assert working_minutes_between(start_at, found.due_at, world.calendar) == walk.strip.count(1, it.start, due)


def compare_all(worlds: range, histories: int) -> int:
    """Compare them in many worlds; a difference is told with the two seeds that repeat it."""
    compared = 0
    for seed in worlds:
        made = world(Random(seed))
        for number in range(histories):
            it = history(Random(f"{seed}/{number}"), made)
            try:
                compare(made, it)
            except AssertionError as error:
                error.add_note(f"world {seed}, history {number}: {it}")
                raise
            compared += 1
    return compared


def test_clock_and_walker_agree_on_three_thousand_histories() -> None:
    assert compare_all(range(60), 50) == 3_000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_clock_and_walker_agree_on_a_hundred_thousand_histories(part: int) -> None:
    worlds = range(1_000 + part, 1_000 + WORLDS, PARTS)
    assert compare_all(worlds, HISTORIES) == len(worlds) * HISTORIES
