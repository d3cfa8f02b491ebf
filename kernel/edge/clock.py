"""Step 1 of 8, http_api: what time it is for a command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from kernel.edge.problem import INVALID, Fault, Problem, Sentence

HEADER: Final = "Motcua-Demo-Time"

DEMO_FROM: Final = datetime(2000, 1, 1, tzinfo=UTC)
DEMO_UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)

_BAD: Final = Fault(
    "header",
    f"/{HEADER}",
    Sentence(
        "Phải là thời điểm theo RFC 3339 có múi giờ, ví dụ 2026-03-31T08:00:00+07:00.",
        "Must be an instant as of RFC 3339 with an offset, for example 2026-03-31T08:00:00+07:00.",
    ),
)
_FAR: Final = Fault("header", f"/{HEADER}", Sentence("Phải từ năm 2000 đến năm 2099.", "Must lie in the years 2000 to 2099."))


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock; with `demo`, a request may say by header what time it is to be."""

    demo: bool = False

    def now(self, request: Request) -> datetime:
        """Give the instant of a command (aware, UTC).

        Raises:
            Problem: 422, if the demo header is no instant, or one so far away that calendars and clocks end before it.
        """
        if not self.demo or (said := request.headers.get(HEADER)) is None:
            return datetime.now(UTC)
        try:
            instant = datetime.fromisoformat(said)
            if instant.tzinfo is None:
                raise Problem(INVALID, faults=[_BAD])
            if not DEMO_FROM <= instant < DEMO_UNTIL:
                raise Problem(INVALID, faults=[_FAR])
            return instant.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Problem(INVALID, faults=[_BAD]) from error
