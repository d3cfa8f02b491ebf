"""Step 1 of 8, http_api: cases as their officers see them, one by one and in lists."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing import CaseOpened
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for_answers, wait_for_reactions
from kernel.eventlog import History
from kernel.legalclock import day_of, explain
from services.processing import consume
from services.processing.answers import CasePage, CaseView, StateName
from services.processing.domain.case_states import Case, legal_in
from services.processing.domain.controlled_documents import governing
from services.processing.domain.organisation_states import Inherited
from services.processing.handle import Department
from services.processing.http_fields import CODE_PATTERN, AtInstant, AtVersion, OfInstant, instant_of
from services.processing.http_standing import asked_for, name_of_step, opened, standing, step_clock
from services.processing.projections import CASES
from services.processing.query import Register
from services.processing.query_cases import Wanted, shown, sort_key
from services.processing.query_then import Then

ACTIONS: Final = {
    "case.read": {"officer", "leader"},
    "case.list": {"officer", "leader"},
}


class CaseQuery(Body):
    """Which cases, and which page of them; a filter that is not known is refused.

    With `as_of` a page may hold fewer than `limit` though there is a `next`: the search for what was so then goes on there.
    """

    dossier: UUID | None = None
    unit: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None
    role: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None
    state: StateName | None = None
    overdue: Annotated[bool | None, Field(description="Open, not paused, and past its limit.")] = None
    as_of: OfInstant = None
    after: After = None
    cursor: Cursor = None
    limit: Limit = LIMIT


FILTERS: Final = frozenset({"dossier", "unit", "role", "state", "overdue"})


async def inherited_by(department: Department, unit: str | None, now: datetime) -> tuple[Inherited, ...]:
    """List the units that are no more and whose work a unit does: their open steps are in its lists."""
    _, staff = await department.establishment.organisation()
    return () if unit is None else staff.inherited(unit, day_of(now))


async def governed_by(department: Department, history: History, case: Case) -> dict[str, Any] | None:
    """Name the issue of the controlled document that was in force when a case was opened; None if none was."""
    opened = next(event.fact for event in history.events if isinstance(event.fact, CaseOpened))
    _, documents = await department.establishment.documents()
    found = governing(documents, case.procedure, opened.field, day_of(opened.opened_at))
    return {"code": found.code, "issue": found.issue, "title": found.title, "title_en": found.title_en} if found else None


def routes(department: Department, register: Register) -> APIRouter:
    """Make the routes that read cases."""
    router = APIRouter(prefix="/v1")
    runtime = department.runtime

    @router.get("/cases", responses=gives(CasePage))
    async def cases(
        request: Request,
        principal: Annotated[Principal, allowed("case.list")],
        asked: Annotated[CaseQuery, Query()],
    ) -> Response:
        """List cases as they are or were, the newest first. `after` may be a position of processing's log or of intake's."""
        page = runtime.pages.open(request, asked.cursor, asked.limit)
        await wait_for_reactions(runtime.log, CASES.name, consume.NAME, consume.SOURCE, asked.after)
        now = instant_of(asked.as_of, runtime.commands.clock.now(request))
        inherited = await inherited_by(department, asked.unit, now)
        wanted = Wanted(now=now, inherited=inherited, **asked.model_dump(include=set(FILTERS)))
        found = await (register if asked.as_of is None else Then(runtime)).cases(principal, wanted, page)
        more = await freshness(runtime.log, CASES.name)
        return runtime.pages.answer(request, page, found.rows, key=sort_key, item=shown, more=more, looked_to=found.looked_to)

    @router.get("/cases/{id}", responses=gives(CaseView))
    async def one(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("case.read")],
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Give a case as it is now, or as it was: what might be done, and the derivation of its deadline in words."""
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        history, state, steps = await department.case(id, principal, as_of=as_of, version=version)
        # What was late is judged at the moment of that version.
        case, now = state.case, instant_of(as_of, runtime.commands.clock.now(request) if version is None else history.events[-1].time)
        body: dict[str, Any] = {
            "id": id,
            "version": history.version,
            "position": f"{runtime.name}/{history.pos}",
            **standing(state),
            "open": [step_clock(step, steps, now) for step in opened(state)],
            "step_name": name_of_step(state, steps),
            "legal": legal_in(state, steps, now),
            "dossier": case.dossier,
            "code": case.code,
            "agency": case.agency,
            "procedure": case.procedure,
            "workflow_hash": case.workflow_hash,
            "supplements": case.rounds,
            "consultations": [asked_for(each, now) for each in case.consultations],
            "governed_by": await governed_by(department, history, case),
            "why": explain(case.deadline) if case.deadline else None,
            "why_en": explain(case.deadline, "en") if case.deadline else None,
        }
        return versioned(request, history.version, body)

    _ = (cases, one)
    return router
