"""Dossiers that have been taken through, written in bulk by the real append path.

Facts, versions, chains, subjects and causes are as the services make them, ids of events as their reactors make them. Only HTTP
is left out, and the vault's sealed rows. Nine facts each: submitted, its number, accepted, result ready (intake); opened,
claimed, decided, completed, issued (processing).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

from contracts.catalogue import FACTS
from contracts.intake import DossierAccepted, DossierResultReady, DossierSubmitted
from contracts.processing import CaseDecided, CaseOpened, CaseResultIssued, CaseStepClaimed, CaseStepCompleted
from contracts.vocabulary import Deadline, Limit
from kernel.eventlog import Codec, Fact, History, Log, Meta, Slice
from kernel.legalclock import day_of, deadline, load_calendar, rule_pack_on
from services.intake.catalogue import load_catalogue
from services.intake.domain import register
from services.intake.settings import CATALOGUE
from services.processing.consume import NAME as OPENS_CASES
from services.processing.domain.case import stream_of
from services.processing.settings import HERE
from services.processing.workflows import load_workflows
from tests.benchmarks.department import DIRECTOR, PROCEDURE, Department
from tests.benchmarks.payload import AGENCY
from tests.contracts.golden import golden

BATCH: Final = 400
PER_DAY: Final = 1000
"""Dossiers a day, however many there are in all: more of them are a longer past."""
FIRST_DAY: Final = date(2019, 1, 2)
FACTS_EACH: Final = 9
PROGRESS_SECONDS: Final = 15.0
REACTORS: Final = ("processing-intake", "intake-processing", "feedback-intake")
ORGANISATION: Final = HERE / "organisation.yaml"


@dataclass(frozen=True)
class Samples:
    """One fact of each type, to be copied with ids and times of its own."""

    submitted: DossierSubmitted
    accepted: DossierAccepted
    ready: DossierResultReady
    opened: CaseOpened
    claimed: CaseStepClaimed
    decided: CaseDecided
    completed: CaseStepCompleted
    issued: CaseResultIssued


@dataclass(frozen=True, slots=True)
class Dossier:
    """One that is written."""

    id: UUID
    day: date
    number: int

    @property
    def at(self) -> datetime:
        """When it was submitted."""
        return datetime(self.day.year, self.day.month, self.day.day, 2, tzinfo=UTC) + timedelta(seconds=self.number * 20)

    @property
    def code(self) -> str:
        """Its code."""
        return register.code_of(AGENCY, self.day, self.number)


async def fill(motcua: Department, first: int, last: int) -> list[UUID]:
    """Write dossiers number `first` to `last` - 1 while the services are down; give some of their ids, spread over all."""
    samples, some = samples_of(motcua), list[UUID]()
    since = shown = time.monotonic()
    async with motcua.services_down():
        intake = await Log(motcua.stack.dsn("intake"), "intake", Codec(FACTS)).open()
        processing = await Log(motcua.stack.dsn("processing"), "processing", Codec(FACTS)).open()
        try:
            for begin in range(first, last, BATCH):
                dossiers = [dossier(n) for n in range(begin, min(begin + BATCH, last))]
                await write(samples, intake, processing, dossiers)
                some.append(dossiers[0].id)
                if time.monotonic() - shown > PROGRESS_SECONDS:
                    shown = time.monotonic()
                    print(f"  {begin + len(dossiers):,} dossiers written, {(begin - first) / (shown - since):,.0f}/s", flush=True)
            # What the reactors would find is there already: each answer is stored under the id that they would give it.
            heads = {"intake": await intake.head(), "processing": await processing.head()}
            for service, source in (("processing", "intake"), ("intake", "processing"), ("feedback", "intake")):
                moved = "UPDATE log.checkpoint SET pos = $1 WHERE consumer = ANY($2) AND source = $3"
                await motcua.fetch(service, moved, heads[source], list(REACTORS), source)
        finally:
            await intake.close()
            await processing.close()
    print(f"  {last - first:,} dossiers, {(last - first) * FACTS_EACH:,} events written in {time.monotonic() - since:.0f} s", flush=True)
    return some


def dossier(number: int) -> Dossier:
    """Make the n-th dossier; the days go back in time no further than the first."""
    days, serial = divmod(number, PER_DAY)
    return Dossier(uuid4(), FIRST_DAY + timedelta(days=days), serial + 1)


async def write(samples: Samples, intake: Log, processing: Log, dossiers: Sequence[Dossier]) -> None:
    """Write some dossiers: the door's facts, the department's answers to them, the door's answers to those."""
    books = {day: await intake.tip(register.stream_of(AGENCY, day)) for day in {one.day for one in dossiers}}
    numbers: list[Slice] = []
    for day, book in books.items():
        own = [one for one in dossiers if one.day == day]
        given = [register.allot(AGENCY, day, book.version + n, cast("Any", one.id)) for n, one in enumerate(own)]
        numbers.append(Slice(book, AGENCY, given))
    at_door = [Slice(History(one.id), AGENCY, received(samples, one), after=True) for one in dossiers]
    said = Meta(f"bench-{uuid4()}", "nv-mc-01", dossiers[-1].at)
    end = (await intake.append([*numbers, *at_door], said)).pos
    accepted_at = {one.id: end - 2 * (len(dossiers) - n - 1) for n, one in enumerate(dossiers)}
    worked = await asyncio.gather(*(work(samples, processing, one, accepted_at[one.id]) for one in dossiers))
    await asyncio.gather(*(take_result(samples, intake, one, issued_at) for one, issued_at in zip(dossiers, worked, strict=True)))


async def work(samples: Samples, processing: Log, one: Dossier, accepted_at: int) -> int:
    """Write the case of a dossier; give the position of its result."""
    case = stream_of(cast("Any", one.id))
    meta = Meta(f"{OPENS_CASES}:intake/{accepted_at}", "system:processing", one.at, cause=f"intake/{accepted_at}")
    return (await processing.append([Slice(History(case), AGENCY, decided(samples, one, case))], meta)).pos


async def take_result(samples: Samples, intake: Log, one: Dossier, issued_at: int) -> None:
    """Write that a result has come to the desk."""
    known = intake.recent.get(one.id)
    assert known is not None, "the batch is larger than what the log remembers"
    ready = samples.ready.model_copy(update={"dossier_id": one.id, "ready_at": one.at + timedelta(hours=6)})
    meta = Meta(f"intake-processing:processing/{issued_at}", "system:intake", one.at, cause=f"processing/{issued_at}")
    await intake.append([Slice(known[0], AGENCY, [ready])], meta)


def received(samples: Samples, one: Dossier) -> list[Fact]:
    """Give what the door says of a dossier until it is accepted."""
    about = {"dossier_id": one.id, "arrived_at": one.at}
    return [
        samples.submitted.model_copy(update={**about, "submitted_at": one.at, "personal_ref": uuid4()}),
        samples.accepted.model_copy(update={**about, "code": one.code, "accepted_at": one.at + timedelta(minutes=30)}),
    ]


def decided(samples: Samples, one: Dossier, case: UUID) -> list[Fact]:
    """Give what the department says of it."""
    about, at = {"case_id": case, "dossier_id": one.id}, one.at
    return [
        samples.opened.model_copy(update={**about, "code": one.code, "opened_at": at + timedelta(minutes=30)}),
        samples.claimed.model_copy(update={**about, "claimed_at": at + timedelta(hours=2)}),
        samples.decided.model_copy(update={**about, "decided_at": at + timedelta(hours=5)}),
        samples.completed.model_copy(update={**about, "completed_at": at + timedelta(hours=5)}),
        samples.issued.model_copy(update={**about, "result_number": one.code, "issued_at": at + timedelta(hours=5)}),
    ]


def samples_of(motcua: Department) -> Samples:
    """Take the golden facts, and make them speak of the procedure and the one-step workflow that is in force here."""

    def of(type_: type[Any], **changes: Any) -> Any:
        return type_.model_validate(golden(type_.TYPE)["data"] | changes)

    entry = load_catalogue(CATALOGUE).procedures[PROCEDURE]
    about = {"procedure": PROCEDURE, "field": entry.content["field"]}
    start = dossier(0).at
    due = deadline(start, Limit.model_validate(entry.content["limit"]), "complete", load_calendar(), rule_pack_on(day_of(start)))
    limit = {"deadline": Deadline.model_validate(due)}
    workflow = load_workflows(motcua.workflows, ORGANISATION)[PROCEDURE]
    of_version = about | {"procedure_hash": entry.content_hash}
    step = {"step": "B1", "officer": DIRECTOR}
    place = {"step": "B1", "unit": "ban-giam-doc", "role": "giam-doc"}
    return Samples(
        submitted=of(DossierSubmitted, **of_version),
        accepted=of(DossierAccepted, **of_version, **limit),
        ready=of(DossierResultReady),
        opened=of(CaseOpened, **about, **place, **limit, workflow_hash=workflow.content_hash),
        claimed=of(CaseStepClaimed, **step),
        decided=of(CaseDecided, officer=DIRECTOR),
        completed=of(CaseStepCompleted, **step, next_step=None, next_unit=None, next_role=None),
        issued=of(CaseResultIssued, officer=DIRECTOR),
    )
