"""Facts of processing about who else had a say in a case: teams on site, councils, and other agencies that were asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import LEFT_OUT, Fact, Value
from contracts.processing_organisation import AgreementCode
from contracts.vocabulary import AgencyCode, CaseId, Deadline, DossierId, PartnerCode, PrincipalId

SiteFinding: TypeAlias = Literal["meets", "meets-after-remedy", "does-not-meet"]
CouncilFinding: TypeAlias = Literal["approves", "approves-after-changes", "rejects"]
SeatRole: TypeAlias = Literal["chair", "secretary", "member", "reviewer"]


class Seat(Value):
    """Who was there, and as what: an officer of the department by account, or somebody sent by another agency. Never a name."""

    role: SeatRole
    officer: Annotated[PrincipalId | None, LEFT_OUT] = None
    partner: Annotated[PartnerCode | None, LEFT_OUT] = None


class CaseSiteChecked(Fact, type="processing.case.site-checked.v1"):
    """A team was on site and put down what it found (biên bản thẩm định thực tế; NĐ 61/2018, Điều 19.3)."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    step: str
    held_on: date
    members: tuple[Seat, ...]
    finding: SiteFinding
    officer: PrincipalId
    recorded_at: datetime


class CaseCouncilHeld(Fact, type="processing.case.council-held.v1"):
    """An appraisal council sat and put down what it concluded (biên bản họp hội đồng thẩm định)."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    step: str
    held_on: date
    members: tuple[Seat, ...]
    finding: CouncilFinding
    officer: PrincipalId
    recorded_at: datetime


class CaseConsultationRequested(Fact, type="processing.case.consultation-requested.v1"):
    """Another agency was asked for its opinion, with a limit of its own; the case's own clock runs on (NĐ 61/2018, Điều 19.5).

    `agreement` is the coordination agreement that the limit comes from (None: from before agreements were facts).
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    agreement: Annotated[AgreementCode | None, LEFT_OUT] = None
    step: str
    deadline: Deadline
    officer: PrincipalId
    requested_at: datetime


class CaseConsultationReceived(Fact, type="processing.case.consultation-received.v1"):
    """The other agency confirmed that it has the papers (giao, nhận hồ sơ liên thông). Its limit has run since it was asked."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    officer: PrincipalId
    received_at: datetime


class CaseConsultationAnswered(Fact, type="processing.case.consultation-answered.v1"):
    """The other agency answered; `late` says that its own limit had run out."""

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    opinion: Literal["agrees", "disagrees", "agrees-with-changes", "not-competent"]
    late: bool
    officer: PrincipalId
    answered_at: datetime


class CaseConsultationOverdue(Fact, type="processing.case.consultation-overdue.v1"):
    """Another agency let its limit run out without an answer; the head of the unit that asked must know (NĐ 61/2018, Điều 19.5).

    `raised_at` is the instant that the limit gives, whenever somebody looked.
    """

    case_id: CaseId
    dossier_id: DossierId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    partner: PartnerCode
    unit: str
    to_role: str
    due_at: datetime
    raised_at: datetime


CoordinationFact: TypeAlias = (
    CaseSiteChecked
    | CaseCouncilHeld
    | CaseConsultationRequested
    | CaseConsultationReceived
    | CaseConsultationAnswered
    | CaseConsultationOverdue
)
