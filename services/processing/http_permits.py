"""Step 1 of 8, http_api: permits as those who write them, sign them and give them out handle them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.processing_permits import Blank
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.problem import NOT_ALLOWED, Kind, Sentence, refusal
from kernel.paper.answer import A_PDF, pdf_response
from services.processing.answers_permits import DraftReceipt, Expired, PermitReceipt
from services.processing.domain.permit import name_of
from services.processing.domain.permit_states import Absent, Drafted, RevocationReason
from services.processing.handle_permits import PermitOffice, PermitOutcome
from services.processing.http_fields import example
from services.processing.http_permit_check import standing

TERMS_MAX: Final = 50
LINES_MAX: Final = 100
LINE_LENGTH_MAX: Final = 500

ACTIONS: Final[dict[str, set[str]]] = {
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


def routes(office: PermitOffice) -> APIRouter:
    """Make the routes of permits."""
    router = APIRouter(prefix="/v1")
    add_writing(router, office)
    add_changing(router, office)
    return router


def add_writing(router: APIRouter, office: PermitOffice) -> None:
    """Add how a permit comes to be written and goes out."""
    run = office.runtime.commands.run

    @router.post("/cases/{id}/permit-draft", responses=gives(DraftReceipt))
    async def draft(request: Request, id: UUID, body: DraftBody, principal: Annotated[Principal, allowed("permit.draft")]) -> Response:
        """Write down what the permit shall say; it can be written anew until it goes out."""
        return await run(request, principal, lambda command: office.draft(id, body.terms, command), answer)

    @router.get("/cases/{id}/permit-draft", responses=A_PDF)
    async def preview(request: Request, id: UUID, principal: Annotated[Principal, allowed("permit.preview")]) -> Response:
        """Show the draft as a PDF, with no number and no signature, for whoever is to sign."""
        now = office.runtime.commands.clock.now(request)
        source, page = await office.preview(id, principal, now)
        return pdf_response(await office.press.typeset(source, page, now), "du-thao")

    @router.post("/permits/{id}/publication", responses=gives(PermitReceipt))
    async def publish(
        request: Request, id: UUID, body: PublicationBody, principal: Annotated[Principal, allowed("permit.publish")]
    ) -> Response:
        """Print it on a blank, sign it and let it go out; printing again on another blank needs `spoiled`."""
        return await run(request, principal, lambda command: office.publish(id, body.blank, command, spoiled=body.spoiled), answer)

    _ = (draft, preview, publish)


def add_changing(router: APIRouter, office: PermitOffice) -> None:
    """Add what happens to a permit later."""
    run = office.runtime.commands.run

    @router.post("/permits/{id}/amendment", responses=gives(PermitReceipt))
    async def amend(request: Request, id: UUID, body: AmendmentBody, principal: Annotated[Principal, allowed("permit.change")]) -> Response:
        """Change what it says; number and expiry stay, and the new edition is to be published."""
        return await run(request, principal, lambda command: office.amend(id, body.kind, body.terms, body.legal_basis, command), answer)

    @router.post("/permits/{id}/reissue", responses=gives(PermitReceipt))
    async def reissue(request: Request, id: UUID, body: ReissueBody, principal: Annotated[Principal, allowed("permit.change")]) -> Response:
        """Give it again under a new number; the old one is void, and the expiry stays."""
        return await run(request, principal, lambda command: office.reissue(id, body.reason, command), answer)

    @router.post("/permits/{id}/revocation", responses=gives(PermitReceipt))
    async def revoke(
        request: Request, id: UUID, body: RevocationBody, principal: Annotated[Principal, allowed("permit.change")]
    ) -> Response:
        """Take it back."""
        return await run(request, principal, lambda command: office.revoke(id, body.reason, body.legal_basis, command), answer)

    @router.post("/expiries", dependencies=[allowed("permit.expire")], responses=gives(Expired))
    async def expiries(request: Request, _: EmptyBody) -> Response:
        """Note which permits are over; asked twice, the second time notes none."""
        return json_response({"expired": await office.expire(office.runtime.commands.clock.now(request))})

    _ = (amend, reissue, revoke, expiries)
