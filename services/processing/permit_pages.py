"""Step 8 of 8, query: the page of a permit, from facts and what the department prints on everything; also once more, years later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.processing_permits import PermitPublished
from kernel.paper.qr import qr_svg
from services.processing.domain import permit
from services.processing.domain.permit_page import PermitPage, Printing, Setting, permit_page
from services.processing.domain.permit_states import InForce, Permit
from services.processing.templates import Stationery, Template


def page_again(
    of: Sequence[Any], case_facts: Sequence[Any], stationery: Stationery, public_url: str
) -> tuple[Template, PermitPage, PermitPublished]:
    """Make the page that went out last once more, from the facts of the permit and of its case alone.

    Raises:
        LookupError: if none went out, or there is no such version of the template any more.
    """
    last = max((n for n, fact in enumerate(of) if isinstance(fact, PermitPublished)), default=None)
    before = permit.DECIDER.fold(of[:last]) if last is not None else None
    if last is None or not isinstance(before, InForce):
        raise LookupError("no page went out")
    published: PermitPublished = of[last]
    used, held = stationery.templates[published.template_hash], before.permit
    qr = qr_svg(address_of(public_url, held, published.token))
    printing = Printing(blank=published.blank, at=published.published_at, qr=qr, trial=published.trial)
    return used, permit_page(held, case_facts, setting_of(held, used, stationery), printing), published


def address_of(public_url: str, of: Permit, token: str) -> str:
    """Give what the QR code says: where everybody looks the permit up, and the claims that can be checked with no network."""
    year = of.issued_on.year
    return f"{public_url.rstrip('/')}/v1/permits/{of.number}/verification?year={year}&agency={of.agency}&qr={token}"


def setting_of(of: Permit, used: Template, stationery: Stationery) -> Setting:
    """Give what is on the page of a permit and not in its facts."""
    head = stationery.letterhead(of.agency)
    return Setting(
        parent=head.parent,
        agency=head.name,
        place=head.place,
        capacity=head.capacity,
        legal_basis=used.on_file.legal_basis,
        placeholders=used.on_file.placeholders,
        recipients=(of.holder.name if of.holder else "Chủ hồ sơ", *used.on_file.recipients),
    )
