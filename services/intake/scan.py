"""Beside step 2: a worker has each file judged that was attached, and records what the scanner says."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from contracts.vocabulary import FileId
from kernel.edge.problem import Problem
from kernel.eventlog import Meta, Target, carry_out
from kernel.vault import Erased
from services.intake.domain import commands, dossier
from services.intake.domain.states import Absent, file_of
from services.intake.file_store import Damaged
from services.intake.handle_files import QUERY, Filing
from services.intake.scanner import Judgement, Scanner, ScannerAway

SCANNER: Final = "system:intake"
ROUND_MAX: Final = 100
DAMAGED: Final = Judgement("unreadable", "store", "damaged")

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scanning:
    """Has files judged, the oldest first; two workers that judge the same one record it once."""

    filing: Filing
    scanner: Scanner

    async def round(self, missing: set[UUID]) -> None:
        """Have everything judged that waits, but for what was found `missing` from the store; what is now is added there."""
        log = self.filing.runtime.log
        while rows := await log.pool.fetch(QUERY["unjudged"], ROUND_MAX, list(missing)):
            for row in rows:
                if not await self._judge(row):
                    missing.add(row["id"])

    async def keep_scanning(self) -> None:
        """Look every so often; while the scanner is away, files wait."""
        settings, missing = self.filing.runtime.settings, set[UUID]()
        look_again_at = time.monotonic()
        while True:
            if time.monotonic() >= look_again_at:
                missing.clear()
                look_again_at = time.monotonic() + settings.files_look_seconds
            if self.filing.store is not None:
                try:
                    await self.round(missing)
                except (ScannerAway, Problem) as error:
                    LOGGER.warning("attached files wait for their verdict: %s", error)
            await asyncio.sleep(settings.scan_look_seconds)

    async def _judge(self, row: asyncpg.Record) -> bool:
        log, file = self.filing.runtime.log, FileId(row["id"])
        state = dossier.DECIDER.state_of(await log.load(row["dossier_id"]))
        attached = file_of(state, file)
        if isinstance(state, Absent) or attached is None:
            LOGGER.error("no fact names the file %s", file)
            return False
        try:
            said = await self.scanner.judge(await self.filing.content(attached, SCANNER))
        except Damaged:
            said = DAMAGED
        except FileNotFoundError:
            # Perhaps the settings name another store: a verdict would be for ever.
            LOGGER.error("the file %s is not in the store", file)  # noqa: TRY400 - that is all there is to say
            return False
        except Erased:
            await log.pool.execute(QUERY["judged"], file)
            return True
        at = datetime.now(UTC)
        judge = commands.Judge(file_id=file, verdict=said.verdict, scanner=said.scanner, finding=said.finding, at=at)
        target = Target(row["dossier_id"], dossier.DECIDER, judge)
        await carry_out(log, target, Meta(f"scan:{file}", SCANNER, at), agency=state.dossier.agency)
        await log.pool.execute(QUERY["judged"], file)
        return True
