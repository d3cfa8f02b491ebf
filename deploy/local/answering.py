"""What a respondent's page does, in Python: choose a token, hide it, have it signed, uncover the signature (RFC 9474)."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from services.feedback.domain import blind
from services.feedback.handle import public_key


def text(data: bytes) -> str:
    """Write bytes in base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Hidden:
    """A token of one's own, its hidden form for the signer, and how to uncover what he gives."""

    key: str
    token: bytes
    blinded: blind.Blinded

    @property
    def message(self) -> str:
        """Give what goes to the signer."""
        return text(self.blinded.message)

    def uncovered(self, signed: str) -> dict[str, str]:
        """Give token and signature as an answer wants them.

        Raises:
            ValueError: if the signer did not sign this.
        """
        signature = blind.finalize(public_key(self.key), self.token, urlsafe_b64decode(signed + "=="), self.blinded.inverse)
        return {"token": text(self.token), "signature": text(signature)}


def hide(key: str) -> Hidden:
    """Choose a token and hide it for the key of a class."""
    public, token = public_key(key), secrets.token_bytes(blind.TOKEN_BYTES)
    factor = 2 + secrets.randbelow(public.public_numbers().n - 3)
    return Hidden(key, token, blind.blind(public, token, secrets.token_bytes(blind.SALT_BYTES), factor))
