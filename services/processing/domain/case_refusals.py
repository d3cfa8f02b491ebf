"""Step 3 of 8, decide: why an officer may not do something with a case, in words that stay the same."""

from __future__ import annotations

from typing import Literal, NoReturn, TypeAlias

from kernel.eventlog import Refused
from services.processing.domain.case_commands import Act
from services.processing.domain.case_states import Paused, Working, legal_in

Reason: TypeAlias = Literal[
    "no-such-case",
    "case-paused",
    "case-ended",
    "step-not-open",
    "not-your-step",
    "claimed-by-another",
    "not-yours-to-assign",
    "cannot-take-step",
    "assignment-needs-reason",
    "cannot-return-there",
    "nothing-to-undo",
    "already-asked",
    "partner-not-asked",
    "no-such-consultation",
    "guard-not-met",
    "record-needed",
    "no-such-record",
    "record-day-impossible",
    "seats-wrong",
    "decision-needed",
    "not-the-signing-step",
    "already-decided",
    "legal-basis-needed",
    "has-worked-on-it",
    "signed-before-acceptance",
    "no-clock",
    "supplement-asked-already",
    "leader-needed",
    "not-decided-yet",
    "already-followed",
    "number-needed",
    "apology-needed",
    "already-reappointed",
    "new-day-too-early",
    "already-prolonged",
    "no-such-extension",
    "too-late-to-prolong",
    "cannot-move",
]


def refuse(reason: Reason, command: Act, state: Working | Paused, **detail: object) -> NoReturn:
    """Refuse, and say what may be done instead.

    Raises:
        Refused: always.
    """
    raise Refused(reason, legal=legal_in(state, command.steps, command.at), **detail)
