"""Time split by who held the papers: the applicant, a unit, an agency outside, a system. The parts add up to the whole exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.legalclock.calendar import Calendar
from kernel.legalclock.instants import utc
from kernel.legalclock.moments import Apologised, Begun, Ended, Excluded, HandedOver, Holder, Moment, Paused, Prolonged, Restated, Resumed


@dataclass(frozen=True, slots=True)
class Share:
    """How long somebody held the papers, by the clock on the wall and in working time."""

    elapsed: timedelta
    worked: timedelta


def time_by_holder(moments: Iterable[Moment], calendar: Calendar, as_of: datetime) -> dict[Holder, Share]:
    """Split the time from the beginning to the end, or to an instant, among those who held the papers.

    While the clock waits, the one waited for holds them; afterwards whoever did before, or whom they were handed to meanwhile. That a
    pause came too late to move the deadline does not matter here. The calendar is taken as it is given.
    """
    shares: dict[Holder, Share] = {}
    ours: Holder | None = None
    awaited: Holder | None = None
    since = until = utc(as_of)

    def passed(now: datetime) -> None:
        if (holder := awaited or ours) and since < now:
            before = shares.get(holder, Share(timedelta(), timedelta()))
            worked = calendar.time_worked(now) - calendar.time_worked(since)
            shares[holder] = Share(before.elapsed + (now - since), before.worked + worked)

    for moment in moments:
        if moment.at > until or (ours is None and not isinstance(moment, Begun)):
            continue
        now = utc(moment.at) if ours is None else max(since, utc(moment.at))
        passed(now)
        since = now
        match moment:
            case Begun():
                ours = ours or moment.holder
            case Paused():
                awaited = awaited or moment.holder
            case Resumed():
                awaited = None
            case HandedOver():
                ours = moment.to
            case Ended():
                return shares
            case Prolonged() | Apologised() | Restated() | Excluded():
                pass
    passed(until)
    return shares
