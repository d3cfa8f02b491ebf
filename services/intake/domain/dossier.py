"""Step 3 of 8, decide: the life of one dossier, from submission to the return of its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRefused,
    DossierRescheduled,
    DossierResultReady,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierSupplementReminded,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from contracts.intake_erasure import DossierPersonalDataErased
from contracts.intake_fees import DossierFeePaid, DossierFeeRefunded, DossierFeeWaived
from contracts.intake_files import DossierFileAttached, DossierFileScanned
from contracts.intake_originals import (
    DossierOriginalLost,
    DossierOriginalPassedOn,
    DossierOriginalReturned,
    DossierOriginalTaken,
    OriginalFact,
)
from kernel.eventlog import Decider, Refused
from services.intake.domain.commands import (
    Accept,
    Attach,
    Command,
    Erase,
    GiveOriginalBack,
    Judge,
    MoveDue,
    PassOriginalOn,
    PayFee,
    Reappoint,
    RefundFee,
    Refuse,
    RemindOfSupplement,
    ReportOriginalLost,
    RequestSupplement,
    RequestSupplementAtAppraisal,
    Reschedule,
    Return,
    Supplement,
    TakeOriginal,
    TakeResult,
    WaiveFee,
    Withdraw,
)
from services.intake.domain.custody import with_original
from services.intake.domain.erasure import erased
from services.intake.domain.facts import accepted, begun, moved, ready, reappointed, refused, rescheduled, returned, supplement_requested
from services.intake.domain.fees import fee_facts
from services.intake.domain.files import attached, scanned, with_file
from services.intake.domain.money import FeeFact, Money
from services.intake.domain.originals import original_facts
from services.intake.domain.states import (
    Absent,
    Accepted,
    AwaitingSupplement,
    Ended,
    ResultReady,
    Returned,
    State,
    Submitted,
    ending_of,
    file_of,
    held_in,
    legal_in,
)

Reason: TypeAlias = Literal[
    "no-such-dossier",
    "already-submitted",
    "components-missing",
    "supplement-already-requested",
    "supplement-incomplete",
    "retention-runs",
    "retention-unknown",
    "too-many-files",
    "fee-not-due",
    "fee-amount-differs",
    "fee-amount-too-high",
    "fee-settled",
    "fee-owed",
    "no-such-payment",
    "no-such-original",
    "original-not-held",
    "originals-held",
    "not-now",
]
Event: TypeAlias = (
    DossierSubmitted
    | DossierSupplementRequested
    | DossierSupplemented
    | DossierAccepted
    | DossierRefused
    | DossierWithdrawn
    | DossierRescheduled
    | DossierReappointed
    | DossierSupplementReminded
    | DossierResultReady
    | DossierReturned
    | FeeFact
    | OriginalFact
    | DossierFileAttached
    | DossierFileScanned
    | DossierPersonalDataErased
)

ORIGINALS: Final = (DossierOriginalTaken, DossierOriginalPassedOn, DossierOriginalReturned, DossierOriginalLost)

INITIAL: Final[State] = Absent()


def decide(command: Command, state: State) -> Sequence[Event]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `Reason`, and `legal`, what may be done instead.
    """
    match command, state:
        case DossierSubmitted() as c, Absent():
            return [c]
        case RequestSupplement() as c, Submitted(dossier=d, supplemented=False):
            return [supplement_requested(d, "desk", 1, c)]
        case Supplement() as c, AwaitingSupplement(missing=missing) if absent := missing - set(c.components):
            raise Refused("supplement-incomplete", legal=legal_in(state), missing=sorted(absent))
        case Supplement() as c, AwaitingSupplement(dossier=d, stage=stage, round=round_):
            brought = tuple(sorted(set(c.components)))
            return [DossierSupplemented(dossier_id=d.id, agency=d.agency, stage=stage, round=round_, components=brought, received_at=c.at)]
        case Accept(required=required), Submitted(dossier=d) if absent := required - d.components:
            raise Refused("components-missing", legal=legal_in(state), missing=sorted(absent))
        case Accept() as c, Submitted(dossier=d):
            return [accepted(d, c)]
        case Refuse() as c, Submitted(dossier=d) | AwaitingSupplement(dossier=d, stage="desk"):
            return [refused(d, c)]
        case Withdraw() as c, Submitted(dossier=d) | AwaitingSupplement(dossier=d) | Accepted(dossier=d):
            return [DossierWithdrawn(dossier_id=d.id, agency=d.agency, reason=c.reason, withdrawn_at=c.at)]
        case Return() as c, ResultReady(dossier=d) if d.code is not None:
            _insist_that_nothing_is_open(state)
            return [returned(d, d.code, c)]
        case Erase() as c, Returned(dossier=d) | Ended(dossier=d) if not d.is_erased:
            return [erased(d, ending_of(state), c)]
        case Attach() as c, Submitted(dossier=d) | AwaitingSupplement(dossier=d) | Accepted(dossier=d) if file_of(state, c.file_id) is None:
            return [attached(d, c, legal_in(state))]
        case (PayFee() | WaiveFee() | RefundFee()) as c, _:
            return fee_facts(state, c)
        case (TakeOriginal() | PassOriginalOn() | GiveOriginalBack() | ReportOriginalLost()) as c, _:
            return original_facts(state, c)

        # What the department says. If the dossier has ended here meanwhile, or it was said before, there is nothing left to record.
        case RequestSupplementAtAppraisal() as c, Accepted(dossier=d, rounds=rounds) if c.round > rounds:
            return [supplement_requested(d, "appraisal", c.round, c)]
        case RemindOfSupplement() as c, AwaitingSupplement(dossier=d, stage="appraisal", round=round_) if c.round == round_:
            return [DossierSupplementReminded(dossier_id=d.id, agency=d.agency, round=round_, reminded_at=c.at)]
        case Reschedule() as c, Accepted(dossier=d, rounds=rounds, clock_stands=True) if c.round == rounds and d.deadline is not None:
            return [rescheduled(d, c)]
        case MoveDue() as c, Accepted(dossier=d) if d.deadline is not None and d.deadline != c.deadline:
            return [moved(d, c)]
        case Reappoint() as c, Accepted(dossier=d) if d.new_due_on is None:
            return [reappointed(d, c)]
        case TakeResult() as c, Accepted(dossier=d):
            return [ready(d, c)]
        case (RequestSupplementAtAppraisal() | RemindOfSupplement() | Reschedule() | MoveDue() | Reappoint() | TakeResult(), _):
            return []

        # A command that comes twice asks twice. The second time there is nothing left to record.
        case Erase(), Returned() | Ended():
            return []
        case (Return(), Returned()) | (Withdraw(), Ended(how="withdrawn")) | (Refuse(), Ended(how="refused")):
            return []
        case Attach(file_id=file_id), _ if file_of(state, file_id) is not None:
            return []
        case Judge() as c, _:
            return scanned(state, c)
        case _, Absent():
            raise Refused("no-such-dossier")
        case DossierSubmitted(), _:
            raise Refused("already-submitted")
        case RequestSupplement(), Submitted() | AwaitingSupplement(stage="desk"):
            raise Refused("supplement-already-requested", legal=legal_in(state))
        case _:
            raise Refused("not-now", legal=legal_in(state))


def _insist_that_nothing_is_open(state: ResultReady) -> None:
    """Let no result go while the applicant's own papers are here, or the fee is owed where it is to be paid before."""
    money = state.dossier.money
    if money.before_result and money.owed_vnd:
        raise Refused("fee-owed", legal=legal_in(state), owed_vnd=money.owed_vnd)
    if held := held_in(state):
        raise Refused("originals-held", legal=legal_in(state), originals=held)


def evolve(state: State, event: Event) -> State:
    """Say where a dossier stands after an event. Never refuses: history cannot be wrong."""
    match event, state:
        case DossierSubmitted(), _:
            return Submitted(begun(event))
        case DossierSupplementRequested(), Submitted(dossier=d) | Accepted(dossier=d):
            return AwaitingSupplement(d, event.stage, event.round, frozenset(one.component for one in event.missing))
        case DossierSupplemented(stage="desk"), AwaitingSupplement(dossier=d):
            return Submitted(replace(d, components=d.components | set(event.components)), supplemented=True)
        case DossierSupplemented(), AwaitingSupplement(dossier=d, round=round_):
            return Accepted(replace(d, components=d.components | set(event.components)), round_, clock_stands=True)
        case DossierAccepted(), Submitted(dossier=d):
            money = Money(fee_vnd=event.fee_vnd, before_result=event.fee_before_result)
            told = replace(d, code=event.code, deadline=event.deadline, by_law=event.by_law, case_code=event.case_code)
            return Accepted(replace(told, money=money))
        case DossierRescheduled(reason="extension" | "calendar" | "decision"), Accepted(dossier=d):
            return replace(state, dossier=replace(d, deadline=event.deadline, by_law=None))
        case DossierRescheduled(), Accepted(dossier=d, rounds=rounds):
            return Accepted(replace(d, deadline=event.deadline, by_law=None), rounds)
        case DossierReappointed(new_due_on=new_due_on), Accepted():
            return replace(state, dossier=replace(state.dossier, new_due_on=new_due_on))
        case DossierResultReady(), Accepted(dossier=d):
            return ResultReady(d, event.outcome, event.result_number)
        case DossierReturned(), ResultReady(dossier=d):
            return Returned(replace(d, ended_at=event.returned_at))
        case DossierRefused(), Submitted(dossier=d) | AwaitingSupplement(dossier=d):
            return Ended(replace(d, ended_at=event.refused_at), "refused")
        case DossierWithdrawn(), Submitted(dossier=d) | AwaitingSupplement(dossier=d) | Accepted(dossier=d):
            return Ended(replace(d, ended_at=event.withdrawn_at), "withdrawn")
        case DossierPersonalDataErased(), Returned() | Ended():
            return replace(state, dossier=replace(state.dossier, is_erased=True))
        case _ if isinstance(event, DossierFeePaid | DossierFeeWaived | DossierFeeRefunded) and not isinstance(state, Absent):
            return replace(state, dossier=replace(state.dossier, money=state.dossier.money.after(event)))
        case _ if isinstance(event, ORIGINALS) and not isinstance(state, Absent):
            return replace(state, dossier=replace(state.dossier, originals=with_original(state.dossier.originals, event)))
        case _ if isinstance(event, DossierFileAttached | DossierFileScanned) and not isinstance(state, Absent):
            return replace(state, dossier=with_file(state.dossier, event))
        case _:
            return state


DECIDER: Final = Decider[Command, State](INITIAL, decide, evolve)
