"""Step 1 of 8, http_api: the way in."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from contracts.intake import Enterprise
from contracts.vocabulary import Channel, ProcedureCode
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from services.intake.answers import DossierReceipt
from services.intake.handle import Door, Submission
from services.intake.http_fields import COMPONENTS_MAX, Applicant, Code, Representative, answer

ACTIONS: Final[dict[str, set[str]]] = {
    "dossier.submit": {"portal", "desk"},
}


class SubmissionBody(Body):
    """A dossier as it is handed in. `arrived_at` is the postmark of one that came by post."""

    procedure: ProcedureCode
    channel: Channel
    applicant: Applicant
    representative: Representative | None = None
    components: Annotated[tuple[Code, ...], Field(max_length=COMPONENTS_MAX)]
    arrived_at: AwareDatetime | None = None


def routes(door: Door) -> APIRouter:
    """Make the route of submission."""
    router = APIRouter(prefix="/v1")
    run = door.runtime.commands.run

    @router.post("/dossiers", status_code=201, responses=gives(DossierReceipt, 201))
    async def submit(request: Request, body: SubmissionBody, principal: Annotated[Principal, allowed("dossier.submit")]) -> Response:
        """Hand in a dossier (NĐ 61/2018, Điều 16)."""
        submission = submission_of(body)
        return await run(
            request, principal, lambda command: door.submit(submission, command), answer, status=201, location="/v1/dossiers/{id}"
        )

    _ = submit
    return router


def submission_of(body: SubmissionBody) -> Submission:
    """Give what is handed in, with what is personal apart."""
    applicant = body.applicant
    proxy = {"representative": body.representative.model_dump(exclude_none=True)} if body.representative else {}
    return Submission(
        procedure=body.procedure,
        channel=body.channel,
        personal=applicant.model_dump(exclude_none=True) | proxy,
        enterprise=Enterprise(name=applicant.name, tax_code=applicant.tax_code or "") if applicant.kind == "enterprise" else None,
        components=body.components,
        arrived_at=body.arrived_at,
    )
