"""Step 2 of 8, handle: what every command on a case needs: who acts, by which version of the workflow, and on which version of the case."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

from contracts.processing import WorkflowPublished
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, PrincipalId, ProcedureCode
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import CHANGED, INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.edge.service import Runtime
from kernel.eventlog import Busy, Decider, History, Meta, Outcome, Refused, Target, VersionMismatch, carry_out, state_before
from kernel.legalclock import day_of, load_calendar
from services.processing.domain import case, workflow
from services.processing.domain.case_commands import Act
from services.processing.domain.case_states import Absent, Known, State, Working, legal_in
from services.processing.domain.officer import Officer
from services.processing.domain.organisation_states import Organisation
from services.processing.domain.workflow import Steps
from services.processing.handle_organisation import Establishment
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.workflows import Workflow, load_workflows

CaseOutcome = Outcome[State]

NOT_THAT_FAR: Final = Fault("query", "/version", Sentence("Hồ sơ chưa có phiên bản này.", "The case has not come to this version."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What seldom changes in the life of a case: only whoever moves it to another workflow changes its steps."""

    agency: AgencyCode
    dossier: DossierId
    workflow_hash: ContentHash
    procedure: ProcedureCode
    steps: Steps


def who(officer: Officer, pinned: Pinned, command: Command) -> dict[str, Any]:
    """Say what every act says: who, by which steps, when, and the calendar as it is known then."""
    at = command.meta.time
    return {"officer": officer, "steps": pinned.steps, "at": at, "calendar": load_calendar().as_known_at(at)}


def deciding_by(workflow_hash: ContentHash) -> Decider[case.Command, State]:
    """Decide by the workflow that a command was prepared with: a case that was moved to another meanwhile is to be asked for again."""

    def decide(command: case.Command, state: State) -> list[case.Event]:
        if isinstance(state, Working) and state.case.workflow_hash != workflow_hash:
            raise Busy("moved-to-another-workflow")
        return case.decide(command, state)

    return Decider(case.INITIAL, decide, case.evolve)


def as_it_was(history: History, as_of: datetime | None, version: int | None) -> History:
    """Give the beginning of a history: the facts before the first that is later than an instant, and no more than a version.

    Raises:
        Problem: 422, if the history has not come to that version.
    """
    events = history.events
    if version is not None:
        if version > history.version:
            raise Problem(INVALID, faults=[NOT_THAT_FAR])
        events = events[:version]
    if as_of is not None:
        events = tuple(takewhile(lambda event: event.time <= as_of, events))
    return replace(history, version=len(events), pos=events[-1].pos if events else 0, events=events)


def insist_on_duty(staff: Organisation, account: PrincipalId, day: date) -> None:
    """Refuse whoever has no post on a day, or is away.

    Raises:
        Refused: "not-in-roster", "on-leave".
    """
    if staff.post(account, day) is None:
        raise Refused("not-in-roster")
    if staff.leave(account, day) is not None:
        raise Refused("on-leave")


def no_officer(account: PrincipalId) -> Officer:
    """Give somebody who may do no step."""
    return Officer(id=account, unit="", roles=frozenset())


def taker_of(staff: Organisation, to: PrincipalId, procedure: ProcedureCode, day: date) -> Officer:
    """Give what the officer who is to take a step may do; one who has no post on a day, or is away, may do none."""
    known = None if staff.leave(to, day) else staff.officer(to, day, procedure)
    return known or no_officer(to)


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of a department, each with the workflow that it is pinned to."""

    runtime: Runtime[ProcessingSettings]
    register: Register
    establishment: Establishment
    _older: dict[ContentHash, Steps] = field(default_factory=dict[ContentHash, Steps], init=False)

    @property
    def workflows(self) -> Mapping[ProcedureCode, Workflow]:
        """The workflows in force."""
        return load_workflows(self.runtime.settings.workflows, self.runtime.settings.organisation)

    async def publish_workflows(self, at: datetime) -> None:
        """Publish every workflow whose version is new; the second time there is nothing to publish.

        A version that comes back after another is published again, as an event of its own.
        """

        async def publish(one: Workflow) -> None:
            target = Target(workflow.stream_of(one.procedure), workflow.DECIDER, one.published(at))
            meta = Meta(f"{target.stream}:{one.content_hash}:{at.isoformat()}", f"system:{self.runtime.name}", at)
            await carry_out(self.runtime.log, target, meta, agency=self.runtime.settings.agency)

        # Together, so that they share one commit.
        await asyncio.gather(*(publish(one) for one in self.workflows.values()))

    async def case(
        self, id: UUID, principal: Principal, *, as_of: datetime | None = None, version: int | None = None
    ) -> tuple[History, Known, Steps]:
        """Give a case's history, its state and its steps: as they are now, or as they were at an instant, or at a version.

        Raises:
            Problem: 404 if there is none, or there was none yet, 403 if it is another agency's, 422 for a version to come.
        """
        history = await self.runtime.log.load(id)
        if isinstance(now := case.DECIDER.state_of(history), Absent):
            raise Problem(NOT_FOUND)
        principal.require(now.case.agency)
        history = as_it_was(history, as_of, version)
        if isinstance(state := case.DECIDER.state_of(history), Absent):
            raise Problem(NOT_FOUND)
        return history, state, await self.steps_of(state.case.procedure, state.case.workflow_hash)

    async def before(self, id: UUID, command: Command) -> tuple[Officer, Pinned]:
        """Find who acts, and what he acts on."""
        principal, day = command.principal, day_of(command.meta.time)
        _, staff = await self.establishment.organisation()
        insist_on_duty(staff, principal.sub, day)
        if isinstance(state := await state_before(self.runtime.log, id, case.DECIDER), Absent):
            raise Problem(NOT_FOUND)
        principal.require(state.case.agency)
        steps = await self.steps_of(state.case.procedure, state.case.workflow_hash)
        pinned = Pinned(
            agency=state.case.agency,
            dossier=state.case.dossier,
            workflow_hash=state.case.workflow_hash,
            procedure=state.case.procedure,
            steps=steps,
        )
        if (officer := staff.officer(principal.sub, day, pinned.procedure)) is None:
            raise Refused("not-in-roster")
        return officer, pinned

    async def carry_out(self, id: UUID, wanted: Act, pinned: Pinned, command: Command) -> CaseOutcome:
        """Store what follows from an act, if the case is still what its caller saw.

        Raises:
            Refused: a `case_refusals.Reason`.
            Problem: 412, with what may be done now, if the case has gone on.
        """
        target = Target(id, deciding_by(pinned.workflow_hash), wanted)
        try:
            return await carry_out(
                self.runtime.log, target, command.meta, agency=pinned.agency, expected=command.expected, beside=command.beside
            )
        except VersionMismatch:
            raise await self.gone_on(id, wanted) from None

    async def gone_on(self, id: UUID, wanted: Act) -> Problem:
        """Say what may be done now to whoever has acted on an older version.

        A condition is not looked at where the act would be refused without it (RFC 9110, 13.2.2): then the refusal is raised instead.

        Raises:
            Refused: if that cannot be done any more at all.
        """
        history = await self.runtime.log.load(id)
        state = case.DECIDER.state_of(history)
        case.decide(wanted, state)
        return Problem(CHANGED, members={"legal": legal_in(state, wanted.steps, wanted.at), "version": history.version})

    async def steps_of(self, procedure: ProcedureCode, content_hash: ContentHash) -> Steps:
        """Give the version of a workflow that a case is pinned to: the one in force, or what was published under that hash."""
        if (current := self.workflows.get(procedure)) is not None and current.content_hash == content_hash:
            return current.steps
        if content_hash not in self._older:
            history = await self.runtime.log.load(workflow.stream_of(procedure))
            facts = [event.fact for event in history.events]
            self._older.update({fact.content_hash: fact.steps for fact in facts if isinstance(fact, WorkflowPublished)})
        return self._older[content_hash]
