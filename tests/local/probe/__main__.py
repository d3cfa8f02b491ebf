"""A service of thirty lines: migrates one table, counts its starts in it, answers /readyz."""

from __future__ import annotations

import asyncio
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

import asyncpg

MIGRATION = """
    CREATE TABLE IF NOT EXISTS public.start (pid int NOT NULL);
    GRANT INSERT, SELECT ON public.start TO probe;
"""


class Page(BaseHTTPRequestHandler):
    """Answers every address."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(HTTPStatus.OK)
        self.end_headers()


async def execute(dsn: str, statement: str, *arguments: object) -> None:
    """Run one statement."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement, *arguments)
    await connection.close()


if sys.argv[1] == "migrate":
    asyncio.run(execute(os.environ["PROBE_MIGRATE_DATABASE_URL"], MIGRATION))
else:
    asyncio.run(execute(os.environ["PROBE_DATABASE_URL"], "INSERT INTO public.start VALUES ($1)", os.getpid()))
    HTTPServer((os.environ["PROBE_HOST"], int(os.environ["PROBE_PORT"])), Page).serve_forever()
