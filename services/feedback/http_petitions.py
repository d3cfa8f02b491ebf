"""Step 1 of 8, http_api: petitions: entered by anybody, a part set apart as one of its own, listed, read, and public once published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, get_args
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from contracts.feedback_petitions import PetitionKind, PetitionTopic
from kernel.edge.answer import encode, json_response
from kernel.edge.body import NFC, Body
from kernel.edge.etag import etag
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for
from kernel.edge.problem import NOT_ALLOWED, Problem, Sentence
from kernel.vault.readings import readings
from services.feedback.domain import petition_commands as asked
from services.feedback.handle_petitions import PROTECTED_ROLE, Entered, Part, PetitionOutcome, Petitions
from services.feedback.petition_limits import load_rules
from services.feedback.projections.petitions import PETITIONS
from services.feedback.query_petitions import PetitionPurpose, PetitionRegister, WantedPetitions, is_overdue_on

TEXT_LENGTH_MAX: Final = 5000
NAME_LENGTH_MAX: Final = 100
ADDRESS_LENGTH_MAX: Final = 300
PHONE_PATTERN: Final = r"^\+?[0-9][0-9 .()-]{6,19}$"
EMAIL_PATTERN: Final = r"^[^@\s]{1,64}@[^@\s]{1,186}$"
CODE_PATTERN: Final = r"^[a-z0-9-]{2,60}$"
WRITTEN_BY_HIMSELF: Final = frozenset({"web", "box"})
"""Channels that need nobody to write them down."""
CLERKS: Final = frozenset({"portal", "desk", "officer"})

PURPOSES: Final[frozenset[str]] = frozenset(get_args(PetitionPurpose))

ACTIONS: Final = {
    "petition.enter": {"public", "portal", "desk", "officer"},
    "petition.list": {"officer", "leader", PROTECTED_ROLE},
    "petition.read": {"officer", "leader", PROTECTED_ROLE},
    "petition.public": {"public"},
    "petition.readings": {"data-protection", PROTECTED_ROLE},
}

CHANNEL_NEEDS_CLERK: Final = Sentence(
    "Kênh này do cán bộ ghi nhận; người dân gửi trực tiếp dùng kênh web hoặc box.",
    "This channel is written down by an officer; whoever writes directly uses the channel web or box.",
)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LENGTH_MAX), NFC]


class Particulars(Body):
    """Who petitions (NĐ 20/2008): without name, address and phone it is an opinion, not a petition."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH_MAX), NFC]
    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ADDRESS_LENGTH_MAX), NFC]
    phone: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE_PATTERN)]
    email: Annotated[str, StringConstraints(strip_whitespace=True, pattern=EMAIL_PATTERN)] | None = None


class PetitionBody(Body):
    """A petition, in Vietnamese, with the particulars that the decree wants."""

    channel: asked.Channel
    party: asked.Party = "individual"
    topic: PetitionTopic
    text: Text
    contact: Particulars


class PartBody(Body):
    """A part of a message that says several things."""

    kind: PetitionKind
    topic: PetitionTopic
    text: Text


def routes(petitions: Petitions, register: PetitionRegister) -> APIRouter:
    """Make the routes of petitions."""
    router = APIRouter(prefix="/v1")
    add_entering(router, petitions)
    add_reading(router, petitions, register)
    add_public(router, register)
    return router


def with_code(answer: Response, code: str) -> Response:
    """Add the code to an answer: it is made anew each time and kept nowhere."""
    body: dict[str, Any] = orjson.loads(bytes(answer.body)) | {"code": code}
    headers = {name: value for name, value in answer.headers.items() if name not in {"content-length", "content-type"}}
    return Response(encode(body), answer.status_code, headers=headers, media_type="application/json")


def add_entering(router: APIRouter, petitions: Petitions) -> None:
    """Add how a petition gets into the register."""
    run = petitions.runtime.commands.run

    async def enter_as(request: Request, principal: Principal, work: Callable[[Command], Awaitable[PetitionOutcome]]) -> Response:
        codes: list[str] = []

        async def working(command: Command) -> PetitionOutcome:
            codes.append(petitions.code(command))
            return await work(command)

        answer = await run(request, principal, working, status=201, location="/v1/petitions/{id}")
        return with_code(answer, codes[-1])

    @router.post("/petitions", status_code=201)
    async def enter(request: Request, body: PetitionBody, principal: Annotated[Principal, allowed("petition.enter")]) -> Response:
        """Enter a petition; `code` in the answer is what the petitioner follows it up with. Without particulars: `/v1/opinions`."""
        by_clerk = not CLERKS.isdisjoint(principal.roles)
        if not by_clerk and body.channel not in WRITTEN_BY_HIMSELF:
            raise Problem(NOT_ALLOWED, detail=CHANNEL_NEEDS_CLERK)
        contact = body.contact.model_dump(exclude_none=True)
        entered = Entered(channel=body.channel, party=body.party, topic=body.topic, text=body.text, contact=contact, by_clerk=by_clerk)
        return await enter_as(request, principal, lambda command: petitions.receive(entered, command))

    @router.post("/petitions/{id}/parts", status_code=201)
    async def part(request: Request, id: UUID, body: PartBody, principal: Annotated[Principal, allowed("petition.work")]) -> Response:
        """Make a part of a message a petition of its own, named for what it is at once; nothing leads from a denunciation back."""
        made = Part(kind=body.kind, topic=body.topic, text=body.text)
        return await enter_as(request, principal, lambda command: petitions.set_apart(id, made, command))

    _ = (enter, part)


def add_reading(router: APIRouter, petitions: Petitions, register: PetitionRegister) -> None:
    """Add what officers read."""
    runtime = petitions.runtime

    @router.get("/petitions")
    async def listed(  # noqa: PLR0913, PLR0917 - as many filters
        request: Request,
        principal: Annotated[Principal, allowed("petition.list")],
        kind: PetitionKind | None = None,
        open: bool | None = None,  # noqa: A002, FBT001 - the caller's word for it
        overdue: Annotated[bool, Query(description="Only what is open and should have been answered.")] = False,  # noqa: FBT002 - a query
        unit: Annotated[str | None, Query(pattern=CODE_PATTERN)] = None,
        dossier: UUID | None = None,
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List petitions without their words, newest first; denunciations to inspectors alone."""
        await wait_for(runtime.log, PETITIONS.name, after)
        page = runtime.pages.open(request, cursor, limit)
        today = is_overdue_on(runtime.commands.clock.now(request))
        wanted = WantedPetitions(
            protected=PROTECTED_ROLE in principal.roles,
            kind=kind,
            open=open,
            unit=unit,
            dossier=dossier,
            overdue_on=today if overdue else None,
        )
        rows = await register.petitions(principal, wanted, page)
        more = await freshness(runtime.log, PETITIONS.name)
        return runtime.pages.answer(request, page, rows, key=lambda row: (row["received_at"], row["id"]), item=lambda row: row, more=more)

    @router.get("/petitions/{id}")
    async def read(
        id: UUID,
        principal: Annotated[Principal, allowed("petition.read")],
        purpose: Annotated[PetitionPurpose, Query(description="Why the words are read: recorded.")],
    ) -> Response:
        """Read a petition with all that was written."""
        await petitions.found(id, principal)
        version, view = await register.petition(id, principal, purpose)
        return json_response(view, headers={"ETag": etag(version)})

    @router.get("/petitions/{id}/readings")
    async def read_by(id: UUID, principal: Annotated[Principal, allowed("petition.readings")]) -> Response:
        """List who has read anything that was written in a petition, when and what for, the latest first; also after it was erased."""
        await petitions.found(id, principal)
        return json_response({"items": await readings(runtime.log, id)})

    @router.get("/petition-rules")
    async def rules(_: Annotated[Principal, allowed("petition.public")]) -> Response:
        """List the limits by the day from which they hold, with the text that each comes from and how sure that is."""
        return json_response({"items": load_rules(runtime.settings.petition_limits).rules})

    _ = (listed, read, read_by, rules)


def add_public(router: APIRouter, register: PetitionRegister) -> None:
    """Add what everybody may read."""
    runtime = register.runtime

    @router.get("/published-petitions")
    async def published(
        request: Request,
        _: Annotated[Principal, allowed("petition.public")],
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List what was published, newest first."""
        await wait_for(runtime.log, PETITIONS.name, after)
        page = runtime.pages.open(request, cursor, limit)
        rows = await register.published(page)
        more = await freshness(runtime.log, PETITIONS.name)
        return runtime.pages.answer(request, page, rows, key=lambda row: (row["published_at"], row["id"]), item=lambda row: row, more=more)

    @router.get("/published-petitions/{id}")
    async def public(id: UUID, _: Annotated[Principal, allowed("petition.public")]) -> Response:
        """Read question and answer as they were published."""
        return json_response(await register.public(id))

    _ = (published, public)
