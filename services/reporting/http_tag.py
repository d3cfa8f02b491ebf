"""Step 1 of 8, http_api: an answer's entity tag: the same question at the same positions, by the same definition, has the same figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

DIGITS: Final = 32
SAID: Final = ("positions", "definition_hash", "period")


def tag_of(request: Request, answer: Mapping[str, Any], scope: Sequence[str] | None) -> str:
    """Write the tag of an answer.

    Weak: how far others are ahead (`lag`) is no figure and may differ. The question is part of it, for one cache may hold many answers, and
    so are the agencies that the caller sees, for two callers may ask the same.
    """
    asked = [request.url.path, sorted(request.query_params.multi_items()), scope, {name: answer[name] for name in SAID}]
    return f'W/"{hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:DIGITS]}"'


def tagged(request: Request, response: Response, answer: Mapping[str, Any], scope: Sequence[str] | None) -> Response:
    """Give the response its tag, or 304 if the caller has it already (RFC 9110, 13.1.2)."""
    tag = tag_of(request, answer, scope)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    held = request.headers.get("if-none-match", "")
    if any(one.strip().removeprefix("W/") == tag.removeprefix("W/") for one in held.split(",")):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response
