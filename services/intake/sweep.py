"""Beside step 2: a worker removes what uploads leave: what nobody went on with, and what a crash left between store and fact."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.vocabulary import FileId
from kernel.edge.problem import Problem
from services.intake.domain import dossier
from services.intake.domain.states import file_of
from services.intake.file_store import PARTS
from services.intake.handle_files import QUERY, Filing

SWEEP_MAX: Final = 500

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sweeping:
    """Removes what is left. Nothing that a fact names is ever removed here."""

    filing: Filing

    async def sweep(self) -> int:
        """Remove uploads that were abandoned or given up, and parts that belong to none; give how many uploads that were."""
        pool, seconds = self.filing.runtime.log.pool, self.filing.runtime.settings.upload_hours * 3600
        swept = 0
        for row in await pool.fetch(QUERY["abandoned"], seconds, SWEEP_MAX):
            swept += await self._sweep(row["id"], row["dossier_id"], seconds, is_gone=row["state"] == "gone")
        await self._sweep_parts(datetime.now(UTC) - timedelta(seconds=seconds))
        return swept

    async def keep_sweeping(self) -> None:
        """Look every so often."""
        while True:
            if self.filing.store is not None:
                try:
                    await self.sweep()
                except Problem as problem:
                    LOGGER.warning("what uploads left is not swept: %s", problem)
            await asyncio.sleep(self.filing.runtime.settings.files_look_seconds)

    async def _sweep(self, file: UUID, stream: UUID, seconds: float, *, is_gone: bool) -> bool:
        store = self.filing.opened()
        if is_gone:
            await self.filing.clear(store, file)
            return True
        state = dossier.DECIDER.state_of(await self.filing.runtime.log.load(stream))
        if file_of(state, FileId(file)) is None:
            return await self.filing.give_up(store, file, seconds)
        # The fact is there: whoever attached it died before it could say so here.
        await self.filing.runtime.log.pool.execute(QUERY["keep"], file)
        return False

    async def _sweep_parts(self, before: datetime) -> None:
        """Remove old parts of files that are not under way: of attached ones, and of requests that came second and died."""
        store = self.filing.opened()
        old = [(address, of) async for address, at in store.addresses(f"{PARTS}/") if at < before and (of := file_in(address))]
        rows = await self.filing.runtime.log.pool.fetch(QUERY["under_way"], list({file for _, file in old}))
        under_way = {row["id"] for row in rows}
        await store.remove(*(address for address, file in old if file not in under_way))


def file_in(address: str) -> UUID | None:
    """Read the file's id in the address of a part; None for what we have not put there."""
    try:
        return UUID(address.split("/")[1])
    except (IndexError, ValueError):
        return None
