"""Step 8 of 8, query: the ledger of cut time: what procedures promise beside what the law allows, by version, and added up by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

import orjson

from contracts.vocabulary import FieldCode, ProcedureCode
from kernel.edge.identity import Principal
from kernel.edge.wall import fetch_for
from kernel.eventlog.sql import Pool
from services.reporting.domain.simplification import Offer, Sums, counted, offer_in, summed
from services.reporting.query_reform import QUERY

Line = dict[str, Any]
SHOWN: Final = ("code", "agency", "name", "field", "field_name", "decision", "signed_on", "published_on")


async def ledger(pool: Pool, principal: Principal, scope: Sequence[str] | None, on: date | None, field: FieldCode | None) -> Line:
    """Give what each procedure promised at the close of a day (None: now), and what that adds up to, by field and in all."""
    rows = await fetch_for(principal, pool, QUERY["in_force"], scope, on, field)
    by_field: dict[str, list[list[Offer]]] = defaultdict(list)
    names: dict[str, str] = {}
    items: list[Line] = []
    for row in rows:
        offers = offers_in(row)
        by_field[row["field"]].append(offers)
        names[row["field"]] = row["field_name"]
        items.append(view(row, offers))
    return {
        "items": items,
        "fields": [{"field": code, "field_name": names[code], **sums(summed(found))} for code, found in sorted(by_field.items())],
        "total": sums(summed(offers for found in by_field.values() for offers in found)),
    }


async def versions(pool: Pool, principal: Principal, code: ProcedureCode) -> list[Line]:
    """Give all versions of a procedure, the newest first, with the decision that each came by."""
    return [view(row, offers_in(row)) for row in await fetch_for(principal, pool, QUERY["versions"], principal.scope, code)]


def offers_in(row: Any) -> list[Offer]:
    """Read what a version offers."""
    return [offer_in(said) for said in orjson.loads(row["offers"])]


def view(row: Any, offers: list[Offer]) -> Line:
    """Show a version: what it counts by, and all that it offers. `position` is that of the fact, in intake's log."""
    counts = counted(offers)
    return {
        **{name: row[name] for name in SHOWN},
        "legal_basis": orjson.loads(row["legal_basis"]),
        "counts_by": None if counts is None else shown(counts),
        "offers": [shown(offer) for offer in offers],
        "position": f"intake/{row['version_pos']}",
    }


def shown(offer: Offer) -> Line:
    """Show an offer with its cut."""
    return {**asdict(offer), "cut": offer.cut, "percent": offer.percent}


def sums(found: Sums) -> Line:
    """Show sums, by the unit of the limits; procedures without a limit are counted beside them."""
    by_unit = [{"unit": unit, **asdict(one), "percent": one.percent} for unit, one in sorted(found.by_unit.items())]
    return {"by_unit": by_unit, "unlimited": found.unlimited}
