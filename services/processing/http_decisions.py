"""Step 1 of 8, http_api: a signed decision is corrected and stays readable, and the work of an officer who leaves goes to another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing import AssignmentReason, CorrectionReason
from contracts.vocabulary import Outcome
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_answers
from kernel.edge.problem import INVALID, Problem, refusal
from services.processing import consume
from services.processing.answers import CaseReceipt, Decisions
from services.processing.answers_running import Reassigned
from services.processing.domain.case_corrections import wording_of
from services.processing.handle import Department
from services.processing.handle_running import Running
from services.processing.http_fields import Account, AtInstant, AtVersion, LegalBasis, example
from services.processing.http_refusals import A_REFUSAL_NEEDS_ITS_BASIS
from services.processing.http_standing import answer

ACTIONS: Final = {
    "case.correct": {"officer", "leader"},
    "case.decisions": {"officer", "leader"},
    "case.reassign": {"officer", "leader"},
}

REFUSALS: Final = (
    refusal("not-decided-yet", "Hồ sơ chưa có quyết định để sửa.", "There is no decision yet that could be corrected."),
    refusal(
        "already-followed",
        "Đã có bước thực hiện theo quyết định cũ nên không đổi kết quả được nữa.",
        "Something was done on the ground of the decision, so its outcome does not change any more.",
    ),
)


class CorrectionBody(Body):
    """What the decision should have been, and what was wrong with it."""

    model_config = example(
        outcome="refused",
        legal_basis="Nghị định 105/2017/NĐ-CP, Điều 12",
        reason="wrong-outcome",
    )

    outcome: Outcome
    legal_basis: LegalBasis | None = None
    reason: CorrectionReason


class ReassignmentBody(Body):
    """Whose open steps go to whom, and why. Without the watermark of a dry run, this is the dry run."""

    model_config = example(
        officer="nv-tm-03",
        to="nv-tm-04",
        reason="transfer",
    )

    officer: Account
    to: Account
    reason: AssignmentReason
    watermark: Annotated[int | None, Field(ge=1)] = None


def routes(department: Department) -> APIRouter:
    """Make the routes of corrections and of work that changes hands."""
    router = APIRouter(prefix="/v1")
    add_decisions(router, department)
    add_reassignment(router, department)
    return router


def add_decisions(router: APIRouter, department: Department) -> None:
    """Add how a signed decision is corrected, and every wording that it ever had."""
    runtime = department.runtime

    @router.post("/cases/{id}/correction", responses=gives(CaseReceipt))
    async def correct(
        request: Request, id: UUID, body: CorrectionBody, principal: Annotated[Principal, allowed("case.correct")]
    ) -> Response:
        """Correct a signed decision before its result is issued; afterwards it is the permit that is corrected, replaced or revoked."""
        if body.outcome == "refused" and body.legal_basis is None:
            raise Problem(INVALID, faults=[A_REFUSAL_NEEDS_ITS_BASIS])
        return await runtime.commands.run(
            request,
            principal,
            lambda command: department.correct(id, body.outcome, body.legal_basis, body.reason, command),
            answer,
        )

    @router.get("/cases/{id}/decisions", responses=gives(Decisions))
    async def decisions(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("case.decisions")],
        as_of: AtInstant = None,
        version: AtVersion = None,
        after: After = None,
    ) -> Response:
        """Give every wording of a case's decision in order: what was signed, by whom, and what was put in its place and why."""
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        history, _, _ = await department.case(id, principal, as_of=as_of, version=version)
        found: list[dict[str, Any]] = [
            asdict(wording) | {"version": event.version} for event in history.events if (wording := wording_of(event.fact)) is not None
        ]
        return versioned(request, history.version, {"id": id, "version": history.version, "decisions": found})

    _ = (correct, decisions)


def add_reassignment(router: APIRouter, department: Department) -> None:
    """Add how all the open work of an officer goes to another: he leaves, or his unit is reorganised."""
    runtime = department.runtime

    @router.post("/reassignments", responses=gives(Reassigned))
    async def reassign(request: Request, body: ReassignmentBody, principal: Annotated[Principal, allowed("case.reassign")]) -> Response:
        """Give every open step of an officer to another, as the head of the unit; say of each whether it went, and why not."""
        now = runtime.commands.clock.now(request)
        watermark = body.watermark or await runtime.log.head()
        steps = await Running(department).reassign(body.officer, body.to, body.reason, body.watermark, principal, now)
        return json_response({"dry_run": body.watermark is None, "watermark": watermark, "steps": steps})

    _ = reassign
