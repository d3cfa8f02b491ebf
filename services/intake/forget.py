"""Step 2 of 8, handle: a person is forgotten. The fact decides, the vault follows, and a crash in between is made good."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from contracts.intake_erasure import ErasureGround
from kernel.edge.idempotency import Command
from kernel.eventlog.sql import read_queries
from services.intake.domain import commands
from services.intake.domain.retention import Rule
from services.intake.handle import Door, DossierOutcome

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))
UNFINISHED_MAX: Final = 500
FINISHER: Final = "system:intake"


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Erases what the vault keeps of a dossier, once the rules of retention let it."""

    door: Door
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
        await self.door.runtime.vault.erase(self.door.runtime.log.pool, stream, by)
        return outcome

    async def finish(self) -> int:
        """Erase what a crash left in the vault after the fact; give of how many dossiers."""
        runtime = self.door.runtime
        left = await runtime.log.pool.fetch(QUERY["left_in_vault"], UNFINISHED_MAX)
        for row in left:
            await runtime.vault.erase(runtime.log.pool, row["stream"], FINISHER)
        return len(left)

    async def keep_finishing(self) -> None:
        """Look every so often; at first the read table may not be there yet."""
        while True:
            await asyncio.sleep(self.door.runtime.settings.erasure_look_seconds)
            await self.finish()
