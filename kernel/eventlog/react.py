"""Step 6 of 8, consume: answer facts of another service with facts of one's own, exactly once.

The checkpoint moves and the answers are appended in one transaction. An answer's id is made from the fact that it answers,
its time is that fact's time, and its cause names that fact: whoever replays gets the same history.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg

from kernel.eventlog.append import Log, history_of
from kernel.eventlog.consume import Consumer
from kernel.eventlog.decide import Decider
from kernel.eventlog.errors import Doubt
from kernel.eventlog.event import Fact, History, Meta, Recorded, Row, Slice, rows_of
from kernel.eventlog.request import append_arguments, append_statement
from kernel.eventlog.sql import QUERY, Connection


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a fact leads to here: a command for one stream."""

    stream: UUID
    decider: Decider[Any, Any]
    command: Any


@dataclass(frozen=True, slots=True)
class Reactor:
    """What one service does when another has done something.

    `react` is pure and gives None for what is not its business; it is asked of `facts` alone (None = of all).
    """

    name: str
    source: str
    react: Callable[[Recorded], Reaction | None]
    facts: Collection[type[Fact]] | None = None


class Reacting(Consumer):
    """Runs one reactor over one source."""

    def __init__(self, reactor: Reactor, log: Log) -> None:
        """Keep the reactor and the log that its answers go into."""
        super().__init__(reactor.name, (reactor.source,), log.pool, log.codec, reactor.facts)
        self.reactor = reactor
        self.log = log
        self._statement = append_statement()

    async def write(self, connection: Connection, source: str, events: Sequence[Recorded]) -> None:
        """Decide on each fact in order and append all answers with one statement.

        Raises:
            Doubt: if a stream moved on meanwhile, or the log is halted; the batch is then read again.
        """
        reactions = [(event, reaction) for event in events if (reaction := self.reactor.react(event)) is not None]
        if not reactions:
            return
        histories = await self._histories(connection, [reaction.stream for _, reaction in reactions])
        # A log that was recovered from its stream has answers that the checkpoint, restored with the backup, knows nothing of.
        answered = {event.id.rpartition("/")[0] for history in histories.values() for event in history.events}
        states: dict[UUID, Any] = {}
        rows: list[Row] = []
        recorded_at = datetime.now(UTC)
        for event, reaction in reactions:
            command_id = f"{self.name}:{source}/{event.pos}"
            if command_id in answered:
                continue
            history = histories.get(reaction.stream) or History(reaction.stream)
            if reaction.stream not in states:
                states[reaction.stream] = reaction.decider.state_of(history)
            facts = reaction.decider.decide(reaction.command, states[reaction.stream])
            if not facts:
                continue
            meta = Meta(
                command_id=command_id,
                actor=f"system:{self.log.source}",
                time=event.time,
                cause=f"{source}/{event.pos}",
                traceparent=event.traceparent,
            )
            new = rows_of(self.log.source, Slice(history, event.agency, facts), meta, recorded_at, first=0)
            rows += new
            states[reaction.stream] = reaction.decider.fold(facts, states[reaction.stream])
            histories[reaction.stream] = History(reaction.stream, new[-1].version, 0, new[-1].hash)
        if rows:
            self.log.recent.forget(states)
            try:
                await connection.fetchval(self._statement, *append_arguments(rows, (), ()))
            except (asyncpg.UniqueViolationError, asyncpg.CheckViolationError) as error:
                message = f"{self.name}: a stream moved on while its facts were decided, or the log is halted: {error.constraint_name}"
                raise Doubt(message) from error

    async def _histories(self, connection: Connection, streams: Sequence[UUID]) -> dict[UUID, History]:
        found = await connection.fetch(QUERY["load_many"], list(set(streams)))
        return {
            stream: history_of(self.log.source, self.codec, stream, list(rows)) for stream, rows in groupby(found, key=itemgetter("stream"))
        }

    def committed(self) -> None:
        """Tell the relay and the log's own readers that there is something new."""
        self.log.committed()
