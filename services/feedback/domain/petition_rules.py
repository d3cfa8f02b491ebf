"""Step 3 of 8, decide: how long what is asked of a petition may take. What the law says comes in as data, dated and sourced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contracts.feedback_petitions import PetitionKind, PetitionTopic
from contracts.vocabulary import Confidence, Deadline, LimitUnit, StartRule
from kernel.eventlog import Refused
from kernel.legalclock import Calendar, Limit, NoRulePack, OutsideCalendar, day_of, deadline, midnight, rule_pack_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A limit: how much of what, counted from when, by which text, and how sure we are of it."""

    amount: int
    unit: LimitUnit
    start_rule: StartRule
    basis: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds from a day on.

    `sort`: to say what it is, or that it is not receivable. `forward`: to hand it to the agency that is competent, by topic where a topic
    has a limit of its own (the key None is for the others). `answer` and `longer` (the whole, extended once) by kind. `publish`: after
    the answer. `reopen_days`: calendar days after the answer within which the petitioner may open it again, at most `reopens_max` times.
    """

    from_on: date
    sort: Span
    forward: Mapping[PetitionTopic | None, Span]
    answer: Mapping[PetitionKind, Span]
    longer: Mapping[PetitionKind, Span]
    publish: Span
    reopen_days: int
    reopens_max: int


def due(start_at: datetime, span: Span, calendar: Calendar) -> Deadline:
    """Compute when a limit that begins at an instant ends.

    Raises:
        Refused: "outside-calendar".
    """
    try:
        found = deadline(start_at, Limit(span.amount, span.unit), span.start_rule, calendar, rule_pack_on(day_of(start_at)))
    except (OutsideCalendar, NoRulePack) as error:
        raise Refused("outside-calendar") from error
    return Deadline.model_validate(found)


def forward_span(rules: Rules, topic: PetitionTopic) -> Span:
    """Give the limit to hand on what is about a topic."""
    return rules.forward.get(topic) or rules.forward[None]


def reopen_until(answered_at: datetime, rules: Rules) -> datetime:
    """Give the end of the window: the last midnight, so that its last day counts whole (Bộ luật Dân sự 2015, Điều 148.6)."""
    return midnight(day_of(answered_at) + timedelta(days=rules.reopen_days + 1))
