"""Step 8 of 8, query: plans, findings, reviews, inspections, directives and publicity by the page; one of them as its own facts tell it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode
from kernel.edge.identity import Principal
from kernel.edge.pages import Page
from kernel.edge.service import Runtime
from kernel.edge.wall import fetch_for
from kernel.eventlog import History
from kernel.eventlog.sql import Pool, read_queries
from kernel.legalclock import day_of
from services.reporting.domain import finding, finding_states, inspection_plan, reform_plan, report, review
from services.reporting.domain.figures import FORM
from services.reporting.domain.inspection_plan import coverage_of
from services.reporting.domain.reform_progress import progress_of
from services.reporting.settings import ReportingSettings

QUERY: Final = read_queries(Path(__file__).with_name("reform.sql"))
JSON: Final = frozenset({"evidence", "subjects", "procedures", "minutes", "paper", "answer"})
OVER_MAX: Final = 500
"""What is overdue and looked at together."""

Line = dict[str, Any]


def at_instant(text: str) -> datetime:
    """Read an instant of a sort key."""
    return datetime.fromisoformat(text)


async def over(pool: Pool, now: datetime) -> list[tuple[str, UUID, AgencyCode, date]]:
    """List what is overdue by an instant and was not said to be: its kind, its stream, whose it is, and the day."""
    rows = await pool.fetch(QUERY["over"], day_of(now), OVER_MAX)
    return [(row["kind"], row["id"], row["agency"], row["due_on"]) for row in rows]


async def petition_of(pool: Pool, id: UUID) -> AgencyCode | None:
    """Give whose petition it is; None for what is none, or was ever called a denunciation."""
    return await pool.fetchval(QUERY["petition_of"], id)


@dataclass(frozen=True, slots=True)
class ReformRegister:
    """Answers from the read tables, and of one thing from its own facts."""

    runtime: Runtime[ReportingSettings]

    async def page(
        self, what: str, principal: Principal, filters: Sequence[Any], page: Page, key: Sequence[Callable[[Any], Any]]
    ) -> list[Line]:
        """Give a page of something; `key` reads the sort key of the page before."""
        after = [read(value) for read, value in zip(key, page.after, strict=True)] if page.after else [None] * len(key)
        return [shown(row) for row in await self._fetch(what, principal, *filters, *after, page.fetch)]

    async def plan(self, id: UUID, principal: Principal) -> tuple[int, Line]:
        """Give the version of a reform plan, and how far it is under each content.

        Raises:
            Refused: "no-such-plan".
            Problem: 403, if it is another agency's.
        """
        history = await self.runtime.log.load(id)
        state = reform_plan.DECIDER.state_of(history)
        if state is None:
            raise reform_plan.refused("no-such-plan")
        principal.require(state.agency)
        contents = {content: asdict(progress) for content, progress in progress_of(state).items()}
        return history.version, {"id": id, "agency": state.agency, "year": state.year, "contents": contents, "facts": told(history)}

    async def inspection_plan(self, id: UUID, principal: Principal) -> tuple[int, Line]:
        """Give the version of a plan of inspections, what it plans, and how much of it is covered.

        Raises:
            Refused: "no-such-plan".
            Problem: 403, if it is another agency's.
        """
        history = await self.runtime.log.load(id)
        state = inspection_plan.DECIDER.state_of(history)
        if state is None:
            raise inspection_plan.refused("no-such-plan")
        principal.require(state.agency)
        coverage = coverage_of(state)
        left = [{"unit": unit, "subject": subject} for unit, subject in coverage.left]
        return history.version, {
            "id": id,
            "agency": state.agency,
            "year": state.year,
            "planned": [one.model_dump() for one in state.planned],
            "inspections": state.held,
            "coverage": {**asdict(coverage), "left": left, "percent": coverage.percent},
            "facts": told(history),
        }

    async def finding(self, id: UUID, principal: Principal) -> tuple[int, Line]:
        """Give the version of a finding, where it stands, and everything that was done about it.

        Raises:
            Refused: "no-such-finding", also for what is none of the caller's business.
            Problem: 403, if it is another agency's.
        """
        history = await self.runtime.log.load(id)
        state = finding.DECIDER.state_of(history)
        if state is None:
            raise finding.refused("no-such-finding")
        principal.require(state.agency)
        if not finding_states.may_see(state, principal.sub, leads="leader" in principal.roles):
            raise finding.refused("no-such-finding")
        return history.version, {"id": id, "agency": state.agency, "state": finding_states.stage_of(state), "facts": told(history)}

    async def review(self, id: UUID, principal: Principal) -> tuple[int, Line]:
        """Give the version of a review, the figures that it is of as they were published, and where each of its findings stands.

        Raises:
            Refused: "no-such-review".
            Problem: 403, if it is another agency's.
        """
        log = self.runtime.log
        history = await log.load(id)
        state = review.DECIDER.state_of(history)
        if state is None:
            raise review.refused("no-such-review")
        principal.require(state.agency)
        published = report.DECIDER.state_of(await log.load(state.report_id))
        lines = () if published is None else published.lines
        return history.version, {
            "id": id,
            "agency": state.agency,
            "state": "closed" if isinstance(state, review.Closed) else "open",
            "report_id": state.report_id,
            "figures": {name: sum(getattr(line, name) for line in lines) for name in FORM},
            "findings": [
                {"id": one, "state": finding_states.stage_of(finding.DECIDER.state_of(await log.load(one)))} for one in state.findings
            ],
            "facts": told(history),
        }

    async def _fetch(self, query: str, principal: Principal, *arguments: Any) -> list[Any]:
        return await fetch_for(principal, self.runtime.log.pool, QUERY[query], principal.scope, *arguments)


def told(history: History) -> list[Line]:
    """Give what was recorded, in order: what happened, its version, and what it says."""
    return [{"what": fact.TYPE.split(".")[2], "version": n, **fact.model_dump()} for n, fact in enumerate(facts_of(history), 1)]


def facts_of(history: History) -> list[Fact]:
    """Give a history's facts."""
    return [event.fact for event in history.events]


def shown(row: Any) -> Line:
    """Make the view of a row: what is kept as JSON is shown as such."""
    return {name: orjson.loads(value) if name in JSON and value is not None else value for name, value in row.items()}
