"""Step 1 of 8, http_api: the clocks of a case, for whoever waits and for whoever judges: each date with all that it is made of.

Computed from the case's own facts at every call. Nothing of it is stored, so nothing of it can be set.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import PlainTextResponse, Response

from contracts.vocabulary import DossierId
from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for, wait_for_answers
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.eventlog import Recorded
from kernel.legalclock import (
    Deadline,
    Moment,
    NotBegun,
    Reckoning,
    as_json,
    explain_history,
    is_late,
    load_calendar,
    reckon,
    time_by_holder,
)
from services.processing import consume
from services.processing.answers_clocks import CaseClocks, Lateness
from services.processing.domain import case
from services.processing.domain.case_clock import Asked, Clocks, Span, cause_of, clocks_of, limit_of_answer, limit_of_step
from services.processing.domain.case_states import Absent, Known
from services.processing.domain.workflow import Steps
from services.processing.handle import Department
from services.processing.http_fields import AtInstant, AtVersion, instant_of
from services.processing.projections import CASES
from services.processing.query import Register

ACTIONS: Final = {
    "case.clock": {"officer", "leader"},
    "deadline.read": {"portal", "desk", "officer", "leader"},
    "partner.lateness": {"officer", "leader", "analyst"},
}

MINUTE: Final = timedelta(minutes=1)


def routes(department: Department, register: Register) -> APIRouter:
    """Make the routes of the clocks."""
    router = APIRouter(prefix="/v1")
    add_clocks(router, department)
    add_partners(router, register)
    return router


def add_clocks(router: APIRouter, department: Department) -> None:
    """Add what can be asked about the time that a case takes."""
    runtime = department.runtime

    async def at_that_time(
        request: Request, id: UUID, principal: Principal, as_of: datetime | None, version: int | None, after: str | None
    ) -> tuple[Sequence[Recorded], datetime]:
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        instant = instant_of(as_of, runtime.commands.clock.now(request))
        history, _, _ = await department.case(id, principal, as_of=instant, version=version)
        # A version is judged at its own moment, as it was then.
        return history.events, instant if version is None else min(instant, history.events[-1].time)

    @router.get("/cases/{id}/deadline", responses=gives(CaseClocks))
    async def deadline(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("case.clock")],
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Tell every clock of a case: the legal limit with what opened each stretch of time, who had the papers, steps and answers."""
        events, instant = await at_that_time(request, id, principal, as_of, version, after)
        clocks = clocks_of(events)
        if isinstance(state := clocks.state, Absent):
            raise Problem(NOT_FOUND)
        versions = {span.workflow_hash for span in clocks.spans}
        steps = {version: await department.steps_of(state.case.procedure, version) for version in versions}
        head = {"id": id, "as_of": instant, "version": events[-1].version, "dossier": state.case.dossier, "code": state.case.code}
        return json_response(head | told(clocks, state, events, steps, instant))

    @router.get("/deadlines/{dossier}", response_class=PlainTextResponse)
    async def explanation(
        request: Request,
        dossier: UUID,
        principal: Annotated[Principal, allowed("deadline.read")],
        language: Literal["vi", "en"] = "vi",
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Tell whoever waits, in plain sentences, when the result is due, and how every day on the way was counted."""
        events, instant = await at_that_time(request, case.stream_of(DossierId(dossier)), principal, as_of, version, after)
        found = reckoned(clocks_of(events).limit, instant)
        if found is None:
            raise Problem(NOT_FOUND)
        return Response(explain_history(found, language), media_type="text/plain; charset=utf-8", headers={"Content-Language": language})

    _ = (deadline, explanation)


def add_partners(router: APIRouter, register: Register) -> None:
    """Add whose lateness it was."""
    runtime = register.runtime

    @router.get("/partners/lateness", responses=gives(Lateness))
    async def lateness(
        request: Request,
        principal: Annotated[Principal, allowed("partner.lateness")],
        asked_from: Annotated[AwareDatetime | None, Query(alias="from", description="Asked at this instant or later.")] = None,
        asked_until: Annotated[AwareDatetime | None, Query(alias="until", description="Asked before this instant.")] = None,
        as_of: AtInstant = None,
        after: After = None,
    ) -> Response:
        """Tell, by agency, how often it was asked, answered in time or late, and owes an answer still (NĐ 61/2018, Điều 19.5)."""
        await wait_for(runtime.log, CASES.name, after)
        rows = await register.lateness(principal, asked_from, asked_until, instant_of(as_of, runtime.commands.clock.now(request)))
        return json_response({"partners": [dict(row) for row in rows]})

    _ = lateness


def reckoned(moments: tuple[Moment, ...], as_of: datetime) -> Reckoning | None:
    """Give what a limit amounts to; None where there is none."""
    try:
        return reckon(moments, load_calendar(), as_of)
    except NotBegun:
        return None


def told(clocks: Clocks, state: Known, events: Sequence[Recorded], steps: dict[str, Steps], as_of: datetime) -> dict[str, Any]:
    """Tell all the clocks of a case."""
    found = reckoned(clocks.limit, as_of)
    recorded = state.case.deadline
    return {
        "deadline": as_json(found) if found else None,
        "late": None if found is None else late(found, as_of),
        "by_law": of_the_law(clocks.by_law, as_of),
        # What the facts themselves say. The two differ only if the rules of counting were changed afterwards.
        "recorded_due_at": recorded.due_at if recorded else None,
        "why": explain_history(found, "vi") if found else None,
        "why_en": explain_history(found, "en") if found else None,
        "causes": {cause_of(event): {"type": event.type, "at": event.time, "cause": event.cause} for event in events},
        "holders": held(clocks, as_of),
        "steps": [of_step(span, steps[span.workflow_hash], clocks.limit, as_of) for span in clocks.spans],
        "consultations": [of_answer(asked, as_of) for asked in clocks.asked],
    }


def of_the_law(moments: tuple[Moment, ...], as_of: datetime) -> dict[str, Any] | None:
    """Tell the law's own limit where less was promised: whether what was done was lawful is judged by it (E-06)."""
    found = reckoned(moments, as_of)
    if found is None:
        return None
    why, why_en = explain_history(found, "vi"), explain_history(found, "en")
    return {"deadline": as_json(found), "late": late(found, as_of), "why": why, "why_en": why_en}


def late(found: Reckoning, as_of: datetime) -> bool:
    """Tell whether a limit was missed: when it ended, when the clock was stopped, or by now."""
    return is_late(found.deadline, as_of if found.state == "running" else found.since)


def held(clocks: Clocks, as_of: datetime) -> list[dict[str, Any]]:
    """Split the time among those who had the papers: minutes by the clock on the wall, and minutes of office hours."""
    shares = time_by_holder(clocks.limit, load_calendar().as_known_at(as_of), as_of)
    return [
        {
            "holder": {"kind": holder.kind, "name": holder.name},
            "calendar_minutes": share.elapsed // MINUTE,
            "working_minutes": share.worked // MINUTE,
        }
        for holder, share in shares.items()
    ]


def of_step(span: Span, steps: Steps, limit: tuple[Moment, ...], as_of: datetime) -> dict[str, Any]:
    """Tell the clock of a step: an internal target beside the legal limit, which is never a sum of such hours."""
    hours = next((step.hours for step in steps if step.code == span.step), 0)
    found = reckoned(limit_of_step(span, hours, limit), as_of) if hours else None
    return {
        "step": span.step,
        "unit": span.unit,
        "role": span.role,
        "officer": span.officer,
        "hours": hours,
        "since": span.since,
        "until": span.until,
        "cause": span.cause,
        **_due(found.deadline if found else None),
        "late": bool(found) and late(found, as_of),
    }


def of_answer(asked: Asked, as_of: datetime) -> dict[str, Any]:
    """Tell the clock of another agency: whose lateness it is, beside the department's own."""
    found = reckon(limit_of_answer(asked), load_calendar(), as_of)
    return {
        "number": asked.number,
        "partner": asked.partner,
        "asked_at": asked.asked_at,
        "answered_at": asked.answered_at,
        "cause": asked.cause,
        **_due(found.deadline),
        "late": late(found, as_of),
        "why": explain_history(found, "vi"),
    }


def _due(found: Deadline | None) -> dict[str, Any]:
    return {"due_at": found.due_at if found else None, "due_on": found.due_on if found else None}
