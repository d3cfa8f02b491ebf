"""Step 2 of 8, handle: what the management of reform needs: whose it is, the report of a review, the standing of its findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from uuid import UUID, uuid5

from contracts.processing_organisation import UnitCode
from contracts.reporting_duties import PublicityPlanned
from contracts.reporting_findings import FindingOpened, FindingSource, InspectedSubject
from contracts.reporting_oversight import ReviewKind
from contracts.reporting_reform import Evidence
from contracts.vocabulary import AgencyCode, FindingId, FindingSourceId, ReportId
from kernel.edge.idempotency import Command
from kernel.edge.service import Runtime
from kernel.eventlog import History, Outcome, Refused, Slice, Target, carry_out, next_in_book
from kernel.eventlog.decide import RETRIES_MAX
from services.reporting.domain import finding, finding_commands, finding_states, inspection_plan, publicity, report, review
from services.reporting.query_reform import petition_of
from services.reporting.settings import ReportingSettings

LEADS: Final = "leader"


class OfAgency(Protocol):
    """A state that says whose it is."""

    @property
    def agency(self) -> AgencyCode:
        """Whose it is."""
        ...


Asked = TypeVar("Asked")
State = TypeVar("State", bound=OfAgency | None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What somebody has found."""

    subject: InspectedSubject
    unit: UnitCode | None
    text: str


@dataclass(frozen=True, slots=True)
class Reform:
    """Carries out the commands of those who plan reform, and of those who do it."""

    runtime: Runtime[ReportingSettings]

    async def begin(self, target: Target[Asked, State], agency: AgencyCode, command: Command) -> Outcome[State]:
        """Begin something of an agency.

        Raises:
            Refused: as the decider says.
            Problem: 403, if the agency is not the caller's.
        """
        command.principal.require(agency)
        return await self._carry_out(target, agency, command)

    async def step(self, target: Target[Asked, State], command: Command) -> Outcome[State]:
        """Do something with what there is.

        Raises:
            Refused: as the decider says.
            Problem: 403, if it is another agency's.
        """
        state = target.decider.state_of(await self.runtime.log.load(target.stream))
        if state is not None:
            command.principal.require(state.agency)
        # Of what there is not, the decider says so.
        return await self._carry_out(target, "" if state is None else state.agency, command)

    async def on_finding(self, id: UUID, asked: finding_commands.Step, command: Command) -> Outcome[finding_states.State]:
        """Do something about a finding.

        Raises:
            Refused: a `finding.Refusal`; what an officer's score led to is there for leaders and for its owner alone.
        """
        state = finding.DECIDER.state_of(await self.runtime.log.load(id))
        if state is not None and not finding_states.may_see(state, command.principal.sub, leads=LEADS in command.principal.roles):
            command.principal.require(state.agency)
            raise finding.refused("no-such-finding")
        return await self.step(Target(id, finding.DECIDER, asked), command)

    async def replan(self, id: UUID, planned: Callable[[AgencyCode], PublicityPlanned], command: Command) -> Outcome[publicity.State]:
        """Plan otherwise what is to be made public; it stays its agency's.

        Raises:
            Refused: a `publicity.Refusal`.
            Problem: 403, if it is another agency's.
        """
        state = publicity.DECIDER.state_of(await self.runtime.log.load(id))
        if state is None:
            raise publicity.refused("no-such-item")
        return await self.step(Target(id, publicity.DECIDER, publicity.Plan(planned(state.agency), again=True)), command)

    async def open_review(
        self, agency: AgencyCode, kind: ReviewKind, year: int, report_id: ReportId, command: Command
    ) -> Outcome[review.State]:
        """Begin a review of the figures of a report.

        Raises:
            Refused: a `review.Refusal`.
            Problem: 403, if the agency is not the caller's.
        """
        command.principal.require(agency)
        published = report.DECIDER.state_of(await self.runtime.log.load(report_id))
        if published is None or published.agency != agency:
            raise review.refused("no-such-report")
        opened = review.Open(kind=kind, year=year, report=published, by=command.principal.sub, at=command.meta.time)
        target = Target(review.review_id(agency, year, kind), review.DECIDER, opened)
        return await self._carry_out(target, agency, command)

    async def close_review(self, id: UUID, conclusions: Evidence, command: Command) -> Outcome[review.State]:
        """End a review, if something is done about all that it found.

        Raises:
            Refused: a `review.Refusal`.
        """
        log = self.runtime.log
        state = review.DECIDER.state_of(await log.load(id))
        ids = () if state is None else state.findings
        acted_on = {one: finding_states.is_acted_on(finding.DECIDER.state_of(await log.load(one))) for one in ids}
        close = review.Close(conclusions=conclusions, acted_on=acted_on, by=command.principal.sub, at=command.meta.time)
        return await self.step(Target(id, review.DECIDER, close), command)

    async def found_by_review(self, id: UUID, found: Found, command: Command) -> Outcome[finding_states.State]:
        """Put down what a review found: the finding begins, and the review knows of it, in one commit.

        Raises:
            Refused: a `review.Refusal`.
        """
        log, at, by = self.runtime.log, command.meta.time, command.principal.sub
        finding_id = FindingId(uuid5(command.id, "finding"))

        async def with_review(_: History) -> Outcome[finding_states.State]:
            history = await log.load(id)
            state = review.DECIDER.state_of(history)
            if state is None:
                raise review.refused("no-such-review")
            command.principal.require(state.agency)
            facts = review.decide(review.Note(finding_id=finding_id, by=by, at=at), state)
            target = self._opened(finding_id, "review", id, state.agency, found, command)
            return await self._carry_out(
                target, state.agency, command, also=lambda _: [Slice(history, state.agency, facts)] if facts else [], tries=1
            )

        # The review is like a book: whoever comes second reads it again.
        return await next_in_book(log, id, with_review)

    async def found_by_inspection(self, plan_id: UUID, number: int, found: Found, command: Command) -> Outcome[finding_states.State]:
        """Put down what an inspection found.

        Raises:
            Refused: an `inspection_plan.Refusal`.
        """
        plan = inspection_plan.DECIDER.state_of(await self.runtime.log.load(plan_id))
        if plan is None:
            raise inspection_plan.refused("no-such-plan")
        command.principal.require(plan.agency)
        if not 1 <= number <= plan.held:
            raise inspection_plan.refused("no-such-inspection")
        inspection = inspection_plan.inspection_id(plan.id, number)
        return await self._open("inspection", inspection, plan.agency, found, command)

    async def found_by_petition(self, petition_id: UUID, found: Found, command: Command) -> Outcome[finding_states.State]:
        """Put down what a petition or a complaint has shown.

        Raises:
            Refused: "no-such-petition", also for one that was ever called a denunciation: nothing is linked to that, and it is not told.
        """
        agency = await petition_of(self.runtime.log.pool, petition_id)
        if agency is None:
            raise Refused("no-such-petition")
        command.principal.require(agency)
        return await self._open("petition", petition_id, agency, found, command)

    async def _open(
        self, by: FindingSource, source: UUID, agency: AgencyCode, found: Found, command: Command
    ) -> Outcome[finding_states.State]:
        finding_id = FindingId(uuid5(command.id, "finding"))
        return await self._carry_out(self._opened(finding_id, by, source, agency, found, command), agency, command)

    def _opened(
        self, id: FindingId, by: FindingSource, source: UUID, agency: AgencyCode, found: Found, command: Command
    ) -> Target[finding_commands.Command, finding_states.State]:
        opened = FindingOpened(
            finding_id=id,
            agency=agency,
            found_by=by,
            found_in=FindingSourceId(source),
            subject=found.subject,
            unit=found.unit,
            text=found.text,
            opened_by=command.principal.sub,
            opened_at=command.meta.time,
        )
        return Target(id, finding.DECIDER, finding_commands.Open(opened))

    async def _carry_out(
        self,
        target: Target[Asked, State],
        agency: AgencyCode,
        command: Command,
        *,
        also: Callable[[Outcome[State]], Sequence[Slice]] | None = None,
        tries: int = RETRIES_MAX,
    ) -> Outcome[State]:
        return await carry_out(
            self.runtime.log,
            target,
            command.meta,
            agency=agency,
            expected=command.expected,
            beside=command.beside,
            also=also,
            tries=tries,
        )
