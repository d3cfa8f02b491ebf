"""Step 3 of 8, decide: a signed decision is corrected before its result goes out; both stay on record, and who changed it and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.processing import CaseDecided, CaseDecisionCorrected, CorrectionReason, SignedFor
from contracts.vocabulary import Outcome, PrincipalId
from services.processing.domain.case_commands import Correct, Decide
from services.processing.domain.case_facts import in_order, listed, signed_on_a_day_off
from services.processing.domain.case_refusals import refuse
from services.processing.domain.case_states import OpenStep, Working, facts_of
from services.processing.domain.workflow import SIGNING_ROLE, beyond, onward, signing_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a decision said at first, or since a correction (then with its `reason`): by whom, and when it was signed."""

    outcome: Outcome
    legal_basis: str | None
    reason: CorrectionReason | None
    officer: PrincipalId
    signed_for: SignedFor | None
    day_off: bool
    at: datetime


def wording_of(fact: Any) -> Wording | None:
    """Give the wording that a fact gives a decision; None for any other fact."""
    match fact:
        case CaseDecided(decided_at=at):
            reason = None
        case CaseDecisionCorrected(reason=reason, corrected_at=at):
            pass
        case _:
            return None
    return Wording(
        outcome=fact.outcome,
        legal_basis=fact.legal_basis,
        reason=reason,
        officer=fact.officer,
        signed_for=fact.signed_for,
        day_off=fact.day_off,
        at=at,
    )


def last_wording(facts: Iterable[Any]) -> Wording | None:
    """Give what a case's decision says now, for every paper that is made of it; None while there is none."""
    found = [wording for fact in facts if (wording := wording_of(fact)) is not None]
    return found[-1] if found else None


def corrected(command: Correct, state: Working) -> list[CaseDecisionCorrected]:
    """Correct a decision; the same one said again is none. What has been done on the ground of the old outcome keeps it from changing."""
    steps, case = command.steps, state.case
    signing = signing_step(steps)
    if state.verdict == "pending":
        refuse("not-decided-yet", command, state)
    step = OpenStep(code=signing.code, unit=signing.unit, role=signing.role, since=command.at)
    if not command.officer.may_sign(step):
        refuse("not-your-step", command, state)
    insist_on_another_pair_of_eyes(command, state, step)
    if command.outcome == "refused" and not (command.legal_basis or "").strip():
        refuse("legal-basis-needed", command, state)
    if (command.outcome, command.legal_basis) == (state.verdict, state.legal_basis):
        return []
    found, skipped = state.open, state.skipped
    if command.outcome != state.verdict:
        later = beyond(steps, signing.code)
        if any(step.code in later for step in state.done):
            refuse("already-followed", command, state)
        passed = state.passed - later
        now, away = onward(steps, passed, (), facts_of(replace(state, verdict=command.outcome), command.at))
        held = {step.code: step for step in state.open}
        new = [held.get(one.code, OpenStep(code=one.code, unit=one.unit, role=one.role, since=command.at)) for one in now]
        found = in_order(steps, new)
        skipped = (*(code for code in state.skipped if code in passed), *(step.code for step in away))
    return [
        CaseDecisionCorrected(
            case_id=case.id,
            dossier_id=case.dossier,
            agency=case.agency,
            outcome_before=state.verdict,
            legal_basis_before=state.legal_basis,
            outcome=command.outcome,
            legal_basis=command.legal_basis,
            reason=command.reason,
            open=listed(found),
            skipped=skipped,
            officer=command.officer.id,
            signed_for=command.officer.signed_for(step),
            day_off=signed_on_a_day_off(command),
            corrected_at=command.at,
        )
    ]


def insist_on_another_pair_of_eyes(command: Decide | Correct, state: Working, step: OpenStep) -> None:
    """Refuse the director's signature to whoever did another's step of the same case, for whomever he may sign (E-45)."""
    if step.role == SIGNING_ROLE and any(one.officer == command.officer.id and one.role != step.role for one in state.done):
        refuse("has-worked-on-it", command, state)
