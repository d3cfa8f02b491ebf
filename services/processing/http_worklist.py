"""Step 1 of 8, http_api: what waits for a unit, a role or an officer, how urgent it is, and how much of it there is.

The colour is that of the legal clock, never of the internal hours of a step: `on-time` (đúng hạn), `due-soon` (sắp đến hạn), `overdue`
(quá hạn); `paused` while the applicant brings a supplement, `no-limit` where the law sets none. From when on a limit is near is
configuration: `PROCESSING_DUE_SOON_HOURS` of working time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import asyncpg
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for_reactions
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.legalclock import Calendar, day_of, load_calendar, working_minutes_between
from services.processing import consume
from services.processing.answers import Colour, UnitLoad, WorkPage
from services.processing.domain.organisation_states import Inherited, Organisation
from services.processing.handle import Department
from services.processing.http_fields import CODE_PATTERN, PROCEDURE_PATTERN, AtInstant, OfInstant, UnitCode, instant_of
from services.processing.projections import CASES
from services.processing.query import Register
from services.processing.query_cases import Wanted, sort_key
from services.processing.query_then import Then

DUE_WITHIN_HOURS_MAX: Final = 400
HOURS_PER_DAY: Final = 8
MINUTES_PER_HOUR: Final = 60

NAMES: Final[Mapping[Colour, tuple[str, str]]] = {
    "on-time": ("Đúng hạn", "On time"),
    "due-soon": ("Sắp đến hạn", "Due soon"),
    "overdue": ("Quá hạn", "Overdue"),
    "paused": ("Tạm dừng", "Paused"),
    "no-limit": ("Không có thời hạn", "No limit"),
}

ACTIONS: Final = {
    "work.list": {"officer", "leader"},
    "work.count": {"officer", "leader"},
}


class WorkQuery(Body):
    """Whose work, and how urgent; a filter that is not known is refused.

    With `as_of` a page may hold fewer than `limit` though there is a `next`: the search for what was so then goes on there.
    """

    unit: Annotated[str | None, Field(pattern=CODE_PATTERN, description="With the work of units that it has inherited.")] = None
    role: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None
    officer: Annotated[str | None, Field(pattern=CODE_PATTERN, description="Who has taken the step.")] = None
    procedure: Annotated[str | None, Field(pattern=PROCEDURE_PATTERN)] = None
    overdue: Annotated[bool | None, Field(description="Not paused, and past its limit.")] = None
    due_within: Annotated[
        int | None, Field(ge=1, le=DUE_WITHIN_HOURS_MAX, description="The limit runs out within so many working hours, and has not yet.")
    ] = None
    as_of: OfInstant = None
    after: After = None
    cursor: Cursor = None
    limit: Limit = LIMIT


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What time is judged by: the calendar as known now, and from when on a limit is near."""

    now: datetime
    calendar: Calendar
    soon_hours: int

    def within(self, hours: int) -> datetime:
        """Give the instant at which so many working hours have passed."""
        return self.calendar.after_time_worked(self.calendar.time_worked(self.now) + timedelta(hours=hours))

    def colour(self, row: Mapping[str, Any]) -> Colour:
        """Say how urgent a case is, by its legal limit."""
        if row["state"] == "paused":
            return "paused"
        if row["due_at"] is None:
            return "no-limit"
        if row["late_from"] <= self.now:
            return "overdue"
        return "due-soon" if row["due_at"] <= self.within(self.soon_hours) else "on-time"

    def left(self, row: Mapping[str, Any]) -> dict[str, int] | None:
        """Give the working time until the limit: minutes, and the same in days of eight hours, hours and minutes; none is below zero.

        None where the clock stands still, or there is no limit.
        """
        if row["state"] == "paused" or row["due_at"] is None:
            return None
        minutes = working_minutes_between(self.now, max(self.now, row["due_at"]), self.calendar)
        hours, rest = divmod(minutes, MINUTES_PER_HOUR)
        return {"working_minutes": minutes, "days": hours // HOURS_PER_DAY, "hours": hours % HOURS_PER_DAY, "minutes": rest}


def item(row: Mapping[str, Any], wanted: Wanted, clock: Clockwork, staff: Organisation) -> dict[str, Any]:
    """Give a case of the list, with those of its open steps that were asked for."""
    first = {name: row[name] for name in ("step", "unit", "role", "officer")}
    further: list[dict[str, Any]] = json.loads(row["beside"] or "[]")
    colour, today = clock.colour(row), day_of(clock.now)
    steps = [step for step in (first, *further) if _is_asked_for(step, row["procedure"], wanted)]
    shown = ("case_id", "code", "agency", "procedure", "field", "state", "opened_at", "due_at", "due_on", "new_due_at", "supplements")
    return {
        **{name: row[name] for name in shown},
        "steps": [{**step, "done_by": staff.heir_of(step["unit"], row["procedure"], today)} for step in steps],
        "colour": colour,
        "colour_name": NAMES[colour][0],
        "colour_name_en": NAMES[colour][1],
        "left": clock.left(row),
    }


def _is_asked_for(step: Mapping[str, Any], procedure: str, wanted: Wanted) -> bool:
    units = {wanted.unit, *(one.unit for one in wanted.inherited if one.has(procedure))}
    return (
        (wanted.unit is None or step["unit"] in units) and wanted.role in {None, step["role"]} and wanted.officer in {None, step["officer"]}
    )


def routes(department: Department, register: Register) -> APIRouter:
    """Make the routes of the work list."""
    router = APIRouter(prefix="/v1")
    add_worklist(router, department, register)
    add_load(router, department, register)
    return router


def clockwork(department: Department, request: Request, as_of: datetime | None) -> Clockwork:
    """Give what time is judged by, for one call."""
    runtime = department.runtime
    now = instant_of(as_of, runtime.commands.clock.now(request))
    return Clockwork(now, load_calendar().as_known_at(now), runtime.settings.due_soon_hours)


def add_worklist(router: APIRouter, department: Department, register: Register) -> None:
    """Add the list."""
    runtime = department.runtime

    @router.get("/worklist", responses=gives(WorkPage))
    async def worklist(
        request: Request, principal: Annotated[Principal, allowed("work.list")], asked: Annotated[WorkQuery, Query()]
    ) -> Response:
        """List cases that are or were open with the steps that are asked for, the oldest first, so that no page shifts as others work."""
        page = runtime.pages.open(request, asked.cursor, asked.limit)
        await wait_for_reactions(runtime.log, CASES.name, consume.NAME, consume.SOURCE, asked.after)
        clock = clockwork(department, request, asked.as_of)
        _, staff = await department.establishment.organisation()
        inherited: tuple[Inherited, ...] = () if asked.unit is None else staff.inherited(asked.unit, day_of(clock.now))
        wanted = Wanted(
            now=clock.now,
            inherited=inherited,
            due_by=None if asked.due_within is None else clock.within(asked.due_within),
            **asked.model_dump(include={"unit", "role", "officer", "procedure", "overdue"}),
        )
        found = await (register if asked.as_of is None else Then(runtime)).worklist(principal, wanted, page)
        more = await freshness(runtime.log, CASES.name)

        def shown(row: asyncpg.Record) -> dict[str, Any]:
            return item(dict(row), wanted, clock, staff)

        return runtime.pages.answer(request, page, found.rows, key=sort_key, item=shown, more=more, looked_to=found.looked_to)

    _ = worklist


def add_load(router: APIRouter, department: Department, register: Register) -> None:
    """Add how much there is to do."""
    runtime = department.runtime

    @router.get("/units/{unit}/load", responses=gives(UnitLoad))
    async def load(
        request: Request,
        unit: Annotated[UnitCode, Path()],
        principal: Annotated[Principal, allowed("work.count")],
        as_of: AtInstant = None,
        after: After = None,
    ) -> Response:
        """Count the open steps of a unit, with those that it has inherited: by officer (null: nobody has them) and altogether."""
        await wait_for_reactions(runtime.log, CASES.name, consume.NAME, consume.SOURCE, after)
        clock = clockwork(department, request, as_of)
        _, staff = await department.establishment.organisation()
        today = day_of(clock.now)
        if staff.called(unit, today) is None:
            raise Problem(NOT_FOUND)
        wanted = Wanted(now=clock.now, unit=unit, inherited=staff.inherited(unit, today))
        rows = await (register if as_of is None else Then(department.runtime)).load(principal, wanted, clock.within(clock.soon_hours))
        return json_response({"unit": unit, "as_of": clock.now, **counted(rows), **await freshness(runtime.log, CASES.name)})

    _ = load


def counted(rows: Any) -> dict[str, Any]:
    """Put the counts of each officer together, and all of them."""
    officers: dict[str | None, dict[str, Any]] = {}
    for row in rows:
        one = officers.setdefault(row["officer"], {"officer": row["officer"], "open": 0, "paused": 0, "overdue": 0, "due_soon": 0})
        one["open"] += row["steps"]
        one["paused"] += row["steps"] if row["state"] == "paused" else 0
        one["overdue"] += row["overdue"]
        one["due_soon"] += row["due_soon"]
        one["oldest_opened_at"] = min(one.get("oldest_opened_at", row["oldest_opened_at"]), row["oldest_opened_at"])
    found = list(officers.values())
    counts = ("open", "paused", "overdue", "due_soon")
    return {**{count: sum(one[count] for one in found) for count in counts}, "by_officer": found}
