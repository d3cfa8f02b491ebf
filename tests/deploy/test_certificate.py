"""A certificate of the broker has run out: the service works on, and once there is a new one everything arrives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.transport import TcpTransport

from deploy.local.processes import answers, free_port, spawn, stop, wait_until
from kernel.edge.transport import never_wait_for_ever, wait_closed
from kernel.eventlog import Worker
from tests.deploy.cluster import START_SECONDS, certificates
from tests.kernel.eventlog.bank import Deposited, Opened, add
from tests.kernel.eventlog.rig import Rig, eventually, running
from tests.servers import NatsServer, PostgresServer
from tests.services.four import SERVICES
from tests.services.rig import VAULT_KEYS


@pytest.fixture
async def rig(postgres: PostgresServer, nats: NatsServer) -> AsyncGenerator[Rig]:
    made = Rig(postgres, nats, {})
    yield made
    await made.close()


@dataclass
class Server:
    """One nats-server with TLS as in production and its files in a folder."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        monitor, log = free_port(frozenset([self.port])), self.folder / "nats.log"
        text = f"""
            listen: 127.0.0.1:{self.port}
            http: 127.0.0.1:{monitor}
            jetstream: {{ store_dir: "{self.folder}/data" }}
            tls: {{ cert_file: "{self.folder}/tls/tls.crt", key_file: "{self.folder}/tls/tls.key" }}
        """
        (self.folder / "nats.conf").write_text(text, encoding="utf-8")
        program = shutil.which("nats-server", path=os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])))
        self.process = spawn([str(program), "--config", self.folder / "nats.conf"], log=log, when_parent_dies=signal.SIGKILL)
        wait_until(lambda: answers(f"http://127.0.0.1:{monitor}/healthz"), within_seconds=START_SECONDS, what="it answers", log=log)

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            stop(self.process, signal.SIGKILL, within_seconds=START_SECONDS)

    def renew(self) -> None:
        """Do what the runbook says: a new certificate in the place of the old, and the server told to read it."""
        certificates(self.folder / "tls")
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.stop()


@pytest.mark.parametrize("connected", [False, True], ids=["since-the-start", "while-connected"])
async def test_when_the_brokers_certificate_runs_out_facts_wait_and_a_new_one_lets_them_go(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, connected: bool
) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=6 if connected else -60)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates(server.folder / "tls", ends_at=ends_at)))
    log = await rig.log()
    never_wait_for_ever()  # as every service does for its worker
    server.start()
    worker = Worker(log, f"tls://localhost:{server.port}")

    async def acked() -> int:
        return worker.relay.acked if worker.relay else 0

    async def said() -> str:
        return caplog.text

    async def now() -> datetime:
        return datetime.now(UTC)

    async with running(worker.run()):
        await add(log, uuid4(), [Opened(owner="Nguyễn Văn An"), Deposited(amount=5)])
        if connected:
            await eventually(acked, lambda pos: pos == 2)
            await eventually(now, lambda instant: instant > ends_at + timedelta(seconds=1))
            assert await acked() == 2  # what is connected stays so: nobody looks at the certificate again
            server.stop()
            server.start()
        # Nobody who hands something in is refused.
        await add(log, uuid4(), [Opened(owner="Trần Thị Bình")])
        await eventually(said, lambda text: "certificate has expired" in text)
        assert await acked() == (2 if connected else 0)
        server.renew()
        await eventually(acked, lambda pos: pos == 3)  # and nobody is restarted


def test_every_service_that_makes_a_worker_waits_for_no_connection_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TcpTransport, "wait_closed", TcpTransport.wait_closed)
    for service in SERVICES:
        told: Any = {"database_url": "postgresql://nobody@nowhere/none", "jwks_file": tmp_path / "none", "vault_keys": VAULT_KEYS}
        service._worker(service.runtime(service.settings(**told)))
    assert TcpTransport.wait_closed is wait_closed
