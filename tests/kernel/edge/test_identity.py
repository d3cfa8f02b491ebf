from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from kernel.edge import identity
from kernel.edge.identity import PUBLIC, REFRESH_SECONDS_MIN, REMEMBERED_MAX, Keys, Principal, Verifier
from kernel.edge.problem import Problem
from kernel.edge.settings import DEVELOPMENT_ISSUER
from tests.kernel.edge.conftest import Issuer

YEAR_2100 = 4_102_444_800
"""Not computed: both test processes must give a test the same name."""


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def verifier(issuer: Issuer, clock: Hands) -> Verifier:
    return Verifier(Keys(file=issuer.file, clock=clock), DEVELOPMENT_ISSUER, "motcua", clock=clock)


async def refusal(verifier: Verifier, token: str) -> Problem:
    with pytest.raises(Problem) as refused:
        await verifier.principal(token)
    assert refused.value.kind.status in {401, 503}
    if refused.value.kind.status == 401:
        assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]
    return refused.value


async def test_a_good_token_gives_its_principal(verifier: Verifier, issuer: Issuer) -> None:
    principal = await verifier.principal(issuer.token(roles=["desk", "officer"], agencies=["H09.13"]))
    assert principal == Principal("officer-7", frozenset({"desk", "officer"}), ("H09.13",))


async def test_an_audience_among_several_is_enough(verifier: Verifier, issuer: Issuer) -> None:
    assert (await verifier.principal(issuer.token(aud=["account", "motcua"]))).sub == "officer-7"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["a", "b"]},
        {"aud": None},
        {"iss": "https://evil.invalid"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "public"},
        {"sub": "x" * 101},
        {"sub": 7},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": YEAR_2100},
        {"iat": YEAR_2100},
    ],
    ids=str,
)
async def test_a_token_for_somebody_else_or_without_an_end_is_refused(verifier: Verifier, issuer: Issuer, claims: dict[str, Any]) -> None:
    assert (await refusal(verifier, issuer.token(**claims))).kind.slug == "token-invalid"


async def test_an_expired_token_is_told_so(verifier: Verifier, issuer: Issuer, clock: Hands) -> None:
    assert (await refusal(verifier, issuer.token(exp=int(clock.at) - 31))).kind.slug == "token-expired"


async def test_clocks_may_differ_by_the_leeway(verifier: Verifier, issuer: Issuer, clock: Hands) -> None:
    assert await verifier.principal(issuer.token(exp=int(clock.at) - 20, nbf=int(clock.at) + 20, iat=int(clock.at) + 20))


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join([*parts, ""])


async def test_a_token_without_a_signature_is_refused(verifier: Verifier, issuer: Issuer) -> None:
    claims = {"iss": DEVELOPMENT_ISSUER, "aud": "motcua", "sub": "x", "exp": time.time() + 60}
    for alg in ("none", "None", "HS256"):
        assert (await refusal(verifier, unsigned(claims, {"alg": alg, "kid": "first"}))).kind.slug == "token-invalid"


async def test_the_public_key_is_no_shared_secret(verifier: Verifier, issuer: Issuer) -> None:
    claims = {"iss": DEVELOPMENT_ISSUER, "aud": "motcua", "sub": "x", "exp": int(time.time()) + 60}
    content = unsigned(claims, {"alg": "HS256", "kid": "first"}).rstrip(".")
    signature = hmac.digest(issuer.keys["first"].as_pem(private=False), content.encode(), "sha256")
    forged = f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert (await refusal(verifier, forged)).kind.slug == "token-invalid"


async def test_a_signature_by_another_key_of_the_same_name_is_refused(verifier: Verifier, issuer: Issuer) -> None:
    issuer.keys["first"] = ECKey.generate_key("P-256", {"kid": "first"})
    assert (await refusal(verifier, issuer.token())).kind.slug == "token-invalid"


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "é.b.c", "x" * 9000, "eyJhbGciOiJFUzI1NiJ9.e30.AA"])
async def test_nonsense_is_refused(verifier: Verifier, token: str) -> None:
    assert (await refusal(verifier, token)).kind.slug == "token-invalid"


async def test_claims_of_a_strange_shape_give_no_rights(verifier: Verifier, issuer: Issuer) -> None:
    principal = await verifier.principal(issuer.token(roles="leader", agencies={"*": True}))
    assert (principal.roles, principal.agencies) == (frozenset(), ())
    assert not principal.may_touch("H09.13")


async def test_a_rotated_key_is_fetched_when_a_token_names_it(verifier: Verifier, issuer: Issuer, clock: Hands) -> None:
    assert await verifier.principal(issuer.token())
    issuer.add("second")
    clock.at += REFRESH_SECONDS_MIN + 1
    assert await verifier.principal(issuer.token("second"))


async def test_invented_key_names_do_not_make_us_ask_the_provider_each_time(
    verifier: Verifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    keys_of = identity.keys_of

    def counted(document: bytes) -> dict[str, Any]:
        nonlocal reads
        reads += 1
        return keys_of(document)

    monkeypatch.setattr(identity, "keys_of", counted)
    await asyncio.gather(*(refusal(verifier, issuer.token(headers={"kid": f"invented-{n}"})) for n in range(20)))
    assert reads == 1


async def test_a_key_that_was_taken_back_is_good_no_longer(verifier: Verifier, issuer: Issuer, clock: Hands) -> None:
    assert await verifier.principal(issuer.token())
    del issuer.keys["first"]
    issuer.add("second")
    first = ECKey.generate_key("P-256", {"kid": "first"})
    clock.at += identity.KEYS_SECONDS + 1
    issuer.keys["first"] = first
    await refusal(verifier, issuer.token())  # sets the refresh off
    assert verifier.keys._refreshing is not None
    await verifier.keys._refreshing
    assert set(verifier.keys._keys) == {"second"}


async def test_without_any_key_identity_cannot_be_verified(tmp_path: Path, issuer: Issuer) -> None:
    verifier = Verifier(Keys(file=tmp_path / "absent.json"), DEVELOPMENT_ISSUER, "motcua")
    refused = await refusal(verifier, issuer.token())
    assert (refused.kind.slug, refused.headers["Retry-After"]) == ("identity-provider-away", "1")


async def test_keys_are_fetched_from_the_providers_address(issuer: Issuer) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = issuer.file.read_bytes()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as provider:
        port = provider.sockets[0].getsockname()[1]
        verifier = Verifier(Keys(url=f"http://127.0.0.1:{port}/jwks"), DEVELOPMENT_ISSUER, "motcua")
        assert (await verifier.principal(issuer.token())).sub == "officer-7"
    away = Verifier(Keys(url=f"http://127.0.0.1:{port}/jwks"), DEVELOPMENT_ISSUER, "motcua")
    assert (await refusal(away, issuer.token())).kind.slug == "identity-provider-away"


async def test_keys_survive_the_providers_bad_minute(verifier: Verifier, issuer: Issuer, clock: Hands) -> None:
    assert await verifier.principal(issuer.token())
    issuer.file.write_text("<html>502</html>")
    clock.at += REFRESH_SECONDS_MIN + 1
    await refusal(verifier, issuer.token(headers={"kid": "unknown"}))
    assert await verifier.principal(issuer.token(sub="another"))


async def test_a_verified_token_is_remembered_but_not_beyond_its_end(
    verifier: Verifier, issuer: Issuer, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token(exp=int(clock.at) + 60)
    principal = await verifier.principal(token)
    with monkeypatch.context() as patched:
        patched.setattr(jwt, "decode", None)
        assert await verifier.principal(token) is principal
    clock.at += 60 + 31
    assert (await refusal(verifier, token)).kind.slug == "token-expired"


async def test_what_is_remembered_is_bounded(verifier: Verifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "REMEMBERED_MAX", 3)
    assert REMEMBERED_MAX > 3
    for n in range(6):
        await verifier.principal(issuer.token(sub=f"officer-{n}"))
    assert len(verifier._remembered) == 3


@pytest.mark.parametrize(
    ("agencies", "agency", "may"),
    [
        (("*",), "H09.13", True),
        (("H09.13",), "H09.13", True),
        (("H09.13",), "H09.13.02", True),
        (("H09.13",), "H09.130", False),
        (("H09.13.02",), "H09.13", False),
        (("H09.13",), "H09.14", False),
        ((), "H09.13", False),
    ],
)
def test_a_scope_holds_an_agency_and_its_units(agencies: tuple[str, ...], agency: str, may: bool) -> None:
    principal = Principal("x", frozenset(), agencies)
    assert principal.may_touch(agency) is may
    if not may:
        with pytest.raises(Problem) as refused:
            principal.require(agency)
        assert refused.value.kind.slug == "other-agency"


def test_the_public_may_look_everywhere_that_is_public() -> None:
    assert PUBLIC.scope is None
    assert Principal("x", frozenset(), ("H09.13",)).scope == ["H09.13"]
