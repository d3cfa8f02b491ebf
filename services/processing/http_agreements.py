"""Step 1 of 8, http_api: coordination agreements, as they hold on any day, and how they are concluded and ended."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing_organisation import AgreementConcluded, CoordinationArea
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import Receipt, gives
from kernel.edge.policy import allowed
from kernel.edge.problem import NOT_FOUND, Problem, refusal
from kernel.legalclock import day_of
from services.processing.answers_department import AgreementList, AgreementView
from services.processing.domain.agreements import End, holds_on
from services.processing.handle_organisation import Establishment
from services.processing.http_fields import CODE_PATTERN, CONTROLLED_CODE_PATTERN, AsOf, Basis, KnownAt, Label, LastDay, dated, example

ANSWER_DAYS_MAX: Final = 60

ACTIONS: Final = {
    "agreement.read": {"officer", "leader", "admin"},
    "agreement.conclude": {"leader"},
}

REFUSALS: Final = (
    refusal("agreement-exists", "Mã quy chế này đã được dùng.", "The code of this agreement has been used.", members=("agreement",)),
    refusal(
        "agreement-overlaps",
        "Đã có quy chế với cơ quan này trong lĩnh vực này vào những ngày đó: phải chấm dứt quy chế cũ trước.",
        "There is an agreement with this agency in this area on those days: the old one is ended first.",
        members=("agreement",),
    ),
    refusal(
        "no-such-agreement",
        "Không có quy chế này đang có hiệu lực vào ngày đó.",
        "No such agreement holds on that day.",
        status=404,
        members=("agreement",),
    ),
)

AgreementCode = Annotated[str, Field(pattern=CONTROLLED_CODE_PATTERN, max_length=40, examples=["QCPH-HC-01"])]


class AgreementBody(Body):
    """With whom, in which area, from when, and in how many working days the other agency answers."""

    model_config = example(
        code="QCPH-ATTP-02",
        area="food-safety",
        partner="cong-an-tinh",
        partner_name="Công an tỉnh",
        partner_name_en="Provincial police",
        answer_days=5,
        signed_on="2026-02-20",
        from_on="2026-04-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    code: AgreementCode
    area: CoordinationArea
    partner: Annotated[str, Field(pattern=CODE_PATTERN, min_length=2)]
    partner_name: Label
    partner_name_en: Label
    answer_days: Annotated[int, Field(ge=1, le=ANSWER_DAYS_MAX)]
    signed_on: date
    from_on: date
    to_on: LastDay | None = None
    basis: Basis


class EndBody(Body):
    """The first day without it."""

    model_config = example(
        from_on="2026-06-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    from_on: date
    basis: Basis


def told(agreement: AgreementConcluded) -> dict[str, Any]:
    """Say what an agreement is."""
    return agreement.model_dump(exclude={"agency"})


def routes(establishment: Establishment) -> APIRouter:
    """Make the routes of agreements."""
    router = APIRouter(prefix="/v1/agreements")
    runtime = establishment.runtime

    @router.get("", responses=gives(AgreementList))
    async def agreements(
        request: Request,
        principal: Annotated[Principal, allowed("agreement.read")],
        as_of: AsOf = None,
        known_at: KnownAt = None,
        area: Annotated[CoordinationArea | None, Query()] = None,
    ) -> Response:
        """List the agreements that hold on a day."""
        principal.require(establishment.agency)
        version, state = await establishment.agreements(known_at)
        day = as_of or day_of(runtime.commands.clock.now(request))
        items = [told(state[code]) for code in sorted(state) if holds_on(state[code], day) and area in {None, state[code].area}]
        return dated(request, version, as_of, {"as_of": day, "items": items})

    @router.get("/{code}", responses=gives(AgreementView))
    async def agreement(
        request: Request,
        code: Annotated[AgreementCode, Path()],
        principal: Annotated[Principal, allowed("agreement.read")],
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Give an agreement, whether it holds still or not."""
        principal.require(establishment.agency)
        version, state = await establishment.agreements(known_at)
        if code not in state:
            raise Problem(NOT_FOUND)
        day = as_of or day_of(runtime.commands.clock.now(request))
        return dated(request, version, as_of, {**told(state[code]), "as_of": day, "in_force": holds_on(state[code], day)})

    @router.post("", responses=gives(Receipt))
    async def conclude(request: Request, body: AgreementBody, principal: Annotated[Principal, allowed("agreement.conclude")]) -> Response:
        """Conclude an agreement; consultations from its first day on go by it."""

        async def work(command: Any) -> Any:
            said = {**body.model_dump(), "agency": establishment.agency, "concluded_at": command.meta.time}
            return await establishment.agree(AgreementConcluded.model_validate(said), command)

        return await runtime.commands.run(request, principal, work)

    @router.post("/{code}/end", responses=gives(Receipt))
    async def end(
        request: Request,
        code: Annotated[AgreementCode, Path()],
        body: EndBody,
        principal: Annotated[Principal, allowed("agreement.conclude")],
    ) -> Response:
        """Let an agreement hold no more; what was asked under it keeps its limit."""

        async def work(command: Any) -> Any:
            agency, at = establishment.agency, command.meta.time
            return await establishment.agree(End(agency=agency, code=code, from_on=body.from_on, basis=body.basis, at=at), command)

        return await runtime.commands.run(request, principal, work)

    _ = (agreements, agreement, conclude, end)
    return router
