"""Step 1 of 8, http_api: as of when a question about figures is asked. Periods say when something happened, this says when it was known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from fastapi import Query
from pydantic import StringConstraints

from kernel.edge.position import Position, wait_for
from kernel.edge.problem import BUSY, INVALID, Fault, Problem, Sentence, retry_later
from services.reporting.projections import MIRROR
from services.reporting.query import JUDGED_BY, Asked, Mirror
from services.reporting.trace import Away

AsOf = Annotated[
    list[Annotated[str, StringConstraints(max_length=40)]] | None,
    Query(
        max_length=len(JUDGED_BY),
        description="What was known then: positions, e.g. `intake/120`, one of each log (one that is not named: as now); or one "
        "instant with its offset, e.g. `2026-07-05T10:00:00Z`: what was recorded by then. The answer's `positions` say the same for ever.",
    ),
]

NO_PERIOD: Final = Fault(
    "query",
    "/from",
    Sentence("Hỏi theo as_of thì phải nêu cả from và to.", "Whoever asks as of a past moment says the period: from and to."),
)
NO_MOMENT: Final = Fault(
    "query",
    "/as_of",
    Sentence(
        "Phải là vị trí của mỗi nhật ký ({logs}), mỗi nhật ký một lần, hoặc một thời điểm kèm múi giờ.",
        "This must be a position of each log ({logs}), of each once, or one instant with its offset.",
    ).filled(logs=", ".join(JUDGED_BY)),
)


async def positions_of(mirror: Mirror, as_of: list[str] | None, asked: Asked) -> Mapping[str, int] | None:
    """Give the positions that are meant, once the mirror is as far as they are; None = now.

    Raises:
        Problem: 422 if it is no moment, or the period is not said; 503 if the mirror is not as far, or nobody can tell the positions.
    """
    if not as_of:
        return None
    if asked.first is None or asked.last is None:
        raise Problem(INVALID, faults=[NO_PERIOD])
    if len(as_of) == 1 and (instant := instant_of(as_of[0])) is not None:
        try:
            return await mirror.recorded_by(instant)
        except Away as error:
            raise retry_later(BUSY) from error
    positions = dict[str, int]()
    for token in as_of:
        try:
            position = Position.parse(token)
        except ValueError as error:
            raise Problem(INVALID, faults=[NO_MOMENT]) from error
        if position.source not in JUDGED_BY or position.source in positions:
            raise Problem(INVALID, faults=[NO_MOMENT])
        await wait_for(mirror.runtime.log, MIRROR.name, token)
        positions[position.source] = position.pos
    return positions


def instant_of(token: str) -> datetime | None:
    """Read an instant with its offset; None if it is none."""
    try:
        instant = datetime.fromisoformat(token)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
