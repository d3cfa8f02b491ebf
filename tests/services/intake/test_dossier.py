"""The life of a dossier, as sentences: which command leads to which facts in which state, and why others are refused."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final, get_args

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.catalogue import FACTS
from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierSupplementReminded,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.vocabulary import MissingComponent
from kernel.eventlog import Refused
from services.intake.domain.commands import (
    Accept,
    Command,
    MoveDue,
    Reappoint,
    Refuse,
    RemindOfSupplement,
    RequestSupplement,
    RequestSupplementAtAppraisal,
    Reschedule,
    Return,
    Supplement,
    TakeResult,
    Withdraw,
)
from services.intake.domain.dossier import DECIDER, Reason
from services.intake.domain.payment import TAKEN_ELSEWHERE
from services.intake.domain.states import (
    Absent,
    Accepted,
    AwaitingSupplement,
    Ended,
    ResultReady,
    Returned,
    Submitted,
    legal_in,
    state_name,
)
from services.intake.http_api import WORDS
from tests.contracts.golden import golden
from tests.services.rig import said_in_both_languages
from tests.specification import given


def told(event: str) -> Any:
    """Give the fact of a golden file: together they tell the story of one dossier, here told by several."""
    type_ = f"intake.dossier.{event}.v1"
    return FACTS[type_].model_validate(golden(type_)["data"] | {"dossier_id": golden("intake.dossier.submitted.v1")["data"]["dossier_id"]})


submitted: DossierSubmitted = told("submitted")
requested: DossierSupplementRequested = told("supplement-requested")
supplemented: DossierSupplemented = told("supplemented")
accepted: DossierAccepted = told("accepted")
rescheduled: DossierRescheduled = told("rescheduled")
reappointed: DossierReappointed = told("reappointed")
ready: DossierResultReady = told("result-ready")
returned: DossierReturned = told("returned").model_copy(update={"channel": "online"})
refused: DossierRefused = told("refused")
withdrawn: DossierWithdrawn = told("withdrawn")
asked_again = requested.model_copy(update={"stage": "appraisal", "round": 2, "requested_by": "nv-tm-03"})
brought_again = supplemented.model_copy(update={"stage": "appraisal", "round": 2})
COMPONENTS: Final = frozenset({*submitted.components, *supplemented.components})

request = RequestSupplement(missing=requested.missing, at=requested.requested_at, by=requested.requested_by)
request_at_appraisal = RequestSupplementAtAppraisal(round=2, missing=requested.missing, at=requested.requested_at, by="nv-tm-03")
supplement = Supplement(components=supplemented.components, at=supplemented.received_at)
accept = Accept(
    code=accepted.code,
    required=COMPONENTS,
    supplement_mode=accepted.supplement_mode,
    deadline=accepted.deadline,
    fee_vnd=accepted.fee_vnd,
    at=accepted.accepted_at,
    by=accepted.accepted_by,
)
refuse = Refuse(reason=refused.reason, legal_basis=refused.legal_basis, at=refused.refused_at, by=refused.refused_by)
withdraw = Withdraw(reason=withdrawn.reason, at=withdrawn.withdrawn_at)
reschedule = Reschedule(round=2, due_before_at=rescheduled.due_before_at, deadline=rescheduled.deadline, at=rescheduled.rescheduled_at)
take_result = TakeResult(outcome=ready.outcome, result_number=ready.result_number, at=ready.ready_at)
reappoint = Reappoint(
    due_at=reappointed.due_at,
    new_due_on=reappointed.new_due_on,
    new_due_at=reappointed.new_due_at,
    reason=reappointed.reason,
    at=reappointed.reappointed_at,
)
remind = RemindOfSupplement(round=2, at=asked_again.requested_at + timedelta(days=21))
reminded = DossierSupplementReminded(dossier_id=submitted.dossier_id, agency=submitted.agency, round=2, reminded_at=remind.at)
return_ = Return(at=returned.returned_at, by=returned.returned_by)

COMPLETE: Final = (submitted, requested, supplemented)
HISTORIES: Final[dict[str, tuple[Any, ...]]] = {
    "absent": (),
    "submitted": (submitted,),
    "awaiting at the desk": (submitted, requested),
    "supplemented": COMPLETE,
    "accepted": (*COMPLETE, accepted),
    "awaiting at appraisal": (*COMPLETE, accepted, asked_again),
    "accepted again": (*COMPLETE, accepted, asked_again, brought_again),
    "result ready": (*COMPLETE, accepted, ready),
    "returned": (*COMPLETE, accepted, ready, returned),
    "refused": (submitted, refused),
    "withdrawn": (submitted, withdrawn),
}
COMMANDS: Final[dict[str, Command]] = {
    "submit": submitted,
    "request": request,
    "request at appraisal": request_at_appraisal,
    "supplement": supplement,
    "accept": accept,
    "refuse": refuse,
    "withdraw": withdraw,
    "reschedule": reschedule,
    "take the result": take_result,
    "return": return_,
    "reappoint": reappoint,
    "remind": remind,
}
NOTHING: Final = ()
GONE: Final = (withdrawn,)
ONCE, NO = "supplement-already-requested", "not-now"
OUTCOMES: Final[dict[str, tuple[tuple[Any, ...] | str, ...]]] = {
    "absent": ((submitted,), "no-such-dossier", NOTHING, *["no-such-dossier"] * 4, NOTHING, NOTHING, "no-such-dossier", NOTHING, NOTHING),
    "submitted": (
        "already-submitted",
        (requested,),
        NOTHING,
        NO,
        "components-missing",
        (refused,),
        (withdrawn,),
        NOTHING,
        NOTHING,
        NO,
        NOTHING,
        NOTHING,
    ),
    "awaiting at the desk": (
        "already-submitted",
        ONCE,
        NOTHING,
        (supplemented,),
        NO,
        (refused,),
        (withdrawn,),
        NOTHING,
        NOTHING,
        NO,
        NOTHING,
        NOTHING,
    ),
    "supplemented": ("already-submitted", ONCE, NOTHING, NO, (accepted,), (refused,), (withdrawn,), NOTHING, NOTHING, NO, NOTHING, NOTHING),
    "accepted": ("already-submitted", NO, (asked_again,), NO, NO, NO, (withdrawn,), NOTHING, (ready,), NO, (reappointed,), NOTHING),
    "awaiting at appraisal": (
        "already-submitted",
        NO,
        NOTHING,
        (brought_again,),
        NO,
        NO,
        (withdrawn,),
        NOTHING,
        NOTHING,
        NO,
        NOTHING,
        (reminded,),
    ),
    "accepted again": ("already-submitted", NO, NOTHING, NO, NO, NO, (withdrawn,), (rescheduled,), (ready,), NO, (reappointed,), NOTHING),
    "result ready": ("already-submitted", NO, NOTHING, NO, NO, NO, NO, NOTHING, NOTHING, (returned,), NOTHING, NOTHING),
    "returned": ("already-submitted", NO, NOTHING, NO, NO, NO, NO, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    "refused": ("already-submitted", NO, NOTHING, NO, NO, NOTHING, NO, NOTHING, NOTHING, NO, NOTHING, NOTHING),
    "withdrawn": ("already-submitted", NO, NOTHING, NO, NO, NO, NOTHING, NOTHING, NOTHING, NO, NOTHING, NOTHING),
}
"""For each state, what each command leads to, in their order."""


@pytest.mark.parametrize(("history", "command"), list(product(HISTORIES, COMMANDS)))
def test_every_command_in_every_state_leads_to_its_facts_or_its_refusal(history: str, command: str) -> None:
    outcome = dict(zip(COMMANDS, OUTCOMES[history], strict=True))[command]
    found = given(DECIDER, *HISTORIES[history])
    detail: dict[str, Any] = {} if outcome in {"no-such-dossier", "already-submitted"} else {"legal": legal_in(found.state)}
    if outcome == "components-missing":
        detail["missing"] = ["van-ban-cap-hang"]
    found.when(COMMANDS[command]).then_as(outcome, **detail)


def test_the_histories_lead_to_every_state_and_each_is_called_by_its_name() -> None:
    states = {name: given(DECIDER, *facts).state for name, facts in HISTORIES.items()}
    assert {type(state) for state in states.values()} == {Absent, Submitted, AwaitingSupplement, Accepted, ResultReady, Returned, Ended}
    names = ["absent", "submitted", "awaiting-supplement", "submitted", "accepted", "awaiting-supplement", "accepted"]
    assert [state_name(state) for state in states.values()] == [*names, "result-ready", "returned", "refused", "withdrawn"]


def test_every_reason_of_a_refusal_has_its_words_in_both_languages() -> None:
    said_in_both_languages(WORDS, *get_args(Reason), "outside-calendar", TAKEN_ELSEWHERE)


def test_what_is_said_to_be_possible_is_what_the_matrix_says() -> None:
    doors = {
        "request": "supplement-request",
        "supplement": "supplement",
        "accept": "acceptance",
        "refuse": "refusal",
        "withdraw": "withdrawal",
        "return": "return",
    }
    for name, facts in HISTORIES.items():
        outcomes = dict(zip(COMMANDS, OUTCOMES[name], strict=True))
        # What is missing can be brought by withdrawing and filing anew only; the door itself is the right one.
        opens = {door for command, door in doors.items() if outcomes[command] == "components-missing" or facts_of(outcomes[command])}
        assert set(legal_in(given(DECIDER, *facts).state)) == opens, name


def facts_of(outcome: tuple[Any, ...] | str) -> tuple[Any, ...]:
    return () if isinstance(outcome, str) else outcome


def test_a_supplement_is_asked_for_once_and_for_everything_at_the_desk() -> None:
    given(DECIDER, submitted).when(request).then(requested)
    given(DECIDER, submitted, requested, supplemented).when(request).then_refused(ONCE)


def test_e_12_a_supplement_that_lacks_something_is_refused_and_says_what() -> None:
    missing = (*requested.missing, MissingComponent(component="ban-sao-dkdn", reason="expired"))
    asked = requested.model_copy(update={"missing": missing})
    refusal = given(DECIDER, submitted, asked).when(supplement).then_refused("supplement-incomplete")
    assert refusal.detail == {"legal": ["supplement", "refusal", "withdrawal"], "missing": ["ban-sao-dkdn"]}


def test_more_than_was_asked_for_may_be_brought_and_counts() -> None:
    everything = replace(supplement, components=(*COMPONENTS, *COMPONENTS))
    brought = supplemented.model_copy(update={"components": tuple(sorted(COMPONENTS))})
    bare = submitted.model_copy(update={"components": ()})
    given(DECIDER, bare, requested).when(everything).then(brought)
    given(DECIDER, bare, requested, brought).when(accept).then(accepted)


def test_a_component_that_is_not_required_need_not_be_there() -> None:
    given(DECIDER, submitted).when(replace(accept, required=frozenset(submitted.components))).then(accepted)


def test_a_procedure_with_no_limit_is_received_with_no_appointment_and_can_be_returned() -> None:
    unlimited = accepted.model_copy(update={"deadline": None})
    given(DECIDER, *COMPLETE).when(replace(accept, deadline=None)).then(unlimited)
    given(DECIDER, *COMPLETE, unlimited, ready).when(return_).then(returned)


def test_what_the_department_said_before_moves_nothing_when_it_is_heard_again() -> None:
    asked, brought = [fact.model_copy(update={"round": 1}) for fact in (asked_again, brought_again)]
    first, second = replace(request_at_appraisal, round=1), replace(request_at_appraisal, round=2)
    history = (*COMPLETE, accepted, asked, brought, rescheduled)
    for again in (first, replace(reschedule, round=1)):
        given(DECIDER, *history).when(again).then_nothing()
    given(DECIDER, *history).when(second).then(asked_again)
    later_on = rescheduled.deadline.model_copy(update={"due_at": rescheduled.deadline.due_at + timedelta(days=7)})
    moved = rescheduled.model_copy(update={"due_before_at": rescheduled.deadline.due_at, "deadline": later_on})
    for again in (
        first,
        second,
        replace(reschedule, round=1),
        replace(reschedule, due_before_at=moved.due_before_at, deadline=later_on),
    ):
        given(DECIDER, *history, asked_again, brought_again, moved).when(again).then_nothing()


def test_an_appointment_that_was_missed_before_the_clock_stood_stays_missed_and_the_clock_goes_on() -> None:
    missed = rescheduled.deadline
    history = (*COMPLETE, accepted.model_copy(update={"deadline": missed}), asked_again, brought_again)
    goes_on = rescheduled.model_copy(update={"due_before_at": missed.due_at})
    given(DECIDER, *history).when(replace(reschedule, due_before_at=missed.due_at)).then(goes_on)


def test_a_new_day_is_given_once_and_the_limit_stays_what_it_was() -> None:
    given(DECIDER, *COMPLETE, accepted, reappointed).when(
        replace(reappoint, new_due_on=reappointed.new_due_on + timedelta(days=7))
    ).then_nothing()
    dossier = given(DECIDER, *COMPLETE, accepted, reappointed).state.dossier
    assert (dossier.new_due_on, dossier.deadline) == (reappointed.new_due_on, accepted.deadline)


def test_the_appointment_moves_with_a_limit_that_a_law_a_decision_or_a_changed_calendar_moves_and_it_is_said_why() -> None:
    for reason in ("extension", "calendar", "decision"):
        assert accepted.deadline is not None
        move = MoveDue(due_before_at=accepted.deadline.due_at, deadline=rescheduled.deadline, reason=reason, at=rescheduled.rescheduled_at)
        moved = rescheduled.model_copy(update={"due_before_at": move.due_before_at, "reason": reason})
        given(DECIDER, *COMPLETE, accepted).when(move).then(moved)
        history = given(DECIDER, *COMPLETE, accepted, moved)
        assert history.state.dossier.deadline == rescheduled.deadline
        history.when(move).then_nothing()
        given(DECIDER, *COMPLETE, accepted.model_copy(update={"deadline": None})).when(move).then_nothing()
        # It is no end of a supplement: the clock still stands where it stood.
        standing = given(DECIDER, *COMPLETE, accepted, asked_again, brought_again)
        assert given(DECIDER, *standing.facts, moved).state.clock_stands == standing.state.clock_stands


def test_a_dossier_with_no_appointment_cannot_have_it_moved() -> None:
    unlimited = accepted.model_copy(update={"deadline": None})
    given(DECIDER, *COMPLETE, unlimited, asked_again, brought_again).when(reschedule).then_nothing()


# Whatever is tried. ------------------------------------------------------------------------------------------------------

ENDS: Final = (DossierRefused, DossierWithdrawn, DossierReturned)
DEPARTMENT: Final = (RequestSupplementAtAppraisal, Reschedule, Reappoint, TakeResult)
ANY_COMPONENTS: Final = st.frozensets(st.sampled_from(sorted(COMPONENTS)), min_size=1).map(lambda found: tuple(sorted(found)))


def missing_of(components: tuple[str, ...]) -> tuple[MissingComponent, ...]:
    return tuple(MissingComponent(component=component, reason="absent") for component in components)


def appraised(round_: int, components: tuple[str, ...]) -> RequestSupplementAtAppraisal:
    return replace(request_at_appraisal, round=round_, missing=missing_of(components))


ANY_COMMAND: Final[st.SearchStrategy[Command]] = st.one_of(
    ANY_COMPONENTS.map(lambda components: submitted.model_copy(update={"components": components})),
    ANY_COMPONENTS.map(lambda components: replace(request, missing=missing_of(components))),
    st.builds(appraised, st.integers(1, 3), ANY_COMPONENTS),
    st.one_of(ANY_COMPONENTS, st.just(tuple(sorted(COMPONENTS)))).map(lambda components: replace(supplement, components=components)),
    st.one_of(st.just(COMPONENTS), ANY_COMPONENTS.map(frozenset)).map(lambda required: replace(accept, required=required)),
    st.sampled_from([refuse, withdraw, reschedule, reappoint, take_result, return_]),
)


def decided(commands: list[Command]) -> tuple[Any, list[Any]]:
    """Try commands one after another; give the state and the facts. What the department says is never refused."""
    state, facts = DECIDER.initial, list[Any]()
    for command in commands:
        reason, new = None, list[Any]()
        try:
            new = DECIDER.decide(command, state)
        except Refused as refusal:
            reason = refusal.reason
        assert reason in (set[str]() if isinstance(command, DEPARTMENT) else set(get_args(Reason))) | {None}
        if isinstance(command, Accept) and new:
            assert isinstance(state, Submitted)
            assert command.required <= state.dossier.components
        facts += new
        state = DECIDER.fold(new, state)
    return state, facts


@for_all(st.lists(ANY_COMMAND, max_size=20).map(lambda commands: [submitted, *commands]))
def test_whatever_is_tried_a_dossier_is_received_once_complete_and_ends_once(commands: list[Command]) -> None:
    state, facts = decided(commands)
    kinds = [type(fact) for fact in facts]
    assert state == DECIDER.fold(facts)
    assert kinds[0] is DossierSubmitted
    assert all(kinds.count(kind) <= 1 for kind in (DossierSubmitted, DossierAccepted, DossierResultReady, *ENDS))
    assert not [kind for kind in kinds[:-1] if kind in ENDS], "nothing follows the end"
    before_acceptance = kinds[: kinds.index(DossierAccepted)] if DossierAccepted in kinds else kinds
    assert set(before_acceptance) <= {DossierSubmitted, DossierSupplementRequested, DossierSupplemented, DossierRefused, DossierWithdrawn}
    assert DossierAccepted not in kinds or DossierRefused not in kinds
    if DossierReturned in kinds:
        assert kinds[-2:] == [DossierResultReady, DossierReturned]


@for_all(st.lists(ANY_COMMAND, max_size=20).map(lambda commands: [submitted, *commands]))
def test_whatever_is_tried_every_supplement_answers_the_request_before_it(commands: list[Command]) -> None:
    _, facts = decided(commands)
    assert sum(isinstance(fact, DossierSupplementRequested) and fact.stage == "desk" for fact in facts) <= 1
    for n, fact in enumerate(facts):
        if isinstance(fact, DossierSupplemented):
            asked = facts[n - 1]
            assert isinstance(asked, DossierSupplementRequested)
            assert (asked.stage, asked.round) == (fact.stage, fact.round)
            assert {one.component for one in asked.missing} <= set(fact.components)


@for_all(st.lists(ANY_COMMAND, max_size=20), st.integers(1, 100))
def test_asking_for_a_return_or_an_end_again_records_nothing_new(commands: list[Command], hours: int) -> None:
    state, _ = decided(commands)
    for again in (refuse, withdraw, return_):
        with contextlib.suppress(Refused):
            after = DECIDER.fold(DECIDER.decide(again, state), state)
            assert DECIDER.decide(later(again, hours), after) == []


def later(command: Refuse | Withdraw | Return, hours: int) -> Command:
    at: datetime = command.at + timedelta(hours=hours)
    return replace(command, at=at)
