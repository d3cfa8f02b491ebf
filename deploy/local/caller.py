"""HTTP calls as a careful client makes them: with an idempotency key, and again for as long as a service is away."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PATIENCE_SECONDS = 90.0
PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
TOO_MANY = 429
SERVER_ERROR = 500


class Answered(Exception):  # noqa: N818 - the service did answer, only not as hoped
    """A service refused: a problem that another try would not mend."""

    def __init__(self, method: str, path: str, status: int, problem: Mapping[str, Any]) -> None:
        """Keep the problem."""
        super().__init__(f"{method} {path}: {status} {problem.get('type')} {problem.get('detail_en')} {problem.get('errors', '')}")
        self.status = status
        self.kind = str(problem.get("type", "")).rpartition("/")[2]


@dataclass(frozen=True)
class Caller:
    """Calls one service as one person, office or system."""

    session: aiohttp.ClientSession
    url: str
    token: str | None

    async def get(self, path: str, at: datetime | None = None, **query: Any) -> dict[str, Any]:
        """Read something, if need be as it is at an instant of the demo clock."""
        headers = {"Motcua-Demo-Time": at.isoformat()} if at else {}
        given = {name: str(value) for name, value in query.items() if value is not None}
        return json.loads(await self._call("GET", path, None, headers, given))

    async def fetch(self, path: str, **query: Any) -> bytes:
        """Read something that is no JSON."""
        return await self._call("GET", path, None, {}, {name: str(value) for name, value in query.items()})

    async def post(self, path: str, body: Mapping[str, Any], key: str, at: datetime) -> dict[str, Any]:
        """Ask for something, at an instant of the demo clock."""
        headers = {"Idempotency-Key": key, "Motcua-Demo-Time": at.isoformat()}
        return json.loads(await self._call("POST", path, body, headers, {}))

    async def send(self, path: str, body: bytes, headers: Mapping[str, str], at: datetime) -> dict[str, Any]:
        """Post bytes as they are, for somebody has signed them."""
        given = {"Content-Type": "application/json", "Motcua-Demo-Time": at.isoformat(), **headers}
        return json.loads(await self._call("POST", path, body, given, {}))

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None, headers: dict[str, str], query: dict[str, str]
    ) -> bytes:
        carried: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        give_up_at, attempt = time.monotonic() + PATIENCE_SECONDS, 0
        while True:
            try:
                async with self.session.request(method, self.url + path, headers=headers, params=query, **carried) as response:
                    body_of_answer = await response.read()
                    if response.ok:
                        return body_of_answer
                    answer: dict[str, Any] = json.loads(body_of_answer)
                    if response.status < SERVER_ERROR and response.status != TOO_MANY:
                        raise Answered(method, path, response.status, answer)
                    problem: object = f"{response.status} {answer.get('type')}"
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                problem = error
            if time.monotonic() > give_up_at:
                message = f"{method} {path}: no answer in {PATIENCE_SECONDS:.0f} s: {problem}"
                raise TimeoutError(message)
            await asyncio.sleep(PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS) - 1)])
            attempt += 1
