"""Step 1 of 8, http_api: what everybody may check of a permit that he holds in hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_reactions
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.paper.answer import A_PDF, pdf_response
from kernel.paper.shelf import read_page
from kernel.paper.signing import TOKEN_LENGTH_MAX, NotSigned, claims_of
from services.processing import consume
from services.processing.answers_permits import KeySet, PermitRow, Verification
from services.processing.domain import permit
from services.processing.domain.permit_page import written
from services.processing.domain.permit_states import Absent, Drafted, Known
from services.processing.handle_case import as_it_was
from services.processing.handle_permits import PermitOffice
from services.processing.http_fields import AGENCY_PATTERN, AtInstant, instant_of
from services.processing.projections.permits import PERMITS

NUMBER_PATTERN: Final = r"^[0-9]{1,6}/[A-Z]{1,10}-[A-Z]{1,10}$"
ACTIONS: Final[dict[str, set[str]]] = {
    "permit.read": {"public"},
    "permit.document": {"officer", "leader", "desk", "portal"},
}

Number = Annotated[str, Path(pattern=NUMBER_PATTERN, examples=["12/GP-SCT"])]
Year = Annotated[int | None, Query(ge=2000, le=2999, description="Numbers begin again each year; without it, the newest.")]
Agency = Annotated[str | None, Query(pattern=AGENCY_PATTERN, description="Each agency has a book of its own.")]


def routes(office: PermitOffice) -> APIRouter:
    """Make the routes of checking. What is checked stands before what is looked up: a number has a slash in it."""
    router = APIRouter(prefix="/v1")
    add_checking(router, office)
    add_looking_up(router, office)
    return router


def standing(state: Known) -> dict[str, Any]:
    """Say what everybody may know of a permit."""
    of = state.permit
    return {
        "number": of.number,
        "kind": of.kind,
        "agency": of.agency,
        "issued_on": of.issued_on,
        "expires_on": of.expires_on,
        "holder": of.holder,
        "edition": of.edition,
        "blank": written(of.page.blank) if of.page and of.page.blank else None,
        "document_hash": of.page.document_hash if of.page and of.is_out else None,
        "void": of.void,
    }


async def found(
    office: PermitOffice, number: str, year: int | None, agency: str | None, after: str | None, as_of: datetime | None = None
) -> Known:
    """Give the permit that has or had a number, as it stands now or stood at an instant.

    Raises:
        Problem: 404, if there is none, or there was none yet.
    """
    await wait_for_reactions(office.runtime.log, PERMITS.name, consume.NAME, consume.SOURCE, after)
    if (id_ := await office.register.permit(number, year, agency)) is None:
        raise Problem(NOT_FOUND)
    state = permit.DECIDER.state_of(as_it_was(await office.runtime.log.load(id_), as_of, None))
    # A number that it was given later was none of its then.
    if isinstance(state, Absent | Drafted) or number not in {state.permit.number, *state.permit.void}:
        raise Problem(NOT_FOUND)
    return state


def add_checking(router: APIRouter, office: PermitOffice) -> None:
    """Add how everybody checks what he holds in hand."""

    @router.get("/permits/{number:path}/verification", dependencies=[allowed("permit.read")], responses=gives(Verification))
    async def verification(
        request: Request,
        number: Number,
        year: Year = None,
        agency: Agency = None,
        qr: Annotated[str | None, Query(max_length=TOKEN_LENGTH_MAX, description="What the QR code says, a compact JWS.")] = None,
        as_of: AtInstant = None,
        after: After = None,
    ) -> Response:
        """Tell how a permit stands, or stood on the day that matters, and whether the QR code on it is ours and of the edition in force.

        The code can be checked with no network too: `/v1/signing-keys` has the key. Compare the SHA-256 of a PDF with `document_hash`.
        """
        state = await found(office, number, year, agency, after, as_of)
        of, now = state.permit, instant_of(as_of, office.runtime.commands.clock.now(request))
        is_old = number != of.number
        replaced = {"state": "replaced" if is_old else permit.name_of(state, now), "replaced_by": of.number if is_old else None}
        signature = {
            "claims": None,
            "says": None if qr is None else "not-ours",
            "certificate_hash": office.signer.fingerprint,
            "trial": of.page.trial if of.page else office.signer.trial,
        }
        if qr is not None:
            try:
                claims = claims_of(qr, office.signer.jwks())
                same = (claims.get("jti"), claims.get("iss"), claims.get("ed")) == (of.number, of.agency, of.edition)
                signature |= {"claims": claims, "says": "in-force" if same else "of-another-edition"}
            except NotSigned:
                pass
        return json_response({**standing(state), "number": number, **replaced, "signature": signature})

    @router.get("/permits/{number:path}/document", responses=A_PDF)
    async def document(
        number: Number,
        principal: Annotated[Principal, allowed("permit.document")],
        year: Year = None,
        agency: Agency = None,
        as_of: AtInstant = None,
        after: After = None,
    ) -> Response:
        """Give the signed PDF of the edition that is or was in force, to the byte as it went out, to those of its agency."""
        of = (await found(office, number, year, agency, after, as_of)).permit
        principal.require(of.agency)
        body = await read_page(office.runtime.log.pool, of.page.document_hash) if of.page and of.is_out else None
        if body is None:
            raise Problem(NOT_FOUND)
        return pdf_response(body, number)

    @router.get("/signing-keys", dependencies=[allowed("permit.read")], responses=gives(KeySet))
    async def signing_keys() -> Response:
        """Give the public key, with its certificate, that signatures are checked with (RFC 7517)."""
        return json_response(office.signer.jwks())

    _ = (verification, document, signing_keys)


def add_looking_up(router: APIRouter, office: PermitOffice) -> None:
    """Add what everybody may look up."""

    @router.get("/permits/{number:path}", dependencies=[allowed("permit.read")], responses=gives(PermitRow))
    async def one(
        request: Request, number: Number, year: Year = None, agency: Agency = None, as_of: AtInstant = None, after: After = None
    ) -> Response:
        """Tell whether a permit is genuine: who issued it, for what, until when, and how it stands or stood."""
        state = await found(office, number, year, agency, after, as_of)
        of, now = state.permit, instant_of(as_of, office.runtime.commands.clock.now(request))
        return json_response(
            {
                "permit_id": of.id,
                "agency": of.agency,
                "procedure": of.procedure,
                "kind": of.kind,
                "number": of.number,
                "issued_on": of.issued_on,
                "expires_on": of.expires_on,
                "state": permit.name_of(state, now),
            }
        )

    _ = one
