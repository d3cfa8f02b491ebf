"""The clock and the walker, who share nothing but the form of the data, say the same of a hundred thousand histories."""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random
from typing import Final

import pytest

from kernel.legalclock import (
    Deadline,
    appointment_at,
    day_of,
    is_late,
    reckon,
    rule_pack_on,
    time_by_holder,
    transfer_due,
    working_minutes_between,
)
from tests.kernel.legalclock.histories import Tale, World, tale, world
from tests.kernel.legalclock.minutes import DAY, appointment, handed_on

WORLDS: Final = int(os.environ.get("MOTCUA_CLOCK_WORLDS", "160"))
"""Worlds of the long test."""
HISTORIES: Final = 625
"""Histories in each of them."""
PARTS: Final = 4
"""Parts of the long test, for the processes that share it."""


def counted(world: World, it: Deadline) -> list[int]:
    """Give the days, or the minutes, that the segments of an explanation say are counted."""
    unit = 1 if it.limit.unit == "working-hours" else DAY
    told: list[int] = []
    for segment in it.segments:
        if segment.counts:
            told += range(world.moment(segment.start_at) // unit, -(-world.moment(segment.end_at) // unit))
    return told


def compare(world: World, it: Tale) -> None:
    """Let clock and walker answer every question about one history."""
    found, walk = reckon(it.moments, world.calendar), it.walk
    deadline = found.deadline
    due = world.moment(deadline.due_at)
    assert due == walk.due
    assert world.moment(deadline.starts_at) == walk.begins
    assert (deadline.due_on - world.midnight.date()).days == walk.due // DAY
    assert counted(world, deadline) == walk.counted
    assert tuple(world.moment(told.due_at) for told in found.told) == it.told
    assert world.moment(deadline.segments[0].start_at) == it.start
    assert deadline.segments[-1].end_at == deadline.due_at
    for one, other in zip(deadline.segments, deadline.segments[1:], strict=False):
        assert one.start_at < one.end_at == other.start_at
    for moment in (due - 1, due, due + 1, (due // DAY + 1) * DAY - 1, (due // DAY + 1) * DAY):
        assert is_late(deadline, world.at(moment)) == walk.late(moment)


def compare_beside(world: World, it: Tale) -> None:
    """Let them answer what is asked of a start or a due date alone."""
    start_at, strip, calendar = world.at(it.start), world.strips[-1][1], world.calendar
    pack = rule_pack_on(day_of(start_at))
    due = reckon(it.moments, calendar).deadline
    assert world.moment(transfer_due(start_at, calendar, pack)) == handed_on(strip, it.start)
    assert working_minutes_between(start_at, due.due_at, calendar) == strip.count(1, it.start, it.walk.due)
    shares = time_by_holder(it.moments, calendar, max(it.moments[-1].at, due.due_at))
    waited = sum(strip.count(1, asked, answered) for asked, answered in it.waits)
    worked = {holder.kind: share.worked // timedelta(minutes=1) for holder, share in shares.items()}
    assert worked.get("applicant", 0) == waited
    end = max(world.moment(it.moments[-1].at), it.walk.due)
    assert worked.get("unit", 0) == strip.count(1, it.start, end) - waited
    (counted_by,) = [known for known in calendar.versions() if known.version == due.calendar]
    assert world.moment(appointment_at(due, counted_by)) == appointment(it.walk.strip, it.walk)


def compare_all(worlds: range, histories: int) -> int:
    """Compare them in many worlds; a difference is told with the two seeds that repeat it."""
    compared = 0
    for seed in worlds:
        made = world(Random(seed))
        for number in range(histories):
            it = tale(Random(f"{seed}/{number}"), made)
            try:
                compare(made, it)
                compare_beside(made, it)
            except AssertionError as error:
                error.add_note(f"world {seed}, history {number}: {it.moments}")
                raise
            compared += 1
    return compared


def test_clock_and_walker_agree_on_three_thousand_histories() -> None:
    assert compare_all(range(30), 100) == 3_000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_clock_and_walker_agree_on_a_hundred_thousand_histories(part: int) -> None:
    worlds = range(1_000 + part, 1_000 + WORLDS, PARTS)
    assert compare_all(worlds, HISTORIES) == len(worlds) * HISTORIES
