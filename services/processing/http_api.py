"""Step 1 of 8, http_api: the department as its officers see it, and permits as everybody does."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from contracts.vocabulary import MissingComponent, Outcome
from kernel.edge.answer import json_response
from kernel.edge.app import Words
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import Policy, allowed
from kernel.edge.position import After, freshness, wait_for_answers, wait_for_reactions
from kernel.edge.problem import NOT_ALLOWED, NOT_FOUND, Kind, Problem, Sentence, refusal
from kernel.legalclock import explain
from services.processing import consume
from services.processing.domain.case_states import Absent, Claimed, Issued, Known, Paused, State, Stopped, Waiting, legal_in
from services.processing.domain.workflow import Steps
from services.processing.handle import CaseOutcome, Department
from services.processing.projections import CASES
from services.processing.query import Register, Wanted, sort_key

MISSING_MAX: Final = 50
LEGAL_BASIS_LENGTH_MAX: Final = 500
NUMBER_PATTERN: Final = r"^[0-9]{1,6}/[A-Z]{1,10}-[A-Z]{1,10}$"
CODE_PATTERN: Final = r"^[a-z0-9-]{1,60}$"

StateName = Literal["waiting", "claimed", "paused", "issued", "stopped"]

POLICY: Final = Policy(
    {
        "case.read": {"officer", "leader"},
        "case.list": {"officer", "leader"},
        "case.claim": {"officer"},
        "case.complete": {"officer"},
        "case.pause": {"officer"},
        "case.decide": {"officer", "leader"},
        "permit.read": {"public"},
    }
)

WORDS: Final = Words(
    refusals={
        kind.slug: kind
        for kind in (
            refusal("no-such-case", "Không tìm thấy hồ sơ xử lý này.", "There is no such case.", status=404),
            Kind(
                "not-in-roster",
                403,
                NOT_ALLOWED.title,
                Sentence(
                    "Tài khoản này chưa được phân công vào phòng, ban nào nên không xử lý hồ sơ được.",
                    "This account has no post in any unit, so it cannot work on cases.",
                ),
            ),
            Kind(
                "not-your-step",
                403,
                NOT_ALLOWED.title,
                Sentence(
                    "Bước đang mở thuộc phòng, ban hoặc chức danh khác.",
                    "The open step belongs to another unit or role.",
                ),
            ),
            refusal(
                "case-paused",
                "Hồ sơ đang tạm dừng để chờ người nộp bổ sung.",
                "The case is paused until the applicant has brought the supplement.",
            ),
            refusal("case-ended", "Việc xử lý hồ sơ này đã kết thúc.", "This case has ended."),
            refusal("step-not-open", "Bước này không phải là bước đang mở.", "This is not the step that is open."),
            refusal("claimed-by-another", "Bước này đã có người khác nhận xử lý.", "Another officer has claimed this step."),
            refusal(
                "decision-needed",
                "Bước ký duyệt chỉ hoàn thành bằng một quyết định: đồng ý hoặc từ chối.",
                "The signing step is completed only by a decision, to grant or to refuse.",
            ),
            refusal(
                "not-the-signing-step",
                "Chưa đến bước ký duyệt nên chưa thể quyết định.",
                "The case has not reached the signing step, so it cannot be decided yet.",
            ),
            refusal("already-decided", "Hồ sơ này đã có quyết định.", "This case has been decided already."),
            refusal(
                "no-clock",
                "Thủ tục này không có thời hạn luật định nên không có thời gian để tạm dừng.",
                "This procedure has no legal limit, so there is no clock to pause.",
            ),
            refusal(
                "number-needed",
                "Bước cuối chỉ hoàn thành khi kết quả được cấp số.",
                "The last step is completed only by giving the result its number.",
            ),
        )
    },
    faults={
        "legal-basis-missing": Sentence("Từ chối phải nêu căn cứ pháp lý.", "A refusal must name its legal basis."),
    },
)


LegalBasis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LEGAL_BASIS_LENGTH_MAX), NFC]


class CompletionBody(Body):
    """The step that is finished; naming it keeps two officers from finishing two steps by one click each."""

    step: Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]?$")]


class Missing(Body):
    """A component that is absent or not right, and which of the two."""

    component: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
    reason: Literal["absent", "illegible", "expired", "wrong-form", "inconsistent", "not-certified"]


class PauseBody(Body):
    """Everything that is missing, at once."""

    missing: Annotated[tuple[Missing, ...], Field(min_length=1, max_length=MISSING_MAX)]


class DecisionBody(Body):
    """The decision; a refusal names the rule that it rests on."""

    outcome: Outcome
    legal_basis: LegalBasis | None = None

    @model_validator(mode="after")
    def _justify_a_refusal(self) -> Self:
        if self.outcome == "refused" and self.legal_basis is None:
            raise PydanticCustomError("legal-basis-missing", "A refusal must name its legal basis.")
        return self


class CaseQuery(Body):
    """Which cases, and which page of them; a filter that is not known is refused."""

    dossier: UUID | None = None
    unit: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None
    role: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None
    state: StateName | None = None
    overdue: Annotated[bool | None, Field(description="Open, not paused, and past its limit.")] = None
    after: After = None
    cursor: Cursor = None
    limit: Limit = LIMIT


FILTERS: Final = frozenset({"dossier", "unit", "role", "state", "overdue"})


def answer(outcome: CaseOutcome) -> dict[str, Any]:
    """Tell the caller where the case stands now."""
    return {} if isinstance(outcome.state, Absent) else standing(outcome.state)


def standing(state: Known) -> dict[str, Any]:
    """Say where a case stands: the open step and whose it is, the deadline, and what came of it."""
    case = state.case
    due = {"due_on": case.deadline.due_on if case.deadline else None, "due_at": case.deadline.due_at if case.deadline else None}
    ended = {"step": None, "unit": None, "role": None, "officer": None, "outcome": None, "result_number": None}
    match state:
        case Waiting() | Claimed():
            return ended | open_step(state) | due
        case Paused(held=held, paused_at=paused_at):
            return ended | open_step(held) | due | {"state": "paused", "paused_at": paused_at}
        case Issued(outcome=outcome, number=number):
            return ended | due | {"state": "issued", "outcome": outcome, "result_number": number}
        case Stopped():
            return ended | due | {"state": "stopped"}


def open_step(state: Waiting | Claimed) -> dict[str, Any]:
    """Say which step is open, whose it is, and whether somebody works on it."""
    step = state.step
    return {
        "state": "claimed" if isinstance(state, Claimed) else "waiting",
        "step": step.code,
        "unit": step.unit,
        "role": step.role,
        "officer": state.officer if isinstance(state, Claimed) else None,
        "outcome": None if state.verdict == "pending" else state.verdict,
    }


def name_of_step(state: State, steps: Steps) -> str | None:
    """Give the name of the open step, in Vietnamese."""
    match state:
        case Waiting(step=step) | Claimed(step=step) | Paused(held=Claimed(step=step)):
            return next((one.name for one in steps if one.code == step.code), None)
        case _:
            return None


def routes(department: Department, register: Register) -> list[APIRouter]:
    """Make processing's routes."""
    router = APIRouter(prefix="/v1")
    add_work(router, department)
    add_signing(router, department)
    add_cases(router, department, register)
    add_permits(router, register)
    return [router]


def add_work(router: APIRouter, department: Department) -> None:
    """Add what every officer does."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/claim")
    async def claim(request: Request, id: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("case.claim")]) -> Response:
        """Take the open step; from then on it is this officer's."""
        return await run(request, principal, lambda command: department.claim(id, command), answer)

    @router.post("/cases/{id}/completion")
    async def complete(
        request: Request, id: UUID, body: CompletionBody, principal: Annotated[Principal, allowed("case.complete")]
    ) -> Response:
        """Finish the open step; completing the last one gives the result its number and passes it to the desk."""
        return await run(request, principal, lambda command: department.complete(id, body.step, command), answer)

    @router.post("/cases/{id}/pause")
    async def pause(request: Request, id: UUID, body: PauseBody, principal: Annotated[Principal, allowed("case.pause")]) -> Response:
        """Stop the clock and ask the applicant, through the desk, for what is missing (NĐ 61/2018, Điều 19.4)."""
        missing = tuple(MissingComponent.model_validate(one) for one in body.missing)
        return await run(request, principal, lambda command: department.pause(id, missing, command), answer)

    _ = (claim, complete, pause)


def add_signing(router: APIRouter, department: Department) -> None:
    """Add what whoever signs does."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/decision")
    async def decide(request: Request, id: UUID, body: DecisionBody, principal: Annotated[Principal, allowed("case.decide")]) -> Response:
        """Sign the decision; that completes the signing step."""
        return await run(request, principal, lambda command: department.decide(id, body.outcome, body.legal_basis, command), answer)

    _ = decide


def add_cases(router: APIRouter, department: Department, register: Register) -> None:
    """Add what can be asked of cases."""
    runtime = department.runtime

    @router.get("/cases")
    async def cases(
        request: Request,
        principal: Annotated[Principal, allowed("case.list")],
        asked: Annotated[CaseQuery, Query()],
    ) -> Response:
        """List cases, the newest first. `after` may be a position of processing's log or of intake's."""
        page = runtime.pages.open(request, asked.cursor, asked.limit)
        await wait_for_reactions(runtime.log, CASES.name, consume.NAME, consume.SOURCE, asked.after)
        wanted = Wanted(now=runtime.commands.clock.now(request), **asked.model_dump(include=set(FILTERS)))
        rows = await register.cases(principal, wanted, page)
        return runtime.pages.answer(request, page, rows, key=sort_key, item=dict, more=await freshness(runtime.log, CASES.name))

    @router.get("/cases/{id}")
    async def one(request: Request, id: UUID, principal: Annotated[Principal, allowed("case.read")], after: After = None) -> Response:
        """Give a case as it is now, with what may be done and the derivation of its deadline in words."""
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        history, state, steps = await department.case(id, principal)
        case = state.case
        body: dict[str, Any] = {
            "id": id,
            "version": history.version,
            "position": f"{runtime.name}/{history.pos}",
            **standing(state),
            "step_name": name_of_step(state, steps),
            "legal": legal_in(state, steps),
            "dossier": case.dossier,
            "code": case.code,
            "agency": case.agency,
            "procedure": case.procedure,
            "workflow_hash": case.workflow_hash,
            "supplements": case.rounds,
            "why": explain(case.deadline) if case.deadline else None,
            "why_en": explain(case.deadline, "en") if case.deadline else None,
        }
        return versioned(request, history.version, body)

    _ = (cases, one)


def add_permits(router: APIRouter, register: Register) -> None:
    """Add what everybody may look up."""

    @router.get("/permits/{number:path}", dependencies=[allowed("permit.read")])
    async def permit(
        number: Annotated[str, Path(pattern=NUMBER_PATTERN, examples=["12/GP-SCT"])],
        year: Annotated[int | None, Query(ge=2000, le=2999, description="Numbers begin again each year; without it, the newest.")] = None,
        after: After = None,
    ) -> Response:
        """Tell whether a permit is genuine: who issued it, for what, until when."""
        await wait_for_reactions(register.runtime.log, CASES.name, consume.NAME, consume.SOURCE, after)
        if (found := await register.permit(number, year)) is None:
            raise Problem(NOT_FOUND)
        return json_response(dict(found))

    _ = permit
