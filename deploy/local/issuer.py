"""The development identity provider: one ES256 key pair in the data folder, its JWKS beside it, tokens on request.

Never for production: services accept the demo clock only from this issuer, and `.invalid` can never be a real host.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.jwk import ECKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ISSUER = "https://dev.motcua.invalid"
AUDIENCE = "motcua"
TTL_SECONDS = 8 * 3600


@dataclass(frozen=True)
class Issuer:
    """Signs development tokens with the key in `home`, which is made on first use."""

    home: Path

    @property
    def jwks(self) -> Path:
        """The file with the public key, as services read it."""
        return self.home / "jwks.json"

    def prepare(self) -> None:
        """Make the key pair unless it is there."""
        if self.jwks.exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": uuid.uuid4().hex})
        private = self.home / "key.json"
        private.touch(mode=0o600)
        private.write_text(json.dumps(key.as_dict(private=True)))
        unfinished = self.jwks.with_suffix(".new")
        unfinished.write_text(json.dumps({"keys": [key.as_dict(private=False)]}, indent=2))
        unfinished.replace(self.jwks)

    def token(self, sub: str, roles: Sequence[str], agencies: Sequence[str] = ("*",), ttl_seconds: int = TTL_SECONDS) -> str:
        """Return a signed JWT for principal `sub`; `agencies` are agency codes, or "*" for all."""
        self.prepare()
        key = ECKey.import_key(json.loads((self.home / "key.json").read_text()))
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + ttl_seconds}
        return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "JWT"}, {**claims, "roles": [*roles], "agencies": [*agencies]}, key)
