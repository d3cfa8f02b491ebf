"""Step 3 of 8, decide: the code that a petitioner follows a petition up with.

It is made from the command by a secret, so the same command has the same code and nobody has to keep it; the log holds only its SHA-256.
What counts is that recorded hash: codes that were handed out outlive a change of the secret.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from uuid import UUID

from contracts.vocabulary import ContentHash

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing in it is taken for something else when it is read out on the telephone."""
GROUPS: Final = 4
GROUP_LENGTH: Final = 4
CODE_PATTERN: Final = r"^[0-9A-Za-z]{4}(-?[0-9A-Za-z]{4}){3}$"
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None})


def code_of(secret: bytes, command_id: UUID) -> str:
    """Make a code of 80 bits, as in `7K3D-9QXA-01MZ-V5TC`."""
    mac = int.from_bytes(hmac.digest(secret, command_id.bytes, hashlib.sha256)[:10])
    letters = "".join(ALPHABET[(mac >> 5 * n) & 31] for n in range(GROUPS * GROUP_LENGTH))
    return "-".join(letters[n : n + GROUP_LENGTH] for n in range(0, len(letters), GROUP_LENGTH))


def code_hash_of(code: str) -> ContentHash:
    """Give what the log holds of a code, however it was typed."""
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).hexdigest()
