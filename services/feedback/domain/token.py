"""Step 3 of 8, decide: the token of an invitation's link.

It is the invitation's id and a keyed hash of it, so nobody has to keep it: whoever has the secret can make it again, and
the log holds only its SHA-256. What counts is that recorded hash: links that were handed out outlive a change of the secret.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

from contracts.vocabulary import ContentHash, InvitationId

ID_BYTES: Final = 16
MAC_BYTES: Final = 18
TOKEN_LENGTH: Final = 46
TOKEN_PATTERN: Final = r"^[A-Za-z0-9_-]{46}$"  # noqa: S105 - the form of a token, not one


def token_of(secret: bytes, invitation_id: InvitationId) -> str:
    """Make the token: base64url of id (16 bytes) and HMAC-SHA256 (18 bytes), 46 characters, the same each time."""
    mac = hmac.digest(secret, invitation_id.bytes, hashlib.sha256)[:MAC_BYTES]
    return urlsafe_b64encode(invitation_id.bytes + mac).rstrip(b"=").decode("ascii")


def hash_of(token: str) -> ContentHash:
    """Give what the log holds of a token. It is hashed as written, so that no second spelling of it passes."""
    return hashlib.sha256(token.encode()).hexdigest()


def invitation_in(token: str) -> InvitationId:
    """Read which invitation a token claims to be for; the claim is judged by `invitation.decide`.

    Raises:
        ValueError: if it does not have the form of a token.
    """
    if len(token) != TOKEN_LENGTH:
        raise ValueError("not a token")
    return InvitationId(UUID(bytes=urlsafe_b64decode(f"{token}==")[:ID_BYTES]))


def same_hash(one: ContentHash, other: ContentHash) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return hmac.compare_digest(one.encode(), other.encode())
