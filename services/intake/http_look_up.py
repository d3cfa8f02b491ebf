"""Step 1 of 8, http_api: what the applicant can learn: by code and secret, as a timeline, and which notices went out."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from contracts.intake import DossierSubmitted
from kernel.edge.answer import json_response
from kernel.edge.caller import caller_of
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import Position
from services.intake.answers_public import Degree, NoticeList, SecretTold, Timeline
from services.intake.feed import seen
from services.intake.handle import Door
from services.intake.http_fields import AskedFor
from services.intake.look_up import SECRET_PATTERN, LookUp, secret_of
from services.intake.named import Names
from services.intake.outgoing import QUERY
from services.intake.timeline import say

ACTIONS: Final = {
    "dossier.look-up": {"public"},
    "dossier.follow": {"portal", "desk", "officer", "leader"},
    "dossier.look-up-secret": {"portal", "desk"},
    "dossier.notices": {"desk", "leader"},
}
CODE_PATTERN: Final = r"^[A-Z0-9.]{3,35}-\d{6}-\d{4,6}$"

A_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {429: {"$ref": "#/components/responses/Problem"}}


def routes(door: Door, look_up: LookUp, names: Names) -> APIRouter:
    """Make the applicant's routes."""
    router = APIRouter(prefix="/v1")
    runtime = door.runtime

    @router.get(
        "/look-up", dependencies=[allowed("dossier.look-up")], responses={**gives(Degree), 429: {"$ref": "#/components/responses/Problem"}}
    )
    async def by_code(
        request: Request,
        code: Annotated[str, Query(pattern=CODE_PATTERN, examples=["H09.13-260302-0001"])],
        look_up_secret: Annotated[str, Header(pattern=SECRET_PATTERN, description="The secret on the receipt.", examples=["0123456789"])],
    ) -> Response:
        """Tell anybody who has code and secret how far the dossier is, and no more (TT 01/2018, Điều 16.2.d).

        A wrong secret and a code that there is not are answered alike (404). After too many tries: 429 with Retry-After.
        """
        return json_response(await look_up.degree(code, look_up_secret, caller_of(request, runtime.settings.trusted_proxies)))

    @router.get("/dossiers/{id}/timeline", responses=gives(Timeline))
    async def timeline(request: Request, id: UUID, principal: Annotated[Principal, allowed("dossier.follow")], when: AskedFor) -> Response:
        """Tell the applicant's story of a dossier in plain words, Vietnamese and English: only what is public of it."""
        await door.dossier(id, principal, when)
        history = when.of(await runtime.log.load(id))
        version, events = history.version, history.events
        submitted = events[0].fact
        called = await names.components(submitted.procedure, submitted.procedure_hash) if isinstance(submitted, DossierSubmitted) else {}
        items: list[dict[str, Any]] = []
        for event in events:
            if (public := seen(event)) is not None:
                words = say(public, called)
                cursor = str(Position(event.source, event.pos))
                items.append({"cursor": cursor, "kind": public.kind, "at": public.at, "words": words.vi, "words_en": words.en})
        return versioned(request, version, {"id": id, "version": version, "items": items})

    @router.get("/dossiers/{id}/look-up-secret", responses=gives(SecretTold))
    async def secret(id: UUID, principal: Annotated[Principal, allowed("dossier.look-up-secret")]) -> Response:
        """Give the secret that is printed on the receipt beside the code."""
        *_, found = await door.dossier(id, principal)
        return json_response({"id": id, "code": found.code, "secret": secret_of(look_up.secret, id)})

    @router.get("/dossiers/{id}/notices", responses=gives(NoticeList))
    async def notices(id: UUID, principal: Annotated[Principal, allowed("dossier.notices")]) -> Response:
        """Tell which notices about a dossier went out, by which channel, and what became of each; to whom stays in the vault."""
        await door.dossier(id, principal)
        rows = await runtime.log.pool.fetch(QUERY["of_stream"], id, "notice/")
        return json_response(
            {
                "items": [
                    {
                        "channel": row["receiver"].partition("/")[2],
                        "cursor": str(Position(row["source"], row["pos"])),
                        **{name: row[name] for name in ("state", "attempts", "error", "at")},
                    }
                    for row in rows
                ]
            }
        )

    _ = (by_code, timeline, secret, notices)
    return router
