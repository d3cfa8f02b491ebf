"""Motcua on one machine: who may do what, and what comes back after which fault."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from deploy.local.issuer import AUDIENCE, ISSUER, Issuer
from deploy.local.processes import wait_until
from deploy.local.stack import AlreadyRunning, Stack, supervisor_of
from deploy.local.supervisor import StartFailed
from kernel.edge.mirror import ANALYSTS_API, make_mirrors
from tests.local.asking import ask_nats, ask_postgres, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from nats.aio.client import Client

pytestmark = pytest.mark.servers


def probe_stack(data: Path) -> Stack:
    return Stack(data, services=("probe",), package="tests.local")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with probe_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_postgres_is_durable_by_default(stack: Stack, setting: str) -> None:
    assert ask_postgres(stack.dsn("probe"), "SELECT current_setting($1)", setting)[0][0] == "on"


def test_the_runtime_role_owns_nothing_and_may_make_nothing_in_public(stack: Stack) -> None:
    [role] = ask_postgres(
        stack.dsn("probe"),
        """SELECT rolsuper, rolcreatedb, rolcreaterole, has_schema_privilege('public', 'CREATE') AS makes_in_public,
                  (SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()) AS owner
             FROM pg_roles WHERE rolname = current_user""",
    )
    assert dict(role) == {"rolsuper": False, "rolcreatedb": False, "rolcreaterole": False, "makes_in_public": False, "owner": "probe_owner"}


def test_the_runtime_role_cannot_wait_or_idle_for_ever(stack: Stack) -> None:
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")
    assert [ask_postgres(stack.dsn("probe"), "SELECT current_setting($1)", name)[0][0] for name in names] == ["5s", "2s", "15s"]


def test_only_the_migration_is_told_the_owners_password(stack: Stack) -> None:
    assert "PROBE_MIGRATE_DATABASE_URL" not in stack.environment("probe")
    assert stack.environment("probe", migrate=True)["PROBE_MIGRATE_DATABASE_URL"] == stack.dsn("probe", "owner")


def test_files_with_passwords_are_ours_alone_to_read(stack: Stack) -> None:
    secret = ("secrets.json", "nats/nats.conf", "issuer/key.json", "run.json")
    assert {oct((stack.data / name).stat().st_mode & 0o777) for name in secret} == {"0o600"}


@pytest.mark.parametrize(
    "subject",
    [
        "probe.00.h09-13.note.made.v1",
        "seals.probe",
        "$JS.API.STREAM.CREATE.PROBE",
        "$JS.API.STREAM.CREATE.SEALS",
        "$JS.API.CONSUMER.CREATE.OTHER",
    ],
)
def test_a_service_may_publish_its_own_facts(stack: Stack, subject: str) -> None:
    assert not refusal(stack.nats_url("probe"), subject)


@pytest.mark.parametrize(
    "subject",
    [
        "other.00.h09-13.note.made.v1",
        "seals.other",
        "seals.probe.x",
        "_INBOX.other.x",
        "$JS.API.STREAM.CREATE.OTHER",
        "$JS.API.STREAM.DELETE.PROBE",
        *(f"$JS.API.STREAM.{action}.SEALS" for action in ("UPDATE", "DELETE", "PURGE")),
    ],
)
def test_a_service_may_not_publish_what_belongs_to_another(stack: Stack, subject: str) -> None:
    assert "permissions violation" in refusal(stack.nats_url("probe"), subject).lower()


@pytest.mark.parametrize(
    "subject", ["probe.00.h09-13.note.made.v1", "seals.probe", "$JS.API.STREAM.CREATE.PROBE", "$JS.API.STREAM.PURGE.PROBE", "_INBOX.x"]
)
def test_an_analyst_may_not_publish(stack: Stack, subject: str) -> None:
    assert "permissions violation" in refusal(stack.nats_url("analyst"), subject).lower()


async def record(client: Client) -> None:
    await client.jetstream().add_stream(name="PROBE", subjects=["probe.>"])
    await make_mirrors(client.jetstream(), client.jetstream(prefix=ANALYSTS_API), ["probe"])
    await client.jetstream().publish("probe.note", b"kept")


async def read(client: Client) -> list[bytes]:
    subscription = await client.jetstream().pull_subscribe("probe.>", stream="PROBE")
    return [message.data for message in await subscription.fetch(1, timeout=5)]


def test_an_analyst_reads_what_a_service_published(stack: Stack) -> None:
    ask_nats(stack.nats_url("probe"), record)
    assert ask_nats(stack.nats_url("analyst"), read) == [b"kept"]


@pytest.mark.parametrize("name", ["probe", "nats", "postgres"])
def test_a_killed_process_comes_back_where_it_was(stack: Stack, name: str) -> None:
    url, restarts = stack.urls["probe"], stack.restarts(name)
    killed = stack.kill(name)

    wait_until(lambda: stack.pid(name) not in {None, killed}, within_seconds=20, what=f"{name} is started again")
    stack.wait_ready()

    assert (stack.urls["probe"], stack.restarts(name)) == (url, restarts + 1)


def test_servers_killed_together_keep_what_they_acknowledged(stack: Stack) -> None:
    ask_postgres(stack.dsn("probe"), "INSERT INTO start VALUES (0)")
    ask_nats(stack.nats_url("probe"), record)

    for name in ("postgres", "nats", "probe"):
        stack.kill(name)
    wait_until(lambda: all(stack.pid(name) for name in ("postgres", "nats", "probe")), within_seconds=20, what="all are started again")
    stack.wait_ready()

    assert ask_postgres(stack.dsn("probe"), "SELECT FROM start WHERE pid = 0")
    assert ask_nats(stack.nats_url("analyst"), read) == [b"kept"]


def test_a_folder_runs_one_motcua(stack: Stack) -> None:
    with pytest.raises(AlreadyRunning):
        probe_stack(stack.data).start()
    assert stack.running


def test_a_stopped_stack_starts_again_with_its_ports_and_data_and_shuts_postgres_down_cleanly(tmp_path: Path) -> None:
    with probe_stack(tmp_path) as first:
        before = first.urls, first.dsn("probe"), first.nats_url("probe")
        ask_postgres(first.dsn("probe"), "INSERT INTO start VALUES (0)")
    assert "database system is shut down" in (tmp_path / "logs" / "postgres.log").read_text()
    assert supervisor_of(tmp_path) is None

    with probe_stack(tmp_path) as second:
        assert (second.urls, second.dsn("probe"), second.nats_url("probe")) == before
        assert ask_postgres(second.dsn("probe"), "SELECT FROM start WHERE pid = 0")


def test_a_migration_that_fails_stops_the_start_and_shows_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"No module named tests\.local\.absent"):
        Stack(tmp_path, fast=True, services=("absent",), package="tests.local").start()
    assert supervisor_of(tmp_path) is None


def test_a_development_token_verifies_with_the_published_key(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    token = issuer.token("officer-7", ["officer"], ["H09.13"], ttl_seconds=60)

    decoded = jwt.decode(token, KeySet.import_key_set(json.loads(issuer.jwks.read_text())))

    assert decoded.header["alg"] == "ES256"
    assert decoded.claims["exp"] - decoded.claims["iat"] == 60
    expected = {"iss": ISSUER, "aud": AUDIENCE, "sub": "officer-7", "roles": ["officer"], "agencies": ["H09.13"]}
    assert {name: decoded.claims[name] for name in expected} == expected
    assert "d" not in issuer.jwks.read_text().split('"')


def test_a_signal_that_a_process_survives_is_no_restart(stack: Stack) -> None:
    pid = stack.kill("postgres", signal.SIGHUP)
    stack.wait_ready()
    assert stack.pid("postgres") == pid


def test_three_brokers_keep_three_copies_and_take_more_while_one_is_dead(tmp_path: Path) -> None:
    with Stack(tmp_path, services=("probe",), package="tests.local", nodes=3) as stack:
        assert stack.environment("probe")["PROBE_STREAM_REPLICAS"] == "3"

        async def make(client: Client) -> None:
            await client.jetstream().add_stream(name="PROBE", subjects=["probe.>"], num_replicas=3)

        async def publish(client: Client) -> None:
            await client.jetstream().publish("probe.00.h09-13.note.made.v1", b"!")

        def is_done(work: Callable[[Client], Awaitable[None]]) -> bool:
            try:
                ask_nats(stack.nats_url(), work)
            except (NatsError, JetStreamError, OSError, TimeoutError):
                return False  # a cluster that is choosing its leader
            return True

        wait_until(lambda: is_done(make), within_seconds=30, what="a stream with three copies")
        stack.hold(stack.nats_names[0])
        wait_until(lambda: stack.pid(stack.nats_names[0]) is None, within_seconds=20, what="a broker is down")
        wait_until(lambda: is_done(publish), within_seconds=30, what="the other two take a message")
