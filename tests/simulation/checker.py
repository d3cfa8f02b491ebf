"""What is true of a world in which everything has come to rest, whatever has happened in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from kernel.eventlog import ReadModel, Recorded
from kernel.eventlog.event import NO_HASH
from kernel.eventlog.seal import Seal, merkle_root
from tests.kernel.eventlog.bank import ACCOUNTS, CODEC, Deposited, Noted, Opened, Withdrawn
from tests.simulation.world import BOOK, DEPOSITS, FILE, SEAL_KEY, SERVICES, World


def check(world: World) -> None:
    """Write down whatever is not as it must be."""
    logs = {source: log_of(world, source) for source in SERVICES}
    for source, events in logs.items():
        check_chains(world, source)
        check_seals(world, source)
        check_mirror(world, source)
        for id_, number in Counter(event.id for event in events).items():
            if number > 1:
                world.find(f"{source}: {id_} stands there {number} times")
    check_acknowledged(world, logs["bank"])
    check_decisions(world, logs)
    check_reactions(world, logs)
    check_model(world, "bank", ACCOUNTS, logs["bank"])
    check_model(world, "audit", DEPOSITS, [*logs["bank"], *logs["audit"]])


def log_of(world: World, source: str) -> list[Recorded]:
    """Read a log from its table."""
    rows = world.databases[source].table("event")
    return [CODEC.decode(source, rows[key]["pos"], rows[key]["body"]) for key in sorted(rows)]


def check_chains(world: World, source: str) -> None:
    """Positions and versions are dense, and every hash is that of its body and the one before."""
    rows = world.databases[source].table("event")
    positions = sorted(key[1] for key in rows)
    if positions != list(range(1, world.head(source) + 1)):
        world.find(f"{source}: positions {positions}, head {world.head(source)}")
    chains: dict[Any, tuple[int, bytes]] = {}
    for pos in positions:
        row = rows["event", pos]
        version, hash_ = chains.get(row["stream"], (0, NO_HASH))
        if row["version"] != version + 1 or row["hash"] != hashlib.sha256(hash_ + row["body"]).digest():
            world.find(f"{source}/{pos}: version {row['version']} after {version}, or a broken chain")
        chains[row["stream"]] = (row["version"], row["hash"])


def check_seals(world: World, source: str) -> None:
    """Each seal is of the one before it, of what it covers, and signed."""
    events, since, previous = world.databases[source].table("event"), 0, NO_HASH
    for _, row in sorted(world.databases[source].table("seal").items()):
        seal = Seal(source, row["upto"], row["root"], row["previous"], row["at"])
        root = merkle_root([events["event", pos]["hash"] for pos in range(since + 1, row["upto"] + 1)])
        if (seal.root, seal.previous) != (root, previous) or SEAL_KEY.sign(seal.digest) != row["signature"]:
            world.find(f"{source}: the seal upto {seal.upto} is not true")
        since, previous = seal.upto, seal.digest


def check_mirror(world: World, source: str) -> None:
    """The stream is the log, byte for byte."""
    stream = world.broker.streams.get(source.upper())
    rows = world.databases[source].table("event")
    log = [(rows[key]["subject"], rows[key]["body"]) for key in sorted(rows)]
    if (stream.messages if stream else []) != log:
        world.find(f"{source}: stream and log differ")


def check_acknowledged(world: World, events: Iterable[Recorded]) -> None:
    """Whatever was answered with a success is there, and what was in conflict is not."""
    there = {event.id for event in events}
    for command_id, ids in world.acknowledged.items():
        if not there.issuperset(ids):
            world.find(f"{command_id} was acknowledged and is lost")
    for command_id in sorted(world.refused):
        if f"{command_id}/0" in there:
            world.find(f"{command_id} was told that it is in conflict, and is stored")


def check_decisions(world: World, logs: dict[str, list[Recorded]]) -> None:
    """Every decision was made on the history that it stands on: no account is overdrawn, no total has missed a note."""
    balances: Counter[Any] = Counter()
    for event in logs["bank"]:
        if isinstance(event.fact, Deposited | Withdrawn):
            balances[event.stream] += event.fact.amount if isinstance(event.fact, Deposited) else -event.fact.amount
            if balances[event.stream] < 0:
                world.find(f"bank/{event.pos}: overdrawn")
        if event.stream == BOOK and isinstance(event.fact, Opened) and event.fact.owner != str(event.version):
            world.find(f"bank/{event.pos}: number {event.fact.owner} is the book's {event.version}")
    totals: Counter[Any] = Counter()
    for event in logs["audit"]:
        totals[event.stream] += event.fact.amount
        if event.fact.total != totals[event.stream]:
            world.find(f"audit/{event.pos}: a total of {event.fact.total}, not {totals[event.stream]}")


def check_reactions(world: World, logs: dict[str, list[Recorded]]) -> None:
    """Each deposit is answered once by each reactor, and per stream in the order of the causes."""
    causes = {event.pos: event for event in logs["bank"] if isinstance(event.fact, Deposited)}
    for filed in (True, False):
        answers = [event for event in logs["audit"] if isinstance(event.fact, Noted) and (event.stream == FILE) == filed]
        answered = Counter(int((event.cause or "/0").partition("/")[2]) for event in answers)
        for pos in causes.keys() | answered.keys():
            if answered[pos] != 1 or pos not in causes:
                world.find(f"bank/{pos} has {answered[pos]} {'lines in the file' if filed else 'notes'}")
        last: dict[Any, int] = {}
        for event in answers:
            pos = int((event.cause or "/0").partition("/")[2])
            if pos < last.get(event.stream, 0):
                world.find(f"audit/{event.pos} answers bank/{pos} after bank/{last[event.stream]}")
            last[event.stream] = pos


def check_model(world: World, service: str, model: ReadModel, events: Iterable[Recorded]) -> None:
    """A read table is the fold of the logs that it reads."""
    for projection in model.projections:
        expected: dict[Any, dict[str, Any]] = {}
        for event in events:
            if (found := projection.effect_of(event)) is not None:
                expected.setdefault(found[0], {}).update(found[1], **{f"pos_{event.source}": event.pos})
        table = world.databases[service].table(f"{model.consumer}.{projection.table}")
        stored = {key[1]: row for key, row in table.items()}
        for key in expected.keys() | stored.keys():
            row, wanted = stored.get(key), expected.get(key)
            if row is None or wanted is None or any(row[name] != value for name, value in wanted.items()):
                world.find(f"{model.consumer}.{projection.table} {key}: {row}, not {wanted}")
