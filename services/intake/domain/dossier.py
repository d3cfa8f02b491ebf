"""Step 3 of 8, decide: the life of one dossier, from submission to the return of its result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from contracts.intake import (
    DossierAccepted,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.vocabulary import (
    AgencyCode,
    ApplicantKind,
    Channel,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    FieldCode,
    MissingComponent,
    Outcome,
    PrincipalId,
    ProcedureCode,
    SupplementMode,
    SupplementStage,
    VaultRef,
)
from kernel.eventlog import Decider, Refused

Reason: TypeAlias = Literal[
    "no-such-dossier",
    "already-submitted",
    "components-missing",
    "supplement-already-requested",
    "supplement-incomplete",
    "not-now",
]


# What may be asked for. -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSupplement:
    """Ask the applicant, once, for everything that is missing (NĐ 61/2018, Điều 17.2.a)."""

    missing: tuple[MissingComponent, ...]
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSupplementAtAppraisal:
    """The department found the dossier wanting; the request goes out through the desk (Điều 19.4)."""

    round: int
    missing: tuple[MissingComponent, ...]
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """Bring what was asked for."""

    components: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Receive a complete dossier: its code and its appointment were made by the caller (Điều 17.2.c)."""

    code: DossierCode
    required: frozenset[str]
    supplement_mode: SupplementMode
    deadline: Deadline | None
    fee_vnd: int | None
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Do not receive the dossier (Điều 17.2.b)."""

    reason: Literal["out-of-competence", "conditions-not-met", "supplement-not-given", "duplicate"]
    legal_basis: str
    at: datetime
    by: PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take the dossier back before its result is there."""

    reason: Literal["no-longer-needed", "will-resubmit", "other"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reschedule:
    """The department's clock restarted or resumed: the appointment moves."""

    due_before_at: datetime
    deadline: Deadline
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeResult:
    """The result has come to the desk."""

    outcome: Outcome
    result_number: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Hand the result over (Điều 20)."""

    at: datetime
    by: PrincipalId


Command: TypeAlias = (
    DossierSubmitted
    | RequestSupplement
    | RequestSupplementAtAppraisal
    | Supplement
    | Accept
    | Refuse
    | Withdraw
    | Reschedule
    | TakeResult
    | Return
)
"""A submission is the fact itself: everything in it is the caller's to say."""
Event: TypeAlias = (
    DossierSubmitted
    | DossierSupplementRequested
    | DossierSupplemented
    | DossierAccepted
    | DossierRefused
    | DossierWithdrawn
    | DossierRescheduled
    | DossierResultReady
    | DossierReturned
)


# Where a dossier may stand. ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What every state after submission knows."""

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
    """It is with the department."""

    dossier: Dossier


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
INITIAL: Final[State] = Absent()


def decide(command: Command, state: State) -> list[Event]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `Reason`, and `legal`, what may be done instead.
    """
    match command, state:
        case DossierSubmitted() as c, Absent():
            return [c]
        case RequestSupplement() as c, Submitted(dossier=d, supplemented=False):
            return [_requested(d, "desk", 1, c)]
        case Supplement() as c, AwaitingSupplement(missing=missing) if absent := missing - set(c.components):
            raise Refused("supplement-incomplete", missing=sorted(absent))
        case Supplement() as c, AwaitingSupplement(dossier=d, stage=stage, round=round_):
            brought = tuple(sorted(set(c.components)))
            return [DossierSupplemented(dossier_id=d.id, agency=d.agency, stage=stage, round=round_, components=brought, received_at=c.at)]
        case Accept(required=required), Submitted(dossier=d) if absent := required - d.components:
            raise Refused("components-missing", missing=sorted(absent))
        case Accept() as c, Submitted(dossier=d):
            return [_accepted(d, c)]
        case Refuse() as c, Submitted(dossier=d) | AwaitingSupplement(dossier=d, stage="desk"):
            return [_refused(d, c)]
        case Withdraw() as c, Submitted(dossier=d) | AwaitingSupplement(dossier=d) | Accepted(dossier=d):
            return [DossierWithdrawn(dossier_id=d.id, agency=d.agency, reason=c.reason, withdrawn_at=c.at)]
        case Return() as c, ResultReady(dossier=d) if d.code is not None:
            return [_returned(d, d.code, c)]

        # What the department says. If the dossier has ended here meanwhile, there is nothing left to record.
        case RequestSupplementAtAppraisal() as c, Accepted(dossier=d):
            return [_requested(d, "appraisal", c.round, c)]
        case Reschedule() as c, Accepted(dossier=d):
            return [
                DossierRescheduled(
                    dossier_id=d.id,
                    agency=d.agency,
                    due_before_at=c.due_before_at,
                    deadline=c.deadline,
                    rescheduled_at=c.at,
                )
            ]
        case TakeResult() as c, Accepted(dossier=d):
            number = c.result_number
            return [DossierResultReady(dossier_id=d.id, agency=d.agency, outcome=c.outcome, result_number=number, ready_at=c.at)]
        case (RequestSupplementAtAppraisal() | Reschedule() | TakeResult(), _):
            return []

        # A command that comes twice asks twice. The second time there is nothing left to record.
        case (Return(), Returned()) | (Withdraw(), Ended(how="withdrawn")) | (Refuse(), Ended(how="refused")):
            return []
        case _, Absent():
            raise Refused("no-such-dossier")
        case DossierSubmitted(), _:
            raise Refused("already-submitted")
        case RequestSupplement(), Submitted() | AwaitingSupplement(stage="desk"):
            raise Refused("supplement-already-requested", legal=legal_in(state))
        case _:
            raise Refused("not-now", legal=legal_in(state))


def evolve(state: State, event: Event) -> State:
    """Say where a dossier stands after an event. Never refuses: history cannot be wrong."""
    match event, state:
        case DossierSubmitted(), _:
            return Submitted(_dossier(event))
        case DossierSupplementRequested(), Submitted(dossier=d) | Accepted(dossier=d):
            return AwaitingSupplement(d, event.stage, event.round, frozenset(one.component for one in event.missing))
        case DossierSupplemented(stage="desk"), AwaitingSupplement(dossier=d):
            return Submitted(_with(d, components=d.components | set(event.components)), supplemented=True)
        case DossierSupplemented(), AwaitingSupplement(dossier=d):
            return Accepted(_with(d, components=d.components | set(event.components)))
        case DossierAccepted(), Submitted(dossier=d):
            return Accepted(_with(d, code=event.code, deadline=event.deadline))
        case DossierRescheduled(), Accepted(dossier=d):
            return Accepted(_with(d, deadline=event.deadline))
        case DossierResultReady(), Accepted(dossier=d):
            return ResultReady(d, event.outcome, event.result_number)
        case DossierReturned(), ResultReady(dossier=d):
            return Returned(d)
        case DossierRefused(), Submitted(dossier=d) | AwaitingSupplement(dossier=d):
            return Ended(d, "refused")
        case DossierWithdrawn(), Submitted(dossier=d) | AwaitingSupplement(dossier=d) | Accepted(dossier=d):
            return Ended(d, "withdrawn")
        case _:
            return state


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)


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


# How facts are made of commands and states. -----------------------------------------------------------------------------


def _dossier(event: DossierSubmitted) -> Dossier:
    return Dossier(
        id=event.dossier_id,
        agency=event.agency,
        procedure=event.procedure,
        procedure_hash=event.procedure_hash,
        field=event.field,
        channel=event.channel,
        applicant_kind=event.applicant_kind,
        personal_ref=event.personal_ref,
        arrived_at=event.arrived_at,
        components=frozenset(event.components),
    )


def _with(dossier: Dossier, **changes: Any) -> Dossier:
    return replace(dossier, **changes)


def _requested(
    dossier: Dossier, stage: SupplementStage, round_: int, command: RequestSupplement | RequestSupplementAtAppraisal
) -> DossierSupplementRequested:
    return DossierSupplementRequested(
        dossier_id=dossier.id,
        agency=dossier.agency,
        stage=stage,
        round=round_,
        missing=command.missing,
        requested_at=command.at,
        requested_by=command.by,
    )


def _accepted(dossier: Dossier, command: Accept) -> DossierAccepted:
    return DossierAccepted(
        dossier_id=dossier.id,
        agency=dossier.agency,
        code=command.code,
        procedure=dossier.procedure,
        procedure_hash=dossier.procedure_hash,
        field=dossier.field,
        channel=dossier.channel,
        applicant_kind=dossier.applicant_kind,
        arrived_at=dossier.arrived_at,
        accepted_at=command.at,
        accepted_by=command.by,
        supplement_mode=command.supplement_mode,
        deadline=command.deadline,
        fee_vnd=command.fee_vnd,
    )


def _refused(dossier: Dossier, command: Refuse) -> DossierRefused:
    return DossierRefused(
        dossier_id=dossier.id,
        agency=dossier.agency,
        procedure=dossier.procedure,
        field=dossier.field,
        channel=dossier.channel,
        reason=command.reason,
        legal_basis=command.legal_basis,
        refused_at=command.at,
        refused_by=command.by,
    )


def _returned(dossier: Dossier, code: DossierCode, command: Return) -> DossierReturned:
    return DossierReturned(
        dossier_id=dossier.id,
        agency=dossier.agency,
        procedure=dossier.procedure,
        field=dossier.field,
        code=code,
        channel=dossier.channel,
        returned_at=command.at,
        returned_by=command.by,
    )
