"""Step 1 of 8, http_api: controlled documents: which issue is in force on a day, what the obsolete ones said, and how a new one comes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing_organisation import ControlledDocumentIssued
from kernel.edge.body import NFC, Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import Receipt, gives
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import After, freshness, wait_for
from kernel.edge.problem import NOT_FOUND, Problem, refusal
from kernel.legalclock import day_of
from services.processing.answers_department import DocumentAnswer, IssuePage
from services.processing.domain.controlled_documents import Withdraw
from services.processing.domain.spans import on
from services.processing.handle_organisation import Establishment
from services.processing.http_fields import (
    CODE_PATTERN,
    CONTROLLED_CODE_PATTERN,
    PROCEDURE_PATTERN,
    AsOf,
    Basis,
    KnownAt,
    Label,
    dated,
    example,
)
from services.processing.projections import REGISTERS
from services.processing.query import Register

PROCEDURES_MAX: Final = 200
ISSUES_MAX: Final = 999

ACTIONS: Final = {
    "document.read": {"officer", "leader", "admin"},
    "document.issue": {"leader"},
}

REFUSALS: Final = (
    refusal(
        "issue-out-of-order",
        "Lần ban hành phải kế tiếp lần trước.",
        "Issues are numbered one after the other.",
        members=("issue",),
    ),
    refusal(
        "issue-too-early",
        "Lần ban hành mới phải có hiệu lực sau lần trước và không trước hôm nay.",
        "A new issue is in force after the one before, and not before today.",
        members=("issue", "from_on"),
    ),
    refusal(
        "governed-already",
        "Đã có tài liệu khác quy định cùng thủ tục hoặc lĩnh vực này.",
        "Another document governs the same procedure or field already.",
        members=("document",),
    ),
    refusal(
        "no-such-document",
        "Không có tài liệu này đang có hiệu lực vào ngày đó.",
        "No such document is in force on that day.",
        status=404,
        members=("document",),
    ),
)

DocumentCode = Annotated[str, Field(pattern=CONTROLLED_CODE_PATTERN, max_length=40, examples=["QT-SCT-09"])]
Procedure = Annotated[str, Field(pattern=r"^[1-3]\.\d{6}$|^NB-[A-Z]+-\d{2}$", examples=["2.001547"])]


class IssueBody(Body):
    """An issue of a document: what it is called, what it governs, and from when. Whoever asks for it has approved it."""

    model_config = example(
        code="QT-SCT-09",
        issue=2,
        title="Quy trình giải quyết thủ tục hành chính lĩnh vực Hóa chất",
        title_en="Procedure of the field: Chemicals",
        field="hoa-chat",
        from_on="2026-04-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    code: DocumentCode
    issue: Annotated[int, Field(ge=1, le=ISSUES_MAX)]
    title: Label
    title_en: Label
    standard: Annotated[str, Field(min_length=1, max_length=60), NFC] = "TCVN ISO 9001:2015"
    field: Annotated[str | None, Field(pattern=r"^[a-z0-9-]{2,40}$")] = None
    procedures: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[1-3]\.\d{6}$|^NB-[A-Z]+-\d{2}$")], ...], Field(max_length=PROCEDURES_MAX)
    ] = ()
    from_on: date
    basis: Basis


class WithdrawalBody(Body):
    """The first day without it."""

    model_config = example(
        from_on="2026-06-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    from_on: date
    basis: Basis


class DocumentQuery(Body):
    """Which issues, and which page of them."""

    as_of: date | None = None
    field: Annotated[str | None, Field(pattern=CODE_PATTERN)] = None
    procedure: Annotated[str | None, Field(pattern=PROCEDURE_PATTERN)] = None
    obsolete: Annotated[bool, Field(description="Also the issues that are not in force that day.")] = False
    after: After = None
    cursor: Cursor = None
    limit: Limit = LIMIT


def told(issue: ControlledDocumentIssued) -> dict[str, Any]:
    """Say what an issue is."""
    return issue.model_dump(exclude={"agency"})


def routes(establishment: Establishment, register: Register) -> APIRouter:
    """Make the routes of controlled documents."""
    router = APIRouter(prefix="/v1/controlled-documents")
    add_reading(router, establishment, register)
    add_control(router, establishment)
    return router


def add_reading(router: APIRouter, establishment: Establishment, register: Register) -> None:
    """Add what can be asked."""
    runtime = establishment.runtime

    @router.get("", responses=gives(IssuePage))
    async def documents(
        request: Request, principal: Annotated[Principal, allowed("document.read")], asked: Annotated[DocumentQuery, Query()]
    ) -> Response:
        """List the issues that are in force on a day, by their codes; with `obsolete`, every issue."""
        principal.require(establishment.agency)
        page = runtime.pages.open(request, asked.cursor, asked.limit)
        await wait_for(runtime.log, REGISTERS.name, asked.after)
        day = asked.as_of or day_of(runtime.commands.clock.now(request))
        rows = await register.documents(day, asked.field, asked.procedure, page, obsolete=asked.obsolete)
        more = {"as_of": day, **await freshness(runtime.log, REGISTERS.name)}
        return runtime.pages.answer(request, page, rows, key=lambda row: (row["code"], row["issue"]), item=dict, more=more)

    @router.get("/{code}", responses=gives(DocumentAnswer))
    async def document(
        request: Request,
        code: Annotated[DocumentCode, Path()],
        principal: Annotated[Principal, allowed("document.read")],
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Give a document with all its issues, and which of them is in force on a day (null: none is)."""
        principal.require(establishment.agency)
        version, state = await establishment.documents(known_at)
        if (found := state.get(code)) is None:
            raise Problem(NOT_FOUND)
        day = as_of or day_of(runtime.commands.clock.now(request))
        current = on(found.in_force, day)
        spans = {span.value.issue: span for span in found.in_force}
        issues = [{**told(issue), "to_on": spans[issue.issue].to_on if issue.issue in spans else None} for issue in found.issues]
        return dated(
            request, version, as_of, {"code": code, "as_of": day, "in_force": current.issue if current else None, "issues": issues}
        )

    _ = (documents, document)


def add_control(router: APIRouter, establishment: Establishment) -> None:
    """Add how issues come and go."""
    run, agency = establishment.runtime.commands.run, establishment.agency

    @router.post("", responses=gives(Receipt))
    async def issue(request: Request, body: IssueBody, principal: Annotated[Principal, allowed("document.issue")]) -> Response:
        """Approve an issue; from its first day on the one before is obsolete, and stays readable."""

        async def work(command: Any) -> Any:
            said = {**body.model_dump(), "agency": agency, "approved_by": principal.sub, "issued_at": command.meta.time}
            return await establishment.control(ControlledDocumentIssued.model_validate(said), command)

        return await run(request, principal, work)

    @router.post("/{code}/withdrawal", responses=gives(Receipt))
    async def withdraw(
        request: Request,
        code: Annotated[DocumentCode, Path()],
        body: WithdrawalBody,
        principal: Annotated[Principal, allowed("document.issue")],
    ) -> Response:
        """Take a document out of force, with nothing in its place."""

        async def work(command: Any) -> Any:
            at = command.meta.time
            return await establishment.control(Withdraw(agency=agency, code=code, from_on=body.from_on, basis=body.basis, at=at), command)

        return await run(request, principal, work)

    _ = (issue, withdraw)
