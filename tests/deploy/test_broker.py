"""The brokers' configuration in production: who may publish what, and that the services run with it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NoStreamResponseError

from deploy.local.broker import admin, analyst, service
from deploy.local.keys import prepare_seal_key
from deploy.local.stack import SERVICES
from kernel.eventlog.relay import stream_config
from services.intake.main import SERVICE as INTAKE
from services.reporting.main import SERVICE as REPORTING
from tests.deploy.cluster import Cluster, cluster, users_of
from tests.deploy.manifests import deployed, one
from tests.local.asking import refusal
from tests.servers import NatsServer, PostgresServer
from tests.services.rig import Rig, eventually


def configuration(overlay: str) -> Any:
    """Give the files that the nodes mount."""
    return one(deployed(overlay), "ConfigMap", "nats")["data"]


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run production's three nodes; whoever verifies a certificate here trusts their authority."""
    with cluster(configuration("production"), tmp_path_factory.mktemp("brokers")) as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(running.authority))
        yield running


def test_the_users_of_the_cluster_are_those_of_one_machine() -> None:
    wanted = {user.name: {"publish": user.publish, "subscribe": user.subscribe} for user in (admin(""), analyst(""))}
    wanted |= {name: {"publish": service(name, "").publish, "subscribe": service(name, "").subscribe} for name in SERVICES}
    for overlay in ("dev", "production"):
        assert users_of(configuration(overlay)["users.conf"]) == wanted


def test_nothing_is_acknowledged_before_it_is_on_the_disk() -> None:
    assert "sync_interval: always" in configuration("production")["nats.conf"]


@pytest.mark.servers
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_publishes_its_own_facts_and_no_others(brokers: Cluster, name: str) -> None:
    url = brokers.url(name).partition(",")[0]
    assert not refusal(url, f"{name}.00.h09-13.note.made.v1")
    assert not refusal(url, f"seals.{name}")
    other = next(other for other in SERVICES if other != name)
    for subject in (
        f"{other}.00.h09-13.note.made.v1",
        f"seals.{other}",
        *(f"$JS.API.STREAM.{verb}.{other.upper()}" for verb in ("CREATE", "UPDATE", "DELETE", "PURGE")),
        *(f"$JS.API.STREAM.{verb}.{name.upper()}" for verb in ("DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE")),
        "$JS.API.ACCOUNT.PURGE.X",
        "$SYS.REQ.SERVER.PING",
    ):
        assert "permissions violation" in refusal(url, subject).lower(), subject


@pytest.mark.servers
async def test_nobody_comes_in_without_a_password(brokers: Cluster) -> None:
    said: list[str] = []

    async def hear(error: Exception) -> None:
        said.append(str(error))

    guessed = brokers.url("intake").replace(brokers.passwords["intake"], "guessed").split(",")[:1]
    with pytest.raises(NatsError):
        await nats.connect(guessed, allow_reconnect=False, max_reconnect_attempts=1, connect_timeout=5, error_cb=hear)
    assert any("Authorization Violation" in one for one in said)


@pytest.mark.servers
async def test_who_does_not_trust_the_authority_does_not_come_in(brokers: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    url = brokers.url("intake").split(",")[:1]
    with pytest.raises((ssl.SSLCertVerificationError, NatsError)):
        await nats.connect(url, allow_reconnect=False, max_reconnect_attempts=1, connect_timeout=5)


@pytest.mark.servers
async def test_not_even_the_administrator_takes_a_fact_back(brokers: Cluster) -> None:
    client = await nats.connect(brokers.url("admin").split(","))
    try:
        jetstream = client.jetstream()
        await jetstream.add_stream(stream_config("feedback", "e", 3))

        async def stored() -> int | None:
            try:
                return (await jetstream.publish("feedback.00.h09-13.note.made.v1", b"{}")).seq
            except NoStreamResponseError:  # its three copies have not chosen who leads yet
                return None

        kept = await eventually(stored, lambda seq: seq is not None)
        assert kept is not None
        with pytest.raises(JetStreamError, match="not permitted"):
            await jetstream.purge_stream("FEEDBACK")
        with pytest.raises(JetStreamError, match="not permitted"):
            await jetstream.delete_msg("FEEDBACK", kept)
        assert (await jetstream.stream_info("FEEDBACK")).state.messages == 1
        await jetstream.delete_stream("FEEDBACK")
    finally:
        await client.close()


@pytest.mark.servers
async def test_services_run_on_it_as_their_own_users(brokers: Cluster, postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> None:
    rig, key = Rig(postgres, nats, tmp_path), tmp_path / "intake.pem"
    prepare_seal_key(key)
    told: dict[str, Any] = {"stream_replicas": 3, "nats_url": brokers.url("intake"), "seal_key_file": key}
    reading: dict[str, Any] = {"stream_replicas": 3, "nats_url": brokers.url("reporting")}
    async with rig.running(INTAKE, **told) as intake, rig.running(REPORTING, **reading) as reporting:
        recorded = len(await intake.events())  # the catalogue, published at the start
        assert recorded > 0

        async def mirrored() -> int:
            async with reporting.connected() as connection:
                return await read_upto(connection)

        await eventually(mirrored, lambda at: at == recorded)
        assert await seen(brokers) == (recorded, 3, True)


async def read_upto(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """Give how far reporting has read intake's stream."""
    return await connection.fetchval("SELECT max(pos) FROM log.checkpoint WHERE source = 'intake'") or 0


async def seen(brokers: Cluster) -> tuple[int, int, bool]:
    """Give what an analyst sees of intake: how many facts, in how many copies, and whether a seal lies with the others."""
    client = await nats.connect(brokers.url("analyst").split(","))
    try:
        info = await client.jetstream().stream_info("INTAKE")

        async def seals() -> int:
            return (await client.jetstream().stream_info("SEALS")).state.messages

        sealed = await eventually(seals)
        return info.state.last_seq, info.config.num_replicas or 0, sealed > 0
    finally:
        await client.close()
