"""Step 1 of 8, http_api: permits as the records office handles them, and what everybody may check."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.processing import Blank
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_reactions
from kernel.edge.problem import NOT_ALLOWED, NOT_FOUND, Kind, Problem, Sentence, refusal
from kernel.paper.shelf import read_page
from kernel.paper.signing import TOKEN_LENGTH_MAX, NotSigned, claims_of
from services.processing import consume
from services.processing.domain import permit
from services.processing.domain.permit_page import written
from services.processing.domain.permit_states import Absent, Drafted, Known, RevocationReason, Revoked
from services.processing.handle_permits import PermitOffice, PermitOutcome
from services.processing.http_fields import AGENCY_PATTERN, example
from services.processing.projections.permits import PERMITS

NUMBER_PATTERN: Final = r"^[0-9]{1,6}/[A-Z]{1,10}-[A-Z]{1,10}$"
PDF: Final = "application/pdf"
A_PDF: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}}
TERMS_MAX: Final = 50
LINES_MAX: Final = 100
LINE_LENGTH_MAX: Final = 500

ACTIONS: Final[dict[str, set[str]]] = {
    "permit.read": {"public"},
    "permit.document": {"officer", "leader", "desk", "portal"},
    "permit.draft": {"officer"},
    "permit.preview": {"officer"},
    "permit.publish": {"officer"},
    "permit.change": {"officer", "leader"},
    "permit.expire": {"admin"},
}

KINDS: Final = (
    refusal("no-such-permit", "Không tìm thấy giấy phép này.", "There is no such permit.", status=404),
    refusal("permit-published", "Giấy phép đã phát hành; muốn đổi nội dung phải sửa đổi.", "The permit has gone out; amend it instead."),
    refusal("permit-not-published", "Giấy phép chưa phát hành.", "The permit has not gone out yet."),
    refusal("permit-revoked", "Giấy phép đã bị thu hồi.", "The permit has been revoked."),
    refusal(
        "permit-expired",
        "Giấy phép đã hết hiệu lực; phải nộp hồ sơ cấp mới.",
        "The permit has expired; a new one has to be applied for.",
    ),
    refusal(
        "terms-do-not-fit",
        "Nội dung không khớp với mẫu giấy phép.",
        "What is written does not fit the places of the template.",
        members=("wrong", "missing"),
    ),
    refusal(
        "terms-of-a-person",
        "Giấy phép của cá nhân không được ghi nội dung bằng chữ vào sự kiện.",
        "About an individual no words are written into a fact.",
    ),
    refusal("blank-needed", "Giấy phép này in trên phôi: phải nêu số phôi.", "This permit is printed on a blank: name it."),
    refusal("no-blank-here", "Giấy phép này không in trên phôi.", "This permit is not printed on a blank."),
    refusal("page-of-another-edition", "Giấy phép vừa thay đổi; hãy làm lại.", "The permit has just changed; do it again."),
    Kind(
        "not-your-task",
        403,
        NOT_ALLOWED.title,
        Sentence("Việc này thuộc chức danh khác.", "This is the task of another role."),
    ),
)

Number = Annotated[str, Path(pattern=NUMBER_PATTERN, examples=["12/GP-SCT"])]
Year = Annotated[int | None, Query(ge=2000, le=2999, description="Numbers begin again each year; without it, the newest.")]
Agency = Annotated[str | None, Query(pattern=AGENCY_PATTERN, description="Each agency has a book of its own.")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LINE_LENGTH_MAX), NFC]
Term = Line | Annotated[int, Field(ge=0, le=10**12)] | Annotated[tuple[Line, ...], Field(max_length=LINES_MAX)]
Terms = Annotated[dict[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")], Term], Field(max_length=TERMS_MAX)]


class DraftBody(Body):
    """What the permit shall say, by the places of its template: words, numbers, days as `2026-03-05`, lists of words."""

    model_config = example(
        terms={
            "head_office": "Số 12 đường Yersin, thành phố Thủ Dầu Một, tỉnh Bình Dương",
            "area": "Tỉnh Bình Dương",
            "products": ["Rượu vang"],
            "suppliers": ["Công ty cổ phần Rượu Đặng Gia"],
            "shops": 12,
            "inspected_on": "2026-02-05",
        },
    )

    terms: Terms


class PublicationBody(Body):
    """The blank that it is printed on (absent: none), and whether the one before is spoiled."""

    model_config = example(
        blank={"series": "AB", "number": 4},
        spoiled=False,
    )

    blank: Blank | None = None
    spoiled: bool = False


class AmendmentBody(Body):
    """What it says from now on, and by what right."""

    model_config = example(
        kind="amendment",
        terms={
            "head_office": "Số 12 đường Yersin, thành phố Thủ Dầu Một, tỉnh Bình Dương",
            "area": "Tỉnh Bình Dương và tỉnh Đồng Nai",
            "products": ["Rượu vang"],
            "suppliers": ["Công ty cổ phần Rượu Đặng Gia"],
            "shops": 12,
            "inspected_on": "2026-02-05",
        },
        legal_basis="Nghị định 105/2017/NĐ-CP, Điều 26",
    )

    kind: Literal["amendment", "correction"]
    terms: Terms
    legal_basis: Line


class ReissueBody(Body):
    """Why the paper has to be given again."""

    model_config = example(
        reason="paper-lost",
    )

    reason: Literal["paper-lost", "paper-damaged"]


class RevocationBody(Body):
    """Why it is taken back, and by what right."""

    model_config = example(
        reason="obtained-by-fraud",
        legal_basis="Nghị định 105/2017/NĐ-CP, Điều 33",
    )

    reason: RevocationReason
    legal_basis: Line


def answer(outcome: PermitOutcome) -> dict[str, Any]:
    """Say where a permit stands after a command."""
    state = outcome.state
    match state:
        case Absent():
            return {"state": "absent"}
        case Drafted(draft=draft):
            return {"state": "drafted", "template": draft.template}
        case _:
            return {"state": name_of(state, None), **standing(state)}


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


def name_of(state: Known, at: datetime | None) -> str:
    """Name a state; a permit whose last day is over has expired, noted or not."""
    match state:
        case Revoked():
            return "revoked"
        case _ if state.permit.expires_on and at and permit.is_over(state.permit, at):
            return "expired"
        case permit.InForce(permit=of):
            return "in-force" if of.is_out else "not-published"
        case _:
            return "expired"


def routes(office: PermitOffice) -> APIRouter:
    """Make the routes of permits. What is checked stands before what is looked up: a number has a slash in it."""
    router = APIRouter(prefix="/v1")
    add_checking(router, office)
    add_looking_up(router, office)
    add_writing(router, office)
    add_changing(router, office)
    return router


async def found(office: PermitOffice, number: str, year: int | None, agency: str | None, after: str | None) -> Known:
    """Give the permit that has or had a number, as it stands now.

    Raises:
        Problem: 404, if there is none.
    """
    await wait_for_reactions(office.runtime.log, PERMITS.name, consume.NAME, consume.SOURCE, after)
    if (row := await office.register.permit(number, year, agency)) is None:
        raise Problem(NOT_FOUND)
    state = permit.DECIDER.state_of(await office.runtime.log.load(row["permit_id"]))
    if isinstance(state, Absent | Drafted):
        raise Problem(NOT_FOUND)
    return state


def add_checking(router: APIRouter, office: PermitOffice) -> None:
    """Add how everybody checks what he holds in hand."""

    @router.get("/permits/{number:path}/verification", dependencies=[allowed("permit.read")])
    async def verification(
        request: Request,
        number: Number,
        year: Year = None,
        agency: Agency = None,
        qr: Annotated[str | None, Query(max_length=TOKEN_LENGTH_MAX, description="What the QR code says, a compact JWS.")] = None,
        after: After = None,
    ) -> Response:
        """Tell how a permit stands now, and whether the QR code on it is ours and of the edition in force.

        The code can be checked with no network too: `/v1/signing-keys` has the key. Compare the SHA-256 of a PDF with `document_hash`.
        """
        state = await found(office, number, year, agency, after)
        of, now = state.permit, office.runtime.commands.clock.now(request)
        replaced = {"state": "replaced", "replaced_by": of.number} if number != of.number else {"state": name_of(state, now)}
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

    @router.get("/permits/{number:path}/document", dependencies=[allowed("permit.document")], responses=A_PDF)
    async def document(number: Number, year: Year = None, agency: Agency = None, after: After = None) -> Response:
        """Give the signed PDF of the edition in force, to the byte as it went out."""
        of = (await found(office, number, year, agency, after)).permit
        body = await read_page(office.runtime.log.pool, of.page.document_hash) if of.page and of.is_out else None
        if body is None:
            raise Problem(NOT_FOUND)
        return pdf_response(body, number)

    @router.get("/signing-keys", dependencies=[allowed("permit.read")])
    async def signing_keys() -> Response:
        """Give the public key, with its certificate, that signatures are checked with (RFC 7517)."""
        return json_response(office.signer.jwks())

    _ = (verification, document, signing_keys)


def pdf_response(body: bytes, name: str) -> Response:
    """Answer with a PDF that browsers show."""
    file = name.replace("/", "-")
    return Response(
        body, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{file}.pdf"', "X-Content-Type-Options": "nosniff"}
    )


def add_looking_up(router: APIRouter, office: PermitOffice) -> None:
    """Add what everybody may look up."""

    @router.get("/permits/{number:path}", dependencies=[allowed("permit.read")])
    async def one(number: Number, year: Year = None, agency: Agency = None, after: After = None) -> Response:
        """Tell whether a permit is genuine: who issued it, for what, until when, and how it stands."""
        await wait_for_reactions(office.runtime.log, PERMITS.name, consume.NAME, consume.SOURCE, after)
        if (row := await office.register.permit(number, year, agency)) is None:
            raise Problem(NOT_FOUND)
        return json_response(dict(row))

    _ = one


def add_writing(router: APIRouter, office: PermitOffice) -> None:
    """Add how a permit comes to be written and goes out."""
    run = office.runtime.commands.run

    @router.post("/cases/{id}/permit-draft")
    async def draft(request: Request, id: UUID, body: DraftBody, principal: Annotated[Principal, allowed("permit.draft")]) -> Response:
        """Write down what the permit shall say; it can be written anew until it goes out."""
        return await run(request, principal, lambda command: office.draft(id, body.terms, command), answer)

    @router.get("/cases/{id}/permit-draft", responses=A_PDF)
    async def preview(request: Request, id: UUID, principal: Annotated[Principal, allowed("permit.preview")]) -> Response:
        """Show the draft as a PDF, with no number and no signature, for whoever is to sign."""
        now = office.runtime.commands.clock.now(request)
        source, page = await office.preview(id, principal, now)
        return pdf_response(await office.press.typeset(source, page, now), "du-thao")

    @router.post("/permits/{id}/publication")
    async def publish(
        request: Request, id: UUID, body: PublicationBody, principal: Annotated[Principal, allowed("permit.publish")]
    ) -> Response:
        """Print it on a blank, sign it and let it go out; printing again on another blank needs `spoiled`."""
        return await run(request, principal, lambda command: office.publish(id, body.blank, command, spoiled=body.spoiled), answer)

    _ = (draft, preview, publish)


def add_changing(router: APIRouter, office: PermitOffice) -> None:
    """Add what happens to a permit later."""
    run = office.runtime.commands.run

    @router.post("/permits/{id}/amendment")
    async def amend(request: Request, id: UUID, body: AmendmentBody, principal: Annotated[Principal, allowed("permit.change")]) -> Response:
        """Change what it says; number and expiry stay, and the new edition is to be published."""
        return await run(request, principal, lambda command: office.amend(id, body.kind, body.terms, body.legal_basis, command), answer)

    @router.post("/permits/{id}/reissue")
    async def reissue(request: Request, id: UUID, body: ReissueBody, principal: Annotated[Principal, allowed("permit.change")]) -> Response:
        """Give it again under a new number; the old one is void, and the expiry stays."""
        return await run(request, principal, lambda command: office.reissue(id, body.reason, command), answer)

    @router.post("/permits/{id}/revocation")
    async def revoke(
        request: Request, id: UUID, body: RevocationBody, principal: Annotated[Principal, allowed("permit.change")]
    ) -> Response:
        """Take it back."""
        return await run(request, principal, lambda command: office.revoke(id, body.reason, body.legal_basis, command), answer)

    @router.post("/expiries", dependencies=[allowed("permit.expire")])
    async def expiries(request: Request, _: EmptyBody) -> Response:
        """Note which permits are over; asked twice, the second time notes none."""
        return json_response({"expired": await office.expire(office.runtime.commands.clock.now(request))})

    _ = (amend, reissue, revoke, expiries)
