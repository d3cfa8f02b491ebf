"""Step 8 of 8, query: the public events of our log from a position on. One cursor for every way: the position in the log.

`intake/1234` is the sequence 1234 of the stream in JetStream, the `id` of a server-sent event, and the `webhook-id` of a webhook: whoever
has seen one of them goes on behind it on any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kernel.edge.identity import EVERYWHERE, Principal
from kernel.edge.position import Position
from kernel.edge.service import Runtime
from kernel.eventlog import Recorded
from kernel.eventlog.sql import QUERY
from services.intake.domain.public_view import PublicEvent, public_view
from services.intake.settings import IntakeSettings

PAGE: Final = 500
"""Events of the log that are looked at for one page, public or not."""


def seen(event: Recorded) -> PublicEvent | None:
    """Give the public side of an event."""
    return public_view(event.fact)


def message(event: Recorded, public: PublicEvent) -> dict[str, Any]:
    """Give what is sent of an event: the same on every way (thin, after Standard Webhooks)."""
    cursor = str(Position(event.source, event.pos))
    return {"type": f"dossier.{public.kind}", "timestamp": event.time, "cursor": cursor, "data": public.told()}


@dataclass(frozen=True, slots=True)
class Feed:
    """Reads the log for those outside."""

    runtime: Runtime[IntakeSettings]

    async def since(self, pos: int, agencies: Sequence[str]) -> tuple[list[dict[str, Any]], int]:
        """Give the public events behind a position that are of some agencies, and how far was looked."""
        log = self.runtime.log
        rows = await log.pool.fetch(QUERY["read"], pos, PAGE)
        whose = Principal("feed", frozenset(), tuple(agencies))
        events = [log.codec.decode(log.source, row["pos"], row["body"]) for row in rows]
        found = [message(e, public) for e in events if (public := seen(e)) is not None and whose.may_touch(e.agency)]
        return found, rows[-1]["pos"] if rows else pos


def agencies_of(principal: Principal) -> list[str]:
    """Give whose events a caller sees."""
    return [EVERYWHERE] if principal.everywhere else list(principal.agencies)
