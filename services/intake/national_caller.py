"""Beside step 5: how the national portal is spoken to: sign in, call a service, understand what comes back.

A call has the shape that one-stop software in use has (login, then `{session, madonvi, service, isUpdating, data}`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx2
import orjson

from services.intake.national_shape import Shape

TIMEOUT_SECONDS: Final = 10.0
SUCCESS: Final = frozenset({"0", "00"})
SESSION_OVER: Final = "401"
EXISTS, ABSENT = "đã tồn tại", "không tồn tại"


class Away(Exception):  # noqa: N818 - says what happened
    """The portal did not answer, or not as it should: nobody knows whether it did what it was asked for."""


class Declined(Exception):  # noqa: N818 - says what happened
    """The portal answered that it will not."""

    def __init__(self, code: str, message: str) -> None:
        """Keep its code and message."""
        super().__init__(f"{code}: {message}")
        self.message = message.lower()


@dataclass
class Caller:
    """Speaks to the portal: signs in when it must, and again when its session is over."""

    url: str
    username: str
    password: str
    unit: str
    timeout_seconds: float = TIMEOUT_SECONDS
    _session: str | None = field(default=None, init=False)
    _client: httpx2.AsyncClient | None = field(default=None, init=False)

    async def call(self, service: str, data: Sequence[Shape], *, updating: bool = False) -> Any:
        """Call a service and give its `result`.

        Raises:
            Away: if there is no answer that can be understood.
            Declined: if the answer is no.
        """
        for again in (True, False):
            if self._session is None:
                self._session = (await self._post({"username": self.username, "password": self.password}, "login")).get("session")
            body = {"session": self._session, "madonvi": self.unit, "service": service, "isUpdating": str(updating), "data": list(data)}
            answer = await self._post(body, "service")
            code = str(answer.get("error_code", ""))
            if code in SUCCESS:
                return answer.get("result")
            self._session = None if code == SESSION_OVER else self._session
            if not (again and code == SESSION_OVER):
                raise Declined(code, str(answer.get("message", "")))
        raise Away("the session is over at once")

    async def _post(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        self._client = self._client or httpx2.AsyncClient(timeout=self.timeout_seconds, follow_redirects=False)
        try:
            answer = await self._client.post(f"{self.url}/{path}", json=body)
            if answer.is_success:
                return understood(answer.content)
        except httpx2.HTTPError as error:
            raise Away(type(error).__name__) from error
        message = f"answered {answer.status_code}"
        raise Away(message)


def understood(content: bytes) -> dict[str, Any]:
    """Read an answer.

    Raises:
        Away: if it is no JSON object.
    """
    try:
        answer = orjson.loads(content)
    except ValueError as error:
        raise Away(type(error).__name__) from error
    if not isinstance(answer, dict):
        raise Away("no object")
    return cast("dict[str, Any]", answer)
