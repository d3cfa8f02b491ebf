"""Facts of all services as their owners would record them, made short: days are counted from a Monday, and times are local."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.feedback import InvitationIssued, InvitationUsed, OpinionAnswered, OpinionReceived, RatingRecorded
from contracts.feedback_surveys import AnswerRecorded, Path
from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplementRequested,
    DossierWithdrawn,
    Enterprise,
    ProcedurePublished,
)
from contracts.processing import CaseDecided
from contracts.vocabulary import (
    AnswerId,
    CampaignId,
    CaseId,
    Channel,
    Deadline,
    DossierId,
    InvitationId,
    Limit,
    MissingComponent,
    OpinionId,
    Outcome,
    RatingId,
    SupplementStage,
    VaultRef,
)
from kernel.legalclock import at

DAY_0: Final = date(2026, 3, 2)
"""A Monday."""
HASH: Final = "a" * 64
PROCEDURES: Final = {"hoa-chat": "2.000648", "dien": "2.000001", "xang-dau": "2.000002"}
COUNTER: Final = "nv-mc-01"
"""An account at a counter: answers and invitations may name it, for officers are evaluated."""
SECRETS: Final = {
    "enterprise": "Công ty TNHH Bí Mật",
    "tax_code": "3700999999",
    "officer": "nv-mc-77",
    "personal_ref": "11111111-1111-4111-8111-111111111111",
    "text_ref": "22222222-2222-4222-8222-222222222222",
    "comment_ref": "33333333-3333-4333-8333-333333333333",
    "commitment": HASH,
    "result_number": "77/GP-SCT",
}
"""What facts hold and a mirror has no use for: the applicant, who worked on what, and what leads to the vault or to a paper."""


def day(number: int) -> date:
    """Give a day by its number; 0 is a Monday."""
    return DAY_0 + timedelta(days=number)


def moment(number: int, clock: str = "08:30") -> datetime:
    """Give an instant by the day's number and the local time."""
    return at(day(number), time.fromisoformat(clock))


def id_of(*names: object) -> UUID:
    """Give the id of something that a test has a name for."""
    return uuid5(NAMESPACE_URL, "/".join(map(str, names)))


def deadline(due: int) -> Deadline:
    """Give a deadline that falls on a day."""
    due_at = moment(due, "17:00")
    return Deadline(
        due_at=due_at,
        due_on=day(due),
        starts_at=due_at - timedelta(days=5),
        start_rule="complete",
        limit=Limit(amount=5, unit="working-days"),
        calendar="vn-2026",
        rule_pack="nd61-2018",
    )


@dataclass(frozen=True)
class Paper:
    """One dossier, and the facts that can be told of it."""

    name: str
    agency: str = "H09.13"
    field: str = "hoa-chat"
    channel: Channel = "desk"

    @property
    def id(self) -> DossierId:
        """Its id."""
        return DossierId(id_of("dossier", self.name))

    @property
    def serial(self) -> int:
        """A number of its own."""
        return self.id.int % 1_000_000

    def submitted(self, on: int, clock: str = "08:00") -> DossierSubmitted:
        """It came."""
        return DossierSubmitted(
            dossier_id=self.id,
            agency=self.agency,
            procedure=PROCEDURES[self.field],
            procedure_hash=HASH,
            field=self.field,
            channel=self.channel,
            applicant_kind="enterprise",
            enterprise=Enterprise(name=SECRETS["enterprise"], tax_code=SECRETS["tax_code"]),
            personal_ref=VaultRef(UUID(SECRETS["personal_ref"])),
            commitment=HASH,
            components=("don-de-nghi",),
            submitted_at=moment(on, clock),
            arrived_at=moment(on, clock),
        )

    def accepted(self, on: int, due: int | None, clock: str = "08:30") -> DossierAccepted:
        """It was received; `due` = the day of the appointment, None = no limit."""
        return DossierAccepted(
            dossier_id=self.id,
            agency=self.agency,
            code=f"{self.agency}-{day(on):%y%m%d}-{self.serial:06d}",
            procedure=PROCEDURES[self.field],
            procedure_hash=HASH,
            field=self.field,
            channel=self.channel,
            applicant_kind="enterprise",
            arrived_at=moment(on, clock),
            accepted_at=moment(on, clock),
            accepted_by=SECRETS["officer"],
            supplement_mode="restart",
            deadline=None if due is None else deadline(due),
            fee_vnd=1_200_000,
        )

    def refused(self, on: int) -> DossierRefused:
        """The desk did not receive it."""
        return DossierRefused(
            dossier_id=self.id,
            agency=self.agency,
            procedure=PROCEDURES[self.field],
            field=self.field,
            channel=self.channel,
            reason="conditions-not-met",
            legal_basis="Nghị định 61/2018/NĐ-CP, Điều 17",
            refused_at=moment(on, "10:00"),
            refused_by=SECRETS["officer"],
        )

    def supplement_requested(self, on: int, clock: str = "09:00", stage: SupplementStage = "appraisal") -> DossierSupplementRequested:
        """The applicant was asked for what is missing."""
        return DossierSupplementRequested(
            dossier_id=self.id,
            agency=self.agency,
            stage=stage,
            round=1,
            missing=(MissingComponent(component="don-de-nghi", reason="illegible"),),
            requested_at=moment(on, clock),
            requested_by=SECRETS["officer"],
        )

    def reappointed(self, on: int, due: int, new_due: int) -> DossierReappointed:
        """The department apologised, and named a new day."""
        return DossierReappointed(
            dossier_id=self.id,
            agency=self.agency,
            due_at=moment(due, "17:00"),
            new_due_on=day(new_due),
            new_due_at=moment(new_due, "17:00"),
            reason="workload",
            reappointed_at=moment(on),
        )

    def rescheduled(self, on: int, due: int, clock: str = "09:30") -> DossierRescheduled:
        """The clock runs again, to another appointment."""
        return DossierRescheduled(
            dossier_id=self.id,
            agency=self.agency,
            due_before_at=moment(on, clock),
            deadline=deadline(due),
            rescheduled_at=moment(on, clock),
        )

    def withdrawn(self, on: int, clock: str = "11:00") -> DossierWithdrawn:
        """The applicant took it back."""
        return DossierWithdrawn(dossier_id=self.id, agency=self.agency, reason="no-longer-needed", withdrawn_at=moment(on, clock))

    def decided(self, on: int, outcome: Outcome = "granted") -> CaseDecided:
        """The decision was signed."""
        return CaseDecided(
            case_id=CaseId(id_of("case", self.name)),
            dossier_id=self.id,
            agency=self.agency,
            outcome=outcome,
            legal_basis=None,
            officer=SECRETS["officer"],
            decided_at=moment(on, "14:00"),
        )

    def ready(self, on: int, clock: str = "15:00", outcome: Outcome = "granted") -> DossierResultReady:
        """The result lies at the desk."""
        return DossierResultReady(
            dossier_id=self.id, agency=self.agency, outcome=outcome, result_number=SECRETS["result_number"], ready_at=moment(on, clock)
        )

    def returned(self, on: int, clock: str = "16:00") -> DossierReturned:
        """The applicant has the result."""
        return DossierReturned(
            dossier_id=self.id,
            agency=self.agency,
            procedure=PROCEDURES[self.field],
            field=self.field,
            code=f"{self.agency}-{DAY_0:%y%m%d}-{self.serial:06d}",
            channel=self.channel,
            returned_at=moment(on, clock),
            returned_by=SECRETS["officer"],
        )

    def invited(self, on: int) -> InvitationIssued:
        """The applicant was asked how it went."""
        return InvitationIssued(
            invitation_id=InvitationId(id_of("invitation", self.name)),
            dossier_id=self.id,
            agency=self.agency,
            procedure=PROCEDURES[self.field],
            field=self.field,
            occasion="result",
            token_hash=HASH,
            issued_at=moment(on, "16:01"),
            expires_at=moment(on + 30),
            officer=COUNTER,
        )

    def answered(self, on: int) -> InvitationUsed:
        """The invitation was used."""
        return InvitationUsed(invitation_id=InvitationId(id_of("invitation", self.name)), used_at=moment(on, "20:00"))


def rated(
    name: str, on: int, satisfaction: int, points: Mapping[Any, int] | None = None, *, agency: str = "H09.13", field: str = "hoa-chat"
) -> RatingRecorded:
    """Somebody answered."""
    return RatingRecorded(
        rating_id=RatingId(id_of("rating", name)),
        agency=agency,
        procedure=PROCEDURES[field],
        field=field,
        occasion="result",
        satisfaction=satisfaction,
        points=dict(points or {}),
        comment_ref=VaultRef(UUID(SECRETS["comment_ref"])),
        commitment=HASH,
        recorded_at=moment(on, "20:00"),
    )


def mixed(
    name: str,
    on: int,
    satisfaction: int | None,
    points: Mapping[Any, int] | None = None,
    *,
    agency: str = "H09.13",
    field: str | None = "hoa-chat",
    path: Path | None = None,
    batch_size: int = 0,
    campaign: CampaignId | None = None,
) -> AnswerRecorded:
    """Somebody's answer was recorded with others; without a field, too few others were of it."""
    return AnswerRecorded(
        answer_id=AnswerId(id_of("answer", name)),
        agency=agency,
        procedure=None,
        field=field,
        occasion="result",
        path=path or Path(officer=COUNTER),
        survey=HASH,
        satisfaction=satisfaction,
        points=dict(points or {}),
        levels={},
        comment_ref=VaultRef(UUID(SECRETS["comment_ref"])),
        commitment=HASH,
        recorded_on=day(on),
        batch_size=batch_size,
        campaign=campaign,
    )


def said(name: str, on: int, *, channel: Any = "box", topic: Any = "delay", agency: str = "H09.13") -> OpinionReceived:
    """Somebody spoke up."""
    return OpinionReceived(
        opinion_id=OpinionId(id_of("opinion", name)),
        agency=agency,
        channel=channel,
        topic=topic,
        anonymous=True,
        text_ref=VaultRef(UUID(SECRETS["text_ref"])),
        commitment=HASH,
        received_at=moment(on, "12:00"),
    )


def replied(name: str, on: int, *, agency: str = "H09.13") -> OpinionAnswered:
    """The department answered."""
    return OpinionAnswered(
        opinion_id=OpinionId(id_of("opinion", name)),
        agency=agency,
        answer_ref=VaultRef(UUID(SECRETS["text_ref"])),
        commitment=HASH,
        answered_by=SECRETS["officer"],
        answered_at=moment(on, "17:00"),
    )


def procedure(field: str, field_name: str) -> ProcedurePublished:
    """A procedure entered the catalogue."""
    return ProcedurePublished(
        code=PROCEDURES[field],
        content_hash=HASH,
        name=f"Cấp giấy phép {field_name.lower()}",
        field=field,
        field_name=field_name,
        agency="H09.13",
        agency_name="Sở Công Thương",
        limit=Limit(amount=5, unit="working-days"),
        start_rule="complete",
        supplement_mode="restart",
        notice_days=3,
        components=(),
        fees=(),
        result="Giấy phép",
        validity_months=60,
        legal_basis=("Luật Hóa chất 2007",),
        confidence="M",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
