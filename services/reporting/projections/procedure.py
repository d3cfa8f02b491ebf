"""Step 7 of 8, projections: what procedures, fields and agencies are called, from the catalogue's own facts."""

from __future__ import annotations

from typing import Final

from contracts.intake import ProcedurePublished
from contracts.vocabulary import ProcedureCode
from kernel.eventlog import Columns, Projection, Recorded


def key(event: Recorded) -> ProcedureCode:
    """Give the row's key."""
    return event.fact.code


def columns(event: Recorded) -> Columns:
    """Give the columns that the event sets: the newest version's names."""
    match event.fact:
        case ProcedurePublished() as fact:
            return {
                "name": fact.name,
                "field": fact.field,
                "field_name": fact.field_name,
                "agency": fact.agency,
                "agency_name": fact.agency_name,
            }
        case _:
            return {}


PROCEDURE: Final = Projection(table="procedure", key_column="code", key=key, columns=columns, facts=(ProcedurePublished,))
