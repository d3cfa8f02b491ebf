"""Step 3 of 8, decide: how facts of a permit are made of commands and states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from contracts.processing_permits import PermitAmended, PermitDrafted, PermitIssued, PermitPublished, PermitReissued, PermitRevoked, Term
from kernel.eventlog import Refused
from services.processing.domain.permit_states import Amend, Draft, Permit, Publish, Reissue, Revoke, Template, Terms, Value, Write


def drafted(command: Write) -> PermitDrafted:
    """Write down what it shall say."""
    return PermitDrafted(
        permit_id=command.permit,
        case_id=command.case,
        agency=command.agency,
        template=command.template.code,
        template_hash=command.template.content_hash,
        terms=fitting(command.template, command.values, personal=command.personal),
        officer=command.officer,
        drafted_at=command.at,
    )


def fitting(template: Template, values: Mapping[str, Value], *, personal: bool) -> Terms:
    """Put values into the places of a template, each of the sort that the place takes.

    Raises:
        Refused: "terms-do-not-fit", with what is missing, of another sort or in no place; "terms-of-a-person".
    """
    places = {place.name: place for place in template.placeholders}
    wrong = sorted({name for name in values if name not in places or not _is(places[name].kind, values[name])})
    missing = [] if personal else [name for name, place in places.items() if place.required and name not in values]
    if wrong or missing:
        raise Refused("terms-do-not-fit", wrong=wrong, missing=missing)
    if personal and any(places[name].kind in {"text", "lines"} for name in values):
        # What is written about an individual is personal data, and a fact is for ever.
        raise Refused("terms-of-a-person")
    return tuple(Term(name=name, value=values[name]) for name in places if name in values)


def _is(kind: str, value: Value) -> bool:
    match kind, value:
        case "number", int():
            return True
        case "lines", tuple():
            return len(value) > 0
        case "date", str():
            try:
                date.fromisoformat(value)
            except ValueError:
                return False
            return True
        case "text", str():
            return True
        case _:
            return False


def published(command: Publish, permit: Permit) -> list[PermitPublished]:
    """Let a page go out: the first of this edition, or one that replaces a page on a spoiled blank."""
    before = permit.page
    if permit.is_out and not command.spoiled:
        return []
    if command.edition != permit.edition:
        raise Refused("page-of-another-edition")
    said = {term.name for term in permit.draft.terms} if permit.draft else set[str]()
    missing = [place.name for place in command.template.placeholders if place.required and place.name not in said]
    if missing and permit.holder is not None:
        raise Refused("terms-do-not-fit", wrong=[], missing=missing)
    if command.template.blank and command.blank is None:
        raise Refused("blank-needed")
    if not command.template.blank and command.blank is not None:
        raise Refused("no-blank-here")
    return [
        PermitPublished(
            permit_id=permit.id,
            agency=permit.agency,
            number=permit.number,
            edition=permit.edition,
            template_hash=command.template.content_hash,
            blank=command.blank,
            spoiled=before.blank if before is not None and command.spoiled else None,
            token=command.token,
            page_hash=command.page_hash,
            document_hash=command.document_hash,
            certificate_hash=command.certificate_hash,
            trial=command.trial,
            officer=command.officer,
            published_at=command.at,
        )
    ]


def amended(command: Amend, permit: Permit) -> PermitAmended:
    """Change what it says; number and expiry stay."""
    return PermitAmended(
        permit_id=permit.id,
        agency=permit.agency,
        number=permit.number,
        edition=permit.edition + 1,
        kind=command.kind,
        template=command.template.code,
        template_hash=command.template.content_hash,
        terms=fitting(command.template, command.values, personal=permit.holder is None),
        legal_basis=command.legal_basis,
        officer=command.officer,
        amended_at=command.at,
    )


def reissued(command: Reissue, permit: Permit) -> PermitReissued:
    """Give it again; the expiry stays what it was, and the number before is void."""
    return PermitReissued(
        permit_id=permit.id,
        agency=permit.agency,
        number=command.number,
        replaces=permit.number,
        edition=permit.edition + 1,
        reason=command.reason,
        issued_on=command.issued_on,
        expires_on=permit.expires_on,
        officer=command.officer,
        reissued_at=command.at,
    )


def revoked(command: Revoke, permit: Permit) -> PermitRevoked:
    """Take it back."""
    return PermitRevoked(
        permit_id=permit.id,
        agency=permit.agency,
        number=permit.number,
        reason=command.reason,
        legal_basis=command.legal_basis,
        return_by=command.return_by,
        officer=command.officer,
        revoked_at=command.at,
    )


def draft_of(event: PermitDrafted | PermitAmended) -> Draft:
    """Give what a permit shall say."""
    return Draft(template=event.template, template_hash=event.template_hash, terms=event.terms)


def permit_of(event: PermitIssued, draft: Draft | None) -> Permit:
    """Give the permit that got its number."""
    return Permit(
        id=event.permit_id,
        case=event.case_id,
        dossier=event.dossier_id,
        agency=event.agency,
        procedure=event.procedure,
        kind=event.kind,
        number=event.number,
        issued_on=event.issued_on,
        expires_on=event.expires_on,
        holder=event.holder,
        draft=draft,
    )
