"""Step 1 of 8, http_api: versions as entity tags, so that nobody writes over what he has not seen (RFC 9110, 13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.problem import CHANGED, IF_MATCH, IF_MATCH_MISSING, Problem

_TAG: Final = re.compile(r'(W/)?"([!#-~]{1,64})"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")


def etag(version: int) -> str:
    """Write a version as a strong entity tag."""
    return f'"{version}"'


def expected_version(request: Request, *, required: bool = False) -> int | None:
    """Read the version that the caller insists on; None where any will do (no If-Match, or `*`).

    Raises:
        Problem: 400 if If-Match is not one entity tag, 412 if it can be no version of ours, 428 if it is required.
    """
    said = request.headers.get("if-match")
    if said is None:
        if required:
            raise Problem(IF_MATCH_MISSING)
        return None
    if said.strip() == "*":
        return None
    tag = _TAG.fullmatch(said.strip())
    if tag is None:
        raise Problem(IF_MATCH)
    # If-Match compares strongly: a weak tag matches nothing.
    if tag[1] or _VERSION.fullmatch(tag[2]) is None:
        raise Problem(CHANGED)
    return int(tag[2])


def versioned(request: Request, version: int, body: Mapping[str, Any] | BaseModel) -> Response:
    """Answer a read: 200 with the ETag, or 304 if the caller has that version already."""
    tag = etag(version)
    held = request.headers.get("if-none-match")
    if held is not None and any(one.strip().removeprefix("W/") in {tag, "*"} for one in held.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return json_response(body, headers={"ETag": tag})
