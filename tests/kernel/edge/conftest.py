from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from kernel.edge.settings import DEVELOPMENT_ISSUER, ServiceSettings
from kernel.eventlog.migrate import read_sql
from tests.kernel.edge import shelf
from tests.servers import PostgresServer

KERNEL = Path(shelf.__file__).parents[3] / "kernel"


@dataclass
class Issuer:
    """An identity provider: keys by name, tokens on request, the public halves in a file."""

    file: Path
    keys: dict[str, ECKey] = field(default_factory=dict[str, ECKey])

    def add(self, kid: str) -> ECKey:
        self.keys[kid] = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})
        self.publish()
        return self.keys[kid]

    def publish(self) -> None:
        self.file.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in self.keys.values()]}))

    def token(self, kid: str = "first", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        usual: dict[str, Any] = {"iss": DEVELOPMENT_ISSUER, "aud": "motcua", "sub": "officer-7", "iat": now, "exp": now + 600}
        wanted = {
            name: value for name, value in (usual | {"roles": ["desk"], "agencies": ["H09.13"]} | claims).items() if value is not None
        }
        return jwt.encode({"alg": "ES256", "kid": kid} | (headers or {}), wanted, self.keys[kid])


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    made = Issuer(tmp_path / "jwks.json")
    made.add("first")
    return made


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """A database with the log and the rim's own tables, to be copied."""
    database = postgres.create_database("shelf")

    async def prepare() -> None:
        connection = await asyncpg.connect(database.owner_dsn)
        for part in ("eventlog", "edge"):
            await connection.execute(read_sql(KERNEL / part / "schema.sql", "shelf"))
        await connection.close()

    asyncio.run(prepare())
    return database.name


SettingsOf = Callable[..., ServiceSettings]


@pytest.fixture
def settings_of(issuer: Issuer) -> SettingsOf:
    def make(**changes: Any) -> ServiceSettings:
        usual: dict[str, Any] = {"database_url": "postgresql://nobody@127.0.0.1:1/none", "jwks_file": issuer.file, "demo_clock": True}
        return ServiceSettings(**(usual | changes))

    return make


@pytest.fixture
def settings(settings_of: SettingsOf, postgres: PostgresServer, template: str) -> ServiceSettings:
    return settings_of(database_url=postgres.create_database("shelf", template).runtime_dsn)


@pytest.fixture
async def app(settings: ServiceSettings) -> AsyncGenerator[FastAPI]:
    made = shelf.make(settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
def offline(settings_of: SettingsOf) -> FastAPI:
    """The same app with no database behind it, for what needs none."""
    return shelf.make(settings_of())


@dataclass
class Caller:
    """Somebody who calls an app, with a token or without."""

    client: httpx2.AsyncClient
    issuer: Issuer

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, token: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        given = {"Idempotency-Key": key or uuid4().hex, "Authorization": f"Bearer {token or self.issuer.token()}"}
        content = {} if body is None else {"json": body}
        return await self.client.post(path, headers=given | (headers or {}), **content)

    async def shelf(self, key: str | None = None) -> str:
        answer = await self.post("/v1/shelves", {"agency": "H09.13"}, key=key)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


def caller_of(app: FastAPI, issuer: Issuer) -> Caller:
    return Caller(httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test"), issuer)


@pytest.fixture
async def caller(app: FastAPI, issuer: Issuer) -> AsyncGenerator[Caller]:
    made = caller_of(app, issuer)
    async with made.client:
        yield made


@pytest.fixture
async def stranger(offline: FastAPI, issuer: Issuer) -> AsyncGenerator[Caller]:
    """Calls the app that has no database."""
    made = caller_of(offline, issuer)
    async with made.client:
        yield made
