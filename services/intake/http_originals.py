"""Step 1 of 8, http_api: the applicant's original papers: taken for comparison, passed on, given back, lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from contracts.vocabulary import PrincipalId
from kernel.edge.answer import json_response
from kernel.edge.body import Body, EmptyBody
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After
from services.intake.answers import HeldOriginals, OriginalList, OriginalsReceipt
from services.intake.domain import commands, states
from services.intake.handle import Door, DossierOutcome
from services.intake.http_fields import AskedFor, Code
from services.intake.query import Register

ACTIONS: Final[dict[str, set[str]]] = {
    "original.take": {"desk"},
    "original.move": {"desk", "officer"},
    "original.read": {"desk", "officer", "leader"},
}

ORIGINALS_MAX: Final = 1000
HELD_MAX: Final = 500
Number = Annotated[int, Path(ge=1, le=ORIGINALS_MAX)]
Wanted = Callable[[Command], commands.Command]


class TakingBody(Body):
    """Of which component the original is."""

    component: Code


class PassingBody(Body):
    """The account that has it now."""

    to: Annotated[PrincipalId, Field(pattern=r"^[a-z0-9:._-]{1,100}$")]


def routes(door: Door, register: Register) -> APIRouter:
    """Make the routes of originals."""
    router = APIRouter(prefix="/v1")
    add_moves(router, door)

    @router.get("/dossiers/{id}/originals", responses=gives(OriginalList))
    async def originals(id: UUID, principal: Annotated[Principal, allowed("original.read")], when: AskedFor) -> Response:
        """List the originals of a dossier: where each is and since when, and who has it or had it last; now, or as it stood."""
        *_, state, _ = await door.dossier(id, principal, when)
        return json_response({"items": told(state)})

    @router.get("/originals", responses=gives(HeldOriginals))
    async def held(principal: Annotated[Principal, allowed("original.read")], after: After = None) -> Response:
        """List the originals that are held or lost, the oldest first, with how their dossiers stand: none stays when a dossier is over."""
        return json_response(await register.originals(principal, after, HELD_MAX))

    _ = (originals, held)
    return router


def add_moves(router: APIRouter, door: Door) -> None:
    """Add what is done with an original."""
    run = door.runtime.commands.run

    async def changed(request: Request, id: UUID, principal: Principal, wanted: Wanted) -> Response:
        return await run(request, principal, lambda command: door.change(id, wanted(command), command), answer)

    @router.post("/dossiers/{id}/originals", responses=gives(OriginalsReceipt))
    async def take(request: Request, id: UUID, body: TakingBody, principal: Annotated[Principal, allowed("original.take")]) -> Response:
        """Take the original of a component, to compare a copy with it."""

        async def work(command: Command) -> DossierOutcome:
            *_, found = await door.dossier(id, principal)
            await door.insist_on_component(found, body.component, "/component")
            taken = commands.TakeOriginal(component=body.component, at=command.meta.time, by=principal.sub)
            return await door.change(id, taken, command)

        return await run(request, principal, work, answer)

    @router.post("/dossiers/{id}/originals/{original}/passing-on", responses=gives(OriginalsReceipt))
    async def pass_on(
        request: Request, id: UUID, original: Number, body: PassingBody, principal: Annotated[Principal, allowed("original.move")]
    ) -> Response:
        """Give an original to somebody else, who answers for it from now on."""
        by = principal.sub
        return await changed(
            request, id, principal, lambda c: commands.PassOriginalOn(original=original, to=body.to, at=c.meta.time, by=by)
        )

    @router.post("/dossiers/{id}/originals/{original}/return", responses=gives(OriginalsReceipt))
    async def give_back(
        request: Request, id: UUID, original: Number, _: EmptyBody, principal: Annotated[Principal, allowed("original.take")]
    ) -> Response:
        """Give an original back to the applicant (Điều 20), also one that was lost and is found."""
        by = principal.sub
        return await changed(request, id, principal, lambda c: commands.GiveOriginalBack(original=original, at=c.meta.time, by=by))

    @router.post("/dossiers/{id}/originals/{original}/loss", responses=gives(OriginalsReceipt))
    async def report_lost(
        request: Request, id: UUID, original: Number, _: EmptyBody, principal: Annotated[Principal, allowed("original.move")]
    ) -> Response:
        """Say that an original cannot be found; the fact names who had it last (Điều 21.2)."""
        by = principal.sub
        return await changed(request, id, principal, lambda c: commands.ReportOriginalLost(original=original, at=c.meta.time, by=by))

    _ = (take, pass_on, give_back, report_lost)


def told(state: states.State) -> list[dict[str, Any]]:
    """Tell every original of a dossier."""
    originals = () if isinstance(state, states.Absent) else state.dossier.originals
    return [
        {"number": one.number, "component": one.component, "state": one.state, "holder": one.holder, "since": one.since}
        for one in originals
    ]


def answer(outcome: DossierOutcome) -> dict[str, Any]:
    """Tell the caller where the originals are now."""
    return {"originals": told(outcome.state)}
