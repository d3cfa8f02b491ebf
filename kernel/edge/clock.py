"""Step 1 of 8, http_api: what time it is for a command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from kernel.edge.problem import INVALID, Fault, Problem, Sentence

HEADER: Final = "Motcua-Demo-Time"

_BAD: Final = Fault(
    "header",
    f"/{HEADER}",
    Sentence(
        "Phải là thời điểm theo RFC 3339 có múi giờ, ví dụ 2026-03-31T08:00:00+07:00.",
        "Must be an instant as of RFC 3339 with an offset, for example 2026-03-31T08:00:00+07:00.",
    ),
)


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock; with `demo`, a request may say by header what time it is to be."""

    demo: bool = False

    def now(self, request: Request) -> datetime:
        """Give the instant of a command (aware, UTC).

        Raises:
            Problem: 422, if the demo header is no instant.
        """
        if not self.demo or (said := request.headers.get(HEADER)) is None:
            return datetime.now(UTC)
        try:
            instant = datetime.fromisoformat(said)
            if instant.tzinfo is None:
                raise Problem(INVALID, faults=[_BAD])
            return instant.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Problem(INVALID, faults=[_BAD]) from error
