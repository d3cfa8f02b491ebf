"""Step 7 of 8, projections: which reports were published, from our own log."""

from __future__ import annotations

from typing import Final

from contracts.reporting import ReportPublished
from contracts.vocabulary import ReportId
from kernel.eventlog import Columns, Projection, Recorded


def key(event: Recorded) -> ReportId:
    """Give the row's key."""
    return event.fact.report_id


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case ReportPublished() as fact:
            return {
                "agency": fact.agency,
                "period_from": fact.period_from,
                "period_to": fact.period_to,
                "definition_hash": fact.definition_hash,
                "published_at": fact.published_at,
            }
        case _:
            return {}


REPORT: Final = Projection(table="report", key_column="report_id", key=key, columns=columns, facts=(ReportPublished,))
