"""Step 2 of 8, handle: load a stream, fold it, decide, append; once more if somebody else was first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from kernel.eventlog.append import VERSION_KEY, Log
from kernel.eventlog.errors import Conflict, Contended, Refused, VersionMismatch
from kernel.eventlog.event import Fact, History, Meta, Slice
from kernel.eventlog.request import Beside

RETRIES_MAX: Final = 8

Command = TypeVar("Command")
State = TypeVar("State")
Result = TypeVar("Result")


@dataclass(frozen=True)  # no slots: a generic with both cannot be made under its own parameters
class Decider(Generic[Command, State]):
    """One aggregate's three names: where it begins, what a command leads to, what a fact makes of it. All pure."""

    initial: State
    decide: Callable[[Command, State], Sequence[Any]]
    evolve: Callable[[State, Any], State]

    def fold(self, facts: Sequence[Any], state: State | None = None) -> State:
        """Give the state after some facts, from the beginning or from `state` on."""
        return reduce(self.evolve, facts, self.initial if state is None else state)

    def state_of(self, history: History) -> State:
        """Give the state that a history leads to."""
        return self.fold([event.fact for event in history.events])


@dataclass(frozen=True, slots=True)
class Outcome(Generic[State]):
    """What a command led to: the stream's version and position now, its state, and the facts that are new."""

    stream: UUID
    version: int
    pos: int
    state: State
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Target(Generic[Command, State]):
    """A command, and the stream and decider that it is for."""

    stream: UUID
    decider: Decider[Command, State]
    command: Command


async def carry_out(
    log: Log,
    target: Target[Command, State],
    meta: Meta,
    *,
    agency: str,
    expected: int | None = None,
    beside: Callable[[Outcome[State]], Beside] | None = None,
    also: Callable[[Outcome[State]], Sequence[Slice]] | None = None,
    tries: int = RETRIES_MAX,
) -> Outcome[State]:
    """Carry a command out on its stream.

    Args:
        log: the service's own log.
        target: stream, decider and command.
        meta: who, when, why.
        agency: whose events these are.
        expected: the version that the caller has seen, if the caller insists on it.
        beside: rows to be stored with the facts, made from the outcome (its `pos` is not known yet and 0).
        also: facts of further streams to be stored in the same commit.
        tries: how often to decide anew when somebody else was first; 1 where `also` was decided outside.

    Raises:
        Refused: if the command makes no sense in this state.
        VersionMismatch: if `expected` is not the version.
        Conflict: if a row beside the events is there already.
        Contended: if others kept being first.
        Busy: if the database is away.
    """
    for _ in range(tries):
        history, state, facts = await decided(log, target, expected)
        if not facts:
            return Outcome(target.stream, history.version, history.pos, state, ())
        after = target.decider.fold(facts, state)
        outcome = Outcome(target.stream, history.version + len(facts), 0, after, facts)
        # The command's own facts come last: the position of the whole is then that of its stream.
        slices = [*(also(outcome) if also else ()), Slice(history, agency, facts, after)]
        try:
            appended = await log.append(slices, meta, beside(outcome) if beside else None)
        except Conflict as conflict:
            log.recent.forget([target.stream])
            if conflict.constraint != VERSION_KEY:
                raise
            continue
        return Outcome(target.stream, outcome.version, appended.pos, after, facts)
    raise Contended


async def decided(log: Log, target: Target[Command, State], expected: int | None = None) -> tuple[History, State, Sequence[Any]]:
    """Decide a command; give where its stream stood, its state, and what the command leads to.

    What is remembered of the stream is good enough for facts, which are appended under a version. A refusal, or that there is
    nothing to do, is said only of what is stored.

    Raises:
        Refused: if the command makes no sense in this state.
        VersionMismatch: if `expected` is not the version.
        Busy: if the database is away.
    """
    decider = target.decider
    if (remembered := log.recent.get(target.stream)) is not None and expected in {None, remembered[0].version}:
        with contextlib.suppress(Refused):
            if facts := decider.decide(target.command, remembered[1]):
                return *remembered, facts
    history = await log.load(target.stream)
    if expected is not None and history.version != expected:
        raise VersionMismatch(expected, history.version)
    state = decider.state_of(history)
    return history, state, decider.decide(target.command, state)


async def state_before(log: Log, stream: UUID, decider: Decider[Command, State]) -> State:
    """Give the state of a stream to prepare a command with; it may be that of a moment ago, so nothing is refused or told because of it."""
    if (remembered := log.recent.get(stream)) is not None:
        return remembered[1]
    history = await log.load(stream)
    state = decider.state_of(history)
    if history.version:
        log.recent.keep(History(stream, history.version, history.pos, history.hash), state)
    return state


async def next_in_book(log: Log, book: UUID, work: Callable[[History], Awaitable[Result]]) -> Result:
    """Let `work` take the next number of a book: a stream whose version is the last number given.

    `work` gets where the book stands, without its events, and should carry out its command with `tries=1` and the book's new fact
    in `also`. The next caller takes the number after it as soon as that is on its way to the log: many numbers share a commit, and
    where one is not stored, neither are those after it. If somebody else was first, `work` gets the newer history.

    Raises:
        Contended: if others kept being first.
    """
    for _ in range(RETRIES_MAX):
        async with log.turns.setdefault(book, asyncio.Lock()):
            tip = await log.tip(book)
            working = asyncio.ensure_future(work(tip))
            working.add_done_callback(lambda _, tip=tip: tip.taken.set())
            try:
                await tip.taken.wait()
            except asyncio.CancelledError:
                working.cancel()
                raise
        with contextlib.suppress(Contended):
            return await working
    raise Contended
