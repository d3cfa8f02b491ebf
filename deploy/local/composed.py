"""Motcua in containers, as deploy/compose.yaml describes it: `./motcua compose-demo` tells its story there, and kills some of it."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Self

from deploy.local.images import NO_ENGINE, build, missing
from deploy.local.issuer import Issuer
from deploy.local.keys import prepare_seal_key, prepare_trial_signer
from deploy.local.processes import ROOT, answers, wait_until
from deploy.local.stack import SERVICES, remember

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from pathlib import Path

DATA: Final = ROOT / ".motcua" / "compose"
FILE: Final = ROOT / "deploy" / "compose.yaml"
PROJECT: Final = "motcua-demo"
COMPOSE: Final = (("docker", "compose"), ("docker-compose",), ("podman", "compose"))
SERVICE_PORTS: Final = dict(zip(SERVICES, range(8001, 8005), strict=True))
POSTGRES_PORT: Final = 8010
NATS_PORTS: Final = (8011, 8012, 8013)
PORTAL_PORT: Final = 8005
"""What compose.yaml publishes, on 127.0.0.1 alone."""

VALUES: Final = (
    *("POSTGRES_PASSWORD", "ANALYST_PASSWORD", "ADMIN_PASSWORD", "INTAKE_VAULT_KEYS", "FEEDBACK_VAULT_KEYS"),
    *("FEEDBACK_TOKEN_SECRET", "FEEDBACK_CODE_SECRET"),
    *(f"{name.upper()}_{what}" for name in SERVICES for what in ("PASSWORD", "OWNER_PASSWORD", "CURSOR_SECRET")),
)
"""The secrets that compose.yaml asks for; FILES is the folder of the keys."""

READY_SECONDS: Final = 180.0
LOG_LINES: Final = 5
AWAY_SECONDS: Final = 5.0
KILLED: Final = (("nats-1", 0.25), ("processing-worker", 0.5))
"""Who is killed, and when what part of the dossiers has been submitted."""


class ComposeFailed(Exception):  # noqa: N818 - reads as what happened
    """The compose program is not here, or ended with an error: its words."""


@dataclass
class Composed:
    """All of it in containers, made anew, with values of its own in the folder `data`; gone with its volumes at the end unless kept."""

    data: Path = DATA
    keep: bool = False
    services: Sequence[str] = SERVICES
    issuer: Issuer = field(init=False)

    def __post_init__(self) -> None:
        """Name the parts; nothing is started or written yet."""
        self.issuer = Issuer(self.data / "issuer")

    def __enter__(self) -> Self:
        """Start everything, and wait until every API answers.

        Raises:
            ComposeFailed: if compose is not here, could not start it, or it does not answer in `READY_SECONDS`; with the ends of the logs.
        """
        self._compose("down", "--volumes", "--remove-orphans")
        shutil.rmtree(self.data, ignore_errors=True)
        self._write_files()
        try:
            self._compose("up", "--detach")
            ready = [f"{url}/readyz" for url in self.urls.values()]
            wait_until(lambda: all(map(answers, ready)), within_seconds=READY_SECONDS, what="all services answer")
        except TimeoutError as late:
            message = f"{late}\n{self._compose('logs', '--no-color', '--tail', str(LOG_LINES))}"
            self.__exit__()
            raise ComposeFailed(message) from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything away again."""
        if not self.keep:
            self._compose("down", "--volumes", "--remove-orphans")

    @property
    def running(self) -> bool:
        """Tell whether it answers."""
        return answers(f"{self.urls['reporting']}/livez")

    @property
    def urls(self) -> dict[str, str]:
        """Return the base URL of each service."""
        return {name: f"http://127.0.0.1:{port}" for name, port in SERVICE_PORTS.items()}

    @property
    def seals(self) -> Path:
        """Return the folder of the keys that sign seals, `<service>.pem` each."""
        return self.data / "seals"

    def dsn(self, service: str, role: Literal["runtime", "owner"] = "runtime") -> str:
        """Return the DSN of a service's database, as the service sees it or as its migrations do."""
        user, variable = (service, "PASSWORD") if role == "runtime" else (f"{service}_owner", "OWNER_PASSWORD")
        return f"postgresql://{user}:{self._secret(f'{service.upper()}_{variable}')}@127.0.0.1:{POSTGRES_PORT}/{service}"

    def nats_url(self, user: str = "admin") -> str:
        """Return the URLs of all nodes for a user, with commas."""
        return ",".join(f"nats://{user}:{self._secret(f'{user.upper()}_PASSWORD')}@127.0.0.1:{port}" for port in NATS_PORTS)

    def token(self, sub: str, roles: Sequence[str], agencies: Sequence[str] = ("*",)) -> str:
        """Return a development token for the services."""
        return self.issuer.token(sub, roles, agencies)

    def kill(self, name: str) -> None:
        """Kill one container, as a fault would; it stays down until `start`."""
        self._compose("kill", "--signal", "SIGKILL", name)

    def start(self, name: str) -> None:
        """Start a killed container again."""
        self._compose("start", name)

    def _write_files(self) -> None:
        self.data.mkdir(mode=0o700, parents=True)
        self.issuer.prepare()
        key, certificate = self.data / "signers" / "processing.pem", self.data / "signers" / "processing.crt"
        prepare_trial_signer(key, certificate)
        for name in self.services:
            prepare_seal_key(self.seals / f"{name}.pem")
        # A container is another user: it may read the file that it is given. The folder above lets nobody else in.
        for file in (key, *self.seals.iterdir()):
            file.chmod(0o644)
        lines = [f"{name}={self._secret(name)}" for name in VALUES]
        (self.data / "env").touch(mode=0o600)
        (self.data / "env").write_text("\n".join([*lines, f"FILES={self.data}"]) + "\n", encoding="utf-8")

    def _secret(self, name: str) -> str:
        vault = name.endswith("_VAULT_KEYS")
        # A letter first: nats-server reads what begins like a number as one.
        return remember(
            self.data / "secrets.json",
            name,
            lambda: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}" if vault else f"s{secrets.token_hex(24)}",
        )

    def _compose(self, *arguments: str) -> str:
        known = ["--env-file", str(self.data / "env")] if (self.data / "env").exists() else []
        # Whatever compose.yaml names must have a value for every command, be it only to take down what is not up.
        environment = {**os.environ, **({} if known else dict.fromkeys((*VALUES, "FILES"), "/none"))}
        command = [*compose_program(), *known, "-p", PROJECT, "-f", str(FILE), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise ComposeFailed((done.stdout + done.stderr).strip()[-2_000:])
        return done.stdout


def compose_program() -> tuple[str, ...]:
    """Return the words that call compose on this machine.

    Raises:
        ComposeFailed: if there is none.
    """
    for words in COMPOSE:
        if shutil.which(words[0]) and subprocess.run([*words, "version"], check=False, capture_output=True).returncode == 0:
            return words
    message = "không có docker compose · no compose program is here: " + ", ".join(" ".join(words) for words in COMPOSE)
    raise ComposeFailed(message)


async def kill_some(motcua: Composed, told: Counter[str], dossiers: int, say: Callable[[str], None]) -> None:
    """Kill a broker's node and a worker in the middle of the story, each for a while."""

    async def one(name: str, part: float) -> None:
        while told["submitted"] < dossiers * part:  # noqa: ASYNC110 - a counter, which tells nobody
            await asyncio.sleep(0.1)
        say(f"  kill -9 {name}")
        await asyncio.to_thread(motcua.kill, name)
        await asyncio.sleep(AWAY_SECONDS)
        await asyncio.to_thread(motcua.start, name)
        say(f"  {name} is back")

    await asyncio.gather(*(one(name, part) for name, part in KILLED))


def main(*, dossiers: int, days: int, seed: int, as_json: bool, keep: bool) -> int:
    """Build the images that are not there, start all of it, tell the story, verify; give the exit code (3: no engine or no compose)."""
    from deploy.local import demo  # noqa: PLC0415 - takes a second to load; without compose it is not needed

    try:
        compose_program()
        if (code := build(missing(SERVICES))) != 0:
            return code
        began = time.monotonic()
        demo.say("Motcua in containers: PostgreSQL, three NATS nodes, four services as API and worker …")
        with Composed(keep=keep) as motcua:
            return demo.tell_and_verify(
                motcua,
                dossiers=dossiers,
                days=days,
                seed=seed,
                as_json=as_json,
                keep=keep,
                began=began,
                meanwhile=lambda told: kill_some(motcua, told, dossiers, demo.say),
            )
    except ComposeFailed as failed:
        print(failed, file=sys.stderr)
        return NO_ENGINE
