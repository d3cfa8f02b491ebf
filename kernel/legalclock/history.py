"""The history of one limit: what happened to it, and from that its deadline, the derivation and every date told, as of any instant.

A deadline in a fact is the answer of its moment. A history gives the answer of any moment again, and says of each stretch of time which
moment opened it, and under which version of the calendar it was counted. Moments are facts: nothing is refused here.

What has run out has run out: no pause, no longer limit and no news about days off moves a deadline that was missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from kernel.legalclock.calendar import Calendar
from kernel.legalclock.deadline import ONE_DAY, Course, Deadline, Limit, course, whole
from kernel.legalclock.exclusion import days_covered, joined, without
from kernel.legalclock.instants import day_of, midnight, utc
from kernel.legalclock.moments import Apologised, Begun, Ended, Excluded, HandedOver, Moment, Paused, Prolonged, Restated, Resumed
from kernel.legalclock.phrases import BEFORE_OPENING, COUNTED_ANEW
from kernel.legalclock.rule_pack import rule_pack
from kernel.legalclock.segment import Segment, end_to_end, merged, until

State: TypeAlias = Literal["running", "waiting", "ended"]


class NotBegun(LookupError):  # noqa: N818 - says what is missing
    """A history that has no beginning yet at the instant asked for has no deadline."""


class Told(NamedTuple):
    """A date that was told, when, and by what."""

    at: datetime
    cause: str
    due_at: datetime
    due_on: date


class Stretch(NamedTuple):
    """Time that one moment opened, and the version of the calendar by which it was counted."""

    moment: Moment
    calendar: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """The promise of a new date: the apology, the date before, the last instant of the new one, and whether it was made in time."""

    apology: Apologised
    before: date
    due_at: datetime
    in_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What a history amounts to at one instant.

    `deadline` is the law's: statistics judge by it. `promised` is what the applicant may hold to: the same, unless an apology named a later
    date, or news of days off made the law's date later than the one that was told. `told` keeps every date, oldest first; while the clock
    waits, the last of them stands. `prolonged` are the laws by which the running limit is longer than it began.
    """

    deadline: Deadline
    promised: Told
    told: tuple[Told, ...]
    state: State
    since: datetime
    stretches: tuple[Stretch, ...]
    extensions: tuple[Extension, ...]
    prolonged: tuple[Prolonged, ...] = ()


def reckon(moments: Iterable[Moment], calendar: Calendar, as_of: datetime | None = None) -> Reckoning:
    """Compute what a history amounts to.

    Args:
        moments: in the order in which they were recorded. One that bears an instant before its predecessor's counts as of that one.
        calendar: with all its states of knowledge; each moment uses what was known then.
        as_of: leave out what happened after this instant.

    Raises:
        NotBegun: if it had not begun then.
        NoRulePack: if the rules that it began under are not known.
        OutsideCalendar: if any of it lies outside the calendar.
    """
    fold: _Fold | None = None
    for moment in moments:
        if as_of is not None and moment.at > as_of:
            continue
        if fold is not None:
            fold.apply(moment)
        elif isinstance(moment, Begun):
            fold = _Fold(moment, calendar)
    if fold is None:
        message = f"nothing had begun at {as_of}" if as_of else "nothing has begun"
        raise NotBegun(message)
    return fold.reckoning()


@dataclass(slots=True)
class _Run:
    """One run of the clock under one calendar: what opened it, and how much of the limit was left when it began."""

    moment: Moment
    way: Course
    left: int
    due_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.due_at = self.way.due(self.left)

    def left_at(self, instant: datetime, *, is_spared: bool) -> int:
        """Give what is left of the limit at an instant, whose own day may be spared."""
        return max(self.left - self.way.used(instant, is_spared=is_spared), 0)

    def until(self, instant: datetime) -> Stretch:
        """Give the time of this run before an instant."""
        return Stretch(self.moment, self.way.calendar.version, tuple(self.way.segments(self.left, instant)))

    def has_run_out(self, now: datetime) -> bool:
        """Tell whether what happens now comes too late to move the deadline."""
        return now >= self.due_at and (self.way.unit == "working-hours" or day_of(now) > day_of(self.due_at))


NEVER_PAUSED: Final = Paused(at=datetime.min.replace(tzinfo=UTC), cause="")


class _Fold:
    """A history read moment by moment."""

    def __init__(self, begun: Begun, calendar: Calendar) -> None:
        """Begin."""
        self.begun = begun
        self.calendar = calendar
        self.pack = rule_pack(begun.rule_pack)
        self.limit = begun.limit
        self.now = utc(begun.at)
        self.state: State = "running"
        self.since = self.now
        self.paused = NEVER_PAUSED
        self.missed = False
        self.closed: list[Stretch] = []
        self.told: list[Told] = []
        self.extensions: list[Extension] = []
        self.prolonged: list[Prolonged] = []
        self.run = self._from_now(begun, whole(begun.limit))
        self.starter: Moment = begun
        self.starts_at = self.run.way.begins_at
        self._promise(begun)

    def apply(self, moment: Moment) -> None:
        """Let one more moment happen."""
        self.now = max(self.now, utc(moment.at))
        match moment, self.state:
            case Paused(), "running":
                self.paused, self.missed = moment, self.run.has_run_out(self.now)
                self._enter("waiting")
            case Resumed(), "waiting":
                if not self.missed:
                    self._go_on(moment)
                self._enter("running")
            case Prolonged(), "running" | "waiting":
                if not (self.missed if self.state == "waiting" else self.run.has_run_out(self.now)):
                    self._prolong(moment)
            case Apologised(), "running" | "waiting":
                self._apologise(moment)
            case Restated(), "running":
                if not self.run.has_run_out(self.now):
                    self._restate(moment)
            case Excluded(), "running":
                if not self.run.has_run_out(self.now):
                    self._exclude(moment)
            case Ended(), "running" | "waiting":
                self._enter("ended")

            # No date moves when papers change hands; while the clock waits, it is the going on that reads the calendar anew.
            case (HandedOver(), _) | (Restated() | Excluded(), "waiting"):
                pass
            # Twice is once, and what is over stays as it was.
            case (Begun(), _) | (Paused(), "waiting") | (Resumed(), "running") | (_, "ended"):
                pass

    def reckoning(self) -> Reckoning:
        """Give what it amounts to so far."""
        run = self.run
        stretches = (*self.closed, run.until(run.due_at))
        return Reckoning(
            deadline=Deadline(
                due_at=run.due_at,
                due_on=day_of(run.due_at),
                starts_at=self.starts_at,
                start_rule=self.begun.start_rule,
                limit=self.limit,
                calendar=run.way.calendar.version,
                rule_pack=self.pack.id,
                segments=end_to_end([stretch.segments for stretch in stretches]),
            ),
            promised=self.told[-1],
            told=tuple(self.told),
            state=self.state,
            since=self.since,
            stretches=stretches,
            extensions=tuple(self.extensions),
            prolonged=tuple(self.prolonged),
        )

    def _enter(self, state: State) -> None:
        self.state, self.since = state, self.now

    def _from_now(self, moment: Moment, left: int) -> _Run:
        calendar = self.calendar.as_known_at(self.now)
        return _Run(moment, course(self.now, self.begun.limit.unit, self.begun.start_rule, calendar, self.pack), left)

    def _go_on(self, resumed: Resumed) -> None:
        paused_at, mode = self.since, resumed.mode or self.pack.supplement_mode
        is_spared = self.run.way.is_spared(paused_at)
        left, before = self.run.left_at(paused_at, is_spared=is_spared), self.run.until(paused_at)
        if mode == "restart":
            self.closed = [self._anew(stretch) for stretch in (*self.closed, before)]
            self.limit, left = self.begun.limit, whole(self.begun.limit)
            self.prolonged = []
        else:
            self.closed.append(self._without_the_day(before, paused_at) if is_spared else before)
        if paused_at < self.now:
            waited = Segment(paused_at, self.now, counts=False, why=self.paused.why, source=self.paused.source or self.pack.sources[mode])
            self.closed.append(Stretch(self.paused, before.calendar, (waited,)))
        self.run = self._from_now(resumed, left)
        if mode == "restart":
            self.starter, self.starts_at = resumed, self.run.way.begins_at
        self._promise(resumed)

    def _anew(self, stretch: Stretch) -> Stretch:
        source = self.pack.sources["restart"]
        again = [
            Segment(it.start_at, it.end_at, counts=False, why=COUNTED_ANEW, source=source) if it.counts else it for it in stretch.segments
        ]
        return stretch._replace(segments=merged(again))

    def _without_the_day(self, before: Stretch, paused_at: datetime) -> Stretch:
        if not before.segments or not before.segments[-1].counts:
            return before
        cut_at = midnight(day_of(paused_at))
        spared = Segment(cut_at, paused_at, counts=False, why=BEFORE_OPENING, source=self.pack.sources["pause"])
        return before._replace(segments=merged((*until(before.segments, cut_at), spared)))

    def _prolong(self, prolonged: Prolonged) -> None:
        self.prolonged.append(prolonged)
        self.limit = Limit(self.limit.amount + prolonged.amount, self.limit.unit)
        more = whole(Limit(prolonged.amount, self.limit.unit))
        self.run = _Run(self.run.moment, self.run.way, self.run.left + more)
        self._promise(prolonged)

    def _apologise(self, apology: Apologised) -> None:
        notice = timedelta(days=self.pack.extension_notice_days)
        in_time = day_of(self.now) + notice <= day_of(self.run.due_at)
        windows = self.calendar.as_known_at(self.now).windows(apology.due_on)
        due_at = windows[-1][1] if windows else midnight(apology.due_on + ONE_DAY)
        self.extensions.append(Extension(apology, self.told[-1].due_on, due_at, in_time))
        self._tell(apology, due_at)

    def _restate(self, restated: Restated) -> None:
        run, way, calendar = self.run, self.run.way, self.calendar.as_known_at(self.now)
        if calendar is way.calendar:
            return
        # The days before today, or the hours before now, have been what they were.
        today = day_of(self.now)
        cut_at = self.now if way.unit == "working-hours" else midnight(today)
        if way.head and (cut_at < way.base or cut_at == way.begins_at or not run.left):
            anew = course(way.head[0].start_at, way.unit, self.begun.start_rule, calendar, self.pack, known_from=cut_at)
            self.run = _Run(run.moment, anew._replace(out=way.out), run.left)
            self.starts_at = anew.begins_at if run.moment is self.starter else self.starts_at
        elif way.unit == "calendar-days" and today > way.last(run.left):
            # All days are counted, and the last was off: the news only says anew which working day comes next.
            self.run = _Run(run.moment, way._replace(calendar=calendar, off_through=today - ONE_DAY), run.left)
        else:
            self.closed.append(run.until(cut_at))
            onward = Course(way.unit, calendar, way.sources, way.begins_at, today - ONE_DAY, cut_at, out=way.out)
            self.run = _Run(restated, onward, run.left_at(cut_at, is_spared=way.is_spared(cut_at)))
        if not self.extensions:
            self._tell(restated, min(self.run.due_at, self.told[-1].due_at))

    def _exclude(self, excluded: Excluded) -> None:
        run, way = self.run, self.run.way
        since = max(utc(excluded.since), midnight(day_of(self.begun.at)))
        over = Segment(since, min(utc(excluded.until), self.now), counts=False, why=excluded.why, source=excluded.source)
        by_day, left = way.unit != "working-hours", run.left
        known = {calendar.version: calendar for calendar in self.calendar.versions()}
        for n, stretch in enumerate(self.closed):
            segments, lost = without(stretch.segments, days_covered(over, known[stretch.calendar]) if by_day else [over])
            self.closed[n] = stretch._replace(segments=segments)
            left += len(lost) if by_day else sum((it.end_at - it.start_at for it in lost), timedelta()) // timedelta.resolution
        out = joined(way.out, days_covered(over, way.calendar) if by_day else [over])
        self.run = _Run(run.moment, way._replace(out=out), left)
        self._promise(excluded)

    def _promise(self, moment: Moment) -> None:
        # A new date once promised holds where the law's own is earlier.
        self._tell(moment, max(self.run.due_at, self.extensions[-1].due_at) if self.extensions else self.run.due_at)

    def _tell(self, moment: Moment, due_at: datetime) -> None:
        if not self.told or self.told[-1].due_at != due_at:
            self.told.append(Told(self.now, moment.cause, due_at, day_of(due_at)))
