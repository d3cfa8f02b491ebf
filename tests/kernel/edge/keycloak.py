"""An identity provider on a real port, with the documents that Keycloak publishes and tokens as it writes them.

Shapes as Keycloak 26 has them: two keys of a realm, one to sign with and one to encrypt with, each with a certificate; roles under
`realm_access` and `resource_access`; the kind of a token in the claim `typ`.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey

REALM: Final = "/realms/motcua"
DISCOVERY: Final = f"{REALM}/.well-known/openid-configuration"
CERTS: Final = f"{REALM}/protocol/openid-connect/certs"


@cache
def rsa_key(kid: str) -> RSAKey:
    """Make a key of that name, once for all tests."""
    return RSAKey.generate_key(2048, {"kid": kid})


@dataclass
class Keycloak:
    """A realm. What it is asked for is counted in `asked`; `says` replaces answers by path: a status, or a body."""

    origin: str
    signing: list[str] = field(default_factory=lambda: ["sig-1"])
    asked: Counter[str] = field(default_factory=Counter[str])
    says: dict[str, int | bytes] = field(default_factory=dict[str, int | bytes])
    located: str = ""

    @property
    def issuer(self) -> str:
        """Give the realm's address."""
        return self.origin + REALM

    def discovery(self, **changes: Any) -> dict[str, Any]:
        """Give what the realm says of itself."""
        at = f"{self.issuer}/protocol/openid-connect"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{at}/auth",
            "token_endpoint": f"{at}/token",
            "introspection_endpoint": f"{at}/token/introspect",
            "userinfo_endpoint": f"{at}/userinfo",
            "end_session_endpoint": f"{at}/logout",
            "jwks_uri": f"{at}/certs",
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types_supported": ["code", "none", "id_token", "code id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["PS384", "RS384", "EdDSA", "ES384", "HS256", "ES256", "RS256", "PS256"],
            "claims_supported": ["aud", "sub", "iss", "auth_time", "name", "preferred_username", "acr"],
            "scopes_supported": ["openid", "profile", "roles", "acr", "basic"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "tls_client_certificate_bound_access_tokens": True,
            **changes,
        }

    def certs(self) -> dict[str, Any]:
        """Give the realm's keys: those it signs with, and one that is for encrypting."""
        listed = [published(kid, "RS256", "sig") for kid in self.signing]
        return {"keys": [published("enc-1", "RSA-OAEP", "enc"), *listed]}

    def token(self, kid: str = "sig-1", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """Give an access token of an officer."""
        now = int(time.time())
        usual: dict[str, Any] = {
            "exp": now + 300,
            "iat": now,
            "jti": str(uuid4()),
            "iss": self.issuer,
            "aud": ["motcua", "account"],
            "sub": "b0c1e9d2-7a44-4f1e-9a59-1f1d2f3a4b5c",
            "typ": "Bearer",
            "azp": "motcua-desk",
            "sid": str(uuid4()),
            "acr": "1",
            "realm_access": {"roles": ["default-roles-motcua", "offline_access", "officer"]},
            "resource_access": {"motcua": {"roles": ["desk"]}, "account": {"roles": ["view-profile"]}},
            "scope": "openid profile",
            "agencies": ["H09.13"],
        }
        kept = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": kid} | (headers or {}), kept, rsa_key(kid), algorithms=["RS256", "PS256"])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
        self.asked[path] += 1
        found: dict[str, Any] = {DISCOVERY: self.discovery(), CERTS: self.certs()}
        said = self.says.get(path, json.dumps(found[path]).encode() if path in found else 404)
        status, body = (said, b"") if isinstance(said, int) else (200, said)
        located = f"Location: {self.located}\r\n" if self.located else ""
        head = (
            f"HTTP/1.1 {status} Said\r\n{located}Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


def published(kid: str, alg: str, use: str) -> dict[str, Any]:
    """Give a key as a realm publishes it."""
    public = rsa_key(kid).as_dict(private=False)
    return {**public, "alg": alg, "use": use, "x5c": [b64encode(bytes(700)).decode()], "x5t": "bm8", "x5t#S256": "bm8"}


@asynccontextmanager
async def running() -> AsyncGenerator[Keycloak]:
    """Run a realm on a port of this machine."""
    realm = Keycloak("")
    async with await asyncio.start_server(realm.answer, "127.0.0.1", 0) as server:
        realm.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield realm
