"""Step 1 of 8, http_api: petitions: entered by anybody, sorted, assigned, answered and published by officers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Protocol, get_args
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
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
from kernel.edge.problem import NOT_ALLOWED, Problem, Sentence, refusal
from services.feedback.domain import petition_commands as asked
from services.feedback.handle_petitions import PROTECTED_ROLE, Entered, Part, PetitionOutcome, Petitions, Wanted, step_of
from services.feedback.petition_limits import load_rules
from services.feedback.projections.petitions import PETITIONS
from services.feedback.query_petitions import PetitionPurpose, PetitionRegister, WantedPetitions, is_overdue_on

TEXT_LENGTH_MAX: Final = 5000
ANSWER_LENGTH_MAX: Final = 10_000
NAME_LENGTH_MAX: Final = 100
ADDRESS_LENGTH_MAX: Final = 300
PARTNERS_MAX: Final = 10
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
    "petition.work": {"officer", PROTECTED_ROLE},
    "petition.extend": {"leader", PROTECTED_ROLE},
    "petition.public": {"public"},
}

REFUSALS: Final = (
    refusal("no-such-petition", "Không tìm thấy phản ánh, kiến nghị này.", "There is no such petition.", status=404),
    refusal("petition-closed", "Phản ánh, kiến nghị này đã kết thúc.", "This petition has ended."),
    refusal("petition-answered", "Phản ánh, kiến nghị này đã được trả lời.", "This petition has been answered."),
    refusal("petition-open", "Phản ánh, kiến nghị này chưa được trả lời.", "This petition has not been answered yet."),
    refusal("not-classified", "Phải phân loại trước.", "It has to be classified first."),
    refusal("no-lead-unit", "Chưa giao đơn vị chủ trì.", "No unit leads yet."),
    refusal(
        "kind-stands",
        "Nội dung mở lại giữ nguyên loại đã xác định.",
        "What was opened again stays what it was called before.",
    ),
    refusal(
        "already-linked",
        "Đơn đã gắn với hồ sơ, buổi làm việc hoặc đơn khác; hãy tách phần tố cáo thành đơn riêng.",
        "It is linked to a dossier, a meeting or another petition; set the denunciation apart as a part of its own.",
    ),
    refusal(
        "never-linked",
        "Tố cáo không được gắn với bất kỳ hồ sơ hay buổi làm việc nào.",
        "A denunciation is never linked to a dossier or a meeting.",
    ),
    refusal("extended-already", "Đã gia hạn một lần.", "It has been extended once."),
    refusal("limit-run-out", "Thời hạn đã hết, không thể gia hạn.", "The limit has run out and cannot be extended."),
    refusal("judged-already", "Nội dung trả lời này đã được đánh giá.", "This answer has been judged."),
    refusal(
        "not-dissatisfied",
        "Chỉ mở lại được sau khi đánh giá là không hài lòng.",
        "It can be opened again only after it was judged as not satisfying.",
    ),
    refusal("window-closed", "Đã hết thời gian mở lại.", "The time to open it again is over."),
    refusal("reopened-too-often", "Đã mở lại đủ số lần cho phép.", "It has been opened again as often as may be."),
    refusal("not-to-be-published", "Loại đơn này không được công khai.", "What this is may not be published."),
    refusal("published-already", "Đã công khai.", "It has been published."),
    refusal("not-a-duplicate", "Hai đơn này không gộp được.", "These two cannot be merged."),
    refusal(
        "duplicate-due-sooner",
        "Đơn nhận gộp có hạn trả lời muộn hơn; hãy gộp theo chiều ngược lại.",
        "The one that would remain is due later; merge them the other way round.",
    ),
    refusal("outside-calendar", "Chưa có lịch làm việc cho thời gian này.", "There is no calendar of working days for that time."),
)

CHANNEL_NEEDS_CLERK: Final = Sentence(
    "Kênh này do cán bộ ghi nhận; người dân gửi trực tiếp dùng kênh web hoặc box.",
    "This channel is written down by an officer; whoever writes directly uses the channel web or box.",
)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LENGTH_MAX), NFC]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ANSWER_LENGTH_MAX), NFC]
Partner = Annotated[str, Field(pattern=CODE_PATTERN, examples=["so-y-te"])]
Partners = Annotated[tuple[Partner, ...], Field(max_length=PARTNERS_MAX)]
Unit = Annotated[str, Field(pattern=CODE_PATTERN, examples=["van-phong"])]


Working = Annotated[Principal, allowed("petition.work")]


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


class ClassificationBody(Body):
    """What it is, and what it is about; a denunciation is never linked."""

    kind: PetitionKind
    topic: PetitionTopic
    dossier: UUID | None = None
    engagement: UUID | None = None


class PartBody(Body):
    """A part of a message that says several things."""

    kind: PetitionKind
    topic: PetitionTopic
    text: Text


class RefusalBody(Body):
    """Why it is not receivable; the petitioner reads `text`."""

    reason: asked.RefusalReason
    text: LongText


class ForwardingBody(Body):
    """The agency that is competent."""

    partner: Partner


class AssignmentBody(Body):
    """Who leads, and who coordinates."""

    unit: Unit
    partners: Partners = ()


class ExtensionBody(Body):
    """Why more time is needed; the petitioner reads `text`."""

    reason: asked.ExtensionReason
    text: LongText


class WordsBody(Body):
    """What is written."""

    text: LongText


class PublicationBody(Body):
    """Question and answer in words that name nobody; whoever publishes has made sure of that."""

    question: Text
    answer: LongText


class MergerBody(Body):
    """The petition that it is answered with."""

    into: UUID


def routes(petitions: Petitions, register: PetitionRegister) -> APIRouter:
    """Make the routes of petitions."""
    router = APIRouter(prefix="/v1")
    add_entering(router, petitions)
    add_reading(router, petitions, register)
    add_sorting(router, petitions)
    add_answering(router, petitions)
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

    @router.get("/petition-rules")
    async def rules(_: Annotated[Principal, allowed("petition.public")]) -> Response:
        """List the limits by the day from which they hold, with the text that each comes from and how sure that is."""
        return json_response({"items": load_rules(runtime.settings.petition_limits).rules})

    _ = (listed, read, rules)


class Step(Protocol):
    """Carries a step of an officer out."""

    async def __call__(
        self, request: Request, id: UUID, principal: Principal, wanted: Wanted, words: Mapping[str, Any] | None = None
    ) -> Response:
        """Answer with id, version and position."""
        ...


def stepping(petitions: Petitions) -> Step:
    """Give what the routes of officers end with."""

    async def step(request: Request, id: UUID, principal: Principal, wanted: Wanted, words: Mapping[str, Any] | None = None) -> Response:
        return await petitions.runtime.commands.run(request, principal, lambda command: petitions.step(id, wanted, command, words))

    return step


def add_sorting(router: APIRouter, petitions: Petitions) -> None:
    """Add what is done before anybody answers."""
    step = stepping(petitions)

    @router.post("/petitions/{id}/classification")
    async def classify(request: Request, id: UUID, body: ClassificationBody, principal: Working) -> Response:
        """Say what it is; it may be said again, until it is answered."""
        links = {"dossier_id": body.dossier, "engagement_id": body.engagement}
        wanted = step_of(asked.Classify, "at", "by", "officer", kind=body.kind, topic=body.topic, **links)
        return await step(request, id, principal, wanted)

    @router.post("/petitions/{id}/refusal")
    async def refuse(request: Request, id: UUID, body: RefusalBody, principal: Working) -> Response:
        """Find it not receivable, and say why."""
        wanted = step_of(asked.Refuse, "at", "words", "officer", reason=body.reason)
        return await step(request, id, principal, wanted, {"text": body.text})

    @router.post("/petitions/{id}/forwarding")
    async def forward(request: Request, id: UUID, body: ForwardingBody, principal: Working) -> Response:
        """Hand it to the agency that is competent."""
        return await step(request, id, principal, step_of(asked.Forward, "at", "by", "officer", partner=body.partner))

    @router.post("/petitions/{id}/merger")
    async def merge(request: Request, id: UUID, body: MergerBody, principal: Working) -> Response:
        """Let it be answered with another one that says the same; both petitioners see it."""
        return await petitions.runtime.commands.run(request, principal, lambda command: petitions.merge(id, body.into, command))

    @router.post("/petitions/{id}/assignment")
    async def assign(request: Request, id: UUID, body: AssignmentBody, principal: Working) -> Response:
        """Let a unit lead and other agencies coordinate; limits run on."""
        return await step(request, id, principal, step_of(asked.Assign, "at", "officer", unit=body.unit, partners=body.partners))

    _ = (classify, refuse, forward, merge, assign)


def add_answering(router: APIRouter, petitions: Petitions) -> None:
    """Add what is written to the petitioner, and to everybody."""
    step = stepping(petitions)

    @router.post("/petitions/{id}/extension")
    async def extend(
        request: Request, id: UUID, body: ExtensionBody, principal: Annotated[Principal, allowed("petition.extend")]
    ) -> Response:
        """Take the longer limit of the law, once, before the first has run out."""
        wanted = step_of(asked.Extend, "at", "words", "by", "officer", reason=body.reason)
        return await step(request, id, principal, wanted, {"text": body.text})

    @router.post("/petitions/{id}/answer")
    async def answer(request: Request, id: UUID, body: WordsBody, principal: Working) -> Response:
        """Answer it."""
        return await step(request, id, principal, step_of(asked.Answer, "at", "words", "by", "officer"), {"text": body.text})

    @router.post("/petitions/{id}/publication")
    async def publish(request: Request, id: UUID, body: PublicationBody, principal: Working) -> Response:
        """Make question and answer public, in words that name nobody."""
        words = {"question": body.question, "answer": body.answer}
        return await step(request, id, principal, step_of(asked.Publish, "at", "words", "officer"), words)

    @router.post("/petitions/{id}/messages")
    async def write(request: Request, id: UUID, body: WordsBody, principal: Working) -> Response:
        """Write to the petitioner; he reads it with his code."""
        return await step(request, id, principal, step_of(asked.Write, "at", "words", direction="to-petitioner"), {"text": body.text})

    _ = (extend, answer, publish, write)


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
