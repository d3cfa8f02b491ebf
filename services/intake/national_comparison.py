"""Beside step 5: what the national portal holds is compared, day by day, with what it was told, and what differs is mended alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from kernel.legalclock import day_of
from services.intake.domain.national import record_of
from services.intake.national_caller import Away, Declined
from services.intake.national_portal import CHANGED_HERE, EVERYTHING, National, is_erased
from services.intake.national_shape import Shape, day_code, digest, digest_of_day, progress
from services.intake.outgoing import QUERY, Delivery, Tried

COMPARER: Final = "national-comparison"


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
        known = await self.national.facts(stream, None)
        if (record := record_of([fact for _, fact in known])) is None:
            return {}, []
        # Forgotten is forgotten from when it is listed: an earlier fact that went after it has told the portal no name any more.
        forgotten = is_erased(await self.national.facts(stream, EVERYTHING))
        shape = await self.national.shape(record, number, forgotten=forgotten)
        return shape, [progress(line, number) for line in record.progress]

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
