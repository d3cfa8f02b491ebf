"""Blind signatures: what is signed hidden is good uncovered, is an ordinary RSASSA-PSS signature, and is the same hidden in any way."""

from __future__ import annotations

import secrets
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA384

from services.feedback.domain import blind


@cache
def key(n: int) -> RSAPrivateKey:
    return generate_private_key(blind.PUBLIC_EXPONENT, blind.KEY_BITS)


def hidden(token: bytes, salt: bytes, n: int = 0) -> blind.Blinded:
    modulus = key(n).private_numbers().public_numbers.n
    return blind.blind(key(n).public_key(), token, salt, 2 + secrets.randbelow(modulus - 3))


def signed(blinded: blind.Blinded, n: int = 0) -> bytes:
    return blind.sign(key(n), blinded.message, 2 + secrets.randbelow(key(n).private_numbers().public_numbers.n - 3))


def test_a_token_signed_hidden_verifies_uncovered_with_the_library_that_knows_nothing_of_hiding() -> None:
    for _ in range(8):
        token, salt = secrets.token_bytes(32), secrets.token_bytes(48)
        blinded = hidden(token, salt)
        signature = blind.finalize(key(0).public_key(), token, signed(blinded), blinded.inverse)
        key(0).public_key().verify(signature, token, PSS(MGF1(SHA384()), 48), SHA384())


def test_what_the_signer_sees_says_nothing_of_the_token() -> None:
    # Any hidden form fits any token: for each there is a factor that leads from one to the other, so none is likelier.
    token, other = secrets.token_bytes(32), secrets.token_bytes(32)
    numbers = key(0).public_key().public_numbers()
    seen = int.from_bytes(hidden(token, bytes(48)).message, "big")
    message = blind.encoded(other, bytes(48), numbers.n.bit_length() - 1)
    factor = pow(seen * pow(message, -1, numbers.n), key(0).private_numbers().d, numbers.n)
    assert int.from_bytes(blind.blind(key(0).public_key(), other, bytes(48), factor).message, "big") == seen


def test_two_hidings_of_a_token_look_different_and_lead_to_the_same_signature() -> None:
    token, salt = secrets.token_bytes(32), secrets.token_bytes(48)
    one, other = hidden(token, salt), hidden(token, salt)
    assert one.message != other.message
    uncovered = {blind.finalize(key(0).public_key(), token, signed(each), each.inverse) for each in (one, other)}
    assert len(uncovered) == 1


def test_a_signature_is_good_for_its_token_and_its_key_only() -> None:
    token = secrets.token_bytes(32)
    blinded = hidden(token, secrets.token_bytes(48))
    signature = blind.finalize(key(0).public_key(), token, signed(blinded), blinded.inverse)
    assert blind.is_good(key(0).public_key(), token, signature)
    assert not blind.is_good(key(0).public_key(), secrets.token_bytes(32), signature)
    assert not blind.is_good(key(1).public_key(), token, signature)
    with pytest.raises(ValueError, match="did not sign this"):
        blind.finalize(key(0).public_key(), token, signed(hidden(token, bytes(48))), blinded.inverse)


@pytest.mark.parametrize("message", [bytes(256), bytes(255) + b"\x01", b"\xff" * 256, b"\x02"])
def test_what_is_no_number_below_the_modulus_is_not_signed(message: bytes) -> None:
    with pytest.raises(ValueError, match="not a blinded message"):
        blind.sign(key(0), message, 2)
