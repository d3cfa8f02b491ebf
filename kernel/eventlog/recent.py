"""Step 2 of 8, handle: what the last commands led to is remembered for a moment, so that the next one need not read it again.

A memory can be old: other processes append too. That harms nobody, because what is decided on it is appended under a version,
and who comes too late gets a conflict. Only a decision that appends nothing is not guarded so, and is made on what is stored.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from kernel.eventlog.event import History

STREAMS_MAX: Final = 4096
SECONDS_MAX: Final = 60.0


@dataclass
class Recent:
    """Where some streams stood, without their events, and the state that their events led to."""

    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[UUID, tuple[float, History, Any]] = field(
        default_factory=OrderedDict[UUID, "tuple[float, History, Any]"], init=False
    )

    def get(self, stream: UUID) -> tuple[History, Any] | None:
        """Give what is remembered of a stream."""
        at, history, state = self._known.get(stream, (0.0, None, None))
        return None if history is None or self.clock() - at > SECONDS_MAX else (history, state)

    def keep(self, history: History, state: Any) -> None:
        """Remember where a stream stands."""
        self._known[history.stream] = (self.clock(), history, state)
        self._known.move_to_end(history.stream)
        if len(self._known) > STREAMS_MAX:
            self._known.popitem(last=False)

    def forget(self, streams: Iterable[UUID]) -> None:
        """Forget streams that have moved on."""
        for stream in streams:
            self._known.pop(stream, None)
