"""A small world: a bank in two processes, an audit office that answers it, their databases, a broker, and what happens to them.

Everything in it runs unchanged but the servers, which are models, and the network between. A run is its seed: clients with
commands, faults at random moments, then an end of all faults, and the wait until everything is level again.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.eventlog import (
    Beside,
    Busy,
    Conflict,
    Contended,
    Decider,
    History,
    Log,
    Meta,
    Outcome,
    Projection,
    Reaction,
    Reactor,
    ReadModel,
    Recorded,
    Refused,
    Slice,
    Target,
    Worker,
    carry_out,
    next_in_book,
)
from kernel.eventlog.append import VERSION_KEY
from kernel.eventlog.react import Reacting
from tests.kernel.eventlog.bank import (
    ACCOUNT,
    ACCOUNTS,
    AGENCY,
    CODEC,
    MONDAY,
    Command,
    Deposit,
    Deposited,
    Noted,
    Open,
    Opened,
    Withdraw,
    Withdrawn,
)
from tests.simulation.broker import Broker
from tests.simulation.database import Database, Transaction
from tests.simulation.loop import Process, SimulatedLoop, determined, unmourned
from tests.simulation.statements import COMMANDS, prepare

PROGRAMS: Final = (("bank-1", "audit-1"), ("bank-1", "bank-2", "audit-1"), ("bank-1", "audit-1", "audit-2"))
"""A service runs in one process or in two; each run has one of these."""

SERVICES: Final = ("bank", "audit")
FILE: Final = UUID(int=77)
BOOK: Final = UUID(int=88)
"""The bank's book of receipts: its n-th event says that n was given."""
UNLUCKY: Final = 13
SEAL_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

WRITERS: Final = 2
"""More than a service has, for a log may have more."""
ACCOUNTS_MAX: Final = 4
CLIENTS: Final = 3
COMMANDS_PER_CLIENT: Final = 6
FAULTS_MAX: Final = 5
TROUBLE_SECONDS: Final = 4.0
ANSWER_SECONDS: Final = 4.0
LEVEL_SECONDS: Final = 90.0
END_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.25


def about(event: Recorded) -> int | None:
    """Give the bank's event that an event is about: itself, or the one that it answers."""
    if event.source == "bank":
        return event.pos if isinstance(event.fact, Deposited) else None
    return None if event.cause is None else int(event.cause.partition("/")[2])


def told(event: Recorded) -> dict[str, Any]:
    """Give what an event says about a deposit."""
    match event.fact:
        case Deposited(amount=amount):
            return {"deposited": amount}
        case Noted(amount=amount):
            return {"filed" if event.stream == FILE else "noted": amount}
        case _:
            return {}


DEPOSITS: Final = ReadModel(
    name="deposits",
    version=1,
    sources=("bank", "audit"),
    ddl="CREATE TABLE deposit"
    " (pos bigint PRIMARY KEY, deposited integer, noted integer, filed integer, pos_bank bigint, pos_audit bigint);",
    projections=(Projection("deposit", "pos", about, told),),
)


def note(command: Deposited, total: int) -> list[Noted]:
    """Note a deposit with the total so far."""
    return [Noted(amount=command.amount, total=total + command.amount)]


@dataclass
class Program:
    """A process of a service while it runs."""

    process: Process
    log: Log
    task: asyncio.Task[None] | None = None
    open: bool = False


@dataclass
class World:
    """One run."""

    seed: int
    loop: SimulatedLoop
    random: random.Random
    broker: Broker
    databases: dict[str, Database]
    programs: dict[str, Program] = field(default_factory=dict[str, Program])
    refused: set[str] = field(default_factory=set[str])
    acknowledged: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    findings: list[str] = field(default_factory=list[str])
    trace: list[str] = field(default_factory=list[str])
    mended: bool = False
    ending: bool = False
    keepers: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def say(self, what: str) -> None:
        """Write a line into the run's trace."""
        self.trace.append(f"{self.loop.time():10.6f} {what}")

    def find(self, what: str) -> None:
        """Note something that must never be."""
        self.say(f"FINDING {what}")
        self.findings.append(what)

    @property
    def trace_hash(self) -> str:
        """Give what two runs of the same seed have in common."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    async def pause(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    async def until(self, what: Callable[[], Any]) -> None:
        """Wait until something is so.

        Raises:
            AssertionError: if it is not within the time in which everything is level again.
        """
        end = self.loop.time() + LEVEL_SECONDS
        while not what():
            assert self.loop.time() < end, "it does not come to that"
            await self.pause(LOOK_SECONDS)

    # The programs.

    def reactors(self) -> tuple[Reactor, ...]:
        """Give the audit office's reactors: a note per account, which cannot stand some amounts until it is mended, and one file of all."""

        def per_account(command: Deposited, total: int) -> list[Noted]:
            if command.amount == UNLUCKY and not self.mended:
                raise Refused("unlucky")
            return note(command, total)

        accounts: Decider[Deposited, int] = Decider(0, per_account, lambda total, fact: total + fact.amount)
        file: Decider[Deposited, int] = Decider(0, note, lambda total, fact: total + fact.amount)

        def into_account(event: Recorded) -> Reaction | None:
            return Reaction(event.stream, accounts, event.fact) if isinstance(event.fact, Deposited) else None

        def into_file(event: Recorded) -> Reaction | None:
            return Reaction(FILE, file, event.fact) if isinstance(event.fact, Deposited) else None

        return (Reactor("notes", "bank", into_account), Reactor("file", "bank", into_file))

    async def _main(self, program: Program) -> None:
        """Run a service as its process does: open the log, work, and close it when it is told to end."""
        log = await program.log.open()
        program.open = True
        bank = log.source == "bank"
        worker = Worker(
            log,
            "nats://broker:4222",
            models=(ACCOUNTS,) if bank else (DEPOSITS,),
            reactors=() if bank else self.reactors(),
            seal_key=SEAL_KEY,
        )
        try:
            await worker.run()
        finally:
            program.open = False
            await log.close()

    async def keep(self, name: str) -> None:
        """Start a program whenever it is not there, as its supervisor would."""
        source = name.partition("-")[0]
        while not self.ending:
            self.say(f"{name} starts")
            tables = (COMMANDS,) if source == "bank" else ()
            log = Log(f"postgres://{source}:secret@{source}-db:5432/{source}?sslmode=disable", source, CODEC, tables, writers=WRITERS)
            program = self.programs[name] = Program(Process(name), log)
            program.task = self.loop.start(program.process, self._main(program))
            while program.process.alive and not program.task.done():
                await self.pause(LOOK_SECONDS)
            if program.task.done() and not program.task.cancelled() and (error := program.task.exception()) is not None:
                self.say(f"{name} ends with {type(error).__name__}")
            await self.pause(self.random.random())

    # The clients.

    async def client(self, number: int) -> None:
        """Carry out commands one after the other; each is asked again until it is answered."""
        chance = random.Random(f"{self.seed} client {number}")
        for n in range(COMMANDS_PER_CLIENT):
            await self.pause(chance.random() * TROUBLE_SECONDS / COMMANDS_PER_CLIENT)
            account = UUID(int=chance.randint(1, ACCOUNTS_MAX))
            command_id = f"c{number}.{n}"
            work: Callable[[Log], Coroutine[Any, Any, str]]
            match chance.randint(0, 9):
                case 0:
                    work = partial(self.command, command_id, account, Open("An"))
                case 1 | 2:
                    work = partial(self.command, command_id, account, Withdraw(chance.randint(1, 20)))
                case 3 | 4:
                    work = partial(self.receipt, command_id, account)
                case 5:
                    work = partial(self.at_version, command_id, account, [])
                case 6:
                    work = partial(self.transfer, command_id, account, UUID(int=chance.randint(1, ACCOUNTS_MAX)))
                case _:
                    work = partial(self.command, command_id, account, Deposit(chance.choice((1, 2, 3, 5, 8, UNLUCKY))))
            await self.until_answered(command_id, work, chance)

    async def until_answered(self, command_id: str, work: Callable[[Log], Coroutine[Any, Any, str]], chance: random.Random) -> None:
        """Ask one of the bank's processes after the other, sometimes two at once."""
        while True:
            programs = [program for name, program in self.programs.items() if name.startswith("bank")]
            asked = [
                program for program in chance.choices(programs, k=chance.choice((1, 1, 1, 2))) if program.open and program.process.alive
            ]
            tasks = [self.loop.start(program.process, work(program.log)) for program in asked]
            if not tasks:
                await self.pause(0.1)
                continue
            await asyncio.wait(tasks, timeout=ANSWER_SECONDS)
            answers = [self.answered(command_id, task) for task in tasks]
            if all(answers):
                return
            await self.pause(0.1 + chance.random())

    def answered(self, command_id: str, task: asyncio.Task[str]) -> bool:
        """Write down what came of a command; give whether it is answered for good."""
        try:
            answer = task.result()
        except asyncio.InvalidStateError:
            task.cancel()
            answer = "no answer"
        except Refused as refused:
            answer = refused.reason
        except (Busy, Contended, asyncio.CancelledError) as error:
            answer = type(error).__name__
        except Exception as error:  # noqa: BLE001 - any other is a finding, whatever it is
            self.find(f"{command_id}: {type(error).__name__}: {error}")
            answer = "a finding"
        self.say(f"{command_id}: {answer}")
        return answer not in {"no answer", "Busy", "Contended", "CancelledError"}

    async def once(self, command_id: str, facts: int, work: Coroutine[Any, Any, str]) -> str:
        """Carry out a command once, however often it is asked for: beside what it has written stands its id."""
        try:
            answer = await work
        except Conflict as conflict:
            if conflict.constraint != "command_pkey":
                raise
            answer = "done before"
        if answer.startswith(("at ", "done")):
            self.acknowledged[command_id] = [f"{command_id}/{n}" for n in range(facts)]
        return answer

    async def command(self, command_id: str, account: UUID, command: Command, log: Log) -> str:
        """Carry out a command on one account."""

        async def work() -> str:
            outcome = await carry_out(log, Target(account, ACCOUNT, command), meta_of(command_id), agency=AGENCY, beside=once(command_id))
            return f"at {outcome.pos}"

        return await self.once(command_id, 1, work())

    async def receipt(self, command_id: str, account: UUID, log: Log) -> str:
        """Deposit 1 and give the receipt the next number of the book, in one commit."""

        async def work(tip: History) -> str:
            number = Opened(owner=str(tip.version + 1))
            outcome = await carry_out(
                log,
                Target(account, ACCOUNT, Deposit(1)),
                meta_of(command_id),
                agency=AGENCY,
                beside=once(command_id),
                also=lambda _: [Slice(tip, AGENCY, [number])],
                tries=1,
            )
            return f"at {outcome.pos}"

        return await self.once(command_id, 2, next_in_book(log, BOOK, work))

    async def at_version(self, command_id: str, account: UUID, seen: list[History], log: Log) -> str:
        """Deposit 2 if the account is as it was first seen: the event ids alone tell whether an earlier try has done that."""
        seen.append(await log.load(account))
        try:
            appended = await log.append([Slice(seen[0], AGENCY, [Deposited(amount=2)])], meta_of(command_id))
        except Conflict:
            self.refused.add(command_id)
            return "conflict"
        self.acknowledged[command_id] = [f"{command_id}/0"]
        return f"at {appended.pos}"

    async def transfer(self, command_id: str, giver: UUID, taker: UUID, log: Log) -> str:
        """Move 1 from one account to another: facts of two streams, all or none."""

        async def work() -> str:
            while True:
                first, second = await log.load(giver), await log.load(taker)
                if ACCOUNT.state_of(first) < 1:
                    return "overdrawn"
                slices = [Slice(first, AGENCY, [Withdrawn(amount=1)]), Slice(second, AGENCY, [Deposited(amount=1)])]
                try:
                    appended = await log.append(slices, meta_of(command_id), {COMMANDS: [(command_id,)]})
                except Conflict as conflict:
                    if conflict.constraint == VERSION_KEY:
                        continue
                    raise
                return f"at {appended.pos}"

        return "nothing to do" if giver == taker else await self.once(command_id, 2, work())

    # The end.

    def checkpoints(self, source: str) -> dict[tuple[str, str], int]:
        """Give how far each consumer of a service is in each source."""
        return {(key[1], key[2]): row["pos"] for key, row in self.databases[source].table("checkpoint").items()}

    def head(self, source: str) -> int:
        """Give the last position of a log."""
        return self.databases[source].table("head")[("head",)]["pos"]

    def unlevel(self) -> str:
        """Say what is not level yet; nothing when everything is."""
        for source in SERVICES:
            stream = self.broker.streams.get(source.upper())
            if (stream.last if stream else 0) != self.head(source):
                return f"{source}: stream and log"
        expected = {
            "bank": {("accounts_v1", "bank")},
            "audit": {("deposits_v1", "bank"), ("deposits_v1", "audit"), ("notes", "bank"), ("file", "bank")},
        }
        for service, consumers in expected.items():
            found = self.checkpoints(service)
            for consumer, source in sorted(consumers):
                if found.get((consumer, source)) != self.head(source):
                    return f"{service}: {consumer} of {source} is at {found.get((consumer, source))}, not {self.head(source)}"
        if parked := self.databases["audit"].table("parked"):
            return f"{len(parked)} parked"
        if any(not (program.open and program.process.alive) for program in self.programs.values()):
            return "a program is down"
        return ""

    async def unpark(self) -> None:
        """Let the mended reactor apply what was parked, as an operator would."""
        program = self.programs["audit-1"]
        streams = sorted({row["stream"] for row in self.databases["audit"].table("parked").values()})
        if program.open:
            for stream in streams:
                reacting = Reacting(self.reactors()[0], program.log)
                task = self.loop.start(program.process, reacting.unpark(stream))
                await asyncio.wait([task], timeout=ANSWER_SECONDS)
                if not task.done():
                    task.cancel()
                elif not task.cancelled() and (error := task.exception()) is not None:
                    self.say(f"unpark: {type(error).__name__}: {error}")

    async def run(self, nemesis: Callable[[World], Awaitable[None]], number_of_clients: int) -> None:
        """Live through it all."""
        self.keepers = [asyncio.ensure_future(self.keep(name)) for name in self.random.choice(PROGRAMS)]
        clients = [asyncio.ensure_future(self.client(number)) for number in range(number_of_clients)]
        await self.pause(0)
        await nemesis(self)
        self.say("the faults end")
        self.mended = True
        end = self.loop.time() + LEVEL_SECONDS
        while wrong := "a client" if not all(client.done() for client in clients) else self.unlevel():
            if self.loop.time() > end:
                self.find(f"not level {LEVEL_SECONDS:.0f} s after the end of all faults: {wrong}")
                break
            await self.pause(LOOK_SECONDS)
            if wrong.endswith("parked"):
                await self.unpark()
        self.say("level")
        await self.end()

    async def end(self) -> None:
        """Tell every program to end; each does."""
        self.ending = True
        tasks = [program.task for program in self.programs.values() if program.task is not None and program.process.alive]
        for task in tasks:
            task.cancel()
        _, pending = await asyncio.wait(tasks, timeout=END_SECONDS)
        for name, program in self.programs.items():
            if program.task in pending:
                self.find(f"{name} was told to end and has not {END_SECONDS:.0f} s later")
        self.say("ended")


def once(command_id: str) -> Callable[[Outcome[int]], Beside]:
    """Store a command's id beside what it writes."""
    return lambda _: {COMMANDS: [(command_id,)]}


def meta_of(command_id: str) -> Meta:
    """Say who did it, under this name."""
    return Meta(command_id, "clerk", MONDAY)


def watch(world: World, service: str) -> Callable[[Transaction], None]:
    """Look at every commit in the moment in which it happens."""

    def look(transaction: Transaction) -> None:
        for key, row in transaction.writes.items():
            if key[0] in {"head", "checkpoint"} and row is not None:
                world.say(f"{service} {' '.join(map(str, key))} at {row['pos']}")
            if key[0] == "checkpoint" and row is not None:
                before = world.databases[service].table("checkpoint").get(key, row)["pos"]
                if row["pos"] < before:
                    world.find(f"{service}: {key[1]} goes back in {key[2]} from {before} to {row['pos']}")
            if key[0] == "deposits_v1.deposit" and row is not None and row["deposited"] is None:
                world.find(f"a note of bank/{key[1]} is shown before the deposit itself")

    return look


def run(seed: int, nemesis: Callable[[World], Awaitable[None]] | None = None, *, clients: int = CLIENTS) -> World:
    """Live through one seed; the world that comes back says what was found."""
    from tests.simulation.checker import check  # noqa: PLC0415 - the checker knows the world
    from tests.simulation.nemesis import trouble  # noqa: PLC0415 - as does the nemesis

    with unmourned():
        loop = SimulatedLoop(random.Random(f"{seed} loop"))
        broker = Broker(loop)
        databases = {source: Database(loop, UUID(int=n), prepare) for n, source in enumerate(SERVICES, 1)}
        loop.network.hosts = {"broker": broker, **{f"{source}-db": database for source, database in databases.items()}}
        world = World(seed, loop, random.Random(f"{seed} world"), broker, databases)
        for source, database in databases.items():
            database.watch = watch(world, source)
        try:
            with determined(loop):
                loop.run_until_complete(world.run(nemesis or trouble, clients))
            check(world)
        finally:
            loop.bury()
            loop.close()
    return world
