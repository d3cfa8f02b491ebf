"""Step 8 of 8, query: lists of cases, put together from the filters that somebody asked for, so that each has its index.

A statement with a filter that may be null (`$1 IS NULL OR unit = $1`) is planned once for everybody after some executions: for nobody
well. Here what is not asked for does not stand in the statement; the statements are few, and each is prepared by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.eventlog.sql import read_queries
from services.processing.domain.organisation_states import Inherited

SQL: Final = read_queries(Path(__file__).with_name("cases.sql"))
OPEN: Final = frozenset({"waiting", "claimed", "paused"})
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_COMMENT: Final = re.compile(r"^--.*\n", re.MULTILINE)
_STEP: Final = re.compile(r"\bstep\.")
_REGISTER: Final = "read.case_register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases; None = all. `overdue` is judged at `now`: an open case whose limit has run out, while no pause stops it.

    `inherited` are units that are no more and whose work `unit` does. `folded` is the register as it was at `now`, as JSON; None = as it
    is.
    """

    now: datetime
    dossier: UUID | None = None
    unit: str | None = None
    inherited: tuple[Inherited, ...] = ()
    role: str | None = None
    officer: str | None = None
    procedure: str | None = None
    state: str | None = None
    overdue: bool | None = None
    due_by: datetime | None = None
    folded: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a list, and the sort key that was looked up to where the search ended before they were enough."""

    rows: Sequence[asyncpg.Record]
    looked_to: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and what stands in its places."""

    text: str
    arguments: tuple[Any, ...]


def cases(principal: Principal, wanted: Wanted, page: Page) -> Statement:
    """Give the statement of a page of cases, the newest first."""
    filters = [*filters_of(principal, wanted), *desk(wanted), *(["by_place_older"] if page.after else [])]
    return statement("cases", filters, {**values_of(principal, wanted), **place(page)})


def worklist(principal: Principal, wanted: Wanted, page: Page) -> Statement:
    """Give the statement of a page of open cases, the oldest first."""
    filters = [*filters_of(principal, wanted), *desk(wanted), *(["by_place_newer"] if page.after else [])]
    return statement("worklist", filters, {**values_of(principal, wanted), **place(page)})


def load(principal: Principal, wanted: Wanted, soon: datetime) -> Statement:
    """Give the statement of how many steps of a unit are open, and with whom."""
    filters = [*filters_of(principal, wanted), *desk(wanted), *steps_of(wanted)]
    return statement("load", filters, {**values_of(principal, wanted), "soon": soon})


def there_were(principal: Principal, wanted: Wanted, last: tuple[Any, ...] | None, rows: int, *, oldest_first: bool) -> Statement:
    """Give the statement of cases that may have been what is wanted at `wanted.now`: those that have what no fact changes."""
    unchanging = replace(wanted, state=None, overdue=None, due_by=None)
    is_open = oldest_first or wanted.state in OPEN or bool(steps_of(wanted)) or wanted.overdue is True
    filters = [*filters_of(principal, unchanging), "by_then", *(["by_not_over_then"] if is_open else [])]
    if last:
        filters.append("by_place_newer" if oldest_first else "by_place_older")
    name = "there_were_oldest_first" if oldest_first else "there_were_newest_first"
    return statement(name, filters, {**values_of(principal, unchanging), **place_of(last), "steps": (), "rows": rows})


def filters_of(principal: Principal, wanted: Wanted) -> list[str]:
    """List the filters that are asked for, but for those of the desk, by name."""
    asked = {
        "by_scope": principal.scope is not None,
        "by_dossier": wanted.dossier is not None,
        "by_procedure": wanted.procedure is not None,
        "by_open_state": wanted.state in OPEN,
        "by_issued": wanted.state == "issued",
        "by_stopped": wanted.state == "stopped",
        "by_overdue": wanted.overdue is True,
        "by_in_time": wanted.overdue is False,
        "by_due_within": wanted.due_by is not None,
    }
    return [name for name, is_asked in asked.items() if is_asked]


def steps_of(wanted: Wanted) -> list[str]:
    """List what is asked of an open step, by name."""
    unit = [] if wanted.unit is None else ["in_units" if wanted.inherited else "in_unit"]
    return [*unit, *(["in_role"] if wanted.role is not None else []), *(["in_hands"] if wanted.officer is not None else [])]


def desk(wanted: Wanted) -> list[str]:
    """Ask for cases with an open step that is as it is asked for, be it the first or one beside it."""
    return ["by_desk"] if steps_of(wanted) else []


def values_of(principal: Principal, wanted: Wanted) -> dict[str, Any]:
    """Give what the filters compare with."""
    pairs = {rest: [f"{one.unit}/{p}" for one in wanted.inherited if one.rest is rest for p in one.named] for rest in (True, False)}
    return {
        "now": wanted.now,
        "scope": principal.scope,
        "dossier": wanted.dossier,
        "procedure": wanted.procedure,
        "state": wanted.state,
        "due_by": wanted.due_by,
        "unit": wanted.unit,
        "units": [wanted.unit, *(one.unit for one in wanted.inherited)],
        "but": pairs[True],
        "some_units": [one.unit for one in wanted.inherited if not one.rest],
        "only": pairs[False],
        "role": wanted.role,
        "officer": wanted.officer,
        "steps": steps_of(wanted),
        "folded": wanted.folded,
    }


def place(page: Page) -> dict[str, Any]:
    """Give the last row that was shown, and how many are wanted."""
    return {**place_of(page.after), "rows": page.fetch}


def place_of(last: tuple[Any, ...] | None) -> dict[str, Any]:
    """Give the sort key of the last row."""
    return {"opened_at": datetime.fromisoformat(last[0]), "case_id": UUID(last[1])} if last else {}


def statement(name: str, filters: Sequence[str], values: Mapping[str, Any]) -> Statement:
    """Put a statement together, and number its places in the order in which they come."""
    further = " AND ".join(SQL[one] for one in values.get("steps", ())) or "true"
    texts = [SQL[one] for one in filters]
    said = SQL[name] if values["folded"] is None else SQL[name].replace(_REGISTER, _without_comments(SQL["as_they_were"]))
    said = said.replace(":filters", "\n  AND ".join(texts) or "true")
    said = said.replace(":first", f"coalesce({_STEP.sub('found.', _without_comments(further))}, false)").replace(":further", further)
    arguments: dict[str, Any] = {}

    def numbered(found: re.Match[str]) -> str:
        arguments.setdefault(found[1], values[found[1]])
        return f"${list(arguments).index(found[1]) + 1}"

    return Statement(_PARAMETER.sub(numbered, _without_comments(said)), tuple(arguments.values()))


def _without_comments(text: str) -> str:
    return _COMMENT.sub("", text)


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """Give a row of the list; branches that run beside each other as the facts tell them."""
    return {**row, "beside": json.loads(row["beside"] or "[]")}


def sort_key(row: asyncpg.Record | Mapping[str, Any]) -> tuple[Any, ...]:
    """Give what lists of cases sort by."""
    return (row["opened_at"].isoformat(), str(row["case_id"]))
