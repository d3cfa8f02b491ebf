"""What intake tells of dossiers, and who works on them: short words for the tests of processing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.intake import DossierAccepted, DossierSubmitted, DossierSupplemented, DossierWithdrawn, Enterprise, ProcedurePublished
from contracts.vocabulary import Deadline, DossierId, Limit, PrincipalId, ProcedureCode, SupplementMode, SupplementStage, VaultRef
from kernel.legalclock import day_of, deadline, load_calendar, rule_pack_on
from services.processing.domain.officer import Officer
from services.processing.organisation import load_organisation
from services.processing.settings import HERE
from services.processing.workflows import Workflow, load_workflows
from tests.services.rig import AGENCY, MONDAY

ORGANISATION: Final = HERE / "organisation.yaml"

WINE: Final = "2.001624"
"""A permit, valid for 60 months; 15 working days, which a supplement makes begin again."""
CHEMICALS: Final = "2.001547"
"""A certificate; 12 working days, which a supplement only interrupts."""
PROMOTION: Final = "2.000004"
"""A letter, no permit; 5 working days from arrival."""
NOTICE: Final = "2.000033"
"""Nothing on paper, and no limit."""
BLASTERS: Final = "2.000229"
"""A certificate with no limit."""
ADVANCE: Final = "NB-SCT-04"
"""An internal procedure with two steps after the director's."""
COORDINATED: Final = "2.000142"
"""A certificate; 15 working days, with three steps beside each other, one of which asks the police."""
FOOD: Final = "2.000591"
"""A certificate; 20 working days, in which a team goes on site, and once more where it found something to put right."""

CONTRACTS: Final = "2.000191"
"""A notice; 30 calendar days, which its law lets be made 30 longer."""

NAMES: Final = UUID("0b6fd6a2-6c0e-5b0b-9e2f-2f5f8c2f3d11")
NUMBERS: Final = itertools.count(1)

LIMITS: Final[Mapping[ProcedureCode, Limit | None]] = {
    WINE: Limit(amount=15, unit="working-days"),
    CHEMICALS: Limit(amount=12, unit="working-days"),
    PROMOTION: Limit(amount=5, unit="working-days"),
    COORDINATED: Limit(amount=15, unit="working-days"),
    FOOD: Limit(amount=20, unit="working-days"),
    CONTRACTS: Limit(amount=30, unit="calendar-days"),
    ADVANCE: Limit(amount=40, unit="working-hours"),
    NOTICE: None,
    BLASTERS: None,
}
MODES: Final[Mapping[ProcedureCode, SupplementMode]] = {CHEMICALS: "pause"}
EXTENSIONS: Final[Mapping[ProcedureCode, int]] = {CONTRACTS: 30}
RESULTS: Final[Mapping[ProcedureCode, tuple[str | None, int | None]]] = {
    WINE: ("Giấy phép bán buôn rượu", 60),
    CHEMICALS: ("Giấy chứng nhận đủ điều kiện sản xuất hóa chất sản xuất, kinh doanh có điều kiện trong lĩnh vực công nghiệp", None),
    PROMOTION: ("Văn bản xác nhận hoặc không xác nhận đăng ký thực hiện khuyến mại", None),
    BLASTERS: ("Giấy chứng nhận huấn luyện kỹ thuật an toàn vật liệu nổ công nghiệp", None),
    COORDINATED: ("Giấy chứng nhận đủ điều kiện thương nhân kinh doanh mua bán LPG", None),
    FOOD: ("Giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm", 36),
    CONTRACTS: ("Thông báo chấp nhận hoặc yêu cầu sửa đổi hợp đồng theo mẫu, điều kiện giao dịch chung", None),
    NOTICE: (None, None),
}


def workflow(procedure: ProcedureCode, folder: Path = HERE / "workflows") -> Workflow:
    """Give the workflow in force of a procedure."""
    return load_workflows(folder, ORGANISATION)[procedure]


def roster() -> Mapping[PrincipalId, Officer]:
    """Give everybody who works in the department."""
    return load_organisation(ORGANISATION).roster


def officers_for(unit: str | None, role: str | None) -> list[Officer]:
    """Give those who may do a step, in the order of the roster."""
    return [officer for officer in roster().values() if officer.unit == unit and role in officer.roles]


def officer_for(procedure: ProcedureCode, step: str) -> Officer:
    """Give the first who may do a step of a procedure."""
    (found,) = [each for each in workflow(procedure).steps if each.code == step]
    return officers_for(found.unit, found.role)[0]


def due(limit: Limit | None, at: datetime) -> Deadline | None:
    """Compute a dossier's deadline as intake does."""
    if limit is None:
        return None
    calendar = load_calendar().as_known_at(at)
    return Deadline.model_validate(deadline(at, limit, "complete", calendar, rule_pack_on(day_of(at))))


def dossiers() -> Iterator[DossierId]:
    """Give new dossiers' ids, without end."""
    return (DossierId(uuid5(NAMES, f"dossier {number}")) for number in NUMBERS)


def new_dossier() -> DossierId:
    """Give a new dossier's id."""
    return next(dossiers())


def content_hash(procedure: ProcedureCode, version: int = 1) -> str:
    """Name a version of a procedure."""
    return f"{uuid5(NAMES, f'{procedure} {version}').hex:0>64}"


def published(procedure: ProcedureCode = WINE, version: int = 1, **changes: Any) -> ProcedurePublished:
    """Make the fact that a version of a procedure entered the catalogue."""
    result, validity_months = RESULTS[procedure]
    usual: dict[str, Any] = {
        "code": procedure,
        "content_hash": content_hash(procedure, version),
        "name": f"Thủ tục {procedure}",
        "field": "luu-thong-hang-hoa",
        "field_name": "Lưu thông hàng hóa trong nước",
        "agency": AGENCY,
        "agency_name": "Sở Công Thương",
        "limit": LIMITS[procedure],
        "start_rule": "complete",
        "supplement_mode": MODES.get(procedure, "restart"),
        "notice_days": 3,
        "components": (),
        "fees": (),
        "result": result,
        "validity_months": validity_months,
        "legal_basis": ("Nghị định 105/2017/NĐ-CP",),
        "confidence": "L",
        "published_at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    return ProcedurePublished(**usual | changes)


def submitted(
    dossier: DossierId, procedure: ProcedureCode = WINE, at: datetime = MONDAY, agency: str = AGENCY, *, enterprise: bool = False
) -> DossierSubmitted:
    """Make the fact that a dossier arrived."""
    return DossierSubmitted(
        dossier_id=dossier,
        agency=agency,
        procedure=procedure,
        procedure_hash=content_hash(procedure),
        field="luu-thong-hang-hoa",
        channel="desk",
        applicant_kind="enterprise" if enterprise else "individual",
        enterprise=Enterprise(name="Công ty TNHH Thương mại Rượu Thủ Dầu Một", tax_code="3700123456") if enterprise else None,
        personal_ref=VaultRef(uuid5(NAMES, f"personal {dossier}")),
        commitment="0" * 64,
        components=("don-de-nghi",),
        submitted_at=at,
        arrived_at=at,
    )


def accepted(
    dossier: DossierId,
    procedure: ProcedureCode = WINE,
    at: datetime = MONDAY,
    agency: str = AGENCY,
    version: int = 1,
    **changes: Any,
) -> DossierAccepted:
    """Make the fact that a dossier was accepted, with its deadline."""
    usual: dict[str, Any] = {
        "dossier_id": dossier,
        "agency": agency,
        "code": f"{agency}-{day_of(at):%y%m%d}-{dossier.int % 10**6:06d}",
        "procedure": procedure,
        "procedure_hash": content_hash(procedure, version),
        "field": "luu-thong-hang-hoa",
        "channel": "desk",
        "applicant_kind": "individual",
        "arrived_at": at,
        "accepted_at": at,
        "accepted_by": "nv-mc-01",
        "supplement_mode": MODES.get(procedure, "restart"),
        "extension_max": EXTENSIONS.get(procedure),
        "deadline": due(LIMITS[procedure], at),
        "fee_vnd": None,
    }
    return DossierAccepted(**usual | changes)


def supplemented(
    dossier: DossierId, at: datetime, *, round_: int = 1, stage: SupplementStage = "appraisal", agency: str = AGENCY
) -> DossierSupplemented:
    """Make the fact that the applicant brought what was asked for."""
    return DossierSupplemented(dossier_id=dossier, agency=agency, stage=stage, round=round_, components=("don-de-nghi",), received_at=at)


def withdrawn(dossier: DossierId, at: datetime = MONDAY, agency: str = AGENCY) -> DossierWithdrawn:
    """Make the fact that the applicant took the dossier back."""
    return DossierWithdrawn(dossier_id=dossier, agency=agency, reason="no-longer-needed", withdrawn_at=at)
