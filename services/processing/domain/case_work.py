"""Step 3 of 8, decide: what an officer's act on an open step leads to, and why others may not."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from contracts.processing import (
    CaseDecided,
    CaseDecisionCorrected,
    CaseResultIssued,
    CaseStepAssigned,
    CaseStepClaimed,
    CaseStepCompleted,
    CaseStepReopened,
    CaseStepSkipped,
)
from contracts.processing_clock import CaseClockPaused, CaseProlonged, CaseReappointed
from contracts.processing_coordination import (
    CaseConsultationAnswered,
    CaseConsultationReceived,
    CaseConsultationRequested,
    CaseCouncilHeld,
    CaseSiteChecked,
)
from services.processing.domain import case_facts as facts
from services.processing.domain.book import number_of
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
    Pause,
    Prolong,
    PutDownCouncil,
    PutDownSiteCheck,
    Reappoint,
    Receive,
    Return,
    Undo,
)
from services.processing.domain.case_corrections import corrected, insist_on_another_pair_of_eyes
from services.processing.domain.case_limit import prolonged
from services.processing.domain.case_outside import answered, consulted, reappointed, received
from services.processing.domain.case_records import put_down
from services.processing.domain.case_refusals import refuse
from services.processing.domain.case_states import (
    OpenStep,
    Working,
    facts_of,
    lacking,
    owes_apology,
    returnable,
    supplements_max,
    unasked,
    undoable,
)
from services.processing.domain.guard import parse, why_false
from services.processing.domain.workflow import signing_step, step_of

Worked: TypeAlias = (
    CaseStepClaimed
    | CaseStepAssigned
    | CaseStepCompleted
    | CaseStepReopened
    | CaseStepSkipped
    | CaseSiteChecked
    | CaseCouncilHeld
    | CaseConsultationRequested
    | CaseConsultationReceived
    | CaseConsultationAnswered
    | CaseClockPaused
    | CaseDecided
    | CaseDecisionCorrected
    | CaseResultIssued
    | CaseReappointed
    | CaseProlonged
)

OnStep: TypeAlias = Claim | Complete | Return | Consult | PutDownSiteCheck | PutDownCouncil | Pause | Decide | Issue
"""An act on one open step."""


def work(command: Act, state: Working) -> list[Worked]:
    """Say what an officer's act leads to while the clock runs."""
    match command:
        case Assign():
            return _assigned(command, state)
        case Undo():
            return _undone(command, state)
        case Answer():
            return [answered(command, state)]
        case Receive():
            return [*received(command, state)]
        case Reappoint():
            return [reappointed(command, state)]
        case Prolong():
            return [prolonged(command, state)]
        case Correct():
            return [*corrected(command, state)]
        case _:
            return _on_step(command, state, _step(command, state))


def _on_step(command: OnStep, state: Working, step: OpenStep) -> list[Worked]:
    """Say what an act on a step leads to that is the officer's to do."""
    match command:
        case Claim():
            return _claimed(command, state, step)
        case Return():
            return _returned(command, state, step)
        case Consult():
            return [consulted(command, state, step)]
        case PutDownSiteCheck() | PutDownCouncil():
            return [put_down(command, state, step)]
        case Pause():
            return _paused(command, state, step)
        case Complete():
            return _completed(command, state, step)
        case Decide():
            return _decided(command, state, step)
        case Issue():
            return _issued(command, state, step)


# Which step an act is about. --------------------------------------------------------------------------------------------


def _step(command: OnStep, state: Working) -> OpenStep:
    """Find the step that is acted on: the one that is named, or the first that is the officer's to do; nobody else's is touched."""
    officer = command.officer
    if isinstance(command, Pause) and command.legal_basis and state.case.rounds >= supplements_max(state.case):
        return _approved(command, state)
    if isinstance(command, Decide) and state.verdict != "pending":
        refuse("already-decided", command, state)
    may = officer.may_sign if isinstance(command, Decide) else officer.may_do
    if isinstance(command, Consult | Pause | Decide) or command.step is None:
        mine = [step for step in state.open if may(step)]
        step = next((one for one in mine if one.officer in {None, officer.id}), mine[0] if mine else state.open[0])
    else:
        step = _named(command.step, command, state)
    if not may(step):
        refuse("not-your-step", command, state)
    if step.officer not in {None, officer.id}:
        refuse("claimed-by-another", command, state)
    return step


def _approved(command: Pause, state: Working) -> OpenStep:
    """Find the step for which the head of its unit asks once more: somebody works on it, and goes on with it afterwards."""
    led = [step for step in state.open if step.unit in command.officer.leads]
    if not led:
        refuse("leader-needed", command, state)
    if (step := next((one for one in led if one.officer is not None), None)) is None:
        refuse("step-not-open", command, state)
    return step


def _named(code: str, command: Act, state: Working) -> OpenStep:
    found = next((one for one in state.open if one.code == code), None)
    if found is None:
        refuse("step-not-open", command, state)
    return found


# Each act. --------------------------------------------------------------------------------------------------------------


def _claimed(command: Claim, state: Working, step: OpenStep) -> list[Worked]:
    if step.officer is not None:
        return []
    return [
        CaseStepClaimed(
            case_id=state.case.id,
            dossier_id=state.case.dossier,
            step=step.code,
            officer=command.officer.id,
            open=facts.beside(taken(state.open, step.code, command.officer.id)),
            claimed_at=command.at,
        )
    ]


def taken(open_: tuple[OpenStep, ...], code: str, officer: str) -> tuple[OpenStep, ...]:
    """Give the open steps with one of them in an officer's hands."""
    return tuple(replace(one, officer=officer) if one.code == code else one for one in open_)


def _assigned(command: Assign, state: Working) -> list[Worked]:
    step, to = _named(command.step, command, state), command.to
    if step.unit not in command.officer.leads:
        refuse("not-yours-to-assign", command, state)
    if not to.may_do(step):
        refuse("cannot-take-step", command, state)
    if step.officer == to.id:
        return []
    if step.officer is not None and command.reason == "assigned":
        refuse("assignment-needs-reason", command, state)
    return [
        CaseStepAssigned(
            case_id=state.case.id,
            dossier_id=state.case.dossier,
            step=step.code,
            officer=to.id,
            before=step.officer,
            assigned_by=command.officer.id,
            reason=command.reason,
            open=facts.beside(taken(state.open, step.code, to.id)),
            assigned_at=command.at,
        )
    ]


def _returned(command: Return, state: Working, step: OpenStep) -> list[Worked]:
    if command.to not in (may := returnable(state, command.steps, step)):
        refuse("cannot-return-there", command, state, may=may)
    return [facts.reopened(command, state, next(one for one in state.done if one.code == command.to))]


def _paused(command: Pause, state: Working, step: OpenStep) -> list[Worked]:
    if state.verdict != "pending":
        refuse("already-decided", command, state)
    if state.case.deadline is None:
        refuse("no-clock", command, state)
    if state.case.rounds >= (most := supplements_max(state.case)) and not command.legal_basis:
        refuse("supplement-asked-already", command, state, asked=state.case.rounds, allowed=most)
    return [facts.paused(command, state, step)]


def _undone(command: Undo, state: Working) -> list[Worked]:
    mine = [step for step in undoable(state, command.steps) if step.officer == command.officer.id]
    step = next((one for one in mine if one.code == command.step), None)
    if step is None:
        refuse("nothing-to-undo", command, state, may=[one.code for one in mine])
    return [facts.reopened(command, state, step)]


def _insist(command: Complete | Decide | Issue, state: Working, step: OpenStep) -> None:
    """Refuse while a step lacks what it needs to be finished: see `is_ripe`."""
    found = step_of(command.steps, step.code)
    if missing := unasked(state, found):
        refuse("partner-not-asked", command, state, partners=missing)
    if (kind := lacking(state, command.steps, step)) is not None:
        refuse("record-needed", command, state, needed=kind)
    if found.requires is not None and (why := why_false(parse(found.requires), facts_of(state, command.at))):
        refuse("guard-not-met", command, state, why=[vi for vi, _ in why], why_en=[en for _, en in why])
    if found == command.steps[-1] and owes_apology(state.case, command.at):
        refuse("apology-needed", command, state)


def _completed(command: Complete, state: Working, step: OpenStep) -> list[Worked]:
    if step.code == signing_step(command.steps).code:
        refuse("decision-needed", command, state)
    if step.code == command.steps[-1].code:
        refuse("number-needed", command, state)
    _insist(command, state, step)
    return [*facts.completed(command.steps, state, step, command.officer.id, command.at)]


def _decided(command: Decide, state: Working, step: OpenStep) -> list[Worked]:
    if step.code != signing_step(command.steps).code:
        refuse("not-the-signing-step", command, state)
    insist_on_another_pair_of_eyes(command, state, step)
    if command.at < state.case.opened_at:
        refuse("signed-before-acceptance", command, state)
    if command.outcome == "refused" and not (command.legal_basis or "").strip():
        refuse("legal-basis-needed", command, state)
    _insist(command, state, step)
    return [*facts.decided(command, state, step)]


def _issued(command: Issue, state: Working, step: OpenStep) -> list[Worked]:
    if state.verdict == "pending":
        refuse("decision-needed", command, state)
    if step.code != command.steps[-1].code:
        refuse("step-not-open", command, state)  # the one that issues comes later
    _insist(command, state, step)
    number = number_of(command.serial, state.verdict, command.result)
    done = facts.completed(command.steps, state, step, command.officer.id, command.at)
    return [*done, facts.issued(command, state.case, state.verdict, number)]
