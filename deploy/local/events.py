"""`./motcua events`: watch the facts as they are recorded, or write them to a file. Read-only, as the analyst's user."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import nats
from cyclopts import App, Parameter

from deploy.local.processes import ROOT
from deploy.local.stack import SERVICES, Stack
from kernel.eventlog.relay import stream_name
from kernel.eventlog.tail import Tail, sequence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nats.aio.client import Client

ALL: Final = ",".join(SERVICES)
DATA: Final = ROOT / ".motcua" / "data"
Data = Annotated[Path, Parameter(name="--data", help="Folder of the running Motcua.")]
Sources = Annotated[str, Parameter(help="Which services' facts, with commas.")]


def tail(arguments: Sequence[str]) -> int | None:
    """Print facts as they are recorded, one line each, until Ctrl-C."""
    app = App(name="./motcua events tail", help=tail.__doc__, version_flags=[])

    @app.default
    def run(*, source: Sources = ALL, after: int | None = None, data: Data = DATA) -> int:
        async def watch() -> None:
            connection = await nats.connect(Stack(data).nats_url("analyst"))
            try:
                async with asyncio.TaskGroup() as readers:
                    for name in source.split(","):
                        readers.create_task(_follow(connection, name, after, _show))
            finally:
                await connection.close()

        try:
            asyncio.run(watch())
        except KeyboardInterrupt:
            return 0
        return 0

    return app(list(arguments), exit_on_error=True, result_action="return_value")


def export(arguments: Sequence[str]) -> int | None:
    """Write all facts up to now to a file, one CloudEvent a line with its position in front."""
    app = App(name="./motcua events export", help=export.__doc__, version_flags=[])

    @app.default
    def run(
        *,
        out: Annotated[Path, Parameter(name=["--out", "-o"], help="File to write (JSON Lines); - is standard output.")],
        source: Sources = ALL,
        data: Data = DATA,
    ) -> int:
        async def write() -> int:
            connection = await nats.connect(Stack(data).nats_url("analyst"))
            target = sys.stdout if str(out) == "-" else out.open("w", encoding="utf-8")
            count = 0
            try:
                for name in source.split(","):
                    last = (await connection.jetstream().stream_info(stream_name(name))).state.last_seq
                    seen = 0
                    async with Tail(connection, name, 0) as reader:
                        while seen < last:
                            for message in await reader.next():
                                seen = sequence_of(message)
                                target.write(f'{{"position":"{name}/{seen}","event":{message.data.decode()}}}\n')
                                count += 1
            finally:
                await connection.close()
                if target is not sys.stdout:
                    target.close()
            return count

        print(f"{asyncio.run(write())} events", file=sys.stderr)
        return 0

    return app(list(arguments), exit_on_error=True, result_action="return_value")


async def _follow(connection: Client, source: str, after: int | None, show: Callable[[str, int, dict[str, Any]], None]) -> None:
    start = after if after is not None else (await connection.jetstream().stream_info(stream_name(source))).state.last_seq
    async with Tail(connection, source, start) as reader:
        while True:
            for message in await reader.next():
                show(source, sequence_of(message), json.loads(message.data))


def _show(source: str, pos: int, event: dict[str, Any]) -> None:
    print(
        f"{source}/{pos}  {event['time']}  {event['type']}  {event['subject']}  {json.dumps(event['data'], ensure_ascii=False)}", flush=True
    )
