"""Step 2 of 8, handle: what time itself leads to: limits of petitions that ring. The worker asks for it.

An alarm has the instant that the limit gives and a name made of it, so whoever looks, and however late, records the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts.feedback_petitions import PetitionAlarmRaised
from kernel.eventlog import Meta, Target, carry_out
from services.feedback.domain import petition
from services.feedback.domain.petition_commands import Ring
from services.feedback.query_petitions import PetitionRegister


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks whether something is due."""

    register: PetitionRegister

    async def ring(self, now: datetime) -> int:
        """Raise every alarm that is due by an instant; count them."""
        runtime, raised = self.register.runtime, 0
        for id, first in await self.register.alarms_due(now):
            at: datetime | None = first
            while at is not None and at <= now:
                meta = Meta(f"alarm:{id}:{at.isoformat()}", f"system:{runtime.name}", at)
                target = Target(id, petition.DECIDER, Ring(at=at))
                outcome = await carry_out(runtime.log, target, meta, agency=runtime.settings.agency)
                said = [fact for fact in outcome.facts if isinstance(fact, PetitionAlarmRaised)]
                at = said[-1].next_at if said else None
                raised += len(said)
        return raised
