"""Step 2 of 8, handle: a person is forgotten. The fact decides, vault and files follow, and a crash in between is made good."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, get_args
from uuid import UUID

from contracts.intake_erasure import DossierPersonalDataErased, ErasureGround
from kernel.edge.idempotency import Command
from kernel.edge.jobs import keep_looking
from kernel.edge.problem import Problem
from kernel.eventlog import Meta, Refused, Target, carry_out, state_before
from kernel.eventlog.sql import read_queries
from kernel.legalclock import day_of
from services.intake.domain import commands, dossier, states
from services.intake.domain.retention import Ending, Rule, rule_on
from services.intake.handle import Door, DossierOutcome
from services.intake.handle_drafts import Drafts
from services.intake.handle_files import QUERY as UPLOADS
from services.intake.handle_files import Filing

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))
UNFINISHED_MAX: Final = 500
OVER_MAX: Final = 500
"""Of each ending, at one look."""
FINISHER: Final = "system:intake"

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Erases what vault and store keep of a dossier, once the rules of retention let it."""

    door: Door
    filing: Filing
    drafts: Drafts
    rules: tuple[Rule, ...]
    are_compared: bool
    """Whether somebody has compared the rules with the law; nobody is forgotten by them unasked before."""

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

    async def erase_what_is_over(self, at: datetime) -> int:
        """Forget whoever the law lets go at an instant, without being asked; give of how many dossiers."""
        pool = self.door.runtime.log.pool
        erased = 0
        for ending in get_args(Ending):
            if (rule := rule_on(self.rules, ending, day_of(at))) is not None:
                rows = await pool.fetch(QUERY["retention_over"], ending, at, rule.keep_months, OVER_MAX)
                erased += sum([await self._erase_over(row["dossier_id"], at) for row in rows])
        return erased

    async def _erase_over(self, stream: UUID, at: datetime) -> bool:
        """Erase one, if its term is over by the day; what is left where the store is away `finish` takes away."""
        runtime = self.door.runtime
        wanted = commands.Erase(ground="retention-over", rules=self.rules, at=at, by=FINISHER)
        found = await state_before(runtime.log, stream, dossier.DECIDER)
        if isinstance(found, states.Absent):
            return False
        try:
            meta = Meta(f"retention:{stream}", FINISHER, at)
            await carry_out(runtime.log, Target(stream, dossier.DECIDER, wanted), meta, agency=found.dossier.agency)
            await self._forget(stream, FINISHER, wanted.ground)
        except Refused:  # it ends this very day
            return False
        except Problem as problem:
            LOGGER.warning("files of a forgotten person are in the store yet: %s", problem)
        return True

    async def keep_to_retention(self) -> None:
        """Look every so often whose term is over; never ends. By lengths that nobody has compared with the law nothing is erased."""
        if not self.are_compared:
            LOGGER.warning("the terms of retention are not compared with the law (confidence is not H): nothing is erased unless asked for")
            await asyncio.Event().wait()
        await keep_looking(self.erase_what_is_over, self.door.runtime.settings.retention_look_seconds)

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
