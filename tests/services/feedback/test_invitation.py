from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final, get_args
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.feedback import InvitationIssued, InvitationUsed
from contracts.feedback_surveys import Occasion
from contracts.vocabulary import DossierId, SurveyClassId
from kernel.eventlog import Refused
from services.feedback.domain.invitation import DECIDER, Absent, Command, Issue, Open, Refusal, Use, Used, invitation_id
from services.feedback.domain.token import hash_of, token_of
from tests.services.rig import AGENCY, MONDAY
from tests.specification import given

SECRET: Final = bytes(32)
DOSSIER: Final = DossierId(UUID(int=7))
ID: Final = invitation_id(DOSSIER, "result")
RIGHT: Final = hash_of(token_of(SECRET, ID))
WRONG: Final = hash_of(token_of(bytes([1] * 32), ID))
END: Final = MONDAY + timedelta(days=30)
MOMENT: Final = timedelta(microseconds=1)

ABOUT: Final[dict[str, Any]] = {
    "invitation_id": ID,
    "dossier_id": DOSSIER,
    "agency": AGENCY,
    "procedure": "2.000648",
    "field": "hoa-chat",
    "occasion": "result",
    "token_hash": RIGHT,
    "issued_at": MONDAY,
    "expires_at": END,
}
ISSUE: Final = Issue(**ABOUT)
issued = InvitationIssued(**ABOUT)
CLASS: Final = SurveyClassId(UUID(int=9))
BLINDED: Final = "b" * 64
OTHER: Final = "c" * 64
OFFERED: Final[dict[str, Any]] = {"class_id": CLASS, "blinded_hash": BLINDED, "channel": "link"}
used_before = InvitationUsed(invitation_id=ID, used_at=MONDAY)
used = InvitationUsed(invitation_id=ID, **OFFERED, used_at=MONDAY)


def use(token_hash: str, at: datetime, blinded_hash: str = OTHER) -> Use:
    return Use(token_hash=token_hash, class_id=CLASS, blinded_hash=blinded_hash, channel="link", at=at)


def used_at(at: datetime, blinded_hash: str = OTHER) -> InvitationUsed:
    return InvitationUsed(invitation_id=ID, class_id=CLASS, blinded_hash=blinded_hash, channel="link", used_at=at)


HISTORIES: Final[dict[str, tuple[Any, ...]]] = {"absent": (), "open": (issued,), "used": (issued, used)}
COMMANDS: Final[dict[str, Command]] = {
    "issue": ISSUE,
    "use": use(RIGHT, END - MOMENT),
    "use at the end": use(RIGHT, END),
    "use after the end": use(RIGHT, END + MOMENT),
    "guess": use(WRONG, MONDAY),
    "guess after the end": use(WRONG, END),
}
OUTCOMES: Final[dict[tuple[str, str], tuple[Any, ...] | Refusal]] = {
    ("absent", "issue"): (issued,),
    ("absent", "use"): "no-such-invitation",
    ("absent", "use at the end"): "no-such-invitation",
    ("absent", "use after the end"): "no-such-invitation",
    ("absent", "guess"): "no-such-invitation",
    ("absent", "guess after the end"): "no-such-invitation",
    ("open", "issue"): (),
    ("open", "use"): (used_at(END - MOMENT),),
    ("open", "use at the end"): "invitation-expired",
    ("open", "use after the end"): "invitation-expired",
    # Whoever guesses learns neither that there is an invitation, nor that it has expired or was used.
    ("open", "guess"): "no-such-invitation",
    ("open", "guess after the end"): "no-such-invitation",
    ("used", "issue"): (),
    ("used", "use"): "invitation-used",
    ("used", "use at the end"): "invitation-used",
    ("used", "use after the end"): "invitation-used",
    ("used", "guess"): "no-such-invitation",
    ("used", "guess after the end"): "no-such-invitation",
}


@pytest.mark.parametrize(("history", "command"), list(product(HISTORIES, COMMANDS)))
def test_every_command_in_every_state_leads_to_its_facts_or_its_refusal(history: str, command: str) -> None:
    given(DECIDER, *HISTORIES[history]).when(COMMANDS[command]).then_as(OUTCOMES[history, command])


def test_the_histories_lead_to_every_state_and_the_outcomes_hold_every_reason() -> None:
    assert [type(given(DECIDER, *facts).state) for facts in HISTORIES.values()] == [Absent, Open, Used]
    assert {outcome for outcome in OUTCOMES.values() if isinstance(outcome, str)} == set(get_args(Refusal))


def test_an_answer_is_given_once() -> None:
    given(DECIDER, issued).when(COMMANDS["use"]).then(used_at(END - MOMENT))
    given(DECIDER, issued, used).when(COMMANDS["use"]).then_refused("invitation-used")
    given(DECIDER, issued, used_before).when(COMMANDS["use"]).then_refused("invitation-used")


def test_what_was_signed_is_signed_again_for_its_owner_and_for_no_other_class() -> None:
    again = use(RIGHT, END - MOMENT, BLINDED)
    given(DECIDER, issued, used).when(again).then_nothing()
    given(DECIDER, issued, used).when(replace(again, class_id=SurveyClassId(UUID(int=10)))).then_refused("invitation-used")
    given(DECIDER, issued, used).when(replace(again, token_hash=WRONG)).then_refused("no-such-invitation")


def test_a_second_issue_changes_neither_token_nor_end() -> None:
    again = replace(ISSUE, token_hash=WRONG, expires_at=END + timedelta(days=30))
    given(DECIDER, issued).when(again).then_nothing()
    given(DECIDER, issued, used).when(again).then_nothing()


def test_a_dossier_has_one_invitation_per_occasion() -> None:
    other = DossierId(UUID(int=8))
    names = [invitation_id(dossier, occasion) for dossier in (DOSSIER, other) for occasion in get_args(Occasion)]
    assert len(set(names)) == len(names) == 2 * len(get_args(Occasion))
    assert names == [invitation_id(dossier, occasion) for dossier in (DOSSIER, other) for occasion in get_args(Occasion)]


MOMENTS: Final = st.timedeltas(timedelta(days=-1), timedelta(days=62)).map(lambda after: MONDAY + after)


def issue_until(end: datetime) -> Issue:
    return replace(ISSUE, expires_at=end)


ANY_COMMAND: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(issue_until, MOMENTS),
    st.builds(use, st.sampled_from([RIGHT, WRONG]), MOMENTS, st.sampled_from([BLINDED, OTHER])),
)


@for_all(st.lists(ANY_COMMAND, max_size=12))
def test_whatever_is_tried_there_is_one_invitation_and_one_answer_with_the_right_token_in_time(commands: list[Command]) -> None:
    state, facts = DECIDER.initial, list[Any]()
    for command in commands:
        with contextlib.suppress(Refused):
            new = DECIDER.decide(command, state)
            if any(isinstance(fact, InvitationUsed) for fact in new):
                assert isinstance(command, Use)
                assert (command.token_hash, command.at) == (RIGHT, new[0].used_at)
                assert command.at < facts[0].expires_at
            state = DECIDER.fold(new, state)
            facts += new
    assert [type(fact) for fact in facts] in ([], [InvitationIssued], [InvitationIssued, InvitationUsed])
    assert state == DECIDER.fold(facts)
