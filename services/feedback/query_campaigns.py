"""Step 8 of 8, query: surveys on paper: how many slips went out, came back and are valid, down to the events that say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from contracts.feedback_campaigns import Sampling
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog.sql import read_queries
from services.feedback.domain import campaign
from services.feedback.domain.sampling import places
from services.feedback.settings import FeedbackSettings

QUERY: Final = read_queries(Path(__file__).with_name("campaigns.sql"))
COUNTS: Final = ("issued", "returned", "valid", "invalid")


@dataclass(frozen=True, slots=True)
class CampaignRegister:
    """Answers from the read tables."""

    runtime: Runtime[FeedbackSettings]

    async def campaigns(self, principal: Principal, page: Page) -> list[dict[str, Any]]:
        """List a page of campaigns, newest first."""
        key = (datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["campaigns"], principal.scope, None, *key, page.fetch)
        return [view(row) for row in rows]

    async def campaign(self, id: UUID, principal: Principal) -> dict[str, Any]:
        """Give one campaign, which places of the list its slips go to, and the events behind each count.

        Raises:
            Refused: "no-such-campaign", also for one of another agency.
        """
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["campaigns"], principal.scope, id, None, None, 1)
        if not rows:
            raise campaign.refused("no-such-campaign")
        (row,) = rows
        found = view(row)
        drawn = places(Sampling.model_validate(found["sampling"]), row["slips"])
        return found | {"places": list(drawn), "figures": await self.figures(principal, None, None, id)}

    async def figures(self, principal: Principal, from_on: date | None, to_on: date | None, id: UUID | None = None) -> list[dict[str, Any]]:
        """Count what became of slips that were handed out; each figure names the events that it counts."""
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["slip_figures"], principal.scope, from_on, to_on, id)
        return [{"name": row["name"], "count": len(row["events"]), "events": row["events"]} for row in rows]


def view(row: asyncpg.Record) -> dict[str, Any]:
    """Make the view of a row."""
    return {
        "id": row["campaign_id"],
        **{name: row[name] for name in ("agency", "decision", "survey", "from_on", "opened_at", "closed_at", "slips")},
        "sampling": {name: row[name] for name in Sampling.model_fields},
        **{name: row[name] for name in COUNTS},
        "response_rate": percent(row["returned"], row["issued"]),
        "valid_rate": percent(row["valid"], row["returned"]),
    }


def percent(part: int, whole: int) -> float | None:
    """Give a share in percent with two decimals, rounded half up; None of nothing."""
    return (20_000 * part + whole) // (2 * whole) / 100 if whole else None
