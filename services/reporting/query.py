"""Step 8 of 8, query: counters and satisfaction of a period, with the position that they are good for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

from kernel.edge.service import Runtime
from kernel.eventlog import positions
from kernel.eventlog.sql import read_queries
from services.reporting.projections import MIRROR
from services.reporting.settings import ReportingSettings

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))
DEFINITION_HASH: Final = hashlib.sha256("\n".join(QUERY.values()).encode()).hexdigest()
COUNTERS: Final = (
    "received",
    "received_online",
    "received_direct",
    "carried_over",
    "resolved",
    "resolved_early",
    "resolved_on_time",
    "resolved_late",
    "in_progress",
    "in_progress_in_time",
    "in_progress_late",
)


def share(part: int, whole: int) -> float | None:
    """Give a percentage with two decimals, half up; None where there is nothing to share."""
    return float((Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)) if whole else None


@dataclass(frozen=True, slots=True)
class Mirror:
    """Answers from the read tables."""

    runtime: Runtime[ReportingSettings]

    async def figures(self, first: date, last: date, scope: list[str] | None) -> list[dict[str, Any]]:
        """Give the lines of a period, by month of acceptance, agency and field."""
        return [dict(row) for row in await self.runtime.log.pool.fetch(QUERY["figures"], first, last, scope)]

    async def summary(self, first: date, last: date) -> dict[str, Any]:
        """Add the lines up, and say how people were satisfied; a share of nothing is null, never 0 or 100."""
        lines = await self.figures(first, last, None)
        total = {name: sum(line[name] for line in lines) for name in COUNTERS}
        other = dict(await self.runtime.log.pool.fetchrow(QUERY["others"], first, last) or {})
        return {
            **total,
            "late": total["resolved_late"],
            "on_time_rate": share(total["resolved"] - total["resolved_late"], total["resolved"]),
            "refused": other["refused"],
            "withdrawn": other["withdrawn"],
            "satisfaction": share(other["satisfied"], other["ratings"]),
            "ratings": other["ratings"],
            "response_rate": share(other["ratings"], other["invitations"]),
            **await self.freshness(),
        }

    async def freshness(self) -> dict[str, Any]:
        """Say what the answer is good for. The lag is that to one's own log; how far the others are only they can say."""
        stands, head = await positions(self.runtime.log.pool, MIRROR.name), await self.runtime.log.head()
        own = self.runtime.name
        return {"positions": stands, "lag": {own: head - stands.get(own, 0)}, "definition_hash": DEFINITION_HASH}
