"""Step 8 of 8, query: reading what one has just written. A position says how far a log is, `log/1234`.

A command answers with the position of its last event; a list takes it as `?after=` and waits, within a bound, until its
read table has got that far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Self

from fastapi import Query

from kernel.edge.problem import INVALID, NOT_THERE_YET, Fault, Problem, Sentence, retry_later
from kernel.eventlog import Log, Watch, answered, positions
from kernel.eventlog.sql import QUERY

WAIT_SECONDS: Final = 2.0
PATTERN: Final = r"^[a-z][a-z-]{0,30}/[0-9]{1,18}$"

After = Annotated[str | None, Query(pattern=PATTERN, description="Answer once the read table is as far as this position, e.g. `log/1234`.")]
"""The type of a route's parameter `after`; what is not of that form is a 422."""

_NOT_READ: Final = Fault(
    "query",
    "/after",
    Sentence("Danh sách này không lấy dữ liệu từ nguồn của vị trí đó.", "This list is not made from the log of that position."),
)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log of `source`; the first event stands at 1."""

    source: str
    pos: int

    @classmethod
    def parse(cls, token: str) -> Self:
        """Read `log/1234`.

        Raises:
            ValueError: if it is not of that form.
        """
        if re.fullmatch(PATTERN, token) is None:
            raise ValueError("not a position")
        source, pos = token.split("/")
        return cls(source, int(pos))

    def __str__(self) -> str:
        return f"{self.source}/{self.pos}"


async def wait_for(log: Log, model: str, after: str | None, within_seconds: float = WAIT_SECONDS) -> None:
    """Return when a read model has applied everything up to `after`; at once without one.

    Raises:
        Problem: 503 with Retry-After, if it has not within the bound; 422 for a log that it does not read, as it never would.
    """
    if after is None:
        return
    position = Position.parse(after)

    async def shown() -> int:
        found = await positions(log.pool, model)
        if found and position.source not in found:
            raise Problem(INVALID, faults=[_NOT_READ])
        return found.get(position.source, 0)

    await insist(log.watch(model, position.source, shown), position, within_seconds)


async def wait_for_answers(log: Log, reactor: str, source: str, after: str | None) -> None:
    """Return when our answers to the facts of `source` up to `after` are recorded; at once for a position of another log.

    Raises:
        Problem: 503 with Retry-After, if they are not within the bound.
    """
    if after is not None and (position := Position.parse(after)).source == source:
        await insist(log.watch(reactor, source, partial(answered, log.pool, reactor, source)), position, WAIT_SECONDS)


async def wait_for_reactions(log: Log, model: str, reactor: str, source: str, after: str | None) -> None:
    """Return when a read model shows what followed here from `after`, be it a position of the log of `source` or of our own.

    Raises:
        Problem: 503 with Retry-After, if it does not within the bound.
    """
    await wait_for_answers(log, reactor, source, after)
    if after is not None and Position.parse(after).source == source:
        # Which of our facts answers that one is not asked: whatever it is, it is in our log by now.
        after = str(Position(log.source, await log.head()))
    await wait_for(log, model, after)


async def insist(watch: Watch, position: Position, within_seconds: float) -> None:
    """Wait until the position is reached.

    Raises:
        Problem: 503 with Retry-After, if it does not within the bound.
    """
    if not await watch.until(position.pos, within_seconds):
        raise retry_later(NOT_THERE_YET)


async def freshness(log: Log, model: str) -> dict[str, dict[str, int]]:
    """Tell how far a read model of our own log is, and how many events it is behind."""
    rows = await log.pool.fetch(QUERY["freshness"], model)
    return {
        "positions": {row["source"]: row["pos"] for row in rows},
        "lag": {row["source"]: max(0, row["head"] - row["pos"]) for row in rows},
    }
