"""Step 1 of 8, http_api: an answer as JSON bytes, made once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel
from starlette.responses import Response

MEDIA_TYPE: Final = "application/json"
_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def encode(body: object) -> bytes:
    """Write JSON: instants in UTC as `…Z`, UUIDs and dates as text, pydantic models by their own serialiser."""
    return orjson.dumps(body, default=_other, option=_OPTIONS)


def json_response(body: Mapping[str, Any] | BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(encode(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _other(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, UUID):  # the driver has a class of its own for them
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(type(value).__name__)
