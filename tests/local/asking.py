"""One question to a server, or one command, for tests that are not themselves asynchronous."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import nats

from deploy.local.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from nats.aio.client import Client

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 120.0
Answer = TypeVar("Answer")


def motcua(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of ./motcua as a person does; return its exit code and what it printed."""
    command = [sys.executable, "-m", "deploy.local", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=COMMAND_SECONDS)


def ask_postgres(dsn: str, statement: str, *arguments: object) -> list[Any]:
    """Run one statement in a session of its own; return its rows."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(ask())


def ask_nats(url: str, question: Callable[[Client], Awaitable[Answer]]) -> Answer:
    """Put `question` over a connection of its own, to whichever of several addresses answers; return the answer."""

    async def ask() -> Answer:
        client = await nats.connect(url.split(","), connect_timeout=CONNECT_SECONDS)
        try:
            return await question(client)
        finally:
            await client.close()

    return asyncio.run(ask())


def refusal(url: str, subject: str) -> str:
    """Publish to `subject` and return what the server says against it, or "" when it says nothing."""
    complaints: list[str] = []

    async def listen(problem: Exception) -> None:
        complaints.append(str(problem))

    async def publish() -> None:
        client = await nats.connect(url, connect_timeout=CONNECT_SECONDS, error_cb=listen)
        await client.publish(subject, b"?")
        # nats-py's first ping may overtake the publish in its buffer; before the answer to the second, a refusal has come.
        await client.flush()
        await client.flush()
        await client.close()

    asyncio.run(publish())
    return "".join(complaints)
