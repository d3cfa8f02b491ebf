"""Real PostgreSQL and NATS for tests: the fixtures `postgres` and `nats`, each test process with servers of its own.

Order of discovery: MOTCUA_TEST_PG_DSN / MOTCUA_TEST_NATS_URL (somebody's running servers); MOTCUA_TEST_CONTAINERS=1
(postgres:18 and nats:2 by testcontainers); else the wheels, in a throw-away folder. Never a stand-in.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

import pytest

from deploy.local.broker import Broker
from deploy.local.postgres import FAST, Postgres, accepts_connections, database_script, run_sql
from deploy.local.processes import answers, free_port, stop, wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator, Iterator

    from testcontainers.core.container import DockerContainer

START_SECONDS = 60.0
STOP_SECONDS = 10.0
ENGINE_SECONDS = 110
"""How long the container engine may take for one thing: removing a cluster of some hundred databases is many files."""
PASSWORD = "test"
FIXTURES = frozenset({"postgres", "nats"})


class Engine(Protocol):
    """How the server behind a fixture is killed, and started again on the same port with the same files."""

    def kill(self, by: signal.Signals) -> None:
        """Send a signal, and return when the server is gone."""

    def start(self) -> None:
        """Start it again, and return when it answers."""


@dataclass(frozen=True)
class Database:
    """A fresh database. Roles are named after the service, as migrations expect; the database has a name of its own."""

    name: str
    owner_dsn: str
    runtime_dsn: str


@dataclass
class PostgresServer:
    """A running PostgreSQL 18."""

    admin_dsn: str
    engine: Engine | None
    made: list[str] = field(default_factory=list[str])
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def dsn(self, role: str | None = None, database: str | None = None) -> str:
        """Return the DSN for a role that create_database made (by default the superuser) and a database."""
        dsn = urlsplit(self.admin_dsn)
        netloc = dsn.netloc if role is None else f"{role}:{PASSWORD}@{dsn.hostname}:{dsn.port}"
        return dsn._replace(netloc=netloc, path=f"/{database}" if database else dsn.path).geturl()

    def create_database(self, service: str = "test", template: str = "template0") -> Database:
        """Return a new database for `service`, owned by <service>_owner and open to <service>, in about 0.1 s.

        `template` is the name of a database made before (migrated once, copied often); nobody may be connected to it.
        """
        # Several test processes may share one server of somebody else's; the process id keeps their names apart.
        name = f"{service}_{os.getpid()}_{next(self.numbers)}"
        run_sql(self.admin_dsn, database_script(service, name, PASSWORD, PASSWORD, template))
        self.made.append(name)
        return Database(name, self.dsn(f"{service}_owner", name), self.dsn(service, name))

    def drop_databases(self) -> None:
        """Drop what create_database made."""
        run_sql(self.admin_dsn, "".join(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\n" for name in self.made))
        self.made.clear()

    def kill(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Kill the server, as a fault would; `restart` brings it back on the same port with the same files."""
        own(self.engine).kill(by)

    def restart(self) -> None:
        """Start the server again after `kill`."""
        own(self.engine).start()


@dataclass
class NatsServer:
    """A running nats-server with JetStream, where everybody may do everything."""

    url: str
    engine: Engine | None
    store: Path | None = None

    def kill(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Kill the server, as a fault would; `restart` brings it back on the same port with the same streams."""
        own(self.engine).kill(by)

    def restart(self) -> None:
        """Start the server again after `kill`."""
        own(self.engine).start()

    def wipe(self) -> None:
        """Lose every stream, as a lost disk would, and start again empty."""
        self.kill()
        if self.store is not None:
            for stored in self.store.iterdir():
                shutil.rmtree(stored)
        self.restart()


def own(engine: Engine | None) -> Engine:
    """Return the engine, or skip the test: a server that somebody else runs is not ours to kill."""
    if engine is None:
        pytest.skip("the server was given by MOTCUA_TEST_…: it is not ours to kill")
    return engine


class Program:
    """A server from a wheel, as a child of this test process."""

    def __init__(self, server: Postgres | Broker) -> None:
        """Name it; entering starts it."""
        self.server = server
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Make its files and start it."""
        self.server.prepare()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it at once: its files are thrown away."""
        self.kill(signal.SIGQUIT if isinstance(self.server, Postgres) else signal.SIGKILL)

    def start(self) -> None:
        """Start it, again when it ends at once: a killed Postgres leaves shared memory that its last child still holds."""
        self.process = self.server.launch()

        def ready() -> bool:
            if self.process is None or self.process.poll() is not None:
                self.process = self.server.launch()
            return self.server.ready()

        wait_until(ready, within_seconds=START_SECONDS, what="the server answers", log=self.server.log)

    def kill(self, by: signal.Signals) -> None:
        """Send a signal, and return when it is gone."""
        if self.process is not None:
            stop(self.process, by, within_seconds=STOP_SECONDS)


class Container:
    """A server in a container, on a host port that stays the same when it is started again."""

    def __init__(self, container: DockerContainer, ready: Callable[[], bool]) -> None:
        """Take a started container."""
        self.container, self.ready = container, ready
        self.await_ready()

    def await_ready(self) -> None:
        """Return when it answers through the published port."""
        wait_until(self.ready, within_seconds=START_SECONDS, what="the container answers")

    def start(self) -> None:
        """Start it again, and return when it answers."""
        self.container.get_wrapped_container().start()
        self.await_ready()

    def kill(self, by: signal.Signals) -> None:
        """Send a signal, and return when it is gone; what is gone already may stay so."""
        container = self.container.get_wrapped_container()
        container.reload()
        if container.status != "running":
            return
        container.kill(by.name)
        container.wait(timeout=STOP_SECONDS)


@contextmanager
def throw_away_folder() -> Generator[Path]:
    """Yield a folder that is removed afterwards; others may pass through it, as postgres must where it runs as nobody."""
    folder = Path(tempfile.mkdtemp(prefix="motcua-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server() -> Generator[PostgresServer]:
    """Yield a PostgreSQL: given, in a container, or from the wheel."""
    if dsn := os.environ.get("MOTCUA_TEST_PG_DSN"):
        server = PostgresServer(dsn, None)
        try:
            yield server
        finally:
            server.drop_databases()
    elif os.environ.get("MOTCUA_TEST_CONTAINERS") == "1":
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - not needed where there are no containers

        port = free_port()
        patience = {"timeout": ENGINE_SECONDS}
        container = PostgresContainer("postgres:18", username="postgres", password=PASSWORD, driver=None, docker_client_kw=patience)
        container.with_bind_ports(5432, port)
        # With fsync, coming back after a kill flushes every file of the cluster twice: 47 s for 350 databases on a busy disk.
        with container.with_command(" ".join(["postgres", *(f"-c {name}={value}" for name, value in FAST.items())])):
            engine = Container(container, lambda: accepts_connections(port))
            yield PostgresServer(f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres", engine)
    else:
        with throw_away_folder() as folder:
            postgres = Postgres(folder / "postgres", free_port(), PASSWORD, folder / "postgres.log", fast=True)
            with Program(postgres) as program:
                yield PostgresServer(postgres.admin_dsn, program)


@contextmanager
def nats_server() -> Generator[NatsServer]:
    """Yield a nats-server with JetStream: given, in a container, or from the wheel."""
    if url := os.environ.get("MOTCUA_TEST_NATS_URL"):
        yield NatsServer(url, None)
        return
    with throw_away_folder() as folder:
        port = free_port()
        monitor = free_port(frozenset({port}))
        if os.environ.get("MOTCUA_TEST_CONTAINERS") == "1":
            from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - as above

            container = DockerContainer("nats:2", command="-js -sd /data -m 8222").with_volume_mapping(folder, "/data", "rw")
            with container.with_bind_ports(4222, port).with_bind_ports(8222, monitor):
                engine = Container(container, lambda: answers(f"http://127.0.0.1:{monitor}/healthz"))
                yield NatsServer(f"nats://127.0.0.1:{port}", engine, folder)
        else:
            broker = Broker(folder, port, monitor, folder / "nats.log")
            with Program(broker) as program:
                yield NatsServer(broker.url(), program, broker.store)


@pytest.fixture(scope="session", name="postgres")
def postgres_fixture() -> Iterator[PostgresServer]:
    """Give this test process a PostgreSQL of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session", name="nats")
def nats_fixture() -> Iterator[NatsServer]:
    """Give this test process a nats-server of its own."""
    with nats_server() as server:
        yield server


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, and do without the helper image that testcontainers would pull."""
    config.addinivalue_line("markers", "servers: needs a real PostgreSQL or NATS (set by itself on tests that use the fixtures)")
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a server, so that `-m "not servers"` leaves them out."""
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")
