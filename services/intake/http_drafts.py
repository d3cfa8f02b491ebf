"""Step 1 of 8, http_api: a submission that is begun today and handed in tomorrow. A draft is its owner's alone, and stands in no fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.etag import etag, expected_version, versioned
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.openapi import Answer, gives
from kernel.edge.policy import allowed
from kernel.edge.problem import INVALID, Fault, Problem
from kernel.edge.validation import faults_of
from services.intake.answers import DossierReceipt
from services.intake.handle import DossierOutcome, Submission
from services.intake.handle_drafts import Draft, Drafts
from services.intake.http_fields import ADDRESS_MAX, COMPONENTS_MAX, FAULTS, NAME_MAX, answer, plain
from services.intake.http_submission import SubmissionBody, submission_of
from services.intake.http_webhooks import key_of

ACTIONS: Final[dict[str, set[str]]] = {
    "draft.keep": {"portal", "desk"},
    "draft.submit": {"portal", "desk"},
}

CODE_MAX: Final = 80

Written = Annotated[str, StringConstraints(max_length=NAME_MAX), NFC, AfterValidator(plain)]
WrittenAddress = Annotated[str, StringConstraints(max_length=ADDRESS_MAX), NFC, AfterValidator(plain)]
WrittenCode = Annotated[str, StringConstraints(max_length=CODE_MAX), NFC, AfterValidator(plain)]


class DraftApplicant(Body):
    """What is known of who applies so far; a number may be half typed."""

    kind: WrittenCode | None = None
    name: Written | None = None
    identity_number: WrittenCode | None = None
    tax_code: WrittenCode | None = None
    phone: WrittenCode | None = None
    email: Written | None = None
    address: WrittenAddress | None = None


class DraftRepresentative(Body):
    """What is known of who hands in for the applicant."""

    name: Written | None = None
    identity_number: WrittenCode | None = None
    phone: WrittenCode | None = None
    address: WrittenAddress | None = None
    authority: WrittenCode | None = None
    paper: Written | None = None


class DraftBody(Body):
    """A submission as far as it has been written: the fields of one, each with its bound, and none of them needed."""

    procedure: WrittenCode | None = None
    channel: WrittenCode | None = None
    applicant: DraftApplicant | None = None
    representative: DraftRepresentative | None = None
    components: Annotated[tuple[WrittenCode, ...], Field(max_length=COMPONENTS_MAX)] | None = None
    arrived_at: WrittenCode | None = None


class FaultTold(Answer):
    """One thing that is not right yet; `pointer` is inside the draft."""

    place: Annotated[str, Field(alias="in")]
    pointer: str
    detail: str
    detail_en: str


class DraftItem(Answer):
    """A draft. It is deleted at `expires_at` unless it is saved before."""

    id: UUID
    version: int
    procedure: str | None
    saved_at: datetime
    expires_at: datetime


class DraftSaved(DraftItem):
    """A draft, and what it lacks: `faults` keep it from being handed in, for `missing` components a supplement will be asked for."""

    faults: list[FaultTold]
    missing: list[str]


class DraftTold(DraftSaved):
    """A draft with what it holds."""

    content: dict[str, Any]


class DraftList(Answer):
    """Somebody's own drafts, the last saved first."""

    items: list[DraftItem]


def routes(drafts: Drafts) -> APIRouter:
    """Make the routes of drafts."""
    router = APIRouter(prefix="/v1")
    add_keeping(router, drafts)
    add_submission(router, drafts)
    return router


def add_keeping(router: APIRouter, drafts: Drafts) -> None:
    """Add saving, resuming and deleting."""
    now = drafts.runtime.commands.clock.now

    @router.post("/drafts", status_code=201, responses=gives(DraftSaved, 201))
    async def begin(request: Request, body: DraftBody, principal: Annotated[Principal, allowed("draft.keep")]) -> Response:
        """Begin a draft. Whatever is written is kept, as far as it is a field of a submission and within its bounds."""
        draft = await drafts.begin(body.model_dump(exclude_none=True), key_of(request.headers), principal)
        return json_response(saved(drafts, draft, now(request)), 201, {"ETag": etag(draft.version), "Location": f"/v1/drafts/{draft.id}"})

    @router.get("/drafts", responses=gives(DraftList))
    async def own(principal: Annotated[Principal, allowed("draft.keep")]) -> Response:
        """List one's own drafts, without what they hold."""
        return json_response({"items": [item(draft) for draft in await drafts.all_of(principal)]})

    @router.get("/drafts/{id}", responses=gives(DraftTold))
    async def resume(request: Request, id: UUID, principal: Annotated[Principal, allowed("draft.keep")]) -> Response:
        """Give a draft back, with what it lacks before it can be handed in."""
        draft = await drafts.one(id, principal)
        return versioned(request, draft.version, saved(drafts, draft, now(request)) | {"content": draft.content})

    @router.put("/drafts/{id}", responses=gives(DraftSaved))
    async def save(request: Request, id: UUID, body: DraftBody, principal: Annotated[Principal, allowed("draft.keep")]) -> Response:
        """Replace all that a draft holds. Needs If-Match: nobody writes over what he has not seen."""
        drafts.insist_on_agency(principal)
        expected = expected_version(request, required=True)
        draft = await drafts.save(id, body.model_dump(exclude_none=True), expected, key_of(request.headers), principal)
        return json_response(saved(drafts, draft, now(request)), headers={"ETag": etag(draft.version)})

    @router.delete("/drafts/{id}", status_code=204)
    async def remove(request: Request, id: UUID, principal: Annotated[Principal, allowed("draft.keep")]) -> Response:
        """Delete a draft. Where there is none of the caller's, the answer is the same."""
        key_of(request.headers)
        await drafts.remove(id, expected_version(request), principal)
        return Response(status_code=204)

    _ = (begin, own, resume, save, remove)


def add_submission(router: APIRouter, drafts: Drafts) -> None:
    """Add handing in."""
    run = drafts.runtime.commands.run

    @router.post("/drafts/{id}/submission", status_code=201, responses=gives(DossierReceipt, 201))
    async def submit(request: Request, id: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("draft.submit")]) -> Response:
        """Hand in what a draft holds, as `POST /v1/dossiers` does (NĐ 61/2018, Điều 16); the draft is gone with that."""

        async def hand_in(command: Command) -> DossierOutcome:
            draft = await drafts.one(id, principal)
            submission, faults = read(draft.content)
            if submission is None:
                raise Problem(INVALID, faults=faults)
            return await drafts.hand_in(id, submission, draft, command)

        return await run(request, principal, hand_in, answer, status=201, location="/v1/dossiers/{id}")

    _ = submit


def item(draft: Draft) -> dict[str, Any]:
    """Say what a list tells of a draft."""
    return {name: getattr(draft, name) for name in ("id", "version", "procedure", "saved_at", "expires_at")}


def saved(drafts: Drafts, draft: Draft, at: datetime) -> dict[str, Any]:
    """Say what is told of a draft, with what it lacks."""
    submission, faults = read(draft.content)
    if submission is not None:
        try:
            drafts.door.check(submission, at)
        except Problem as problem:
            faults = list(problem.faults)
    entry = drafts.door.catalogue.procedures.get(draft.procedure) if draft.procedure else None
    missing = sorted(entry.required.difference(draft.content.get("components", ()))) if entry else []
    return item(draft) | {"faults": [fault.as_dict() for fault in faults], "missing": missing}


def read(content: Mapping[str, Any]) -> tuple[Submission | None, list[Fault]]:
    """Read a draft as a submission, or say why it is none yet: by the same rules as if it were handed in."""
    try:
        return submission_of(SubmissionBody.model_validate(content)), []
    except ValidationError as error:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        return None, faults_of(errors, content, FAULTS)
