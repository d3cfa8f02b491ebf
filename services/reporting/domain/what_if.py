"""Step 3 of 8, decide: what the figures would have been, had other limits or another calendar held over the very same work.

A scenario changes how limits are counted and nothing else: dossiers came, were worked on, waited for their applicants and were over on
the days on which they were. Every deadline is counted anew by the legal clock from the facts. A dossier whose recorded deadlines the clock
does not find again from what is kept here (a decision left time out of it, it was counted by a calendar that is no more) stays as it is
and is counted as `kept`. So a scenario that changes nothing gives what was published, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias, cast
from uuid import UUID

from contracts.vocabulary import AgencyCode, ProcedureCode, StartRule, SupplementMode
from kernel.legalclock import (
    Begun,
    Calendar,
    Entry,
    Limit,
    Moment,
    NoRulePack,
    OutsideCalendar,
    Paused,
    Prolonged,
    Restated,
    Resumed,
    reckon,
)
from services.reporting.domain.figures import FORM
from services.reporting.domain.period import Period

What: TypeAlias = Literal["begun", "paused", "resumed", "extension", "calendar", "decision"]
ONE_DAY: Final = timedelta(days=1)
WEEK: Final = 7
SUPPOSED: Final = "giả định"
"""The source of a day that a scenario supposes."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How a limit is counted."""

    limit: Limit
    start_rule: StartRule
    rule_pack: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What one fact did to the clock: on which day and at which instant, to which appointment (None: no limit, or it stood still)."""

    what: What
    on: date
    at: datetime
    due_on: date | None
    counting: Counting | None
    mode: SupplementMode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One dossier that was accepted, and all that its clock did."""

    id: UUID
    code: str
    agency: AgencyCode
    procedure: ProcedureCode
    online: bool
    accepted_on: date
    ended_on: date | None
    withdrawn_on: date | None
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is supposed; with nothing in it, everything is counted anew as it was.

    `limits` by procedure, `off` and `work` days that are off or worked instead, `mode` what a supplement does to every limit.
    """

    limits: Mapping[ProcedureCode, Limit]
    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    mode: SupplementMode | None = None

    @property
    def touches(self) -> list[ProcedureCode] | None:
        """The procedures that it can change anything of; None = all."""
        return sorted(self.limits) if self.limits and not (self.off or self.work or self.mode) else None

    def calendar(self, known: Calendar) -> Calendar:
        """Give the calendar that is supposed."""
        off = [Entry(on=day, kind="swapped-off", source=SUPPOSED) for day in sorted(self.off)]
        work = [Entry(on=day, kind="swapped-in", source=SUPPOSED, other=monday_before(day)) for day in sorted(self.work)]
        return known.adding(*off, *work) if off or work else known


@dataclass(frozen=True, slots=True)
class Judged:
    """What the figures make of a dossier: its last appointment, its verdict once it is over, and the first day on which it was late."""

    due_on: date | None
    verdict: Literal["early", "on-time", "late"] | None
    late_from: date | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One dossier as it was, and as it would have been (None: it was not counted anew)."""

    life: Life
    recorded: Judged
    supposed: Judged | None


def monday_before(day: date) -> date:
    """Give the Monday before a day: a day that is worked instead has its hours."""
    return day - timedelta(days=day.weekday() or WEEK)


def compared(lives: Sequence[Life], scenario: Scenario, known: Calendar) -> Iterator[Compared]:
    """Count every dossier anew."""
    calendar = scenario.calendar(known)
    for life in lives:
        recorded = judged(life, [turn.due_on for turn in life.turns])
        yield Compared(life, recorded, supposed(life, scenario, known, calendar))


def supposed(life: Life, scenario: Scenario, known: Calendar, calendar: Calendar) -> Judged | None:
    """Judge a dossier by the deadlines that a scenario gives it; None if what is recorded cannot be found again from the facts."""
    begun = life.turns[0] if life.turns else None
    if begun is None or begun.what != "begun" or begun.counting is None:
        return None
    try:
        if dues(life.turns, begun.counting, begun.mode, known) != [turn.due_on for turn in life.turns]:
            return None
        counting = replace(begun.counting, limit=scenario.limits.get(life.procedure, begun.counting.limit))
        return judged(life, dues(life.turns, counting, scenario.mode or begun.mode, calendar))
    except (OutsideCalendar, NoRulePack, Unknown):
        return None


class Unknown(LookupError):  # noqa: N818 - says what is missing
    """What moved a limit is not kept here, or means nothing under the limit that is supposed."""


def dues(turns: Sequence[Turn], counting: Counting, mode: SupplementMode | None, calendar: Calendar) -> list[date | None]:
    """Give the appointment that each turn leads to; None where the clock stands still.

    Raises:
        Unknown: if there is a turn that cannot be counted anew.
        NoRulePack, OutsideCalendar: as the legal clock does.
    """
    moments, found = list[Moment](), list[date | None]()
    amount = turns[0].counting.limit.amount if turns[0].counting else 0
    for turn in turns:
        now = turn.counting.limit if turn.counting else None
        match turn.what:
            case "begun":
                moments.append(
                    Begun(at=turn.at, cause="", limit=counting.limit, start_rule=counting.start_rule, rule_pack=counting.rule_pack)
                )
            case "paused":
                moments.append(Paused(at=turn.at, cause=""))
            case "resumed":
                moments.append(Resumed(at=turn.at, cause="", mode=mode))
            case "calendar":
                moments.append(Restated(at=turn.at, cause=""))
            case "extension" if now is not None and now.unit == counting.limit.unit and now.amount > amount:
                moments.append(Prolonged(at=turn.at, cause="", amount=now.amount - amount, source=""))
            case _:
                raise Unknown(turn.what)
        amount = now.amount if now is not None else amount
        found.append(None if turn.what == "paused" else reckon(moments, calendar).deadline.due_on)
    return found


def judged(life: Life, due: Sequence[date | None]) -> Judged:
    """Judge a dossier as `judgement.sql` does, by the appointment that each of its turns led to (domain/figures.py says why)."""
    ends = [turn.on for turn in life.turns[1:]]
    late_from, last = None, None
    for n, (turn, day) in enumerate(zip(life.turns, due, strict=True)):
        if day is None:
            continue
        until = min((end for end in (ends[n] if n < len(ends) else None, life.ended_on) if end is not None), default=None)
        if until is None or day < until:
            late = max(day + ONE_DAY, turn.on)
            late_from = late if late_from is None else min(late_from, late)
        if life.ended_on is None or turn.on <= life.ended_on:
            last = day
    if life.ended_on is None:
        return Judged(last, None, late_from)
    if late_from is not None:
        return Judged(last, "late", late_from)
    early = last is not None and life.ended_on < last and life.withdrawn_on != life.ended_on
    return Judged(last, "early" if early else "on-time", None)


def counted(found: Sequence[tuple[Life, Judged]], period: Period) -> dict[str, int]:
    """Count the columns of form II.06a over dossiers that were accepted."""
    line = dict.fromkeys(FORM, 0)
    for life, as_judged in found:
        if life.accepted_on > period.last or (life.ended_on is not None and life.ended_on < period.first):
            continue
        came = "carried_over" if life.accepted_on < period.first else "received_online" if life.online else "received_direct"
        columns = ["received", came]
        if life.ended_on is not None and life.ended_on <= period.last:
            columns += ["resolved", f"resolved_{cast('str', as_judged.verdict).replace('-', '_')}"]
        else:
            late = as_judged.late_from is not None and as_judged.late_from <= period.last
            columns += ["in_progress", "in_progress_late" if late else "in_progress_in_time"]
        for column in columns:
            line[column] += 1
    return line
