"""The brokers' configuration in production: who may publish what, and that the services run with it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamSourceInfo
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NoStreamResponseError, NotFoundError

from deploy.local.broker import users_file
from deploy.local.keys import prepare_seal_key
from deploy.local.stack import SERVICES
from kernel.edge.mirror import ANALYSTS_API, make_mirrors
from kernel.eventlog.relay import stream_config
from services.intake.main import SERVICE as INTAKE
from services.reporting.main import SERVICE as REPORTING
from tests.deploy.cluster import Cluster, cluster
from tests.deploy.manifests import deployed, one
from tests.local.asking import refusal
from tests.servers import NatsServer, PostgresServer
from tests.services.rig import Rig, eventually


def reading() -> ConsumerConfig:
    """Make a reader; nats-py writes into the one that it is given."""
    return ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True)


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
    for overlay in ("dev", "production"):
        assert configuration(overlay)["users.conf"] == users_file(SERVICES), "python -m deploy.local.broker"


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
        *(f"$JS.API.CONSUMER.DELETE.{of.upper()}.x" for of in (name, other)),
        *(f"analysts.API.STREAM.{verb}.{name.upper()}" for verb in ("UPDATE", "DELETE", "PURGE")),
        f"analysts.API.STREAM.CREATE.{other.upper()}",
        f"_INBOX.{other}.x",
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
    told: dict[str, Any] = {"stream_replicas": 3, "stream_mirrored": True, "nats_url": brokers.url("intake"), "seal_key_file": key}
    reading: dict[str, Any] = {"stream_replicas": 3, "nats_url": brokers.url("reporting")}
    async with rig.running(INTAKE, **told) as intake, rig.running(REPORTING, **reading) as reporting:
        recorded = len(await intake.events())  # the catalogue, published at the start
        assert recorded > 0

        async def mirrored() -> int:
            async with reporting.connected() as connection:
                return await read_upto(connection)

        await eventually(mirrored, lambda at: at == recorded)
        await what_an_analyst_may(brokers, recorded)


async def read_upto(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """Give how far reporting has read intake's stream."""
    return await connection.fetchval("SELECT max(pos) FROM log.checkpoint WHERE source = 'intake'") or 0


async def what_an_analyst_may(brokers: Cluster, recorded: int) -> None:
    """See that an analyst reads every fact and seal, from mirrors, and that the streams and their owners notice nothing of it."""
    analyst, owner = await nats.connect(brokers.url("analyst").split(",")), await nats.connect(brokers.url("admin").split(","))
    try:
        for name in ("INTAKE", "SEALS"):
            await eventually(partial(held, analyst, name))
        await eventually(partial(held, analyst, "INTAKE"), lambda count: count == recorded)
        shown = await analyst.jetstream().stream_info("INTAKE")
        assert (shown.config.num_replicas, (shown.mirror or StreamSourceInfo("none")).name) == (1, "INTAKE")
        first, theirs = [await client.jetstream().get_msg("INTAKE", seq=1) for client in (analyst, owner)]
        assert (first.subject, first.data, first.seq) == (theirs.subject, theirs.data, theirs.seq)
        heavy = [await analyst.jetstream().pull_subscribe("intake.>", stream="INTAKE", config=reading()) for _ in range(10)]
        assert [len(await one.fetch(recorded, timeout=5)) for one in heavy] == [recorded] * 10
        assert (await analyst.jetstream().stream_info("INTAKE")).state.consumer_count == 10
        asked = await owner.jetstream().stream_info("INTAKE")
        assert asked.config.num_replicas == 3
        readers = [model.name for model in REPORTING.models if INTAKE.name in model.sources]
        assert asked.state.consumer_count == len(readers), "reporting's read models read it, and nobody else"
    finally:
        await analyst.close()
        await owner.close()


async def held(client: Client, name: str) -> int:
    """Give how much somebody sees of a stream."""
    try:
        return (await client.jetstream().stream_info(name)).state.messages
    except NotFoundError:
        return 0


async def sent_to(client: Client, subject: str) -> list[str]:
    """Have what a stream holds sent to a subject in each way there is: by itself, when asked for more, and as the answer to a question."""
    config = ConsumerConfig(deliver_subject=subject, ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL)
    pushed, pulled = await client.jetstream().add_consumer("INTAKE", config), await client.jetstream().add_consumer("INTAKE", reading())
    await client.publish(f"$JS.API.CONSUMER.MSG.NEXT.INTAKE.{pulled.name}", b'{"batch": 5, "no_wait": true}', reply=subject)
    await client.publish("$JS.API.INFO", b"", reply=subject)
    await client.flush()
    return [pushed.name, pulled.name]


@pytest.fixture
async def mirrored(brokers: Cluster) -> AsyncGenerator[tuple[Client, Client]]:
    """Connect the administrator and an analyst where intake's stream has a fact, and a mirror."""
    owner, analyst = await nats.connect(brokers.url("admin").split(",")), await nats.connect(brokers.url("analyst").split(","))
    for account in (owner.jetstream(), owner.jetstream(prefix=ANALYSTS_API)):
        with suppress(NotFoundError):  # what another test left
            await account.delete_stream("INTAKE")
    await owner.jetstream().add_stream(stream_config("intake", "e", 3))
    await owner.jetstream().publish("intake.00.h09-13.note.made.v1", b"{}")
    assert await make_mirrors(owner.jetstream(), owner.jetstream(prefix=ANALYSTS_API), ["intake", "nowhere"]) == ["NOWHERE"]
    await eventually(partial(held, analyst, "INTAKE"))
    yield owner, analyst
    for client in (owner, analyst):
        await client.close()


@pytest.mark.servers
@pytest.mark.parametrize(
    "subject",
    [
        "intake.00.h09-13.note.made.v1",
        "seals.intake",
        "mirrored.INTAKE.x",
        "_INBOX.intake.x",
        *(f"$JS.API.STREAM.{verb}.INTAKE" for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE")),
        "$JS.API.CONSUMER.DELETE.INTAKE.x",
        "services.API.CONSUMER.CREATE.INTAKE",
        "$JS.FC.INTAKE.x.y",
        "$JS.ACK.INTAKE.x.1.1.1.1.0",
        "$SYS.REQ.SERVER.PING",
    ],
)
def test_an_analyst_writes_nothing_and_makes_no_reader_of_the_services_own_streams(brokers: Cluster, subject: str) -> None:
    assert "permissions violation" in refusal(brokers.url("analyst").partition(",")[0], subject).lower()


@pytest.mark.servers
async def test_what_an_analyst_has_sent_somewhere_reaches_no_stream_of_a_service(mirrored: tuple[Client, Client]) -> None:
    owner, analyst = mirrored
    before = await held(owner, "INTAKE")
    for subject in ("intake.00.h09-13.note.made.v1", "seals.intake", "_INBOX.intake.x"):
        await sent_to(analyst, subject)
    await owner.jetstream().publish("intake.00.h09-13.note.made.v1", b"{}")
    await eventually(partial(held, analyst, "INTAKE"), lambda count: count == before + 1)
    await owner.flush()
    assert await held(owner, "INTAKE") == before + 1
    assert (await owner.jetstream().stream_info("INTAKE")).state.consumer_count == 0


@pytest.mark.servers
async def test_what_a_service_has_sent_somewhere_reaches_no_stream_of_another(brokers: Cluster, mirrored: tuple[Client, Client]) -> None:
    owner, _ = mirrored
    with suppress(NotFoundError):
        await owner.jetstream().delete_stream("PROCESSING")
    await owner.jetstream().add_stream(stream_config("processing", "e", 3))
    culprit = await nats.connect(brokers.url("intake").split(","))
    try:
        for subject in ("processing.00.h09-13.note.made.v1", "seals.processing", "_INBOX.processing.x"):
            await sent_to(culprit, subject)
        await culprit.jetstream().publish("intake.00.h09-13.note.made.v1", b"{}")
        await eventually(partial(held, owner, "INTAKE"), lambda count: count == 2)
    finally:
        await culprit.close()
    await owner.jetstream().publish("processing.00.h09-13.note.made.v1", b"{}")
    assert await held(owner, "PROCESSING") == 1


@pytest.mark.servers
async def test_analysts_have_limits_of_their_own(mirrored: tuple[Client, Client]) -> None:
    owner, analyst = mirrored
    mine = await analyst.jetstream().account_info()
    assert (mine.limits.max_streams, mine.limits.max_consumers, mine.limits.max_storage) == (8, 64, 8 << 30)
    theirs = await owner.jetstream().account_info()
    assert (theirs.limits.max_streams, theirs.limits.max_consumers) == (-1, -1)
    for _ in range(64):
        await analyst.jetstream().add_consumer("INTAKE", reading())
    with pytest.raises(JetStreamError, match="maximum consumers"):
        await analyst.jetstream().add_consumer("INTAKE", reading())
    await owner.jetstream().add_consumer("INTAKE", reading())


@pytest.mark.servers
async def test_a_mirror_takes_nothing_back_either_and_is_made_again_when_it_is_gone(mirrored: tuple[Client, Client]) -> None:
    owner, analyst = mirrored
    there = owner.jetstream(prefix=ANALYSTS_API)
    with pytest.raises(JetStreamError, match="not permitted"):
        await there.purge_stream("INTAKE")
    with pytest.raises(JetStreamError, match="not permitted"):
        await there.delete_msg("INTAKE", 1)
    assert await there.delete_stream("INTAKE")
    assert await make_mirrors(owner.jetstream(), there, ["intake"]) == []
    await eventually(partial(held, analyst, "INTAKE"))


@pytest.mark.servers
@pytest.mark.parametrize("subject", ["intake.>", "analysts.API.>", "$JS.EVENT.>", ">"])
async def test_a_service_subscribes_to_its_answers_alone(brokers: Cluster, subject: str) -> None:
    said = asyncio.Queue[str]()

    async def hear(error: Exception) -> None:
        await said.put(str(error))

    client = await nats.connect(brokers.url("intake").split(","), error_cb=hear)
    try:
        await client.subscribe(subject)
        async with asyncio.timeout(10):
            assert "permissions violation for subscription" in (await said.get()).lower()
    finally:
        await client.close()


@pytest.mark.servers
async def test_a_service_hears_nothing_that_is_sent_to_another(brokers: Cluster) -> None:
    listener, asker = [await nats.connect(brokers.url(name).split(",")) for name in ("intake", "processing")]
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    try:
        await listener.subscribe("_INBOX.>", cb=hear)
        await listener.flush()
        assert (await asker.jetstream().account_info()).streams >= 0
        assert heard == [], "the answer was processing's"
        await listener.jetstream().account_info()
        assert heard, "it hears its own"
    finally:
        await listener.close()
        await asker.close()
