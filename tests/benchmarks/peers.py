"""The peers of the row `http`, each a server process: `python -m tests.benchmarks.peers nothing|insert`.

`nothing` is intake itself, from the rim to the decision, with a log that answers at once and stores nothing. `insert` is what a
service without a log would do: validate, one INSERT that commits, answer; it checks no token, keeps no idempotency key and seals
nothing. Both are served by the same server with the same settings as intake.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.health import Health
from kernel.edge.serve import run, serve
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Appended, Beside, History, Log, Meta, Slice
from services.intake.http_submission import SubmissionBody
from services.intake.main import SERVICE
from services.intake.settings import IntakeSettings

DSN: Final = "INSERT_DATABASE_URL"
PORT: Final = "INSERT_PORT"
HOST: Final = "127.0.0.1"
POOL: Final = 8
"""As many connections as a service's own pool has."""

TABLE: Final = "CREATE TABLE dossier (id uuid PRIMARY KEY, procedure text, channel text, body jsonb, at timestamptz DEFAULT now())"
INSERT: Final = "INSERT INTO dossier (id, procedure, channel, body) VALUES ($1, $2, $3, $4)"


class Forgetful(Log):
    """A log that stores nothing and says that it did."""

    async def load(self, stream: UUID) -> History:
        """Give the history of a stream that does not exist."""
        return History(stream)

    async def append(self, slices: Sequence[Slice], meta: Meta, beside: Beside | None = None) -> Appended:  # noqa: ARG002 - the log's interface
        """Say that it is stored."""
        return Appended(1, {slice_.history.stream: slice_.history.version + len(slice_.facts) for slice_ in slices})


@dataclass(frozen=True, slots=True)
class StoringNothing(Service[IntakeSettings]):
    """Intake with a forgetful log."""

    def runtime(self, settings: IntakeSettings) -> Runtime[IntakeSettings]:
        """Make what its parts work with."""
        made = Service[IntakeSettings].runtime(self, settings)
        log = Forgetful(made.log.dsn, made.log.source, made.log.codec, made.log.tables)
        return replace(made, log=log, commands=replace(made.commands, log=log))


def inserting() -> FastAPI:
    """Make the plain app."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncGenerator[None]:
        async with asyncpg.create_pool(os.environ[DSN], min_size=POOL, max_size=POOL) as app.state.pool:
            yield

    app = FastAPI(lifespan=living)
    app.state.health = Health()

    @app.get("/readyz")
    async def ready() -> Response:
        return Response()

    @app.post("/v1/dossiers", status_code=201)
    async def submit(body: SubmissionBody) -> Response:
        id_, pool = uuid4(), app.state.pool
        await pool.execute(INSERT, id_, body.procedure, body.channel, body.model_dump_json())
        return json_response({"id": id_}, 201)

    _ = (ready, submit)
    return app


def main(name: str) -> None:
    """Serve one of them."""
    if name == "nothing":
        known: dict[str, Any] = {one.name: getattr(SERVICE, one.name) for one in fields(SERVICE)}
        StoringNothing(**known).run(["api"])
    else:
        run(serve(inserting(), HOST, int(os.environ[PORT])))


if __name__ == "__main__":
    main(sys.argv[1])
