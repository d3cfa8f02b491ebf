"""The department over HTTP: a real service, a real database, a real broker, and intake as a log that tells."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from contracts.processing import (
    BookNumberAllotted,
    CaseDecided,
    CaseOpened,
    CaseResultIssued,
    CaseStepClaimed,
    CaseStepCompleted,
    WorkflowPublished,
)
from contracts.processing_clock import CaseClockPaused, CaseClockResumed
from contracts.processing_organisation import AgreementFact, ControlledDocumentFact, OrganisationFact
from contracts.processing_permits import PermitIssued, TemplatePublished
from contracts.vocabulary import Deadline, Limit, ProcedureCode
from tests.services.processing.department import BASIS, LEADER, Department
from tests.services.processing.dossiers import (
    BLASTERS,
    CHEMICALS,
    NOTICE,
    PROMOTION,
    WINE,
    accepted,
    due,
    new_dossier,
    published,
    workflow,
)
from tests.services.rig import AGENCY, MONDAY, problem

MISSING: Final[dict[str, Any]] = {"missing": [{"component": "ban-sao-giay-chung-nhan", "reason": "absent"}]}
ALWAYS: Final = ["assignment", "consultation", "reappointment"]
WINE_DAYS: Final = Limit(amount=15, unit="working-days")

OF_THE_DEPARTMENT: Final = (WorkflowPublished, TemplatePublished, *get_args(OrganisationFact | AgreementFact | ControlledDocumentFact))
"""Facts that are about no dossier, and whose texts the department wrote itself."""


def deadline_from(at: datetime) -> Deadline:
    found = due(WINE_DAYS, at)
    assert found is not None
    return found


async def facts_of(dept: Department, case_id: UUID) -> list[Any]:
    """Give the facts of a case."""
    return [event.fact for event in await dept.running.events(stream=case_id)]


# A whole case. -----------------------------------------------------------------------------------------------------------


async def test_a_case_from_its_acceptance_to_the_permit_that_everybody_can_look_up(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    standing = await dept.see(case_id)
    assert (standing["state"], standing["step"], standing["legal"]) == ("waiting", "B1", ["claim", "completion", "pause", *ALWAYS])

    claimed = await dept.ask(case_id, "claim", {}, "nv-mc-01")
    assert (claimed.json()["state"], claimed.json()["officer"]) == ("claimed", "nv-mc-01")
    await dept.advanced(case_id, to="B3")

    dept.running.later(days=2)
    paused = await dept.ask(case_id, "pause", MISSING, "nv-tm-03")
    assert (paused.json()["state"], paused.json()["officer"]) == ("paused", "nv-tm-03")
    brought = dept.running.later(days=7)
    await dept.supplemented(case_id, brought)
    standing = await dept.see(case_id)
    assert (standing["state"], standing["officer"], standing["supplements"]) == ("claimed", "nv-tm-03", 1)
    assert datetime.fromisoformat(standing["due_at"]) == deadline_from(brought).due_at

    await dept.advanced(case_id, to="B5")
    signed = await dept.running.post(f"/v1/cases/{case_id}/decision", {"outcome": "granted"}, dept.token(LEADER, "leader"))
    assert (signed.status_code, signed.json()["step"], signed.json()["outcome"]) == (200, "B6", "granted")
    issued = await dept.ask(case_id, "completion", {"step": "B6"}, "nv-vt-01")
    assert (issued.json()["state"], issued.json()["result_number"]) == ("issued", "1/GP-SCT")

    permit = await dept.running.get("/v1/permits/1/GP-SCT", after=issued.json()["position"])
    assert permit.status_code == 200
    body = permit.json()
    assert UUID(body.pop("permit_id"))
    assert body == {
        "agency": AGENCY,
        "procedure": WINE,
        "kind": "Giấy phép bán buôn rượu",
        "number": "1/GP-SCT",
        "issued_on": "2026-03-11",
        "expires_on": "2031-03-11",
        "state": "not-published",
    }

    kinds = [type(fact) for fact in await facts_of(dept, case_id)]
    assert kinds == [
        CaseOpened,
        *(CaseStepClaimed, CaseStepCompleted, CaseStepCompleted),
        *(CaseClockPaused, CaseClockResumed),
        *(CaseStepCompleted, CaseStepCompleted),
        *(CaseDecided, CaseStepCompleted),
        *(CaseStepCompleted, CaseResultIssued),
    ]


async def test_every_answer_to_a_command_carries_where_the_case_stands_its_version_and_its_position(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    answer = await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-01")
    assert answer.headers["etag"] == '"2"'
    assert answer.json() == {
        "id": str(case_id),
        "version": 2,
        "position": f"processing/{await dept.count()}",
        "state": "waiting",
        "step": "B2",
        "unit": "phong-quan-ly-thuong-mai",
        "role": "truong-phong",
        "officer": None,
        "outcome": None,
        "result_number": None,
        "due_on": "2026-03-23",
        "due_at": "2026-03-23T10:00:00Z",
        "new_due_at": None,
        "paused_at": None,
        "open": [{"step": "B2", "unit": "phong-quan-ly-thuong-mai", "role": "truong-phong", "officer": None}],
    }


async def test_a_case_is_caused_by_its_acceptance_and_happens_when_that_did(dept: Department) -> None:
    await dept.offered(WINE)
    dossier = new_dossier()
    position = await dept.intake.tell(dossier, accepted(dossier), at=MONDAY + timedelta(minutes=3))
    await dept.running.reacted_to(position)
    (opened,) = await dept.running.events(CaseOpened)
    assert (opened.cause, opened.actor, opened.agency) == (position, "system:processing", AGENCY)
    assert (opened.time, opened.fact.opened_at) == (MONDAY + timedelta(minutes=3), MONDAY)


async def test_every_workflow_is_published_before_the_first_case_and_only_once(dept: Department) -> None:
    facts = [event.fact for event in await dept.running.events(WorkflowPublished)]
    assert len(facts) == len({fact.procedure for fact in facts})
    case_id = await dept.opened(WINE)
    (mine,) = [fact for fact in facts if fact.procedure == WINE]
    assert (await dept.see(case_id))["workflow_hash"] == mine.content_hash == workflow(WINE).content_hash


async def test_a_refused_case_gets_a_numbered_notice_and_no_permit(dept: Department) -> None:
    issued = await dept.advanced(await dept.opened(WINE), outcome="refused")
    assert (issued["outcome"], issued["result_number"]) == ("refused", "1/TB-SCT")
    assert not await dept.running.events(PermitIssued)
    problem(await dept.running.get("/v1/permits/1/TB-SCT", after=issued["position"]), 404, "not-found")
    (decided,) = [event.fact for event in await dept.running.events(CaseDecided)]
    assert decided.legal_basis == BASIS


async def test_a_letter_is_numbered_but_is_no_permit(dept: Department) -> None:
    issued = await dept.advanced(await dept.opened(PROMOTION))
    assert issued["result_number"] == "1/TB-SCT"
    assert not await dept.running.events(PermitIssued)


async def test_a_notice_ends_with_its_confirmation_and_takes_no_number(dept: Department) -> None:
    issued = await dept.advanced(await dept.opened(NOTICE))
    assert (issued["state"], issued["result_number"]) == ("issued", issued["code"])
    assert not await dept.running.events(BookNumberAllotted)


async def test_a_permit_with_no_limit_of_validity_does_not_expire(dept: Department) -> None:
    await dept.advanced(await dept.opened(BLASTERS))
    (permit,) = [event.fact for event in await dept.running.events(PermitIssued)]
    assert (permit.number, permit.expires_on) == ("1/GCN-SCT", None)


async def test_a_permit_follows_the_version_of_the_procedure_that_its_dossier_was_accepted_under(dept: Department) -> None:
    # The catalogue changes while the dossier is open: 60 months of validity become 36. The old rule holds for it.
    case_id = await dept.opened(WINE)
    newer = published(WINE, version=2, validity_months=36, result="Giấy chứng nhận bán buôn rượu")
    await dept.read_to(await dept.intake.tell(new_dossier(), newer))
    dossier = new_dossier()
    await dept.read_to(await dept.intake.tell(dossier, accepted(dossier, version=2)))
    await dept.advanced(case_id)
    await dept.advanced(next(event.stream for event in await dept.running.events(CaseOpened) if event.fact.dossier_id == dossier))
    permits = [event.fact for event in await dept.running.events(PermitIssued)]
    assert [(permit.number, permit.expires_on and permit.expires_on.isoformat()) for permit in permits] == [
        ("1/GP-SCT", "2031-03-02"),
        ("2/GCN-SCT", "2029-03-02"),
    ]


async def test_a_result_whose_procedure_is_not_read_yet_waits_and_no_number_is_lost(dept: Department) -> None:
    dossier = new_dossier()
    await dept.running.reacted_to(await dept.intake.tell(dossier, accepted(dossier, version=2)))
    (opened,) = await dept.running.events(CaseOpened)
    await dept.advanced(opened.stream, to="B6")
    before = await dept.count()
    answer = await dept.ask(opened.stream, "completion", {"step": "B6"}, "nv-vt-01")
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    assert await dept.count() == before
    await dept.read_to(await dept.intake.tell(new_dossier(), published(WINE, version=2)))
    assert (await dept.advanced(opened.stream))["result_number"] == "1/GP-SCT"


async def test_in_the_mode_of_interruption_only_what_was_left_comes_back(dept: Department) -> None:
    case_id = await dept.opened(CHEMICALS)
    await dept.advanced(case_id, to="B3")
    dept.running.later(days=1)
    await dept.ask(case_id, "pause", MISSING, "nv-at-03")
    before = await dept.see(case_id)
    await dept.supplemented(case_id, dept.running.later(days=7))
    after = await dept.see(case_id)
    # Twelve days from Tuesday 3 March on; Tuesday is used, and eleven are left from Wednesday 11 March on.
    assert (before["due_on"], after["due_on"]) == ("2026-03-18", "2026-03-25")
    assert "Chờ bổ sung" in after["why"]
    assert after["why"] != after["why_en"]


# Twice is once. ----------------------------------------------------------------------------------------------------------


async def test_the_same_key_with_the_same_body_gives_the_first_answer_and_one_event(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    first = await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-01", key="once")
    before = await dept.count()
    second = await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-01", key="once")
    assert second.status_code == 200
    assert (second.json(), second.headers["etag"]) == (first.json(), first.headers["etag"])
    assert second.headers["idempotency-replayed"] == "true"
    assert await dept.count() == before


async def test_a_number_is_given_once_though_the_last_step_is_asked_for_many_times_at_once(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B6")
    asked = [dept.ask(case_id, "completion", {"step": "B6"}, "nv-vt-01", key="once") for _ in range(8)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(await dept.running.events(BookNumberAllotted)) == len(await dept.running.events(CaseResultIssued)) == 1


async def test_the_same_key_with_another_body_is_refused(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-01", key="once")
    before = await dept.count()
    problem(await dept.ask(case_id, "completion", {"step": "B2"}, "nv-mc-01", key="once"), 422, "idempotency-key-reused")
    assert await dept.count() == before


async def test_two_officers_with_the_same_key_are_two_commands(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    assert (await dept.ask(case_id, "claim", {}, "nv-mc-01", key="once")).status_code == 200
    problem(await dept.ask(case_id, "claim", {}, "nv-mc-02", key="once"), 409, "claimed-by-another")


async def test_of_many_officers_who_claim_at_once_one_has_it(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    officers = ("nv-tm-03", "nv-tm-04", "nv-tm-05", "nv-tm-06")
    answers = await asyncio.gather(*(dept.ask(case_id, "claim", {}, officer) for officer in officers))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    (claimed,) = [event.fact for event in await dept.running.events(CaseStepClaimed)]
    (winner,) = [officer for officer, answer in zip(officers, answers, strict=True) if answer.status_code == 200]
    assert claimed.officer == winner == (await dept.see(case_id))["officer"]


# If-Match. ---------------------------------------------------------------------------------------------------------------


async def test_whoever_insists_on_a_version_writes_over_nothing_that_he_has_not_seen(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.ask(case_id, "claim", {}, "nv-mc-01", If_Match='"1"')
    before = await dept.count()
    problem(await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-01", If_Match='"1"'), 412, "changed-meanwhile")
    assert await dept.count() == before
    assert (await dept.ask(case_id, "completion", {"step": "B1"}, "nv-mc-01", If_Match='"2"')).status_code == 200


async def test_the_number_too_is_given_only_to_the_version_that_was_seen(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    standing = await dept.advanced(case_id, to="B6")
    problem(await dept.ask(case_id, "completion", {"step": "B6"}, "nv-vt-01", If_Match='"1"'), 412, "changed-meanwhile")
    answer = await dept.ask(case_id, "completion", {"step": "B6"}, "nv-vt-01", If_Match=f'"{standing["version"]}"')
    assert answer.json()["result_number"] == "1/GP-SCT"


# What cannot be: see test_refusals.py too. -------------------------------------------------------------------------------


async def test_every_refusal_says_what_may_be_done_instead(dept: Department) -> None:
    case_id, blasters, notice = await dept.opened(WINE), await dept.opened(BLASTERS), await dept.opened(NOTICE)
    refused = problem(await dept.ask(case_id, "completion", {"step": "B2"}, "nv-mc-01"), 409, "step-not-open")
    assert refused["legal"] == ["claim", "completion", "pause", *ALWAYS]
    problem(await dept.ask(case_id, "decision", {"outcome": "granted"}, "nv-mc-01"), 409, "not-the-signing-step")
    problem(await dept.ask(blasters, "pause", MISSING, "nv-mc-01"), 409, "no-clock")
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "pause", MISSING, "nv-tm-03")
    assert problem(await dept.ask(case_id, "completion", {"step": "B3"}, "nv-tm-03"), 409, "case-paused")["legal"] == []
    await dept.advanced(blasters, to="B5")
    refused = problem(await dept.ask(blasters, "completion", {"step": "B5"}, LEADER), 409, "decision-needed")
    assert refused["legal"] == ["claim", "decision", "assignment", "return", "undo", "consultation"]
    await dept.advanced(blasters, to="B6")
    problem(await dept.ask(blasters, "decision", {"outcome": "granted"}, "nv-vt-01"), 409, "already-decided")
    await dept.advanced(notice, to="B4")
    problem(await dept.ask(notice, "completion", {"step": "B4"}, "nv-tm-01"), 409, "decision-needed")
    await dept.advanced(notice)
    assert problem(await dept.ask(notice, "claim", {}, "nv-tm-01"), 409, "case-ended")["legal"] == []


# Reading. ----------------------------------------------------------------------------------------------------------------


async def test_a_permit_of_an_earlier_year_is_found_by_its_year(dept: Department) -> None:
    await dept.advanced(await dept.opened(WINE))
    dept.running.moment = MONDAY + timedelta(days=366)
    issued = await dept.advanced(await dept.opened(WINE))
    look_up = dept.running.get
    assert (await look_up("/v1/permits/1/GP-SCT", after=issued["position"])).json()["issued_on"] == "2027-03-03"
    assert (await look_up("/v1/permits/1/GP-SCT", year=2026)).json()["issued_on"] == "2026-03-02"
    problem(await look_up("/v1/permits/1/GP-SCT", year=2025), 404, "not-found")
    problem(await look_up("/v1/permits/1/GP-SCT", year=20), 422, "invalid-input")


async def test_of_two_agencies_with_the_same_number_each_permit_is_found_by_its_agency(dept: Department) -> None:
    first = await dept.advanced(await dept.opened(WINE))
    second = await dept.advanced(await dept.opened(WINE, agency="H09.13.02"))
    assert first["result_number"] == second["result_number"] == "1/GP-SCT"
    for agency in (AGENCY, "H09.13.02"):
        found = await dept.running.get("/v1/permits/1/GP-SCT", after=second["position"], agency=agency)
        assert found.json()["agency"] == agency
    problem(await dept.running.get("/v1/permits/1/GP-SCT", agency="H10"), 404, "not-found")
    problem(await dept.running.get("/v1/permits/1/GP-SCT", agency="h09"), 422, "invalid-input")


async def test_no_personal_data_is_in_what_is_recorded(dept: Department) -> None:
    case_id = await dept.opened(WINE)
    await dept.advanced(case_id, to="B3")
    await dept.ask(case_id, "pause", MISSING, "nv-tm-03")
    await dept.supplemented(case_id, dept.running.later(days=7))
    await dept.advanced(case_id)
    events = [event for event in await dept.running.events() if not isinstance(event.fact, OF_THE_DEPARTMENT)]
    recorded = "".join(event.fact.model_dump_json() for event in events)
    # What intake tells of the applicant: the kind, the vault's reference and commitment, the enterprise's name.
    for word in ("personal_ref", "commitment", "applicant", "enterprise", "name_en", "phone", "address"):
        assert f'"{word}' not in recorded
    actors = {event.actor for event in events}
    assert all(actor.startswith(("nv-", "system:")) for actor in actors)
    texts = {field for event in events for field in free_texts(event.fact)}
    assert texts <= {"legal_basis", "kind"}


def free_texts(fact: Any) -> set[str]:
    """Give the fields of a fact that hold a blank, as only sentences do; the derivation of a deadline is the clock's own."""
    return {name for name, value in fact if isinstance(value, str) and " " in value}


def test_the_procedures_of_these_tests_are_those_that_they_seem() -> None:
    codes: tuple[ProcedureCode, ...] = (WINE, CHEMICALS, PROMOTION, NOTICE, BLASTERS)
    assert len({workflow(code).content_hash for code in codes}) == len(codes)
