"""Step 2 of 8, handle: what time itself leads to: tasks, actions, directives and publicity that are overdue. The worker asks for it.

An alarm has the instant at which its day was over and a name made of it, so whoever looks, and however late, records the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kernel.edge.service import Runtime
from kernel.eventlog import Decider, Meta, Target, carry_out
from services.reporting.domain import directive, finding, finding_commands, publicity, reform_plan, reform_plan_commands
from services.reporting.domain.due import over_at
from services.reporting.query_reform import over
from services.reporting.settings import ReportingSettings

RINGS: Final[dict[str, tuple[Decider[Any, Any], type[Any]]]] = {
    "plan": (reform_plan.DECIDER, reform_plan_commands.Ring),
    "finding": (finding.DECIDER, finding_commands.Ring),
    "directive": (directive.DECIDER, directive.Ring),
    "publicity": (publicity.DECIDER, publicity.Ring),
}


@dataclass(frozen=True, slots=True)
class Overdue:
    """Looks whether a day is over by which something was due."""

    runtime: Runtime[ReportingSettings]

    async def ring(self, now: datetime) -> int:
        """Say all that is overdue by an instant and was not said; count it."""
        log, said = self.runtime.log, 0
        for kind, id, agency, due_on in await over(log.pool, now):
            decider, ring = RINGS[kind]
            at = over_at(due_on)
            meta = Meta(f"overdue:{id}:{due_on.isoformat()}", f"system:{log.source}", at)
            said += len((await carry_out(log, Target(id, decider, ring(at)), meta, agency=agency)).facts)
        return said
