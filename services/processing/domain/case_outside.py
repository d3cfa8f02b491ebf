"""Step 3 of 8, decide: what goes out while a case is open: questions to other agencies, and the apology to the applicant."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from contracts.processing_clock import CaseReappointed, CaseSupplementReminded
from contracts.processing_coordination import (
    CaseConsultationAnswered,
    CaseConsultationOverdue,
    CaseConsultationReceived,
    CaseConsultationRequested,
)
from contracts.vocabulary import Deadline, Limit
from kernel.legalclock import day_of, deadline, is_late, rule_pack_on
from services.processing.domain.alarms import answer_rings_at
from services.processing.domain.case_commands import Answer, Consult, Reappoint, Receive
from services.processing.domain.case_refusals import refuse
from services.processing.domain.case_states import Consultation, OpenStep, Paused, State, Working

HEAD_OF_UNIT: Final = "truong-phong"
"""Who is told that another agency is late, to pass it on to the head of the one-stop desk (NĐ 61/2018, Điều 19.5), or an applicant."""


def consulted(command: Consult, state: Working, step: OpenStep) -> CaseConsultationRequested:
    """Ask another agency, which has a limit of its own."""
    case, at = state.case, command.at
    if state.verdict != "pending":
        refuse("already-decided", command, state)
    if any(one.partner == command.partner and one.answered_at is None for one in case.consultations):
        refuse("already-asked", command, state)
    limit = Limit(amount=command.days, unit="working-days")
    due = Deadline.model_validate(deadline(at, limit, "complete", command.calendar, rule_pack_on(day_of(at))))
    return CaseConsultationRequested(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        number=len(case.consultations) + 1,
        partner=command.partner,
        agreement=command.agreement,
        step=step.code,
        deadline=due,
        officer=command.officer.id,
        requested_at=at,
    )


def consultation(event: CaseConsultationRequested, open_: tuple[OpenStep, ...]) -> Consultation:
    """Say what another agency was asked; the answer comes to the unit that asked."""
    unit = next((step.unit for step in open_ if step.code == event.step), open_[0].unit)
    return Consultation(number=event.number, partner=event.partner, step=event.step, unit=unit, deadline=event.deadline, answered_at=None)


def received(command: Receive, state: Working | Paused) -> list[CaseConsultationReceived]:
    """Record that the other agency has the papers, once; its limit does not begin again."""
    found = _owed(command, state)
    if found.received_at is not None:
        return []
    return [
        CaseConsultationReceived(
            case_id=state.case.id,
            dossier_id=state.case.dossier,
            agency=state.case.agency,
            number=found.number,
            partner=found.partner,
            officer=command.officer.id,
            received_at=command.at,
        )
    ]


def _owed(command: Answer | Receive, state: Working | Paused) -> Consultation:
    """Find the question that is waited for; whose unit asked it, records what comes of it."""
    case = state.case
    found = next((one for one in case.consultations if one.number == command.number), None)
    if found is None or found.answered_at is not None:
        refuse("no-such-consultation", command, state, open=[one.number for one in case.consultations if one.answered_at is None])
    if not command.officer.works_in(found.unit):
        refuse("not-your-step", command, state)
    return found


def answered(command: Answer, state: Working | Paused) -> CaseConsultationAnswered:
    """Record an answer, in time or late; that the applicant is waited for does not keep it out."""
    case, officer = state.case, command.officer
    found = _owed(command, state)
    return CaseConsultationAnswered(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        number=found.number,
        partner=found.partner,
        opinion=command.opinion,
        late=is_late(found.deadline, command.at),
        officer=officer.id,
        answered_at=command.at,
    )


def overdue(state: State, by: datetime) -> list[CaseConsultationOverdue]:
    """Say which agencies have let their limit run out by an instant, each once; that the applicant is waited for does not excuse them."""
    if not isinstance(state, Working | Paused):
        return []
    case = state.case
    owed = [one for one in case.consultations if one.answered_at is None and not one.is_reminded]
    return [
        CaseConsultationOverdue(
            case_id=case.id,
            dossier_id=case.dossier,
            agency=case.agency,
            number=one.number,
            partner=one.partner,
            unit=one.unit,
            to_role=HEAD_OF_UNIT,
            due_at=one.deadline.due_at,
            raised_at=at,
        )
        for one in owed
        if (at := answer_rings_at(one.deadline)) <= by
    ]


def reminded(state: State, by: datetime) -> list[CaseSupplementReminded]:
    """Remind an applicant who has not brought a supplement by an instant, once a round; nothing is closed for that (E-11)."""
    if not isinstance(state, Paused) or state.remind_at is None or by < state.remind_at:
        return []
    case = state.case
    return [
        CaseSupplementReminded(
            case_id=case.id,
            dossier_id=case.dossier,
            agency=case.agency,
            round=case.rounds,
            to_role=HEAD_OF_UNIT,
            raised_at=state.remind_at,
        )
    ]


def reappointed(command: Reappoint, state: Working) -> CaseReappointed:
    """Apologise and name a new day, once at most."""
    case, officer, at = state.case, command.officer, command.at
    if not any(officer.may_do(step) or step.unit in officer.leads for step in state.open):
        refuse("not-your-step", command, state)
    if case.deadline is None:
        refuse("no-clock", command, state)
    if case.new_due_at is not None:
        refuse("already-reappointed", command, state)
    day = command.new_due_on
    if day <= case.deadline.due_on or day < day_of(at) or not command.calendar.is_working(day):
        refuse("new-day-too-early", command, state)
    return CaseReappointed(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        reason=command.reason,
        due_at=case.deadline.due_at,
        new_due_on=day,
        new_due_at=command.calendar.closing(day),
        in_time=day_of(at) < case.deadline.due_on,
        officer=officer.id,
        reappointed_at=at,
    )
