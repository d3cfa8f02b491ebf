"""Beside step 8: how many cases are late or nearly so, as metrics for whoever watches over the services.

Figures of now for an alert, not for a report: those come from reporting, with the facts behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Gauge

from kernel.legalclock import load_calendar
from services.processing.query import QUERY, Register

OVERDUE: Final = Gauge("cases_overdue", "Running cases past their legal limit.", ["agency"])
DUE_SOON: Final = Gauge("cases_due_soon", "Running cases whose legal limit runs out within due_soon_hours of working time.", ["agency"])


@dataclass(frozen=True, slots=True)
class Pressure:
    """Counts the cases of each agency."""

    register: Register

    async def look(self, now: datetime) -> int:
        """Show how many cases are late at an instant, and how many nearly; give both together. Paused ones are neither."""
        runtime, calendar = self.register.runtime, load_calendar().as_known_at(now)
        soon = calendar.after_time_worked(calendar.time_worked(now) + timedelta(hours=runtime.settings.due_soon_hours))
        rows = await runtime.log.pool.fetch(QUERY["pressure"], now, soon)
        OVERDUE.clear()  # an agency without a running case has no row, and keeps no figure
        DUE_SOON.clear()
        for row in rows:
            OVERDUE.labels(row["agency"]).set(row["overdue"])
            DUE_SOON.labels(row["agency"]).set(row["due_soon"])
        return sum(row["overdue"] + row["due_soon"] for row in rows)
