"""All of Motcua on one machine: PostgreSQL, NATS and the services, started in order, kept alive, stopped in reverse.

`Stack` is for Python (demo, system tests); `./motcua up` is a Stack in the foreground. One data folder is one Motcua:
    postgres/ nats/ issuer/     what the servers keep          ports.json secrets.json   chosen once, kept for ever
    files/                      files of dossiers, sealed
    logs/<process>.log          what each process printed      run.json                  who runs now (`lock` is held meanwhile)
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import secrets
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, Self

from deploy.local import broker, payment_gateway
from deploy.local.issuer import AUDIENCE, ISSUER, Issuer
from deploy.local.keys import prepare_seal_key, prepare_trial_signer
from deploy.local.postgres import Postgres, database_script, run_sql
from deploy.local.processes import ROOT, free_port, is_free, spawn, tail, wait_until
from deploy.local.supervisor import Child, Stopped, Supervisor

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence

SERVICES = ("intake", "processing", "feedback", "reporting")
PORTAL = "national-portal"
DATA = ROOT / ".motcua" / "data"

SERVER_SECONDS = 60.0
READY_SECONDS = 60.0
STOP_SECONDS = 60.0
PORT_SECONDS = 15.0
LOCK_SECONDS = 1.0


class AlreadyRunning(Exception):  # noqa: N818 - reads as what happened
    """Another process holds this data folder."""


def silent(_: str) -> None:
    """Say nothing."""


@dataclass
class Stack:
    """Motcua in the folder `data`; each service is run as `python -m <package>.<service> migrate`, then `… all`.

    `fast` gives up durability against a crash of the machine: for throw-away folders only. `nodes` is how many NATS servers
    there are: one, or three that keep three copies of every stream. `portal` starts a national portal to try things out on
    (national_portal.py), which intake tells of every dossier.
    `code` is the folder of the services' program: another version of it, where two are to meet.
    """

    data: Path = DATA
    fast: bool = False
    services: Sequence[str] = SERVICES
    demo_clock: bool = False
    package: str = "services"
    nodes: int = 1
    portal: bool = False
    code: Path = ROOT
    say: Callable[[str], None] = silent
    postgres: Postgres = field(init=False)
    brokers: dict[str, broker.Broker] = field(init=False)
    issuer: Issuer = field(init=False)

    def __post_init__(self) -> None:
        """Name the parts; nothing is opened or written yet."""
        self.data = Path(self.data).resolve()
        self.issuer = Issuer(self.data / "issuer")
        self._stopping, self._up = threading.Event(), threading.Event()
        self._supervisor = Supervisor(self._stopping, self._write_run_file, self.say)
        self._thread: threading.Thread | None = None
        self._lock: IO[str] | None = None
        self._failure: BaseException | None = None
        self._started_at = datetime.now(UTC)

    def start(self) -> Self:
        """Start everything and return once every process is launched; `wait_ready` waits for the services.

        Errors: AlreadyRunning; StartFailed with the end of the log of what did not come up.
        """
        self._lock = self._hold_folder()
        self._stopping.clear()
        self._up.clear()
        self._failure, self._started_at = None, datetime.now(UTC)
        self._thread = threading.Thread(target=self._run, name="motcua-supervisor", daemon=True)
        self._thread.start()
        self._up.wait()
        if self._failure is not None:
            self.stop()
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop everything, services first, and let the folder go. Stopping twice is stopping once."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        if self._lock is not None:
            self._lock.close()
        self._thread = self._lock = None

    def __enter__(self) -> Self:
        """Start, and wait until all is ready."""
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def running(self) -> bool:
        """Tell whether the processes are being watched."""
        return self._thread is not None and self._thread.is_alive()

    def wait_ready(self, within_seconds: float = READY_SECONDS) -> None:
        """Return when every process answers; raise TimeoutError naming those that do not, with the end of their logs."""

        def late() -> list[Child]:
            return [child for child in self._supervisor.children if not child.ready()]

        try:
            wait_until(lambda: not self.running or not late(), within_seconds=within_seconds, what="all processes answer")
        except TimeoutError:
            message = "\n".join(f"{child.name} is not ready:\n{tail(child.log)}" for child in late())
            raise TimeoutError(message) from None
        if not self.running:
            raise Stopped from self._failure

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process, as a fault would; return the pid it had."""
        process = self._child(name).process
        if process is None:
            raise ProcessLookupError(name)
        process.send_signal(by)
        return process.pid

    def hold(self, name: str) -> None:
        """Kill one process and leave it down, as an operator would who stops it, until `release`."""
        self._child(name).held = True
        self.kill(name)

    def release(self, name: str) -> None:
        """Let the supervisor start a held process again."""
        self._child(name).held = False

    def pid(self, name: str) -> int | None:
        """Return the pid of one process, or None while it is down."""
        process = self._child(name).process
        return None if process is None or process.poll() is not None else process.pid

    def restarts(self, name: str) -> int:
        """Return how often one process had to be started again."""
        return self._child(name).restarts

    @property
    def seals(self) -> Path:
        """Return the folder of the keys that sign seals, `<service>.pem` each."""
        return self.data / "seals"

    def signer(self, service: str) -> tuple[Path, Path]:
        """Return the key and the certificate that a service's papers are signed with."""
        return self.data / "signers" / f"{service}.pem", self.data / "signers" / f"{service}.crt"

    @property
    def urls(self) -> dict[str, str]:
        """Return the base URL of each service."""
        return {name: f"http://127.0.0.1:{self._port(name)}" for name in self.services}

    @property
    def portal_url(self) -> str:
        """Return the base URL of the national portal that `portal` starts."""
        return f"http://127.0.0.1:{self._port(PORTAL)}"

    def dsn(self, service: str, role: Literal["runtime", "owner"] = "runtime") -> str:
        """Return the DSN of a service's database, as the service sees it or as its migrations do."""
        user = service if role == "runtime" else f"{service}_owner"
        return f"postgresql://{user}:{self._secret(f'postgres {user}')}@127.0.0.1:{self._port('postgres')}/{service}"

    def nats_url(self, user: str = "admin") -> str:
        """Return the URL for a service's user, "admin" or "analyst" (reads mirrors, never writes); of a cluster all, with commas."""
        return ",".join(f"nats://{user}:{self._secret(f'nats {user}')}@127.0.0.1:{self._port(name)}" for name in self.nats_names)

    @property
    def nats_names(self) -> tuple[str, ...]:
        """Return the names of the NATS servers among the processes."""
        return ("nats",) if self.nodes == 1 else tuple(f"nats-{n}" for n in range(1, self.nodes + 1))

    def token(self, sub: str, roles: Sequence[str], agencies: Sequence[str] = ("*",)) -> str:
        """Return a development token for the services."""
        return self.issuer.token(sub, roles, agencies)

    # -- what the supervisor's thread does ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._start_servers()
            self._start_services()
            self._up.set()
            self._supervisor.watch()
        except Stopped:
            pass
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits in start()
            self._failure = failure
        finally:
            self._supervisor.stop()
            (self.data / "run.json").unlink(missing_ok=True)
            self._up.set()

    def _start_servers(self) -> None:
        self._wait_for_ports()
        logs = self.data / "logs"
        self.issuer.prepare()
        for name in self.services:
            prepare_seal_key(self.seals / f"{name}.pem")
            prepare_trial_signer(*self.signer(name))
        home, port = self.data / "postgres", self._port("postgres")
        self.postgres = Postgres(home, port, self._secret("postgres postgres"), logs / "postgres.log", self.fast)
        self.brokers = {name: self._broker(name) for name in self.nats_names}
        for node in self.brokers.values():
            node.prepare()
        self.postgres.prepare()
        probe = f"postgresql://127.0.0.1:{port}"
        database = Child("postgres", port, probe, logs / "postgres.log", self.postgres.launch, signal.SIGINT)
        carriers = [Child(name, node.port, node.health_url, node.log, node.launch) for name, node in self.brokers.items()]
        for server in (database, *carriers):
            self._supervisor.add(server)
        for server in (database, *carriers):
            self._supervisor.wait_ready(server, SERVER_SECONDS)

    def _broker(self, name: str) -> broker.Broker:
        users = [broker.admin(self._secret("nats admin")), broker.analyst(self._secret("nats analyst"))]
        users += [broker.service(service, self._secret(f"nats {service}")) for service in self.services]
        others = [other for other in self.nats_names if other != name]
        return broker.Broker(
            self.data / name,
            self._port(name),
            self._port(f"{name}-monitor"),
            self.data / "logs" / f"{name}.log",
            tuple(users),
            name=f"motcua-{name}" if others else "motcua",
            routes=tuple(self._port(f"{node}-route") for node in (name, *others)) if others else (),
        )

    def _start_services(self) -> None:
        logs = self.data / "logs"
        for name in self.services:
            passwords = self._secret(f"postgres {name}_owner"), self._secret(f"postgres {name}")
            run_sql(self.postgres.admin_dsn, database_script(name, name, *passwords))

        def launch(name: str, task: str, log: str) -> subprocess.Popen[bytes]:
            argv = [sys.executable, "-m", f"{self.package}.{name}", task]
            # Nobody is left to wait for a drain when the supervisor was killed, and a service may be killed at any time.
            environment = self.environment(name, migrate=task == "migrate")
            return spawn(argv, log=logs / f"{log}.log", when_parent_dies=signal.SIGKILL, environment=environment, code=self.code)

        self._supervisor.finish({f"{name}-migrate": launch(name, "migrate", f"{name}-migrate") for name in self.services}, logs)
        if self.portal:
            self._supervisor.add(self._national_portal(logs / f"{PORTAL}.log"))
        for name in self.services:
            probe, log = f"{self.urls[name]}/readyz", logs / f"{name}.log"
            self._supervisor.add(Child(name, self._port(name), probe, log, partial(launch, name, "all", name)))

    def _national_portal(self, log: Path) -> Child:
        port = self._port(PORTAL)
        argv = [sys.executable, "-m", "deploy.local.national_portal", "--port", str(port)]
        return Child(PORTAL, port, f"{self.portal_url}/readyz", log, partial(spawn, argv, log=log, when_parent_dies=signal.SIGKILL))

    def environment(self, service: str, *, migrate: bool = False) -> dict[str, str]:
        """Return the settings of one service. Only `migrate` is told the owner's password."""
        settings = {
            "DATABASE_URL": self.dsn(service),
            "NATS_URL": self.nats_url(service),
            "HOST": "127.0.0.1",
            "PORT": str(self._port(service)),
            "ISSUER": ISSUER,
            "AUDIENCE": AUDIENCE,
            "JWKS_FILE": str(self.issuer.jwks),
            "DEMO_CLOCK": str(self.demo_clock).lower(),
            "CURSOR_SECRET": self._secret(f"cursor {service}"),
            "TOKEN_SECRET": self._secret(f"token {service}"),
            "CODE_SECRET": self._secret(f"code {service}"),
            "VAULT_KEYS": f"1:{base64.b64encode(hashlib.sha256(self._secret(f'vault {service}').encode()).digest()).decode()}",
            "PAYMENT_SECRETS": payment_gateway.SECRET,
            "FILES_URL": (self.data / "files").as_uri(),
            "SEAL_KEY_FILE": str(self.seals / f"{service}.pem"),
            "SIGNING_KEY_FILE": str(self.signer(service)[0]),
            "SIGNING_CERTIFICATE_FILE": str(self.signer(service)[1]),
            "PUBLIC_URL": self.urls[service],
            "STREAM_REPLICAS": str(self.nodes),
            "STREAM_MIRRORED": "true",
            # One machine is one network, and a whole town speaks from it.
            "ANONYMOUS_PER_MINUTE": "1000000",
            "ANONYMOUS_TOTAL_PER_MINUTE": "1000000",
        }
        if self.portal:
            settings["NATIONAL_URL"] = self.portal_url
        if migrate:
            settings["MIGRATE_DATABASE_URL"] = self.dsn(service, "owner")
        return {f"{service.upper()}_{name}": value for name, value in settings.items()}

    # -- what the data folder remembers -------------------------------------------------------------------------------

    def _hold_folder(self) -> IO[str]:
        self.data.mkdir(parents=True, exist_ok=True)
        # Others may pass through (postgres may have to run as nobody), not look; every secret is in a file of mode 0600.
        self.data.chmod(0o711)
        lock = (self.data / "lock").open("a+")
        give_up_at = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # `status` holds a shared lock for an instant to see whether anybody runs: look again before giving up.
                if time.monotonic() > give_up_at:
                    lock.close()
                    raise AlreadyRunning(self.data) from None
                time.sleep(0.02)
            else:
                lock.truncate(0)
                lock.write(str(os.getpid()))
                lock.flush()
                return lock

    def _wait_for_ports(self) -> None:
        """Wait for a killed predecessor's children, which may need a moment to end, and never share a store with them."""
        monitors = [f"{name}-monitor" for name in self.nats_names]
        names = ("postgres", *self.nats_names, *monitors, *self.services, *([PORTAL] if self.portal else []))
        for name in names:
            port = self._port(name)
            what = f"port {port} of {name} is free (another program has it? then remove {name} from {self.data / 'ports.json'})"
            wait_until(partial(is_free, port), within_seconds=PORT_SECONDS, what=what)

    def _port(self, name: str) -> int:
        taken = frozenset(int(port) for port in remembered(self.data / "ports.json").values())
        return int(remember(self.data / "ports.json", name, lambda: str(free_port(taken))))

    def _secret(self, name: str) -> str:
        return remember(self.data / "secrets.json", name, lambda: secrets.token_urlsafe(24))

    def _child(self, name: str) -> Child:
        return next(child for child in self._supervisor.children if child.name == name)

    def _write_run_file(self) -> None:
        processes = {
            child.name: {
                "pid": child.process.pid if child.process else None,
                "port": child.port,
                "probe": child.probe,
                "restarts": child.restarts,
                "started_at": child.started_at.isoformat() if child.started_at else None,
            }
            for child in self._supervisor.children
        }
        run = {"pid": os.getpid(), "started_at": self._started_at.isoformat(), "data": str(self.data), "urls": self.urls}
        write(self.data / "run.json", {**run, "processes": processes})


def remembered(file: Path) -> dict[str, str]:
    """Return the names and values kept in `file`."""
    return json.loads(file.read_text()) if file.exists() else {}


def remember(file: Path, name: str, make: Callable[[], str]) -> str:
    """Return the value kept under `name` in `file`; the first time, make it and keep it."""
    values = remembered(file)
    if name not in values:
        values[name] = make()
        write(file, values)
    return values[name]


def write(file: Path, content: Mapping[str, object]) -> None:
    """Write JSON that only we may read, at once or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    unfinished.replace(file)


def supervisor_of(data: Path) -> int | None:
    """Return the pid of the process that runs Motcua in `data`, or None.

    The lock tells, not the pid: pids are used again. 0 = it took the lock a moment ago and has not signed yet.
    """
    try:
        with (data / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int((data / "lock").read_text() or 0)
    return None
