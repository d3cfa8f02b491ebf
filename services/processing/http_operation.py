"""Step 1 of 8, http_api: what whoever runs the system asks for: the alarms, and that running cases follow a new workflow."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from services.processing.answers_running import MovedCases, Raised
from services.processing.handle import Department
from services.processing.handle_running import Running
from services.processing.handle_watch import Watch
from services.processing.http_fields import PROCEDURE_PATTERN, example

ACTIONS: Final = {
    "alarm.raise": {"admin"},
    "workflow.move": {"admin"},
}


class MoveBody(Body):
    """The watermark of a dry run: only cases that have not gone on since are moved. Without it, this is the dry run."""

    model_config = example(
        watermark=1,
    )

    watermark: Annotated[int | None, Field(ge=1)] = None


def routes(department: Department) -> APIRouter:
    """Make the routes of operation; the worker raises the alarms by itself every minute."""
    router = APIRouter(prefix="/v1")
    clock = department.runtime.commands.clock

    @router.post("/alarms", dependencies=[allowed("alarm.raise")], responses=gives(Raised))
    async def alarms(request: Request, _: EmptyBody) -> Response:
        """Raise the alarms that are due; asked twice, the second time raises none."""
        return json_response({"raised": await Watch(department).ring(clock.now(request))})

    @router.post("/workflows/{procedure}/move", responses=gives(MovedCases))
    async def move(
        request: Request,
        procedure: Annotated[str, Path(pattern=PROCEDURE_PATTERN)],
        body: MoveBody,
        principal: Annotated[Principal, allowed("workflow.move")],
    ) -> Response:
        """Let running cases go on by the version of their workflow that is in force, or say what would become of each."""
        log = department.runtime.log
        cases = await Running(department).move(procedure, body.watermark, principal, clock.now(request))
        return json_response({"dry_run": body.watermark is None, "watermark": body.watermark or await log.head(), "cases": cases})

    _ = (alarms, move)
    return router
