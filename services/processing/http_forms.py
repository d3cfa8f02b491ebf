"""Step 1 of 8, http_api: the forms of a case, as JSON for whoever computes with them and as PDF for whoever prints them."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_answers
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.paper.answer import A_PDF, pdf_response, wants_pdf
from kernel.paper.press import Press
from services.processing import consume
from services.processing.answers import FormList
from services.processing.domain.control_slip import ControlSlip
from services.processing.domain.forms import Apology, FormName, Refusal, StopNotice, SupplementRequest
from services.processing.domain.hand_over_slips import HandOver
from services.processing.forms import Facts, FormsOffice
from services.processing.http_fields import AtInstant, AtVersion

Form = ControlSlip | SupplementRequest | Refusal | Apology | StopNotice | HandOver

ACTIONS: Final[dict[str, set[str]]] = {"form.read": {"officer", "leader", "desk"}}


def routes(office: FormsOffice, press: Press) -> APIRouter:
    """Make the routes of forms."""
    router = APIRouter(prefix="/v1")

    @router.get("/cases/{id}/forms", responses=gives(FormList))
    async def listed(
        id: UUID,
        principal: Annotated[Principal, allowed("form.read")],
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Say which forms the facts of a case give."""
        await wait_for_answers(office.department.runtime.log, consume.NAME, consume.SOURCE, after)
        made = await office.all_of(Facts(id, principal, as_of, version))
        forms: list[dict[str, Any]] = [
            {"form": name, "title": form.title, "number": form.form.number if form.form else None, "made_at": form.made_at}
            for name, form in made.items()
        ]
        return json_response({"id": id, "forms": forms})

    @router.get(
        "/cases/{id}/forms/{form}",
        responses={200: {"model": Form, **A_PDF[200]}},
    )
    async def one(
        request: Request,
        id: UUID,
        form: FormName,
        principal: Annotated[Principal, allowed("form.read")],
        round: Annotated[int | None, Query(ge=1, le=99, description="Of a supplement request: which; without it, the last.")] = None,  # noqa: A002 - the field's word
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Give a form as JSON, or with `Accept: application/pdf` as PDF/A. The same facts give the same bytes of either."""
        await wait_for_answers(office.department.runtime.log, consume.NAME, consume.SOURCE, after)
        if (made := await office.form(Facts(id, principal, as_of, version), form, round)) is None:
            raise Problem(NOT_FOUND)
        vary = {"Vary": "Accept"}
        if not wants_pdf(request.headers.get("accept")):
            return json_response(made, headers=vary)
        answer = pdf_response(await press.typeset(office.source_of(form), made, made.made_at), f"{form}-{made.about.dossier_code}")
        answer.headers.update(vary)
        return answer

    _ = (listed, one)
    return router
