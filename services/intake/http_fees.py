"""Step 1 of 8, http_api: fees: what is due, what the desk takes, what a gateway tells of, and the quarter's settlement."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from contracts.intake_fees import PaymentCode, RefundReason
from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from services.intake.answers import FeeReceipt, FeeTold, PaymentTaken, Settlement
from services.intake.domain import commands, states
from services.intake.handle import DossierOutcome
from services.intake.handle_fees import Came, Cashier
from services.intake.http_fields import AskedFor, Text, fee_told
from services.intake.payments import insist_on_signature
from services.intake.query import Register

ACTIONS: Final[dict[str, set[str]]] = {
    "fee.read": {"portal", "desk", "officer", "leader"},
    "fee.take": {"desk"},
    "fee.waive": {"desk", "leader"},
    # Who takes money at the desk neither gives it back nor settles what he took.
    "fee.refund": {"leader"},
    "fee.settle": {"leader"},
    "payment.report": {"public"},
}

AMOUNT_MAX: Final = 10**12
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far the gateway's clock may be ahead of ours: as far as the instant of its signature may be (Standard Webhooks). What came is money,
and is not turned away for a clock; a payment of tomorrow is a mistake."""
Amount = Annotated[int, Field(gt=0, le=AMOUNT_MAX)]


class PaymentBody(Body):
    """Money that was given at the desk, or has come to its account; `payment` is what the bank calls the transfer."""

    method: Literal["cash", "transfer"]
    amount_vnd: Amount
    payment: PaymentCode | None = None


class WaiverBody(Body):
    """The rule that spares the applicant the fee, or `amount_vnd` of it."""

    legal_basis: Text
    amount_vnd: Amount | None = None


class RefundBody(Body):
    """How much of which payment is given back, and why."""

    payment: PaymentCode
    amount_vnd: Amount
    reason: RefundReason


class PaidBody(Body):
    """One payment for one dossier, as the gateway calls it."""

    dossier: UUID
    payment: PaymentCode
    amount_vnd: Amount
    paid_at: AwareDatetime


class ReportBody(Body):
    """What a gateway tells of, in the form of Standard Webhooks."""

    type: Literal["payment.succeeded"]
    timestamp: AwareDatetime
    data: PaidBody


A_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {401: {"$ref": "#/components/responses/Problem"}}


def routes(cashier: Cashier, register: Register) -> APIRouter:
    """Make the routes of fees."""
    router = APIRouter(prefix="/v1")
    add_desk(router, cashier)
    add_gateway(router, cashier)

    @router.get("/dossiers/{id}/fee", responses=gives(FeeTold))
    async def fee(request: Request, id: UUID, principal: Annotated[Principal, allowed("fee.read")], when: AskedFor) -> Response:
        """Tell what is due for a dossier, what was paid and by which receipts; now, or as it stood."""
        version, _, state, _ = await cashier.door.dossier(id, principal, when)
        return versioned(request, version, {"id": id, "version": version, **fee_told(state), "payments": payments(state)})

    @router.get("/fees/settlement", responses=gives(Settlement))
    async def settlement(
        principal: Annotated[Principal, allowed("fee.settle")],
        year: Annotated[int, Query(ge=2000, le=9998)],
        quarter: Annotated[int, Query(ge=1, le=4)],
        after: After = None,
    ) -> Response:
        """Count what was paid, waived and refunded in a quarter, by method and by who took it (NĐ 61/2018, Điều 12.9)."""
        first, end = date(year, 3 * quarter - 2, 1), date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
        return json_response({"year": year, "quarter": quarter, **await register.settlement(principal, first, end, after)})

    _ = (fee, settlement)
    return router


def add_desk(router: APIRouter, cashier: Cashier) -> None:
    """Add what people do with the money."""
    door = cashier.door
    run = door.runtime.commands.run

    @router.post("/dossiers/{id}/fee-payment", responses=gives(FeeReceipt))
    async def take(request: Request, id: UUID, body: PaymentBody, principal: Annotated[Principal, allowed("fee.take")]) -> Response:
        """Take the fee at the desk and give a receipt (Điều 22)."""

        def work(command: Command) -> Awaitable[DossierOutcome]:
            at = command.meta.time
            code = body.payment or f"desk-{command.id.hex}"
            return cashier.at_desk(id, Came(payment=code, method=body.method, amount_vnd=body.amount_vnd, paid_at=at), command)

        return await run(request, principal, work, answer)

    @router.post("/dossiers/{id}/fee-waiver", responses=gives(FeeReceipt))
    async def waive(request: Request, id: UUID, body: WaiverBody, principal: Annotated[Principal, allowed("fee.waive")]) -> Response:
        """Spare the applicant the fee, or a part of it, and say which law does."""

        def work(command: Command) -> Awaitable[DossierOutcome]:
            at, by = command.meta.time, principal.sub
            return door.change(id, commands.WaiveFee(amount_vnd=body.amount_vnd, legal_basis=body.legal_basis, at=at, by=by), command)

        return await run(request, principal, work, answer)

    @router.post("/dossiers/{id}/fee-refund", responses=gives(FeeReceipt))
    async def refund(request: Request, id: UUID, body: RefundBody, principal: Annotated[Principal, allowed("fee.refund")]) -> Response:
        """Give money of a payment back, at most what is left of it."""

        def work(command: Command) -> Awaitable[DossierOutcome]:
            at, by = command.meta.time, principal.sub
            wanted = commands.RefundFee(payment=body.payment, amount_vnd=body.amount_vnd, reason=body.reason, at=at, by=by)
            return door.change(id, wanted, command)

        return await run(request, principal, work, answer)

    _ = (take, waive, refund)


def add_gateway(router: APIRouter, cashier: Cashier) -> None:
    """Add what the payment gateway tells."""
    runtime = cashier.door.runtime

    @router.post(
        "/payments",
        dependencies=[allowed("payment.report")],
        responses={**gives(PaymentTaken), 401: {"$ref": "#/components/responses/Problem"}},
    )
    async def report(
        request: Request,
        body: ReportBody,
        webhook_id: Annotated[str, Header(max_length=200, description="The gateway's name of this message.")],
        webhook_timestamp: Annotated[str, Header(max_length=20, description="Seconds since 1970, at most five minutes away.")],
        webhook_signature: Annotated[str, Header(max_length=2000, description="`v1,` and HMAC-SHA256 in base64; several apart by blanks.")],
    ) -> Response:
        """Hear of a payment from the gateway, signed after Standard Webhooks.

        The same payment again is answered like the first time, with its receipt. A second payment of what is paid already is recorded,
        so that it can be given back. Another amount than is due (409), a payment that was taken for another dossier (409), a dossier that
        there is not (404) and a signature that is not the gateway's (401) leave nothing behind.
        """
        _ = (webhook_id, webhook_timestamp, webhook_signature)
        if runtime.settings.payment_secrets is None:
            raise Problem(NOT_FOUND)
        insist_on_signature(runtime.settings.payment_secrets.get_secret_value().split(), request.headers, await request.body())
        at, paid = runtime.commands.clock.now(request), body.data
        if paid.paid_at > at + CLOCKS_APART:
            raise Problem(INVALID, faults=[Fault("body", "/data/paid_at", _FUTURE)])
        came = Came(payment=paid.payment, method="online", amount_vnd=paid.amount_vnd, paid_at=paid.paid_at)
        outcome = await cashier.reported(paid.dossier, came, at)
        found = next(payment for payment in payments(outcome.state) if payment["payment"] == paid.payment)
        return json_response({"dossier": paid.dossier, "version": outcome.version, **found, "fee": fee_told(outcome.state)})

    _ = report


def payments(state: states.State) -> list[dict[str, Any]]:
    """Tell every payment with its receipt."""
    found = () if isinstance(state, states.Absent) else state.dossier.money.payments
    return [
        {
            "payment": payment.code,
            "method": payment.method,
            "amount_vnd": payment.amount_vnd,
            "receipt": payment.receipt,
            "refunded_vnd": payment.refunded_vnd,
        }
        for payment in found
    ]


def answer(outcome: DossierOutcome) -> dict[str, Any]:
    """Tell the caller how the money stands now."""
    return {"fee": fee_told(outcome.state), "payments": payments(outcome.state)}


_FUTURE = Sentence(
    "Thời điểm thanh toán không được ở tương lai quá năm phút.", "The payment must not be more than five minutes in the future."
)
