"""Step 8 of 8, query: cases by the page, permits by their number, and what a dossier's procedure leads to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from contracts.processing_permits import Holder
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, PrincipalId, ProcedureCode
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog import Busy
from kernel.eventlog.sql import read_queries
from services.processing import query_cases
from services.processing.query_cases import Found, Wanted
from services.processing.settings import ProcessingSettings

ALARMS_MAX: Final = 500
"""So many cases are looked at in one go; the others are still due the next time."""

MOVES_MAX: Final = 1000
"""So many cases are moved in one go; a second go takes the next ones."""

QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a dossier's procedure is called and leads to (None: nothing on paper), how long that is valid, and who would hold it.

    `components` has the name of each component of a dossier by its code; `holder` is None where it is an individual.
    """

    procedure: str
    components: Mapping[str, str]
    result: str | None
    validity_months: int | None
    holder: Holder | None


@dataclass(frozen=True, slots=True)
class Register:
    """Answers from the read tables."""

    runtime: Runtime[ProcessingSettings]

    async def cases(self, principal: Principal, wanted: Wanted, page: Page) -> Found:
        """Give a page of the cases that the caller may see, the newest first."""
        asked = query_cases.cases(principal, wanted, page)
        return Found(await self._fetch_for(principal, asked.text, *asked.arguments))

    async def worklist(self, principal: Principal, wanted: Wanted, page: Page) -> Found:
        """Give a page of the open cases that the caller may see, the oldest first."""
        asked = query_cases.worklist(principal, wanted, page)
        return Found(await self._fetch_for(principal, asked.text, *asked.arguments))

    async def load(self, principal: Principal, wanted: Wanted, soon: datetime) -> Sequence[asyncpg.Record]:
        """Count the open steps of a unit by officer and state; a limit that runs out by `soon` is near."""
        asked = query_cases.load(principal, wanted, soon)
        return await self._fetch_for(principal, asked.text, *asked.arguments)

    async def documents(self, day: date, field: str | None, procedure: str | None, page: Page, *, obsolete: bool) -> list[dict[str, Any]]:
        """Give a page of the issues of controlled documents that are in force on a day, or of all."""
        code, issue = page.after or (None, None)
        found = await self.runtime.log.pool.fetch(QUERY["documents"], day, field, procedure, obsolete, code, issue, page.fetch)
        return [{**row, "procedures": json.loads(row["procedures"])} for row in found]

    async def alarms_due(self, now: datetime) -> list[tuple[UUID, AgencyCode, datetime]]:
        """Give running cases with an alarm that is due, the longest due first: case, agency, since when."""
        found = await self.runtime.log.pool.fetch(QUERY["alarms_due"], now, ALARMS_MAX)
        return [(row["case_id"], row["agency"], row["alarm_at"]) for row in found]

    async def timers_due(self, now: datetime) -> list[tuple[UUID, AgencyCode]]:
        """Give cases with an open step that should have passed by itself, the longest due first: case, agency."""
        found = await self.runtime.log.pool.fetch(QUERY["timers_due"], now, ALARMS_MAX)
        return [(row["case_id"], row["agency"]) for row in found]

    async def reminders_due(self, now: datetime) -> list[tuple[UUID, AgencyCode, datetime]]:
        """Give cases in which an agency or the applicant owes something and nobody was told: case, agency, since when; oldest first."""
        found = await self.runtime.log.pool.fetch(QUERY["reminders_due"], now, ALARMS_MAX)
        return [(row["case_id"], row["agency"], row["rings_at"]) for row in found]

    async def lateness(
        self, principal: Principal, asked_from: datetime | None, asked_until: datetime | None, now: datetime
    ) -> Sequence[asyncpg.Record]:
        """Count, for every agency that was asked in a time, its answers, the late ones, and those that it owes beyond its limit."""
        return await self._fetch_for(principal, QUERY["lateness_by_partner"], principal.scope, asked_from, asked_until, now)

    async def work_of(self, principal: Principal, officer: PrincipalId) -> list[tuple[UUID, AgencyCode]]:
        """Give running cases that the caller may see in which an officer has an open step, the oldest first: case, agency."""
        found = await self._fetch_for(principal, QUERY["work_of"], principal.scope, officer, MOVES_MAX)
        return [(row["case_id"], row["agency"]) for row in found]

    async def of_older_workflow(self, principal: Principal, procedure: ProcedureCode, newest: ContentHash) -> Sequence[asyncpg.Record]:
        """Give running cases that the caller may see and that another version of their workflow leads."""
        return await self._fetch_for(principal, QUERY["of_older_workflow"], principal.scope, procedure, newest, MOVES_MAX)

    async def running(self, principal: Principal) -> AsyncIterator[asyncpg.Record]:
        """Give every running case with a limit that the caller may see, the oldest first, page by page."""
        last: tuple[datetime | None, UUID | None] = (None, None)
        while rows := await self._fetch_for(principal, QUERY["running"], principal.scope, *last, MOVES_MAX):
            for row in rows:
                yield row
            last = (rows[-1]["opened_at"], rows[-1]["case_id"])

    async def _fetch_for(self, principal: Principal, query: str, *arguments: Any) -> list[asyncpg.Record]:
        return await fetch_for(principal, self.runtime.log.pool, query, *arguments)

    async def permit(self, number: str, year: int | None, agency: AgencyCode | None) -> UUID | None:
        """Give the permit that has or had a number, the newest unless a year or an agency is named."""
        return await self.runtime.log.pool.fetchval(QUERY["permit"], number, year, agency)

    async def permits_over(self, today: date) -> list[tuple[UUID, AgencyCode, date]]:
        """Give permits whose last day is over and that are not noted as expired: permit, agency, last day."""
        found = await self.runtime.log.pool.fetch(QUERY["permits_over"], today, ALARMS_MAX)
        return [(row["permit_id"], row["agency"], row["expires_on"]) for row in found]

    async def book(self, principal: Principal, agency: AgencyCode, year: int, first: int, count: int) -> Sequence[asyncpg.Record]:
        """Give `count` numbers of an agency's book of a year, from the serial `first` on."""
        return await self._fetch_for(principal, QUERY["book"], agency, year, first, count)

    async def notice_days(self, dossier: DossierId) -> int | None:
        """Give the working days within which a dossier's procedure lets a supplement be asked for; None where that is not known here."""
        found = await self.runtime.log.pool.fetch(QUERY["result"], dossier)
        return found[0]["notice_days"] if found else None

    async def result_of(self, dossier: DossierId) -> Expected:
        """Give what a dossier's procedure leads to, and whose the dossier is.

        It is the version that was in force when the dossier was accepted (NQ 66.18/2026, Điều 6.1), not the newest.

        Raises:
            Busy: if intake's log has not been read as far as that.
        """
        found = await self.runtime.log.pool.fetch(QUERY["result"], dossier)
        if not found:
            raise Busy("procedure-not-read-yet")
        row = found[0]
        return Expected(
            procedure=row["name"],
            components=json.loads(row["components"]),
            result=row["result"],
            validity_months=row["validity_months"],
            holder=Holder(name=row["holder"], tax_code=row["tax_code"]) if row["holder"] else None,
        )
