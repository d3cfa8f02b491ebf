"""Step 3 of 8, decide: where a case can stand, and no more of it than the next decision needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from contracts.processing import RecordKind, RecordNeeded, Step
from contracts.vocabulary import (
    AgencyCode,
    CaseId,
    Channel,
    ContentHash,
    Deadline,
    DossierCode,
    DossierId,
    Outcome,
    PartnerCode,
    PrincipalId,
    ProcedureCode,
    SupplementMode,
)
from kernel.legalclock import Moment, Prolonged, Told, day_of, is_late, rule_pack
from services.processing.domain.guard import Facts, holds, parse
from services.processing.domain.workflow import Steps, beyond, signing_step, step_of

Verdict: TypeAlias = Literal["pending", "granted", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """What another agency was asked in which step, until when it should answer, and when it did (None: it owes the answer still).

    `received_at` is when it confirmed that it has the papers (None: it has not).
    """

    number: int
    partner: PartnerCode
    step: str
    unit: str
    deadline: Deadline
    answered_at: datetime | None
    received_at: datetime | None = None
    opinion: str | None = None
    is_reminded: bool = False

    def is_open(self, now: datetime) -> bool:
        """Tell whether the answer may still come in time."""
        return self.answered_at is None and not is_late(self.deadline, now)

    def is_late(self, now: datetime) -> bool:
        """Tell whether it came too late, or is too late already."""
        return is_late(self.deadline, self.answered_at or now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a case is about. `deadline` is None where the law sets no limit; `rounds` counts the supplements asked for.

    `new_due_at` is the day that the applicant was given with an apology (None: there was none), `promised_at` when that was. `kept` is the
    day that was told before news of the calendar made the law's own later (None: they are the same). `rung` are the alarms that were
    raised, `clock` what has happened to the limit, and `extension_max` by how much of its unit a law lets it be made longer.
    """

    id: CaseId
    dossier: DossierId
    agency: AgencyCode
    code: DossierCode
    procedure: ProcedureCode
    workflow_hash: ContentHash
    supplement_mode: SupplementMode
    deadline: Deadline | None
    opened_at: datetime
    channel: Channel | None = None
    rounds: int = 0
    new_due_at: datetime | None = None
    promised_at: datetime | None = None
    consultations: tuple[Consultation, ...] = ()
    kept: Told | None = None
    rung: frozenset[tuple[str, datetime]] = frozenset()
    clock: tuple[Moment, ...] = ()
    extension_max: int | None = None

    @property
    def is_prolonged(self) -> bool:
        """Tell whether the limit was made longer by law: once is all."""
        return any(isinstance(moment, Prolonged) for moment in self.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """A step that is to be done now, whose work it is, since when, and who has taken it (None: nobody).

    Its hours run from `since` on, whoever has it; only a supplement makes them begin again.
    """

    code: str
    unit: str
    role: str
    since: datetime
    officer: PrincipalId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """An open step that passes by itself: after so many working days, at that instant."""

    step: str
    days: int
    fires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDown:
    """What a team on site or a council found in a step, as long as that step is not to be done once more."""

    step: str
    kind: RecordKind
    finding: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The dossier was not accepted, or its acceptance has not arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Steps are open, in the order of the workflow. `done` says who finished which, as long as it is done: a return goes to him.

    `skipped` need not be done, `timers` are those of open steps, and `records` what was put down; `numbered` counts every record ever.
    """

    case: Case
    verdict: Verdict
    open: tuple[OpenStep, ...]
    legal_basis: str | None = None
    done: tuple[OpenStep, ...] = ()
    skipped: tuple[str, ...] = ()
    timers: tuple[Timer, ...] = ()
    records: tuple[PutDown, ...] = ()
    numbered: int = 0

    @property
    def passed(self) -> frozenset[str]:
        """The steps that nothing has to wait for any more."""
        return frozenset({step.code for step in self.done} | {*self.skipped})


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The clock stands still until the applicant has brought what is missing; then it goes on as `held`.

    `remind_at` is when he is to be reminded (None: he was, or never is).
    """

    held: Working
    paused_at: datetime
    remind_at: datetime | None = None

    @property
    def case(self) -> Case:
        """What it is about."""
        return self.held.case


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The result is on its way to the desk."""

    case: Case
    outcome: Outcome
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The applicant withdrew before there was a decision."""

    case: Case


State: TypeAlias = Absent | Working | Paused | Issued | Stopped
Known: TypeAlias = Working | Paused | Issued | Stopped


def legal_in(state: State, steps: Steps, now: datetime) -> list[str]:
    """List what an officer may do in a state at an instant, by the names of the API; whether it is his to do is another question."""
    match state:
        case Working(case=case, verdict=verdict, open=steps_open):
            signing = signing_step(steps).code
            pending = verdict == "pending"
            doors = {
                "claim": any(step.officer is None for step in steps_open),
                "completion": any(step.code != signing and is_ripe(state, steps, step, now) for step in steps_open),
                "decision": pending and steps_open[0].code == signing and is_ripe(state, steps, steps_open[0], now),
                "pause": pending and case.rounds < supplements_max(case),
                "assignment": True,
                "return": any(returnable(state, steps, step) for step in steps_open),
                "undo": bool(undoable(state, steps)),
                "site-check": any(lacking(state, steps, step) == "site-check" for step in steps_open),
                "council": any(lacking(state, steps, step) == "council" for step in steps_open),
                "consultation": pending,
                "answer": any(one.answered_at is None for one in case.consultations),
                "receipt": any(one.answered_at is None and one.received_at is None for one in case.consultations),
                "reappointment": case.deadline is not None and case.new_due_at is None,
                "extension": pending and case.deadline is not None and case.extension_max is not None and not case.is_prolonged,
            }
            return [door for door, is_open in doors.items() if is_open]
        case Paused(case=case):
            owed = [one for one in case.consultations if one.answered_at is None]
            return [*(["answer"] if owed else []), *(["receipt"] if any(one.received_at is None for one in owed) else [])]
        case Absent() | Issued() | Stopped():
            return []


def is_ripe(state: Working, steps: Steps, step: OpenStep, now: datetime) -> bool:
    """Tell whether a step has all that it needs to be finished: partners asked, a guard that is true, an apology for a late result."""
    found = step_of(steps, step.code)
    return (
        not unasked(state, found)
        and lacking(state, steps, step) is None
        and (found.requires is None or holds(parse(found.requires), facts_of(state, now)))
        and not (found == steps[-1] and owes_apology(state.case, now))
    )


def supplements_max(case: Case) -> int:
    """Say how often a supplement may be asked for under the rules that the case's limit began with."""
    return rule_pack(case.deadline.rule_pack).supplements_max if case.deadline is not None else 0


def unasked(state: Working, step: Step) -> list[PartnerCode]:
    """List the partners that a step must ask and has not."""
    asked = {one.partner for one in state.case.consultations}
    return [partner for partner in step.consults if partner not in asked]


def record_of(steps: Steps, step: OpenStep) -> RecordNeeded | None:
    """Give the record that a step must put down; None if none."""
    return step_of(steps, step.code).record


def lacking(state: Working, steps: Steps, step: OpenStep) -> RecordKind | None:
    """Give the kind of the record that a step must put down and has not; None if nothing is lacking."""
    needed = record_of(steps, step)
    return needed.kind if needed is not None and all(one.step != step.code for one in state.records) else None


def returnable(state: Working, steps: Steps, step: OpenStep) -> list[str]:
    """List the earlier steps that one may be sent back to: those that the workflow names and that were done, not skipped."""
    done = {one.code for one in state.done}
    return [code for code in step_of(steps, step.code).returns_to if code in done]


def owes_apology(case: Case, now: datetime) -> bool:
    """Tell whether the limit has run out with no apology: the result may not go out before the applicant knows (NĐ 61/2018, Điều 19.9).

    What the applicant may hold to is the day that was told, though a changed calendar gives the department longer.
    """
    if case.deadline is None or case.new_due_at is not None:
        return False
    return is_late(case.deadline, now) or (case.kept is not None and day_of(now) > case.kept.due_on)


def undoable(state: Working, steps: Steps) -> list[OpenStep]:
    """List the finished steps that may be taken back: nobody has taken up what they opened, and no decision hangs on them."""
    taken = {step.code for step in state.done} | {step.code for step in state.open if step.officer is not None}
    signing = signing_step(steps).code
    return [step for step in state.done if step.code != signing and not taken & beyond(steps, step.code)]


def facts_of(state: Working, now: datetime) -> Facts:
    """Give what a guard may ask of a case at an instant."""
    case = state.case
    found = {one.kind: one.finding for one in state.records}
    return {
        "supplements": case.rounds,
        "consultations": len(case.consultations),
        "open-consultations": sum(one.is_open(now) for one in case.consultations),
        "late-consultations": sum(one.is_late(now) for one in case.consultations),
        "opinions-against": sum(one.opinion == "disagrees" for one in case.consultations),
        "reappointed": "no" if case.new_due_at is None else "yes",
        "site-finding": found.get("site-check", "none"),
        "council-finding": found.get("council", "none"),
        "channel": case.channel or "unknown",
        "verdict": state.verdict,
    }
