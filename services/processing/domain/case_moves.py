"""Step 3 of 8, decide: a running case goes on by another version of its workflow, if what is done is a beginning of that too."""

from __future__ import annotations

from datetime import datetime

from contracts.processing import CaseMoved, Step
from kernel.eventlog import Refused
from services.processing.domain.case_commands import Move
from services.processing.domain.case_facts import listed
from services.processing.domain.case_states import OpenStep, Working, facts_of
from services.processing.domain.workflow import Steps, befores, onward, signing_step


def moved(command: Move, state: Working) -> CaseMoved:
    """Move a case; a step that both versions have open stays with the officer who has it.

    Raises:
        Refused: "cannot-move" with `why` and `why_en`, if the other version would begin otherwise.
    """
    if why := obstacles(command.steps, state):
        raise Refused("cannot-move", why=[vi for vi, _ in why], why_en=[en for _, en in why])
    case, kept = state.case, {(step.code, step.unit, step.role): step for step in state.open}
    now, skipped = _onward(command.steps, state, command.at)
    new = [OpenStep(code=one.code, unit=one.unit, role=one.role, since=command.at) for one in now]
    return CaseMoved(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        from_hash=case.workflow_hash,
        workflow_hash=command.workflow_hash,
        open=listed([kept.get((one.code, one.unit, one.role), one) for one in new]),
        skipped=tuple(step.code for step in command.steps if step.code in skipped),
        moved_at=command.at,
    )


def obstacles(steps: Steps, state: Working) -> list[tuple[str, str]]:
    """List, in Vietnamese and English, what keeps a case from going on by these steps."""
    codes = {step.code: step for step in steps}
    done = _done(state)
    passed = done | _still_skipped(steps, state)
    why = [
        (
            f"{step.code} do {step.role} của {step.unit} hoàn thành; ở phiên bản này không có bước đó, hoặc là việc của nơi khác",
            f"{step.code} was done by {step.role} in {step.unit}, and is not there, or is another's",
        )
        for step in state.done
        if not _same(step, codes)
    ]
    why += [
        (
            f"{step.code} đã hoàn thành, còn bước đứng trước ở phiên bản này thì chưa",
            f"{step.code} is done, and what comes before it there is not",
        )
        for step in steps
        if step.code in done and not passed.issuperset(befores(steps, step))
    ]
    signed = signing_step(steps).code in done
    if not why and signed != (state.verdict != "pending"):
        why.append(("Ở phiên bản này quyết định được ký ở bước khác", "the decision is signed in another step there"))
    return why


def _onward(steps: Steps, state: Working, at: datetime) -> tuple[tuple[Step, ...], frozenset[str]]:
    """Give the steps that are open there, and all that are skipped there."""
    kept = _still_skipped(steps, state)
    same = {step.code for step in state.open if _same(step, {one.code: one for one in steps})}
    now, skipped = onward(steps, _done(state) | kept, same, facts_of(state, at))
    return now, kept | {step.code for step in skipped}


def _still_skipped(steps: Steps, state: Working) -> frozenset[str]:
    """Give what was skipped here and has a condition there too: it is not judged a second time."""
    return frozenset(step.code for step in steps if step.when is not None and step.code in state.skipped)


def _done(state: Working) -> frozenset[str]:
    return frozenset(step.code for step in state.done)


def _same(step: OpenStep, codes: dict[str, Step]) -> bool:
    found = codes.get(step.code)
    return found is not None and (found.unit, found.role) == (step.unit, step.role)
