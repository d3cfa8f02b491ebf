"""Step 2 of 8, handle: a person is forgotten. The fact decides, vault and files follow, and a crash in between is made good."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from contracts.intake_erasure import DossierPersonalDataErased, ErasureGround
from kernel.edge.idempotency import Command
from kernel.edge.problem import Problem
from kernel.eventlog.sql import read_queries
from services.intake.domain import commands
from services.intake.domain.retention import Rule
from services.intake.handle import Door, DossierOutcome
from services.intake.handle_drafts import Drafts
from services.intake.handle_files import QUERY as UPLOADS
from services.intake.handle_files import Filing

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))
UNFINISHED_MAX: Final = 500
FINISHER: Final = "system:intake"

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Erases what vault and store keep of a dossier, once the rules of retention let it."""

    door: Door
    filing: Filing
    drafts: Drafts
    rules: tuple[Rule, ...]

    async def erase(self, stream: UUID, ground: ErasureGround, command: Command) -> DossierOutcome:
        """Record that the person is forgotten, then forget; the second time there is nothing left of either.

        Raises:
            Refused: "retention-runs", "retention-unknown"; "not-now" while the dossier is open.
        """
        by = command.principal.sub
        wanted = commands.Erase(ground=ground, rules=self.rules, at=command.meta.time, by=by)
        outcome = await self.door.change(stream, wanted, command)
        # From the fact on, nobody is given the particulars any more; what a crash leaves here `finish` takes away.
        await self._forget(stream, by, ground)
        return outcome

    async def finish(self) -> int:
        """Erase what a crash left in vault and store after the fact; give of how many dossiers."""
        pool = self.door.runtime.log.pool
        in_vault = await pool.fetch(QUERY["left_in_vault"], UNFINISHED_MAX)
        in_store = await pool.fetch(UPLOADS["left_in_store"], UNFINISHED_MAX)
        left = {row["stream"] for row in in_vault} | {row["dossier_id"] for row in in_store}
        for stream in left:
            try:
                await self._forget(stream, FINISHER, await self._ground(stream))
            except Problem as problem:  # the store is away: its keys are gone, and the others do not wait
                LOGGER.warning("files of a forgotten person are in the store yet: %s", problem)
        return len(left)

    async def _ground(self, stream: UUID) -> ErasureGround:
        """Give why a person was forgotten, as the fact says."""
        facts = [event.fact for event in (await self.door.runtime.log.load(stream)).events]
        return next(fact.ground for fact in facts if isinstance(fact, DossierPersonalDataErased))

    async def _forget(self, stream: UUID, by: str, ground: ErasureGround) -> None:
        """Erase what is kept. The vault goes before the store: without its keys nobody can read a file any more, wherever a copy may lie.

        What the person is found by goes first of all, while the vault still says that something is left to do. Who asks to be forgotten
        leaves no draft either; that the term of an old dossier is over takes nobody's new one away.
        """
        if ground == "on-demand":
            await self.drafts.forget_like(stream, by)
        await self.door.likeness.forget(stream)
        await self.door.runtime.vault.erase(self.door.runtime.log.pool, stream, by)
        await self.filing.erase(stream)

    async def keep_finishing(self) -> None:
        """Look every so often; at first the read table may not be there yet."""
        while True:
            await asyncio.sleep(self.door.runtime.settings.erasure_look_seconds)
            await self.finish()
