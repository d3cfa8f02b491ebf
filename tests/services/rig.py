"""What the services' tests stand on: one whole service in this process, and neighbours that are logs and nothing else.

The service runs as in production (its migrations, its worker, its guard) on a database of its own and the test's broker;
its HTTP is called without a socket. A neighbour is a real log with a real relay, into which a test puts the facts that the
other service would have recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import asyncpg
import httpx2
import nats
from fastapi import FastAPI

from contracts.catalogue import FACTS
from deploy.local.issuer import Issuer
from kernel.edge.app import Words
from kernel.edge.service import Service
from kernel.edge.settings import ServiceSettings
from kernel.eventlog import Codec, Fact, Log, Meta, Recorded, Slice
from kernel.eventlog.migrate import migrate
from kernel.eventlog.relay import Relay
from kernel.vault import KeyRing, Vault
from kernel.vault.keys import KEY_BYTES
from tests.servers import Database, NatsServer, PostgresServer
from tests.services.described import Described

AGENCY: Final = "H09.13"
MONDAY: Final = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
"""A working day, 8:30 in the morning in Vietnam."""
LOG_MIGRATIONS: Final = Path(__file__).parents[2] / "kernel" / "eventlog" / "migrations"
CODEC: Final = Codec(FACTS)
VAULT_KEYS: Final = f"1:{b64encode(bytes(KEY_BYTES)).decode()}"
WITHIN_SECONDS: Final = 20.0
MANY: Final = 1_000_000
"""One machine is one network, and a whole town speaks from it."""
TEMPLATES: Final[dict[tuple[str, str], str]] = {}
"""Migrated databases of this test process, by server and kind; each test gets a copy."""

Result = TypeVar("Result")


async def eventually(ask: Callable[[], Awaitable[Result]], is_good: Callable[[Result], bool] = bool) -> Result:
    """Ask again and again until the answer is good.

    Raises:
        AssertionError: if it is not within the deadline.
    """
    deadline = time.monotonic() + WITHIN_SECONDS
    while not is_good(answer := await ask()):
        assert time.monotonic() < deadline, f"still {answer!r} after {WITHIN_SECONDS} s"
        await asyncio.sleep(0.01)
    return answer


@dataclass
class Running:
    """A service that runs. `moment` is the demo clock that goes with every call; a test moves it."""

    service: Service[Any]
    database: Database
    client: httpx2.AsyncClient
    issuer: Issuer
    app: FastAPI
    moment: datetime = MONDAY
    tokens: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])

    def token(self, *roles: str, sub: str | None = None, agencies: tuple[str, ...] = (AGENCY,)) -> str:
        """Give a token for somebody with these roles; the principal is called like the first role unless `sub` says otherwise."""
        who = (sub or (roles[0] if roles else "nobody"), *roles, *agencies)
        return self.tokens.setdefault(who, self.issuer.token(who[0], roles, agencies))

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx2.Response:
        """Read something; with no token as the public does."""
        return await self.client.get(path, params=query, headers=self._headers(token))

    async def post(self, path: str, body: Any, token: str | None = None, *, key: str | None = None, **headers: str) -> httpx2.Response:
        """Ask for something; with a new idempotency key unless one is given."""
        given = {"Idempotency-Key": key or uuid4().hex, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.client.post(path, json=body, headers=self._headers(token) | given)

    async def ask(
        self, method: str, path: str, token: str | None = None, headers: Mapping[str, str] | None = None, **of: Any
    ) -> httpx2.Response:
        """Ask in any other way; with a new idempotency key."""
        given = {"Idempotency-Key": uuid4().hex, **(headers or {})}
        return await self.client.request(method, path, headers=self._headers(token) | given, **of)

    def _headers(self, token: str | None) -> dict[str, str]:
        return {"Motcua-Demo-Time": self.moment.isoformat()} | ({"Authorization": f"Bearer {token}"} if token else {})

    def later(self, **by: float) -> datetime:
        """Move the demo clock on, as `timedelta` takes it, and give the new time."""
        self.moment += timedelta(**by)
        return self.moment

    @asynccontextmanager
    async def connected(self, dsn: str | None = None) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
        """Connect to the service's database, as the service itself unless another DSN is given."""
        connection = await asyncpg.connect(dsn or self.database.runtime_dsn)
        try:
            yield connection
        finally:
            await connection.close()

    async def events(self, *kinds: type[Any], stream: UUID | str | None = None) -> list[Recorded]:
        """Give what the service has recorded, in order: all, or of some kinds of facts, or of one stream."""
        async with self.connected() as connection:
            rows = await connection.fetch("SELECT pos, body FROM log.event ORDER BY pos")
        found = [self.service.codec.decode(self.service.name, row["pos"], row["body"]) for row in rows]
        return [e for e in found if (not kinds or isinstance(e.fact, kinds)) and (stream is None or str(e.stream) == str(stream))]

    async def bodies(self) -> bytes:
        """Give every stored event's bytes, one after another: what must hold no personal data."""
        async with self.connected() as connection:
            return b"\n".join(row["body"] for row in await connection.fetch("SELECT body FROM log.event ORDER BY pos"))

    async def reads(self) -> bool:
        """Say whether every read table is there: until then a read that names no position is answered with 503."""
        tables = [f"read.{projection.table}" for model in self.service.models for projection in model.projections]
        async with self.connected() as connection:
            return await connection.fetchval("SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest($1::text[]) name", tables)

    async def kept(self) -> dict[str, int]:
        """Count what is stored: events, sealed personal data, commands."""
        async with self.connected() as connection:
            tables = ("log.event", "vault.entry", "edge.command")
            return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608 - names are ours

    async def readings(self) -> list[tuple[str, str]]:
        """Give who has read personal data and what for, in order."""
        async with self.connected() as connection:
            return [(row["principal"], row["purpose"]) for row in await connection.fetch("SELECT * FROM vault.access ORDER BY id")]

    async def forget(self, purposes: frozenset[str], stream: UUID | str) -> int:
        """Erase everything personal of one stream, as the data protection officer does; give how many entries that were."""
        async with asyncpg.create_pool(self.database.runtime_dsn, min_size=1, max_size=1) as pool:
            return await Vault(KeyRing.parse(VAULT_KEYS), purposes).erase(pool, UUID(str(stream)), "dpo")

    async def reacted_to(self, position: str) -> None:
        """Wait until the service's reactors have got to a position of a neighbour's log."""
        source, _, pos = position.partition("/")

        async def where() -> int:
            async with self.connected() as connection:
                found = "SELECT min(pos) FROM log.checkpoint WHERE source = $1 AND consumer LIKE $2"
                return await connection.fetchval(found, source, f"{self.service.name}-%") or 0

        await eventually(where, lambda at: at >= int(pos))

    async def parked(self) -> list[tuple[str, str]]:
        """List what is parked: position and error."""
        async with self.connected() as connection:
            rows = await connection.fetch("SELECT source, pos, error FROM log.parked ORDER BY source, pos")
        return [(f"{row['source']}/{row['pos']}", row["error"]) for row in rows]


@dataclass
class Neighbour:
    """Another service as this one sees it: a log that is mirrored to the broker."""

    log: Log

    async def tell(self, stream: UUID, *facts: Any, at: datetime = MONDAY, cause: str | None = None, agency: str = AGENCY) -> str:
        """Record facts as that service would; give the position of the last."""
        slices = [Slice(await self.log.load(stream), agency, list[Fact](facts))]
        appended = await self.log.append(slices, Meta(str(uuid4()), f"system:{self.log.source}", at, cause=cause))
        return f"{self.log.source}/{appended.pos}"


@dataclass
class Rig:
    """One test's servers and folder."""

    postgres: PostgresServer
    nats: NatsServer
    folder: Path

    async def database(self, name: str, migrations: Path) -> Database:
        """Give a fresh, migrated database."""
        kind = (self.postgres.admin_dsn, str(migrations) + name)
        if kind not in TEMPLATES:
            template = self.postgres.create_database(name)
            await migrate(template.owner_dsn, name, migrations)
            TEMPLATES[kind] = template.name
        database = self.postgres.create_database(name, TEMPLATES[kind])
        # What a migration granted on the database itself is not copied with it.
        owner = await asyncpg.connect(database.owner_dsn)
        await owner.execute(f"GRANT CREATE ON DATABASE {database.name} TO {name}")
        await owner.close()
        return database

    async def empty_broker(self) -> None:
        """Remove what an earlier test left in the broker."""
        client = await nats.connect(self.nats.url)
        for stream in await client.jetstream().streams_info():
            await client.jetstream().delete_stream(stream.config.name or "")
        await client.close()

    @asynccontextmanager
    async def running(self, service: Service[Any], database: Database | None = None, **settings: Any) -> AsyncGenerator[Running]:
        """Run a service with its worker."""
        issuer = Issuer(self.folder / "issuer")
        issuer.prepare()
        own = database or await self.database(service.name, service.migrations)
        usual: Mapping[str, Any] = {
            "database_url": own.runtime_dsn,
            "nats_url": self.nats.url,
            "jwks_file": issuer.jwks,
            "demo_clock": True,
            "anonymous_per_minute": MANY,
            "anonymous_total_per_minute": MANY,
            "vault_keys": VAULT_KEYS,
            "files_url": (self.folder / "files").as_uri(),  # a service that keeps none does not hear of it
        }
        kind: Callable[..., ServiceSettings] = service.settings
        app = service.app(kind(**{**usual, **settings}))
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app)
            hooks = {"response": [Described(app).hold]}
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", event_hooks=hooks) as client:
                running = Running(service, own, client, issuer, app)
                await eventually(running.reads)
                yield running

    @asynccontextmanager
    async def neighbour(self, name: str) -> AsyncGenerator[Neighbour]:
        """Run another service's log and its relay."""
        database = await self.database(name, LOG_MIGRATIONS)
        log = await Log(database.runtime_dsn, name, CODEC).open()
        connection = await nats.connect(self.nats.url)
        relay = asyncio.create_task(Relay(log, connection).run())
        try:
            yield Neighbour(log)
        finally:
            relay.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await relay
            await connection.close()
            await log.close()


def problem(response: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    """Insist on a problem of a kind, in both languages; give it."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, str(body.get("type", "")).rpartition("/")[2]) == (status, kind), response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    sentences = [body["title"], body["detail"], body["title_en"], body["detail_en"]]
    assert all(sentences)
    assert body["detail"] != body["detail_en"]
    assert all(error["detail"] and error["detail_en"] for error in body.get("errors", ()))
    return body


def said_in_both_languages(words: Words, *reasons: str) -> None:
    """Insist on a sentence in Vietnamese and another in English for each of these reasons of a refusal, and for no other."""
    assert set(words.refusals) == set(reasons)
    for reason, kind in words.refusals.items():
        assert (kind.slug, kind.status) == (reason, 404 if reason.startswith("no-such-") else 409)
        assert kind.detail.vi
        assert kind.detail.en
        assert kind.detail.vi != kind.detail.en
