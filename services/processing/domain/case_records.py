"""Step 3 of 8, decide: what a team on site or a council puts down, and which record is none."""

from __future__ import annotations

from collections import Counter
from typing import Any

from contracts.processing import RecordNeeded
from contracts.processing_coordination import CaseCouncilHeld, CaseSiteChecked
from kernel.legalclock import day_of
from services.processing.domain.case_commands import PutDownCouncil, PutDownSiteCheck
from services.processing.domain.case_refusals import refuse
from services.processing.domain.case_states import OpenStep, PutDown, Working, record_of


def put_down(command: PutDownSiteCheck | PutDownCouncil, state: Working, step: OpenStep) -> CaseSiteChecked | CaseCouncilHeld:
    """Record who was there, when, and what was found. A second record of a step stands beside the first; the last one counts."""
    needed = record_of(command.steps, step)
    wanted = "site-check" if isinstance(command, PutDownSiteCheck) else "council"
    if needed is None or needed.kind != wanted:
        refuse("no-such-record", command, state, needed=needed.kind if needed else None)
    if not day_of(state.case.opened_at) <= command.held_on <= day_of(command.at):
        refuse("record-day-impossible", command, state)
    if why := _unseated(command, needed):
        refuse("seats-wrong", command, state, why=[vi for vi, _ in why], why_en=[en for _, en in why])
    case = state.case
    said: dict[str, Any] = {
        "case_id": case.id,
        "dossier_id": case.dossier,
        "agency": case.agency,
        "number": state.numbered + 1,
        "step": step.code,
        "held_on": command.held_on,
        "members": command.members,
        "finding": command.finding,
        "officer": command.officer.id,
        "recorded_at": command.at,
    }
    return CaseSiteChecked(**said) if isinstance(command, PutDownSiteCheck) else CaseCouncilHeld(**said)


def noted(state: Working, event: CaseSiteChecked | CaseCouncilHeld) -> tuple[PutDown, ...]:
    """Give what is put down after a record: the step's newest."""
    kind = "site-check" if isinstance(event, CaseSiteChecked) else "council"
    others = [one for one in state.records if one.step != event.step]
    return (*others, PutDown(step=event.step, kind=kind, finding=event.finding))


def _unseated(command: PutDownSiteCheck | PutDownCouncil, needed: RecordNeeded) -> list[tuple[str, str]]:
    """Say what is wrong with those who sat there."""
    seats = command.members
    roles = Counter(seat.role for seat in seats)
    least, most = needed.members or (1, len(seats) or 1)
    why: list[tuple[str, str]] = []
    if roles["chair"] != 1:
        why.append(("Phải có đúng một người chủ trì", "there must be exactly one chair"))
    if roles["secretary"] > 1 or (needed.kind == "council" and not roles["secretary"]):
        why.append(("Phải có đúng một thư ký", "there must be exactly one secretary"))
    if not least <= len(seats) <= most:
        why.append((f"Phải có từ {least} đến {most} thành viên, không phải {len(seats)}", f"{len(seats)} sat there, not {least} to {most}"))
    if any((seat.officer is None) == (seat.partner is None) for seat in seats):
        why.append(
            ("Mỗi thành viên là công chức của Sở hoặc người của một cơ quan khác", "each is of the department or of one other agency")
        )
    accounts = [seat.officer for seat in seats if seat.officer is not None]
    if len(accounts) != len({*accounts}):
        why.append(("Một người không ngồi hai ghế", "nobody sits on two seats"))
    return why
