"""Step 3 of 8, decide: blind signatures (RFC 9474, RSABSSA-SHA384-PSS-Deterministic), both sides of them.

Who answers chooses a token, hides it, and has the hidden form signed; uncovered, the signature is good for the token, and whoever signed
has never seen either. The tokens are 32 random bytes, which the RFC wants of messages for its deterministic variant.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA384

TOKEN_BYTES: Final = 32
SALT_BYTES: Final = 48
KEY_BITS: Final = 2048
SIGNATURE_BYTES: Final = KEY_BITS // 8
PUBLIC_EXPONENT: Final = 65537
_PADDING: Final = PSS(MGF1(SHA384()), SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Blinded:
    """What goes to the signer, and the secret that uncovers his answer."""

    message: bytes
    inverse: int


def encoded(token: bytes, salt: bytes, bits: int) -> int:
    """Encode a message for signing (EMSA-PSS, RFC 8017, 9.1.1) in a number of `bits` bits."""
    length = (bits + 7) // 8
    digest = hashlib.sha384(bytes(8) + hashlib.sha384(token).digest() + salt).digest()
    block = bytes(length - SALT_BYTES - len(digest) - 2) + b"\x01" + salt
    mask = b"".join(hashlib.sha384(digest + n.to_bytes(4, "big")).digest() for n in range(-(-len(block) // len(digest))))
    hidden = int.from_bytes(block, "big") ^ int.from_bytes(mask[: len(block)], "big")
    hidden &= (1 << (bits - 8 * (length - len(block)))) - 1
    return int.from_bytes(hidden.to_bytes(len(block), "big") + digest + b"\xbc", "big")


def blind(key: RSAPublicKey, token: bytes, salt: bytes, factor: int) -> Blinded:
    """Hide a token (RFC 9474, 4.2).

    Args:
        key: of the class that is answered for.
        token: 32 random bytes.
        salt: 48 random bytes.
        factor: a random number below the modulus.

    Raises:
        ValueError: if factor or token have a divisor in common with the modulus, which would be its factorisation.
    """
    numbers = key.public_numbers()
    message = encoded(token, salt, numbers.n.bit_length() - 1)
    if math.gcd(message * factor, numbers.n) != 1:
        raise ValueError("not invertible")
    hidden = message * pow(factor, numbers.e, numbers.n) % numbers.n
    return Blinded(hidden.to_bytes(SIGNATURE_BYTES, "big"), pow(factor, -1, numbers.n))


def sign(key: RSAPrivateKey, hidden: bytes, factor: int) -> bytes:
    """Sign what is hidden (RFC 9474, 4.3). `factor` is random: it keeps how long this takes from telling about the key.

    Raises:
        ValueError: if it is not a number below the modulus, or the computation went wrong, which would betray the key.
    """
    private = key.private_numbers()
    n, e = private.public_numbers.n, private.public_numbers.e
    message = int.from_bytes(hidden, "big")
    if len(hidden) != SIGNATURE_BYTES or not 1 < message < n:
        raise ValueError("not a blinded message of this key")
    disguised = message * pow(factor, e, n) % n
    at_p, at_q = pow(disguised, private.dmp1, private.p), pow(disguised, private.dmq1, private.q)
    signed = (at_q + private.q * ((at_p - at_q) * private.iqmp % private.p)) * pow(factor, -1, n) % n
    if pow(signed, e, n) != message:
        raise ValueError("a signature that does not fit")
    return signed.to_bytes(SIGNATURE_BYTES, "big")


def finalize(key: RSAPublicKey, token: bytes, signed: bytes, inverse: int) -> bytes:
    """Uncover a signature (RFC 9474, 4.4).

    Raises:
        ValueError: if it is not one of this key for this token.
    """
    signature = (int.from_bytes(signed, "big") * inverse % key.public_numbers().n).to_bytes(SIGNATURE_BYTES, "big")
    if not is_good(key, token, signature):
        raise ValueError("the signer did not sign this")
    return signature


def is_good(key: RSAPublicKey, token: bytes, signature: bytes) -> bool:
    """Tell whether a signature was made for a token, hidden or not; an ordinary RSASSA-PSS verification."""
    try:
        key.verify(signature, token, _PADDING, SHA384())
    except InvalidSignature:
        return False
    return True
