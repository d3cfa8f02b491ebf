"""Step 3 of 8, decide: what stands on the page of a permit. A pure function of facts, so the same facts give the same page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contracts.processing import CaseOpened
from contracts.processing_permits import Blank, Placeholder, Term
from kernel.legalclock import VIETNAM
from kernel.paper.administrative import Foot, Head, Sheet, dated
from services.processing.domain.case_corrections import last_wording
from services.processing.domain.forms import signs_as
from services.processing.domain.permit_states import Permit

TRIAL_NOTICE: Final = "Bản thử nghiệm: chữ ký số trên giấy này không có giá trị pháp lý."
DRAFT_NOTICE: Final = "DỰ THẢO: chưa ký, chưa có giá trị."


class Shown(Sheet):
    """What stands in one place: a label and one line or several."""

    name: str
    label: str
    lines: tuple[str, ...]


class PermitPage(Sheet):
    """All that is on the page."""

    head: Head
    foot: Foot
    kind: str
    legal_basis: tuple[str, ...]
    dossier_code: str
    holder: str | None
    tax_code: str | None
    terms: tuple[Shown, ...]
    issued: str
    expires: str | None
    edition: int
    reissues: int
    replaces: str | None
    blank: str | None
    signed_at: str
    qr: str
    notice: str | None

    def draft(self) -> PermitPage:
        """Give the page of what is only a draft: it has no number, bears no signature, and says what it is."""
        foot = self.foot.model_copy(update={"how": "", "name": ""})
        head = self.head.model_copy(update={"number": None})
        return self.model_copy(update={"head": head, "foot": foot, "signed_at": "", "qr": "", "notice": DRAFT_NOTICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is not in the facts of a permit: whose letterhead, which template, and the words of both."""

    parent: str
    agency: str
    place: str
    capacity: str
    legal_basis: tuple[str, ...]
    placeholders: tuple[Placeholder, ...]
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """What publishing adds: the blank, when, the code, and whether the certificate is one for trying things out."""

    blank: Blank | None
    at: datetime
    qr: str
    trial: bool


def permit_page(permit: Permit, case: Sequence[Any], setting: Setting, printing: Printing) -> PermitPage:
    """Make the page of a permit as it stands, from its state, its case's facts and what publishing adds."""
    opened = next(fact for fact in case if isinstance(fact, CaseOpened))
    signed = last_wording(case)
    places = {place.name: place for place in setting.placeholders}
    terms = permit.draft.terms if permit.draft else ()
    return PermitPage(
        head=Head(parent=setting.parent, agency=setting.agency, number=permit.number, place=setting.place, dated=dated(permit.issued_on)),
        foot=Foot(
            recipients=setting.recipients,
            **signs_as(setting.capacity, signed.signed_for if signed else None),
            how="(Đã ký số)",
            name=signed.officer if signed else "",
        ),
        kind=permit.kind,
        legal_basis=setting.legal_basis,
        dossier_code=opened.code,
        holder=permit.holder.name if permit.holder else None,
        tax_code=permit.holder.tax_code if permit.holder else None,
        terms=tuple(shown(term, places[term.name]) for term in terms if term.name in places),
        issued=dated(permit.issued_on),
        expires=dated(permit.expires_on) if permit.expires_on else None,
        edition=permit.edition,
        reissues=permit.reissues,
        replaces=permit.void[-1] if permit.void else None,
        blank=written(printing.blank) if printing.blank else None,
        signed_at=f"{printing.at.astimezone(VIETNAM):%d.%m.%Y %H:%M:%S} +07:00",
        qr=printing.qr,
        notice=TRIAL_NOTICE if printing.trial else None,
    )


def shown(term: Term, place: Placeholder) -> Shown:
    """Write what stands in a place the way the place wants it: days in words, numbers with points between thousands."""
    match place.kind, term.value:
        case "date", str() as said:
            lines = (dated(date.fromisoformat(said)),)
        case "number", int() as number:
            lines = (f"{number:,}".replace(",", "."),)
        case _, tuple() as several:
            lines = several
        case _, other:
            lines = (str(other),)
    return Shown(name=term.name, label=place.label, lines=lines)


def written(blank: Blank) -> str:
    """Write series and number as they are printed on the blank, `AB 000123`."""
    return f"{blank.series} {blank.number:06d}"


def claims(permit: Permit, edition_at: datetime, blank: Blank | None) -> dict[str, Any]:
    """Give what the QR code claims: number, agency, kind, days, edition, blank, and an enterprise's tax code. Nothing of an individual."""
    said: dict[str, Any] = {
        "iss": permit.agency,
        "jti": permit.number,
        "kind": permit.kind,
        "ed": permit.edition,
        "on": permit.issued_on.isoformat(),
        "iat": int(edition_at.timestamp()),
    }
    if permit.expires_on is not None:
        said["until"] = permit.expires_on.isoformat()
    if permit.holder is not None:
        said["sub"] = permit.holder.tax_code
    if blank is not None:
        said["blank"] = written(blank)
    return said
