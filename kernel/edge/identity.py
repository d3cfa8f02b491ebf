"""Step 1 of 8, http_api: who asks. A bearer token of the identity provider becomes a principal (OpenID Connect, RFC 9068).

Verifying a signature costs about as much as everything else in a request, so a verified token is remembered, under its
hash, until it expires or for `REMEMBER_SECONDS`, whichever comes first.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import httpx2
import orjson
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from kernel.edge.problem import IDENTITY_AWAY, OTHER_AGENCY, TOKEN_EXPIRED, TOKEN_INVALID, Kind, Problem, retry_later
from kernel.edge.provider import fetch, keys_url_of

TOKEN_LENGTH_MAX: Final = 8192
REMEMBERED_MAX: Final = 4096
REMEMBER_SECONDS: Final = 300.0
REFRESH_SECONDS_MIN: Final = 10.0
KEYS_SECONDS: Final = 600.0
KEYS_MAX: Final = 32
SUBJECT_LENGTH_MAX: Final = 100
EVERYWHERE: Final = "*"
SCOPE: Final = "scope"
"""The claim that is a text of words (RFC 8693, 4.2)."""

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: a pseudonymous id, the roles, and the agencies that they are for (`*` = every agency)."""

    sub: str
    roles: frozenset[str]
    agencies: tuple[str, ...]

    @property
    def everywhere(self) -> bool:
        """Whether the scope is every agency."""
        return EVERYWHERE in self.agencies

    @property
    def scope(self) -> list[str] | None:
        """Agencies for a query's WHERE; None = no restriction."""
        return None if self.everywhere else list(self.agencies)

    def may_touch(self, agency: str) -> bool:
        """Tell whether an agency is in scope; the scope `H09.13` holds its units `H09.13.…` too (QĐ 20/2020/QĐ-TTg, Điều 4)."""
        return any(own in (EVERYWHERE, agency) or agency.startswith(f"{own}.") for own in self.agencies)

    def require(self, agency: str) -> None:
        """End the request with 403 unless an agency is in scope."""
        if not self.may_touch(agency):
            raise Problem(OTHER_AGENCY)


PUBLIC: Final = Principal("public", frozenset({"public"}), (EVERYWHERE,))
"""Whoever asks without a token."""


@dataclass
class Keys:
    """The identity provider's public keys; fetched again when a token names a key that is not there.

    From a URL or a file, or from where the issuer says that they are.
    """

    url: str | None = None
    file: Path | None = None
    issuer: str = ""
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, Key] = field(default_factory=dict[str, Key], init=False)
    _asked_at: float = field(default=float("-inf"), init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _refreshing: asyncio.Task[None] | None = field(default=None, init=False)

    async def key(self, kid: str) -> Key | None:
        """Give the key of that name, if the provider has one.

        An unknown name makes us ask the provider, at most every `REFRESH_SECONDS_MIN`: names are the caller's to invent.

        Raises:
            Problem: 503, if no key could be had so far.
        """
        if (found := self._keys.get(kid)) is not None:
            if self.clock() - self._asked_at > KEYS_SECONDS and (self._refreshing is None or self._refreshing.done()):
                # Keys that the provider has taken back must go, but nobody has to wait for that.
                self._refreshing = asyncio.create_task(self._refresh(self.clock()), name="jwks")
            return found
        await self._refresh(self.clock())
        if not self._keys:
            raise retry_later(IDENTITY_AWAY)
        return self._keys.get(kid)

    async def _refresh(self, wanted_at: float) -> None:
        async with self._lock:
            if wanted_at - self._asked_at < REFRESH_SECONDS_MIN:
                return
            self._asked_at = self.clock()
            try:
                self._keys = keys_of(await self._document())
            except (httpx2.HTTPError, OSError, ValueError) as error:
                # The keys that we have stay good: an identity provider's bad minute must not close every desk.
                LOGGER.warning("keys not fetched: %s", type(error).__name__)

    async def _document(self) -> bytes:
        if self.file is not None:
            return await asyncio.to_thread(self.file.read_bytes)
        return await fetch(self.url or await keys_url_of(self.issuer))

    async def close(self) -> None:
        """End a refresh that is under way."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)


def keys_of(document: bytes) -> dict[str, Key]:
    """Read the verification keys of a JWKS document by name; keys of a sort we do not know are left out.

    Raises:
        ValueError: if it is no JWKS document.
    """
    try:
        listed = cast("list[dict[str, Any]]", orjson.loads(document)["keys"])[:KEYS_MAX]
        usable = [one for one in listed if one.get("kty") in {"EC", "RSA", "OKP"} and one.get("use", "sig") == "sig" and "kid" in one]
        return {str(one["kid"]): import_key(public_part(one)) for one in usable}
    except (KeyError, TypeError, AttributeError, JoseError) as error:
        raise ValueError("no JWKS document") from error


def public_part(key: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the private members, should somebody have published them."""
    return {name: value for name, value in key.items() if name not in {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}}


def rejected(kind: Kind) -> Problem:
    """Make a 401 (RFC 6750, 3)."""
    return Problem(kind, headers={"WWW-Authenticate": 'Bearer realm="motcua", error="invalid_token"'})


@dataclass
class Verifier:
    """Turns tokens into principals.

    Args:
        keys: the provider's keys.
        issuer, audience: what `iss` must be and `aud` must hold.
        algorithms: the accepted signatures; `none` and shared secrets are never among them.
        leeway_seconds: how far the provider's clock may be from ours.
        roles, agencies: where a token has them.
        clock: seconds since 1970.
    """

    keys: Keys
    issuer: str
    audience: str
    algorithms: Sequence[str] = ("ES256", "RS256", "EdDSA")
    leeway_seconds: int = 30
    roles: Sequence[str] = ("roles",)
    agencies: Sequence[str] = ("agencies",)
    clock: Callable[[], float] = time.time
    _remembered: OrderedDict[bytes, tuple[Principal, float]] = field(
        default_factory=OrderedDict[bytes, tuple[Principal, float]], init=False
    )

    def __post_init__(self) -> None:
        self._registry = JWSRegistry(algorithms=list(self.algorithms))
        self._claims = JWTClaimsRegistry(
            now=lambda: int(self.clock()),
            leeway=self.leeway_seconds,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    async def principal(self, token: str) -> Principal:
        """Verify a token.

        Raises:
            Problem: 401 if it is expired, not ours or no token at all; 503 if the provider's keys cannot be had.
        """
        if len(token) > TOKEN_LENGTH_MAX:
            raise rejected(TOKEN_INVALID)
        name = hashlib.sha256(token.encode()).digest()
        now = self.clock()
        if (found := self._remembered.get(name)) is not None and now < found[1]:
            return found[0]
        principal, expires_at = await self._verify(token)
        self._remembered[name] = (principal, min(expires_at, now + REMEMBER_SECONDS))
        self._remembered.move_to_end(name)
        while len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return principal

    async def _verify(self, token: str) -> tuple[Principal, float]:
        key = await self.keys.key(key_id(token))
        if key is None:
            raise rejected(TOKEN_INVALID)
        try:
            found = jwt.decode(token, key, registry=self._registry)
            self._claims.validate(claims := found.claims)
        except ExpiredTokenError as error:
            raise rejected(TOKEN_EXPIRED) from error
        except (JoseError, ValueError, TypeError) as error:
            raise rejected(TOKEN_INVALID) from error
        if not is_access(found.header.get("typ"), claims.get("typ")):
            raise rejected(TOKEN_INVALID)
        return principal_of(claims, self.roles, self.agencies), float(claims["exp"]) + self.leeway_seconds


def key_id(token: str) -> str:
    """Read the key's name from the header, unverified: it only chooses the key that then has to fit.

    Raises:
        Problem: 401, if there is none.
    """
    try:
        kid = orjson.loads(urlsafe_b64decode(token.split(".", 1)[0].encode("ascii")))["kid"]
    except (ValueError, KeyError, TypeError) as error:
        raise rejected(TOKEN_INVALID) from error
    if not isinstance(kid, str):
        raise rejected(TOKEN_INVALID)
    return kid


def is_access(typed: object, called: object) -> bool:
    """Tell whether a token is one that opens doors, and no other that the same provider signs (RFC 8725, 3.11; RFC 9068, 4).

    Args:
        typed: the header's `typ`, which not every provider writes.
        called: the claim `typ`, by which Keycloak tells its tokens apart.
    """
    return str(typed or "JWT").lower().removeprefix("application/") in {"jwt", "at+jwt"} and called in {None, "Bearer"}


def principal_of(claims: Mapping[str, Any], roles: Sequence[str] = ("roles",), agencies: Sequence[str] = ("agencies",)) -> Principal:
    """Read the principal; claims of the wrong shape give no rights.

    Raises:
        Problem: 401, if the subject cannot be an account.
    """
    sub = claims["sub"]
    if not isinstance(sub, str) or not 0 < len(sub) <= SUBJECT_LENGTH_MAX or sub == PUBLIC.sub:
        raise rejected(TOKEN_INVALID)
    return Principal(sub, frozenset(words_at(claims, roles)), tuple(words_at(claims, agencies)))


def words_at(claims: Mapping[str, Any], paths: Sequence[str]) -> list[str]:
    """Give the words in some claims, one after another."""
    return [word for path in paths for word in words(claim_at(claims, path), split=path == SCOPE)]


def claim_at(claims: object, path: str) -> object:
    """Give the claim at a path such as `resource_access.portal.example.vn.roles`: names may have dots in them. None if there is none."""
    if not isinstance(claims, dict):
        return None
    named = cast("dict[str, object]", claims)
    if path in named:
        return named[path]
    for at in (at for at, letter in enumerate(path) if letter == "."):
        if path[:at] in named and (found := claim_at(named[path[:at]], path[at + 1 :])) is not None:
            return found
    return None


def words(value: object, *, split: bool = False) -> list[str]:
    """Give the strings of a list; of a text, where one is wanted, its words; anything else is nothing."""
    if split and isinstance(value, str):
        return value.split()
    return [one for one in cast("list[object]", value) if isinstance(one, str)] if isinstance(value, list) else []
