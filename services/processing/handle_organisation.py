"""Step 2 of 8, handle: the department itself: what it is on a day, as far as was known, and the commands that change it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from contracts.vocabulary import AgencyCode
from kernel.edge.idempotency import Command
from kernel.edge.service import Runtime
from kernel.eventlog import Decider, Meta, Outcome, Target, carry_out
from services.processing.domain import agreements, controlled_documents, organisation
from services.processing.domain.organisation_states import Organisation
from services.processing.organisation import load_documents, load_organisation
from services.processing.settings import ProcessingSettings

KNOWN_SECONDS: Final = 1.0
"""So long what another process says of the department may go unnoticed here; what this process says is known at once."""

Wanted = TypeVar("Wanted")
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Establishment:
    """Tells and changes what the department is; its registers are three streams, small enough to be folded whole."""

    runtime: Runtime[ProcessingSettings]
    _known: dict[UUID, tuple[float, int, Any]] = field(default_factory=dict[UUID, "tuple[float, int, Any]"], init=False)

    @property
    def agency(self) -> AgencyCode:
        """Whose department it is."""
        return self.runtime.settings.agency

    async def organisation(self, known_at: datetime | None = None) -> tuple[int, Organisation]:
        """Give units, roles, posts and leaves, with the version of their stream: as now known, or as known at an instant."""
        return await self._read(organisation.stream_of(self.agency), organisation.DECIDER, known_at)

    async def agreements(self, known_at: datetime | None = None) -> tuple[int, agreements.State]:
        """Give the coordination agreements, in the same way."""
        return await self._read(agreements.stream_of(self.agency), agreements.DECIDER, known_at)

    async def documents(self, known_at: datetime | None = None) -> tuple[int, controlled_documents.State]:
        """Give the controlled documents, in the same way."""
        return await self._read(controlled_documents.stream_of(self.agency), controlled_documents.DECIDER, known_at)

    async def change(self, wanted: organisation.Command, command: Command) -> Outcome[Organisation]:
        """Change the organisation.

        Raises:
            Refused: an `organisation.Reason`.
            Problem: 403, if the department is another agency's, as every command here.
        """
        return await self._carry_out(organisation.stream_of(self.agency), organisation.DECIDER, wanted, command)

    async def agree(self, wanted: agreements.Command, command: Command) -> Outcome[agreements.State]:
        """Conclude or end an agreement.

        Raises:
            Refused: an `agreements.Reason`.
        """
        return await self._carry_out(agreements.stream_of(self.agency), agreements.DECIDER, wanted, command)

    async def control(self, wanted: controlled_documents.Command, command: Command) -> Outcome[controlled_documents.State]:
        """Issue or withdraw a controlled document.

        Raises:
            Refused: a `controlled_documents.Reason`.
        """
        return await self._carry_out(controlled_documents.stream_of(self.agency), controlled_documents.DECIDER, wanted, command)

    async def publish_seed(self, at: datetime) -> None:
        """Write down the department, its agreements and its documents as the files have them, where nothing was written yet."""
        settings, agency = self.runtime.settings, self.agency
        seed = load_organisation(settings.organisation)
        await asyncio.gather(
            self._publish(Target(organisation.stream_of(agency), organisation.DECIDER, seed.founding(agency, at)), at),
            self._publish(Target(agreements.stream_of(agency), agreements.DECIDER, seed.agreements(agency, at)), at),
            self._publish(
                Target(
                    controlled_documents.stream_of(agency), controlled_documents.DECIDER, load_documents(settings.documents, agency, at)
                ),
                at,
            ),
        )

    async def _publish(self, target: Target[Any, Any], at: datetime) -> None:
        # The command has the same name whenever it comes: of two processes that start at once, one writes it, and for both it is written.
        meta = Meta(f"{target.stream}:seed", f"system:{self.runtime.name}", at)
        await carry_out(self.runtime.log, target, meta, agency=self.agency)

    async def _read(self, stream: UUID, decider: Decider[Any, State], known_at: datetime | None) -> tuple[int, State]:
        now = asyncio.get_running_loop().time()
        if known_at is None and (kept := self._known.get(stream)) is not None and now - kept[0] < KNOWN_SECONDS:
            return kept[1], kept[2]
        history = await self.runtime.log.load(stream)
        facts = [event.fact for event in history.events if known_at is None or event.time <= known_at]
        state = decider.fold(facts)
        if known_at is None:
            self._known[stream] = (now, history.version, state)
        return len(facts), state

    async def _carry_out(self, stream: UUID, decider: Decider[Wanted, State], wanted: Wanted, command: Command) -> Outcome[State]:
        command.principal.require(self.agency)
        try:
            return await carry_out(
                self.runtime.log,
                Target(stream, decider, wanted),
                command.meta,
                agency=self.agency,
                expected=command.expected,
                beside=command.beside,
            )
        finally:
            self._known.pop(stream, None)
