"""Step 2 of 8, handle: what each command needs to be decided: the officer's post, the pinned workflow, the next number of the book."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

from contracts.processing import AssignmentReason, CorrectionReason, RecordKind, ReopeningReason, WorkflowPublished
from contracts.processing_coordination import Seat
from contracts.processing_organisation import CoordinationArea
from contracts.vocabulary import (
    AgencyCode,
    CaseId,
    ContentHash,
    DossierId,
    LatenessReason,
    MissingComponent,
    PartnerCode,
    PrincipalId,
    ProcedureCode,
)
from contracts.vocabulary import Outcome as Verdict
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import CHANGED, INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.edge.service import Runtime
from kernel.eventlog import (
    Busy,
    Decider,
    History,
    Meta,
    Outcome,
    Refused,
    Slice,
    Target,
    VersionMismatch,
    carry_out,
    next_in_book,
    state_before,
)
from kernel.legalclock import day_of, load_calendar
from services.processing.domain import book, case, permit, workflow
from services.processing.domain.agreements import with_partner
from services.processing.domain.case_commands import (
    Act,
    Answer,
    Assign,
    Claim,
    Complete,
    Consult,
    Correct,
    Decide,
    Issue,
    Opinion,
    Pause,
    Prolong,
    PutDownCouncil,
    PutDownSiteCheck,
    Reappoint,
    Receive,
    Return,
    Undo,
)
from services.processing.domain.case_states import Absent, Issued, Known, State, Working, legal_in
from services.processing.domain.officer import Officer
from services.processing.domain.organisation_states import Organisation
from services.processing.domain.workflow import Steps, signing_step
from services.processing.handle_organisation import Establishment
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.workflows import Workflow, load_workflows

CaseOutcome = Outcome[State]

NO_SUCH_PARTNER: Final = Fault(
    "body",
    "/partner",
    Sentence(
        "Không có quy chế phối hợp nào với cơ quan này đang có hiệu lực.", "There is no coordination agreement with this agency in force."
    ),
)

NOT_THAT_FAR: Final = Fault("query", "/version", Sentence("Hồ sơ chưa có phiên bản này.", "The case has not come to this version."))

WHICH_AREA: Final = Fault(
    "body",
    "/area",
    Sentence(
        "Có nhiều quy chế phối hợp với cơ quan này đang có hiệu lực: phải nêu lĩnh vực phối hợp.",
        "Several coordination agreements with this agency are in force: name the area.",
    ),
)

NO_SUCH_OFFICER: Final = Sentence(
    "Tài khoản này không giữ vị trí nào ở Sở vào ngày lập biên bản.", "This account had no post in the department on the day of the record."
)

NO_SUCH_AGENCY: Final = Sentence(
    "Chưa từng có quy chế phối hợp với cơ quan này.", "There has never been a coordination agreement with this agency."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What seldom changes in the life of a case: only whoever moves it to another workflow changes its steps."""

    agency: AgencyCode
    dossier: DossierId
    workflow_hash: ContentHash
    procedure: ProcedureCode
    steps: Steps


def _who(officer: Officer, pinned: Pinned, command: Command) -> dict[str, Any]:
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
class Department:
    """Carries out the commands of the officers."""

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

    async def claim(self, id: UUID, step: str | None, command: Command) -> CaseOutcome:
        """Take an open step.

        Raises:
            Refused: a `case_refusals.Reason`, as every command here; "not-in-roster" for somebody who has no post.
            Problem: 403, if the case is another agency's, as every command here.
        """
        officer, pinned = await self._before(id, command)
        wanted = Claim(step=step, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def assign(self, id: UUID, step: str, to: PrincipalId, reason: AssignmentReason, command: Command) -> CaseOutcome:
        """Give an open step to an officer; one who has no post that day, or is away, cannot take it."""
        officer, pinned = await self._before(id, command)
        _, staff = await self.establishment.organisation()
        taker = taker_of(staff, to, pinned.procedure, day_of(command.meta.time))
        wanted = Assign(step=step, to=taker, reason=reason, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def send_back(self, id: UUID, step: str, to: str, reason: ReopeningReason, command: Command) -> CaseOutcome:
        """Send the work back to an earlier step, to whoever did it."""
        officer, pinned = await self._before(id, command)
        wanted = Return(step=step, to=to, reason=reason, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def undo(self, id: UUID, step: str, reason: ReopeningReason, command: Command) -> CaseOutcome:
        """Take back a step that the caller has finished."""
        officer, pinned = await self._before(id, command)
        wanted = Undo(step=step, reason=reason, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def consult(self, id: UUID, partner: PartnerCode, area: CoordinationArea | None, command: Command) -> CaseOutcome:
        """Ask another agency, within the limit of the coordination agreement that is in force that day.

        Raises:
            Problem: 422, if there is no agreement with it, or there are several and no area is named.
        """
        officer, pinned = await self._before(id, command)
        _, known = await self.establishment.agreements()
        if not (agreed := with_partner(known, partner, area, day_of(command.meta.time))):
            raise Problem(INVALID, faults=[NO_SUCH_PARTNER])
        if len(agreed) > 1:
            raise Problem(INVALID, faults=[WHICH_AREA], members={"areas": [one.area for one in agreed]})
        wanted = Consult(partner=partner, days=agreed[0].answer_days, agreement=agreed[0].code, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def receive(self, id: UUID, number: int, command: Command) -> CaseOutcome:
        """Record that another agency has the papers."""
        officer, pinned = await self._before(id, command)
        return await self._carry_out(id, Receive(number=number, **_who(officer, pinned, command)), pinned, command)

    async def answer(self, id: UUID, number: int, opinion: Opinion, command: Command) -> CaseOutcome:
        """Record what another agency answered."""
        officer, pinned = await self._before(id, command)
        wanted = Answer(number=number, opinion=opinion, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def reappoint(self, id: UUID, new_due_on: date, reason: LatenessReason, command: Command) -> CaseOutcome:
        """Apologise for being late, and name a new day."""
        officer, pinned = await self._before(id, command)
        wanted = Reappoint(new_due_on=new_due_on, reason=reason, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def prolong(self, id: UUID, amount: int, legal_basis: str, reason: LatenessReason, command: Command) -> CaseOutcome:
        """Make the limit longer, as the procedure's law lets it."""
        officer, pinned = await self._before(id, command)
        wanted = Prolong(amount=amount, legal_basis=legal_basis, reason=reason, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def put_down(
        self, id: UUID, kind: RecordKind, step: str, held_on: date, members: tuple[Seat, ...], finding: str, command: Command
    ) -> CaseOutcome:
        """Put down what a team found on site, or what a council concluded.

        Raises:
            Problem: 422, if somebody who sat there had no post that day, or comes from an agency with which there never was an agreement.
        """
        officer, pinned = await self._before(id, command)
        _, staff = await self.establishment.organisation()
        _, known = await self.establishment.agreements()
        partners = {one.partner for one in known.values()}
        if faults := [
            Fault("body", f"/members/{n}/{field}", words)
            for n, seat in enumerate(members)
            for field, unknown, words in (
                ("officer", seat.officer is not None and staff.post(seat.officer, held_on) is None, NO_SUCH_OFFICER),
                ("partner", seat.partner is not None and seat.partner not in partners, NO_SUCH_AGENCY),
            )
            if unknown
        ]:
            raise Problem(INVALID, faults=faults)
        make: type[Any] = PutDownSiteCheck if kind == "site-check" else PutDownCouncil
        wanted = make(step=step, held_on=held_on, members=members, finding=finding, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def complete(self, id: UUID, step: str, command: Command) -> CaseOutcome:
        """Finish the open step; if it is the one that issues the result, with its number."""
        officer, pinned = await self._before(id, command)
        steps = pinned.steps
        if step == steps[-1].code and step != signing_step(steps).code:
            return await self._issue(id, step, officer, pinned, command)
        return await self._carry_out(id, Complete(step=step, **_who(officer, pinned, command)), pinned, command)

    async def pause(self, id: UUID, missing: tuple[MissingComponent, ...], legal_basis: str | None, command: Command) -> CaseOutcome:
        """Stop the clock and ask for what is missing; more often than the rules allow only by a law that lets it."""
        officer, pinned = await self._before(id, command)
        days = await self.register.notice_days(pinned.dossier)
        reminder = self.runtime.settings.supplement_reminder_days
        who = _who(officer, pinned, command)
        wanted = Pause(missing=missing, legal_basis=legal_basis, notice_days=days, reminder_days=reminder, **who)
        return await self._carry_out(id, wanted, pinned, command)

    async def decide(self, id: UUID, outcome: Verdict, legal_basis: str | None, command: Command) -> CaseOutcome:
        """Sign the decision."""
        officer, pinned = await self._before(id, command)
        wanted = Decide(outcome=outcome, legal_basis=legal_basis, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

    async def correct(self, id: UUID, outcome: Verdict, legal_basis: str | None, reason: CorrectionReason, command: Command) -> CaseOutcome:
        """Correct a signed decision before its result goes out."""
        officer, pinned = await self._before(id, command)
        wanted = Correct(outcome=outcome, legal_basis=legal_basis, reason=reason, **_who(officer, pinned, command))
        return await self._carry_out(id, wanted, pinned, command)

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

    async def _issue(self, id: UUID, step: str, officer: Officer, pinned: Pinned, command: Command) -> CaseOutcome:
        """Take the book's next number, and store it with the result and the permit: all or none."""
        at, agency = command.meta.time, pinned.agency
        expected = await self.register.result_of(pinned.dossier)
        result, is_permit = expected.result, permit.abbreviation_of(expected.result) is not None
        year, stream = day_of(at).year, permit.stream_of(CaseId(id))
        # What the permit shall say may have been written down: then it is not the beginning of its stream. Read before it is our turn
        # in the book, for others wait behind us; only if somebody writes meanwhile it is read again.
        read_before = [await self.runtime.log.load(stream)] if is_permit else []

        async def with_number(history: History) -> CaseOutcome:
            serial = history.version + 1
            paper = (read_before.pop() if read_before else await self.runtime.log.load(stream)) if is_permit else None

            def also(outcome: CaseOutcome) -> list[Slice]:
                if not isinstance(outcome.state, Issued):
                    return []
                of, number = outcome.state.case, outcome.state.number
                slices = [Slice(history, agency, [book.allot(agency, year, serial, number, of.id)])]
                if outcome.state.outcome == "granted" and result is not None and paper is not None:
                    issued = permit.issue(of, result, number, expected.validity_months, at, expected.holder)
                    slices.append(Slice(paper, agency, [issued]))
                return slices

            wanted = Issue(step=step, serial=serial, result=result, **_who(officer, pinned, command))
            try:
                return await carry_out(
                    self.runtime.log,
                    Target(id, deciding_by(pinned.workflow_hash), wanted),
                    command.meta,
                    agency=agency,
                    expected=command.expected,
                    beside=command.beside,
                    also=also,
                    tries=1,
                )
            except VersionMismatch:
                raise await self._gone_on(id, wanted) from None

        return await next_in_book(self.runtime.log, book.stream_of(agency, year), with_number)

    async def _before(self, id: UUID, command: Command) -> tuple[Officer, Pinned]:
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

    async def _carry_out(self, id: UUID, wanted: Act, pinned: Pinned, command: Command) -> CaseOutcome:
        target = Target(id, deciding_by(pinned.workflow_hash), wanted)
        try:
            return await carry_out(
                self.runtime.log, target, command.meta, agency=pinned.agency, expected=command.expected, beside=command.beside
            )
        except VersionMismatch:
            raise await self._gone_on(id, wanted) from None

    async def _gone_on(self, id: UUID, wanted: Act) -> Problem:
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
