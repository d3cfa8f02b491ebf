"""Step 3 of 8, decide: the slips that go with a dossier to the department and with a result to the desk, as pure functions of the facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from contracts.processing import CaseOpened, CaseResultIssued, CaseStepCompleted
from kernel.paper.administrative import moment
from services.processing.domain.forms import CaseForm, Words, base_of, of_kind

DESK: Final = "Bộ phận Tiếp nhận và Trả kết quả"
DESK_UNIT: Final = "bo-phan-mot-cua"
"""The unit that receives dossiers; where a workflow begins there, the dossier goes to the department when that step is done."""

OUTCOMES: Final = {"granted": "Đồng ý giải quyết", "refused": "Không đồng ý giải quyết (có văn bản nêu lý do)"}


class HandOver(CaseForm):
    """Who gives what to whom and when: the dossier to the department, or the result to the desk."""

    what: Literal["dossier", "result"]
    item: str
    giver: str
    receiver: str
    handed_over: str
    outcome: str | None
    result_number: str | None


def hand_over(facts: Sequence[Any], words: Words, what: Literal["dossier", "result"]) -> HandOver | None:
    """Make the slip that goes with the dossier, or with the result; None if it has not been handed over."""
    if what == "dossier":
        return dossier_handed_over(facts, words)
    issued = next(iter(of_kind(facts, CaseResultIssued)), None)
    if issued is None:
        return None
    base = base_of(facts, words, issued.issued_at, signed_by=issued.officer, capacity="Bên giao", recipients=("Bên giao", "Bên nhận"))
    return HandOver(
        **base,
        what=what,
        item="01 kết quả giải quyết",
        giver="Văn thư",
        receiver=DESK,
        handed_over=moment(issued.issued_at),
        outcome=OUTCOMES[issued.outcome],
        result_number=issued.result_number,
    )


def dossier_handed_over(facts: Sequence[Any], words: Words) -> HandOver | None:
    """Make the slip that goes with the dossier from the desk to the department; None while the desk has it."""
    opened = next(iter(of_kind(facts, CaseOpened)))
    unit, at, giver = opened.unit, opened.opened_at, ""
    if unit == DESK_UNIT:
        done = next((fact for fact in of_kind(facts, CaseStepCompleted) if fact.step == opened.step), None)
        if done is None:
            return None
        unit, at, giver = done.next_unit or unit, done.completed_at, done.officer
    base = base_of(facts, words, at, signed_by=giver, capacity="Bên giao", recipients=("Bên giao", "Bên nhận"))
    return HandOver(
        **base,
        what="dossier",
        item="01 bộ hồ sơ theo giấy tiếp nhận",
        giver=DESK,
        receiver=words.units.get(unit, unit),
        handed_over=moment(at),
        outcome=None,
        result_number=None,
    )
