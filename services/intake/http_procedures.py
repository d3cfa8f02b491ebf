"""Step 1 of 8, http_api: the public catalogue, its versions, and what differs between two of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.intake import ProcedurePublished
from kernel.edge.answer import json_response
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.legalclock import day_of
from services.intake.answers_public import Differences, LegalDocumentList, ProcedureList, ProcedureTold, VersionList
from services.intake.catalogue import as_published
from services.intake.domain.versions import changes
from services.intake.handle import Door
from services.intake.handle_catalogue import versions
from services.intake.legal_watch import SOON_DAYS, LegalWatch

ACTIONS: Final[dict[str, set[str]]] = {
    "procedure.read": {"public"},
}

HASH_PATTERN: Final = r"^[0-9a-f]{64}$"


def routes(door: Door) -> APIRouter:
    """Make the routes of the public catalogue."""
    router = APIRouter(prefix="/v1")
    add_versions(router, door)
    add_legal_documents(router, door)

    @router.get("/procedures", dependencies=[allowed("procedure.read")], responses=gives(ProcedureList))
    async def procedures() -> Response:
        """List the procedures that the department offers."""
        wanted = ("code", "name", "field", "field_name", "limit", "result")
        items = [{name: p.content[name] for name in wanted} | {"content_hash": p.content_hash} for p in door.catalogue.procedures.values()]
        return json_response({"agency": door.catalogue.agency, "items": items})

    @router.get("/procedures/{code}", dependencies=[allowed("procedure.read")], responses=gives(ProcedureTold))
    async def procedure(code: str) -> Response:
        """Give one procedure: its limit, fees, components and legal basis."""
        if (found := door.catalogue.procedures.get(code)) is None:
            raise Problem(NOT_FOUND)
        return json_response({**found.content, "content_hash": found.content_hash}, headers={"ETag": f'"{found.content_hash}"'})

    _ = (procedures, procedure)
    return router


def add_versions(router: APIRouter, door: Door) -> None:
    """Add what was in force before."""

    async def published(code: str) -> list[ProcedurePublished]:
        if not (found := await versions(door.runtime.log, code)):
            raise Problem(NOT_FOUND)
        return found

    @router.get("/procedures/{code}/versions", dependencies=[allowed("procedure.read")], responses=gives(VersionList))
    async def listed(code: str) -> Response:
        """List the versions of a procedure, the oldest first, each with the decision that it came by where there was one."""
        return json_response({"code": code, "items": [said(fact) for fact in await published(code)]})

    @router.get("/procedures/{code}/differences", dependencies=[allowed("procedure.read")], responses=gives(Differences))
    async def differences(
        code: str,
        older: Annotated[str | None, Query(alias="from", pattern=HASH_PATTERN, description="Content hash; the version before.")] = None,
        newer: Annotated[str | None, Query(alias="to", pattern=HASH_PATTERN, description="Content hash; the version in force.")] = None,
    ) -> Response:
        """Tell field by field what a version says otherwise than another; unless asked otherwise, the one in force than the one before."""
        facts = await published(code)
        last = len(facts) - 1 if newer is None else place(facts, newer, "/to")
        first = max(last - 1, 0) if older is None else place(facts, older, "/from")
        found = changes(as_published(facts[first]).content, as_published(facts[last]).content)
        return json_response(
            {"code": code, "from": said(facts[first]), "to": said(facts[last]), "changes": [change.told() for change in found]}
        )

    _ = (listed, differences)


def add_legal_documents(router: APIRouter, door: Door) -> None:
    """Add what procedures rest on in law."""
    watch = LegalWatch(door.catalogue)

    @router.get("/legal-documents", dependencies=[allowed("procedure.read")], responses=gives(LegalDocumentList))
    async def legal_documents(
        request: Request,
        on: Annotated[date | None, Query(description="A local day; today unless given.")] = None,
        soon_days: Annotated[int, Query(ge=0, le=3660, description="How many days before its last a document ends soon.")] = SOON_DAYS,
        standing: Annotated[Literal["not-yet", "in-force", "ends-soon", "ended", "unknown"] | None, Query()] = None,
    ) -> Response:
        """List the legal documents of the register and those that procedures cite: from when until when, and what rests on each."""
        day = on or day_of(door.runtime.commands.clock.now(request))
        items = [item for item in watch.standing(day, soon_days) if standing in {None, item["standing"]}]
        return json_response({"on": day, "items": items})

    _ = legal_documents


def said(fact: ProcedurePublished) -> dict[str, Any]:
    """Name a version."""
    return {"content_hash": fact.content_hash, "published_at": fact.published_at, "decision": fact.decision}


def place(facts: list[ProcedurePublished], content_hash: str, pointer: str) -> int:
    """Find a version, the last time that it came into force.

    Raises:
        Problem: 422, naming the parameter, if it never was.
    """
    places = [n for n, fact in enumerate(facts) if fact.content_hash == content_hash]
    if not places:
        raise Problem(INVALID, faults=[Fault("query", pointer, _NO_VERSION)])
    return places[-1]


_NO_VERSION = Sentence("Thủ tục này không có phiên bản như vậy.", "The procedure has no such version.")
