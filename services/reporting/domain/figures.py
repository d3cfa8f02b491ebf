"""Step 3 of 8, decide: what each figure means. From facts to figures in plain Python, with the rule beside each.

This is the definition; `queries.sql` is the quick way to the same numbers. A test gives both the same histories and
insists that they agree. Neither asks a clock: a figure is a function of the facts and of the period that is asked for, and
what happens after the period never changes it.

The form is II.06a/VPCP/KSTT (TT 02/2017/TT-VPCP): received (3) = online (4) + direct or by post (5) + carried over (6);
resolved (7) = early (8) + on time (9) + late (10); in progress (11) = in time (12) + late (13); (3) = (7) + (11), and (11)
of one period is (6) of the next. Days are local days, because punctuality is judged by date (Bộ luật Dân sự 2015, Điều 148.6).

Where form and law are silent, we say what we do:
* no limit: a dossier without an appointment is never early and never late;
* waiting for the applicant: no limit runs (NĐ 61/2018, Điều 19.4), so no day of it makes a dossier late;
* an appointment that was missed stays missed, even if the clock begins anew afterwards;
* withdrawn: ends a dossier, on time or late as the day of the withdrawal says, and never early;
* refused at the desk, or not yet received: in no column of the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID

from contracts.fact import Fact
from contracts.intake import (
    DossierAccepted,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.vocabulary import AgencyCode, FieldCode
from kernel.legalclock import day_of
from services.reporting.domain.period import Period, month_of


@dataclass(frozen=True, slots=True)
class Clocked:
    """What the legal clock did on a day: began to run to an appointment (None = no limit), or stopped for the applicant."""

    on: date
    runs: bool
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What the figures need to know of one dossier: local days, and nothing of whose it is."""

    agency: AgencyCode = ""
    field: FieldCode = ""
    online: bool = False
    submitted_on: date | None = None
    accepted_on: date | None = None
    ready_on: date | None = None
    refused_on: date | None = None
    withdrawn_on: date | None = None
    returned_on: date | None = None
    clock: tuple[Clocked, ...] = ()

    @property
    def ended_on(self) -> date | None:
        """The day on which the department's work on it was over: its result lay at the desk, or the applicant took it back.

        Not the day on which the applicant came for the result (E-26), and not that of the decision (national status 9).
        """
        return min((day for day in (self.ready_on, self.withdrawn_on) if day is not None), default=None)

    def ended_by(self, day: date) -> bool:
        """Whether it was over at the close of a day."""
        return self.ended_on is not None and self.ended_on <= day

    def due_on(self, day: date) -> date | None:
        """The last appointment that was given up to the close of a day."""
        given = [clocked.due_on for clocked in self.clock if clocked.on <= day and clocked.due_on is not None]
        return given[-1] if given else None

    def waits(self, day: date) -> bool:
        """Whether the clock stood still at the close of a day."""
        told = [clocked for clocked in self.clock if clocked.on <= day]
        return bool(told) and not told[-1].runs

    def appointments_of(self, day: date) -> set[date]:
        """Every appointment that held at some moment of a day: the one it began with, and those given in its course."""
        held = [clocked for clocked in self.clock if clocked.on < day][-1:] + [clocked for clocked in self.clock if clocked.on == day]
        return {clocked.due_on for clocked in held if clocked.due_on is not None}

    def late_by(self, day: date) -> bool:
        """Whether it had missed an appointment at the close of a day: lived through a day after one that still held."""
        if self.accepted_on is None:
            return False
        lived = Period(self.accepted_on, day if self.ended_on is None else min(day, self.ended_on))
        return any(due < today for today in lived.days() for due in self.appointments_of(today))


def told(dossier: Dossier, fact: Fact) -> Dossier:
    """Say what is known of a dossier after one more fact of intake."""
    match fact:
        case DossierSubmitted():
            on = day_of(fact.submitted_at)
            return replace(dossier, agency=fact.agency, field=fact.field, online=fact.channel == "online", submitted_on=on)
        case DossierAccepted(deadline=deadline):
            on = day_of(fact.accepted_at)
            clocked = Clocked(on, runs=True, due_on=deadline.due_on if deadline else None)
            return replace(dossier, accepted_on=on, clock=(*dossier.clock, clocked))
        case DossierSupplementRequested(stage="appraisal"):
            return replace(dossier, clock=(*dossier.clock, Clocked(day_of(fact.requested_at), runs=False, due_on=None)))
        case DossierRescheduled(deadline=deadline):
            return replace(dossier, clock=(*dossier.clock, Clocked(day_of(fact.rescheduled_at), runs=True, due_on=deadline.due_on)))
        case DossierResultReady():
            return replace(dossier, ready_on=day_of(fact.ready_at))
        case DossierRefused():
            return replace(dossier, refused_on=day_of(fact.refused_at))
        case DossierWithdrawn():
            return replace(dossier, withdrawn_on=day_of(fact.withdrawn_at))
        case DossierReturned():
            return replace(dossier, returned_on=day_of(fact.returned_at))
        case _:
            return dossier


def dossiers_of(facts: Iterable[Fact]) -> dict[UUID, Dossier]:
    """Tell facts of any services apart by dossier; only the order of intake's facts within a dossier matters."""
    found: dict[UUID, Dossier] = {}
    for fact in facts:
        if fact.TYPE.startswith("intake.dossier."):
            dossier_id: UUID = getattr(fact, "dossier_id")  # noqa: B009 - every fact of a dossier names it; the base class does not
            found[dossier_id] = told(found.get(dossier_id, Dossier()), fact)
    return found


def received(dossier: Dossier, period: Period) -> bool:
    """(3) Everything that the department had to work on: accepted by the last day, and not over before the first."""
    return dossier.accepted_on is not None and dossier.accepted_on <= period.last and not _over_before(dossier, period)


def received_online(dossier: Dossier, period: Period) -> bool:
    """(4) Accepted in the period, and sent through the portal."""
    return received(dossier, period) and dossier.accepted_on in period and dossier.online


def received_direct(dossier: Dossier, period: Period) -> bool:
    """(5) Accepted in the period, and brought to the desk or sent by post."""
    return received(dossier, period) and dossier.accepted_on in period and not dossier.online


def carried_over(dossier: Dossier, period: Period) -> bool:
    """(6) Accepted before the period, and not over when it began."""
    return received(dossier, period) and dossier.accepted_on not in period


def resolved(dossier: Dossier, period: Period) -> bool:
    """(7) Over within the period. A refusal by decision is a resolution like any other (NĐ 61/2018, Điều 19.8; E-31)."""
    return received(dossier, period) and dossier.ended_by(period.last)


def resolved_early(dossier: Dossier, period: Period) -> bool:
    """(8) The result was ready on a day before the appointment, and no appointment was missed."""
    return resolved(dossier, period) and verdict(dossier, period.last) == "early"


def resolved_on_time(dossier: Dossier, period: Period) -> bool:
    """(9) Neither early nor late: ready on the very day, without a limit, or withdrawn with no appointment missed."""
    return resolved(dossier, period) and verdict(dossier, period.last) == "on-time"


def resolved_late(dossier: Dossier, period: Period) -> bool:
    """(10) Over after an appointment was missed."""
    return resolved(dossier, period) and verdict(dossier, period.last) == "late"


def in_progress(dossier: Dossier, period: Period) -> bool:
    """(11) Not over at the close of the last day."""
    return received(dossier, period) and not dossier.ended_by(period.last)


def in_progress_in_time(dossier: Dossier, period: Period) -> bool:
    """(12) In progress, and no appointment missed by the close of the last day: the day of the appointment is still in time."""
    return in_progress(dossier, period) and not dossier.late_by(period.last)


def in_progress_late(dossier: Dossier, period: Period) -> bool:
    """(13) In progress, and an appointment missed by the close of the last day."""
    return in_progress(dossier, period) and dossier.late_by(period.last)


def refused(dossier: Dossier, period: Period) -> bool:
    """Refused at the desk in the period: the clock never ran (NĐ 61/2018, Điều 17.2.b)."""
    return dossier.refused_on in period


def withdrawn(dossier: Dossier, period: Period) -> bool:
    """Taken back by the applicant in the period, be it before acceptance or after."""
    return dossier.withdrawn_on in period


def returned(dossier: Dossier, period: Period) -> bool:
    """The result was handed over in the period (NĐ 61/2018, Điều 20)."""
    return dossier.returned_on in period


def verdict(dossier: Dossier, day: date) -> str | None:
    """Judge a dossier that was over at the close of a day: `early`, `on-time` or `late`; None while it is in progress."""
    if not dossier.ended_by(day) or dossier.ended_on is None:
        return None
    if dossier.late_by(day):
        return "late"
    due_on = dossier.due_on(dossier.ended_on)
    early = dossier.withdrawn_on != dossier.ended_on and due_on is not None and dossier.ended_on < due_on
    return "early" if early else "on-time"


def _over_before(dossier: Dossier, period: Period) -> bool:
    return dossier.ended_on is not None and dossier.ended_on < period.first


Rule: TypeAlias = Callable[[Dossier, Period], bool]

FORM: Final[Mapping[str, Rule]] = {
    rule.__name__: rule
    for rule in (
        *(received, received_online, received_direct, carried_over),
        *(resolved, resolved_early, resolved_on_time, resolved_late),
        *(in_progress, in_progress_in_time, in_progress_late),
    )
}
"""The columns of form II.06a by name, in the form's order."""

BESIDE: Final[Mapping[str, Rule]] = {rule.__name__: rule for rule in (refused, withdrawn)}
"""What is in no column of the form."""

LineKey: TypeAlias = tuple[str, AgencyCode, FieldCode]
"""Month of acceptance, agency, field."""


def lines(dossiers: Iterable[Dossier], period: Period) -> dict[LineKey, dict[str, int]]:
    """Count the form's columns by month of acceptance, agency and field; lines with nothing in them are left out."""
    found: dict[LineKey, dict[str, int]] = {}
    for dossier in dossiers:
        if received(dossier, period) and dossier.accepted_on is not None:
            line = found.setdefault((month_of(dossier.accepted_on), dossier.agency, dossier.field), dict.fromkeys(FORM, 0))
            for name, rule in FORM.items():
                line[name] += rule(dossier, period)
    return found


def count(dossiers: Iterable[Dossier], period: Period, rules: Mapping[str, Rule]) -> dict[str, int]:
    """Count dossiers by rule."""
    known = list(dossiers)
    return {name: sum(rule(dossier, period) for dossier in known) for name, rule in rules.items()}


def in_scope(agency: AgencyCode, scope: Iterable[AgencyCode] | None) -> bool:
    """Whether an agency is one of these or below one of them; None = every agency (QĐ 20/2020/QĐ-TTg, Điều 4)."""
    return scope is None or any(agency == own or agency.startswith(f"{own}.") for own in scope)
