"""Step 3 of 8, decide: where a dossier may stand, and what each place lets people do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from contracts.intake_files import MediaType, Verdict
from contracts.vocabulary import (
    AgencyCode,
    ApplicantKind,
    Channel,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    FieldCode,
    FileId,
    Outcome,
    ProcedureCode,
    SupplementStage,
    VaultRef,
)
from services.intake.domain.custody import Original
from services.intake.domain.money import NONE_YET, Money
from services.intake.domain.retention import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file of a dossier; its name, its hash and its key are in the vault. `verdict` is None until a scanner has judged it."""

    id: FileId
    component: str
    media_type: MediaType
    size_bytes: int
    personal_ref: VaultRef
    attached_at: datetime
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What every state after submission knows.

    `deadline` is what was promised, `by_law` the law's own at acceptance where less was promised (None also once the clock has begun anew:
    from then on processing, which has every moment, tells it), `case_code` which of the procedure's cases it is.
    `new_due_on` is the day that came with an apology (None: there was none), `ended_at` when nothing was left to do with it, `files` what
    was attached, `originals` which papers of the applicant were taken, `money` what is due and what came of it, `is_erased` whether the
    person was forgotten.
    """

    id: DossierId
    agency: AgencyCode
    procedure: ProcedureCode
    procedure_hash: ContentHash
    field: FieldCode
    channel: Channel
    applicant_kind: ApplicantKind
    personal_ref: VaultRef
    arrived_at: datetime
    components: frozenset[str]
    code: DossierCode | None = None
    deadline: Deadline | None = None
    by_law: Deadline | None = None
    case_code: str | None = None
    new_due_on: date | None = None
    ended_at: datetime | None = None
    files: tuple[Attached, ...] = ()
    originals: tuple[Original, ...] = ()
    money: Money = NONE_YET
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody has submitted it."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """It waits to be checked; `supplemented` once the desk has had its one request answered."""

    dossier: Dossier
    supplemented: bool = False


@dataclass(frozen=True, slots=True)
class AwaitingSupplement:
    """It waits for the applicant, on request of the desk or of appraisal."""

    dossier: Dossier
    stage: SupplementStage
    round: int
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is with the department, which has asked for a supplement so many times; the clock stands until it says how it goes on."""

    dossier: Dossier
    rounds: int = 0
    clock_stands: bool = False


@dataclass(frozen=True, slots=True)
class ResultReady:
    """Its result waits at the desk."""

    dossier: Dossier
    outcome: Outcome
    result_number: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """The applicant has the result."""

    dossier: Dossier


@dataclass(frozen=True, slots=True)
class Ended:
    """It was refused at the desk, or withdrawn."""

    dossier: Dossier
    how: Literal["refused", "withdrawn"]


State: TypeAlias = Absent | Submitted | AwaitingSupplement | Accepted | ResultReady | Returned | Ended


def held_in(state: State) -> list[int]:
    """Give the numbers of the originals that are here and must go back."""
    originals = () if isinstance(state, Absent) else state.dossier.originals
    return [one.number for one in originals if one.state == "held"]


def file_of(state: State, id: FileId) -> Attached | None:
    """Find a file of a dossier."""
    files = () if isinstance(state, Absent) else state.dossier.files
    return next((file for file in files if file.id == id), None)


def ending_of(state: Returned | Ended) -> Ending:
    """Say how a dossier ended."""
    return state.how if isinstance(state, Ended) else "returned"


def state_name(state: State) -> str:
    """Name a state as the API does."""
    match state:
        case Ended(how=how):
            return how
        case AwaitingSupplement():
            return "awaiting-supplement"
        case ResultReady():
            return "result-ready"
        case _:
            return type(state).__name__.lower()


def legal_in(state: State) -> list[str]:
    """List what the desk or the applicant may do in a state, by the names of the API."""
    match state:
        case Submitted(supplemented=False):
            return ["acceptance", "supplement-request", "refusal", "withdrawal"]
        case Submitted():
            return ["acceptance", "refusal", "withdrawal"]
        case AwaitingSupplement(stage="desk"):
            return ["supplement", "refusal", "withdrawal"]
        case AwaitingSupplement():
            return ["supplement", "withdrawal"]
        case Accepted():
            return ["withdrawal"]
        case ResultReady():
            return ["return"]
        case _:
            return []
