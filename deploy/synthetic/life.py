"""The life of one synthetic dossier: what its plan says, carried out by the deciders of intake and processing as their services would.

A life is a generator: it gives the instant at which it wants to go on, and goes on when everything earlier has happened.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID, uuid5

from contracts.intake import DossierSubmitted, Enterprise
from contracts.intake_fees import PaymentTaken
from contracts.processing_coordination import Seat
from contracts.processing_permits import Holder
from contracts.vocabulary import DossierId, MissingComponent, VaultRef
from deploy.synthetic.log import Stream
from kernel.eventlog import History, Recorded, Slice
from kernel.legalclock import day_of
from services.intake import consume as intake_reacts
from services.intake.domain import commands as door
from services.intake.domain import dossier, payment, receipts, register
from services.processing.consume import NAME as PROCESSING_REACTS
from services.processing.consume import reactor
from services.processing.domain import book, case, permit
from services.processing.domain import case_commands as work
from services.processing.domain.case_states import Issued, OpenStep, Paused, Working, lacking, owes_apology, unasked
from services.processing.domain.workflow import signing_step, step_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.local.story import Plan
    from deploy.synthetic.department import Department
    from deploy.synthetic.log import Log
    from services.processing.domain.officer import Officer

NAMESPACE: Final = UUID("5f3a7f56-0a83-5c0e-9a35-64f1ce0f7d19")
DESK: Final = "nv-mc-01"
PORTAL: Final = "portal:synthetic"
UNLIMITED: Final = timedelta(days=7)
SHORTEST: Final = timedelta(minutes=20)
NEIGHBOURS: Final = ("so-xay-dung", "cong-an-tinh")
RETURNED_ONCE: Final = 0.05
"""How many are sent back to an earlier step once."""


@dataclass
class Visit:
    """When an open step is to be taken, and when it is to be done."""

    officer: Officer
    claim_at: datetime
    done_at: datetime
    is_claimed: bool = False

    @property
    def next_at(self) -> datetime:
        """When something is to be done about it."""
        return self.done_at if self.is_claimed else self.claim_at


@dataclass
class Life:
    """Carries out one plan."""

    department: Department
    log: Log
    plan: Plan
    seed: int
    chance: Random = field(init=False)
    _streams: dict[UUID, Stream] = field(default_factory=dict[UUID, Stream], init=False)
    _said: int = field(default=0, init=False)
    ended_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Name everything by seed and number."""
        self.chance = Random(f"life:{self.seed}:{self.plan.number}")  # noqa: S311 - chance comes from a seed, so that it can be repeated
        self.id = DossierId(uuid5(NAMESPACE, f"{self.seed}:{self.plan.number}"))
        self.case_id = case.stream_of(self.id)
        self.entry = self.department.catalogue.procedures[self.plan.procedure]
        self.flow = self.department.workflows[self.plan.procedure]
        self.agency = self.department.catalogue.agency
        for source, decider, stream in (("intake", dossier.DECIDER, self.id), ("processing", case.DECIDER, self.case_id)):
            self._streams[stream] = Stream(source, cast("Any", decider), History(stream), decider.initial)
        self._processing_reacts = reactor({self.plan.procedure: self.flow}).react

    # Carrying out. ------------------------------------------------------------------------------------------------------

    @property
    def case(self) -> Any:
        """Where the case stands."""
        return self._streams[self.case_id].state

    def carry_out(self, stream: UUID, command: Any, actor: str, at: datetime) -> list[Recorded]:
        """Carry out a command, and what others do because of it."""
        self._said += 1
        return self._carry_out(stream, command, f"synthetic-{self.seed}-{self.plan.number}-{self._said}", actor, at)

    def _carry_out(self, stream: UUID, command: Any, command_id: str, actor: str, at: datetime, cause: str | None = None) -> list[Recorded]:
        one = self._streams[stream]
        facts = one.decider.decide(command, one.state)
        if not facts:
            return []
        one.history, events = self.log.append(one.source, Slice(one.history, self.agency, facts), command_id, actor, at, cause)
        one.state = one.decider.fold(facts, one.state)
        for event in events:
            self._react(event, at)
        return events

    def _react(self, event: Recorded, at: datetime) -> None:
        at_door = event.source == "processing"
        reaction = (intake_reacts.react if at_door else self._processing_reacts)(event)
        if reaction is not None:
            name, actor = (intake_reacts.REACTOR.name, "system:intake") if at_door else (PROCESSING_REACTS, "system:processing")
            cause = f"{event.source}/{event.pos}"
            self._carry_out(reaction.stream, reaction.command, f"{name}:{cause}", actor, at, cause)

    # At the door. -------------------------------------------------------------------------------------------------------

    def run(self) -> Iterator[datetime]:
        """Live."""
        plan, at = self.plan, self.department.at_work(self.plan.submitted_at)
        yield at
        required = sorted(self.entry.required)
        self._submit(required[:-1] if plan.missing_at_desk and len(required) > 1 else required, at)
        at = self.department.at_work(at + timedelta(minutes=30))
        if plan.missing_at_desk and len(required) > 1:
            yield at
            missing = (MissingComponent(component=required[-1], reason="absent"),)
            self.carry_out(self.id, door.RequestSupplement(missing=missing, at=at, by=DESK), DESK, at)
            if plan.fate != "refused-at-desk":
                at = self.department.at_work(at + timedelta(days=plan.supplement_days))
                yield at
                self.carry_out(self.id, door.Supplement(components=(required[-1],), at=at), PORTAL, at)
        at = self.department.at_work(at + timedelta(minutes=30))
        yield at
        if plan.fate == "refused-at-desk":
            basis = "Nghị định 61/2018/NĐ-CP, Điều 17"
            self.carry_out(self.id, door.Refuse(reason="conditions-not-met", legal_basis=basis, at=at, by=DESK), DESK, at)
            return
        self._accept(at)
        yield from self._work(at)
        if not isinstance(self.case, Issued):
            return
        at = self.department.at_work(self.ended_at + timedelta(days=plan.return_days, hours=1))
        yield at
        self.carry_out(self.id, door.Return(at=at, by=DESK), DESK, at)

    def _submit(self, components: list[str], at: datetime) -> None:
        who = self.plan.applicant
        enterprise = Enterprise(name=who["name"], tax_code=who["tax_code"]) if who["kind"] == "enterprise" else None
        arrived = at - timedelta(hours=3) if self.plan.channel == "post" else at
        fact = DossierSubmitted(
            dossier_id=self.id,
            agency=self.agency,
            procedure=self.plan.procedure,
            procedure_hash=self.entry.content_hash,
            field=self.entry.content["field"],
            channel=self.plan.channel,  # pyright: ignore[reportArgumentType] - one of three words of the story
            applicant_kind=who["kind"],
            enterprise=enterprise,
            personal_ref=VaultRef(uuid5(self.id, "personal")),
            commitment=hashlib.sha256(self.id.bytes).hexdigest(),
            components=tuple(components),
            submitted_at=at,
            arrived_at=arrived,
        )
        self.carry_out(self.id, fact, PORTAL if self.plan.channel == "online" else DESK, at)

    def _accept(self, at: datetime) -> None:
        entry, state, day = self.entry, self._streams[self.id].state.dossier, day_of(at)
        case_code = min(entry.cases, default=None)
        start_rule = entry.content["start_rule"]
        line = entry.limit_of(state.channel, case_code)
        start_at = at if start_rule == "complete" else state.arrived_at
        promised = None if line is None else self.department.due(line.committed or line.limit, start_rule, start_at)
        by_law = self.department.due(line.limit, start_rule, start_at) if line is not None and line.committed is not None else None
        log, of_day = self.log, register.stream_of(self.agency, day)
        number = register.allot(self.agency, day, log.tip(of_day).version, self.id)
        log.enter("intake", Slice(log.tip(of_day), self.agency, [number]), f"register-{number.code}", DESK, at)
        fee = entry.fee_vnd(day, state.applicant_kind, state.channel, case_code)
        accept = door.Accept(
            code=number.code,
            required=entry.required,
            supplement_mode=entry.content["supplement_mode"],
            extension_max=entry.content.get("extension_max"),
            deadline=promised,
            by_law=by_law,
            case_code=case_code,
            fee_vnd=fee,
            fee_before_result=entry.content.get("fee_before_result", False),
            at=at,
            by=DESK,
        )
        self.carry_out(self.id, accept, DESK, at)
        if fee:
            self._pay(fee, at)

    def _pay(self, fee: int, at: datetime) -> None:
        log, year = self.log, day_of(at).year
        stream = receipts.stream_of(self.agency, year)
        receipt = receipts.allot(self.agency, year, log.tip(stream).version, self.id, fee)
        log.enter("intake", Slice(log.tip(stream), self.agency, [receipt]), f"receipt-{receipt.number}", DESK, at)
        method, code = "online" if self.plan.channel == "online" else "cash", f"SYN-{self.seed}-{self.plan.number}"
        taken = PaymentTaken(payment=code, method=method, dossier_id=self.id, agency=self.agency, amount_vnd=fee)
        own = History(payment.stream_of(self.agency, method, code))
        log.append("intake", Slice(own, self.agency, payment.taken((), taken)), f"payment-{code}", DESK, at)
        paid = door.PayFee(payment=code, method=method, amount_vnd=fee, receipt=receipt.number, paid_at=at, at=at, by=DESK)
        self.carry_out(self.id, paid, DESK, at)

    # In the department. -------------------------------------------------------------------------------------------------

    def _work(self, at: datetime) -> Iterator[datetime]:
        """Let the officers do step after step, as the workflow has them, until the result is issued or the applicant gives up."""
        visits, paused, acts = dict[str, Visit](), not self.plan.missing_at_appraisal, 0
        gives_up_after = self.chance.randint(1, 6) if self.plan.fate == "withdrawn" else None
        sent_back = self.chance.random() >= RETURNED_ONCE
        while isinstance(self.case, Working):
            found: dict[str, Visit] = {step.code: visits.get(step.code) or self._visit(step, at) for step in self.case.open}
            visits = found
            code = min(found, key=lambda one: found[one].next_at)
            visit = found[code]
            at = max(at, visit.next_at)
            yield at
            self._watch(at)
            if all(one.code != code for one in self.case.open):
                continue
            acts += 1
            if gives_up_after is not None and acts > gives_up_after and self.case.verdict == "pending":
                self.carry_out(self.id, door.Withdraw(reason="no-longer-needed", at=at), PORTAL, at)
                return
            step = step_of(self.flow.steps, code)
            if not visit.is_claimed:
                self._act(work.Claim(step=code, **self._who(visit.officer, at)), visit.officer, at)
                visit.is_claimed = True
            elif not paused and step.role == "chuyen-vien" and self.case.case.deadline and self.case.verdict == "pending":
                paused = True
                at = yield from self._pause(visit, at)
                visit.done_at = self._visit(next(one for one in self.case.open if one.code == code), at).done_at
            elif not sent_back and step.returns_to and step.role == "truong-phong":
                sent_back = True
                to = next((one.code for one in self.case.done if one.code in step.returns_to), None)
                if to is not None:
                    self._act(work.Return(step=code, to=to, reason="wrong-contents", **self._who(visit.officer, at)), visit.officer, at)
            else:
                self._finish(code, visit.officer, at)
        self.ended_at = at

    def _who(self, officer: Officer, at: datetime) -> dict[str, Any]:
        return {"officer": officer, "steps": self.flow.steps, "at": at, "calendar": self.department.calendar.as_known_at(at)}

    def _act(self, command: Any, officer: Officer, at: datetime) -> None:
        self.carry_out(self.case_id, command, officer.id, at)

    def _visit(self, step: OpenStep, at: datetime) -> Visit:
        """Say when a step is to be taken and done, so that all of them end when the plan says."""
        state, plan, steps = self.case, self.plan, self.flow.steps
        start = max(at, step.since)
        due = state.case.deadline.due_at if state.case.deadline else state.case.opened_at + UNLIMITED
        end = due + timedelta(days=plan.late_days) if plan.late_days else state.case.opened_at + (due - state.case.opened_at) * plan.pace
        left = sum(one.hours for one in steps if one.code not in state.passed) or 1
        span = max(SHORTEST * 2, (end - start) * (max(1, step_of(steps, step.code).hours) / left))
        held = next((one for one in self.department.officers(step.unit, step.role) if one.id == step.officer), None)
        officer = held or self.chance.choice(self.department.officers(step.unit, step.role))
        claim_at = self.department.at_work(start + span * self.chance.uniform(0.05, 0.4))
        if held is None:
            claim_at = self.department.at_work(self.department.turn(state.case.procedure, step.unit, step.code, claim_at))
        done_at = self.department.at_work(max(start + span, claim_at + SHORTEST))
        return Visit(officer, claim_at, done_at, is_claimed=held is not None)

    def _watch(self, at: datetime) -> None:
        """Say what the service's worker would have said by now: alarms, who owes an answer, which steps have passed by themselves."""
        while self.carry_out(self.case_id, work.Ring(at=at), "system:processing", at):
            pass
        self.carry_out(self.case_id, work.Remind(at=at), "system:processing", at)
        passing = work.LetPass(steps=self.flow.steps, at=at, calendar=self.department.calendar.as_known_at(at))
        self.carry_out(self.case_id, passing, "system:processing", at)

    def _pause(self, visit: Visit, at: datetime) -> Iterator[datetime]:
        """Let appraisal find something missing, and the applicant bring it."""
        component = max(self.entry.required)
        missing = (MissingComponent(component=component, reason=self.plan.absence),)  # pyright: ignore[reportArgumentType] - as in the story
        self._act(work.Pause(missing=missing, **self._who(visit.officer, at)), visit.officer, at)
        if not isinstance(self.case, Paused):
            return at
        at = self.department.at_work(at + timedelta(days=self.plan.supplement_days))
        yield at
        self.carry_out(self.id, door.Supplement(components=(component,), at=at), PORTAL, at)
        return at

    def _finish(self, code: str, officer: Officer, at: datetime) -> None:
        """Do what a step needs before it can be finished, and finish it."""
        steps, who = self.flow.steps, self._who(officer, at)
        step = step_of(steps, code)
        now = next(one for one in self.case.open if one.code == code)
        for partner in unasked(self.case, step):
            self._act(work.Consult(partner=partner, days=self.department.answer_days[partner], **who), officer, at)
            number = len(self.case.case.consultations)
            self._act(work.Answer(number=number, opinion="agrees", **who), officer, at)
        if (kind := lacking(self.case, steps, now)) is not None:
            self._put_down(kind, code, officer, at)
        if owes_apology(self.case.case, at):
            new_day = self.department.calendar.as_known_at(at).add_working_days(day_of(at), 2)
            self._act(work.Reappoint(new_due_on=new_day, reason="workload", **who), officer, at)
        if code == signing_step(steps).code:
            outcome = "refused" if self.plan.fate == "refused-by-decision" else "granted"
            basis = "Không đáp ứng điều kiện theo quy định" if outcome == "refused" else None
            self._act(work.Decide(outcome=outcome, legal_basis=basis, **who), officer, at)
        elif code == steps[-1].code:
            self._issue(code, officer, at)
        else:
            self._act(work.Complete(step=code, **who), officer, at)

    def _put_down(self, kind: str, code: str, officer: Officer, at: datetime) -> None:
        partners = [Seat(role="member", partner=one) for one in NEIGHBOURS]
        who, day = self._who(officer, at), day_of(at)
        if kind == "site-check":
            finding = self.chance.choice(("meets", "meets", "meets-after-remedy"))
            seats = (Seat(role="chair", officer=officer.id), *partners)
            self._act(work.PutDownSiteCheck(step=code, held_on=day, members=seats, finding=finding, **who), officer, at)
        else:
            seats = (Seat(role="chair", officer=officer.id), Seat(role="secretary", officer=DESK), *partners)
            self._act(work.PutDownCouncil(step=code, held_on=day, members=seats, finding="approves", **who), officer, at)

    def _issue(self, code: str, officer: Officer, at: datetime) -> None:
        log, year, agency = self.log, day_of(at).year, self.agency
        stream = book.stream_of(agency, year)
        serial, result = log.tip(stream).version + 1, self.entry.content["result"]
        self._act(work.Issue(step=code, serial=serial, result=result, **self._who(officer, at)), officer, at)
        issued = cast("Issued", self.case)
        name = f"book-{agency}-{year}-{serial}"
        number = book.allot(agency, year, serial, issued.number, self.case_id)
        log.enter("processing", Slice(log.tip(stream), agency, [number]), name, officer.id, at)
        if issued.outcome == "granted" and permit.abbreviation_of(result) is not None:
            who = self.plan.applicant
            holder = Holder(name=who["name"], tax_code=who["tax_code"]) if who["kind"] == "enterprise" else None
            months = self.entry.content["validity_months"]
            fact = permit.issue(issued.case, result, issued.number, months, at, holder)
            log.append("processing", Slice(History(permit.stream_of(self.case_id)), agency, [fact]), name, officer.id, at, first=1)
