"""Step 2 of 8, handle: the commands of the officers, each with what it needs: agreements, the roster, the book's next number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from contracts.processing import AssignmentReason, CorrectionReason, RecordKind, ReopeningReason
from contracts.processing_coordination import Seat
from contracts.processing_organisation import CoordinationArea
from contracts.vocabulary import CaseId, LatenessReason, MissingComponent, PartnerCode, PrincipalId
from contracts.vocabulary import Outcome as Verdict
from kernel.edge.idempotency import Command
from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from kernel.eventlog import History, Slice, Target, VersionMismatch, carry_out, next_in_book
from kernel.legalclock import day_of
from services.processing.domain import book, permit
from services.processing.domain.agreements import with_partner
from services.processing.domain.case_commands import (
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
from services.processing.domain.case_states import Issued
from services.processing.domain.officer import Officer
from services.processing.domain.workflow import signing_step
from services.processing.handle_case import CaseOutcome, Cases, Pinned, deciding_by, taker_of, who

NO_SUCH_PARTNER: Final = Fault(
    "body",
    "/partner",
    Sentence(
        "Không có quy chế phối hợp nào với cơ quan này đang có hiệu lực.", "There is no coordination agreement with this agency in force."
    ),
)

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


@dataclass(frozen=True, slots=True)
class Department(Cases):
    """Carries out the commands of the officers."""

    async def claim(self, id: UUID, step: str | None, command: Command) -> CaseOutcome:
        """Take an open step.

        Raises:
            Refused: a `case_refusals.Reason`, as every command here; "not-in-roster" for somebody who has no post.
            Problem: 403, if the case is another agency's, as every command here.
        """
        officer, pinned = await self.before(id, command)
        wanted = Claim(step=step, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def assign(self, id: UUID, step: str, to: PrincipalId, reason: AssignmentReason, command: Command) -> CaseOutcome:
        """Give an open step to an officer; one who has no post that day, or is away, cannot take it."""
        officer, pinned = await self.before(id, command)
        _, staff = await self.establishment.organisation()
        taker = taker_of(staff, to, pinned.procedure, day_of(command.meta.time))
        wanted = Assign(step=step, to=taker, reason=reason, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def send_back(self, id: UUID, step: str, to: str, reason: ReopeningReason, command: Command) -> CaseOutcome:
        """Send the work back to an earlier step, to whoever did it."""
        officer, pinned = await self.before(id, command)
        wanted = Return(step=step, to=to, reason=reason, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def undo(self, id: UUID, step: str, reason: ReopeningReason, command: Command) -> CaseOutcome:
        """Take back a step that the caller has finished."""
        officer, pinned = await self.before(id, command)
        wanted = Undo(step=step, reason=reason, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def consult(self, id: UUID, partner: PartnerCode, area: CoordinationArea | None, command: Command) -> CaseOutcome:
        """Ask another agency, within the limit of the coordination agreement that is in force that day.

        Raises:
            Problem: 422, if there is no agreement with it, or there are several and no area is named.
        """
        officer, pinned = await self.before(id, command)
        _, known = await self.establishment.agreements()
        if not (agreed := with_partner(known, partner, area, day_of(command.meta.time))):
            raise Problem(INVALID, faults=[NO_SUCH_PARTNER])
        if len(agreed) > 1:
            raise Problem(INVALID, faults=[WHICH_AREA], members={"areas": [one.area for one in agreed]})
        wanted = Consult(partner=partner, days=agreed[0].answer_days, agreement=agreed[0].code, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def receive(self, id: UUID, number: int, command: Command) -> CaseOutcome:
        """Record that another agency has the papers."""
        officer, pinned = await self.before(id, command)
        return await self.carry_out(id, Receive(number=number, **who(officer, pinned, command)), pinned, command)

    async def answer(self, id: UUID, number: int, opinion: Opinion, command: Command) -> CaseOutcome:
        """Record what another agency answered."""
        officer, pinned = await self.before(id, command)
        wanted = Answer(number=number, opinion=opinion, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def reappoint(self, id: UUID, new_due_on: date, reason: LatenessReason, command: Command) -> CaseOutcome:
        """Apologise for being late, and name a new day."""
        officer, pinned = await self.before(id, command)
        wanted = Reappoint(new_due_on=new_due_on, reason=reason, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def prolong(self, id: UUID, amount: int, legal_basis: str, reason: LatenessReason, command: Command) -> CaseOutcome:
        """Make the limit longer, as the procedure's law lets it."""
        officer, pinned = await self.before(id, command)
        wanted = Prolong(amount=amount, legal_basis=legal_basis, reason=reason, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def put_down(
        self, id: UUID, kind: RecordKind, step: str, held_on: date, members: tuple[Seat, ...], finding: str, command: Command
    ) -> CaseOutcome:
        """Put down what a team found on site, or what a council concluded.

        Raises:
            Problem: 422, if somebody who sat there had no post that day, or comes from an agency with which there never was an agreement.
        """
        officer, pinned = await self.before(id, command)
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
        wanted = make(step=step, held_on=held_on, members=members, finding=finding, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def complete(self, id: UUID, step: str, command: Command) -> CaseOutcome:
        """Finish the open step; if it is the one that issues the result, with its number."""
        officer, pinned = await self.before(id, command)
        steps = pinned.steps
        if step == steps[-1].code and step != signing_step(steps).code:
            return await self._issue(id, step, officer, pinned, command)
        return await self.carry_out(id, Complete(step=step, **who(officer, pinned, command)), pinned, command)

    async def pause(self, id: UUID, missing: tuple[MissingComponent, ...], legal_basis: str | None, command: Command) -> CaseOutcome:
        """Stop the clock and ask for what is missing; more often than the rules allow only by a law that lets it."""
        officer, pinned = await self.before(id, command)
        days = await self.register.notice_days(pinned.dossier)
        notice = {"notice_days": days, "reminder_days": self.runtime.settings.supplement_reminder_days}
        wanted = Pause(missing=missing, legal_basis=legal_basis, **notice, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def decide(self, id: UUID, outcome: Verdict, legal_basis: str | None, command: Command) -> CaseOutcome:
        """Sign the decision."""
        officer, pinned = await self.before(id, command)
        wanted = Decide(outcome=outcome, legal_basis=legal_basis, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

    async def correct(self, id: UUID, outcome: Verdict, legal_basis: str | None, reason: CorrectionReason, command: Command) -> CaseOutcome:
        """Correct a signed decision before its result goes out."""
        officer, pinned = await self.before(id, command)
        wanted = Correct(outcome=outcome, legal_basis=legal_basis, reason=reason, **who(officer, pinned, command))
        return await self.carry_out(id, wanted, pinned, command)

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

            wanted = Issue(step=step, serial=serial, result=result, **who(officer, pinned, command))
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
                raise await self.gone_on(id, wanted) from None

        return await next_in_book(self.runtime.log, book.stream_of(agency, year), with_number)
