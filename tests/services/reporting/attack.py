"""Somebody who has every table that was ever shown, and knows whose answers stand behind which number, but not what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, combinations
from typing import Final, TypeAlias

from services.reporting.domain.groups import Grouped, Part, Tally, Traits, grouped
from services.reporting.domain.satisfaction import CELL_MIN, RATINGS, VoiceCut, Voices, counted, keys_of, voices_of
from services.reporting.http_satisfaction import PUBLIC_CUTS

Row: TypeAlias = dict[int, Fraction]
"""A sum over answers: how often each is in it."""
MONTHS: Final = ("2026-01", "2026-02", "2026-03")
CUTS: Final[tuple[VoiceCut, ...]] = ("month", "agency", "field", "officer", "slowest", "step", "campaign")


def batch(traits: Traits, answers: Iterable[int], at: int) -> Part:
    """Make a part of numbered answers."""
    own = list(answers)
    return Part(traits, Tally(len(own), sum(1 << n for n in own)), at)


def told(parts: dict[str, list[Part]], as_of: int) -> Voices:
    """Group the parts of each month as the service does, as of a position."""

    def over(month: str) -> int | None:
        later = [part.at for other, few in parts.items() if other > month for part in few if part.at <= as_of]
        return min(later, default=None)

    def of(month: str) -> Grouped:
        return grouped([part for part in parts[month] if part.at <= as_of], CELL_MIN, over(month))

    return voices_of((RATINGS, month, of(month)) for month in sorted(parts))


def cuts() -> Iterator[tuple[VoiceCut, ...]]:
    """Give no cut, every cut, and every two; and all that the public may make of its own."""
    of_public = (some for n in range(len(PUBLIC_CUTS) + 1) for some in combinations(PUBLIC_CUTS, n))
    return chain([()], ((one,) for one in CUTS), combinations(CUTS, 2), of_public)


def published(voices: Voices) -> set[int]:
    """Give every total of every table, of all agencies and of each, of all months and of each; those of the public too."""
    found: set[int] = set()
    for months in (list(MONTHS), *([month] for month in MONTHS)):
        within: Voices = {RATINGS: {month: one for month, one in voices.get(RATINGS, {}).items() if month in months}}
        for scope in (None, ["A"], ["B"]):
            for cut in cuts():
                found |= {line.tallies[RATINGS].total for line in counted(within, cut, scope).lines.values() if RATINGS in line.tallies}
    return found - {0}


def small_cells(parts: dict[str, list[Part]]) -> set[int]:
    """Give the cells of all tables that are too small to be shown, each by who is in it."""
    cells: dict[object, int] = {}
    for month, few in parts.items():
        for part in few:
            for cut in cuts():
                for key in keys_of(month, part.traits, cut):
                    cells[cut, key] = cells.get((cut, key), 0) | part.tally.total
    return {bits for bits in cells.values() if 0 < bits.bit_count() < CELL_MIN}


def row(bits: int) -> Row:
    """Write a sum as what it is made of."""
    return {n: Fraction(1) for n in range(bits.bit_length()) if bits >> n & 1}


def less(one: Row, other: Row, times: Fraction) -> Row:
    """Subtract a sum, so many times."""
    found = {n: one.get(n, Fraction(0)) - times * other.get(n, Fraction(0)) for n in one.keys() | other.keys()}
    return {n: value for n, value in found.items() if value}


def solved(sums: Iterable[int]) -> dict[int, Row]:
    """Bring all sums into echelon form: by the answer that each leads with."""
    system: dict[int, Row] = {}
    for bits in sums:
        left = rest(row(bits), system)
        if left:
            lead = min(left)
            system[lead] = {n: value / left[lead] for n, value in left.items()}
    return system


def rest(wanted: Row, system: dict[int, Row]) -> Row:
    """Give what is left of a sum that is put together from known ones as far as that goes; nothing is left of one that can be had."""
    for lead in sorted(system):
        if lead in wanted:
            wanted = less(wanted, system[lead], wanted[lead])
    return wanted


def got(sums: Iterable[int], cells: Iterable[int]) -> list[int]:
    """Give the cells whose sum follows from the sums that are known, by any additions and subtractions."""
    system = solved(sums)
    return [bits for bits in cells if not rest(row(bits), system)]
