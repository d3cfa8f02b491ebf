"""Step 1 of 8, http_api: what officers do with a petition: they sort it, give it to somebody, answer it, and make the answer public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.feedback_petitions import PetitionKind, PetitionTopic
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import refusal
from services.feedback.domain import petition_commands as asked
from services.feedback.handle_petitions import PROTECTED_ROLE, Petitions, Wanted, step_of
from services.feedback.handle_watch import Watch
from services.feedback.http_petitions import CODE_PATTERN, Text

ANSWER_LENGTH_MAX: Final = 10_000
PARTNERS_MAX: Final = 10

ACTIONS: Final = {
    "petition.work": {"officer", PROTECTED_ROLE},
    "petition.extend": {"leader", PROTECTED_ROLE},
    "petition.alarm": {"admin", "leader"},
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

LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ANSWER_LENGTH_MAX), NFC]
Partner = Annotated[str, Field(pattern=CODE_PATTERN, examples=["so-y-te"])]
Partners = Annotated[tuple[Partner, ...], Field(max_length=PARTNERS_MAX)]
Unit = Annotated[str, Field(pattern=CODE_PATTERN, examples=["van-phong"])]
Working = Annotated[Principal, allowed("petition.work")]


class ClassificationBody(Body):
    """What it is, and what it is about; a denunciation is never linked."""

    kind: PetitionKind
    topic: PetitionTopic
    dossier: UUID | None = None
    engagement: UUID | None = None


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


def routes(petitions: Petitions, watch: Watch) -> APIRouter:
    """Make the routes of those who work on petitions."""
    router = APIRouter(prefix="/v1")
    add_sorting(router, petitions)
    add_answering(router, petitions)
    clock = petitions.runtime.commands.clock

    @router.post("/petition-alarms", dependencies=[allowed("petition.alarm")])
    async def alarms(request: Request, _: EmptyBody) -> Response:
        """Say which limits are near or have run out; asked twice, the second time says nothing. The worker asks by itself every minute."""
        return json_response({"raised": await watch.ring(clock.now(request))})

    _ = alarms
    return router


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
