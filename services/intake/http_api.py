"""Step 1 of 8, http_api: the door as the portal and the desk see it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from contracts.intake import Enterprise
from contracts.vocabulary import ApplicantKind, Channel, MissingComponent, ProcedureCode
from kernel.edge.answer import json_response
from kernel.edge.app import Words
from kernel.edge.body import NFC, Body, EmptyBody
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import Policy, allowed
from kernel.edge.position import After
from kernel.edge.problem import NOT_FOUND, Problem, Sentence, refusal
from kernel.legalclock import explain
from services.intake.domain import commands, states
from services.intake.handle import Door, DossierOutcome, Submission
from services.intake.query import Register

POLICY: Final = Policy(
    {
        "procedure.read": {"public"},
        "dossier.submit": {"portal", "desk"},
        "dossier.read": {"portal", "desk", "officer", "leader"},
        "dossier.list": {"desk", "officer", "leader"},
        "dossier.read-personal": {"desk", "officer"},
        "dossier.check": {"desk"},
        "dossier.supplement": {"portal", "desk"},
        "dossier.withdraw": {"portal", "desk"},
        "dossier.return": {"desk"},
    }
)

Purpose: TypeAlias = Literal["appraisal", "contact", "identity-check", "return"]
PURPOSES: Final = frozenset(get_args(Purpose))

WORDS: Final = Words(
    refusals={
        kind.slug: kind
        for kind in (
            refusal("no-such-dossier", "Không có hồ sơ này.", "There is no such dossier.", status=404),
            refusal("already-submitted", "Hồ sơ này đã được nộp.", "This dossier has been submitted already."),
            refusal(
                "components-missing",
                "Hồ sơ còn thiếu thành phần bắt buộc nên chưa thể tiếp nhận.",
                "Required components are missing, so the dossier cannot be received yet.",
                members=("legal", "missing"),
            ),
            refusal(
                "supplement-already-requested",
                "Chỉ được yêu cầu bổ sung hồ sơ một lần khi tiếp nhận (Nghị định 61/2018/NĐ-CP, Điều 17).",
                "At the desk a supplement may be asked for once only (Decree 61/2018/NĐ-CP, article 17).",
            ),
            refusal(
                "supplement-incomplete",
                "Phần bổ sung chưa đủ các thành phần đã được yêu cầu.",
                "The supplement lacks components that were asked for.",
                members=("legal", "missing"),
            ),
            refusal(
                "outside-calendar",
                "Lịch làm việc chưa có dữ liệu cho thời hạn này nên chưa thể hẹn ngày trả. Hãy báo cho người vận hành.",
                "The working calendar does not reach to this deadline yet, so no appointment can be given. Tell the operator.",
            ),
            refusal(
                "not-now",
                "Không thể làm việc này ở trạng thái hiện tại của hồ sơ.",
                "This cannot be done in the dossier's present state.",
            ),
        )
    },
    faults={
        "tax-code-missing": Sentence(
            "Doanh nghiệp phải khai mã số thuế (trường tax_code).", "An enterprise gives its tax code (field tax_code)."
        ),
        "tax-code-of-enterprise": Sentence(
            "Mã số thuế của doanh nghiệp có 10 chữ số, hoặc 10 chữ số rồi gạch nối và 3 chữ số.",
            "An enterprise's tax code has 10 digits, or 10, a hyphen and 3.",
        ),
        "tax-code-of-individual": Sentence(
            "Mã số thuế của cá nhân có 10 hoặc 12 chữ số, hoặc 10 chữ số rồi gạch nối và 3 chữ số.",
            "An individual's tax code has 10 or 12 digits, or 10, a hyphen and 3.",
        ),
        "control-character": Sentence("Không được có ký tự điều khiển.", "Control characters are not accepted."),
    },
)

ENTERPRISE_TAX_CODE: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?")
"""Mã số thuế. One of twelve digits is a person's identity number, which must not come into a public event as an enterprise's."""
INDIVIDUAL_TAX_CODE: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?|[0-9]{12}")
CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NAME_MAX: Final = 200
ADDRESS_MAX: Final = 500
COMPONENTS_MAX: Final = 50


def plain(text: str) -> str:
    """Take a text of one line. PostgreSQL cannot show a NUL as JSON: one of them would close the events to every analyst."""
    if CONTROL_CHARACTER.search(text):
        raise PydanticCustomError("control-character", "control character")
    return text


def fitting_tax_code(given: str | None, info: ValidationInfo) -> str | None:
    """Take the tax code that the kind of applicant has."""
    enterprise = info.data.get("kind") == "enterprise"
    if given is None:
        if enterprise:
            raise PydanticCustomError("tax-code-missing", "an enterprise gives its tax code")
        return None
    if enterprise and not ENTERPRISE_TAX_CODE.fullmatch(given):
        raise PydanticCustomError("tax-code-of-enterprise", "not an enterprise's tax code")
    if not INDIVIDUAL_TAX_CODE.fullmatch(given):
        raise PydanticCustomError("tax-code-of-individual", "not a tax code")
    return given


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX), NFC, AfterValidator(plain)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ADDRESS_MAX), NFC, AfterValidator(plain)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=NAME_MAX), AfterValidator(plain)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]


class Applicant(Body):
    """Who applies. An enterprise's name and tax code are public; everything else goes into the vault."""

    kind: ApplicantKind
    name: Text
    identity_number: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{6,12}$")] | None = None
    tax_code: Annotated[str | None, AfterValidator(fitting_tax_code), Field(validate_default=True)] = None
    phone: Annotated[str, StringConstraints(pattern=r"^(\+84|0)[0-9]{9,10}$")] | None = None
    email: Email | None = None
    address: Address


class SubmissionBody(Body):
    """A dossier as it is handed in. `arrived_at` is the postmark of one that came by post."""

    procedure: ProcedureCode
    channel: Channel
    applicant: Applicant
    components: Annotated[tuple[Code, ...], Field(max_length=COMPONENTS_MAX)]
    arrived_at: AwareDatetime | None = None


class MissingBody(MissingComponent):
    """A component that is absent or not right. A fact's reader ignores fields that it does not know; a caller is told of them."""

    model_config = ConfigDict(extra="forbid")

    component: Code


class SupplementRequestBody(Body):
    """Everything that is missing, at once."""

    missing: Annotated[tuple[MissingBody, ...], Field(min_length=1, max_length=COMPONENTS_MAX)]


class SupplementBody(Body):
    """What the applicant brings."""

    components: Annotated[tuple[Code, ...], Field(min_length=1, max_length=COMPONENTS_MAX)]


class RefusalBody(Body):
    """Why the dossier is not received, and the rule that says so."""

    reason: Literal["out-of-competence", "conditions-not-met", "supplement-not-given", "duplicate"]
    legal_basis: Text


class WithdrawalBody(Body):
    """Why the applicant takes the dossier back."""

    reason: Literal["no-longer-needed", "will-resubmit", "other"]


def answer(outcome: DossierOutcome) -> dict[str, Any]:
    """Tell the caller where the dossier stands now."""
    match outcome.state:
        case states.Absent():
            return {}
        case state:
            return {"state": states.state_name(state), **appointment(state.dossier)}


def appointment(found: states.Dossier) -> dict[str, Any]:
    """Give the dossier's code and appointment, once it has them."""
    due = found.deadline
    on, at = (due.due_on, due.due_at) if due else (None, None)
    return {"code": found.code, "due_on": on, "due_at": at, "new_due_on": found.new_due_on}


def routes(door: Door, register: Register) -> list[APIRouter]:
    """Make intake's routes."""
    router = APIRouter(prefix="/v1")
    add_procedures(router, door)
    add_submission(router, door)
    add_desk(router, door)
    add_applicant(router, door)
    add_reads(router, door, register)
    return [router]


def add_procedures(router: APIRouter, door: Door) -> None:
    """Add the public catalogue."""

    @router.get("/procedures", dependencies=[allowed("procedure.read")])
    async def procedures() -> Response:
        """List the procedures that the department offers."""
        wanted = ("code", "name", "field", "field_name", "limit", "result")
        items = [{name: p.content[name] for name in wanted} | {"content_hash": p.content_hash} for p in door.catalogue.procedures.values()]
        return json_response({"agency": door.catalogue.agency, "items": items})

    @router.get("/procedures/{code}", dependencies=[allowed("procedure.read")])
    async def procedure(code: str) -> Response:
        """Give one procedure: its limit, fees, components and legal basis."""
        if (found := door.catalogue.procedures.get(code)) is None:
            raise Problem(NOT_FOUND)
        return json_response({**found.content, "content_hash": found.content_hash}, headers={"ETag": f'"{found.content_hash}"'})

    _ = (procedures, procedure)


def add_submission(router: APIRouter, door: Door) -> None:
    """Add the way in."""
    run = door.runtime.commands.run

    @router.post("/dossiers", status_code=201)
    async def submit(request: Request, body: SubmissionBody, principal: Annotated[Principal, allowed("dossier.submit")]) -> Response:
        """Hand in a dossier (NĐ 61/2018, Điều 16)."""
        applicant = body.applicant
        enterprise = Enterprise(name=applicant.name, tax_code=applicant.tax_code or "") if applicant.kind == "enterprise" else None
        submission = Submission(
            procedure=body.procedure,
            channel=body.channel,
            personal=applicant.model_dump(exclude_none=True),
            enterprise=enterprise,
            components=body.components,
            arrived_at=body.arrived_at,
        )
        return await run(
            request, principal, lambda command: door.submit(submission, command), answer, status=201, location="/v1/dossiers/{id}"
        )

    _ = submit


def add_desk(router: APIRouter, door: Door) -> None:
    """Add what the desk does."""
    run = door.runtime.commands.run

    @router.post("/dossiers/{id}/acceptance")
    async def accept(request: Request, id: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("dossier.check")]) -> Response:
        """Receive a complete dossier: code, appointment, receipt (Điều 17.2.c)."""
        return await run(request, principal, lambda command: door.accept(id, command), answer)

    @router.post("/dossiers/{id}/supplement-request")
    async def request_supplement(
        request: Request,
        id: UUID,
        body: SupplementRequestBody,
        principal: Annotated[Principal, allowed("dossier.check")],
    ) -> Response:
        """Ask the applicant, once, for all that is missing (Điều 17.2.a)."""
        return await run(request, principal, lambda command: door.request_supplement(id, body.missing, command), answer)

    @router.post("/dossiers/{id}/refusal")
    async def refuse(request: Request, id: UUID, body: RefusalBody, principal: Annotated[Principal, allowed("dossier.check")]) -> Response:
        """Do not receive the dossier, and say why (Điều 17.2.b)."""
        return await run(
            request,
            principal,
            lambda command: door.change(
                id,
                commands.Refuse(reason=body.reason, legal_basis=body.legal_basis, at=command.meta.time, by=principal.sub),
                command,
            ),
            answer,
        )

    @router.post("/dossiers/{id}/return")
    async def hand_over(request: Request, id: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("dossier.return")]) -> Response:
        """Hand the result over (Điều 20)."""
        return await run(
            request, principal, lambda command: door.change(id, commands.Return(at=command.meta.time, by=principal.sub), command), answer
        )

    _ = (accept, request_supplement, refuse, hand_over)


def add_applicant(router: APIRouter, door: Door) -> None:
    """Add what the applicant does, himself or through the desk."""
    run = door.runtime.commands.run

    @router.post("/dossiers/{id}/supplement")
    async def supplement(
        request: Request,
        id: UUID,
        body: SupplementBody,
        principal: Annotated[Principal, allowed("dossier.supplement")],
    ) -> Response:
        """Bring what was asked for."""
        return await run(request, principal, lambda command: door.supplement(id, body.components, command), answer)

    @router.post("/dossiers/{id}/withdrawal")
    async def withdraw(
        request: Request,
        id: UUID,
        body: WithdrawalBody,
        principal: Annotated[Principal, allowed("dossier.withdraw")],
    ) -> Response:
        """Take the dossier back."""
        return await run(
            request,
            principal,
            lambda command: door.change(id, commands.Withdraw(reason=body.reason, at=command.meta.time), command),
            answer,
        )

    _ = (supplement, withdraw)


def add_reads(router: APIRouter, door: Door, register: Register) -> None:
    """Add what can be asked."""
    runtime = door.runtime

    @router.get("/dossiers")
    async def dossiers(
        request: Request,
        principal: Annotated[Principal, allowed("dossier.list")],
        state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,30}$")] = None,
        agency: Annotated[str | None, Query(max_length=35)] = None,
        after: After = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """List dossiers, the newest first."""
        return await register.dossiers(request, principal, state, agency, after, runtime.pages.open(request, cursor, limit))

    @router.get("/dossiers/{id}")
    async def one(request: Request, id: UUID, principal: Annotated[Principal, allowed("dossier.read")]) -> Response:
        """Give a dossier as it is now, with the derivation of its appointment in words."""
        version, pos, state, found = await door.dossier(id, principal)
        body: dict[str, Any] = {
            "id": id,
            "version": version,
            "position": f"{runtime.name}/{pos}",
            "state": states.state_name(state),
            "legal": states.legal_in(state),
            "agency": found.agency,
            "procedure": found.procedure,
            "channel": found.channel,
            "components": sorted(found.components),
            **appointment(found),
            "why": explain(found.deadline) if found.deadline else None,
            "why_en": explain(found.deadline, "en") if found.deadline else None,
        }
        return versioned(request, version, body)

    @router.get("/dossiers/{id}/personal")
    async def personal(
        id: UUID,
        principal: Annotated[Principal, allowed("dossier.read-personal")],
        purpose: Purpose,
    ) -> Response:
        """Give the applicant's particulars to who needs them, and remember who that was and what for."""
        *_, found = await door.dossier(id, principal)
        return json_response(await runtime.vault.read(runtime.log.pool, found.personal_ref, principal.sub, purpose))

    _ = (dossiers, one, personal)
