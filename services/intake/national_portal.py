"""Beside step 5: the national portal is told of each dossier in order, and compared with day by day.

A call has the shape that one-stop software in use has (login, then `{session, madonvi, service, isUpdating, data}`). A dossier's
next fact goes out only after the one before was acknowledged. Nothing personal is kept here: what the portal is to hold is folded out of
the facts, and out of the vault, each time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import httpx2
import orjson

from contracts.intake import DossierAccepted, DossierRefused, DossierWithdrawn
from kernel.edge.jobs import NOT_MADE_YET
from kernel.eventlog import Recorded, positions
from kernel.eventlog.sql import QUERY as LOG_QUERY
from kernel.legalclock import day_of
from kernel.vault import Erased
from services.intake.domain.national import Record, number_of, record_of
from services.intake.domain.public_view import PUBLIC
from services.intake.named import Names
from services.intake.national_shape import Shape, day_code, digest, digest_of_day, dossier, named_of, progress, rating
from services.intake.outgoing import AHEAD_MAX, QUERY, Delivery, Outgoing, Tried
from services.intake.projections.outward import OUTWARD

NATIONAL: Final = "national"
RATINGS: Final = "national-ratings"
COMPARER: Final = "national-comparison"
PAUSES_SECONDS: Final = (1.0, 5.0, 30.0, 60.0, 300.0)
REFUSED_TRIES_MAX: Final = 5
"""A dossier that the portal refuses so often is parked; what it does not answer at all is tried for ever."""
TIMEOUT_SECONDS: Final = 10.0
SUCCESS: Final = frozenset({"0", "00"})
SESSION_OVER: Final = "401"
EXISTS, ABSENT = "đã tồn tại", "không tồn tại"
LINES_MAX: Final = 10
"""Lines of progress in one call."""
CHANGED_HERE: Final = "system:intake"
PURPOSE: Final = "national-portal"
NUMBERING: Final = (DossierAccepted, DossierRefused, DossierWithdrawn)
"""Facts that give a dossier a number at the portal; those before them wait for it."""
EVERYTHING: Final = 2**62


class Away(Exception):  # noqa: N818 - says what happened
    """The portal did not answer, or not as it should: nobody knows whether it did what it was asked for."""


class Declined(Exception):  # noqa: N818 - says what happened
    """The portal answered that it will not."""

    def __init__(self, code: str, message: str) -> None:
        """Keep its code and message."""
        super().__init__(f"{code}: {message}")
        self.message = message.lower()


@dataclass
class Caller:
    """Speaks to the portal: signs in when it must, and again when its session is over."""

    url: str
    username: str
    password: str
    unit: str
    timeout_seconds: float = TIMEOUT_SECONDS
    _session: str | None = field(default=None, init=False)
    _client: httpx2.AsyncClient | None = field(default=None, init=False)

    async def call(self, service: str, data: Sequence[Shape], *, updating: bool = False) -> Any:
        """Call a service and give its `result`.

        Raises:
            Away: if there is no answer that can be understood.
            Declined: if the answer is no.
        """
        for again in (True, False):
            if self._session is None:
                self._session = (await self._post({"username": self.username, "password": self.password}, "login")).get("session")
            body = {"session": self._session, "madonvi": self.unit, "service": service, "isUpdating": str(updating), "data": list(data)}
            answer = await self._post(body, "service")
            code = str(answer.get("error_code", ""))
            if code in SUCCESS:
                return answer.get("result")
            self._session = None if code == SESSION_OVER else self._session
            if not (again and code == SESSION_OVER):
                raise Declined(code, str(answer.get("message", "")))
        raise Away("the session is over at once")

    async def _post(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        self._client = self._client or httpx2.AsyncClient(timeout=self.timeout_seconds, follow_redirects=False)
        try:
            answer = await self._client.post(f"{self.url}/{path}", json=body)
            if answer.is_success:
                return understood(answer.content)
        except httpx2.HTTPError as error:
            raise Away(type(error).__name__) from error
        message = f"answered {answer.status_code}"
        raise Away(message)


def understood(content: bytes) -> dict[str, Any]:
    """Read an answer.

    Raises:
        Away: if it is no JSON object.
    """
    try:
        answer = orjson.loads(content)
    except ValueError as error:
        raise Away(type(error).__name__) from error
    if not isinstance(answer, dict):
        raise Away("no object")
    return cast("dict[str, Any]", answer)


@dataclass(frozen=True, slots=True)
class Item:
    """A place in one of the logs, about a dossier."""

    source: str
    pos: int
    stream: UUID
    cause: str | None
    numbers: bool


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
        """Write down what is new of both logs, nothing before its cause."""
        places = {source: await self.outgoing.place(self.name, source) for source in ("intake", "processing")}
        while await self._fill(places):
            pass

    async def _fill(self, places: dict[str, int]) -> bool:
        """Write down what may go now; a fact whose cause in the other log is not written yet waits for it."""
        before, ready = dict(places), list[Item]()
        applied = await positions(self.outgoing.runtime.log.pool, OUTWARD.name)
        own, others = await self._own(places["intake"]), await self._others(places["processing"])
        # Facts of the department up to here are among `others`, or are none that the portal is told of.
        known = others[-1].pos if len(others) == AHEAD_MAX else applied.get("processing", 0)
        moved = True
        while moved:
            moved = False
            while others and (cause := _cause(others[0], "intake")) <= places["intake"]:
                ready.append(others[0])
                places["processing"], moved = others.pop(0).pos, True
            while own and (cause := _cause(own[0][1], "processing")) <= known and not (others and others[0].pos <= cause):
                places["intake"], item = own.pop(0)
                moved = True
                if item is not None:
                    ready.append(item)
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

    async def _own(self, pos: int) -> list[tuple[int, Item | None]]:
        log = self.outgoing.runtime.log
        rows = await log.pool.fetch(LOG_QUERY["read"], pos, AHEAD_MAX)
        events = [log.codec.decode(log.source, row["pos"], row["body"]) for row in rows]
        return [(event.pos, _item(event)) for event in events]

    async def _others(self, pos: int) -> list[Item]:
        try:
            rows = await self.outgoing.runtime.log.pool.fetch(QUERY["others"], "processing", pos, AHEAD_MAX)
        except NOT_MADE_YET:
            return []
        return [Item("processing", row["pos"], row["stream"], row["cause"], numbers=False) for row in rows]

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
        shape = await self.shape(now, number)
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

    async def shape(self, record: Record, number: str) -> Shape:
        """Give a dossier as the portal takes it, with what the vault holds of the applicant; that it was read is recorded."""
        runtime, submitted = self.outgoing.runtime, record.submitted
        try:
            personal = await runtime.vault.read(runtime.log.pool, submitted.personal_ref, CHANGED_HERE, PURPOSE)
        except Erased:
            personal = {}
        content = await self.names.content(submitted.procedure, submitted.procedure_hash)
        return dossier(record, number, named_of(content), personal)


def _item(event: Recorded) -> Item | None:
    wanted = isinstance(event.fact, PUBLIC)
    return Item(event.source, event.pos, event.stream, event.cause, isinstance(event.fact, NUMBERING)) if wanted else None


def _cause(item: Item | None, source: str) -> int:
    """Give the position in a log of what led to a fact; 0 where that is in another."""
    of, _, pos = (item.cause if item is not None and item.cause is not None else "").partition("/")
    return int(pos) if of == source else 0


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


@dataclass
class Comparer:
    """Compares what the portal holds with what it was told, day by day, and mends what differs and nothing else."""

    national: National
    every_seconds: float
    days: int
    pauses: Sequence[float] = ()
    name: str = COMPARER
    patient: bool = True

    async def fill(self) -> None:
        """Carry out the comparisons that were asked for, and the day's own."""
        pool, since = self.national.outgoing.runtime.log.pool, day_of(datetime.now(UTC)) - timedelta(days=self.days)
        await pool.execute(QUERY["ask_daily"], since, CHANGED_HERE, self.every_seconds)
        while (asked := await pool.fetchrow(QUERY["open_comparison"])) is not None:
            try:
                results = [await self.compare(row["day"]) for row in await pool.fetch(QUERY["days"], asked["since"])]
            except (Away, Declined):
                return  # the portal is away: asked for still
            await pool.execute(QUERY["close_comparison"], asked["id"], orjson.dumps({"days": results}).decode())

    async def deliver(self, delivery: Delivery) -> Tried:
        """Nothing is listed for it."""
        raise NotImplementedError(delivery.id)

    async def gone(self) -> None:
        """Do nothing."""

    async def compare(self, day: date) -> dict[str, Any]:
        """Compare one day, by its hash first, then dossier by dossier; mend what differs.

        Raises:
            Away, Declined: if the portal cannot be asked.
        """
        pool, national = self.national.outgoing.runtime.log.pool, self.national
        unsure = {row["stream"] for row in await pool.fetch(QUERY["uncertain"], national.name)}
        rows = await pool.fetch(QUERY["records_of"], day)
        ours, shapes = dict[str, str](), dict[str, UUID]()
        for row in rows:
            if row["dossier"] not in unsure:
                shape, lines = await self._told(row["dossier"], row["code"])
                ours[row["code"]], shapes[row["code"]] = digest(shape, lines), row["dossier"]
        result: dict[str, Any] = {"day": day.isoformat(), "dossiers": len(ours), "mended": [], "not_ours": []}
        asked = [{"Ngay": day_code(day)}]
        if len(ours) == len(rows) and (await national.caller.call("DoiSoatNgay", asked))["MaBam"] == digest_of_day(ours):
            return result
        theirs = {one["MaHoSo"]: one["MaBam"] for one in await national.caller.call("DoiSoatDanhSach", asked)}
        for number in [number for number, hash_ in ours.items() if theirs.get(number) != hash_]:
            if await self._mend(shapes[number], number):
                result["mended"].append(number)
        result["not_ours"] = sorted(theirs.keys() - {row["code"] for row in rows})
        return result

    async def _told(self, stream: UUID, number: str) -> tuple[Shape, list[Shape]]:
        """Give what the portal was told of a dossier and acknowledged."""
        record = record_of([fact for _, fact in await self.national.facts(stream, None)])
        if record is None:
            return {}, []
        return await self.national.shape(record, number), [progress(line, number) for line in record.progress]

    async def _mend(self, stream: UUID, number: str) -> bool:
        """Put right what the portal holds of one dossier; lines that are there stay. Give whether anything was sent."""
        async with self.national.turns[stream]:
            shape, lines = await self._told(stream, number)
            found = await self.national.looked_up(number)
            held = found["TienDo"] if found else []
            missing = [line for line in lines if line not in held]
            if found is None or found["HoSo"] != shape:
                await self.national.put(shape, updating=found is not None)
            await self.national.add(missing)
            return bool(missing) or found is None or found["HoSo"] != shape
