"""Beside step 5: in which order the facts of two logs are told to the national portal.

Pure: both pages come in, what may go comes out. Within a log the order is the log's own. Between the logs a fact goes behind its cause, and
a fact of the department goes behind what intake made of the dossier's facts before it. So it makes no difference to the portal how far
behind intake's own reactions were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

OWN, OTHER = "intake", "processing"
SOURCES: Final = (OWN, OTHER)


@dataclass(frozen=True, slots=True)
class Item:
    """A place in one of the logs, about a dossier. `numbers`: from this fact on the portal has a number for the dossier."""

    source: str
    pos: int
    stream: UUID
    cause: str | None
    numbers: bool

    def caused_at(self, source: str) -> int:
        """Give the position in a log of what led to this fact; 0 where that is in another."""
        of, _, pos = (self.cause or "").partition("/")
        return int(pos) if of == source else 0


@dataclass
class Merge:
    """A page of each log, and how far both are known.

    `own`: positions of our log, with the fact where the portal is told of it. `known`: facts of the department up to here are among
    `others`, or are none that the portal is told of. `answered`: up to here our own reactions to the department are in our log, looked up
    *before* `own` was read. `more`: our log may go on behind `own`. `places`: up to where each log is listed; moved on by `ready`.
    """

    own: list[tuple[int, Item | None]]
    others: list[Item]
    known: int
    answered: int
    more: bool
    places: dict[str, int]

    def ready(self) -> Sequence[Item]:
        """Take what may go now, in order; what is left waits for what is not here yet."""
        found = list[Item]()
        while True:
            if self.others and self._may_go(self.others[0]) and not self._is_awaited(self.others[0]):
                found.append(self._take_other())
            elif self.own and not self._waits_for_other(self.own[0][1]):
                self.places[OWN], item = self.own.pop(0)
                if item is not None:
                    found.append(item)
            elif self.own and self.others and self._is_crossed(self.own[0][1]) and self._may_go(self.others[0]):
                found.append(self._take_other())
            else:
                return found

    def _may_go(self, other: Item) -> bool:
        """Tell whether a fact of the department has its cause here, and whether we have reacted to all that was before it."""
        return other.caused_at(OWN) <= self.places[OWN] and other.pos <= self.answered

    def _is_awaited(self, other: Item) -> bool:
        """Tell whether something that we made of an earlier fact of the dossier has yet to go first, or may lie behind this page.

        We react in the order of the department's log: where a reaction to this fact or a later one is here, those to earlier ones are.
        """
        here = [(item.stream, cause) for _, item in self.own if item is not None and (cause := item.caused_at(OTHER))]
        if self.more and not any(cause >= other.pos for _, cause in here):
            return True
        return any(stream == other.stream and cause < other.pos for stream, cause in here)

    def _waits_for_other(self, own: Item | None) -> bool:
        cause = own.caused_at(OTHER) if own is not None else 0
        return cause > self.known or bool(self.others and self.others[0].pos <= cause)

    def _is_crossed(self, own: Item | None) -> bool:
        """Tell whether ours waits for theirs while theirs waits for ours: what was parked and applied later stands behind what came later.

        Then the department's goes first; nothing would go for ever otherwise.
        """
        return own is not None and self.others[0].pos <= own.caused_at(OTHER) <= self.known

    def _take_other(self) -> Item:
        item = self.others.pop(0)
        self.places[OTHER] = item.pos
        return item
