"""`./motcua events`: watch the facts as they are recorded, as analysts do, or write them to a file. Read-only.

What is written must end where the log ends now, and a mirror may be a moment behind: that is read from the streams themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nats
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from deploy.local.bundle import Writer
from deploy.local.keys import trusted_keys
from deploy.local.stack import Stack, supervisor_of
from kernel.eventlog.errors import Doubt
from kernel.eventlog.relay import stream_name
from kernel.eventlog.tail import Tail, sequence_of
from kernel.eventlog.witness import read_witnesses

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence

    from nats.aio.client import Client

PAUSE_SECONDS: Final = 1.0
NOT_RUNNING: Final = 3


def tail(data: Path, sources: Sequence[str], after: int | None) -> int:
    """Print facts as they are recorded, one line each, until Ctrl-C; give the exit code."""

    async def watch(connection: Client) -> None:
        async with asyncio.TaskGroup() as readers:
            for source in sources:
                readers.create_task(follow(connection, source, after))

    return read(data, "analyst", watch)


def export(data: Path, sources: Sequence[str], out: Path) -> int:
    """Write all facts up to now with what proves them, as `bundle.py` has it; give the exit code."""

    async def write(connection: Client) -> None:
        with sys.stdout if str(out) == "-" else out.open("w", encoding="utf-8") as target:
            count, writer = 0, Writer(target)
            for source in sources:
                count += await export_one(connection, source, writer)
                for key in trusted_keys(Stack(data).seals, source).values():
                    writer.key(source, key)
        print(f"{count} events", file=sys.stderr)

    return read(data, "admin", write)


def read(data: Path, user: str, work: Callable[[Client], Coroutine[None, None, None]]) -> int:
    """Connect to the broker of the Motcua that runs in `data` as a user, and read."""

    async def connected() -> None:
        connection = await nats.connect(Stack(data).nats_url(user).split(","), max_reconnect_attempts=-1)
        try:
            await work(connection)
        except* BrokenPipeError:
            # Python would complain once more when it flushes what nobody reads.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        finally:
            await connection.close()

    if supervisor_of(data) is None:
        print("Motcua không chạy ở đó · Motcua is not running there; start it first: ./motcua up", file=sys.stderr)
        return NOT_RUNNING
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(connected())
    return 0


def export_as(form: str, data: Path, sources: Sequence[str], out: Path, bundle: Path | None) -> int:
    """Write facts as analysts' tools like them, of a running Motcua or of a bundle; give the exit code."""
    from deploy.analysts import forms  # noqa: PLC0415 - what it needs is not needed for watching

    def write(lines: Iterable[bytes]) -> None:
        print(forms.write(form, lines, out), file=sys.stderr)

    if bundle is not None:
        with bundle.open("rb") as lines:
            write(lines)
        return 0
    # The reading is asynchronous and the writing is not: the facts lie in a file between them, as they are kept anyway.
    with tempfile.TemporaryDirectory() as folder:
        between = Path(folder) / "bundle.jsonl"
        if code := export(data, sources, between):
            return code
        with between.open("rb") as lines:
            write(lines)
    return 0


async def export_one(connection: Client, source: str, writer: Writer) -> int:
    """Write one service's facts and the seals over them; give how many facts."""
    seen = 0
    if last := await last_of(connection, source):
        async for seen, body in facts(connection, source, 0):
            writer.event(source, seen, body)
            if seen >= last:
                break
    for signed in await read_witnesses(connection, source):
        if signed.seal.upto <= seen:
            writer.seal(signed)
    return seen


async def follow(connection: Client, source: str, after: int | None) -> None:
    """Print one service's facts; whenever the reading breaks off, go on behind the last one printed."""
    at = after
    while True:
        try:
            at = await last_of(connection, source) if at is None else at
            async for pos, body in facts(connection, source, at):
                show(source, pos, body)
                at = pos
        except (Doubt, NatsError, JetStreamError, TimeoutError) as doubt:
            print(f"{source}: {type(doubt).__name__}, reading again behind {at or 0}", file=sys.stderr)
            await asyncio.sleep(PAUSE_SECONDS)


async def last_of(connection: Client, source: str) -> int:
    """Give the last position of a stream."""
    return (await connection.jetstream().stream_info(stream_name(source))).state.last_seq


async def facts(connection: Client, source: str, after: int) -> AsyncGenerator[tuple[int, bytes]]:
    """Read a stream behind a position, for ever: position and bytes."""
    async with Tail(connection, source, after) as reader:
        while True:
            for message in await reader.next():
                yield sequence_of(message), message.data


def show(source: str, pos: int, body: bytes) -> None:
    """Print one fact."""
    event = json.loads(body)
    data = json.dumps(event["data"], ensure_ascii=False)
    print(f"{source}/{pos}  {event['time']}  {event['type']}  {event['subject']}  {data}", flush=True)
