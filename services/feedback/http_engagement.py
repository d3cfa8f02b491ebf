"""Step 1 of 8, http_api: enterprises met, the group that meets them, and what a period counts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for
from kernel.edge.problem import refusal
from services.feedback.domain.engagement import StrikeReason
from services.feedback.handle_engagement import Engagements
from services.feedback.projections.petitions import PETITIONS
from services.feedback.query_petitions import PetitionRegister

MINUTES_LENGTH_MAX: Final = 20_000
DECISION_LENGTH_MAX: Final = 200
NAME_LENGTH_MAX: Final = 200
ENTERPRISES_MAX: Final = 200
MEMBERS_MAX: Final = 50
SEATS_MAX: Final = 10_000
TAX_CODE_PATTERN: Final = r"^[0-9]{10}(-[0-9]{3})?$"
CODE_PATTERN: Final = r"^[a-z0-9-]{2,60}$"

ACTIONS: Final = {
    "engagement.record": {"officer"},
    "engagement.list": {"officer", "leader"},
    "support-group.form": {"leader"},
    "engagement-figures.read": {"officer", "leader"},
}

REFUSALS: Final = (
    refusal("no-such-engagement", "Không tìm thấy buổi làm việc này.", "There is no such meeting.", status=404),
    refusal("engagement-struck", "Buổi làm việc này đã bị hủy ghi nhận.", "This meeting was struck from the register."),
    refusal("not-held-yet", "Chỉ ghi nhận buổi làm việc đã diễn ra.", "Only a meeting that was held can be put down."),
    refusal("no-such-group", "Không tìm thấy tổ này.", "There is no such group.", status=404),
    refusal("group-dissolved", "Tổ này đã giải thể.", "This group was dissolved."),
    refusal("lead-not-member", "Tổ trưởng phải là thành viên của tổ.", "Who leads a group is one of its members."),
)

Account = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,100}$", examples=["nv-vp-01"])]
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Decision = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=DECISION_LENGTH_MAX), NFC]
Minutes = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MINUTES_LENGTH_MAX), NFC]


Recording = Annotated[Principal, allowed("engagement.record")]
Leading = Annotated[Principal, allowed("support-group.form")]


class EnterpriseBody(Body):
    """An enterprise's public identity."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH_MAX), NFC]
    tax_code: Annotated[str, Field(pattern=TAX_CODE_PATTERN)]


class AttendanceBody(Body):
    """How many were there for one side."""

    side: Literal["department", "agency", "enterprise", "association"]
    seats: Annotated[int, Field(strict=True, ge=1, le=SEATS_MAX)]


class EngagementBody(Body):
    """A meeting that was held; `minutes` go into the vault."""

    kind: Literal["visit", "work-session", "dialogue-conference"]
    held_on: date
    unit: Code
    group_id: UUID | None = None
    partners: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    enterprises: Annotated[tuple[EnterpriseBody, ...], Field(max_length=ENTERPRISES_MAX)] = ()
    attendance: Annotated[tuple[AttendanceBody, ...], Field(max_length=4)] = ()
    minutes: Minutes | None = None


class StrikeBody(Body):
    """Why it counts no more."""

    reason: StrikeReason


class GroupBody(Body):
    """Who is in the group, from when, by which decision."""

    decision: Decision
    lead: Account
    members: Annotated[tuple[Account, ...], Field(min_length=1, max_length=MEMBERS_MAX)]
    from_on: date


class DissolutionBody(Body):
    """From when there is no such group, by which decision."""

    decision: Decision
    from_on: date


def routes(engagements: Engagements, register: PetitionRegister) -> APIRouter:
    """Make the routes of engagement."""
    router = APIRouter(prefix="/v1")
    add_recording(router, engagements)
    add_reading(router, engagements, register)
    return router


def add_recording(router: APIRouter, engagements: Engagements) -> None:
    """Add what is put down."""
    run = engagements.runtime.commands.run

    @router.post("/engagements", status_code=201)
    async def hold(request: Request, body: EngagementBody, principal: Recording) -> Response:
        """Put a meeting with enterprises down; petitions that it raised name it when they are classified."""
        said = body.model_dump(exclude={"minutes"})
        return await run(request, principal, lambda command: engagements.hold(said, body.minutes, command), status=201)

    @router.post("/engagements/{id}/strike")
    async def strike(request: Request, id: UUID, body: StrikeBody, principal: Recording) -> Response:
        """Let a meeting count no more; it stays in the register."""
        return await run(request, principal, lambda command: engagements.strike(id, body.reason, command))

    @router.post("/support-groups", status_code=201)
    async def form(request: Request, body: GroupBody, principal: Leading) -> Response:
        """Form the group that keeps itself informed of how enterprises fare."""
        return await run(request, principal, lambda command: engagements.form(None, body.model_dump(), command), status=201)

    @router.post("/support-groups/{id}/change")
    async def change(request: Request, id: UUID, body: GroupBody, principal: Leading) -> Response:
        """Change who is in the group."""
        return await run(request, principal, lambda command: engagements.form(id, body.model_dump(), command))

    @router.post("/support-groups/{id}/dissolution")
    async def dissolve(request: Request, id: UUID, body: DissolutionBody, principal: Leading) -> Response:
        """Dissolve the group."""
        return await run(request, principal, lambda command: engagements.dissolve(id, body.decision, body.from_on, command))

    _ = (hold, strike, form, change, dissolve)


def add_reading(router: APIRouter, engagements: Engagements, register: PetitionRegister) -> None:
    """Add what is read."""
    runtime = engagements.runtime

    @router.get("/engagements")
    async def held(
        request: Request,
        principal: Annotated[Principal, allowed("engagement.list")],
        from_on: Annotated[date | None, Query(alias="from")] = None,
        to_on: Annotated[date | None, Query(alias="to")] = None,
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List meetings, newest first, with how many petitions each raised."""
        await wait_for(runtime.log, PETITIONS.name, after)
        page = runtime.pages.open(request, cursor, limit)
        rows = await register.engagements(principal, from_on, to_on, page)
        more = await freshness(runtime.log, PETITIONS.name)
        return runtime.pages.answer(request, page, rows, key=lambda row: (row["held_on"], row["id"]), item=lambda row: row, more=more)

    @router.get("/support-groups")
    async def groups(principal: Annotated[Principal, allowed("engagement.list")], after: After = None) -> Response:
        """List the groups, with how many meetings each held."""
        await wait_for(runtime.log, PETITIONS.name, after)
        return json_response({"items": await register.support_groups(principal), **await freshness(runtime.log, PETITIONS.name)})

    @router.get("/engagement-figures")
    async def figures(
        principal: Annotated[Principal, allowed("engagement-figures.read")],
        from_on: Annotated[date, Query(alias="from", description="First local day.")],
        to_on: Annotated[date, Query(alias="to", description="Last local day, included.")],
        after: After = None,
    ) -> Response:
        """Count a period: meetings, petitions of enterprises, invitations; each figure names the events that it is the number of."""
        await wait_for(runtime.log, PETITIONS.name, after)
        items = await register.figures(principal, from_on, to_on)
        return json_response({"from": from_on, "to": to_on, "items": items, **await freshness(runtime.log, PETITIONS.name)})

    _ = (held, groups, figures)
