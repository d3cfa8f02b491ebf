"""A year of answers as an agency would have them: counters, units, ways; and what is wrong in it, put there on purpose."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.period import Period
from services.reporting.domain.rooms import Answer
from services.reporting.projections.voices import LEVELS, POINTS

FIRST: Final = date(2026, 1, 1)
YEAR: Final = Period(FIRST, date(2026, 12, 31))
AGENCIES: Final = ("H09.13", "H09.14")
FIELDS: Final = ("dien", "hoa-chat", "luu-thong-hang-hoa", "xuc-tien-thuong-mai")
COUNTERS: Final = tuple(f"nv-mc-{n:02d}" for n in range(12))
UNITS: Final[dict[str, str]] = {"B2": "van-phong", "B3": "ky-thuat", "B4": "phap-che", "B5": "lanh-dao", "B6": "van-thu"}
WAYS: Final = (("B1", "B2", "B3", "B5", "B6"), ("B1", "B2", "B3", "B4", "B5", "B6"), ("B1", "B2", "B5", "B6"))

SLOW_STEP: Final = "B4"
"""Planted: those whose dossier lay longest here give fewer points for the time it took."""
RUDE_COUNTER: Final = "nv-mc-07"
"""Planted: those who were here give fewer points for the attitude."""
ORDINARY: Final = (5, 15, 80)
PLANTED: Final = (25, 30, 45)
"""How often, of a hundred, 0, 1 and 2 points are given."""
SKIPPED: Final = 0.12
"""How often a question is left out."""


@dataclass(frozen=True)
class Year:
    """So many answers, the same ones for the same seed; without anything `planted` no line is worse than another."""

    answers: int
    seed: int = 7
    planted: bool = True

    def batches(self) -> Iterator[list[Answer]]:
        """Give them batch by batch, in the order of the log."""
        chance, at, n = random.Random(self.seed), 0, 0  # noqa: S311 - chance comes from a seed, so that it can be repeated
        while at < self.answers:
            size = min(chance.randint(5, 9), self.answers - at)
            day = FIRST + timedelta(days=364 * at // self.answers)
            said = self.kind(chance)
            yield [Answer(at + m, f"{day:%Y-%m}", f"mixed:{n}", size, said, self.given(chance, said)) for m in range(1, size + 1)]
            at, n = at + size, n + 1

    def kind(self, chance: random.Random) -> tuple[str | None, ...]:
        """Give what a batch says of itself: sometimes not all."""
        way = chance.choice(WAYS)
        slowest = chance.choice([step for step in way if step in UNITS])
        field = chance.randrange(len(FIELDS))
        officer = chance.choice(COUNTERS)
        if chance.random() < 0.15:
            return (chance.choice(AGENCIES), None, FIELDS[field], "result", None, UNITS[slowest], slowest, None, None, None, None)
        procedure = f"2.00{field}{chance.randrange(6):03d}"
        way_ = " ".join(way)
        return (chance.choice(AGENCIES), procedure, FIELDS[field], "result", officer, UNITS[slowest], slowest, way_, None, None, None)

    def given(self, chance: random.Random, said: tuple[str | None, ...]) -> dict[str, int]:
        """Answer."""
        worse = {"time": said[6] == SLOW_STEP, "attitude": said[4] == RUDE_COUNTER}
        answers = {one: chance.choices((0, 1, 2), PLANTED if self.planted and worse.get(one) else ORDINARY)[0] for one in POINTS}
        answers |= {one: chance.choices((1, 2, 3, 4, 5), (3, 5, 12, 40, 40))[0] for one in ("ratings", *LEVELS)}
        return {one: value for one, value in answers.items() if chance.random() >= SKIPPED}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Give them as rows of the table."""
        questions = ("ratings", *POINTS, *LEVELS)
        for batch in self.batches():
            day = FIRST + timedelta(days=364 * (batch[0].at - 1) // self.answers)
            for one in batch:
                yield (
                    UUID(int=one.at),
                    *one.said[:8],
                    day,
                    one.batch,
                    one.size,
                    one.at,
                    *(one.given.get(question) for question in questions),
                )


COLUMNS: Final = (
    *("rating_id", "agency", "procedure", "field", "occasion", "officer", "unit", "slowest", "steps"),
    *("recorded_on", "batch", "batch_size", "pos_feedback", "satisfaction", *POINTS.values(), *LEVELS.values()),
)
