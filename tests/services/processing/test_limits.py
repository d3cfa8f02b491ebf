"""A limit made longer by law, and limits that a changed calendar moves: once, with a reason, and never worse for whoever waits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from contracts.processing import CaseResultIssued
from contracts.processing_clock import CaseProlonged, CaseRestated, CaseTimeExcluded
from contracts.vocabulary import Limit
from kernel.legalclock import Calendar, Entry, load_calendar, reckon
from services.processing.domain.alarms import alarms
from services.processing.domain.case_clock import clocks_of
from services.processing.domain.case_commands import Prolong, Restate
from services.processing.domain.case_states import legal_in
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import CHEMICALS, CONTRACTS, PROMOTION, WINE, due, new_dossier
from tests.services.processing.test_case import LATER, STEPS, TO_B3, TO_B5, after, by, following, grant, issue, pause, reappoint, resume
from tests.services.processing.test_clock import recorded
from tests.services.rig import MONDAY, Rig, problem
from tests.specification import Given

BASIS: Final = "Nghị định 55/2024/NĐ-CP, Điều 10"
CHRISTMAS_EVE: Final = datetime(2025, 12, 24, 1, 30, tzinfo=UTC)
TWO_DAYS_LATER: Final = CHRISTMAS_EVE + timedelta(days=2)
"""On the day between, an official letter made Friday 2 January a day off and Saturday 10 January a working day."""
APRIL: Final = datetime(2024, 4, 10, 1, 30, tzinfo=UTC)
"""Two days later, Monday 29 April was made a day off, and Saturday 4 May a working day."""
SIGNED: Final[tuple[Any, ...]] = (*TO_B5, grant())
THE_DAY_BEFORE: Final = date(2026, 3, 20)
"""WINE's limit ends on Monday 23 March."""


# Longer by law. ---------------------------------------------------------------------------------------------------------


def prolong(amount: int = 10, at: datetime = LATER, **changes: Any) -> Prolong:
    """Let the head of the desk, where the dossier is, make the limit longer."""
    asked = Prolong(amount=amount, legal_basis=BASIS, reason="complicated", officer=by("B5"), steps=STEPS, at=at, calendar=load_calendar())
    return replace(asked, **changes)


def longest(amount: int = 10) -> Given:
    """Begin with a case whose limit its law lets be so much longer."""
    return after(extension_max=amount)


def test_a_law_makes_the_limit_longer_once_and_lateness_is_judged_by_the_new_one() -> None:
    (fact,) = longest().when(prolong()).facts
    assert (fact.due_before_at.date(), fact.deadline.due_on, fact.deadline.limit.amount) == (date(2026, 3, 23), date(2026, 4, 6), 25)
    assert (fact.legal_basis, fact.reason, fact.officer) == (BASIS, "complicated", LEADER)
    longer = following(longest().facts, prolong())
    assert longer.state.case.deadline == fact.deadline
    longer.when(prolong()).then_refused("already-prolonged")
    # An apology is another thing: it is still to be had, and moves no limit.
    (sorry,) = longer.when(reappoint("B1", day=date(2026, 4, 10))).facts
    assert sorry.due_at == fact.deadline.due_at


def test_what_is_left_to_ring_rings_by_the_longer_limit() -> None:
    (fact,) = longest().when(prolong()).facts
    state = following(longest().facts, prolong()).state
    assert fact.next_at == alarms(state.case)[0][2] > alarms(longest().state.case)[0][2]


@pytest.mark.parametrize(
    ("history", "changes", "reason"),
    [
        (after(), {}, "no-such-extension"),
        (longest(9), {}, "no-such-extension"),
        (longest(), {"officer": by("B1")}, "leader-needed"),
        (after(deadline=None, extension_max=10), {}, "no-clock"),
        (longest(), {"at": datetime(2026, 3, 23, 1, 0, tzinfo=UTC)}, "too-late-to-prolong"),
        (following(longest().facts, *TO_B3), {"officer": by("B3")}, "leader-needed"),
        (after(*[*TO_B3], pause("B3"), extension_max=10), {}, "case-paused"),
    ],
)
def test_a_limit_is_not_made_longer_without_a_law_by_anybody_or_too_late(history: Given, changes: dict[str, Any], reason: str) -> None:
    refused = history.when(prolong(**changes)).then_refused(reason)
    assert refused.detail["legal"] == legal_in(history.state, STEPS, changes.get("at", LATER))


def test_the_day_before_is_early_enough_and_signed_is_signed() -> None:
    the_day_before = datetime.combine(THE_DAY_BEFORE, LATER.timetz())
    assert isinstance(longest().when(prolong(at=the_day_before)).facts[-1], CaseProlonged)
    after(*SIGNED, extension_max=10).when(prolong()).then_refused("already-decided")


def test_what_the_facts_say_is_what_the_moments_amount_to_and_a_supplement_begins_the_first_limit_again() -> None:
    histories = (
        following(longest().facts, prolong()),
        following(longest().facts, prolong(), pause("B1"), resume()),
        after(prolong(), pause("B1"), resume(), extension_max=10, supplement_mode="pause"),
    )
    for history in histories:
        found = reckon(clocks_of(recorded(history.facts)).limit, load_calendar())
        assert type(history.state.case.deadline).model_validate(found.deadline) == history.state.case.deadline
    again, goes_on = histories[1].state.case.deadline, histories[2].state.case.deadline
    assert (again.limit.amount, goes_on.limit.amount) == (15, 25)


# A changed calendar. ----------------------------------------------------------------------------------------------------


def waiting(days: int) -> Given:
    """Begin with a case that was accepted on that Christmas Eve."""
    return after(at=CHRISTMAS_EVE, deadline=due(Limit(amount=days, unit="working-days"), CHRISTMAS_EVE))


def restate(at: datetime = TWO_DAYS_LATER, calendar: Calendar | None = None) -> Restate:
    return Restate(at=at, calendar=calendar or load_calendar())


def test_news_that_makes_the_laws_date_later_leaves_the_applicant_the_day_that_was_told() -> None:
    (fact,) = waiting(6).when(restate()).facts
    assert (fact.due_before_on, fact.deadline.due_on, fact.promised_on) == (date(2026, 1, 2), date(2026, 1, 5), date(2026, 1, 2))
    assert fact.calendar_before != fact.deadline.calendar
    following(waiting(6).facts, restate()).when(restate()).then_nothing()


def test_beyond_the_day_that_was_told_a_result_needs_its_apology_though_the_laws_date_is_later() -> None:
    signed = following(waiting(6).facts, restate(), *[replace(one, at=TWO_DAYS_LATER) for one in SIGNED])
    on_saturday = datetime(2026, 1, 3, 2, tzinfo=UTC)
    signed.when(replace(issue(), at=on_saturday)).then_refused("apology-needed")
    assert isinstance(signed.when(replace(issue(), at=on_saturday - timedelta(days=1))).facts[-1], CaseResultIssued)
    # And so ring the alarms: the day that was told is near on the working day before it.
    kinds = [(kind, due_at.date(), at.date()) for kind, due_at, at in alarms(following(waiting(6).facts, restate()).state.case)]
    assert kinds[0] == ("due-soon", date(2026, 1, 2), date(2025, 12, 31))
    assert kinds[1][:2] == ("overdue", date(2026, 1, 2))


def test_news_that_makes_the_laws_date_earlier_is_told_anew() -> None:
    saturday = Entry(on=date(2026, 3, 14), kind="swapped-in", source="giả định", other=date(2026, 4, 20), known_from=LATER)
    calendar = load_calendar().adding(saturday)
    (fact,) = after().when(restate(LATER + timedelta(hours=1), calendar)).facts
    assert (fact.due_before_on, fact.deadline.due_on, fact.promised_on) == (date(2026, 3, 23), date(2026, 3, 20), date(2026, 3, 20))


def test_news_that_moves_no_date_or_comes_while_the_applicant_is_waited_for_records_nothing() -> None:
    waiting(20).when(restate()).then_nothing()
    after().when(restate(LATER)).then_nothing()
    paused = following(waiting(6).facts, replace(pause("B1"), at=CHRISTMAS_EVE + timedelta(hours=1)))
    paused.when(restate()).then_nothing()
    after(deadline=None).when(restate()).then_nothing()


# Over HTTP, in one department that runs all the while. ------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def dept(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Department]:
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("limits"))
    await rig.empty_broker()
    async with department(rig) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_the_derivation_and_the_form_show_the_law_that_makes_a_limit_longer(dept: Department) -> None:
    dept.running.moment = MONDAY
    dossier = new_dossier()
    case_id = await dept.opened(CONTRACTS, dossier=dossier)
    assert "extension" in (await dept.see(case_id))["legal"]
    asked = {"amount": 31, "legal_basis": BASIS, "reason": "complicated"}
    too_long = problem(await dept.ask(case_id, "extension", asked, LEADER), 409, "no-such-extension")
    assert too_long["allowed"] == 30
    answer = await dept.ask(case_id, "extension", asked | {"amount": 30}, LEADER)
    assert (answer.status_code, answer.json()["due_on"]) == (200, "2026-05-04")
    found = (await dept.running.get(f"/v1/cases/{case_id}/deadline", dept.token())).json()
    (longer,) = found["deadline"]["prolonged"]
    assert (longer["amount"], longer["source"], found["causes"][longer["cause"]]["type"]) == (30, BASIS, CaseProlonged.TYPE)
    assert f"Được gia hạn thêm 30 ngày từ 08:30 02/03/2026. [{BASIS}]" in found["why"]
    form = await dept.running.get(f"/v1/cases/{case_id}/forms/apology", dept.token())
    assert (form.json()["legal_basis"], form.json()["new_due_on"]) == (BASIS, "2026-05-04")
    told = (await dept.running.get(f"/v1/cases/{case_id}/timeline", dept.token())).json()["items"][-1]
    assert told["text"].startswith("Gia hạn thêm 30 ngày đến ngày 04/05/2026")
    problem(await dept.ask(case_id, "extension", asked | {"amount": 1}, LEADER), 409, "already-prolonged")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_changed_calendar_restates_running_cases_as_the_dry_run_said_except_those_that_have_gone_on(dept: Department) -> None:
    dept.running.moment = APRIL
    still, goes_on, other = await dept.opened(CHEMICALS), await dept.opened(CHEMICALS), await dept.opened(WINE)
    dept.running.later(days=5)
    count, admin = await dept.count(), dept.running.token("admin")
    await dept.running.get("/v1/cases", dept.token(), after=f"processing/{count}")
    dry = (await dept.running.post("/v1/calendar/restatement", {}, admin)).json()
    assert (dry["dry_run"], dry["watermark"], await dept.count()) == (True, count, count)
    dates = ("due_before_on", "due_on", "promised_on")
    rows = {one["case_id"]: [one[name] for name in dates] for one in dry["cases"]}
    assert rows == {str(one): ["2024-04-29", "2024-05-02", "2024-04-29"] for one in (still, goes_on)}, "no date of the other moves"
    assert (await dept.ask(goes_on, "claim", {}, "nv-mc-01")).status_code == 200
    done = (await dept.running.post("/v1/calendar/restatement", {"watermark": dry["watermark"]}, admin)).json()
    assert {one["case_id"]: one["moves"] for one in done["cases"]} == {str(still): True, str(goes_on): False}
    (event,) = await dept.running.events(CaseRestated)
    assert (event.stream, event.actor, event.fact.due_before_on) == (still, "admin", date(2024, 4, 29))
    found = (await dept.running.get(f"/v1/cases/{still}/deadline", dept.token())).json()
    assert (found["deadline"]["due_on"], found["deadline"]["promised"]["due_on"]) == ("2024-05-02", "2024-04-29")
    assert found["recorded_due_at"] == found["deadline"]["due_at"]
    assert (await dept.see(other))["due_on"] == "2024-05-06"
    again = (await dept.running.post("/v1/calendar/restatement", {"watermark": await dept.count()}, admin)).json()
    assert [one["case_id"] for one in again["cases"]] == [str(goes_on)]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_decision_leaves_an_outage_out_of_running_limits_as_the_dry_run_said_and_never_out_of_one_that_has_run_out(
    dept: Department,
) -> None:
    dept.running.moment = MONDAY
    running, other, late = await dept.opened(WINE), await dept.opened(CONTRACTS), await dept.opened(PROMOTION)
    dept.running.moment = MONDAY + timedelta(days=8)  # the limit of the last was Monday 9 March
    count, director = await dept.count(), dept.token(LEADER, "leader")
    await dept.running.get("/v1/cases", dept.token(), after=f"processing/{count}")
    outage: dict[str, Any] = {"decision": "Quyết định 45/QĐ-SCT ngày 10/03/2026", "cause": "outage"}
    outage |= {"since": "2026-03-05T07:30:00+07:00", "until": "2026-03-06T17:00:00+07:00", "procedures": [WINE, PROMOTION]}
    dry = (await dept.running.post("/v1/time-exclusions", outage, director)).json()
    assert (dry["dry_run"], dry["watermark"], await dept.count()) == (True, count, count)
    mine = [one for one in dry["cases"] if one["case_id"] in {str(running), str(other), str(late)}]
    assert [(one["case_id"], one["due_before_on"], one["due_on"]) for one in mine] == [(str(running), "2026-03-23", "2026-03-25")]
    done = (await dept.running.post("/v1/time-exclusions", outage | {"watermark": count}, director)).json()
    assert {one["case_id"]: one["moves"] for one in done["cases"]}[str(running)] is True
    fact = (await dept.running.events(CaseTimeExcluded, stream=running))[-1].fact
    assert (fact.officer, fact.deadline.due_on) == (LEADER, date(2026, 3, 25))
    assert (await dept.see(running))["due_on"] == "2026-03-25"
    assert (await dept.see(late))["due_on"] == "2026-03-09"
    found = (await dept.running.get(f"/v1/cases/{running}/deadline", dept.token())).json()
    assert found["recorded_due_at"] == found["deadline"]["due_at"]
    assert any(outage["decision"] in one["source"] and not one["counts"] for one in found["deadline"]["segments"])
    told = (await dept.running.get(f"/v1/cases/{running}/timeline", dept.token())).json()["items"][-1]
    assert outage["decision"] in told["text"]
    # Nothing is left to do; nobody speaks of what is to come; and the head of another unit leaves nothing out.
    assert (await dept.running.post("/v1/time-exclusions", outage, director)).json()["cases"] == []
    to_come = outage | {"until": "2026-03-20T17:00:00+07:00"}
    wrong = problem(await dept.running.post("/v1/time-exclusions", to_come, director), 422, "invalid-input")
    assert [one["pointer"] for one in wrong["errors"]] == ["/until"]
    head = dept.token("nv-cn-01", "leader")
    assert (await dept.running.post("/v1/time-exclusions", outage | {"procedures": [CONTRACTS]}, head)).json()["cases"] == []
