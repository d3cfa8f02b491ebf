"""An event loop with virtual time, processes that die at once, and a network without sockets.

Everything that chance decides comes from one seed: how long bytes travel, and which process runs next.
A process is a context variable, inherited by every task and callback that it starts; when the process is dead the loop drops
them where they stand, as the operating system would. Nothing of it is cleaned up, for a killed process cleans up nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import heapq
import logging
import socket
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any, Final, Protocol

from faststream._internal.broker import registrator

CALLBACK_SECONDS: Final = 0.00001
LATENCY_SECONDS: Final = (0.0001, 0.001)


@dataclass(eq=False)
class Process:
    """One program that runs, until it is killed; a frozen one is stopped as by SIGSTOP, and goes on later as if nothing had been."""

    name: str
    alive: bool = True
    frozen: bool = False
    wires: list[Wire] = field(default_factory=list["Wire"])


PROCESS: Final[ContextVar[Process | None]] = ContextVar("process", default=None)


class Session(Protocol):
    """The server's end of a connection."""

    def received(self, data: bytes) -> None:
        """Take bytes from the client."""

    def lost(self) -> None:
        """Hear that the client is gone."""


class Host(Protocol):
    """A server that can be connected to."""

    up: bool

    def accept(self, wire: Wire) -> Session:
        """Begin a session with whoever has connected."""
        ...


class NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set does not depend on its address, so that the same seed is the same run."""

    count = 0

    def __init__(self, coroutine: Coroutine[Any, Any, Any], **options: Any) -> None:
        NumberedTask.count += 1
        self.number = NumberedTask.count
        super().__init__(coroutine, **options)

    def __hash__(self) -> int:
        return self.number


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs one callback after the other, of a process chosen by chance; time passes only when nothing can run."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        NumberedTask.count = 0
        self.random = random
        self.network = Network(self)
        self.tasks: list[asyncio.Task[Any]] = []
        self.callbacks = 0
        self._now = 0.0
        self._timers: list[tuple[float, int, Process | None, asyncio.Handle]] = []
        self._timer_count = 0
        self._queues: dict[Process | None, deque[asyncio.Handle]] = {}
        self._stopping = False
        self.set_task_factory(self._make_task)

    def _make_task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> NumberedTask:
        task = NumberedTask(coroutine, loop=loop, **options)
        self.tasks.append(task)
        return task

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        if context is None:
            context = copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._enqueue(context.get(PROCESS), handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        if context is None:
            context = copy_context()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, context.get(PROCESS), timer))
        return timer

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def arrive_later(self, delay: float, process: Process | None, context: Context, callback: Callable[[], Any]) -> None:
        """Call back later as a part of `process`; nobody can cancel it."""
        self._timer_count += 1
        heapq.heappush(self._timers, (self._now + delay, self._timer_count, process, asyncio.Handle(callback, (), self, context)))

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it in the heap; it is passed over when its time comes."""

    def _enqueue(self, process: Process | None, handle: asyncio.Handle) -> None:
        queue = self._queues.get(process)
        if queue is not None:
            queue.append(handle)
        elif process is None or process.alive:
            self._queues[process] = deque((handle,))

    def _run_once(self) -> None:
        """Run callbacks until the loop is to stop."""
        timers, queues, chance = self._timers, self._queues, self.random.random
        while not self._stopping:
            processes = [process for process in queues if process is None or not process.frozen]
            if not processes:
                self._now = max(self._now, timers[0][0])
            while timers and timers[0][0] <= self._now:
                _, _, process, timer = heapq.heappop(timers)
                if not timer.cancelled():
                    self._enqueue(process, timer)
            if not processes:
                continue
            process = processes[int(chance() * len(processes))]
            queue = queues[process]
            handle = queue.popleft()
            if not queue:
                del queues[process]
            if not handle.cancelled():
                self.callbacks += 1
                self._now += CALLBACK_SECONDS
                handle._run()

    async def create_connection(self, protocol_factory: Callable[[], Any], host: Any = None, *_: Any, **__: Any) -> Any:
        return await self.network.connect(protocol_factory, host)

    def kill(self, process: Process) -> None:
        """End a process as kill -9 would: nothing of it runs any more, and its connections are reset by its system."""
        process.alive = False
        self._queues.pop(process, None)
        for wire in list(process.wires):
            wire.vanish()

    def start(self, process: Process, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start something as a process of its own."""
        context = copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(job, context=context)

    def bury(self) -> None:
        """Throw away what never ended, without a word: it belongs to processes that were killed."""
        self._queues.clear()
        self._timers.clear()
        # What closes a coroutine may begin another, on whatever loop is the thread's: not on one that a later test finds.
        graveyard = asyncio.new_event_loop()
        asyncio.set_event_loop(graveyard)
        for task in self.tasks:
            bury(task)
        for task in asyncio.all_tasks(graveyard):
            bury(task)
        asyncio.set_event_loop(None)
        graveyard.close()
        for wire in self.network.wires:
            with contextlib.suppress(Exception):
                wire.protocol.connection_lost(None)
        self._queues.clear()
        self._timers.clear()
        self.tasks.clear()
        self.network.wires.clear()


def bury(task: asyncio.Future[Any]) -> None:
    """End a task that nobody will wait for."""
    if isinstance(task, asyncio.Task) and not task.done():
        task._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue] - it is not forgotten, it was killed
        coroutine: Any = task.get_coro()
        for _ in range(20):
            with contextlib.suppress(BaseException):
                coroutine.close()
                break


class InOrder(dict[Any, None]):
    """A set whose order is that in which its elements came, not that of their addresses."""

    def add(self, element: Any) -> None:
        self[element] = None

    def discard(self, element: Any) -> None:
        self.pop(element, None)


@contextlib.contextmanager
def determined(loop: SimulatedLoop) -> Generator[None]:
    """Take away what would make two runs of one seed differ.

    Kernel and clients measure by `time.monotonic` how long a job ran, or when they last tried: let it be the loop's time. And
    FastStream starts its subscribers in the order of their addresses.
    """
    kept: Any = registrator
    real_clock, real_set = time.monotonic, kept.WeakSet
    time.monotonic, kept.WeakSet = loop.time, InOrder
    try:
        yield
    finally:
        time.monotonic, kept.WeakSet = real_clock, real_set


@contextlib.contextmanager
def unmourned() -> Generator[None]:
    """Collect what killed processes have left behind at the end, here and without a word: that nobody cleaned up is the point."""
    real_hook = sys.unraisablehook
    # What is there before the run stays; to look at it again after each would cost as much as the run. (To ask how much is frozen
    # walks over all of it too.)
    gc.freeze()
    gc.disable()
    sys.unraisablehook = lambda _: None
    # To write down what killed processes would say, with every stack, takes as long as the run.
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
            gc.collect()
    finally:
        logging.disable(logging.NOTSET)
        sys.unraisablehook = real_hook
        gc.enable()


class Network:
    """Hosts by name, and which process cannot reach which of them at the moment."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.loop = loop
        self.hosts: dict[str, Host] = {}
        self.cuts: set[tuple[str, str]] = set()
        self.wires: list[Wire] = []
        self.outside = Context()
        self.slow = 1.0

    def latency(self) -> float:
        low, high = LATENCY_SECONDS
        return (low + self.loop.random.random() * (high - low)) * self.slow

    async def connect(self, protocol_factory: Callable[[], Any], host: str) -> tuple[Wire, Any]:
        """Connect to a host: refused where it is down, silent where it cannot be reached."""
        process = PROCESS.get()
        await asyncio.sleep(self.latency())
        while process is not None and (process.name, host) in self.cuts:  # noqa: ASYNC110 - as a client does not know either
            await asyncio.sleep(1.0)  # SYN after SYN, until the caller has had enough
        server = self.hosts[host]
        if not server.up:
            raise ConnectionRefusedError(host)
        protocol = protocol_factory()
        wire = Wire(self, host, process, protocol)
        self.wires.append(wire)
        if process is not None:
            process.wires.append(wire)
        wire.session = server.accept(wire)
        protocol.connection_made(wire)
        return wire, protocol

    def cut(self, process: str, host: str) -> None:
        """Let nothing through between a process and a host; both think that they are connected."""
        self.cuts.add((process, host))

    def mend(self, process: str, host: str) -> None:
        """Let everything through between a process and a host again; what waited is sent again."""
        self.cuts.discard((process, host))
        for wire in list(self.wires):
            wire.retransmit()

    def heal(self) -> None:
        """Let everything through again; what waited is sent again."""
        self.cuts.clear()
        self.slow = 1.0
        for wire in list(self.wires):
            wire.retransmit()


class Wire(asyncio.Transport):
    """A connection: two directions, each in order, each as slow as chance will have it."""

    session: Session

    def __init__(self, network: Network, host: str, process: Process | None, protocol: Any) -> None:
        super().__init__()
        self.network = network
        self.host = host
        self.process = process
        self.protocol = protocol
        self.closing = False
        self.ended = False
        self._up: list[bytes | None] = []
        self._down: list[bytes | None] = []
        self._up_due = self._down_due = False
        self._context = copy_context()

    # The client's end.

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return SimpleNamespace(family=socket.AF_UNIX) if name == "socket" else default

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: Any) -> None:
        if not self.closing:
            self._send_up(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        if not self.closing:
            self._send_up(None)
            self._lose(None)

    abort = close

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    def _lose(self, error: Exception | None) -> None:
        if not self.closing:
            self.closing = True
            self.network.loop.call_soon(self.protocol.connection_lost, error, context=self._context)

    # Between the ends.

    @property
    def is_cut(self) -> bool:
        return self.process is not None and (self.process.name, self.host) in self.network.cuts

    def _send_up(self, data: bytes | None) -> None:
        self._up.append(data)
        if not self._up_due:
            self._up_due = True
            self.network.loop.arrive_later(self.network.latency(), None, self.network.outside, self._arrive_up)

    def _arrive_up(self) -> None:
        self._up_due = False
        if self.ended or self.is_cut:
            return
        parts, self._up = self._up, []
        if data := b"".join(part for part in parts if part is not None):
            self.session.received(data)
        if None in parts and not self.ended:
            self.end()

    def _arrive_down(self) -> None:
        self._down_due = False
        if self.is_cut:
            return
        parts, self._down = self._down, []
        if self.closing:
            return
        if data := b"".join(part for part in parts if part is not None):
            self.protocol.data_received(data)
        if None in parts:
            self._lose(ConnectionResetError("reset by the server"))

    def retransmit(self) -> None:
        """Send again what a cut has held up."""
        if self._up and not self._up_due:
            self._up_due = True
            self.network.loop.arrive_later(self.network.latency(), None, self.network.outside, self._arrive_up)
        if self._down and not self._down_due:
            self._schedule_down()

    # The server's end.

    def send(self, data: bytes | None) -> None:
        """Send to the client; None closes the connection, and nothing comes after it."""
        if self.ended:
            return
        self._down.append(data)
        if not self._down_due:
            self._schedule_down()

    def _schedule_down(self) -> None:
        self._down_due = True
        self.network.loop.arrive_later(self.network.latency(), self.process, self._context, self._arrive_down)

    def reset(self) -> None:
        """End the connection from the server's side; the client hears of it, unless it is cut off."""
        if not self.ended:
            self.send(None)
            self.end()

    def end(self) -> None:
        """Tell the server that the client is gone."""
        if not self.ended:
            self.ended = True
            self.session.lost()
            if self.process is not None:
                with contextlib.suppress(ValueError):
                    self.process.wires.remove(self)

    def forget(self) -> None:
        """End the connection from the server's side, and let nobody tell the client: it is half open now."""
        self.ended = True
        self.session.lost()

    def vanish(self) -> None:
        """The client's process is dead; its system says so to the server, a moment later."""
        self.closing = True
        self._send_up(None)
