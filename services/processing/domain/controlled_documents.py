"""Step 3 of 8, decide: controlled documents (TCVN ISO 9001:2015, 7.5.3): issues in order, never two in force, the obsolete ones kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.processing_organisation import ControlledDocumentFact, ControlledDocumentIssued, ControlledDocumentWithdrawn
from contracts.vocabulary import AgencyCode, FieldCode, ProcedureCode
from kernel.eventlog import Decider, Refused
from kernel.legalclock import day_of
from services.processing.domain import NAMESPACE
from services.processing.domain.spans import Spans, cut, on, written

Reason: TypeAlias = Literal["issue-out-of-order", "issue-too-early", "governed-already", "no-such-document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Write down the documents of the seed; once."""

    documents: tuple[ControlledDocumentIssued, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take a document out of force from a day on."""

    agency: AgencyCode
    code: str
    from_on: date
    basis: str
    at: datetime


Command: TypeAlias = Seed | ControlledDocumentIssued | Withdraw


@dataclass(frozen=True, slots=True)
class Document:
    """All issues of a document, the newest last, and which of them is in force on which days."""

    issues: tuple[ControlledDocumentIssued, ...] = ()
    in_force: Spans[ControlledDocumentIssued] = ()


State: TypeAlias = Mapping[str, Document]
"""Every document by its code."""

INITIAL: Final[State] = MappingProxyType({})


def stream_of(agency: AgencyCode) -> UUID:
    """Give the stream of an agency's documents: one for all, for what governs a procedure is decided in one place."""
    return uuid5(NAMESPACE, f"controlled-documents:{agency}")


def in_force(state: State, day: date) -> list[ControlledDocumentIssued]:
    """List the issues that are in force on a day, by their codes."""
    return [issue for code in sorted(state) if (issue := on(state[code].in_force, day)) is not None]


def governing(state: State, procedure: ProcedureCode, field: FieldCode, day: date) -> ControlledDocumentIssued | None:
    """Give the issue that governs a procedure on a day: the one that names it, or else that of its field."""
    issues = in_force(state, day)
    named = next((issue for issue in issues if procedure in issue.procedures), None)
    return named or next((issue for issue in issues if issue.field == field and not issue.procedures), None)


def decide(command: Command, state: State) -> list[ControlledDocumentFact]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `Reason`, and what is in the way.
    """
    match command:
        case Seed(documents=documents):
            return [] if state else [*documents]
        case ControlledDocumentIssued():
            return [_issued(command, state)]
        case Withdraw(code=code, from_on=day):
            document = state.get(code, Document())
            if on(document.in_force, day) is None:
                raise Refused("no-such-document", document=code)
            last = document.issues[-1]
            if day < (earliest := max(last.from_on, day_of(command.at))):
                raise Refused("issue-too-early", issue=last.issue, from_on=earliest.isoformat())
            said = {"agency": command.agency, "code": code, "issue": last.issue, "from_on": day, "basis": command.basis}
            return [ControlledDocumentWithdrawn.model_validate(said | {"withdrawn_at": command.at})]


def _issued(command: ControlledDocumentIssued, state: State) -> ControlledDocumentIssued:
    issues = state.get(command.code, Document()).issues
    if command.issue != len(issues) + 1:
        raise Refused("issue-out-of-order", issue=len(issues) + 1)
    # A case names the issue that was in force when it was opened: no later word may change which one that was.
    if command.from_on < (today := day_of(command.issued_at)):
        raise Refused("issue-too-early", from_on=today.isoformat())
    if issues and command.from_on <= issues[-1].from_on:
        raise Refused("issue-too-early", issue=issues[-1].issue, from_on=issues[-1].from_on.isoformat())
    for code, document in state.items():
        if code != command.code and any(_same_matter(span.value, command) for span in document.in_force if _from(span.to_on, command)):
            raise Refused("governed-already", document=code)
    return command


def _from(to_on: date | None, command: ControlledDocumentIssued) -> bool:
    return to_on is None or to_on >= command.from_on


def _same_matter(one: ControlledDocumentIssued, other: ControlledDocumentIssued) -> bool:
    """Tell whether two documents say how the same is done: both name a procedure, or both are for a whole field."""
    whole = not one.procedures and not other.procedures and one.field is not None and one.field == other.field
    return whole or bool(set(one.procedures) & set(other.procedures))


def evolve(state: State, event: ControlledDocumentFact) -> State:
    """Say which issues there are, and which are in force, after an event."""
    document = state.get(event.code, Document())
    match event:
        case ControlledDocumentIssued():
            after = Document((*document.issues, event), written(document.in_force, event.from_on, None, event))
        case ControlledDocumentWithdrawn():
            after = Document(document.issues, cut(document.in_force, event.from_on))
    return {**state, event.code: after}


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)
