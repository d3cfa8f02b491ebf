"""Facts of processing about the limit of a case beside pauses and apologies: longer, counted anew, or without some time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, CaseId, Deadline, DossierId, LatenessReason, PrincipalId


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


ClockFact: TypeAlias = CaseProlonged | CaseRestated | CaseTimeExcluded
