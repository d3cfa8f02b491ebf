"""Step 8 of 8, query: a dossier as it stood, at an instant or after so many of its facts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Final

from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from kernel.eventlog import History

NOT_THAT_FAR: Final = Fault("query", "/version", Sentence("Hồ sơ chưa có phiên bản này.", "The dossier has not come to this version yet."))


@dataclass(frozen=True, slots=True)
class When:
    """Which facts of a dossier count: those before the first that is later than `as_of`, and no more than `version`; without both, all."""

    as_of: datetime | None = None
    version: int | None = None

    def of(self, history: History) -> History:
        """Give the beginning of a history.

        Raises:
            Problem: 422, if the history has not come to that version.
        """
        if self.as_of is None and self.version is None:
            return history
        if self.version is not None and self.version > history.version:
            raise Problem(INVALID, faults=[NOT_THAT_FAR])
        events = history.events[: self.version]
        if (as_of := self.as_of) is not None:
            events = tuple(takewhile(lambda event: event.time <= as_of, events))
        return replace(history, version=len(events), pos=events[-1].pos if events else 0, events=events)


NOW: Final = When()
