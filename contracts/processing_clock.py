"""Facts of processing about the limit of a case: paused and resumed, alarms, apologies, longer, counted anew, or without some time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact
from contracts.vocabulary import AgencyCode, CaseId, Deadline, DossierId, LatenessReason, MissingComponent, PrincipalId


class CaseClockPaused(Fact, type="processing.case.clock-paused.v1"):
    """Appraisal found the dossier wanting: the clock stops and intake asks the applicant (NĐ 61/2018, Điều 19.4).

    `step` is the one that stays with the officer (None: the only one that is open). Asked for more often than the rules allow, it names
    the law that lets it (`legal_basis`) and was asked for by who leads the unit. `after_notice` is set where it came after the days within
    which a supplement must be asked for: that is against the law though the result may be in time.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    missing: tuple[MissingComponent, ...]
    step: Annotated[str | None, LEFT_OUT] = None
    legal_basis: Annotated[str | None, LEFT_OUT] = None
    after_notice: Annotated[date | None, LEFT_OUT] = None
    remind_at: Annotated[datetime | None, LEFT_OUT] = None
    officer: PrincipalId
    paused_at: datetime


class CaseSupplementReminded(Fact, type="processing.case.supplement-reminded.v1"):
    """The applicant has not brought what he was asked for: he is reminded, once a round, and the head of the unit knows.

    Nothing ends by it. `raised_at` is the instant that was set when the clock stopped (`remind_at`), whenever somebody looked.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    to_role: str
    raised_at: datetime


class CaseClockResumed(Fact, type="processing.case.clock-resumed.v1"):
    """The supplement is here: the limit counts from zero again, or goes on where it stopped, as the procedure says."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    round: Annotated[int, Field(ge=1)]
    due_before_at: datetime
    deadline: Deadline
    resumed_at: datetime


class CaseReappointed(Fact, type="processing.case.reappointed.v1"):
    """The department apologised for being late and named a new day, form APOLOGY, once at most (NĐ 61/2018, Điều 19.9).

    The legal limit stays what it was, for every figure: `due_at`. `in_time` says that the apology went out at least a day before.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    reason: LatenessReason
    due_at: datetime
    new_due_on: date
    new_due_at: datetime
    in_time: bool
    officer: PrincipalId
    reappointed_at: datetime


class CaseAlarmRaised(Fact, type="processing.case.alarm-raised.v1"):
    """A limit is near, has run out, or has run out for so long that the director must know.

    `raised_at` is the instant that the limit gives, whenever somebody looked: the same history raises the same alarms. `next_at` is
    when the next one is due if nothing happens.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    kind: Literal["due-soon", "overdue", "escalated"]
    to_role: str
    due_at: datetime
    next_at: datetime | None
    raised_at: datetime


class CaseProlonged(Fact, type="processing.case.prolonged.v1"):
    """The limit was made longer, once at most, because a law lets it (`legal_basis`), with an apology to the applicant.

    `amount` is in the limit's own unit, and the limit itself moves: lateness is judged by `deadline` from now on. That is another thing
    than `CaseReappointed`, which leaves the limit where it was. `next_at` is when the next alarm is due if nothing happens.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    amount: Annotated[int, Field(gt=0)]
    legal_basis: str
    reason: LatenessReason
    due_before_at: datetime
    deadline: Deadline
    next_at: datetime | None
    officer: PrincipalId
    prolonged_at: datetime


class CaseRestated(Fact, type="processing.case.restated.v1"):
    """News of the calendar was applied to a running limit, and a date moved: the days from this one on count by what is known now.

    `deadline` is the law's date. `promised_on` is what the applicant may hold to, with its last instant `promised_at`: never later than
    what was told before, so where the law's date is later now, the one that was told still holds.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    calendar_before: str
    due_before_at: datetime
    due_before_on: date
    deadline: Deadline
    promised_at: datetime
    promised_on: date
    next_at: datetime | None
    restated_at: datetime


ExclusionCause: TypeAlias = Literal["force-majeure", "outage"]


class CaseTimeExcluded(Fact, type="processing.case.time-excluded.v1"):
    """Time that had passed was left out of the limit by a decision, `decision` with its number and day: nobody could work then.

    From `since` until, not including, `until`: hours are given back to the minute, a day where nothing of it was worked. `deadline` is
    later by that, and lateness is judged by it. A limit that had run out when this was recorded stays run out.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    decision: str
    cause: ExclusionCause
    since: datetime
    until: datetime
    due_before_at: datetime
    deadline: Deadline
    next_at: datetime | None
    officer: PrincipalId
    excluded_at: datetime


ClockFact: TypeAlias = (
    CaseClockPaused
    | CaseSupplementReminded
    | CaseClockResumed
    | CaseReappointed
    | CaseAlarmRaised
    | CaseProlonged
    | CaseRestated
    | CaseTimeExcluded
)
