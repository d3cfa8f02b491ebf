"""The safeties of the log, each with the smallest change that switches it off."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """`old` stands exactly once in `file`; with `new` in its place the safety is gone, and from seed `first` on `finding` is found."""

    safety: str
    file: str
    old: str
    new: str
    finding: str
    first: int

    @property
    def text(self) -> str:
        """The file as it is."""
        return (ROOT / self.file).read_text(encoding="utf-8")

    def plant(self, folder: Path) -> Path:
        """Copy the kernel into a folder, with the change in it."""
        shutil.copytree(ROOT / "kernel", folder / "kernel", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / self.file).write_text(self.text.replace(self.old, self.new), encoding="utf-8")
        return folder


MUTATIONS: Final = (
    Mutation(
        "expected-sequence header",
        "kernel/eventlog/relay.py",
        'header = b"NATS/1.0\\r\\nNats-Expected-Last-Sequence:%d\\r\\n\\r\\n" % (pos - 1)',
        'header = b"NATS/1.0\\r\\nNats-Position:%d\\r\\n\\r\\n" % (pos - 1)',
        "not level",
        11,
    ),
    Mutation(
        "checkpoint compare-and-set",
        "kernel/eventlog/queries.sql",
        "WHERE consumer = $1 AND source = $2 AND pos = $3",
        "WHERE consumer = $1 AND source = $2 AND $3::bigint >= 0",
        "goes back",
        40,
    ),
    Mutation(
        "checkpoints of the other logs",
        "kernel/eventlog/queries.sql",
        "other.pos < known.pos",
        "other.pos < 0",
        "is shown before",
        924,
    ),
    Mutation(
        "head lock",
        "kernel/eventlog/queries.sql",
        "RETURNING pos - $1 AS base",
        "RETURNING (SELECT pos FROM log.head) AS base",
        "event_pkey",
        20,
    ),
    Mutation(
        "contiguity check",
        "kernel/eventlog/tail.py",
        "if sequence != self._seen + 1:",
        "if sequence <= self._seen:",
        "is shown before",
        14,
    ),
    Mutation(
        "idempotent event id",
        "kernel/eventlog/append.py",
        'if found is None or event_id(found["body"]) != last.id:',
        "if True:",
        "is stored",
        0,
    ),
    Mutation(
        "idempotent event id: only ours",
        "kernel/eventlog/append.py",
        'if found is None or event_id(found["body"]) != last.id:',
        "if found is None:",
        "lost",
        0,
    ),
    Mutation(
        "nobody builds on what was not stored",
        "kernel/eventlog/request.py",
        "return any(before.stored is False for before in self.follows)",
        "return False",
        "not level",
        0,
    ),
    Mutation(
        "what builds on something waits for it",
        "kernel/eventlog/append.py",
        "asyncio.get_running_loop().create_future(), follows)",
        "asyncio.get_running_loop().create_future(), [])",
        "a broken chain",
        0,
    ),
    Mutation(
        "parking: order within a parked stream",
        "kernel/eventlog/consume.py",
        "return isinstance(event, Unreadable) or event.stream in self._parked",
        "return isinstance(event, Unreadable)",
        "after",
        0,
    ),
    Mutation(
        "parking: remembered by whoever begins",
        "kernel/eventlog/consume.py",
        'self._parked = {row["stream"] for row in await connection.fetch(QUERY["parked_streams"], self.name)}',
        "self._parked = set()",
        "after",
        0,
    ),
    Mutation(
        "cause cut",
        "kernel/eventlog/consume.py",
        "if (cause := self._missing(source, event)) is not None:",
        "if (cause := self._missing(source, event)) is not None and False:",
        "before the deposit",
        0,
    ),
    Mutation(
        "checkpoint and effect in one transaction",
        "kernel/eventlog/consume.py",
        "async with connection.transaction():\n            await self._move(connection, source, batch, durable",
        "if connection:\n            await self._move(connection, source, batch, durable",
        "has 0",
        0,
    ),
    Mutation(
        "what was sent, in a heartbeat",
        "kernel/eventlog/tail.py",
        'if (sent := int(headers.get(LAST_SENT, "0"))) > self._seen and self._doubt is None:',
        'if (sent := int(headers.get(LAST_SENT, "0"))) < 0:',
        "not level",
        165,
    ),
)
