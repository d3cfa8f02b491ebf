"""Words that facts of several services share: ids typed by meaning, closed lists, and values with a legal source."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, NewType, TypeAlias
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from contracts.fact import Value

DossierId = NewType("DossierId", UUID)
FileId = NewType("FileId", UUID)
CaseId = NewType("CaseId", UUID)
PermitId = NewType("PermitId", UUID)
InvitationId = NewType("InvitationId", UUID)
RatingId = NewType("RatingId", UUID)
AnswerId = NewType("AnswerId", UUID)
SurveyClassId = NewType("SurveyClassId", UUID)
QuestionnaireId = NewType("QuestionnaireId", UUID)
CampaignId = NewType("CampaignId", UUID)
SlipId = NewType("SlipId", UUID)
OpinionId = NewType("OpinionId", UUID)
PetitionId = NewType("PetitionId", UUID)
EngagementId = NewType("EngagementId", UUID)
SupportGroupId = NewType("SupportGroupId", UUID)
ReportId = NewType("ReportId", UUID)
ScoreId = NewType("ScoreId", UUID)
IndicatorOverrideId = NewType("IndicatorOverrideId", UUID)
ReformPlanId = NewType("ReformPlanId", UUID)
FindingId = NewType("FindingId", UUID)
FindingSourceId = NewType("FindingSourceId", UUID)
ReviewId = NewType("ReviewId", UUID)
InspectionPlanId = NewType("InspectionPlanId", UUID)
InspectionId = NewType("InspectionId", UUID)
DirectiveId = NewType("DirectiveId", UUID)
PublicityItemId = NewType("PublicityItemId", UUID)
VaultRef = NewType("VaultRef", UUID)

AgencyCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=35)]
"""Identifier of an agency, at most 35 of `[A-Z0-9.]` (QĐ 20/2020/QĐ-TTg, Điều 4), for example `H09.13`."""

ProcedureCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[1-3]\.\d{6}$|^NB-[A-Z]+-\d{2}$")]
"""National core code of a procedure (mã TTHC) such as `2.000648`, or the code of an internal procedure such as `NB-SCT-01`."""

FieldCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
"""Field of state management (lĩnh vực), for example `hoa-chat`."""

DossierCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9.]{3,35}-\d{6}-\d{4,6}$")]
"""Dossier code: agency, local day of receipt as yymmdd, serial of that day (TT 01/2018/TT-VPCP, Điều 19)."""

ContentHash: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, 64 hexadecimal digits."""

PrincipalId: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=100)]
"""Pseudonymous account of an officer, an office or a connected system; never a citizen's name or number."""

PartnerCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,60}$")]
"""Another agency that is asked for its opinion under a coordination agreement (quy chế phối hợp), for example `cong-an-tinh`."""

Channel: TypeAlias = Literal["online", "desk", "post"]
ApplicantKind: TypeAlias = Literal["individual", "enterprise"]
LimitUnit: TypeAlias = Literal["working-days", "calendar-days", "working-hours"]
StartRule: TypeAlias = Literal["complete", "arrival"]
SupplementMode: TypeAlias = Literal["restart", "pause"]
SupplementStage: TypeAlias = Literal["desk", "appraisal"]
Outcome: TypeAlias = Literal["granted", "refused"]
LatenessReason: TypeAlias = Literal["coordinating-agency", "site-check", "complicated", "workload", "outage", "officer-absent"]
Confidence: TypeAlias = Literal["H", "M", "L"]


class Limit(Value):
    """Time that the law or the department allows: an amount and what it counts."""

    amount: Annotated[int, Field(gt=0)]
    unit: LimitUnit


class DeadlineSegment(Value):
    """One stretch of a deadline's way: from, until (half-open, UTC), whether it counts, why, and the source of the rule."""

    start_at: datetime
    end_at: datetime
    counts: bool
    why: str
    source: str


WITHOUT_DERIVATIONS: Final = "without derivations"
"""What a reader that never asks how a deadline was derived gives as the context of its checks (two thirds of the work on such a fact).
Its deadlines have no segments, so it must not write them anywhere."""


def derivation(value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> tuple[DeadlineSegment, ...]:
    """Check the stretches of a deadline's way, or leave them out for a reader that has no use for them."""
    return () if info.context is WITHOUT_DERIVATIONS else check(value)


class Deadline(Value):
    """A due instant that explains itself.

    `due_at` is the last instant of the legal limit (UTC), `due_on` its local date (Asia/Ho_Chi_Minh); punctuality is judged
    by date (Bộ luật Dân sự 2015, Điều 148.6).
    """

    due_at: datetime
    due_on: date
    starts_at: datetime
    start_rule: StartRule
    limit: Limit
    calendar: str
    rule_pack: str
    segments: Annotated[tuple[DeadlineSegment, ...], WrapValidator(derivation)] = ()


class MissingComponent(Value):
    """A component that is absent or not right, and which of the two."""

    component: str
    reason: Literal["absent", "illegible", "expired", "wrong-form", "inconsistent", "not-certified"]
