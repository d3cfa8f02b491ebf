"""Step 8 of 8, query: reading what one has just written. A position says how far a log is, `log/1234`.

A command answers with the position of its last event; a list takes it as `?after=` and waits, within a bound, until its
read table has got that far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final, Self

from fastapi import Query

from kernel.edge.problem import NOT_THERE_YET, retry_later
from kernel.eventlog import Log, wait_until

WAIT_SECONDS: Final = 2.0
PATTERN: Final = r"^[a-z][a-z-]{0,30}/[0-9]{1,18}$"

After = Annotated[str | None, Query(pattern=PATTERN, description="Answer once the read table is as far as this position, e.g. `log/1234`.")]
"""The type of a route's parameter `after`; what is not of that form is a 422."""


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
        Problem: 503 with Retry-After, if it has not within the bound.
    """
    if after is None:
        return
    position = Position.parse(after)
    if not await wait_until(log.pool, model, position.source, position.pos, within_seconds):
        raise retry_later(NOT_THERE_YET)
