"""Step 1 of 8, http_api: the life of a case in plain words, up to now, to an instant, or to a version."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.processing import CaseMoved, CaseOpened
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_answers
from services.processing import consume
from services.processing.answers import Timeline
from services.processing.handle import Department
from services.processing.http_fields import AtInstant, AtVersion
from services.processing.timeline import Names, timeline

ACTIONS: Final = {
    "case.tell": {"officer", "leader"},
}


def routes(department: Department) -> APIRouter:
    """Make the route of the timeline."""
    router = APIRouter(prefix="/v1")
    runtime = department.runtime

    @router.get("/cases/{id}/timeline", responses=gives(Timeline))
    async def told(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("case.tell")],
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Tell the life of a case, the oldest fact first, in Vietnamese and English; a unit is called as it was on that day."""
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        history, state, _ = await department.case(id, principal, as_of=as_of, version=version)
        hashes = {event.fact.workflow_hash for event in history.events if isinstance(event.fact, CaseOpened | CaseMoved)}
        _, staff = await department.establishment.organisation()
        _, agreed = await department.establishment.agreements()
        names = Names(
            steps={each: await department.steps_of(state.case.procedure, each) for each in hashes},
            staff=staff,
            partners={one.partner: (one.partner_name, one.partner_name_en) for one in agreed.values()},
        )
        return versioned(request, history.version, {"id": id, "version": history.version, "items": timeline(history.events, names)})

    _ = told
    return router
