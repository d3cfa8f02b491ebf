"""Step 3 of 8, decide: a running case goes on by another version of its workflow, if what is done is a beginning of that too."""

from __future__ import annotations

from contracts.processing import CaseMoved, Step
from kernel.eventlog import Refused
from services.processing.domain.case_commands import Move
from services.processing.domain.case_facts import listed
from services.processing.domain.case_states import OpenStep, Working
from services.processing.domain.workflow import Steps, befores, ready, signing_step


def moved(command: Move, state: Working) -> CaseMoved:
    """Move a case; a step that both versions have open stays with the officer who has it.

    Raises:
        Refused: "cannot-move" with `why` and `why_en`, if the other version would begin otherwise.
    """
    if why := obstacles(command.steps, state):
        raise Refused("cannot-move", why=[vi for vi, _ in why], why_en=[en for _, en in why])
    case, kept = state.case, {(step.code, step.unit, step.role): step for step in state.open}
    new = [OpenStep(code=one.code, unit=one.unit, role=one.role, since=command.at) for one in ready(command.steps, _done(state))]
    return CaseMoved(
        case_id=case.id,
        dossier_id=case.dossier,
        agency=case.agency,
        from_hash=case.workflow_hash,
        workflow_hash=command.workflow_hash,
        open=listed([kept.get((one.code, one.unit, one.role), one) for one in new]),
        moved_at=command.at,
    )


def obstacles(steps: Steps, state: Working) -> list[tuple[str, str]]:
    """List, in Vietnamese and English, what keeps a case from going on by these steps."""
    codes = {step.code: step for step in steps}
    done = _done(state)
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
        if step.code in done and not done.issuperset(befores(steps, step))
    ]
    signed = signing_step(steps).code in done
    if not why and signed != (state.verdict != "pending"):
        why.append(("Ở phiên bản này quyết định được ký ở bước khác", "the decision is signed in another step there"))
    return why


def _done(state: Working) -> frozenset[str]:
    return frozenset(step.code for step in state.done)


def _same(step: OpenStep, codes: dict[str, Step]) -> bool:
    found = codes.get(step.code)
    return found is not None and (found.unit, found.role) == (step.unit, step.role)
