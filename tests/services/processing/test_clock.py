"""The clocks of a case explain themselves, for any past instant, from the case's own facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.processing import CaseOpened
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.processing_coordination import CaseConsultationOverdue, CaseConsultationRequested
from contracts.vocabulary import Limit
from kernel.eventlog import Recorded
from kernel.legalclock import Holder, load_calendar, reckon, time_by_holder
from services.processing.domain.case_clock import Clocks, clocks_of, limit_of_answer, limit_of_step
from services.processing.domain.case_states import Working
from tests.services.processing.department import Department
from tests.services.processing.dossiers import CHEMICALS, COORDINATED, NOTICE, PROMOTION, WINE, due, new_dossier
from tests.services.processing.test_case import CASE, TO_B3, after, answer, consult, following, opening, pause, resume
from tests.services.rig import AGENCY, MONDAY, problem

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}
TRADE: Final = "phong-quan-ly-thuong-mai"


def recorded(facts: Sequence[Any]) -> list[Recorded]:
    """Give facts as a log would: the instant of each is the one that it names last."""
    found: list[Recorded] = []
    for n, fact in enumerate(facts, 1):
        _, at = list(fact)[-1]
        found.append(Recorded("processing", n, CASE, n, f"c/{n}", fact.TYPE, at, at, AGENCY, "x", None, None, fact))
    return found


# Pure. ------------------------------------------------------------------------------------------------------------------


def test_what_the_facts_say_of_the_deadline_is_what_the_moments_amount_to() -> None:
    for procedure in (WINE, CHEMICALS):
        history = following((), opening(procedure), pause("B1", procedure), resume())
        clocks = clocks_of(recorded(history.facts))
        found = reckon(clocks.limit, load_calendar())
        assert isinstance(clocks.state, Working)
        assert clocks.state.case.deadline is not None
        assert clocks.state.case.deadline.model_dump() == type(clocks.state.case.deadline).model_validate(found.deadline).model_dump()
        assert [stretch.moment.cause for stretch in found.stretches] == ["processing/1", "processing/2", "processing/3"]


def test_a_case_without_a_limit_has_no_legal_clock_though_its_steps_have_hours() -> None:
    clocks = clocks_of(recorded(after(procedure=NOTICE).facts))
    assert clocks.limit == ()
    (span,) = clocks.spans
    assert reckon(limit_of_step(span, 4, ()), load_calendar()).deadline.due_at == MONDAY + timedelta(hours=5, minutes=30)


def test_the_hours_of_a_step_stand_while_the_applicant_is_waited_for_and_begin_again() -> None:
    facts = following(after(*TO_B3).facts, pause("B3"), resume()).facts
    clocks = clocks_of(recorded(facts))
    span = clocks.spans[-1]
    found = reckon(limit_of_step(span, 8, clocks.limit), load_calendar())
    (resumed,) = [fact for fact in facts if isinstance(fact, CaseClockResumed)]
    assert (span.step, found.deadline.due_at) == ("B3", resumed.resumed_at + timedelta(days=1))


def test_while_nothing_is_open_but_a_question_the_other_agency_holds_the_papers_and_its_own_limit_does_not_stand_still() -> None:
    asked_at, answered_at = MONDAY + timedelta(hours=2), MONDAY + timedelta(days=1)
    facts = following(after().facts, consult("B1", at=asked_at), answer("B1", answered_at)).facts
    clocks = clocks_of(recorded(facts))
    shares = time_by_holder(clocks.limit, load_calendar(), MONDAY + timedelta(days=1, hours=1))
    police, desk = Holder("agency", "cong-an-tinh"), Holder("unit", "bo-phan-mot-cua")
    assert {holder: share.elapsed for holder, share in shares.items()} == {desk: timedelta(hours=3), police: timedelta(hours=22)}
    (asked,) = clocks.asked
    (question,) = [fact for fact in facts if isinstance(fact, CaseConsultationRequested)]
    assert reckon(limit_of_answer(asked), load_calendar()).deadline.due_at == question.deadline.due_at


@for_all(st.integers(0, 60 * 24 * 30))
def test_the_time_of_all_holders_adds_up_to_the_whole_at_any_instant(minutes: int) -> None:
    facts = following(after(*TO_B3).facts, pause("B3"), resume()).facts
    now = MONDAY + timedelta(minutes=minutes)
    shares = time_by_holder(clocks_of(recorded(facts)).limit, load_calendar(), now)
    assert sum((share.elapsed for share in shares.values()), timedelta()) == now - MONDAY


def test_e_06_the_laws_own_limit_goes_through_the_same_moments_beside_the_promise() -> None:
    law = due(Limit(amount=20, unit="working-days"), MONDAY)

    def told(**of_the_dossier: Any) -> Clocks:
        return clocks_of(recorded(following(after(*TO_B3, **of_the_dossier).facts, pause("B3"), resume()).facts))

    promised, by_law = [reckon(moments, load_calendar()) for moments in (told(by_law=law).limit, told(by_law=law).by_law)]
    assert promised == reckon(told().limit, load_calendar()), "the promise is what the department works by"
    assert by_law == reckon(told(deadline=law).limit, load_calendar()), "the law's limit is what it is without a promise"
    assert promised.deadline.due_at < by_law.deadline.due_at
    assert told().by_law == ()


# Over HTTP. -------------------------------------------------------------------------------------------------------------


async def clock(dept: Department, case_id: Any, **query: Any) -> dict[str, Any]:
    answer = await dept.running.get(f"/v1/cases/{case_id}/deadline", dept.token(), **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_stretch_of_a_deadline_names_its_calendar_its_rule_its_source_and_the_fact_that_opened_it(dept: Department) -> None:
    dossier = new_dossier()
    case_id = await dept.opened(WINE, dossier=dossier)
    await dept.advanced(case_id, to="B3")
    dept.running.later(days=2)
    assert (await dept.ask(case_id, "pause", MISSING, "nv-tm-03")).status_code == 200
    await dept.supplemented(case_id, dept.running.later(days=5))
    found = await clock(dept, case_id)
    assert (found["deadline"]["due_at"], found["late"]) == (found["recorded_due_at"], False)
    opened = found["causes"][found["deadline"]["segments"][0]["cause"]]
    assert (opened["type"], opened["cause"].split("/")[0]) == (CaseOpened.TYPE, "intake")
    assert all(segment["source"] and segment["rule"] for segment in found["deadline"]["segments"])
    assert {segment["calendar"].partition("-")[0] for segment in found["deadline"]["segments"]} == {"vn"}
    by = {found["causes"][segment["cause"]]["type"]: segment["rule"] for segment in found["deadline"]["segments"]}
    assert by.keys() == {CaseOpened.TYPE, CaseClockPaused.TYPE, CaseClockResumed.TYPE}
    assert by[CaseClockPaused.TYPE] == "pause"
    # Five days of waiting were the applicant's, by the clock on the wall and in hours of office.
    applicant = next(one for one in found["holders"] if one["holder"]["kind"] == "applicant")
    assert (applicant["calendar_minutes"], applicant["working_minutes"]) == (5 * 24 * 60, 3 * 8 * 60)
    assert [step["step"] for step in found["steps"]] == ["B1", "B2", "B3"]
    assert found["steps"][2]["since"] < found["steps"][2]["due_at"]
    # What the person who waits is told: the same, in plain Vietnamese.
    told = await dept.running.get(f"/v1/deadlines/{dossier}", dept.token("portal", "portal"))
    assert (told.text, told.headers["content-type"]) == (found["why"], "text/plain; charset=utf-8")
    assert "không tính. Chờ bổ sung [Nghị định 118/2025/NĐ-CP]" in told.text
    english = await dept.running.get(f"/v1/deadlines/{dossier}", dept.token("portal", "portal"), language="en")
    assert english.text == found["why_en"] != found["why"]


async def test_e_06_a_result_after_the_promise_and_within_the_law_is_late_by_the_one_and_not_by_the_other(dept: Department) -> None:
    case_id = await dept.opened(WINE, by_law=due(Limit(amount=20, unit="working-days"), MONDAY))
    found = await clock(dept, case_id)
    assert found["deadline"]["due_on"] < found["by_law"]["deadline"]["due_on"]
    dept.running.moment = datetime.fromisoformat(found["by_law"]["deadline"]["due_at"])
    found = await clock(dept, case_id)
    assert (found["late"], found["by_law"]["late"]) == (True, False)
    assert "20 ngày làm việc" in found["by_law"]["why"]
    assert (await clock(dept, await dept.opened(WINE)))["by_law"] is None


async def test_a_past_instant_gives_the_deadline_as_it_stood_then(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    first = (await clock(dept, case_id))["deadline"]
    dept.running.later(days=2)
    assert (await dept.ask(case_id, "pause", MISSING, "nv-mc-01")).status_code == 200
    waiting = await clock(dept, case_id)
    assert (waiting["deadline"]["state"], waiting["deadline"]["due_on"]) == ("waiting", first["due_on"])
    await dept.supplemented(case_id, dept.running.later(days=5))
    now = await clock(dept, case_id)
    assert now["deadline"]["due_on"] > first["due_on"]
    then = await clock(dept, case_id, as_of=(MONDAY + timedelta(days=1)).isoformat())
    assert (then["deadline"], then["version"]) == (first, 1)
    paused = await clock(dept, case_id, as_of=(MONDAY + timedelta(days=3)).isoformat())
    assert paused["deadline"] == waiting["deadline"]
    # The future cannot be asked for: it is answered as of now.
    assert (await clock(dept, case_id, as_of=datetime(2027, 1, 1, tzinfo=UTC).isoformat()))["deadline"] == now["deadline"]
    address = f"/v1/cases/{case_id}/deadline"
    before = await dept.running.get(address, dept.token(), as_of=(MONDAY - timedelta(days=1)).isoformat())
    problem(before, 404, "not-found")
    naive = problem(await dept.running.get(address, dept.token(), as_of="2026-03-03T10:00:00"), 422, "invalid-input")
    assert [error["pointer"] for error in naive["errors"]] == ["/as_of"]


async def test_an_apology_names_a_new_day_and_the_laws_own_stays_what_lateness_is_judged_by(dept: Department) -> None:
    dossier = new_dossier()
    case_id = await dept.opened(PROMOTION, dossier=dossier)
    dept.running.later(days=3)
    new_day = {"new_due_on": "2026-03-13", "reason": "workload"}
    assert (await dept.ask(case_id, "reappointment", new_day, "nv-mc-01")).status_code == 200
    dept.running.later(days=6)
    found = await clock(dept, case_id)
    assert (found["deadline"]["due_on"], found["deadline"]["promised"]["due_on"], found["late"]) == ("2026-03-09", "2026-03-13", True)
    told = (await dept.running.get(f"/v1/deadlines/{dossier}", dept.token("nv-mc-01", "desk"))).text
    assert "hẹn trả ngày 13/03/2026 thay cho ngày 09/03/2026" in told
    problem(await dept.running.get(f"/v1/deadlines/{uuid4()}", dept.token("nv-mc-01", "desk")), 404, "not-found")


async def test_an_agency_that_is_asked_has_a_clock_of_its_own_beside_the_departments(dept: Department) -> None:
    case_id = await dept.opened(COORDINATED)
    dept.running.later(hours=1)
    await dept.advanced(case_id, to="B3")
    assert (await dept.ask(case_id, "consultation", {"partner": "cong-an-tinh"}, "nv-tm-04")).status_code == 200
    dept.running.later(days=9)
    await dept.running.get("/v1/cases", dept.token(), after=f"processing/{await dept.count()}")
    found = await clock(dept, case_id)
    (asked,) = found["consultations"]
    assert (asked["partner"], asked["due_on"], asked["late"], found["late"]) == ("cong-an-tinh", "2026-03-09", True, False)
    # The figures by agency say the same, and who is owed the answer has been told.
    assert (await dept.running.post("/v1/alarms", {}, dept.running.token("admin"))).status_code == 200
    (said,) = await dept.running.events(CaseConsultationOverdue)
    assert (said.fact.partner, said.time) == ("cong-an-tinh", said.fact.raised_at)
    late = await dept.running.get("/v1/partners/lateness", dept.token("a", "analyst"), after=f"processing/{await dept.count()}")
    one = {"partner": "cong-an-tinh", "asked": 1, "answered": 0, "answered_late": 0, "owed_late": 1}
    assert late.json() == {"partners": [one]}
    assert (await dept.ask(case_id, "consultations/1/answer", {"opinion": "agrees"}, "nv-tm-04")).status_code == 200
    late = await dept.running.get("/v1/partners/lateness", dept.token("a", "analyst"), after=f"processing/{await dept.count()}")
    assert late.json() == {"partners": [one | {"answered": 1, "answered_late": 1, "owed_late": 0}]}
    nobody = await dept.running.get("/v1/partners/lateness", dept.token("a", "analyst"), **{"from": "2026-03-20T00:00:00Z"})
    assert nobody.json() == {"partners": []}
    assert len(await dept.running.events(CaseConsultationOverdue)) == 1
    # Three steps ran beside each other all the while, so the papers never left the unit.
    assert {one["holder"]["name"] for one in found["holders"]} == {"bo-phan-mot-cua", TRADE}


async def test_a_procedure_without_a_limit_has_nothing_to_explain(dept: Department) -> None:
    dossier = new_dossier()
    case_id = await dept.opened(NOTICE, dossier=dossier)
    found = await clock(dept, case_id)
    assert (found["deadline"], found["late"], found["why"], found["holders"]) == (None, None, None, [])
    problem(await dept.running.get(f"/v1/deadlines/{dossier}", dept.token("p", "portal")), 404, "not-found")
