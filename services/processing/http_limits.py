"""Step 1 of 8, http_api: a limit that is made longer by law, and limits that a changed calendar or a decision moves."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from contracts.processing_clock import ExclusionCause
from contracts.vocabulary import LatenessReason, ProcedureCode
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.problem import INVALID, Fault, Problem, Sentence, refusal
from services.processing.answers import CaseReceipt
from services.processing.answers_running import LengthenedCases, RestatedCases
from services.processing.handle import Department
from services.processing.handle_running import LeftOut, Running
from services.processing.http_fields import LegalBasis, example
from services.processing.http_standing import answer

EXTENSION_MAX: Final = 1000
"""No law gives more, in whatever unit."""

ACTIONS: Final = {
    "case.prolong": {"officer", "leader"},
    "calendar.restate": {"admin"},
    "time.exclude": {"leader"},
}

REFUSALS: Final = (
    refusal("already-prolonged", "Thời hạn chỉ được gia hạn một lần.", "A limit is made longer once at most."),
    refusal(
        "no-such-extension",
        "Pháp luật về thủ tục này không cho gia hạn, hoặc không cho gia hạn nhiều như vậy.",
        "The law of this procedure does not let its limit be made longer, or not by so much.",
        members=("legal", "allowed"),
    ),
    refusal(
        "too-late-to-prolong",
        "Chậm nhất một ngày trước khi hết hạn mới được gia hạn.",
        "A limit is made longer a day before it ends at the latest.",
    ),
)


NOT_AFTER: Final = Fault("body", "/until", Sentence("Phải sau thời điểm bắt đầu.", "This must be after the beginning."))
NOT_PAST: Final = Fault(
    "body",
    "/until",
    Sentence("Chỉ loại trừ thời gian đã qua; phần còn lại quyết định sau.", "Only time that has passed is left out; the rest later on."),
)


class ExtensionBody(Body):
    """By how much of the limit's own unit it is made longer, the law that lets it, and why it is needed."""

    model_config = example(
        amount=10,
        legal_basis="Nghị định 55/2024/NĐ-CP, Điều 10",
        reason="complicated",
    )

    amount: Annotated[int, Field(ge=1, le=EXTENSION_MAX)]
    legal_basis: LegalBasis
    reason: LatenessReason


class RestatementBody(Body):
    """The watermark of a dry run: only cases that have not gone on since are restated. Without it, this is the dry run."""

    model_config = example(
        watermark=1,
    )

    watermark: Annotated[int | None, Field(ge=1)] = None


class ExclusionBody(Body):
    """A decision by which time does not count, why, from when until when, and for which procedures (none named: for all).

    Without the watermark of a dry run, this is the dry run.
    """

    model_config = example(
        decision="Quyết định 45/QĐ-SCT ngày 02/03/2026",
        cause="outage",
        since="2026-02-26T07:30:00+07:00",
        until="2026-02-27T17:00:00+07:00",
        procedures=["2.001624"],
    )

    decision: LegalBasis
    cause: ExclusionCause
    since: AwareDatetime
    until: AwareDatetime
    procedures: Annotated[tuple[ProcedureCode, ...], Field(max_length=200)] = ()
    watermark: Annotated[int | None, Field(ge=1)] = None


def routes(department: Department) -> APIRouter:
    """Make the routes of limits that move."""
    router = APIRouter(prefix="/v1")
    runtime = department.runtime

    @router.post("/cases/{id}/extension", responses=gives(CaseReceipt))
    async def prolong(
        request: Request, id: UUID, body: ExtensionBody, principal: Annotated[Principal, allowed("case.prolong")]
    ) -> Response:
        """Make the limit longer by law, once at most; the applicant gets an apology with the new day (form APOLOGY)."""
        return await runtime.commands.run(
            request,
            principal,
            lambda command: department.prolong(id, body.amount, body.legal_basis, body.reason, command),
            answer,
        )

    @router.post("/calendar/restatement", responses=gives(RestatedCases))
    async def restate(request: Request, body: RestatementBody, principal: Annotated[Principal, allowed("calendar.restate")]) -> Response:
        """Count running limits by the calendar as it is known now, or say which dates would move; no promised day moves later."""
        now = runtime.commands.clock.now(request)
        watermark = body.watermark or await runtime.log.head()
        cases = await Running(department).restate(body.watermark, principal, now)
        return json_response({"dry_run": body.watermark is None, "watermark": watermark, "cases": cases})

    @router.post("/time-exclusions", responses=gives(LengthenedCases))
    async def exclude(request: Request, body: ExclusionBody, principal: Annotated[Principal, allowed("time.exclude")]) -> Response:
        """Leave time out of every running limit that counted it, by a decision on force majeure or an outage, or say what that would do.

        It speaks of what has passed; a limit that has run out by now stays run out.
        """
        now = runtime.commands.clock.now(request)
        faults = [NOT_AFTER] if body.until <= body.since else [NOT_PAST] if body.until > now else []
        if faults:
            raise Problem(INVALID, faults=faults)
        watermark = body.watermark or await runtime.log.head()
        left_out = LeftOut(decision=body.decision, cause=body.cause, since=body.since, until=body.until)
        cases = await Running(department).exclude(left_out, body.procedures, body.watermark, principal, now)
        return json_response({"dry_run": body.watermark is None, "watermark": watermark, "cases": cases})

    _ = (prolong, restate, exclude)
    return router
