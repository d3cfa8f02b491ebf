"""Money: paid once however often it is told, waived by a law, given back at most once, each payment with the year's next receipt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest
from pydantic import ValidationError

from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived, PaymentTaken, ReceiptNumberAllotted
from deploy.local.payment_gateway import SECRET, reported, signed
from services.intake.domain.commands import PayFee, RefundFee, WaiveFee
from services.intake.domain.dossier import DECIDER
from services.intake.domain.money import Money
from services.intake.domain.states import Absent
from services.intake.main import SERVICE
from services.intake.settings import IntakeSettings
from tests.services.intake.desk import NOTICE, PETROL, Desk, pointers, procedure_of
from tests.services.intake.office import Office
from tests.services.intake.test_dossier import COMPLETE, accepted, ready, return_, returned, submitted, withdraw, withdrawn
from tests.services.rig import MONDAY, Rig, Running, problem
from tests.specification import given

DUE: Final = 400_000
"""For an individual who asks for PETROL."""
OTHER: Final = "whsec_" + "B" * 32

# What is decided. ---------------------------------------------------------------------------------------------------------

RECEIVED: Final = (*COMPLETE, accepted)
FEE: Final = 1_200_000
pay = PayFee(
    payment="VN-1", method="online", amount_vnd=FEE, receipt="BL-2019-000001", paid_at=accepted.accepted_at, at=accepted.accepted_at, by="g"
)
waive = WaiveFee(amount_vnd=None, legal_basis="Thông tư 168/2016/TT-BTC", at=accepted.accepted_at, by="desk-2f6b")
refund = RefundFee(payment="VN-1", amount_vnd=FEE, reason="withdrawn", at=accepted.accepted_at, by="leader-01")


def after(*commands: Any, history: tuple[Any, ...] = RECEIVED) -> tuple[Any, ...]:
    """Give the facts that some commands add to a history, behind it."""
    for command in commands:
        history += tuple(DECIDER.decide(command, DECIDER.fold(history)))
    return history


def money(*commands: Any, history: tuple[Any, ...] = RECEIVED) -> Money:
    """Give the money of a dossier after some commands."""
    state = DECIDER.fold(after(*commands, history=history))
    assert not isinstance(state, Absent)
    return state.dossier.money


def test_the_fee_of_the_acceptance_is_due_until_it_is_paid() -> None:
    assert (money().owed_vnd, money().state(is_over=False)) == (FEE, "due")
    assert (money(pay).owed_vnd, money(pay).state(is_over=False)) == (0, "paid")


def test_before_acceptance_and_where_the_table_says_nothing_or_nought_nothing_is_due() -> None:
    for history in ((submitted,), *((*COMPLETE, accepted.model_copy(update={"fee_vnd": fee})) for fee in (None, 0))):
        for command in (pay, waive, refund):
            given(DECIDER, *history).when(command).then_refused("fee-not-due")
    given(DECIDER).when(pay).then_refused("no-such-dossier")


def test_another_amount_than_is_due_is_refused_and_what_is_due_is_said() -> None:
    for amount in (1, FEE - 1, FEE + 1):
        refusal = given(DECIDER, *RECEIVED).when(replace(pay, amount_vnd=amount)).then_refused("fee-amount-differs")
        assert refusal.detail == {"expected_vnd": FEE}


def test_e_54_the_same_payment_again_is_nothing_new_and_of_another_amount_it_is_refused() -> None:
    given(DECIDER, *after(pay)).when(replace(pay, receipt="BL-2019-000002")).then_nothing()
    given(DECIDER, *after(pay)).when(replace(pay, amount_vnd=1)).then_refused("fee-amount-differs")


def test_e_54_who_pays_twice_through_a_gateway_is_known_to_have_and_at_the_desk_is_told_so() -> None:
    second = replace(pay, payment="VN-2", receipt="BL-2019-000002")
    assert money(pay, second).state(is_over=False) == "overpaid"
    given(DECIDER, *after(pay)).when(replace(second, method="cash")).then_refused("fee-settled")
    back = replace(refund, payment="VN-2", reason="paid-twice")
    assert money(pay, second, back).state(is_over=False) == "paid"


def test_e_54_a_law_spares_all_or_a_part_and_what_is_left_is_due() -> None:
    assert money(waive).state(is_over=False) == "waived"
    half = replace(waive, amount_vnd=FEE // 2)
    assert money(half).owed_vnd == FEE // 2
    assert money(half, replace(pay, amount_vnd=FEE // 2)).state(is_over=False) == "paid"
    refusal = given(DECIDER, *after(half)).when(replace(waive, amount_vnd=FEE)).then_refused("fee-amount-too-high")
    assert refusal.detail == {"at_most_vnd": FEE // 2}
    given(DECIDER, *after(waive)).when(waive).then_refused("fee-settled")


def test_what_is_given_back_is_at_most_what_is_left_of_a_payment_and_nobody_owes_it_again() -> None:
    part = replace(refund, amount_vnd=FEE - 1)
    assert money(pay, part).refunded_vnd == FEE - 1
    found = money(pay, part, replace(refund, amount_vnd=1))
    assert (found.owed_vnd, found.state(is_over=False)) == (0, "refunded")
    refusal = given(DECIDER, *after(pay, part)).when(replace(refund, amount_vnd=2)).then_refused("fee-amount-too-high")
    assert refusal.detail == {"at_most_vnd": 1}
    given(DECIDER, *RECEIVED).when(refund).then_refused("no-such-payment")


def test_e_54_money_and_dossier_stand_apart() -> None:
    gone = (*RECEIVED, withdrawn)
    assert money(history=gone).state(is_over=True) == "lapsed"
    assert money(pay, refund, history=gone).state(is_over=True) == "refunded", "a payment that comes late is known, and can be given back"
    given(DECIDER, *after(pay)).when(withdraw).then(withdrawn)
    given(DECIDER, *RECEIVED, ready).when(return_).then(returned)


def test_where_the_procedure_says_so_no_result_is_handed_over_while_the_fee_is_due() -> None:
    before = (*COMPLETE, accepted.model_copy(update={"fee_before_result": True}), ready)
    refusal = given(DECIDER, *before).when(return_).then_refused("fee-owed")
    assert refusal.detail == {"legal": ["return"], "owed_vnd": FEE}
    for settled in (pay, waive):
        given(DECIDER, *after(settled, history=before)).when(return_).then(returned)


# Over HTTP. ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def intake(rig: Rig) -> AsyncGenerator[Running]:
    async with rig.running(SERVICE, payment_secrets=f"{SECRET} {OTHER}") as running:
        yield running


async def tell(intake: Running, id: str, payment: str = "VN-1", amount: int = DUE, secret: str = SECRET, **headers: str) -> httpx2.Response:
    """Tell of a payment as the gateway does."""
    body = reported(id, payment, amount, intake.moment)
    return await send(intake, body, signed(body, secret) | {name.replace("_", "-"): value for name, value in headers.items()})


async def send(intake: Running, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    given_ = {"Content-Type": "application/json", "Motcua-Demo-Time": intake.moment.isoformat(), **headers}
    return await intake.client.post("/v1/payments", content=body, headers=given_)


async def fee_of(desk: Desk, id: str) -> dict[str, Any]:
    return desk.done(await desk.intake.get(f"/v1/dossiers/{id}/fee", desk.officer))


async def test_a_payment_that_the_gateway_has_signed_gets_a_receipt_and_the_desk_sees_it(intake: Running, desk: Desk) -> None:
    assert procedure_of(PETROL).fee_vnd(MONDAY.date(), "individual", "desk") == DUE
    id = await desk.accepted()
    assert (await desk.dossier(id))["fee"] | {"state": "due", "owed_vnd": DUE} == (await desk.dossier(id))["fee"]
    told = desk.done(await tell(intake, id))
    assert (told["receipt"], told["fee"]["state"]) == ("BL-2026-000001", "paid")
    assert (await desk.dossier(id))["fee"]["state"] == "paid"
    (payment,) = (await fee_of(desk, id))["payments"]
    assert payment == {"payment": "VN-1", "method": "online", "amount_vnd": DUE, "receipt": "BL-2026-000001", "refunded_vnd": 0}
    (event,) = await intake.events(DossierFeePaid)
    assert (event.actor, event.fact.paid_at) == ("gateway:payments", intake.moment)


async def test_the_same_payment_told_again_and_at_once_in_two_processes_is_one_with_one_receipt(
    rig: Rig, intake: Running, desk: Desk
) -> None:
    ids = [await desk.accepted() for _ in range(4)]
    async with rig.running(SERVICE, intake.database, payment_secrets=SECRET) as second:
        both = [tell(running, id, f"VN-{n}") for n, id in enumerate(ids) for running in (intake, second) for _ in range(3)]
        answers = await asyncio.gather(*both)
    assert {answer.status_code for answer in answers} == {200}
    assert (await tell(intake, ids[0], "VN-0")).json()["receipt"] == answers[0].json()["receipt"]
    assert len(await intake.events(DossierFeePaid)) == 4
    await dense(intake, 4)


async def dense(intake: Running, count: int) -> None:
    """Insist that the year's receipts have no gap, and that each stands on its payment."""
    allotted = [event.fact for event in await intake.events(ReceiptNumberAllotted)]
    assert [fact.serial for fact in allotted] == list(range(1, count + 1))
    paid = {event.fact.receipt: (event.fact.dossier_id, event.fact.amount_vnd) for event in await intake.events(DossierFeePaid)}
    assert {fact.number: (fact.dossier_id, fact.amount_vnd) for fact in allotted} == paid


async def test_what_the_gateway_cannot_have_meant_is_answered_clearly_and_leaves_nothing(intake: Running, desk: Desk) -> None:
    id, unpaid, notice = await desk.accepted(), await desk.submit(), await desk.accepted(NOTICE)
    before = await desk.kept()
    differs = problem(await tell(intake, id, amount=DUE - 1), 409, "fee-amount-differs")
    assert differs["expected_vnd"] == DUE
    problem(await tell(intake, str(uuid4())), 404, "not-found")
    problem(await tell(intake, unpaid), 409, "fee-not-due")
    problem(await tell(intake, notice), 409, "fee-not-due")
    body = reported(id, "VN-1", DUE, intake.moment + timedelta(minutes=5, seconds=1))
    assert pointers(problem(await send(intake, body, signed(body, SECRET)), 422, "invalid-input")) == ["/data/paid_at"]
    assert await desk.kept() == before
    assert (await fee_of(desk, id))["state"] == "due"


async def test_a_gateway_whose_clock_is_a_little_ahead_is_believed(intake: Running, desk: Desk) -> None:
    id, paid_at = await desk.accepted(), intake.moment + timedelta(minutes=5)
    body = reported(id, "VN-1", DUE, paid_at)
    assert desk.done(await send(intake, body, signed(body, SECRET)))["fee"]["state"] == "paid"
    (event,) = await intake.events(DossierFeePaid)
    assert event.fact.paid_at == paid_at


async def test_one_payment_settles_one_due_though_it_is_told_of_two_dossiers_at_once(
    rig: Rig, intake: Running, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [await desk.accepted() for _ in range(3)]
    async with rig.running(SERVICE, intake.database, payment_secrets=SECRET) as second:
        answers = await asyncio.gather(*(tell(running, id) for id in ids for running in (intake, second)))
    (winner,) = {answer.json()["dossier"] for answer in answers if answer.is_success}
    losers = [answer for answer in answers if not answer.is_success]
    assert (len(losers), len(await intake.events(DossierFeePaid))) == (4, 1)
    for answer in losers:
        body = problem(answer, 409, "payment-of-another-dossier")
        assert winner not in answer.text, "whose payment it is, is nobody's business"
        assert "một khoản nộp chỉ thanh toán cho một hồ sơ" in body["detail"]
    assert "payment VN-1 is told for two dossiers" in caplog.text
    assert [(await fee_of(desk, id))["state"] for id in ids if id != winner] == ["due"] * 2
    assert (await tell(intake, winner)).json()["receipt"] == "BL-2026-000001", "told again, it is what it was"
    await dense(intake, 1)
    (taken,) = await intake.events(PaymentTaken)
    assert (str(taken.fact.dossier_id), taken.fact.method) == (winner, "online")


async def test_a_transfer_is_taken_for_one_dossier_and_the_gateways_name_is_no_banks(intake: Running, desk: Desk) -> None:
    one, two, three = [await desk.accepted() for _ in range(3)]
    transfer = {"method": "transfer", "amount_vnd": DUE, "payment": "FT26061"}
    await desk.do(one, "fee-payment", transfer)
    before = await desk.kept()
    problem(await desk.ask(two, "fee-payment", transfer), 409, "payment-of-another-dossier")
    assert await desk.kept() == before
    assert (await tell(intake, three, "FT26061")).is_success


async def test_only_what_one_of_the_gateways_keys_has_signed_lately_counts(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    before = await desk.kept()
    body = reported(id, "VN-1", DUE, intake.moment)
    good = signed(body, SECRET)
    wrong = {
        "another key": signed(body, "whsec_" + "C" * 32),
        "another body": signed(reported(id, "VN-1", DUE + 1, intake.moment), SECRET),
        "another name": good | {"webhook-id": "msg_other"},
        "another instant": good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
        "no version": good | {"webhook-signature": good["webhook-signature"].removeprefix("v1,")},
        "half of it": good | {"webhook-signature": good["webhook-signature"][:20]},
        "no instant": good | {"webhook-timestamp": "yesterday"},
        "nothing": good | {"webhook-signature": ""},
    }
    for name, headers in wrong.items():
        assert problem(await send(intake, body, headers), 401, "signature-invalid"), name
    old = signed(body, SECRET, datetime.now(UTC) - timedelta(minutes=6))
    problem(await send(intake, body, old), 401, "signature-stale")
    without = {name: value for name, value in good.items() if name != "webhook-signature"}
    problem(await send(intake, body, without), 422, "invalid-input")
    assert await desk.kept() == before
    # While keys are changed both count.
    assert (await tell(intake, id, secret=OTHER)).status_code == 200


async def test_the_document_asks_the_gateway_for_its_signature_and_for_no_key(intake: Running) -> None:
    described = (await intake.get("/openapi.json")).json()["paths"]["/v1/payments"]["post"]
    names = {parameter["name"] for parameter in described["parameters"]}
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= names
    assert "Idempotency-Key" not in names
    assert "401" in described["responses"]


async def test_without_a_gateway_nobody_is_listened_to(rig: Rig) -> None:
    async with rig.running(SERVICE) as running:
        problem(await tell(running, str(uuid4())), 404, "not-found")


@pytest.mark.parametrize("secret", ["", "whsec_", "secret", f"{SECRET} whsec_short"])
def test_a_gateway_without_a_good_secret_stops_the_start(secret: str) -> None:
    with pytest.raises(ValidationError, match="payment_secrets"):
        IntakeSettings(database_url="postgresql://x/y", payment_secrets=secret)  # pyright: ignore[reportArgumentType] - read from texts


async def test_a_payment_that_comes_when_the_dossier_is_taken_back_is_known_and_given_back_by_a_leader(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    await desk.do(id, "withdrawal", {"reason": "no-longer-needed"})
    assert (await fee_of(desk, id))["state"] == "lapsed"
    assert desk.done(await tell(intake, id))["fee"]["state"] == "paid"
    body = {"payment": "VN-1", "amount_vnd": DUE, "reason": "withdrawn"}
    problem(await desk.ask(id, "fee-refund", body), 403, "not-allowed")
    leader = intake.token("leader")
    assert desk.done(await desk.ask(id, "fee-refund", body, leader))["fee"]["state"] == "refunded"
    again = problem(await desk.ask(id, "fee-refund", body, leader), 409, "fee-amount-too-high")
    assert again["at_most_vnd"] == 0


async def test_cash_at_the_desk_is_taken_once_per_key_and_never_twice(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    body = {"method": "cash", "amount_vnd": DUE}
    first = await desk.ask(id, "fee-payment", body, key="cash")
    again = await desk.ask(id, "fee-payment", body, key="cash")
    assert first.json() == again.json()
    assert first.json()["payments"][0]["receipt"] == "BL-2026-000001"
    problem(await desk.ask(id, "fee-payment", body), 409, "fee-settled")
    await dense(intake, 1)


async def test_receipts_begin_anew_with_the_local_year(intake: Running, desk: Desk) -> None:
    ids = [await desk.accepted() for _ in range(2)]
    receipts = list[str]()
    for id, moment in zip(ids, ("2026-12-31T16:59:00+00:00", "2026-12-31T17:00:00+00:00"), strict=True):
        intake.moment = datetime.fromisoformat(moment)
        receipts.append(desk.done(await tell(intake, id, f"VN-{len(receipts)}"))["receipt"])
    assert receipts == ["BL-2026-000001", "BL-2027-000001"]


async def test_a_result_waits_for_the_fee_where_the_procedure_says_so(office: Office) -> None:
    office.amend(PETROL, fee_before_result=True)
    async with office.open() as desk:
        shown = (await desk.dossier(await desk.accepted()))["fee"]
    assert shown["before_result"] is True


async def test_the_quarter_is_settled_by_method_and_officer_and_agrees_with_the_facts(intake: Running, desk: Desk) -> None:
    ids = [await desk.accepted() for _ in range(5)]
    for n, id in enumerate(ids[:2]):
        await tell(intake, id, f"VN-{n}")
    await desk.do(ids[2], "fee-payment", {"method": "cash", "amount_vnd": DUE})
    await desk.do(ids[3], "fee-waiver", {"legal_basis": "Thông tư 168/2016/TT-BTC, Điều 4"})
    leader = intake.token("leader")
    back = {"payment": "VN-0", "amount_vnd": 100_000, "reason": "not-owed"}
    desk.done(await desk.ask(ids[0], "fee-refund", back, leader))
    intake.moment = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)  # the first of April in Vietnam
    last = await desk.do(ids[4], "fee-payment", {"method": "transfer", "amount_vnd": DUE, "payment": "FT-1"})

    async def settled(quarter: int) -> dict[str, Any]:
        return desk.done(await intake.get("/v1/fees/settlement", leader, year=2026, quarter=quarter, after=last["position"]))

    found = await settled(1)
    assert found["totals"] == {
        "paid": {"count": 3, "amount_vnd": 3 * DUE},
        "waived": {"count": 1, "amount_vnd": DUE},
        "refunded": {"count": 1, "amount_vnd": 100_000},
    }
    lines = {(line["kind"], line["method"], line["officer"]): (line["count"], line["amount_vnd"]) for line in found["lines"]}
    assert lines["paid", "online", "gateway:payments"] == (2, 2 * DUE)
    assert lines["paid", "cash", "desk"] == (1, DUE)
    assert (await settled(2))["totals"]["paid"] == {"count": 1, "amount_vnd": DUE}
    assert (await settled(4))["lines"] == []
    facts = [event.fact for event in await intake.events(DossierFeePaid, DossierFeeWaived, DossierFeeRefunded)]
    assert len(facts) == 6
    problem(await intake.get("/v1/fees/settlement", desk.officer, year=2026, quarter=1), 403, "not-allowed")


async def test_nothing_of_who_paid_enters_a_fact(intake: Running, desk: Desk) -> None:
    id = await desk.accepted()
    body = json.loads(reported(id, "VN-1", DUE, intake.moment))
    body["data"]["payer"] = "Nguyễn Thị Ánh"
    raw = json.dumps(body).encode()
    assert pointers(problem(await send(intake, raw, signed(raw, SECRET)), 422, "invalid-input")) == ["/data/payer"]
