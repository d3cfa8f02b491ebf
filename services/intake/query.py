"""Step 8 of 8, query: the register of dossiers, page by page, and the settlement of fees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.position import freshness, wait_for
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog.sql import read_queries
from services.intake.projections import REGISTER
from services.intake.settings import IntakeSettings

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class Register:
    """Answers from the read tables."""

    runtime: Runtime[IntakeSettings]

    async def dossiers(
        self, request: Request, principal: Principal, state: str | None, agency: str | None, after: str | None, page: Page
    ) -> Response:
        """Give a page of the dossiers that the caller may see.

        Raises:
            Problem: 503, if the read table is not as far as `after` within the bound.
        """
        await wait_for(self.runtime.log, REGISTER.name, after)
        at, id_ = (datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        asked = (principal.scope, state, agency, at, id_, page.fetch)
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["dossiers"], *asked)
        more = await freshness(self.runtime.log, REGISTER.name)
        return self.runtime.pages.answer(request, page, rows, key=key, item=dict, more=more)

    async def settlement(self, principal: Principal, first: date, end: date, after: str | None) -> dict[str, Any]:
        """Count the money of the days from `first` until, not including, `end`, of the agencies that the caller may see.

        Raises:
            Problem: 503, if the read table is not as far as `after` within the bound.
        """
        await wait_for(self.runtime.log, REGISTER.name, after)
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["settlement"], principal.scope, first, end)
        totals = {kind: {"count": 0, "amount_vnd": 0} for kind in ("paid", "waived", "refunded")}
        for row in rows:
            totals[row["kind"]]["count"] += row["count"]
            totals[row["kind"]]["amount_vnd"] += row["amount_vnd"]
        return {"totals": totals, "lines": [dict(row) for row in rows], **await freshness(self.runtime.log, REGISTER.name)}

    async def originals(self, principal: Principal, after: str | None, limit: int) -> dict[str, Any]:
        """List the originals that are not back with their owners, of the agencies that the caller may see.

        Raises:
            Problem: 503, if the read table is not as far as `after` within the bound.
        """
        await wait_for(self.runtime.log, REGISTER.name, after)
        rows = await fetch_for(principal, self.runtime.log.pool, QUERY["originals"], principal.scope, limit)
        return {"items": [dict(row) for row in rows], **await freshness(self.runtime.log, REGISTER.name)}


def key(row: asyncpg.Record) -> tuple[Any, ...]:
    """Give the sort key of a row, for the cursor."""
    return (row["submitted_at"].isoformat(), str(row["dossier_id"]))
