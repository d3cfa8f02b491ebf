"""Step 3 of 8, decide: the measures that indicators are made of, counted from facts in plain Python, the rule beside each.

This is one computation; `measures.sql` is the other, and neither knows the other's way. Both are functions of the facts and of the period:
a test gives them the same random histories, and `GET /v1/indicators/{pack}/check` the facts that were really recorded. A measure is a
whole number, or None where nobody can tell: a day that no calendar knows, or answers of too few people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Final, TypeAlias
from uuid import UUID

from contracts.fact import Fact
from contracts.feedback_petitions import PetitionExtended
from contracts.intake import (
    CatalogueRevised,
    DossierAccepted,
    DossierFeePaid,
    DossierFileAttached,
    DossierRescheduled,
    DossierSubmitted,
    DossierSupplementRequested,
    ProcedurePublished,
)
from contracts.processing_coordination import CaseConsultationAnswered, CaseConsultationRequested
from kernel.legalclock import day_of
from services.reporting.domain import petitions, rooms
from services.reporting.domain.figures import FORM, Clocked, Dossier, count, dossiers_of, in_scope, received, resolved
from services.reporting.domain.measure_names import OF_ANSWERS
from services.reporting.domain.period import Period
from services.reporting.domain.satisfaction import CRITERIA, FACTORS, RATINGS

DISCLOSED_WITHIN: Final = 5
"""Working days from the decision to the catalogue (NĐ 63/2010, Điều 24.2; QĐ 766/QĐ-TTg, 1.2, for a province)."""
REQUESTS_MAX: Final = 1
"""More requests for supplements make a dossier late (QĐ 766/QĐ-TTg, 2.1)."""
ANSWERED_WITHIN: Final = 15
REFUSED_WITHIN: Final = 2
"""Working days in which a petition is answered, or refused (QĐ 766/QĐ-TTg, 5.1)."""

Days: TypeAlias = Callable[[date, date], int | None]
"""Counts working days after one day up to another; None where no calendar knows them all."""
Counts: TypeAlias = dict[str, int | None]
Seen: TypeAlias = tuple[int, str, Fact]
"""A fact, its position in its service's log, and the command that it was recorded by."""
Scope: TypeAlias = Sequence[str] | None


@dataclass(slots=True)
class Beside:
    """What is known of a dossier beside the figures: requests for supplements, appointments that law moved, papers and their files."""

    asked_on: list[date] = field(default_factory=list[date])
    given: list[Clocked] = field(default_factory=list[Clocked])
    components: frozenset[str] = frozenset()
    files: list[tuple[str, date]] = field(default_factory=list[tuple[str, date]])
    limit_days: int | None = None


def beside(facts: Iterable[Fact]) -> dict[UUID, Beside]:
    """Fold facts of intake, dossier by dossier."""
    found: dict[UUID, Beside] = defaultdict(Beside)
    for fact in facts:
        match fact:
            case DossierSubmitted():
                found[fact.dossier_id].components = frozenset(fact.components)
            case DossierSupplementRequested():
                found[fact.dossier_id].asked_on.append(day_of(fact.requested_at))
            case DossierAccepted(deadline=deadline):
                of = found[fact.dossier_id]
                of.given.append(Clocked(day_of(fact.accepted_at), runs=True, due_on=deadline.due_on if deadline else None))
                of.limit_days = deadline.limit.amount if deadline and deadline.limit.unit == "working-days" else None
            case DossierRescheduled(reason=str(), deadline=deadline):
                found[fact.dossier_id].given.append(Clocked(day_of(fact.rescheduled_at), runs=True, due_on=deadline.due_on))
            case DossierFileAttached():
                found[fact.dossier_id].files.append((fact.component, day_of(fact.attached_at)))
            case _:
                pass
    return found


def stretches_of_waiting(dossier: Dossier, since: date, end: date) -> Iterator[tuple[date, date]]:
    """Give the stretches from one day to another in which the clock stood still for the applicant."""
    for one, then in pairwise((*dossier.clock, Clocked(date.max, runs=True, due_on=None))):
        first, last = max(one.on, since), min(then.on, end)
        if not one.runs and first < last:
            yield first, last


def in_time_by_qd766(dossier: Dossier, of: Beside, period: Period) -> bool:
    """Tell whether a dossier is in time as QĐ 766 counts (2.1), at its end or at the close of the period.

    Days of waiting for the applicant are taken off, in calendar days, and who had to ask twice is late. NĐ 61/2018 lets the limit begin
    anew instead, and that is what form II.06a follows: the two readings differ and both are told.
    """
    end = dossier.ended_on if dossier.ended_on is not None and dossier.ended_on <= period.last else period.last
    if sum(on <= end for on in of.asked_on) > REQUESTS_MAX:
        return False
    given = [one for one in of.given if one.on <= end]
    if not given or (due_on := given[-1].due_on) is None:
        return True
    waited = sum((until - since).days for since, until in stretches_of_waiting(dossier, given[-1].on, end))
    return (end - due_on).days <= waited


def of_dossiers(facts: Sequence[Fact], period: Period, scope: Scope, days: Days) -> Counts:
    """Count dossiers."""
    known, more = dossiers_of(facts), beside(facts)
    own = {id: dossier for id, dossier in known.items() if in_scope(dossier.agency, scope)}
    in_hand = {id: dossier for id, dossier in own.items() if received(dossier, period)}
    over = {id: dossier for id, dossier in in_hand.items() if resolved(dossier, period)}
    requests = [sum(on <= dossier.ended_on for on in more[id].asked_on) for id, dossier in over.items() if dossier.ended_on]
    papers = [more[id] for id, dossier in in_hand.items() if dossier.accepted_on in period and more[id].components]
    limited = [(dossier, more[id].limit_days) for id, dossier in over.items() if more[id].limit_days is not None]
    return {
        **count(own.values(), period, FORM),
        "qd766_in_time": sum(in_time_by_qd766(dossier, more[id], period) for id, dossier in in_hand.items()),
        "limit_days_allowed": sum(limit or 0 for _, limit in limited),
        "limit_days_used": total(worked(dossier, days) for dossier, _ in limited),
        "supplements_none": sum(number == 0 for number in requests),
        "supplements_one": sum(number == 1 for number in requests),
        "supplements_more": sum(number > 1 for number in requests),
        "digitisable": len(papers),
        "digitised": sum(of.components <= {component for component, on in of.files if on <= period.last} for of in papers),
    }


def worked(dossier: Dossier, days: Days) -> int | None:
    """Count the working days that the department had a dossier: from acceptance to the end, less those in which the applicant had it."""
    if dossier.accepted_on is None or dossier.ended_on is None:
        return None
    return total(
        [
            days(dossier.accepted_on, dossier.ended_on),
            *(
                None if (waited := days(*stretch)) is None else -waited
                for stretch in stretches_of_waiting(dossier, dossier.accepted_on, dossier.ended_on)
            ),
        ]
    )


def total(counts: Iterable[int | None]) -> int | None:
    """Add up; None where one of them is not known."""
    found = list(counts)
    return None if None in found else sum(one for one in found if one is not None)


def within(spans: Sequence[tuple[date, date]], most: int, days: Days) -> int | None:
    """Count the spans of at most so many working days."""
    return total(None if (found := days(*span)) is None else int(found <= most) for span in spans)


def of_the_door(facts: Sequence[Fact], period: Period, scope: Scope, days: Days) -> Counts:
    """Count payments, decisions about the catalogue, procedures, and opinions that other agencies were asked for."""
    payments: list[bool] = []
    revisions: list[tuple[date, date]] = []
    catalogue: dict[str, tuple[str, bool]] = {}
    asked: dict[tuple[UUID, int], date] = {}
    answered: dict[tuple[UUID, int], date] = {}
    for fact in facts:
        match fact:
            case DossierFeePaid() if day_of(fact.paid_at) in period and in_scope(fact.agency, scope):
                payments.append(fact.method == "online")
            case CatalogueRevised() if day_of(fact.revised_at) in period and in_scope(fact.agency, scope):
                revisions.append((fact.signed_on, day_of(fact.revised_at)))
            case ProcedurePublished() if day_of(fact.published_at) <= period.last:
                catalogue[fact.code] = fact.agency, bool(fact.components) and bool(fact.limit or fact.limits)
            case CaseConsultationRequested() if in_scope(fact.agency, scope) and day_of(fact.requested_at) <= period.last:
                asked[fact.case_id, fact.number] = fact.deadline.due_on
            case CaseConsultationAnswered() if day_of(fact.answered_at) <= period.last:
                answered[fact.case_id, fact.number] = day_of(fact.answered_at)
            case _:
                pass
    own = [whole for agency, whole in catalogue.values() if in_scope(agency, scope)]
    came = [(due_on, answered[key]) for key, due_on in asked.items() if key in answered and answered[key] in period]
    overdue = sum(due_on < period.last for key, due_on in asked.items() if key not in answered)
    return {
        "payments": len(payments),
        "payments_online": sum(payments),
        "revisions": len(revisions),
        "revisions_in_time": within(revisions, DISCLOSED_WITHIN, days),
        "procedures": len(own),
        "procedures_whole": sum(own),
        "consultations_early": sum(on < due_on for due_on, on in came),
        "consultations_on_time": sum(on == due_on for due_on, on in came),
        "consultations_late": sum(on > due_on for due_on, on in came) + overdue,
    }


def of_petitions(facts: Sequence[Seen], period: Period, scope: Scope, days: Days) -> Counts:
    """Count petitions; what was ever called a denunciation by the close of the period is in none of these."""
    placed = [(pos, fact) for pos, _, fact in facts if fact.TYPE.startswith("feedback.petition.")]
    own = [(pos, fact) for pos, fact in placed if in_scope(getattr(fact, "agency"), scope)]  # noqa: B009 - every one has it
    line = next(iter(petitions.lines(own, period, ()).values()), {name: [] for name in petitions.FIGURES})
    streams: dict[UUID, list[tuple[int, Any]]] = defaultdict(list)
    for pos, fact in own:
        streams[getattr(fact, "petition_id")].append((pos, fact))  # noqa: B009 - every one has it
    prolonged = 0
    first: dict[str, list[tuple[date, date]]] = {"answered": [], "refused": []}
    for stream in streams.values():
        petition = petitions.at_close(stream, period)
        if petition is None or petition.denounces:
            continue
        turns = [(fact, on) for _, fact in stream if (on := petitions.day_told(fact)) is not None and on <= period.last]
        in_hand = petitions.in_hand(petition, period)
        prolonged += in_hand and any(isinstance(fact, PetitionExtended) and on in period for fact, on in turns)
        for what, spans in first.items():
            days_of = [on for fact, on in turns if f"feedback.petition.{what}.v1" == fact.TYPE]
            if days_of and days_of[0] in period:
                spans.append((petition.received_on, days_of[0]))
    return {
        "petitions_in_hand": len(line["in_hand"]),
        "petitions_in_time": len(line["answered_in_time"]),
        "petitions_late": len(line["answered_late"]),
        "petitions_overdue": len(line["open_overdue"]),
        "petitions_prolonged": prolonged,
        "petitions_answered": len(first["answered"]),
        "petitions_answered_soon": within(first["answered"], ANSWERED_WITHIN, days),
        "petitions_refused": len(first["refused"]),
        "petitions_refused_soon": within(first["refused"], REFUSED_WITHIN, days),
    }


def of_answers(facts: Sequence[Seen], period: Period, scope: Scope) -> Counts:
    """Count what was answered, in the groups that are never taken apart (`rooms.py`); None where too few wait and nobody is counted."""
    found: Counts = dict.fromkeys(OF_ANSWERS, 0)
    months = period.whole_months()
    waits = set[str]()
    sums: dict[str, list[int]] = defaultdict(list[int])
    for (month, question), room in rooms.rooms(rooms.answers_of(facts)).items():
        if f"{months.first:%Y-%m}" <= month <= f"{months.last:%Y-%m}":
            if any(in_scope(said[0] or "", scope) for said in room.waits):
                waits.add(question)
            sums[question] += [value for said, values in room.counted if in_scope(said[0] or "", scope) for value in values]
    for question in (RATINGS, *CRITERIA, *FACTORS):
        values, name = sums[question], question.replace("-", "_")
        hidden = not values and question in waits
        good = sum(value >= rooms.GOOD for value in values)
        if question == RATINGS:
            counts = {"ratings": len(values), "ratings_good": good, "ratings_bad": sum(value <= 2 for value in values)}  # noqa: PLR2004 - 1 and 2 of 5
        elif question in CRITERIA:
            counts = {f"{name}_answers": len(values), f"{name}_points": sum(values)}
        else:
            counts = {f"{name}_answers": len(values), f"{name}_satisfied": good}
        found |= dict.fromkeys(counts) if hidden else counts
    return found


def measured(facts: Sequence[Seen], period: Period, scope: Scope, days: Days) -> Counts:
    """Give every measure, from facts of all services; those of one service in the order of its log."""
    plain = [fact for _, _, fact in facts]
    return {
        **of_dossiers(plain, period, scope, days),
        **of_the_door(plain, period, scope, days),
        **of_petitions(facts, period, scope, days),
        **of_answers(facts, period, scope),
    }
