"""Step 3 of 8, decide: what was answered, cut as one likes, with who was asked and did not answer beside it.

Who answers is promised that nobody learns what he said (NĐ 61/2018, Điều 27.3): everything here is a sum over groups that are never
taken apart (`groups.py`). Of a cell in which fewer than `CELL_MIN` answered, nothing is known but that some wait.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from statistics import NormalDist
from typing import Any, Final, Literal, TypeAlias, get_args

from contracts.feedback_surveys import Criterion, Factor
from services.reporting.domain.figures import in_scope
from services.reporting.domain.groups import Grouped, Tally, Traits
from services.reporting.domain.shares import mean, points_apart, share

CELL_MIN: Final = 5
"""The fewest answers that are shown together; with feedback's `answers_min` at least as large, hardly any has to wait."""

SATISFIED_MIN: Final = 4
"""Who says 4 or 5 of 5 is satisfied: the share is (very satisfied + satisfied) / valid answers, as SIPAS counts."""

UNSAID: Final = "-"
"""What answers that do not say it, because too few others were like them, are counted under."""

CRITERIA: Final[tuple[Criterion, ...]] = get_args(Criterion)
"""The applicant's criteria of TT 01/2018/TT-VPCP, 0 to 2 points each."""
FACTORS: Final[tuple[Factor, ...]] = get_args(Factor)
"""The five factors of SIPAS."""
RATINGS: Final = "ratings"
QUESTIONS: Final[tuple[str, ...]] = (RATINGS, *CRITERIA, *FACTORS)
ASKED: Final = "invitations"
"""Not a question, but counted like one: who was asked, and (`good`) who of them was let in to answer."""

VoiceCut: TypeAlias = Literal["month", "agency", "field", "procedure", "occasion", "officer", "unit", "slowest", "step", "campaign"]
"""`officer` stood at the counter; `unit` and `slowest` are where the dossier lay longest; `step` is each that it went through.
`campaign` is that of slips of paper, which say nothing of any dossier."""
WAY: Final = frozenset[VoiceCut]({"unit", "slowest", "step", "campaign"})
"""What an invitation does not say: it goes out before anybody asks which way the dossier went, and slips are counted by feedback."""
STRATA: Final = ("channel", "occasion", "outcome")
"""What those who were asked are compared by with those who came."""

COMPARED_MIN: Final = 30
"""The fewest answers, on either side, that a line and all others are compared with."""
CHANCE_MAX: Final = 0.01
"""How often a table in which nothing differs may say of any line that it does."""
Z_MAX: Final = 99.99

Voices: TypeAlias = Mapping[str, Mapping[str, Grouped]]
"""By question, or `ASKED`, and month."""
Key: TypeAlias = tuple[str, ...]
View: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Counted:
    """A line of a table: sums over groups, by question; of what anybody waits; which later answers came to it."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    waiting: set[str] = field(default_factory=set[str])
    strata: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    later: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list[int]))


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a cut, and by question who is in which: by step in several. Who does not say all it is cut by is left out."""

    lines: dict[Key, Counted]
    places: dict[str, dict[tuple[Key, ...], Tally]]


def keys_of(month: str, traits: Traits, cut: Sequence[VoiceCut]) -> Iterator[Key]:
    """Give the lines that something is counted in: one, or, by step, as many as there are steps."""

    def values(one: VoiceCut) -> Sequence[str]:
        match one:
            case "month":
                return (month,)
            case "step":
                return (traits.steps or UNSAID).split(" ")
            case _:
                return (getattr(traits, one) or UNSAID,)

    return product(*map(values, cut))


def counted(voices: Voices, cut: Sequence[VoiceCut], scope: Sequence[str] | None, since: int | None = None) -> Table:
    """Count, line by line. With `since`, what became known after that position is also kept apart."""
    found, places = defaultdict[Key, Counted](Counted), defaultdict[str, dict[tuple[Key, ...], Tally]](dict)
    for question, months in voices.items():
        if question == ASKED and not WAY.isdisjoint(cut):
            continue
        for month, grouped in months.items():
            for group in grouped.groups:
                if not in_scope(group.traits.agency, scope):
                    continue
                keys = tuple(keys_of(month, group.traits, cut))
                if all(UNSAID not in key for key in keys):
                    places[question][keys] = places[question].get(keys, Tally()).plus(group.tally)
                for key in keys:
                    line = found[key]
                    line.tallies[question] = line.tallies[question].plus(group.tally)
                    if question == ASKED:
                        for one in STRATA:
                            place = one, getattr(group.traits, one) or UNSAID
                            line.strata[place] = line.strata[place].plus(group.tally)
                    elif since is not None and group.at > since:
                        line.later[question] = line.later[question].plus(group.tally)
                        line.by[question] += group.positions
            for part in grouped.waiting:
                if in_scope(part.traits.agency, scope):
                    for key in keys_of(month, part.traits, cut):
                        found[key].waiting.add(question)
    return Table(dict(found), dict(places))


def view(line: Counted, *, asked: bool = True) -> View:
    """Give a line's numbers: None where nothing can be told, and `withheld` says of what although somebody is there.

    `waiting` names what some are not counted in yet, beside those that are. Without `asked` a line does not say who was.
    """
    tallies = {one: line.tallies.get(one, Tally()) for one in (*QUESTIONS, ASKED)}
    withheld = sorted(one for one in line.waiting if not tallies[one].n)

    def of(question: str, value: Any) -> Any:
        return None if question in withheld else value

    ratings, invited = tallies[RATINGS], tallies[ASKED]
    return {
        "ratings": of(RATINGS, ratings.n),
        "satisfaction": share(ratings.good, ratings.n),
        "points": {one: mean(tallies[one].total, tallies[one].n) for one in CRITERIA},
        "factors": {one: share(tallies[one].good, tallies[one].n) for one in FACTORS},
        "answers": {one: of(one, tallies[one].n) for one in (*CRITERIA, *FACTORS)},
        "invitations": of(ASKED, invited.n) if asked else None,
        "admitted": of(ASKED, invited.good) if asked else None,
        "response_rate": share(invited.good, invited.n),
        "bias": {one: gap(line, one) for one in STRATA},
        "waiting": sorted(line.waiting),
        "withheld": withheld,
    }


def response(line: Counted) -> list[View]:
    """Say who was asked and who came, by each of `STRATA`; `gap` = share of those who came less share of those asked, in points."""
    whole = line.tallies.get(ASKED, Tally())
    return [
        {
            "by": by,
            "value": value,
            "invitations": tally.n,
            "admitted": tally.good,
            "response_rate": share(tally.good, tally.n),
            "gap": points_apart((tally.good, whole.good), (tally.n, whole.n)),
        }
        for (by, value), tally in sorted(line.strata.items())
    ]


def gap(line: Counted, by: str) -> float | None:
    """Give by how many points, at most, the shares of those who came differ from the shares of those who were asked."""
    apart = [abs(one["gap"]) for one in response(line) if one["by"] == by and one["gap"] is not None]
    return max(apart, default=None)


def changes(line: Counted, most: int) -> View:
    """Say of each question that later answers changed what it was before, and which answers those are, `most` of them by name."""
    found: View = {}
    for question, late in line.later.items():
        now = line.tallies[question]
        before = now.minus(late)
        names = sorted(line.by[question])
        found[question] = {
            "before": {"answers": before.n, "value": value_of(question, before)},
            "now": {"answers": now.n, "value": value_of(question, now)},
            "by": [f"feedback/{pos}" for pos in names[:most]],
            "more": max(0, len(names) - most),
        }
    return found


def value_of(question: str, tally: Tally) -> float | None:
    """Give the figure that a question leads to: a mean of points, or a share of the satisfied."""
    return mean(tally.total, tally.n) if question in CRITERIA else share(tally.good, tally.n)


def standing_out(table: Table) -> dict[Key, dict[str, float]]:
    """Say which lines are worse than all others of their table, and by how much.

    The statistic is Welch's: the difference of the two means by its standard error. With at least `COMPARED_MIN` answers on both sides it
    is nearly normal, and a line stands out if chance alone would make any line of the table stand out in `CHANCE_MAX` of all tables
    (Bonferroni, one-sided). The worst comes first; whoever is in it is taken out before the others are compared, or a step would stand out
    because many went through it on their way to the slow one. Steps that all walk together cannot be told apart.
    It says that a line is worse, not why; lines that do not say all that the table is cut by are left out.
    """
    questions = [one for one in QUESTIONS if one in table.places]
    comparisons = sum(len(compared(table.places[question])) for question in questions)
    worse = defaultdict[Key, dict[str, float]](dict)
    for question in questions:
        left = table.places[question]
        while found := compared(left):
            key = min(found, key=lambda one: (found[one], one))
            if found[key] > NormalDist().inv_cdf(CHANCE_MAX / comparisons):
                break
            worse[key][question] = round(found[key], 2)
            left = {keys: tally for keys, tally in left.items() if key not in keys}
    return dict(worse)


def compared(places: Mapping[tuple[Key, ...], Tally]) -> dict[Key, float]:
    """Compare each line with all who are not in it, where there are enough of both."""
    whole, lines = Tally(), defaultdict[Key, Tally](Tally)
    for keys, tally in places.items():
        whole = whole.plus(tally)
        for key in keys:
            lines[key] = lines[key].plus(tally)
    pairs = ((key, own, whole.minus(own)) for key, own in lines.items())
    return {key: welch(own, rest) for key, own, rest in pairs if min(own.n, rest.n) >= COMPARED_MIN}


def welch(one: Tally, other: Tally) -> float:
    """Give the difference of two means by its standard error, within ±`Z_MAX`."""
    apart = one.total / one.n - other.total / other.n
    error = math.sqrt(variance(one) / one.n + variance(other) / other.n)
    if not error:
        return math.copysign(Z_MAX, apart) if apart else 0.0
    return max(-Z_MAX, min(Z_MAX, apart / error))


def variance(tally: Tally) -> float:
    """Give the variance of a sample."""
    return (tally.squares - tally.total**2 / tally.n) / (tally.n - 1)


def total(voices: Voices, scope: Sequence[str] | None = None) -> Counted:
    """Add everything up."""
    return counted(voices, (), scope).lines.get((), Counted())


def left_out(line: Counted) -> list[str]:
    """Say of what the figures of a summary lack some: `ratings`, `invitations`."""
    return sorted(line.waiting & {RATINGS, ASKED})


def voices_of(found: Iterable[tuple[str, str, Grouped]]) -> Voices:
    """Put groups in order by question and month."""
    made = defaultdict[str, dict[str, Grouped]](dict)
    for question, month, grouped in found:
        before = made[question].get(month)
        made[question][month] = grouped if before is None else before.plus(grouped)
    return dict(made)
