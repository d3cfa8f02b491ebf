"""A database server that speaks PostgreSQL's protocol and knows the statements of the log, their locks and their ways to fail.

It stands where PostgreSQL stands: asyncpg talks to it through the simulated network and cannot tell the difference. What a
transaction has written nobody else sees before it commits; a row that somebody has written is locked until then; what
commits with `synchronous_commit = off` may be lost in a crash, and nothing else. `test_servers.py` holds it to what the real
one does with the same statements.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final, TypeAlias
from uuid import UUID

from tests.simulation import postgres_wire as wire_format
from tests.simulation.loop import SimulatedLoop, Wire

FSYNC_SECONDS: Final = (0.0002, 0.002)
WAL_WRITER_SECONDS: Final = 0.6
"""After three of its rounds the WAL writer has flushed whatever was committed without waiting."""
LEASE_SECONDS: Final = 10.0
CHECK_SECONDS: Final = 0.1

CANCEL: Final = 80877102
STARTUP: Final = 196608

Key: TypeAlias = tuple[Any, ...]
"""A table's name, then the row's key."""

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = list[tuple[Any, ...]]
Work: TypeAlias = Generator["float | Transaction", None, tuple[str, Rows]]
"""Runs a statement; yields what it waits for: seconds, or another transaction's end. Gives the command tag and the rows."""


class Refusal(Exception):  # noqa: N818 - the server says no
    """An error as PostgreSQL numbers it."""

    def __init__(self, code: str, words: str, constraint: str = "") -> None:
        super().__init__(words)
        self.code = code
        self.constraint = constraint


@dataclass(eq=False)
class Transaction:
    """What is written and not committed yet, the locks that it holds, and who waits for its end."""

    writes: dict[Key, Row | None] = field(default_factory=dict[Key, "Row | None"])
    locks: set[Key] = field(default_factory=set[Key])
    waiting: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    waits_for: Transaction | None = None
    explicit: bool = False
    failed: bool = False
    synchronous: bool = True


@dataclass(frozen=True)
class Statement:
    """A statement that the server knows: its parameters' types, its result's columns, and how to run it."""

    parameters: tuple[int, ...]
    columns: tuple[tuple[str, int], ...]
    run: Callable[[Transaction, list[Any]], Work]


class Database:
    """One server with one database."""

    def __init__(self, loop: SimulatedLoop, epoch: UUID, prepare: Callable[[Database, str], Statement]) -> None:
        self.loop = loop
        self.up = True
        self.starting = False
        self.slow_seconds = 0.0
        self.lost_answers = 0.0
        self.committed: dict[str, dict[Key, Row]] = {}
        self.locks: dict[Key, Transaction] = {}
        self.sessions: dict[int, DatabaseSession] = {}
        self.schemas: dict[str, dict[str, dict[str, str]]] = {}
        self.unflushed: deque[tuple[float, dict[Key, Row | None]]] = deque()
        self.known: dict[str, Statement] = {}
        self.prepare = prepare
        self.watch: Callable[[Transaction], None] = lambda _: None
        self._pids = count(1)
        self.table("head")[("head",)] = {"pos": 0, "epoch": epoch, "halted_at": None}

    def table(self, name: str) -> dict[Key, Row]:
        """Give the committed rows of a table."""
        return self.committed.setdefault(name, {})

    def statement(self, sql: str) -> Statement:
        """Give a statement by its text."""
        if sql not in self.known:
            self.known[sql] = self.prepare(self, sql)
        return self.known[sql]

    def accept(self, wire: Wire) -> DatabaseSession:
        """Begin a session."""
        pid = next(self._pids)
        self.sessions[pid] = DatabaseSession(self, wire, pid)
        return self.sessions[pid]

    # Reading and writing within a transaction.

    def get(self, transaction: Transaction, key: Key) -> Row | None:
        """Give a row as the transaction sees it."""
        return transaction.writes[key] if key in transaction.writes else self.table(key[0]).get(key)

    def rows(self, transaction: Transaction, table: str) -> Iterable[tuple[Key, Row]]:
        """Give the rows of a table as the transaction sees them."""
        for key, row in self.table(table).items():
            if key not in transaction.writes:
                yield key, row
        for key, row in transaction.writes.items():
            if key[0] == table and row is not None:
                yield key, row

    def lock(self, transaction: Transaction, key: Key) -> Generator[Transaction]:
        """Wait until nobody else holds a row, then hold it until the transaction ends."""
        while (holder := self.locks.get(key)) is not None and holder is not transaction:
            other: Transaction | None = holder
            while other is not None:
                if other is transaction:
                    raise Refusal("40P01", "deadlock detected")
                other = other.waits_for
            transaction.waits_for = holder
            try:
                yield holder
            finally:
                transaction.waits_for = None
        self.locks[key] = transaction
        transaction.locks.add(key)

    def write(self, transaction: Transaction, key: Key, row: Row | None) -> Generator[Transaction]:
        """Lock a row and write it."""
        yield from self.lock(transaction, key)
        transaction.writes[key] = row

    def insert(self, transaction: Transaction, key: Key, row: Row, constraint: str) -> Generator[Transaction]:
        """Insert a row whose key nobody has; whoever is about to insert the same is waited for."""
        yield from self.lock(transaction, key)
        if self.get(transaction, key) is not None:
            raise Refusal("23505", f'duplicate key value violates unique constraint "{constraint}"', constraint)
        transaction.writes[key] = row

    # The end of a transaction.

    def commit(self, transaction: Transaction) -> None:
        """Let everybody see what was written. A synchronous commit takes with it to the disk whatever was committed before."""
        self.watch(transaction)
        before: dict[Key, Row | None] = {}
        for key, row in transaction.writes.items():
            table = self.table(key[0])
            before[key] = table.get(key)
            if row is None:
                table.pop(key, None)
            else:
                table[key] = row
        if transaction.synchronous:
            self.unflushed.clear()
        elif before:
            self.unflushed.append((self.loop.time(), before))
        self.end(transaction)

    def end(self, transaction: Transaction) -> None:
        """Give back the locks and wake those who wait for them."""
        for key in transaction.locks:
            self.locks.pop(key, None)
        transaction.locks.clear()
        transaction.writes = {}
        waiting, transaction.waiting = transaction.waiting, []
        for wake in waiting:
            self.loop.call_soon(wake, context=self.loop.network.outside)

    # Faults.

    def crash(self) -> None:
        """Go down at once: open transactions are gone, and the last of those that were committed and not yet flushed."""
        self.up = False
        for session in list(self.sessions.values()):
            session.crash()
        while self.unflushed and self.unflushed[0][0] < self.loop.time() - WAL_WRITER_SECONDS:
            self.unflushed.popleft()
        for _ in range(self.loop.random.randint(0, len(self.unflushed))):
            for key, row in self.unflushed.pop()[1].items():
                if row is None:
                    self.table(key[0]).pop(key, None)
                else:
                    self.table(key[0])[key] = row
        self.unflushed.clear()
        self.locks.clear()

    def copy(self) -> dict[str, dict[Key, Row]]:
        """Give a copy of everything that is committed, as a backup would hold it."""
        return {name: dict(rows) for name, rows in self.committed.items()}

    def restore(self, copy: dict[str, dict[Key, Row]]) -> None:
        """Come up again with what a copy holds."""
        self.crash()
        self.committed = {name: dict(rows) for name, rows in copy.items()}
        self.restart()

    def restart(self) -> None:
        """Come up again; for a moment the server says that it is starting."""
        self.up, self.starting = True, True
        self.loop.call_later(self.loop.random.random(), self._started, context=self.loop.network.outside)

    def _started(self) -> None:
        self.starting = False

    def disconnect_somebody(self, chance: Random) -> None:
        """End one session, as an administrator or a firewall would."""
        if self.sessions:
            self.sessions[chance.choice(list(self.sessions))].wire.reset()

    def forget_holder(self, lock: Key) -> bool:
        """Lose the session that holds an advisory lock, while its client goes on believing in it; give whether there was one."""
        for session in list(self.sessions.values()):
            if lock in session.advisory.locks:
                session.wire.forget()
                return True
        return False


class DatabaseSession:
    """One backend: a client's statements, one after the other."""

    def __init__(self, database: Database, wire: Wire, pid: int) -> None:
        self.database = database
        self.wire = wire
        self.pid = pid
        self.transaction = Transaction()
        self.advisory = Transaction()
        self._buffer = b""
        self._ready: deque[tuple[bytes, bytes]] = deque()
        self._statements: dict[str, Statement] = {}
        self._bound: tuple[Statement, list[Any]] | None = None
        self._work: Generator[float | Transaction] | None = None
        self._committing = False
        self._greeted = False
        self._heard_at = 0.0
        self._skipping = False
        self._gone = False

    # The connection.

    def lost(self) -> None:
        """The client is gone: what it has sent is carried out, as nobody looks at the connection before; the rest is rolled back."""
        self._gone = True
        if self._work is None:
            self._leave()

    def crash(self) -> None:
        """The server is gone. A commit that is on its way to the disk has arrived there, or it has not."""
        self._gone = True
        work, self._work = self._work, None
        if work is not None and self._committing and self.database.loop.random.random() < 1 / 2:
            self.database.commit(self.transaction)
        self._ready.clear()
        self._leave()
        self.wire.reset()

    def _leave(self) -> None:
        self.database.end(self.transaction)
        self.database.end(self.advisory)
        self.database.sessions.pop(self.pid, None)

    def received(self, data: bytes) -> None:
        """Take bytes; run every whole message."""
        self._heard_at = self.database.loop.time()
        buffer = self._buffer + data
        while len(buffer) >= (5 if self._greeted else 8):
            at = 1 if self._greeted else 0
            (size,) = struct.unpack_from("!i", buffer, at)
            if len(buffer) < size + at:
                break
            if self._greeted:
                self._ready.append((buffer[:1], buffer[5 : size + 1]))
            else:
                self._greet(buffer[4:size])
            buffer = buffer[size + at :]
        self._buffer = buffer
        self._go_on()

    def _greet(self, body: bytes) -> None:
        (code,) = struct.unpack_from("!i", body)
        if code == CANCEL:
            (pid,) = struct.unpack_from("!i", body, 4)
            if pid in self.database.sessions:
                self.database.sessions[pid].cancel()
            self.wire.reset()
            return
        assert code == STARTUP, "the simulated server has no TLS: sslmode=disable"
        if self.database.starting:
            self.wire.send(wire_format.error("57P03", "the database system is starting up"))
            self.wire.reset()
            return
        self._greeted = True
        if b"idle_session_timeout\x0010s\0" in body:
            self._lease()
        settings = {"server_version": "18.0", "client_encoding": "UTF8", "standard_conforming_strings": "on", "TimeZone": "UTC"}
        said = [wire_format.message(b"R", struct.pack("!i", 0))]
        said += [wire_format.message(b"S", wire_format.text(name, value)) for name, value in settings.items()]
        said.append(wire_format.message(b"K", struct.pack("!ii", self.pid, 0)))
        self.wire.send(b"".join(said) + self._idle())

    def _lease(self) -> None:
        """End the session when nothing has come for as long as `idle_session_timeout` says, which only leaders set."""
        silent = self.database.loop.time() - self._heard_at
        if silent >= LEASE_SECONDS and self._work is None and not self.transaction.explicit:
            self.wire.send(wire_format.error("57P05", "terminating connection due to idle-session timeout"))
            self.wire.reset()
        elif not self._gone:
            later = max(LEASE_SECONDS - silent, CHECK_SECONDS)
            self.database.loop.call_later(later, self._lease, context=self.database.loop.network.outside)

    def _idle(self) -> bytes:
        status = b"I" if not self.transaction.explicit else b"E" if self.transaction.failed else b"T"
        return wire_format.message(b"Z", status)

    # Running.

    def cancel(self) -> None:
        """Break off what runs, unless it is about to be durable."""
        if self._work is not None and not self._committing:
            try:
                self._wait_for(self._work.throw(Refusal("57014", "canceling statement due to user request")))
            except StopIteration:
                self._work = None
                self._go_on()

    def _go_on(self) -> None:
        """Run messages until one of them has to wait."""
        while self._work is None and self._ready:
            kind, body = self._ready.popleft()
            self._work = self._carry_out(kind, body)
            self._step()
        if self._work is None and self._gone:
            self._leave()

    def _step(self) -> None:
        work = self._work
        if work is None:
            return
        try:
            waits_for = next(work)
        except StopIteration:
            self._work = None
        else:
            self._wait_for(waits_for)

    def _wait_for(self, what: float | Transaction) -> None:
        work = self._work

        def wake() -> None:
            if self._work is work and work is not None:
                self._step()
                self._go_on()

        if isinstance(what, Transaction):
            what.waiting.append(wake)
        else:
            self.database.loop.call_later(what, wake, context=self.database.loop.network.outside)

    def _carry_out(self, kind: bytes, body: bytes) -> Generator[float | Transaction]:
        if self._skipping and kind != b"S":
            return
        try:
            yield from self._answer(kind, body)
        except Refusal as refusal:
            self._fail()
            self.wire.send(wire_format.error(refusal.code, str(refusal), refusal.constraint))
            if kind == b"Q":
                self.wire.send(self._idle())
            else:
                self._skipping = True

    def _fail(self) -> None:
        if self.transaction.explicit:
            self.transaction.failed = True
        else:
            self.database.end(self.transaction)
            self.transaction = Transaction()

    def _answer(self, kind: bytes, body: bytes) -> Generator[float | Transaction]:
        match kind:
            case b"P":
                name, sql, _ = body.split(b"\0", 2)
                self._statements[name.decode()] = self.database.statement(sql.decode())
                self.wire.send(wire_format.message(b"1"))
            case b"D":
                statement = self._statements[body[1:-1].decode()]
                self.wire.send(wire_format.parameter_types(statement.parameters) + wire_format.row_types(statement.columns))
            case b"B":
                name, raw = wire_format.bound(body)
                statement = self._statements[name]
                values = [wire_format.decode(oid, value) for oid, value in zip(statement.parameters, raw, strict=True)]
                self._bound = (statement, values)
                self.wire.send(wire_format.message(b"2"))
            case b"E":
                (limit,) = struct.unpack("!i", body[-4:])
                yield from self._execute(limit)
            case b"C":
                self._statements.pop(body[1:-1].decode(), None)
                self.wire.send(wire_format.message(b"3"))
            case b"S":
                if not self._skipping and not self.transaction.explicit:
                    yield from self._commit()
                self._skipping = False
                self.wire.send(self._idle())
            case b"Q":
                yield from self._simple(body[:-1].decode())
            case b"X":
                self.wire.reset()
            case _:
                pass

    def _execute(self, limit: int) -> Generator[float | Transaction]:
        assert self._bound is not None
        statement, values = self._bound
        tag, rows = yield from self._run(statement, values)
        for row in rows[:limit] if limit else rows:
            self.wire.send(wire_format.data_row(statement.columns, row))
        self.wire.send(wire_format.message(b"s") if limit and len(rows) >= limit else wire_format.message(b"C", wire_format.text(tag)))

    def _run(self, statement: Statement, values: list[Any]) -> Work:
        if self.transaction.failed:
            raise Refusal("25P02", "current transaction is aborted, commands ignored until end of transaction block")
        if self.database.slow_seconds:
            yield self.database.loop.random.random() * self.database.slow_seconds
        return (yield from statement.run(self.transaction, values))

    def _simple(self, sql: str) -> Generator[float | Transaction]:
        word = sql.split(maxsplit=1)[0].rstrip(";").upper()
        tag = word
        if word == "BEGIN":
            self.transaction.explicit = True
        elif word in {"COMMIT", "ROLLBACK"}:
            if word == "COMMIT" and not self.transaction.failed:
                yield from self._commit()
            else:
                tag = "ROLLBACK"
                self.database.end(self.transaction)
                self.transaction = Transaction()
        else:
            tag, _ = yield from self._run(self.database.statement(sql), [])
            if not self.transaction.explicit:
                yield from self._commit()
        self.wire.send(wire_format.message(b"C", wire_format.text(tag)) + self._idle())

    def _commit(self) -> Generator[float]:
        """Wait for the disk, then let it be seen. Locks are held until then."""
        if self.transaction.writes and self.transaction.synchronous:
            low, high = FSYNC_SECONDS
            self._committing = True
            yield low + self.database.loop.random.random() * (high - low)
            self._committing = False
            if self.database.loop.random.random() < self.database.lost_answers:
                self.wire.reset()
        self.database.commit(self.transaction)
        self.transaction = Transaction()
