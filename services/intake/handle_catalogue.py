"""Step 2 of 8, handle: what is new in the catalogue is published in one commit: every version of a decision, or none."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.intake import CatalogueRevised, ProcedurePublished, VersionInForce
from contracts.vocabulary import ProcedureCode
from kernel.eventlog import Conflict, Contended, Log, Meta, Slice
from services.intake.catalogue import Catalogue, Decision, stream_of, stream_of_decisions
from services.intake.domain import procedure

TRIES_MAX: Final = 8


async def publish(log: Log, catalogue: Catalogue, at: datetime) -> None:
    """Publish every procedure whose version is new; the second time there is nothing to publish.

    A version that comes back after another is published again, as an event of its own. A decision brings new versions once: what
    changes on file afterwards comes without its name.

    Raises:
        Contended: if other processes kept being first.
        Busy: if the database is away.
    """
    for _ in range(TRIES_MAX):
        slices = await _new(log, catalogue, at)
        if not slices:
            return
        with contextlib.suppress(Conflict):
            await log.append(slices, Meta(_name(slices, at), "system:intake", at))
            return
    raise Contended


async def versions(log: Log, code: ProcedureCode) -> list[ProcedurePublished]:
    """Give every version of a procedure that was published, the oldest first."""
    facts = [event.fact for event in (await log.load(stream_of(code))).events]
    return [fact for fact in facts if isinstance(fact, ProcedurePublished)]


async def _new(log: Log, catalogue: Catalogue, at: datetime) -> list[Slice]:
    """Give the versions that are new, and behind them the decision that they came by."""
    decision = await _unused(log, catalogue)
    entries = list(catalogue.procedures.values())
    histories = await asyncio.gather(*(log.load(stream_of(entry.code)) for entry in entries))
    slices, revised = list[Slice](), list[VersionInForce]()
    for entry, history in zip(entries, histories, strict=True):
        before = procedure.DECIDER.state_of(history)
        facts = procedure.DECIDER.decide(entry.published(at, decision.number if decision else None), before)
        if facts:
            slices.append(Slice(history, catalogue.agency, facts))
            revised.append(VersionInForce(code=entry.code, content_hash=entry.content_hash, before=before))
    if decision and revised:
        fact = CatalogueRevised(
            agency=catalogue.agency, decision=decision.number, signed_on=decision.signed_on, versions=tuple(revised), revised_at=at
        )
        slices.append(Slice(await log.load(stream_of_decisions(catalogue.agency)), catalogue.agency, [fact]))
    return slices


async def _unused(log: Log, catalogue: Catalogue) -> Decision | None:
    """Give the decision on file, unless it has brought its versions already."""
    if catalogue.decision is None:
        return None
    facts = [event.fact for event in (await log.load(stream_of_decisions(catalogue.agency))).events]
    used = any(isinstance(fact, CatalogueRevised) and fact.decision == catalogue.decision.number for fact in facts)
    return None if used else catalogue.decision


def _name(slices: Sequence[Slice], at: datetime) -> str:
    """Name the command by all that it does: events of another set of versions are other events."""
    said = [f"{slice_.history.stream}:{slice_.history.version}" for slice_ in slices]
    return f"catalogue:{hashlib.sha256(','.join(said).encode()).hexdigest()[:32]}:{at.isoformat()}"
