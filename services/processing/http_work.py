"""Step 1 of 8, http_api: what officers do with a case, from the first step to the signature."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.processing import AssignmentReason, ReopeningReason
from contracts.vocabulary import MissingComponent, Outcome
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.problem import INVALID, Problem
from services.processing.answers import CaseReceipt
from services.processing.handle import Department
from services.processing.http_fields import Account, LegalBasis, StepCode, example
from services.processing.http_refusals import A_REFUSAL_NEEDS_ITS_BASIS
from services.processing.http_standing import answer

MISSING_MAX: Final = 50

ACTIONS: Final = {
    "case.claim": {"officer"},
    "case.complete": {"officer"},
    "case.pause": {"officer"},
    "case.decide": {"officer", "leader"},
    "case.assign": {"officer", "leader"},
    "case.return": {"officer", "leader"},
    "case.undo": {"officer", "leader"},
}


class ClaimBody(Body):
    """The step that is taken; where it is not named, the first that is the officer's to do."""

    model_config = example(
        step="B3",
    )

    step: StepCode | None = None


class AssignmentBody(Body):
    """Who is to do an open step, and why he."""

    model_config = example(
        step="B3",
        officer="nv-tm-04",
        reason="assigned",
    )

    step: StepCode
    officer: Account
    reason: AssignmentReason = "assigned"


class ReturnBody(Body):
    """The open step, the earlier one that it goes back to, and why."""

    model_config = example(
        step="B4",
        to="B3",
        reason="incomplete",
    )

    step: StepCode
    to: StepCode
    reason: ReopeningReason


class UndoBody(Body):
    """The finished step that is taken back, and why."""

    model_config = example(
        step="B3",
        reason="by-mistake",
    )

    step: StepCode
    reason: ReopeningReason


class CompletionBody(Body):
    """The step that is finished; naming it keeps two officers from finishing two steps by one click each."""

    model_config = example(
        step="B3",
    )

    step: StepCode


class Missing(Body):
    """A component that is absent or not right, and which of the two."""

    component: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
    reason: Literal["absent", "illegible", "expired", "wrong-form", "inconsistent", "not-certified"]


class PauseBody(Body):
    """Everything that is missing, at once; and, to ask more often than the rules allow, the law that lets it."""

    model_config = example(
        missing=[{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}],
    )

    missing: Annotated[tuple[Missing, ...], Field(min_length=1, max_length=MISSING_MAX)]
    legal_basis: LegalBasis | None = None


class DecisionBody(Body):
    """The decision; a refusal names the rule that it rests on."""

    model_config = example(
        outcome="refused",
        legal_basis="Nghị định 105/2017/NĐ-CP, Điều 12",
    )

    outcome: Outcome
    legal_basis: LegalBasis | None = None


def routes(department: Department) -> APIRouter:
    """Make the routes of the work on cases."""
    router = APIRouter(prefix="/v1")
    add_work(router, department)
    add_sharing(router, department)
    add_signing(router, department)
    return router


def add_work(router: APIRouter, department: Department) -> None:
    """Add what every officer does."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/claim", responses=gives(CaseReceipt))
    async def claim(request: Request, id: UUID, body: ClaimBody, principal: Annotated[Principal, allowed("case.claim")]) -> Response:
        """Take an open step; from then on it is this officer's."""
        return await run(request, principal, lambda command: department.claim(id, body.step, command), answer)

    @router.post("/cases/{id}/completion", responses=gives(CaseReceipt))
    async def complete(
        request: Request, id: UUID, body: CompletionBody, principal: Annotated[Principal, allowed("case.complete")]
    ) -> Response:
        """Finish the open step; completing the last one gives the result its number and passes it to the desk."""
        return await run(request, principal, lambda command: department.complete(id, body.step, command), answer)

    @router.post("/cases/{id}/pause", responses=gives(CaseReceipt))
    async def pause(request: Request, id: UUID, body: PauseBody, principal: Annotated[Principal, allowed("case.pause")]) -> Response:
        """Stop the clock and ask the applicant, through the desk, for what is missing (NĐ 61/2018, Điều 19.4)."""
        missing = tuple(MissingComponent.model_validate(one) for one in body.missing)
        return await run(request, principal, lambda command: department.pause(id, missing, body.legal_basis, command), answer)

    _ = (claim, complete, pause)


def add_sharing(router: APIRouter, department: Department) -> None:
    """Add how steps go from one officer to another, and back."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/assignment", responses=gives(CaseReceipt))
    async def assign(request: Request, id: UUID, body: AssignmentBody, principal: Annotated[Principal, allowed("case.assign")]) -> Response:
        """Give an open step to an officer of its unit, or take it from another for a reason; its hours run on."""
        return await run(request, principal, lambda command: department.assign(id, body.step, body.officer, body.reason, command), answer)

    @router.post("/cases/{id}/return", responses=gives(CaseReceipt))
    async def send_back(request: Request, id: UUID, body: ReturnBody, principal: Annotated[Principal, allowed("case.return")]) -> Response:
        """Send the work back to an earlier step, as the workflow allows; it opens for the officer who did it."""
        return await run(request, principal, lambda command: department.send_back(id, body.step, body.to, body.reason, command), answer)

    @router.post("/cases/{id}/undo", responses=gives(CaseReceipt))
    async def undo(request: Request, id: UUID, body: UndoBody, principal: Annotated[Principal, allowed("case.undo")]) -> Response:
        """Take back a step that one has finished oneself, while nobody works on what followed; both facts stay."""
        return await run(request, principal, lambda command: department.undo(id, body.step, body.reason, command), answer)

    _ = (assign, send_back, undo)


def add_signing(router: APIRouter, department: Department) -> None:
    """Add what whoever signs does."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/decision", responses=gives(CaseReceipt))
    async def decide(request: Request, id: UUID, body: DecisionBody, principal: Annotated[Principal, allowed("case.decide")]) -> Response:
        """Sign the decision; that completes the signing step."""
        if body.outcome == "refused" and body.legal_basis is None:
            raise Problem(INVALID, faults=[A_REFUSAL_NEEDS_ITS_BASIS])
        return await run(request, principal, lambda command: department.decide(id, body.outcome, body.legal_basis, command), answer)

    _ = decide
