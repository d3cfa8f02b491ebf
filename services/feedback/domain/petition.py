"""Step 3 of 8, decide: the life of a petition, from the register to the answer, and back if the answer was none.

What it is decides what may be done: a petition (phản ánh, kiến nghị), a complaint (khiếu nại), a denunciation (tố cáo). The last is never
linked to anything, merged or published: its author is protected.
"""

from __future__ import annotations

from typing import Final

from contracts.feedback_petitions import (
    PetitionFact,
    PetitionJoined,
    PetitionJudged,
    PetitionPublished,
    PetitionReceived,
    PetitionRefused,
    PetitionReopened,
    PetitionWithdrawn,
)
from kernel.eventlog import Decider
from services.feedback.domain import petition_commands as asked
from services.feedback.domain.petition_alarms import raised, with_alarms
from services.feedback.domain.petition_facts import answered, assigned, classified, extended, forwarded, merged, message, received, refused
from services.feedback.domain.petition_rules import due
from services.feedback.domain.petition_states import INITIAL, Absent, Answered, Closed, Open, Petition, State, evolve


def decide(command: asked.Command, state: State) -> list[PetitionFact]:
    """Give what a command leads to, and beside it which limits have said something by then.

    Raises:
        Refused: a `Refusal`, or "outside-calendar".
    """
    match command:
        case asked.Ring(at=at):
            return raised(at, state)
        case asked.Receive():
            at = command.received_at
        case asked.SetApart():
            at = command.classify.at
        case _:
            at = command.at
    return with_alarms(at, state, decided(command, state))


def decided(command: asked.Step, state: State) -> list[PetitionFact]:
    """Give what a command itself leads to.

    Raises:
        Refused: as `decide`.
    """
    match command, state:
        case asked.Receive(), Absent():
            return [received(command)]
        case asked.SetApart(receive=receive, classify=classify), Absent():
            first = received(receive)
            return [first, *of_part(classify, first)]
        case asked.Receive() | asked.SetApart(), _:
            return []
        case asked.Write(), Open(petition=petition) | Answered(petition=petition):
            return [message(command, petition)]
        case asked.Judge() | asked.Reopen() | asked.Publish(), Answered():
            return on_answer(command, state)
        case asked.Join(), Open(petition=petition):
            if command.duplicate in petition.duplicates:
                return []
            if petition.protected:
                raise refused("not-a-duplicate")
            fact = PetitionJoined(petition_id=petition.id, agency=petition.agency, duplicate=command.duplicate, joined_at=command.at)
            return [fact]
        case asked.Withdraw(), Open(petition=petition):
            return [PetitionWithdrawn(petition_id=petition.id, agency=petition.agency, withdrawn_at=command.at)]
        case _, Open(petition=petition):
            return on_open(command, petition)

        # Taken back twice is taken back once.
        case asked.Withdraw(), Closed(how="withdrawn"):
            return []

        case _, Absent():
            raise refused("no-such-petition")
        case _, Closed():
            raise refused("petition-closed")
        case _, Answered():
            raise refused("petition-answered")


def on_open(command: asked.Step, petition: Petition) -> list[PetitionFact]:
    """Give what officers can do with a petition that waits.

    Raises:
        Refused: a `Refusal`.
    """
    match command:
        case asked.Classify():
            return classified(command, petition)
        case asked.Refuse():
            return [
                PetitionRefused(
                    petition_id=petition.id,
                    agency=petition.agency,
                    reason=command.reason,
                    explanation_ref=command.words.ref,
                    commitment=command.words.commitment,
                    refused_by=command.officer,
                    refused_at=command.at,
                )
            ]
        case asked.Forward():
            return [forwarded(command, petition)]
        case asked.Merge():
            return merged(command, petition)
        case asked.Assign() | asked.Extend() | asked.Answer() if petition.kind is None:
            raise refused("not-classified")
        case asked.Assign():
            return assigned(command, petition)
        case asked.Extend():
            return extended(command, petition)
        case asked.Answer():
            return [answered(command, petition)]
        case _:
            raise refused("petition-open")


def on_answer(command: asked.Judge | asked.Reopen | asked.Publish, state: Answered) -> list[PetitionFact]:
    """Give what can be done with an answer. Nothing that is written meanwhile moves the window.

    Raises:
        Refused: a `Refusal`.
    """
    petition, at = state.petition, command.at
    match command:
        case asked.Judge(verdict=verdict):
            if petition.round in petition.judged:
                raise refused("judged-already")
            fact = PetitionJudged(petition_id=petition.id, agency=petition.agency, round=petition.round, verdict=verdict, judged_at=at)
            return [fact]
        case asked.Reopen(words=words, by=by):
            if not petition.dissatisfied:
                raise refused("not-dissatisfied")
            if at >= state.reopen_until:
                raise refused("window-closed")
            if petition.round > by.rules.reopens_max:
                raise refused("reopened-too-often")
            kind = petition.kind or "petition"
            return [
                PetitionReopened(
                    petition_id=petition.id,
                    agency=petition.agency,
                    round=petition.round + 1,
                    reason_ref=words.ref,
                    commitment=words.commitment,
                    deadline=due(at, by.rules.answer[kind], by.calendar),
                    reopened_at=at,
                )
            ]
        case asked.Publish(words=words, officer=officer):
            if petition.kind != "petition" or petition.protected:
                raise refused("not-to-be-published")
            if petition.published:
                raise refused("published-already")
            return [
                PetitionPublished(
                    petition_id=petition.id,
                    agency=petition.agency,
                    public_ref=words.ref,
                    commitment=words.commitment,
                    published_by=officer,
                    published_at=at,
                )
            ]


def of_part(classify: asked.Classify, first: PetitionReceived) -> list[PetitionFact]:
    """Say at once what a part is."""
    match evolve(INITIAL, first):
        case Open(petition=petition):
            return classified(classify, petition)
        case _:
            return []


DECIDER: Final[Decider[asked.Command, State]] = Decider(INITIAL, decide, evolve)
