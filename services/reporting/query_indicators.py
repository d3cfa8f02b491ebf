"""Step 8 of 8, query: sets of indicators with their values, and the check that both ways of computing them come to the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import nats
import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from kernel.eventlog import Codec, Doubt
from kernel.eventlog.tail import through
from kernel.legalclock import Calendar, load_calendar
from services.reporting.domain.formula import number, rounded
from services.reporting.domain.measure_names import MEASURES
from services.reporting.domain.measures import Days, Seen, measured
from services.reporting.domain.period import Period
from services.reporting.domain.scoring import Part, formula_of, view
from services.reporting.heads import CONNECTION, hushed
from services.reporting.packs import OnFile
from services.reporting.query import Line, Mirror, Reading, told
from services.reporting.query_formula import by_database
from services.reporting.query_measures import measures, overridden
from services.reporting.trace import Away

FOLDED: Final = ("intake", "processing", "feedback")
"""Whose facts measures are folded from."""
FACTS_MAX: Final = 200_000
"""Facts that are folded while somebody waits."""
CHECK_SECONDS: Final = 60.0


class TooMany(Exception):  # noqa: N818 - says what there is
    """More facts than are folded while somebody waits."""


def worked_days(calendar: Calendar) -> Days:
    """Count working days by a calendar; None where it does not know them all."""
    first, end = calendar.covers

    def days(since: date, until: date) -> int | None:
        if until <= since:
            return 0
        return calendar.working_days(since, until) if first <= since and until < end else None

    return days


async def shown(reading: Reading, one: OnFile, period: Period, scope: list[str] | None, agency: str | None) -> Line:
    """Give a set with its values. What a leader signed for stands in it where exactly his agency and his period are asked for."""
    said = {row["indicator"]: signed(row) for row in await overridden(reading, period, agency, one.pack.id)} if agency is not None else {}
    known = {id: line for id, line in said.items() if id in one.pack.indicators()}
    return {
        **head(one),
        **view(one.pack, await measures(reading, period, scope), known),
        "agency": agency,
        "period": told(period),
        **reading.freshness,
        "definition_hash": one.definition_hash,
    }


def head(one: OnFile) -> Line:
    """Say which version of which set it is."""
    pack = one.pack
    return {"id": pack.id, "version": pack.version, "title": pack.title, "source": pack.source, "definition_hash": one.definition_hash}


def signed(row: Mapping[str, Any]) -> Line:
    """Give what a leader said, and by what it is shown."""
    return {
        "override_id": row["override_id"],
        "value": row["value"],
        "computed_then": row["computed"],
        "reason": row["reason"],
        "decision": row["decision"],
        "evidence": orjson.loads(row["evidence"]),
        "by": row["overridden_by"],
        "at": row["overridden_at"],
        "position": f"reporting/{row['overridden_pos']}",
    }


async def computed(reading: Reading, part: Part, digits: int, period: Period, agency: str) -> str | None:
    """Give what an indicator comes to, as it would be told; None where it cannot be."""
    formula = formula_of(part)
    value = None if formula is None else number(formula, await measures(reading, period, [agency]))
    return None if value is None else str(rounded(value, digits))


@dataclass(frozen=True, slots=True)
class Check:
    """Computes a set once by SQL and once from the facts themselves, as the broker has them, at the positions of one snapshot."""

    mirror: Mirror
    nats_url: str | None
    codec: Codec
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One at a time in a process: to fold takes a processor for itself."""

    async def compare(self, one: OnFile, period: Period, scope: list[str] | None) -> Line:
        """Give both computations of each indicator and of each measure that differs.

        Raises:
            Away: if the broker cannot be asked, or not in time, or somebody else's check is not done.
            TooMany: if there are more than `FACTS_MAX` facts.
        """
        if self.turn.locked():
            raise Away
        formulas = {id: formula for id, part in one.pack.indicators().items() if (formula := formula_of(part)) is not None}
        async with self.mirror.reading() as reading:
            freshness = reading.freshness
            counts = await measures(reading, period, scope)
            values = await by_database(reading.connection, [(formula, one.pack.digits) for formula in formulas.values()], counts)
        positions = {source: freshness["positions"].get(source, 0) for source in FOLDED}
        if sum(positions.values()) > FACTS_MAX:
            raise TooMany
        async with self.turn:
            facts = await self._facts(positions)
            folded = await asyncio.to_thread(measured, facts, period, scope, worked_days(load_calendar()))
        by_sql = {id: None if value is None else str(value) for id, value in zip(formulas, values, strict=True)}
        by_fold = {
            id: None if (value := number(formula, folded)) is None else str(rounded(value, one.pack.digits))
            for id, formula in formulas.items()
        }
        differ = {name: {"sql": counts[name], "fold": folded[name]} for name in MEASURES if counts[name] != folded[name]}
        return {
            **head(one),
            "agree": by_sql == by_fold and not differ,
            "indicators": [{"id": id, "sql": by_sql[id], "fold": by_fold[id]} for id in formulas],
            "measures": len(counts),
            "differ": differ,
            "facts": len(facts),
            "period": told(period),
            **freshness,
            "definition_hash": one.definition_hash,
        }

    async def _facts(self, positions: Mapping[str, int]) -> list[Seen]:
        if self.nats_url is None:
            raise Away
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                client = await nats.connect(self.nats_url.split(","), name="check", error_cb=hushed, **CONNECTION)
                try:
                    return [seen for source, last in positions.items() if last for seen in await self._facts_of(client, source, last)]
                finally:
                    await client.close()
        except (NatsError, JetStreamError, OSError, TimeoutError, Doubt) as error:
            raise Away from error

    async def _facts_of(self, client: Client, source: str, last: int) -> list[Seen]:
        found: list[Seen] = []
        async for batch in through(client, source, 0, last):
            # Positions have no gaps, and a reader that would leave one is a doubt: where a fact stands follows from how many came before.
            bodies = [message.data for message in batch]
            found += await asyncio.to_thread(read, self.codec, source, len(found), bodies)
        return found


def read(codec: Codec, source: str, after: int, bodies: Sequence[bytes]) -> list[Seen]:
    """Read facts that follow each other behind a position; those of one commit have the ids `<command>/<n>`."""
    recorded = (codec.decode(source, pos, body) for pos, body in enumerate(bodies, after + 1))
    return [(event.pos, event.id.rpartition("/")[0], event.fact) for event in recorded]
