"""Step 8 of 8, query: figures, registers and satisfaction of a period, each with the positions that it is good for.

An answer and its positions are read in one snapshot, so the same positions and the same question give the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

from contracts.vocabulary import AgencyCode, FieldCode
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_within
from kernel.eventlog import positions
from kernel.eventlog.sql import QUERY as LOG_QUERY
from kernel.eventlog.sql import Connection, read_queries
from services.reporting.domain import satisfaction
from services.reporting.domain.figures import FORM
from services.reporting.domain.period import Period
from services.reporting.domain.pooling import DOSSIERS_MIN
from services.reporting.domain.satisfaction import Voices
from services.reporting.domain.shares import share
from services.reporting.heads import Heads
from services.reporting.projections import MIRROR, SAID_ONCE
from services.reporting.query_books import BOOKS, COUNTS_IN, LINE, Cut, Wanted
from services.reporting.query_voices import Months, heard
from services.reporting.settings import ReportingSettings
from services.reporting.trace import Trace

FOLDER: Final = Path(__file__).parent
QUERY: Final = read_queries(FOLDER / "queries.sql")
BACK: Final = read_queries(FOLDER / "looking_back.sql")
BACK["judged_then"] = BACK["judged_then"].format(
    judgement=SAID_ONCE["judgement"].format(
        dossiers="(SELECT masked.*)", clock="(SELECT * FROM read.clock AS told WHERE told.intake_pos <= p.intake)"
    )
)
AT_ONCE: Final = {"then": "WITH", "since": ""}
WHOLE_MONTHS: Final = {"months_from": "(date_trunc('month', $1::date - 1) + interval '1 month')::date"}
DAYS_ALONE: Final = {"months_from": "$2::date + 1"}
"""From when on whole months are taken at once; from behind the last day on there are none."""
NOW: Final = QUERY["within"].format(**AT_ONCE, **WHOLE_MONTHS)
LOOKING_BACK: Final = {"then": BACK["then"].format(happened=SAID_ONCE["happened"], **BACK), "since": BACK["since"]}
THEN: Final = QUERY["within"].format(**LOOKING_BACK, **WHOLE_MONTHS)
LATER: Final = BACK["later"].format(columns=COUNTS_IN, **BACK)
FORM_COLUMNS: Final = {name: QUERY[name] for name in ("columns", "added", "form")}
JUDGED_BY: Final = ("intake", "processing")
"""Whose facts the figures of dossiers follow from: those of which a past position can be asked about."""
DEFINITION_FILES: Final = (
    "domain/dwell.py",
    "domain/figures.py",
    "domain/formula.py",
    "domain/groups.py",
    "domain/indicators.py",
    "domain/measure_names.py",
    "domain/measures.py",
    "domain/period.py",
    "domain/petitions.py",
    "domain/pooling.py",
    "domain/rooms.py",
    "domain/satisfaction_ratio.py",
    "domain/satisfaction.py",
    "domain/scoring.py",
    "domain/shares.py",
    "domain/step_dwell.py",
    "projections/clock.py",
    "projections/dossier_register.py",
    "projections/judgement.sql",
    "projections/measured.py",
    "projections/measured.sql",
    "projections/petitions.py",
    "projections/voices.py",
    "projections/kept.sql",
    "projections/tables.sql",
    "grammar.sql",
    "looking_back.sql",
    "measures.sql",
    "petitions.sql",
    "pulse.sql",
    "queries.sql",
    "query_grammar.py",
    "voices.sql",
)
"""Everything that says what a figure is."""

DEFINITION_HASH: Final = hashlib.sha256(b"\0".join((FOLDER / file).read_bytes() for file in DEFINITION_FILES)).hexdigest()
COUNTERS: Final = tuple(FORM)
NO_DAY: Final = date.min
NOTHING: Final = Period(NO_DAY, NO_DAY)
"""The period of a mirror that knows nothing yet."""

Scope: TypeAlias = list[str] | None
Line: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A period as it was asked for; None = as far as anything is known."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The mirror at one moment: everything that is read through it belongs together."""

    connection: Connection
    freshness: Line
    months_heard: Months = field(default_factory=Months)
    then: tuple[int, int] | None = None
    """The positions of intake and processing as of which figures of dossiers are asked; None = as far as the mirror is."""

    def at(self, positions: Mapping[str, int]) -> Reading:
        """Look at figures as they were known at positions that are applied; of a source that is not named, as they are known now."""
        live, lag = self.freshness["positions"], self.freshness["lag"]
        known = {source: positions.get(source, live[source]) for source in JUDGED_BY}
        lacks = {source: None if lag[source] is None else lag[source] + live[source] - pos for source, pos in known.items()}
        return replace(self, freshness={**self.freshness, "positions": known, "lag": lacks}, then=(known["intake"], known["processing"]))

    async def period(self, asked: Asked, *, whole_months: bool = False) -> Period:
        """Give the period that is meant: where no day was said, the first or the last that the mirror knows of.

        With `whole_months` it is widened to those, as far as anything is known: what lies ahead has not happened.
        """
        known = await self.known() or NOTHING
        period = Period(asked.first or min(known.first, asked.last or known.last), asked.last or max(known.last, asked.first or NO_DAY))
        if not whole_months:
            return period
        months = period.whole_months()
        return Period(months.first, max(period.last, min(months.last, known.last)))

    async def known(self) -> Period | None:
        """Give the period from the first day that the mirror knows of to the last; None while it knows nothing."""
        first, last = await self._row("known")
        return None if last is None else Period(first or last, last)

    async def figures(self, period: Period, scope: Scope, cut: Sequence[Cut] = LINE) -> list[Line]:
        """Give the columns of form II.06a by the columns of a cut: unless told otherwise by month of acceptance, agency and field."""
        return await self.within(QUERY["figures"].format(cut=", ".join(cut), told=chosen(cut), **FORM_COLUMNS), period, scope)

    async def months(self, period: Period, scope: Scope) -> list[Line]:
        """Give what was resolved, in time and late, by the month in which it was."""
        return await self.within(QUERY["months"], period, scope)

    async def register(self, wanted: Wanted, period: Period, scope: Scope, page: Page) -> list[Line]:
        """Give a page of a book, as it stood at the close of the period."""
        day, code = (date.fromisoformat(page.after[0]), page.after[1]) if page.after else (None, None)
        sorted_by, rows = BOOKS[wanted.book]
        line, values = wanted.on_line(10)
        query = QUERY["register"].format(day=sorted_by, book=rows, line=line)
        asked = (period.first, period.last, scope, wanted.state, wanted.field, wanted.late, day, code, page.fetch, *values)
        return await self._fetch_for(scope, query, *asked)

    async def agency_of(self, dossier_id: UUID) -> AgencyCode | None:
        """Give whose dossier it is; None where the mirror does not know it."""
        return await self.connection.fetchval(QUERY["agency_of"], dossier_id)

    async def traced(self, dossier_id: UUID, page: Page) -> list[Line]:
        """Give a page of the facts that the figures know a dossier by."""
        source, pos = page.after or (None, None)
        return [dict(row) for row in await self.connection.fetch(BACK["traced"], dossier_id, source, pos, page.fetch)]

    async def later(self, period: Period, agency: AgencyCode) -> AsyncIterator[Any]:
        """Give the columns that each dossier counted in at the positions of `then`, and after each fact since that may matter."""
        async for row in self.connection.cursor(LATER, period.first, period.last, [agency], *(self.then or ())):
            yield row

    async def beside(self, period: Period) -> Line:
        """Count what is in no column of the form: refusals at the desk, withdrawals."""
        return (await self.within(QUERY["beside"], period, None))[0]

    async def summary(self, period: Period, *, exact: bool, whole: Mapping[str, int] | None = None) -> Line:
        """Add everything up, for all agencies. Unless `exact`, nothing that too few dossiers stand behind is told.

        `whole` are the counts of dossiers, if they are known already.
        """
        counts: dict[str, int | None] = {**(whole or {**totals(await self.figures(period, None)), **await self.beside(period)})}
        months = period.whole_months()
        line = satisfaction.total(await self.voices(months))
        answers, withheld = satisfaction.view(line), satisfaction.left_out(line)
        if not exact and 0 < (counts["received"] or 0) + (counts["refused"] or 0) < DOSSIERS_MIN:
            counts, withheld = dict.fromkeys(counts), ["dossiers", *withheld]
        return {
            "period": told(period),
            **counts,
            **shares_of(counts),
            **{name: answers[name] for name in ("satisfaction", "ratings", "response_rate", "invitations")},
            "satisfaction_period": told(months),
            "withheld": withheld,
        }

    async def voices(self, months: Period, as_of: int | None = None, *, named: bool = False) -> Voices:
        """Give what was answered in whole months, of all agencies, in the groups that it is counted in."""
        return await heard(self.connection, months, as_of, named=named, before=self.months_heard)

    async def opinions(self, period: Period, scope: Scope) -> list[Line]:
        """Count opinions by channel and topic, answered and open."""
        return await self._fetch_for(scope, QUERY["opinions"], period.first, period.last, scope)

    async def reports(self, scope: Scope, page: Page) -> list[Line]:
        """Give a page of published reports, newest first."""
        at, report_id = (datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else (None, None)
        return await self._fetch_for(scope, QUERY["reports"], scope, at, report_id, page.fetch)

    async def low_scores(self, scope: Scope) -> list[Line]:
        """Give the scores that fell and have not recovered."""
        return await self._fetch_for(scope, QUERY["low_scores"], scope)

    async def field_names(self) -> dict[str, str]:
        """Give what fields are called in Vietnamese."""
        return {row["field"]: row["field_name"] for row in await self._all("fields")}

    async def agency_name(self) -> str | None:
        """Give the name of the agency, if the catalogue is one agency's."""
        names = await self._all("agencies")
        return names[0]["agency_name"] if len(names) == 1 else None

    async def name_of_agency(self, agency: AgencyCode) -> str | None:
        """Give what an agency is called; None if the catalogue has no procedure of its own."""
        return await self.connection.fetchval(QUERY["name_of_agency"], agency)

    async def is_field(self, field: FieldCode) -> bool:
        """Tell whether the catalogue, or a dossier, has such a field."""
        return (await self._row("is_field", field))[0]

    async def within(self, query: str, period: Period, scope: Scope) -> list[Line]:
        """Ask something of what was counted within a period: a statement that goes on where `within` of queries.sql ends."""
        begin, positions = (NOW, ()) if self.then is None else (THEN, self.then)
        return await self._fetch_for(scope, f"{begin}\n{query}", period.first, period.last, scope, *positions)

    async def _fetch_for(self, scope: Scope, query: str, *arguments: Any) -> list[Line]:
        return [dict(row) for row in await fetch_within(self.connection, scope, query, *arguments)]

    async def _all(self, query: str, *arguments: Any) -> list[Line]:
        return [dict(row) for row in await self.connection.fetch(QUERY[query], *arguments)]

    async def _row(self, query: str, *arguments: Any) -> Any:
        return await self.connection.fetchrow(QUERY[query], *arguments)


@dataclass(frozen=True, slots=True)
class Mirror:
    """Answers from the read tables."""

    runtime: Runtime[ReportingSettings]
    heads: Heads
    trace: Trace
    months_heard: Months = field(default_factory=Months)

    @asynccontextmanager
    async def reading(self, then: Mapping[str, int] | None = None) -> AsyncGenerator[Reading]:
        """Read in one snapshot, which knows how far it is; figures of dossiers as of the positions `then`.

        The heads of the others' logs are asked first: what came since is no older than `FRESH_SECONDS`.
        """
        heads = await self.heads.now()
        async with (
            self.runtime.log.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            reading = Reading(connection, await self._freshness(connection, heads), self.months_heard)
            yield reading if then is None else reading.at(then)

    async def recorded_by(self, instant: datetime) -> dict[str, int]:
        """Give the positions up to which the mirror knows what was recorded by an instant.

        Raises:
            Away: if the broker, who has the facts, cannot be asked.
        """
        live = await positions(self.runtime.log.pool, MIRROR.name)
        return await self.trace.last_recorded({source: live.get(source, 0) for source in JUDGED_BY}, instant)

    async def figures(self, asked: Asked, scope: Scope, cut: Sequence[Cut] = LINE, then: Mapping[str, int] | None = None) -> Line:
        """Give the columns of form II.06a, line by line."""
        async with self.reading(then) as reading:
            period = await reading.period(asked)
            return {"items": await reading.figures(period, scope, cut), "period": told(period), **reading.freshness}

    async def summary(self, asked: Asked, *, exact: bool) -> Line:
        """Add everything up, for all agencies; `exact` = by the day, else as everybody may see it."""
        async with self.reading() as reading:
            return await reading.summary(await reading.period(asked, whole_months=not exact), exact=exact) | reading.freshness

    async def _freshness(self, connection: Connection, heads: dict[str, int | None]) -> Line:
        """Say what an answer is good for.

        `positions`: the last fact of each source that it counts. `lag`: how many facts that source has recorded (our own) or
        published (the others) and the answer lacks; null where that cannot be told. `parked`: facts that could not be applied.
        """
        rows = await connection.fetch(LOG_QUERY["live_positions"], MIRROR.name)
        positions: dict[str, int] = {row["source"]: row["pos"] for row in rows}
        ends = heads | {self.runtime.name: await connection.fetchval(LOG_QUERY["head"])}
        return {
            "positions": positions,
            "lag": {source: None if (end := ends.get(source)) is None else max(0, end - pos) for source, pos in positions.items()},
            "parked": await connection.fetchval(QUERY["parked"], MIRROR.name),
            "definition_hash": DEFINITION_HASH,
        }


def chosen(cut: Sequence[Cut]) -> str:
    """Give the columns of a cut as they are shown."""
    return ", ".join("to_char(month, 'YYYY-MM') AS month" if one == "month" else one for one in cut)


def totals(lines: Sequence[Line]) -> dict[str, int]:
    """Add the form's columns up."""
    return {name: sum(line[name] for line in lines) for name in COUNTERS}


def shares_of(counts: Mapping[str, int | None]) -> dict[str, float | int | None]:
    """Give what is made from the form's columns: a share of nothing, or of what is withheld, is None, never 0 or 100 %."""
    resolved, late = counts["resolved"] or 0, counts["resolved_late"] or 0
    return {"late": counts["resolved_late"], "on_time_rate": share(resolved - late, resolved)}


def told(period: Period) -> dict[str, date | None]:
    """Say which period an answer is about; nulls while the mirror knows nothing."""
    return {"from": None, "to": None} if period.last.year == NO_DAY.year else {"from": period.first, "to": period.last}
