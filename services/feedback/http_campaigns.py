"""Step 1 of 8, http_api: surveys on paper: leaders order them, clerks hand slips out and take them in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.feedback_campaigns import Sampling, SlipFault
from contracts.feedback_surveys import SurveyCode
from contracts.vocabulary import SurveyClassId
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for
from kernel.edge.problem import INVALID, Fault, Problem, Sentence, refusal
from services.feedback.handle_campaigns import Campaigns, Ordered
from services.feedback.http_signing import Blinded, bytes_of, sign_when, told
from services.feedback.projections import VOICES
from services.feedback.query_campaigns import CampaignRegister

SLIPS_MAX: Final = 2000
FRAME_MAX: Final = 100_000
ISSUED_MAX: Final = 200
"""Slips that are handed out by one command."""
DECISION_LENGTH_MAX: Final = 200
SEED_LENGTH_MAX: Final = 100

CLERKS: Final = frozenset({"desk", "officer"})
ACTIONS: Final = {
    "campaign.order": {"leader"},
    "campaign.work": CLERKS,
    "campaign.read": CLERKS | {"leader"},
}

NUMBER: Final = ("number",)
REFUSALS: Final = (
    refusal("no-such-campaign", "Không tìm thấy đợt khảo sát này.", "There is no such campaign.", status=404),
    refusal("campaign-closed", "Đợt khảo sát này đã kết thúc.", "This campaign is closed."),
    refusal(
        "no-such-slip",
        "Đợt khảo sát này không có phiếu mang số đó.",
        "The campaign has no slip of this number.",
        status=404,
        members=NUMBER,
    ),
    refusal("slip-issued", "Phiếu mang số này đã được phát.", "The slip of this number was handed out before.", members=NUMBER),
    refusal("slip-not-issued", "Phiếu mang số này chưa được phát.", "The slip of this number was not handed out.", members=NUMBER),
    refusal("slip-returned", "Phiếu mang số này đã được thu.", "The slip of this number has come back before.", members=NUMBER),
    refusal("slip-not-returned", "Phiếu mang số này chưa được thu.", "The slip of this number has not come back.", members=NUMBER),
    refusal("slip-judged", "Phiếu mang số này đã được xem xét.", "The slip of this number was judged before.", members=NUMBER),
)
UNKNOWN_SURVEY: Final = Fault("body", "/survey", Sentence("Không có mẫu phiếu này.", "There is no such questionnaire."))
TOO_MANY_SLIPS: Final = Sentence("Một đợt có nhiều nhất {most} phiếu.", "A campaign has at most {most} slips.").filled(most=SLIPS_MAX)
MORE_THAN_PLACES: Final = Sentence("Danh sách không đủ chỗ để chọn.", "The list has not so many places.")
FEWER_THAN_ONE: Final = Sentence("Mỗi lần phát từ 1 đến {most} phiếu.", "From 1 to {most} slips are handed out at once.").filled(
    most=ISSUED_MAX
)

Frame: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=FRAME_MAX, description="How many places the list has.")]
Count: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=SLIPS_MAX)]
Number: TypeAlias = Annotated[int, Field(strict=True, ge=1, description="The number that is printed on the slip.")]


class AllOf(Body):
    """Everybody on the list."""

    method: Literal["all"]
    frame: Frame


class EveryNth(Body):
    """Every n-th place of the list, from one of the first n on."""

    method: Literal["every-nth"]
    frame: Frame
    first: Annotated[int, Field(strict=True, ge=1, le=FRAME_MAX)]
    nth: Annotated[int, Field(strict=True, ge=2, le=FRAME_MAX)]


class Random(Body):
    """So many places by lot. The seed should come from where nobody could choose it, as from a public draw after the list was made."""

    method: Literal["random"]
    frame: Frame
    slips: Count
    seed: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SEED_LENGTH_MAX), NFC]


class LaidOut(Body):
    """Slips that lie there for whoever takes one."""

    method: Literal["laid-out"]
    slips: Count


class CampaignBody(Body):
    """A campaign: by which decision, what is asked, whom, from when."""

    decision: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=DECISION_LENGTH_MAX), NFC]
    survey: SurveyCode
    sampling: Annotated[AllOf | EveryNth | Random | LaidOut, Field(discriminator="method")]
    from_on: date


class IssueBody(Body):
    """Slips that are handed out: from the first to the last number."""

    first: Number
    last: Number


class SlipBody(Body):
    """Which slip."""

    number: Number


class ValidBody(SlipBody):
    """Which slip is valid, and what is to be signed for the answer on it, under the key of the campaign's class."""

    class_id: UUID
    blinded: Blinded


class InvalidBody(SlipBody):
    """Which slip cannot be counted, and why."""

    reason: SlipFault


def slips_of(body: AllOf | EveryNth | Random | LaidOut) -> int:
    """Give how many slips a sample needs.

    Raises:
        Problem: 422, if there are too many, or more than the list has places.
    """
    match body:
        case AllOf(frame=frame):
            count, field = frame, "frame"
        case EveryNth(frame=frame, first=first, nth=nth):
            count, field = len(range(first, frame + 1, nth)), "nth"
            if first > min(nth, frame):
                raise wrong("/sampling/first", MORE_THAN_PLACES)
        case Random(frame=frame, slips=count):
            field = "slips"
            if count > frame:
                raise wrong("/sampling/slips", MORE_THAN_PLACES)
        case LaidOut(slips=count):
            field = "slips"
    if count > SLIPS_MAX:
        pointer = f"/sampling/{field}"
        raise wrong(pointer, TOO_MANY_SLIPS)
    return count


def wrong(pointer: str, sentence: Sentence) -> Problem:
    """Name what is wrong in a body."""
    return Problem(INVALID, faults=[Fault("body", pointer, sentence)])


def routes(campaigns: Campaigns, register: CampaignRegister) -> APIRouter:
    """Make the routes of surveys on paper."""
    router = APIRouter(prefix="/v1")
    add_ordering(router, campaigns)
    add_slips(router, campaigns)
    add_reading(router, register)
    return router


Ordering = Annotated[Principal, allowed("campaign.order")]
Working = Annotated[Principal, allowed("campaign.work")]
Reading = Annotated[Principal, allowed("campaign.read")]


def add_ordering(router: APIRouter, campaigns: Campaigns) -> None:
    """Add what leaders order."""
    run = campaigns.surveys.runtime.commands.run

    @router.post("/campaigns", status_code=201)
    async def begin(request: Request, body: CampaignBody, principal: Ordering) -> Response:
        """Begin a survey on paper; its slips have the numbers from 1 on, and which places of the list get them is told."""
        if body.survey not in campaigns.surveys.surveys:
            raise Problem(INVALID, faults=[UNKNOWN_SURVEY])
        ordered = Ordered(
            decision=body.decision,
            survey=body.survey,
            sampling=Sampling.model_validate(body.sampling.model_dump()),
            slips=slips_of(body.sampling),
            from_on=body.from_on,
        )
        where = "/v1/campaigns/{id}"
        return await run(request, principal, lambda command: campaigns.open(ordered, command), status=201, location=where)

    @router.post("/campaigns/{id}/close")
    async def close(request: Request, id: UUID, _: EmptyBody, principal: Ordering) -> Response:
        """End a campaign: no slip is handed out any more or taken back."""
        return await run(request, principal, lambda command: campaigns.close(id, command))

    _ = (begin, close)


def add_slips(router: APIRouter, campaigns: Campaigns) -> None:
    """Add what is done with slips. Which answer was on which is told to nobody: the answer goes to `/v1/answers`, with no number."""
    run = campaigns.surveys.runtime.commands.run

    @router.post("/campaigns/{id}/issues")
    async def issue(request: Request, id: UUID, body: IssueBody, principal: Working) -> Response:
        """Hand slips out: all of these numbers, or none."""
        if not 0 <= body.last - body.first < ISSUED_MAX:
            raise wrong("/last", FEWER_THAN_ONE)
        return await run(request, principal, lambda command: campaigns.issue(id, range(body.first, body.last + 1), command))

    @router.post("/campaigns/{id}/returns")
    async def take_back(request: Request, id: UUID, body: SlipBody, principal: Working) -> Response:
        """Take a slip back, whatever is on it."""
        return await run(request, principal, lambda command: campaigns.take_back(id, body.number, command))

    @router.post("/campaigns/{id}/class")
    async def ask(request: Request, id: UUID, _: EmptyBody, principal: Working) -> Response:
        """Ask which class the answers on slips are in, and for the key to blind a token for."""
        return await run(request, principal, lambda command: campaigns.open_class(id, command), told)

    @router.post("/campaigns/{id}/validations")
    async def validate(request: Request, id: UUID, body: ValidBody, principal: Working) -> Response:
        """Find a slip valid, once: a blinded token is signed for the answer on it. The same one again is signed again."""
        what = SurveyClassId(body.class_id), bytes_of(body.blinded)
        surveys = campaigns.surveys
        return await sign_when(request, principal, surveys, what, lambda command: campaigns.validate(id, body.number, what, command))

    @router.post("/campaigns/{id}/invalidations")
    async def invalidate(request: Request, id: UUID, body: InvalidBody, principal: Working) -> Response:
        """Find that a slip cannot be counted; it came back all the same."""
        return await run(request, principal, lambda command: campaigns.invalidate(id, body.number, body.reason, command))

    _ = (issue, take_back, ask, validate, invalidate)


def add_reading(router: APIRouter, register: CampaignRegister) -> None:
    """Add what is read."""
    runtime = register.runtime

    @router.get("/campaigns")
    async def campaigns(request: Request, principal: Reading, after: After = None, cursor: Cursor = None, limit: Limit = LIMIT) -> Response:
        """List campaigns, newest first: slips handed out, come back, valid and not, with the rate of response."""
        await wait_for(runtime.log, VOICES.name, after)
        page = runtime.pages.open(request, cursor, limit)
        rows = await register.campaigns(principal, page)
        more = await freshness(runtime.log, VOICES.name)
        return runtime.pages.answer(request, page, rows, key=lambda row: (row["opened_at"], row["id"]), item=lambda row: row, more=more)

    @router.get("/campaigns/{id}")
    async def campaign(id: UUID, principal: Reading, after: After = None) -> Response:
        """Give one campaign: the places of the list that its slips go to, and the events behind each count."""
        await wait_for(runtime.log, VOICES.name, after)
        return json_response({**await register.campaign(id, principal), **await freshness(runtime.log, VOICES.name)})

    @router.get("/slip-figures")
    async def figures(
        principal: Reading,
        from_on: Annotated[date, Query(alias="from", description="First local day.")],
        to_on: Annotated[date, Query(alias="to", description="Last local day, included.")],
        after: After = None,
    ) -> Response:
        """Count what became of the slips that were handed out in a period; each figure names the events that it is the number of."""
        await wait_for(runtime.log, VOICES.name, after)
        items = await register.figures(principal, from_on, to_on)
        return json_response({"from": from_on, "to": to_on, "items": items, **await freshness(runtime.log, VOICES.name)})

    _ = (campaigns, campaign, figures)
