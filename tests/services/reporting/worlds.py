"""Histories with all that indicators ask for: dossiers with papers and fees, the catalogue, other agencies, petitions, answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final

from hypothesis import strategies as st

from contracts.catalogue import FACTS
from contracts.fact import Fact
from contracts.intake import DossierSubmitted
from kernel.legalclock import Calendar, load_calendar
from services.reporting.domain.measures import Seen
from services.reporting.domain.period import Period
from tests.contracts.golden import golden
from tests.services.reporting import test_figures, test_petitions
from tests.services.reporting.facts import day, deadline, id_of, moment
from tests.services.reporting.tables import source_of

AGENCIES: Final = test_figures.AGENCIES
CALENDAR: Final[Calendar] = load_calendar()


def worked(since: date, until: date) -> int | None:
    """Count working days, as somebody would with a calendar on the wall; None where it does not hang there."""
    first, end = CALENDAR.covers
    if until <= since:
        return 0
    return CALENDAR.working_days(since, until) if first <= since and until < end else None


def made(type_: str, **data: Any) -> Fact:
    """Make a fact of a type: as in the golden file but for what is said."""
    return FACTS[type_].model_validate(golden(type_)["data"] | data)


def filed(submitted: DossierSubmitted, name: str, on: int, component: str = "don-de-nghi") -> Fact:
    """Make the fact that a file was attached."""
    own = {"dossier_id": submitted.dossier_id, "agency": submitted.agency}
    return made("intake.dossier.file-attached.v1", **own, file_id=id_of("file", name), component=component, attached_at=moment(on))


def paid(submitted: DossierSubmitted, on: int, method: str) -> Fact:
    """Make the fact that a fee was paid."""
    own = {"dossier_id": submitted.dossier_id, "agency": submitted.agency}
    return made("intake.dossier.fee-paid.v1", **own, method=method, paid_at=moment(on), recorded_at=moment(on))


def revised(on: int, signed: int, agency: str = "H09.13") -> Fact:
    """Make the fact that a decision came into the catalogue."""
    return made("intake.catalogue.revised.v1", agency=agency, signed_on=day(signed), revised_at=moment(on))


def version(code: str, on: int, agency: str = "H09.13", *, whole: bool = True) -> Fact:
    """Make the fact that a version of a procedure was published."""
    parts = {} if whole else {"components": ()}
    return made("intake.procedure.published.v1", code=code, agency=agency, published_at=moment(on), **parts)


def asked(name: str, on: int, due: int, agency: str = "H09.13") -> Fact:
    """Make the fact that another agency was asked."""
    own = {"case_id": id_of("case", name), "dossier_id": id_of("dossier", name), "agency": agency, "number": 1}
    return made("processing.case.consultation-requested.v1", **own, deadline=deadline(due), requested_at=moment(on))


def opined(name: str, on: int, agency: str = "H09.13") -> Fact:
    """Make the fact that it answered."""
    own = {"case_id": id_of("case", name), "dossier_id": id_of("dossier", name), "agency": agency, "number": 1}
    return made("processing.case.consultation-answered.v1", **own, answered_at=moment(on))


@st.composite
def around(draw: st.DrawFn, submitted: Sequence[DossierSubmitted]) -> list[Fact]:
    """What happens beside the lives of dossiers."""
    on, found = st.integers(-3, 60), list[Fact]()
    agencies = st.sampled_from(AGENCIES)
    for n, of in enumerate(submitted):
        if draw(st.booleans()):
            found.append(filed(of, f"{n}", draw(on), draw(st.sampled_from(["don-de-nghi", "khac"]))))
        if draw(st.booleans()):
            found.append(paid(of, draw(on), draw(st.sampled_from(["online", "cash", "transfer"]))))
    for n in range(draw(st.integers(0, 3))):
        found.append(revised(at := draw(on), at - draw(st.integers(-1, 14)), draw(agencies)))
        found.append(version(draw(st.sampled_from(["2.000648", "2.000001"])), draw(on), draw(agencies), whole=draw(st.booleans())))
        asked_on, agency = draw(on), draw(agencies)
        found.append(asked(f"{n}", asked_on, asked_on + draw(st.integers(0, 9)), agency))
        if draw(st.booleans()):
            found.append(opined(f"{n}", asked_on + draw(st.integers(0, 15)), agency))
    return found


@st.composite
def moved(draw: st.DrawFn, facts: list[Fact]) -> list[Fact]:
    """Let some appointments have moved for another reason than a supplement."""
    reasons = st.sampled_from([None, None, "extension", "calendar", "decision"])
    return [one.model_copy(update={"reason": draw(reasons)}) if one.TYPE == "intake.dossier.rescheduled.v1" else one for one in facts]


class World(list[Any]):
    """Facts that are shown by their types and days: whole, they would fill a page each."""

    def __repr__(self) -> str:
        """Give one line for each."""
        return "\n".join(f"{one.TYPE} {[str(value) for name, value in one if name.endswith(('_at', '_on'))]}" for one in self)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Facts of all services, in order within what each is about."""
    lives = draw(moved(draw(test_figures.histories())))
    submitted = [one for one in lives if isinstance(one, DossierSubmitted)]
    parts = [lives, draw(around(submitted)), draw(test_petitions.histories()) if draw(st.booleans()) else []]
    order = draw(st.permutations([n for n, part in enumerate(parts) for _ in part]))
    waiting = [iter(part) for part in parts]
    return World(next(waiting[n]) for n in order)


def seen(facts: Sequence[Fact]) -> list[Seen]:
    """Give facts with their positions, each recorded by a command of its own."""
    found: list[Seen] = []
    for source, of in groupby(sorted(facts, key=source_of), key=source_of):
        found += [(pos, f"{source}:{pos}", fact) for pos, fact in enumerate(of, 1)]
    return found


periods: Final = st.tuples(st.integers(-5, 60), st.integers(0, 50)).map(lambda p: Period(day(p[0]), day(p[0] + p[1])))
