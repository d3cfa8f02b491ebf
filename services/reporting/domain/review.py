"""Step 3 of 8, decide: a review of the reform, every six months, of pinned figures; closed when something is done about each finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from contracts.reporting import ReportPublished
from contracts.reporting_oversight import ReviewClosed, ReviewFact, ReviewFindingNoted, ReviewKind, ReviewOpened
from contracts.reporting_reform import Evidence
from contracts.vocabulary import AgencyCode, FindingId, PrincipalId, ReportId, ReviewId
from kernel.eventlog import Decider, Refused
from services.reporting.domain.period import Period

Refusal: TypeAlias = Literal[
    "no-such-review", "review-opened-already", "review-closed", "no-such-report", "report-of-another-period", "findings-without-action"
]


def review_id(agency: AgencyCode, year: int, kind: ReviewKind) -> ReviewId:
    """Name the review of an agency, a year and a kind: there is one."""
    return ReviewId(uuid5(NAMESPACE_URL, f"reform-review/{agency}/{year}/{kind}"))


def period_of(year: int, kind: ReviewKind) -> Period:
    """Give what a review is of: mid-year the first half of the year, year-end the whole."""
    return Period(date(year, 1, 1), date(year, 6, 30) if kind == "mid-year" else date(year, 12, 31))


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Begin a review, of the figures of a report."""

    kind: ReviewKind
    year: int
    report: ReportPublished
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Put down that it found something."""

    finding_id: FindingId
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """End it; `acted_on` says of its findings whether something is done about them."""

    conclusions: Evidence
    acted_on: Mapping[FindingId, bool]
    by: PrincipalId
    at: datetime


Command: TypeAlias = Open | Note | Close


@dataclass(frozen=True, slots=True)
class Opened:
    """It is under way."""

    id: ReviewId
    agency: AgencyCode
    report_id: ReportId
    findings: tuple[FindingId, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed(Opened):
    """It is over."""


State: TypeAlias = Opened | Closed | None
INITIAL: Final[State] = None


def decide(command: Command, state: State) -> list[ReviewFact]:
    """Give what a command leads to.

    Raises:
        Refused: a `Refusal`.
    """
    match command, state:
        case Open(), None:
            return [opened(command)]
        case Open(), _:
            raise refused("review-opened-already")
        case _, None:
            raise refused("no-such-review")
        case _, Closed():
            raise refused("review-closed")
        case Note(finding_id=id), Opened():
            if id in state.findings:
                return []
            return [ReviewFindingNoted(review_id=state.id, agency=state.agency, finding_id=id, noted_by=command.by, noted_at=command.at)]
        case Close(acted_on=acted_on), Opened():
            # A finding that nobody has told of, because it came this moment, has no action either.
            if left := [str(id) for id in state.findings if not acted_on.get(id, False)]:
                raise refused("findings-without-action", findings=left)
            return [
                ReviewClosed(
                    review_id=state.id,
                    agency=state.agency,
                    conclusions=command.conclusions,
                    closed_by=command.by,
                    closed_at=command.at,
                )
            ]


def opened(command: Open) -> ReviewOpened:
    """Begin it, with what the report's figures were drawn at.

    Raises:
        Refused: "report-of-another-period".
    """
    report, period = command.report, period_of(command.year, command.kind)
    if (report.period_from, report.period_to) != (period.first, period.last):
        raise refused("report-of-another-period", period_from=period.first, period_to=period.last)
    return ReviewOpened(
        review_id=review_id(report.agency, command.year, command.kind),
        agency=report.agency,
        kind=command.kind,
        year=command.year,
        report_id=report.report_id,
        definition_hash=report.definition_hash,
        positions=report.positions,
        opened_by=command.by,
        opened_at=command.at,
    )


def evolve(state: State, event: ReviewFact) -> State:
    """Give the state after a fact."""
    match event, state:
        case ReviewOpened(), None:
            return Opened(event.review_id, event.agency, event.report_id)
        case ReviewFindingNoted(), Opened():
            return replace(state, findings=(*state.findings, event.finding_id))
        case ReviewClosed(), Opened():
            return Closed(state.id, state.agency, state.report_id, state.findings)
        # Whoever asks by an id may name a stream of another kind: there is no review in it.
        case _:
            return state


def refused(reason: Refusal, **detail: Any) -> Refused:
    """Make the refusal; the type checker knows the reasons."""
    return Refused(reason, **detail)


DECIDER: Final[Decider[Command, State]] = Decider(INITIAL, decide, evolve)
