"""Beside step 8: the papers of a made-up dossier, for pictures that show what each looks like."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from contracts.intake import DossierAccepted, DossierReappointed, DossierReturned, DossierSubmitted, DossierWithdrawn, Enterprise
from contracts.vocabulary import Deadline, DossierId, Limit, VaultRef
from kernel.legalclock import day_of, deadline, load_calendar, rule_pack_on
from kernel.paper.pictures import Pictured
from kernel.paper.qr import qr_svg
from services.intake.catalogue import Procedure, load_catalogue
from services.intake.domain.papers import LookUpCode, Party, Words, party_of, proxy_of, receipt, register_book, register_line
from services.intake.domain.register import code_of
from services.intake.printing import words_for
from services.intake.settings import CATALOGUE
from services.intake.stationery import PaperName, load_stationery

AGENCY: Final = "H09.13"
MORNING: Final = datetime(2026, 3, 2, 2, 32, tzinfo=UTC)
PETROL: Final = "2.000648"
ADDRESS: Final = "https://dev.motcua.invalid/tra-cuu"
SECRET: Final = "0123456789"  # noqa: S105 - of a dossier that is made up
PERSON: Final[dict[str, Any]] = {
    "kind": "individual",
    "name": "Đặng Thị Huỳnh Nga",
    "identity_number": "079123456789",
    "phone": "0912345678",
    "email": "huynh.nga@hop-thu.example",
    "address": "Tổ 5, ấp Bến Sắn, phường Tân Uyên",
    "representative": {
        "name": "Trần Quốc Vượng",
        "identity_number": "074087654321",
        "phone": "0987654321",
        "authority": "authorisation",
        "paper": "Giấy ủy quyền số 15 ngày 27/02/2026",
    },
}
ENTERPRISE: Final = Enterprise(name="Công ty TNHH Xăng dầu Hòa Lợi", tax_code="3701234562")


def words_of(name: PaperName, entry: Procedure, on: date) -> Words:
    """Give the words of a paper."""
    return words_for(load_stationery(), name, AGENCY, on, entry.content)


def facts_of(n: int, at: datetime, entry: Procedure, enterprise: Enterprise | None = None) -> list[Any]:
    """Give a dossier that was handed in and received."""
    of: dict[str, Any] = {
        "dossier_id": DossierId(UUID(int=n)),
        "agency": AGENCY,
        "procedure": entry.code,
        "procedure_hash": entry.content_hash,
        "field": entry.content["field"],
        "channel": "desk",
        "applicant_kind": "enterprise" if enterprise else "individual",
        "arrived_at": at,
    }
    due = deadline(at, Limit.model_validate(entry.content["limit"]), "complete", load_calendar(), rule_pack_on(day_of(at)))
    return [
        DossierSubmitted(
            **of,
            enterprise=enterprise,
            personal_ref=VaultRef(UUID(int=n)),
            commitment="0" * 64,
            components=tuple(sorted(entry.required)),
            submitted_at=at,
        ),
        DossierAccepted(
            **of,
            code=code_of(AGENCY, day_of(at), n),
            accepted_at=at,
            accepted_by="nv-mc-01",
            supplement_mode=entry.content["supplement_mode"],
            deadline=Deadline.model_validate(due),
            fee_vnd=entry.fee_vnd(day_of(at), of["applicant_kind"], "desk"),
        ),
    ]


def pages() -> list[Pictured]:
    """Give every paper of the desk as a page."""
    entry, templates = load_catalogue(CATALOGUE).procedures[PETROL], load_stationery().templates
    facts, on = facts_of(1, MORNING, entry), day_of(MORNING)
    code = facts[-1].code
    look_up = LookUpCode(address=ADDRESS, secret=SECRET, svg=qr_svg(f"{ADDRESS}#{code}/{SECRET}"))
    slip = receipt(facts, words_of("receipt", entry, on), party_of(None, PERSON), proxy_of(PERSON), look_up)
    if slip is None:
        raise ValueError("the dossier of the pictures was not received")
    late, gone, done = (facts_of(n, MORNING + timedelta(hours=n), entry, ENTERPRISE if n % 2 else None) for n in (2, 3, 4))
    late.append(reappointed(late[-1]))
    gone.append(withdrawn(gone[-1]))
    done.append(returned(done[-1]))
    parties = (party_of(None, PERSON), Party(), party_of(ENTERPRISE, None), Party())
    lines = [
        register_line(n, of, entry.content["name"], party)
        for n, (of, party) in enumerate(zip((facts, late, gone, done), parties, strict=True), start=1)
    ]
    book = register_book(words_of("register", entry, on), 2026, date(2026, 3, 1), date(2026, 3, 31), lines, MORNING + timedelta(days=29))
    return [Pictured("desk-receipt", templates["receipt"], (), slip), Pictured("desk-register", templates["register"], (), book)]


def reappointed(accepted: DossierAccepted) -> DossierReappointed:
    """Let a dossier be late."""
    due_at = accepted.deadline.due_at if accepted.deadline else accepted.accepted_at
    new = due_at + timedelta(days=3)
    of = {
        name: getattr(accepted, name) for name in ("dossier_id", "agency", "procedure", "field") if name in DossierReappointed.model_fields
    }
    return DossierReappointed(
        **of, due_at=due_at, new_due_on=day_of(new), new_due_at=new, reason="workload", reappointed_at=due_at - timedelta(days=1)
    )


def withdrawn(accepted: DossierAccepted) -> DossierWithdrawn:
    """Let a dossier be taken back."""
    at = accepted.accepted_at + timedelta(days=2)
    return DossierWithdrawn(dossier_id=accepted.dossier_id, agency=AGENCY, reason="will-resubmit", withdrawn_at=at)


def returned(accepted: DossierAccepted) -> DossierReturned:
    """Let the result of a dossier be handed over."""
    of = {name: getattr(accepted, name) for name in ("dossier_id", "agency", "procedure", "field", "code", "channel")}
    return DossierReturned(**of, returned_at=accepted.accepted_at + timedelta(days=18), returned_by="nv-mc-02")
