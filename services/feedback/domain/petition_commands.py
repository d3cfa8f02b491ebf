"""Step 3 of 8, decide: what can be asked of a petition. Words come sealed: a reference and a commitment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from contracts.feedback_petitions import PetitionKind, PetitionTopic, UnitCode
from contracts.vocabulary import (
    AgencyCode,
    ContentHash,
    DossierId,
    EngagementId,
    PartnerCode,
    PetitionId,
    PrincipalId,
    VaultRef,
)
from kernel.legalclock import Calendar
from services.feedback.domain.petition_rules import Rules
from services.feedback.domain.petition_states import State

Channel: TypeAlias = Literal["box", "hotline", "web", "portal", "visit", "survey", "letter", "in-person"]
Party: TypeAlias = Literal["individual", "enterprise", "association"]
RefusalReason: TypeAlias = Literal["unclear", "false-particulars", "settled", "out-of-time", "no-right", "another-procedure"]
ExtensionReason: TypeAlias = Literal["complicated", "coordinating-agency", "site-check", "remote-area"]
Verdict: TypeAlias = Literal["satisfied", "partly", "dissatisfied"]
Direction: TypeAlias = Literal["to-petitioner", "from-petitioner"]


@dataclass(frozen=True, slots=True)
class Words:
    """What was written, in the vault."""

    ref: VaultRef
    commitment: ContentHash


@dataclass(frozen=True, slots=True)
class Reckoned:
    """By which rules and calendar limits are counted."""

    rules: Rules
    calendar: Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Enter a petition, whose particulars were checked, into the register."""

    petition_id: PetitionId
    agency: AgencyCode
    channel: Channel
    party: Party
    topic: PetitionTopic
    words: Words
    code_hash: ContentHash
    by: Reckoned
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Classify:
    """Say what it is, and what it is about."""

    kind: PetitionKind
    topic: PetitionTopic
    dossier_id: DossierId | None
    engagement_id: EngagementId | None
    by: Reckoned
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetApart:
    """Make a part of a message that says several things a petition of its own, named for what it is from its first moment on."""

    receive: Receive
    classify: Classify


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Find it not receivable."""

    reason: RefusalReason
    words: Words
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Hand it to the agency that is competent."""

    partner: PartnerCode
    by: Reckoned
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Let a unit lead, and agencies coordinate."""

    unit: UnitCode
    partners: tuple[PartnerCode, ...]
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Take the longer limit of the law, once, before the first has run out."""

    reason: ExtensionReason
    words: Words
    by: Reckoned
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer it."""

    words: Words
    by: Reckoned
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Make question and answer public, in words that name nobody."""

    words: Words
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Say what the answer is worth."""

    verdict: Verdict
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """Open it again, because the answer was none."""

    words: Words
    by: Reckoned
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write to the petitioner, or as him."""

    direction: Direction
    words: Words
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Let it be answered with another one, `into`, whose state this is."""

    into: State
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Take a duplicate in: the other end of `Merge`."""

    duplicate: PetitionId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take it back."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Say which limits are near or have run out by an instant."""

    at: datetime


Step: TypeAlias = (
    Receive | Classify | SetApart | Refuse | Forward | Assign | Extend | Answer | Publish | Judge | Reopen | Write | Merge | Join | Withdraw
)
Command: TypeAlias = Step | Ring
