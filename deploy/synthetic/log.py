"""The logs of a synthetic year: facts get positions, chains and seals as in a service, and go out as the bundle that `verify` reads."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.eventlog import Decider, History, Meta, Recorded, Slice
from kernel.eventlog.event import NO_HASH, rows_of
from kernel.eventlog.seal import SEAL_EVENTS_MAX, Seal, Signed, key_id_of, merkle_root

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deploy.local.bundle import Writer

BOOKS_MAX: Final = 64
"""How many streams that nobody's life holds (registers, books) are remembered; an older one is done with."""


@dataclass
class Stream:
    """One aggregate as it stands."""

    source: str
    decider: Decider[Any, Any]
    history: History
    state: Any


@dataclass
class _One:
    """One service's log: its last position, and what no seal covers yet."""

    pos: int = 0
    hashes: list[bytes] = field(default_factory=list[bytes])
    previous: bytes = NO_HASH


@dataclass
class Log:
    """Writes the facts of all services in the order in which they are told.

    The key of the seals is made of the seed: it says that the file is whole, and nothing of who made it.
    """

    writer: Writer
    seed: int
    counted: Counter[str] = field(default_factory=Counter[str])
    _logs: dict[str, _One] = field(default_factory=dict[str, _One])
    _tips: dict[UUID, History] = field(default_factory=dict[UUID, History])
    heard: Callable[[Recorded, bytes], None] | None = None
    """Is told each event with its bytes: for whoever has no use for the file."""

    def tip(self, stream: UUID) -> History:
        """Give the end of a stream that is nobody's life: a register, a book."""
        return self._tips.get(stream) or History(stream)

    def append(
        self, source: str, slice_: Slice, command_id: str, actor: str, at: datetime, cause: str | None = None, first: int = 0
    ) -> tuple[History, list[Recorded]]:
        """Append facts to a stream; give its new end, and the events as a reader has them."""
        log = self._logs.setdefault(source, _One())
        meta = Meta(command_id, actor, at, cause=cause)
        events = list[Recorded]()
        history = slice_.history
        for row, fact in zip(rows_of(source, slice_, meta, at, first), slice_.facts, strict=True):
            log.pos += 1
            self.counted[fact.TYPE] += 1
            known: dict[str, Any] = {"agency": slice_.agency, "actor": actor, "cause": cause, "traceparent": None, "fact": fact}
            event = Recorded(source, log.pos, row.stream, row.version, row.id, fact.TYPE, at, at, **known)
            events.append(event)
            self.writer.event(source, log.pos, row.body)
            log.hashes.append(row.hash)
            if self.heard is not None:
                self.heard(event, row.body)
            history = History(row.stream, row.version, log.pos, row.hash)
        if len(log.hashes) >= SEAL_EVENTS_MAX:
            self._seal(source, at)
        return history, events

    def enter(self, source: str, slice_: Slice, command_id: str, actor: str, at: datetime, first: int = 0) -> None:
        """Append to a stream that is nobody's life, and remember its end."""
        self._tips.pop(slice_.history.stream, None)
        self._tips[slice_.history.stream], _ = self.append(source, slice_, command_id, actor, at, first=first)
        if len(self._tips) > BOOKS_MAX:
            del self._tips[next(iter(self._tips))]

    def close(self, at: datetime) -> None:
        """Seal what no seal covers yet, and write the keys."""
        for source, log in self._logs.items():
            if log.hashes:
                self._seal(source, at)
            self.writer.key(source, self._key(source).public_key())

    def _seal(self, source: str, at: datetime) -> None:
        log, key = self._logs[source], self._key(source)
        seal = Seal(source, log.pos, merkle_root(log.hashes), log.previous, at)
        self.writer.seal(Signed(seal, key_id_of(key.public_key()), key.sign(seal.digest)))
        log.hashes, log.previous = [], seal.digest

    def _key(self, source: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"synthetic {self.seed} {source}".encode()).digest())
