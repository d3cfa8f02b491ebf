"""Step 2 of 8, handle: what meetings with enterprises need to be put down: ids, and sealed minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from contracts.feedback_engagement import EngagementHeld, SupportGroupFormed
from contracts.vocabulary import SupportGroupId
from kernel.edge.idempotency import Command
from kernel.edge.service import Runtime
from kernel.eventlog import Outcome, Target, carry_out
from kernel.vault import ENTRY
from services.feedback.domain import engagement
from services.feedback.settings import FeedbackSettings


@dataclass(frozen=True, slots=True)
class Engagements:
    """Carries out the commands of those who meet enterprises; what there is belongs to the department whose service this is."""

    runtime: Runtime[FeedbackSettings]

    async def hold(self, particulars: dict[str, Any], minutes: str | None, command: Command) -> Outcome[engagement.State]:
        """Put a meeting down; what was said there goes into the vault.

        Raises:
            Refused: an `engagement.Refusal`.
            Problem: 403, for an officer of another agency, as every command here.
        """
        id = uuid5(command.id, "engagement")
        sealed = self.runtime.vault.seal(id, {"minutes": minutes}) if minutes else None
        held = EngagementHeld.model_validate(
            {
                **particulars,
                "engagement_id": id,
                "agency": self._agency(command),
                "minutes_ref": sealed.ref if sealed else None,
                "commitment": sealed.commitment if sealed else None,
                "recorded_by": command.principal.sub,
                "recorded_at": command.meta.time,
            }
        )
        beside = command.beside_with({ENTRY: [sealed.row]} if sealed else {})
        group = None if held.group_id is None else engagement.GROUP_DECIDER.state_of(await self.runtime.log.load(held.group_id))
        return await self._carry_out(Target(id, engagement.DECIDER, engagement.Hold(held, group)), command, beside)

    async def strike(self, id: UUID, reason: engagement.StrikeReason, command: Command) -> Outcome[engagement.State]:
        """Let a meeting count no more.

        Raises:
            Refused: an `engagement.Refusal`.
        """
        self._agency(command)
        strike = engagement.Strike(reason=reason, officer=command.principal.sub, at=command.meta.time)
        return await self._carry_out(Target(id, engagement.DECIDER, strike), command, command.beside)

    async def form(self, id: UUID | None, particulars: dict[str, Any], command: Command) -> Outcome[engagement.GroupState]:
        """Form a group, or change one.

        Raises:
            Refused: an `engagement.Refusal`.
        """
        group = id or uuid5(command.id, "support-group")
        said = {**particulars, "group_id": group, "agency": self._agency(command), "formed_at": command.meta.time}
        form = engagement.Form(SupportGroupFormed.model_validate(said), changes=id is not None)
        return await self._carry_out(Target(group, engagement.GROUP_DECIDER, form), command, command.beside)

    async def dissolve(self, id: UUID, decision: str, from_on: date, command: Command) -> Outcome[engagement.GroupState]:
        """Let there be no such group any more.

        Raises:
            Refused: an `engagement.Refusal`.
        """
        agency = self._agency(command)
        dissolve = engagement.Dissolve(group_id=SupportGroupId(id), agency=agency, decision=decision, from_on=from_on, at=command.meta.time)
        return await self._carry_out(Target(id, engagement.GROUP_DECIDER, dissolve), command, command.beside)

    def _agency(self, command: Command) -> str:
        command.principal.require(self.runtime.settings.agency)
        return self.runtime.settings.agency

    async def _carry_out(self, target: Target[Any, Any], command: Command, beside: Callable[[Outcome[Any]], Any]) -> Outcome[Any]:
        agency = self.runtime.settings.agency
        return await carry_out(self.runtime.log, target, command.meta, agency=agency, expected=command.expected, beside=beside)
