"""Step 1 of 8, http_api: an answer's entity tag: the same question at the same positions, by the same definition, has the same figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge.answer import json_response

DIGITS: Final = 32


def tag_of(request: Request, answer: Mapping[str, Any], scope: Sequence[str] | None) -> str:
    """Write the tag of an answer.

    Weak: how far others are ahead (`lag`) is no figure and may differ. The way is part of it, for one cache may hold many answers, and
    so is the caller's scope, for two callers may ask the same.
    """
    said = {name: answer[name] for name in ("positions", "definition_hash", "period")}
    asked = [request.url.path, sorted(request.query_params.multi_items()), scope]
    return f'W/"{hashlib.sha256(orjson.dumps([asked, said], option=orjson.OPT_SORT_KEYS)).hexdigest()[:DIGITS]}"'


def tagged(request: Request, answer: Mapping[str, Any], scope: Sequence[str] | None, headers: Mapping[str, str] | None = None) -> Response:
    """Answer: 200 with the tag, or 304 if the caller has this answer already (RFC 9110, 13.1.2)."""
    tag = tag_of(request, answer, scope)
    more = {**(headers or {}), "ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    held = request.headers.get("if-none-match", "")
    if any(one.strip().removeprefix("W/") == tag.removeprefix("W/") for one in held.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return json_response(answer, headers=more)
