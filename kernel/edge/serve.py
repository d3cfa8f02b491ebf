"""Beside the steps: serving, and ending so that nobody's request is lost.

SIGTERM: readiness goes off, the load balancer gets `drain_seconds` to notice, then no new connection is accepted, requests
under way get `shutdown_seconds`, and the app's lifespan closes what it opened. A second signal ends the waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Coroutine, Generator
from typing import Any, Final, TypeVar

import uvicorn
from fastapi import FastAPI

from kernel.edge.health import Health

try:
    import uvloop
except ImportError:  # not made for Windows
    uvloop = None

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
BACKLOG: Final = 4096
"""Callers whose connection waits to be taken. Beyond it the system resets connections; so it holds more than the rim lets in at once."""
DOORS: Final = 32
"""How often the listening socket is watched. uvloop takes one connection per turn of the loop and watched socket; with many under way
a turn takes long, and whom the rim would have sent away within a second waited in the system's queue for half a minute."""
KEEP_ALIVE_SECONDS: Final = 75
GC_THRESHOLDS: Final = (20_000, 20, 20)
NOT_STARTED: Final = "the HTTP server did not start"
LOGGER: Final = logging.getLogger(__name__)

T = TypeVar("T")


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the process has more to end than the HTTP server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield


def server(app: FastAPI, *, shutdown_seconds: int = 20) -> Server:
    """Make the server of an app; it is given its sockets when it begins."""
    return Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=shutdown_seconds,
        )
    )


async def serve(app: FastAPI, host: str, port: int, *, drain_seconds: float = 0.0, shutdown_seconds: int = 20) -> None:
    """Serve in the running loop until SIGTERM or SIGINT, or until the task is cancelled.

    Raises:
        RuntimeError: if the app's lifespan failed or the port is taken.
    """
    served, stop = server(app, shutdown_seconds=shutdown_seconds), asyncio.Event()
    loop, sockets = asyncio.get_running_loop(), doors(host, port)
    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal, served, stop, number)
    draining = asyncio.create_task(drain(served, stop, app.state.health, drain_seconds), name="drain")
    try:
        await served.serve(sockets)
        if not served.started:
            raise RuntimeError(NOT_STARTED)
    except SystemExit as exit_:  # how uvicorn says that the lifespan failed
        raise RuntimeError(NOT_STARTED) from exit_
    finally:
        for door in sockets:
            door.close()
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def doors(host: str, port: int) -> list[socket.socket]:
    """Bind an address and give its socket as often as it is to be watched; nobody listens yet.

    Raises:
        RuntimeError: if the port is taken.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise RuntimeError(NOT_STARTED) from error
    return [bound, *(bound.dup() for _ in range(DOORS - 1))]


def on_signal(served: Server, stop: asyncio.Event, number: int) -> None:
    """Begin to end; the second time, end at once."""
    LOGGER.info("%s received", signal.Signals(number).name)
    if stop.is_set():
        served.should_exit = served.force_exit = True
    stop.set()


async def drain(served: Server, stop: asyncio.Event, health: Health, drain_seconds: float) -> None:
    """Wait for the signal, then let the load balancer go elsewhere before the door is closed."""
    await stop.wait()
    health.draining = True
    await asyncio.sleep(drain_seconds)
    served.should_exit = True


def spare_the_collector() -> None:
    """Let the garbage collector pass over what start-up has made, and come by less often.

    It walked through some hundred thousand objects of modules and models again and again: a third of a reader's time when it catches up.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a process's main coroutine, on uvloop where there is one."""
    spare_the_collector()
    return asyncio.run(main) if uvloop is None else uvloop.run(main)
