"""The fixtures `postgres` and `nats`: quick databases, and servers that may be killed, restarted and wiped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.local.postgres import FAST
from tests.local.asking import ask_nats, ask_postgres
from tests.servers import own

if TYPE_CHECKING:
    from nats.aio.client import Client

    from tests.servers import NatsServer, PostgresServer


def test_a_database_made_from_a_template_holds_what_the_template_holds(postgres: PostgresServer) -> None:
    migrated = postgres.create_database("probe")
    ask_postgres(migrated.owner_dsn, "CREATE TABLE note AS SELECT 'một cửa' AS text")
    ask_postgres(migrated.owner_dsn, "GRANT SELECT ON note TO probe")

    copy = postgres.create_database("probe", template=migrated.name)

    assert ask_postgres(copy.runtime_dsn, "SELECT text FROM note")[0]["text"] == "một cửa"


def test_a_killed_postgres_comes_back_with_what_it_committed(postgres: PostgresServer) -> None:
    database = postgres.create_database("probe")
    ask_postgres(database.owner_dsn, "CREATE TABLE note AS SELECT 1 AS number")

    postgres.kill()
    postgres.restart()

    assert ask_postgres(database.owner_dsn, "SELECT number FROM note")[0]["number"] == 1


def test_a_server_that_will_be_thrown_away_flushes_nothing_so_that_it_comes_back_at_once(postgres: PostgresServer) -> None:
    own(postgres.engine)
    assert {name: ask_postgres(postgres.admin_dsn, f"SHOW {name}")[0][name] for name in FAST} == FAST


async def make_stream(client: Client) -> None:
    await client.jetstream().add_stream(name="NOTES", subjects=["notes"])


async def streams(client: Client) -> list[str | None]:
    return [stream.config.name for stream in await client.jetstream().streams_info()]


def test_a_killed_nats_comes_back_with_its_streams_and_a_wiped_one_without(nats: NatsServer) -> None:
    ask_nats(nats.url, make_stream)

    nats.kill()
    nats.restart()
    assert "NOTES" in ask_nats(nats.url, streams)

    nats.wipe()
    assert ask_nats(nats.url, streams) == []
