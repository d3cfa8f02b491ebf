"""Step 1 of 8, http_api: what an identity provider publishes of itself (OpenID Connect Discovery 1.0, RFC 8414).

Only its address is told to us; where its keys are, it says. What it says is believed as far as its own address reaches, and no further:
a document that names another issuer, or keys over a wire that others can write on, is none.
"""

from __future__ import annotations

from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx2
import orjson

from kernel.edge.settings import is_safe

FETCH_SECONDS: Final = 2.0
DOCUMENT_BYTES_MAX: Final = 256 * 1024
WELL_KNOWN: Final = "/.well-known/openid-configuration"


async def fetch(url: str) -> bytes:
    """Get a document of the provider.

    Raises:
        httpx2.HTTPError: if it cannot be had within `FETCH_SECONDS`; a redirection is none.
        ValueError: if it is larger than such a document ever is.
    """
    async with (
        httpx2.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
    ):
        answer.raise_for_status()
        read = bytearray()
        async for part in answer.aiter_bytes():
            read += part
            if len(read) > DOCUMENT_BYTES_MAX:
                raise ValueError("too large a document")
        return bytes(read)


async def keys_url_of(issuer: str) -> str:
    """Ask an issuer where its keys are.

    Raises:
        httpx2.HTTPError, ValueError: as `fetch` and `keys_url_in`.
    """
    return keys_url_in(await fetch(issuer.rstrip("/") + WELL_KNOWN), issuer)


def keys_url_in(document: bytes, issuer: str) -> str:
    """Read where the keys are from a discovery document.

    Raises:
        ValueError: if it is none, or another issuer's (OpenID Connect Discovery 1.0, 4.3), or if the keys would come in the open.
    """
    said = orjson.loads(document)
    found = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    if found.get("issuer") != issuer:
        raise ValueError("not this issuer's discovery document")
    url = found.get("jwks_uri")
    # Plain HTTP on this very machine is for an issuer that is here too.
    if not isinstance(url, str) or not is_safe(url) or not url.startswith(urlsplit(issuer).scheme):
        raise ValueError("no jwks_uri that could be believed")
    return url
