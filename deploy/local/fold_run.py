"""One run of a fold: the facts go in, the rows come out, and what takes too long, too much or says too much is stopped and told why."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from deploy.local.fold_facts import Told

CHILD: Final = Path(__file__).with_name("fold_child.py")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{2,59}")
COLUMN: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
SOURCE_BYTES_MAX: Final = 64 << 10
ROWS_MAX: Final = 1000
COLUMNS_MAX: Final = 12
TEXT_MAX: Final = 200
LINE_BYTES_MAX: Final = 1 << 16
BATCH_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take: seconds of processor and of the clock, megabytes, rows."""

    cpu_seconds: int = 30
    wall_seconds: float = 300.0
    memory_mb: int = 512
    rows: int = ROWS_MAX


class Stopped(Exception):  # noqa: N818 - says what became of it
    """A fold was stopped, or did not do what a fold does. The message is for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it: which fold over which positions, and its rows in the order of their keys."""

    name: str
    key: tuple[str, ...]
    source_hash: str
    positions: Mapping[str, int]
    facts: int
    rows: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def rows_hash(self) -> str:
        """SHA-256 of the rows."""
        return hashlib.sha256(json.dumps(self.rows, ensure_ascii=False).encode()).hexdigest()


def hash_of(source: str) -> str:
    """Give the SHA-256 of a fold's source."""
    return hashlib.sha256(source.encode()).hexdigest()


async def run(source: str, positions: Mapping[str, int], read: Callable[[], AsyncGenerator[Told]], limits: Limits) -> Run:
    """Run a fold over all facts up to some positions.

    Raises:
        Stopped: if it was stopped, failed, or its rows are none.
    """
    if len(source.encode()) > SOURCE_BYTES_MAX:
        message = f"a fold has at most {SOURCE_BYTES_MAX >> 10} kB"
        raise Stopped(message)
    with tempfile.TemporaryDirectory() as nowhere:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-s", "-S", "-P", "-B", str(CHILD)),
            cwd=nowhere,
            env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=LINE_BYTES_MAX,
        )
        try:
            async with asyncio.timeout(limits.wall_seconds):
                return await talk(child, source, positions, read, limits)
        except TimeoutError as error:
            message = f"stopped: it took more than {limits.wall_seconds:g} seconds"
            raise Stopped(message) from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()


async def talk(child: Any, source: str, positions: Mapping[str, int], read: Callable[[], AsyncGenerator[Told]], limits: Limits) -> Run:
    """Give a fold its facts, and take its rows."""
    told = {"source": source, "limits": {"cpu_seconds": limits.cpu_seconds, "memory_mb": limits.memory_mb}}
    child.stdin.write(json.dumps(told).encode() + b"\n")
    name, key, wanted = described(await heard(child, limits))
    feeding = asyncio.create_task(feed(child, read, wanted))
    rows = list[dict[str, Any]]()
    try:
        while (line := await heard(child, limits)).get("done") is not True:
            rows.append(line["row"])
            if len(rows) > limits.rows:
                message = f"stopped: it gave more than {limits.rows} rows"
                raise Stopped(message)
        return Run(name, key, hash_of(source), dict(positions), await feeding, ordered(rows, key))
    finally:
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await feeding


async def feed(child: Any, read: Callable[[], AsyncGenerator[Told]], wanted: Sequence[str]) -> int:
    """Write the facts that a fold is about; give how many those were."""
    given, waiting = 0, bytearray()
    beginnings = tuple(wanted)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # why it went away is heard on the other side
        async for fact in read():
            if fact.type.startswith(beginnings):
                given += 1
                waiting += fact.line
                if len(waiting) > BATCH_BYTES:
                    child.stdin.write(bytes(waiting))
                    waiting.clear()
                    await child.stdin.drain()
        child.stdin.write(bytes(waiting))
        child.stdin.write_eof()
    return given


async def heard(child: Any, limits: Limits) -> dict[str, Any]:
    """Read one line of what a fold says.

    Raises:
        Stopped: if it says that it failed, says nothing more, or speaks otherwise than it should.
    """
    try:
        line = await child.stdout.readline()
    except ValueError as error:
        message = f"stopped: a row had more than {LINE_BYTES_MAX >> 10} kB"
        raise Stopped(message) from error
    if not line:
        raise Stopped(ended(await child.wait(), limits))
    said = json.loads(line)
    match said.get("error"):
        case None:
            return said
        case "memory":
            message = f"stopped: it needed more than {limits.memory_mb} MB of memory"
        case "no-walls":
            message = f"not run: this machine cannot shut a process in ({said['detail']})"
        case "incomplete":
            message = f"a fold has NAME, KEY, FACTS, fold and rows; {said['detail']} is missing"
        case _:
            message = f"it failed: {said['detail']}"
    raise Stopped(message)


def ended(code: int, limits: Limits) -> str:
    """Say why a process went away without a word."""
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return f"stopped: it used more than {limits.cpu_seconds} seconds of processor"
    return f"it ended with code {code} and said nothing"


def described(said: dict[str, Any]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Read what a fold is: its name, its key, and how the types of the facts begin that it is about.

    Raises:
        Stopped: if it says so in a way that nobody understands.
    """
    fold = said.get("fold") or {}
    name, key, facts = fold.get("name"), fold.get("key"), fold.get("facts")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Stopped("NAME is 3 to 60 small letters, digits and hyphens, beginning with a letter")
    if not key or not all(isinstance(one, str) and COLUMN.fullmatch(one) for one in key):
        raise Stopped("KEY names at least one column of the rows, in small letters, digits and _")
    if not facts or not all(isinstance(one, str) and one for one in facts):
        raise Stopped("FACTS names at least one type of facts, or how types begin, e.g. 'processing.case.'")
    return name, tuple(key), tuple(facts)


def ordered(rows: list[dict[str, Any]], key: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    """Put rows into the order of their keys.

    Raises:
        Stopped: if one is no row, has other columns than the first, or a key that another has.
    """
    columns = list(rows[0]) if rows else list(key)
    if not set(key) <= set(columns) or len(columns) > COLUMNS_MAX or not all(COLUMN.fullmatch(one) for one in columns):
        message = (
            f"a row has the columns of KEY, and at most {COLUMNS_MAX}, in small letters, digits and _; this one has {', '.join(columns)}"
        )
        raise Stopped(message)
    found = dict[tuple[str, ...], dict[str, Any]]()
    for row in rows:
        if set(row) != set(columns):
            message = f"every row has the same columns: {', '.join(columns)}; not {', '.join(row)}"
            raise Stopped(message)
        for column, value in row.items():
            if not isinstance(value, str | int | float | bool | None) or (isinstance(value, str) and len(value) > TEXT_MAX):
                message = f"{column} is no number, no short text and not None: {str(value)[:60]}"
                raise Stopped(message)
        place = tuple(str(row[one]) for one in key)
        if place in found:
            message = f"two rows have the key {', '.join(place)}"
            raise Stopped(message)
        found[place] = {column: row[column] for column in columns}
    return tuple(row for _, row in sorted(found.items()))
