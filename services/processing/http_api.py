"""Step 1 of 8, http_api: the department as its officers see it, and permits as everybody does."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.processing import AssignmentReason, ReopeningReason
from contracts.vocabulary import LatenessReason, MissingComponent, Outcome
from kernel.edge.answer import json_response
from kernel.edge.app import Words
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import Policy, allowed
from kernel.edge.position import After, freshness, wait_for_answers, wait_for_reactions
from kernel.edge.problem import INVALID, NOT_ALLOWED, NOT_FOUND, Fault, Kind, Problem, Sentence, refusal
from kernel.legalclock import explain, load_calendar
from services.processing import consume
from services.processing.domain.alarms import step_due_at
from services.processing.domain.case_commands import Opinion
from services.processing.domain.case_states import Absent, Consultation, Issued, Known, OpenStep, Paused, State, Stopped, Working, legal_in
from services.processing.domain.workflow import Steps, step_of
from services.processing.handle import CaseOutcome, Department
from services.processing.projections import CASES
from services.processing.query import Register, Wanted, shown, sort_key

MISSING_MAX: Final = 50
LEGAL_BASIS_LENGTH_MAX: Final = 500
NUMBER_PATTERN: Final = r"^[0-9]{1,6}/[A-Z]{1,10}-[A-Z]{1,10}$"
AGENCY_PATTERN: Final = r"^[A-Z0-9.]{1,35}$"
PROCEDURE_PATTERN: Final = r"^[0-9A-Z.-]{1,20}$"
CODE_PATTERN: Final = r"^[a-z0-9-]{1,60}$"

StateName = Literal["waiting", "claimed", "paused", "issued", "stopped"]

POLICY: Final = Policy(
    {
        "case.read": {"officer", "leader"},
        "case.list": {"officer", "leader"},
        "case.claim": {"officer"},
        "case.assign": {"officer", "leader"},
        "case.return": {"officer", "leader"},
        "case.undo": {"officer", "leader"},
        "case.consult": {"officer"},
        "case.reappoint": {"officer", "leader"},
        "case.complete": {"officer"},
        "case.pause": {"officer"},
        "case.decide": {"officer", "leader"},
        "alarm.raise": {"admin"},
        "workflow.move": {"admin"},
        "permit.read": {"public"},
    }
)

A_REFUSAL_NEEDS_ITS_BASIS: Final = Fault(
    "body", "/legal_basis", Sentence("Từ chối phải nêu căn cứ pháp lý.", "A refusal must name its legal basis.")
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
            Kind(
                "not-yours-to-assign",
                403,
                NOT_ALLOWED.title,
                Sentence("Chỉ lãnh đạo phòng, ban được phân công bước này.", "Only who leads the unit shares out this step."),
            ),
            refusal(
                "cannot-take-step",
                "Người được phân công không thuộc phòng, ban và chức danh của bước này.",
                "Who is to take the step is not of its unit and role.",
            ),
            refusal(
                "assignment-needs-reason",
                "Chuyển bước đang có người xử lý phải nêu lý do: nghỉ phép, chuyển công tác, …",
                "A step that somebody works on moves only for a reason: leave, transfer, …",
            ),
            refusal(
                "cannot-return-there",
                "Bước này không được trả lại bước đó.",
                "This step is not returned to that one.",
                members=("legal", "may"),
            ),
            refusal(
                "nothing-to-undo",
                "Không thể rút lại: bước này chưa hoàn thành, của người khác hoàn thành, hoặc bước sau đã được xử lý.",
                "This cannot be taken back: it is not finished, another finished it, or what follows is being worked on.",
                members=("legal", "may"),
            ),
            refusal("already-asked", "Cơ quan này đang được lấy ý kiến.", "This agency has been asked and has not answered yet."),
            refusal(
                "partner-not-asked",
                "Bước này chỉ hoàn thành sau khi đã lấy ý kiến cơ quan phối hợp.",
                "This step is completed only after the coordinating agencies were asked.",
                members=("legal", "partners"),
            ),
            refusal(
                "no-such-consultation",
                "Không có ý kiến nào đang chờ trả lời theo số này.",
                "No answer is awaited under this number.",
                members=("legal", "open"),
            ),
            refusal(
                "guard-not-met",
                "Chưa đủ điều kiện của quy trình để hoàn thành bước này.",
                "What the workflow requires for this step is not fulfilled yet.",
                members=("legal", "why", "why_en"),
            ),
            refusal(
                "apology-needed",
                "Hồ sơ đã quá hạn: phải xin lỗi và hẹn lại ngày trả kết quả trước khi trả.",
                "The result is late: it goes out only after an apology with a new day.",
            ),
            refusal("already-reappointed", "Chỉ được hẹn lại một lần.", "A new day is named once at most."),
            refusal(
                "new-day-too-early",
                "Ngày hẹn lại phải là ngày làm việc, sau hạn cũ và không trước hôm nay.",
                "The new day must be a working day, after the old one and not before today.",
            ),
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
            Kind("legal-basis-needed", INVALID.status, INVALID.title, A_REFUSAL_NEEDS_ITS_BASIS.detail),
            refusal(
                "no-clock",
                "Thủ tục này không có thời hạn luật định nên không có thời gian để tạm dừng.",
                "This procedure has no legal limit, so there is no clock to pause.",
            ),
            refusal(
                "cannot-move",
                "Hồ sơ không thể tiếp tục theo phiên bản quy trình này.",
                "The case cannot go on by this version of the workflow.",
                members=("legal", "why", "why_en"),
            ),
            refusal(
                "number-needed",
                "Bước cuối chỉ hoàn thành khi kết quả được cấp số.",
                "The last step is completed only by giving the result its number.",
            ),
        )
    },
)


LegalBasis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LEGAL_BASIS_LENGTH_MAX), NFC]


StepCode = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]?$")]


class ClaimBody(Body):
    """The step that is taken; where it is not named, the first that is the officer's to do."""

    step: StepCode | None = None


class AssignmentBody(Body):
    """Who is to do an open step, and why he."""

    step: StepCode
    officer: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,100}$")]
    reason: AssignmentReason = "assigned"


class ReturnBody(Body):
    """The open step, the earlier one that it goes back to, and why."""

    step: StepCode
    to: StepCode
    reason: ReopeningReason


class UndoBody(Body):
    """The finished step that is taken back, and why."""

    step: StepCode
    reason: ReopeningReason


class ConsultationBody(Body):
    """The agency that is asked; organisation.yaml lists them."""

    partner: Annotated[str, StringConstraints(pattern=CODE_PATTERN)]


class AnswerBody(Body):
    """What it answered."""

    opinion: Opinion


class ReappointmentBody(Body):
    """The new day, and why the old one is not kept."""

    new_due_on: date
    reason: LatenessReason


class MoveBody(Body):
    """The watermark of a dry run: only cases that have not gone on since are moved. Without it, this is the dry run."""

    watermark: Annotated[int | None, Field(ge=1)] = None


class CompletionBody(Body):
    """The step that is finished; naming it keeps two officers from finishing two steps by one click each."""

    step: StepCode


class Missing(Body):
    """A component that is absent or not right, and which of the two."""

    component: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
    reason: Literal["absent", "illegible", "expired", "wrong-form", "inconsistent", "not-certified"]


class PauseBody(Body):
    """Everything that is missing, at once; and, to ask more often than the rules allow, the law that lets it."""

    missing: Annotated[tuple[Missing, ...], Field(min_length=1, max_length=MISSING_MAX)]
    legal_basis: LegalBasis | None = None


class DecisionBody(Body):
    """The decision; a refusal names the rule that it rests on."""

    outcome: Outcome
    legal_basis: LegalBasis | None = None


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
    due |= {"new_due_at": case.new_due_at}
    ended = {"step": None, "unit": None, "role": None, "officer": None, "outcome": None, "result_number": None, "open": []}
    match state:
        case Working():
            return ended | open_steps(state) | due
        case Paused(held=held, paused_at=paused_at):
            return ended | open_steps(held) | due | {"state": "paused", "paused_at": paused_at}
        case Issued(outcome=outcome, number=number):
            return ended | due | {"state": "issued", "outcome": outcome, "result_number": number}
        case Stopped():
            return ended | due | {"state": "stopped"}


def open_steps(state: Working) -> dict[str, Any]:
    """Say which steps are open, whose they are, and who works on them; the first one also by itself."""
    first = state.open[0]
    return {
        "state": "waiting" if any(step.officer is None for step in state.open) else "claimed",
        "step": first.code,
        "unit": first.unit,
        "role": first.role,
        "officer": first.officer,
        "outcome": None if state.verdict == "pending" else state.verdict,
        "open": [{"step": step.code, "unit": step.unit, "role": step.role, "officer": step.officer} for step in state.open],
    }


def name_of_step(state: State, steps: Steps) -> str | None:
    """Give the name of the first open step, in Vietnamese."""
    match state:
        case Working(open=found) | Paused(held=Working(open=found)):
            return step_of(steps, found[0].code).name
        case _:
            return None


def opened(state: Known) -> tuple[OpenStep, ...]:
    """Give the steps that are open, though the clock may stand still."""
    match state:
        case Working(open=found) | Paused(held=Working(open=found)):
            return found
        case Issued() | Stopped():
            return ()


def step_clock(step: OpenStep, steps: Steps, now: datetime) -> dict[str, Any]:
    """Say whose an open step is, since when, and until when its hours last; they are a target inside the department."""
    due_at = step_due_at(step.since, step_of(steps, step.code).hours, load_calendar().as_known_at(step.since))
    about = {"step": step.code, "unit": step.unit, "role": step.role, "officer": step.officer}
    return about | {"since": step.since, "due_at": due_at, "late": now > due_at}


def asked_for(one: Consultation, now: datetime) -> dict[str, Any]:
    """Say whom the department asked, until when it should answer, and whether it did; its lateness stays to be seen."""
    return {
        "number": one.number,
        "partner": one.partner,
        "due_at": one.deadline.due_at,
        "due_on": one.deadline.due_on,
        "answered_at": one.answered_at,
        "late": one.is_late(now),
    }


def routes(department: Department, register: Register) -> list[APIRouter]:
    """Make processing's routes."""
    router = APIRouter(prefix="/v1")
    add_work(router, department)
    add_sharing(router, department)
    add_coordination(router, department)
    add_signing(router, department)
    add_cases(router, department, register)
    add_alarms(router, department)
    add_permits(router, register)
    return [router]


def add_work(router: APIRouter, department: Department) -> None:
    """Add what every officer does."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/claim")
    async def claim(request: Request, id: UUID, body: ClaimBody, principal: Annotated[Principal, allowed("case.claim")]) -> Response:
        """Take an open step; from then on it is this officer's."""
        return await run(request, principal, lambda command: department.claim(id, body.step, command), answer)

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
        return await run(request, principal, lambda command: department.pause(id, missing, body.legal_basis, command), answer)

    _ = (claim, complete, pause)


def add_sharing(router: APIRouter, department: Department) -> None:
    """Add how steps go from one officer to another, and back."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/assignment")
    async def assign(request: Request, id: UUID, body: AssignmentBody, principal: Annotated[Principal, allowed("case.assign")]) -> Response:
        """Give an open step to an officer of its unit, or take it from another for a reason; its hours run on."""
        return await run(request, principal, lambda command: department.assign(id, body.step, body.officer, body.reason, command), answer)

    @router.post("/cases/{id}/return")
    async def send_back(request: Request, id: UUID, body: ReturnBody, principal: Annotated[Principal, allowed("case.return")]) -> Response:
        """Send the work back to an earlier step, as the workflow allows; it opens for the officer who did it."""
        return await run(request, principal, lambda command: department.send_back(id, body.step, body.to, body.reason, command), answer)

    @router.post("/cases/{id}/undo")
    async def undo(request: Request, id: UUID, body: UndoBody, principal: Annotated[Principal, allowed("case.undo")]) -> Response:
        """Take back a step that one has finished oneself, while nobody works on what followed; both facts stay."""
        return await run(request, principal, lambda command: department.undo(id, body.step, body.reason, command), answer)

    _ = (assign, send_back, undo)


def add_coordination(router: APIRouter, department: Department) -> None:
    """Add what goes out to other agencies, and what the applicant is told when it takes longer."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/consultation")
    async def consult(
        request: Request, id: UUID, body: ConsultationBody, principal: Annotated[Principal, allowed("case.consult")]
    ) -> Response:
        """Ask another agency (NĐ 61/2018, Điều 19.5); it has a limit of its own, and the case's clock runs on."""
        return await run(request, principal, lambda command: department.consult(id, body.partner, command), answer)

    @router.post("/cases/{id}/consultations/{consultation}/answer")
    async def answered(
        request: Request,
        id: UUID,
        consultation: Annotated[int, Path(ge=1, le=999)],
        body: AnswerBody,
        principal: Annotated[Principal, allowed("case.consult")],
    ) -> Response:
        """Record what it answered, in time or late."""
        return await run(request, principal, lambda command: department.answer(id, consultation, body.opinion, command), answer)

    @router.post("/cases/{id}/reappointment")
    async def reappoint(
        request: Request, id: UUID, body: ReappointmentBody, principal: Annotated[Principal, allowed("case.reappoint")]
    ) -> Response:
        """Apologise for being late and name a new day, once at most; the legal limit stays what it was (NĐ 61/2018, Điều 19.9)."""
        return await run(request, principal, lambda command: department.reappoint(id, body.new_due_on, body.reason, command), answer)

    _ = (consult, answered, reappoint)


def add_signing(router: APIRouter, department: Department) -> None:
    """Add what whoever signs does."""
    run = department.runtime.commands.run

    @router.post("/cases/{id}/decision")
    async def decide(request: Request, id: UUID, body: DecisionBody, principal: Annotated[Principal, allowed("case.decide")]) -> Response:
        """Sign the decision; that completes the signing step."""
        if body.outcome == "refused" and body.legal_basis is None:
            raise Problem(INVALID, faults=[A_REFUSAL_NEEDS_ITS_BASIS])
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
        return runtime.pages.answer(request, page, rows, key=sort_key, item=shown, more=await freshness(runtime.log, CASES.name))

    @router.get("/cases/{id}")
    async def one(request: Request, id: UUID, principal: Annotated[Principal, allowed("case.read")], after: After = None) -> Response:
        """Give a case as it is now, with what may be done and the derivation of its deadline in words."""
        await wait_for_answers(runtime.log, consume.NAME, consume.SOURCE, after)
        history, state, steps = await department.case(id, principal)
        case, now = state.case, runtime.commands.clock.now(request)
        body: dict[str, Any] = {
            "id": id,
            "version": history.version,
            "position": f"{runtime.name}/{history.pos}",
            **standing(state),
            "open": [step_clock(step, steps, now) for step in opened(state)],
            "step_name": name_of_step(state, steps),
            "legal": legal_in(state, steps, now),
            "dossier": case.dossier,
            "code": case.code,
            "agency": case.agency,
            "procedure": case.procedure,
            "workflow_hash": case.workflow_hash,
            "supplements": case.rounds,
            "consultations": [asked_for(each, now) for each in case.consultations],
            "why": explain(case.deadline) if case.deadline else None,
            "why_en": explain(case.deadline, "en") if case.deadline else None,
        }
        return versioned(request, history.version, body)

    _ = (cases, one)


def add_alarms(router: APIRouter, department: Department) -> None:
    """Add what whoever runs the system asks for: the alarms, which the worker raises by itself every minute, and new workflows."""
    clock = department.runtime.commands.clock

    @router.post("/alarms", dependencies=[allowed("alarm.raise")])
    async def alarms(request: Request, _: EmptyBody) -> Response:
        """Raise the alarms that are due; asked twice, the second time raises none."""
        return json_response({"raised": await department.ring(clock.now(request))})

    @router.post("/workflows/{procedure}/move")
    async def move(
        request: Request,
        procedure: Annotated[str, Path(pattern=PROCEDURE_PATTERN)],
        body: MoveBody,
        principal: Annotated[Principal, allowed("workflow.move")],
    ) -> Response:
        """Let running cases go on by the version of their workflow that is in force, or say what would become of each."""
        log = department.runtime.log
        cases = await department.move(procedure, body.watermark, principal, clock.now(request))
        return json_response({"dry_run": body.watermark is None, "watermark": body.watermark or await log.head(), "cases": cases})

    _ = (alarms, move)


def add_permits(router: APIRouter, register: Register) -> None:
    """Add what everybody may look up."""

    @router.get("/permits/{number:path}", dependencies=[allowed("permit.read")])
    async def permit(
        number: Annotated[str, Path(pattern=NUMBER_PATTERN, examples=["12/GP-SCT"])],
        year: Annotated[int | None, Query(ge=2000, le=2999, description="Numbers begin again each year; without it, the newest.")] = None,
        agency: Annotated[str | None, Query(pattern=AGENCY_PATTERN, description="Each agency has a book of its own.")] = None,
        after: After = None,
    ) -> Response:
        """Tell whether a permit is genuine: who issued it, for what, until when."""
        await wait_for_reactions(register.runtime.log, CASES.name, consume.NAME, consume.SOURCE, after)
        if (found := await register.permit(number, year, agency)) is None:
            raise Problem(NOT_FOUND)
        return json_response(dict(found))

    _ = permit
