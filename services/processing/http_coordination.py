"""Step 1 of 8, http_api: what goes out to other agencies, and what the applicant is told when it takes longer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing_organisation import CoordinationArea
from contracts.vocabulary import LatenessReason
from kernel.edge.body import Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from services.processing.answers import CaseReceipt
from services.processing.domain.case_commands import Opinion
from services.processing.handle import Department
from services.processing.http_fields import CODE_PATTERN, example
from services.processing.http_standing import answer

ACTIONS: Final = {
    "case.consult": {"officer"},
    "case.reappoint": {"officer", "leader"},
}


class ConsultationBody(Body):
    """The agency that is asked, and in which area, where there are agreements with it in several."""

    model_config = example(
        partner="cong-an-tinh",
        area="chemicals",
    )

    partner: Annotated[str, Field(pattern=CODE_PATTERN)]
    area: CoordinationArea | None = None


class AnswerBody(Body):
    """What it answered."""

    model_config = example(
        opinion="agrees",
    )

    opinion: Opinion


class ReappointmentBody(Body):
    """The new day, and why the old one is not kept."""

    model_config = example(
        new_due_on="2026-03-30",
        reason="site-check",
    )

    new_due_on: date
    reason: LatenessReason


def routes(department: Department) -> APIRouter:
    """Make the routes of coordination."""
    router = APIRouter(prefix="/v1")
    run = department.runtime.commands.run

    @router.post("/cases/{id}/consultation", responses=gives(CaseReceipt))
    async def consult(
        request: Request, id: UUID, body: ConsultationBody, principal: Annotated[Principal, allowed("case.consult")]
    ) -> Response:
        """Ask another agency (NĐ 61/2018, Điều 19.5); it has a limit of its own, and the case's clock runs on."""
        return await run(request, principal, lambda command: department.consult(id, body.partner, body.area, command), answer)

    @router.post("/cases/{id}/consultations/{consultation}/receipt", responses=gives(CaseReceipt))
    async def received(
        request: Request,
        id: UUID,
        consultation: Annotated[int, Path(ge=1, le=999)],
        _: EmptyBody,
        principal: Annotated[Principal, allowed("case.consult")],
    ) -> Response:
        """Record that it has confirmed that it has the papers; its limit has run since it was asked."""
        return await run(request, principal, lambda command: department.receive(id, consultation, command), answer)

    @router.post("/cases/{id}/consultations/{consultation}/answer", responses=gives(CaseReceipt))
    async def answered(
        request: Request,
        id: UUID,
        consultation: Annotated[int, Path(ge=1, le=999)],
        body: AnswerBody,
        principal: Annotated[Principal, allowed("case.consult")],
    ) -> Response:
        """Record what it answered, in time or late."""
        return await run(request, principal, lambda command: department.answer(id, consultation, body.opinion, command), answer)

    @router.post("/cases/{id}/reappointment", responses=gives(CaseReceipt))
    async def reappoint(
        request: Request, id: UUID, body: ReappointmentBody, principal: Annotated[Principal, allowed("case.reappoint")]
    ) -> Response:
        """Apologise for being late and name a new day, once at most; the legal limit stays what it was (NĐ 61/2018, Điều 19.9)."""
        return await run(request, principal, lambda command: department.reappoint(id, body.new_due_on, body.reason, command), answer)

    _ = (consult, received, answered, reappoint)
    return router
