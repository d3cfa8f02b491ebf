"""Beside step 5: the national portal is told of each dossier, fact after fact, and of the answers to surveys.

A dossier's next fact goes out only after the one before was acknowledged. Nothing personal is kept here: what the portal is to hold is
folded out of the facts, and out of the vault, each time. Who is forgotten is forgotten there too: the dossier is told once more, with empty
texts in place of the particulars.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from contracts.intake import DossierAccepted, DossierRefused, DossierWithdrawn
from contracts.intake_erasure import DossierPersonalDataErased
from kernel.edge.jobs import NOT_MADE_YET
from kernel.eventlog import Recorded, answered, positions
from kernel.eventlog.sql import QUERY as LOG_QUERY
from kernel.legalclock import day_of
from kernel.vault import Erased
from services.intake.consume import REACTOR
from services.intake.domain.national import Record, number_of, record_of
from services.intake.domain.public_view import PUBLIC
from services.intake.named import Names
from services.intake.national_caller import ABSENT, EXISTS, Away, Caller, Declined
from services.intake.national_order import OTHER, OWN, SOURCES, Item, Merge
from services.intake.national_shape import Shape, dossier, named_of, progress, rating
from services.intake.outgoing import AHEAD_MAX, QUERY, Delivery, Outgoing, Tried
from services.intake.projections.outward import OUTWARD

NATIONAL: Final = "national"
RATINGS: Final = "national-ratings"
PAUSES_SECONDS: Final = (1.0, 5.0, 30.0, 60.0, 300.0)
REFUSED_TRIES_MAX: Final = 5
"""A dossier that the portal refuses so often is parked; what it does not answer at all is tried for ever."""
LINES_MAX: Final = 10
"""Lines of progress in one call."""
CHANGED_HERE: Final = "system:intake"
PURPOSE: Final = "national-portal"
TOLD: Final = (*PUBLIC, DossierPersonalDataErased)
NUMBERING: Final = (DossierAccepted, DossierRefused, DossierWithdrawn)
"""Facts that give a dossier a number at the portal; those before them wait for it."""
EVERYTHING: Final = 2**62


@dataclass
class National:
    """The receiver: every fact of a dossier, one after another."""

    outgoing: Outgoing
    names: Names
    caller: Caller
    pauses: Sequence[float] = PAUSES_SECONDS
    name: str = NATIONAL
    patient: bool = True
    turns: defaultdict[UUID, asyncio.Lock] = field(default_factory=lambda: defaultdict[UUID, asyncio.Lock](asyncio.Lock))
    """Whoever tells the portal of a dossier, or mends it there, has its turn."""

    async def fill(self) -> None:
        """Write down what is new of both logs, in the order in which the portal is told."""
        places = {source: await self.outgoing.place(self.name, source) for source in SOURCES}
        while await self._fill(places):
            pass

    async def _fill(self, places: dict[str, int]) -> bool:
        """Write down what may go now; the rest waits for what is not here yet."""
        before = dict(places)
        ready = (await self._pages(places)).ready()
        if places == before:
            return False
        pool, streams = self.outgoing.runtime.log.pool, list({item.stream for item in ready})
        async with pool.acquire() as connection, connection.transaction():
            await self.outgoing.write(connection, self.name, ready, "held")
            numbered = {row["stream"] for row in await connection.fetch(QUERY["numbered"], self.name, streams)}
            numbered |= {item.stream for item in ready if item.numbers}
            await connection.execute(QUERY["release"], self.name, list(numbered))
            for source, pos in places.items():
                if pos != before[source]:
                    await self.outgoing.move(connection, self.name, source, before[source], pos)
        return True

    async def _pages(self, places: dict[str, int]) -> Merge:
        """Read a page of each log; how far each is known is asked first, so that what is known is on the page."""
        pool = self.outgoing.runtime.log.pool
        answers = await answered(pool, REACTOR.name, OTHER)
        applied = await positions(pool, OUTWARD.name)
        own, others = await self._own(places[OWN]), await self._others(places[OTHER])
        known = others[-1].pos if len(others) == AHEAD_MAX else applied.get(OTHER, 0)
        return Merge(own, others, known, answers, len(own) == AHEAD_MAX, places)

    async def _own(self, pos: int) -> list[tuple[int, Item | None]]:
        log = self.outgoing.runtime.log
        rows = await log.pool.fetch(LOG_QUERY["read"], pos, AHEAD_MAX)
        events = [log.codec.decode(log.source, row["pos"], row["body"]) for row in rows]
        return [(event.pos, _item(event)) for event in events]

    async def _others(self, pos: int) -> list[Item]:
        try:
            rows = await self.outgoing.runtime.log.pool.fetch(QUERY["others"], OTHER, pos, AHEAD_MAX)
        except NOT_MADE_YET:
            return []
        return [Item(OTHER, row["pos"], row["stream"], row["cause"], numbers=False) for row in rows]

    async def deliver(self, delivery: Delivery) -> Tried:
        """Tell one fact: the dossier as it is after it, and what was done."""
        async with self.turns[delivery.stream]:
            try:
                await self._tell(delivery)
            except Away as error:
                return Tried(arrived=False, error=str(error))
            except Declined as error:
                return Tried(arrived=False, error=str(error), final=delivery.attempts >= REFUSED_TRIES_MAX)
        return Tried(arrived=True)

    async def _tell(self, delivery: Delivery) -> None:
        pool, stream = self.outgoing.runtime.log.pool, delivery.stream
        known = await self.facts(stream, EVERYTHING)
        upto = [fact for id_, fact in known if id_ <= delivery.id]
        now, before, whole = record_of(upto), record_of(upto[:-1]), record_of([fact for _, fact in known])
        if now is None or whole is None or (number := number_of(whole)) is None:
            return
        shape = await self.shape(now, number, forgotten=is_erased(known))
        lines = [progress(line, number) for line in now.progress[len(before.progress) if before else 0 :]]
        if delivery.attempts and lines:
            # An earlier try may have arrived. A dossier told twice is the same dossier; a line told twice would be two.
            found = await self.looked_up(number)
            lines = [line for line in lines if found is None or line not in found["TienDo"]]
        await self.put(shape, updating=await pool.fetchval(QUERY["is_kept"], stream) is not None)
        await self.add(lines)
        await pool.execute(QUERY["keep_record"], stream, number, day_of(now.submitted.arrived_at))

    async def gone(self) -> None:
        """Do nothing: the portal is never given up."""

    async def put(self, shape: Shape, *, updating: bool) -> None:
        """Put a dossier there, whether or not it is there already."""
        try:
            await self.caller.call("DongBoHoSoMC", [shape], updating=updating)
        except Declined as error:
            if (EXISTS in error.message) == (ABSENT in error.message):
                raise
            await self.caller.call("DongBoHoSoMC", [shape], updating=EXISTS in error.message)

    async def add(self, lines: Sequence[Shape]) -> None:
        """Add lines of progress, some at a time."""
        for n in range(0, len(lines), LINES_MAX):
            await self.caller.call("CapNhatTienDoHoSoMC", lines[n : n + LINES_MAX])

    async def looked_up(self, number: str) -> dict[str, Any] | None:
        """Give what the portal holds of a dossier: `HoSo` and its lines `TienDo`, or None."""
        try:
            return await self.caller.call("TraCuuHoSo", [{"mahoso": number}])
        except Declined as error:
            if ABSENT in error.message:
                return None
            raise

    async def facts(self, stream: UUID, upto: int | None) -> list[tuple[int, Any]]:
        """Give what of a dossier was listed up to a delivery, in order, with the deliveries' ids (None: what has arrived)."""
        log = self.outgoing.runtime.log
        rows = await log.pool.fetch(QUERY["told"], self.name, stream, upto)
        own = await log.pool.fetch(QUERY["bodies"], [row["pos"] for row in rows if row["source"] == log.source])
        names = [f"{row['source']}/{row['pos']}" for row in rows if row["source"] != log.source]
        found = {f"{log.source}/{row['pos']}": log.codec.decode(log.source, row["pos"], row["body"]).fact for row in own}
        for row in await log.pool.fetch(QUERY["other_bodies"], names) if names else ():
            found[row["id"]] = log.codec.fact(row["type"], orjson.loads(row["body"]))
        return [(row["id"], found[f"{row['source']}/{row['pos']}"]) for row in rows]

    async def shape(self, record: Record, number: str, *, forgotten: bool) -> Shape:
        """Give a dossier as the portal takes it, with what the vault holds of the applicant; that it was read is recorded."""
        submitted = record.submitted
        personal = {} if forgotten else await self._personal(submitted.personal_ref)
        content = await self.names.content(submitted.procedure, submitted.procedure_hash)
        return dossier(record, number, named_of(content), personal)

    async def _personal(self, ref: UUID) -> Mapping[str, Any]:
        runtime = self.outgoing.runtime
        try:
            return await runtime.vault.read(runtime.log.pool, ref, CHANGED_HERE, PURPOSE)
        except Erased:
            return {}


def _item(event: Recorded) -> Item | None:
    wanted = isinstance(event.fact, TOLD)
    return Item(event.source, event.pos, event.stream, event.cause, isinstance(event.fact, NUMBERING)) if wanted else None


def is_erased(known: Sequence[tuple[int, Any]]) -> bool:
    """Tell whether the person was forgotten, by what is listed of a dossier. The vault may not be emptied yet."""
    return any(isinstance(fact, DossierPersonalDataErased) for _, fact in known)


@dataclass
class Ratings:
    """The receiver of answers to surveys, which name no dossier: each as it was recorded, among others that say the same of themselves."""

    outgoing: Outgoing
    caller: Caller
    pauses: Sequence[float] = PAUSES_SECONDS
    name: str = RATINGS
    patient: bool = True

    async def fill(self) -> None:
        """Write down the new ones."""
        pool = self.outgoing.runtime.log.pool
        while True:
            pos = await self.outgoing.place(self.name, "feedback")
            try:
                rows = await pool.fetch(QUERY["others"], "feedback", pos, AHEAD_MAX)
            except NOT_MADE_YET:
                return
            if not rows:
                return
            items = [Item("feedback", row["pos"], row["stream"], None, numbers=False) for row in rows]
            async with pool.acquire() as connection, connection.transaction():
                await self.outgoing.write(connection, self.name, items)
                await self.outgoing.move(connection, self.name, "feedback", pos, rows[-1]["pos"])

    async def deliver(self, delivery: Delivery) -> Tried:
        """Tell one answer; its own number makes the second time harmless."""
        log = self.outgoing.runtime.log
        (row,) = await log.pool.fetch(QUERY["other_bodies"], [f"{delivery.source}/{delivery.pos}"])
        answer: Any = log.codec.fact(row["type"], orjson.loads(row["body"]))
        try:
            await self.caller.call("DongBoDanhGia", [rating(answer)])
        except Away as error:
            return Tried(arrived=False, error=str(error))
        except Declined as error:
            done = EXISTS in error.message
            return Tried(arrived=done, error=str(error), final=not done and delivery.attempts >= REFUSED_TRIES_MAX)
        return Tried(arrived=True)

    async def gone(self) -> None:
        """Do nothing."""
