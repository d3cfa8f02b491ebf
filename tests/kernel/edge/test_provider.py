"""Tokens of a provider such as Keycloak, over a real wire: found by its address alone; nothing is believed that it did not sign for us."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncGenerator
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import OctKey

from kernel.edge.identity import KEYS_SECONDS, REFRESH_SECONDS_MIN, Keys, Principal, Verifier, claim_at
from kernel.edge.problem import Problem
from kernel.edge.provider import DOCUMENT_BYTES_MAX, keys_url_in
from tests.kernel.edge.keycloak import CERTS, DISCOVERY, Keycloak, rsa_key, running
from tests.kernel.edge.test_identity import Hands

YEAR_2100: Final = 4_102_444_800
ROLES: Final = ("realm_access.roles", "resource_access.motcua.roles")


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def realm() -> AsyncGenerator[Keycloak]:
    async with running() as made:
        yield made


@pytest.fixture
def verifier(realm: Keycloak, clock: Hands) -> Verifier:
    """Knows the provider's address and nothing else of it."""
    return Verifier(Keys(issuer=realm.issuer, clock=clock), realm.issuer, "motcua", roles=ROLES, clock=clock)


async def refused(verifier: Verifier, token: str) -> str:
    with pytest.raises(Problem) as found:
        await verifier.principal(token)
    return found.value.kind.slug


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=").decode()


async def test_an_address_is_enough_to_verify_what_a_provider_signs(verifier: Verifier, realm: Keycloak) -> None:
    found = await verifier.principal(realm.token())
    roles = frozenset({"default-roles-motcua", "offline_access", "officer", "desk"})
    assert found == Principal("b0c1e9d2-7a44-4f1e-9a59-1f1d2f3a4b5c", roles, ("H09.13",))
    for _ in range(20):
        await verifier.principal(realm.token())
    assert realm.asked == {DISCOVERY: 1, CERTS: 1}


# What may be wrong with the provider's own documents. -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://another.example.vn/realms/motcua"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://keys.example.vn/certs"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://"},
        {"jwks_uri": ["https://keys.example.vn"]},
    ],
    ids=str,
)
async def test_a_discovery_document_that_is_not_to_be_believed_gives_no_keys(
    verifier: Verifier, realm: Keycloak, changes: dict[str, Any]
) -> None:
    realm.says[DISCOVERY] = json.dumps(realm.discovery(**changes)).encode()
    assert await refused(verifier, realm.token()) == "identity-provider-away"
    assert realm.asked == {DISCOVERY: 1}


def test_an_issuer_behind_tls_has_no_keys_in_the_open() -> None:
    issuer = "https://id.example.vn"
    told = {"issuer": issuer, "jwks_uri": "http://127.0.0.1:8080/certs"}
    with pytest.raises(ValueError, match="jwks_uri"):
        keys_url_in(json.dumps(told).encode(), issuer)
    keys = "https://keys.example.vn/certs"
    assert keys_url_in(json.dumps({"issuer": issuer, "jwks_uri": keys}).encode(), issuer) == keys


@pytest.mark.parametrize("path", [DISCOVERY, CERTS])
@pytest.mark.parametrize(
    "said", [404, 500, b"<html>", b"[]", b'{"keys": 1}', b" " * (DOCUMENT_BYTES_MAX + 1)], ids=lambda said: str(said)[:12]
)
async def test_a_provider_that_talks_nonsense_is_away(verifier: Verifier, realm: Keycloak, path: str, said: int | bytes) -> None:
    realm.says[path] = said
    assert await refused(verifier, realm.token()) == "identity-provider-away"


async def test_nobody_is_followed_who_says_that_the_keys_are_elsewhere(verifier: Verifier, realm: Keycloak) -> None:
    realm.says[CERTS], realm.located = 302, f"{realm.origin}/elsewhere"
    assert await refused(verifier, realm.token()) == "identity-provider-away"
    assert realm.asked["/elsewhere"] == 0


# Keys that come and go. --------------------------------------------------------------------------------------------------


async def test_a_new_key_is_asked_for_once_by_however_many_who_bring_it(verifier: Verifier, realm: Keycloak, clock: Hands) -> None:
    await verifier.principal(realm.token())
    realm.signing.append("sig-2")
    clock.at += REFRESH_SECONDS_MIN + 1
    found = await asyncio.gather(*(verifier.principal(realm.token("sig-2", sub=f"officer-{n}")) for n in range(10)))
    assert len(found) == 10
    assert realm.asked == {DISCOVERY: 2, CERTS: 2}


async def test_names_of_keys_that_nobody_has_make_one_request_in_a_while(verifier: Verifier, realm: Keycloak, clock: Hands) -> None:
    await verifier.principal(realm.token())
    clock.at += REFRESH_SECONDS_MIN + 1
    for n in range(30):
        assert await refused(verifier, realm.token(headers={"kid": f"invented-{n}"})) == "token-invalid"
    assert realm.asked[CERTS] == 2
    clock.at += REFRESH_SECONDS_MIN + 1
    await refused(verifier, realm.token(headers={"kid": "invented"}))
    assert realm.asked[CERTS] == 3


async def test_a_key_taken_back_opens_nothing_once_the_keys_were_looked_at_again(verifier: Verifier, realm: Keycloak, clock: Hands) -> None:
    await verifier.principal(realm.token())
    realm.signing[:] = ["sig-2"]
    clock.at += KEYS_SECONDS + 1
    await verifier.principal(realm.token("sig-2", exp=YEAR_2100))  # names a key that is not there: the keys are asked for
    assert await refused(verifier, realm.token(exp=YEAR_2100)) == "token-invalid"


async def test_while_the_provider_is_away_its_last_keys_are_good(verifier: Verifier, realm: Keycloak, clock: Hands) -> None:
    await verifier.principal(realm.token())
    realm.says |= {DISCOVERY: 503, CERTS: 503}
    clock.at += KEYS_SECONDS + 1
    assert await verifier.principal(realm.token(sub="another", exp=YEAR_2100))
    assert await refused(verifier, realm.token("sig-2", exp=YEAR_2100)) == "token-invalid"
    realm.says.clear()
    realm.signing.append("sig-2")
    clock.at += REFRESH_SECONDS_MIN + 1
    assert await verifier.principal(realm.token("sig-2", exp=YEAR_2100))


async def test_a_key_for_encrypting_verifies_nothing(verifier: Verifier, realm: Keycloak) -> None:
    assert await refused(verifier, realm.token("enc-1")) == "token-invalid"


# What may be wrong with a token. -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "account"}, "token-invalid"),
        ({"aud": None}, "token-invalid"),
        ({"iss": "http://127.0.0.1:1/realms/motcua"}, "token-invalid"),
        ({"iss": None}, "token-invalid"),
        ({"exp": None}, "token-invalid"),
        ({"exp": "2100-01-01"}, "token-invalid"),
        ({"exp": 1}, "token-expired"),
        ({"nbf": YEAR_2100}, "token-invalid"),
        ({"iat": YEAR_2100, "exp": YEAR_2100 + 1}, "token-invalid"),
        ({"sub": None}, "token-invalid"),
        ({"typ": "ID"}, "token-invalid"),
        ({"typ": "Refresh"}, "token-invalid"),
        ({"typ": "Offline"}, "token-invalid"),
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_here_and_now_is_refused(
    verifier: Verifier, realm: Keycloak, claims: dict[str, Any], why: str
) -> None:
    assert await refused(verifier, realm.token(**claims)) == why


@pytest.mark.parametrize("seconds", [29, -29])
async def test_the_providers_clock_may_be_half_a_minute_off(verifier: Verifier, realm: Keycloak, clock: Hands, seconds: int) -> None:
    now = int(clock.at) + seconds
    lasting = 0 if seconds < 0 else 300
    assert await verifier.principal(realm.token(iat=now, nbf=now, exp=now + lasting))


@pytest.mark.parametrize("seconds", [40, -40])
async def test_a_clock_that_is_further_off_is_not_believed(verifier: Verifier, realm: Keycloak, clock: Hands, seconds: int) -> None:
    now = int(clock.at) + seconds
    lasting = 0 if seconds < 0 else 300
    assert await refused(verifier, realm.token(iat=now, nbf=now, exp=now + lasting)) in {"token-invalid", "token-expired"}


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "nOnE"},
        {"alg": ""},
        {"alg": ["RS256"]},
        {"alg": "RS256", "crit": ["exp"]},
        {"alg": "RS256", "crit": ["b64"], "b64": False},
        {"alg": "RS256", "kid": None},
        {"alg": "RS256", "kid": {"sig-1": 1}},
        {"alg": "RS256", "kid": "../../sig-1"},
        {"alg": "RS256", "typ": "logout+jwt"},
        {"alg": "RS256", "typ": "dpop+jwt"},
        {"alg": "RS256", "unheard-of": 1},
        {"alg": "RS256", "zip": "DEF"},
    ],
    ids=str,
)
async def test_a_header_that_asks_for_something_else_is_refused_though_the_signature_is_good(
    verifier: Verifier, realm: Keycloak, header: dict[str, Any]
) -> None:
    claims = realm.token().split(".")[1]
    head = {name: value for name, value in ({"kid": "sig-1", "typ": "JWT"} | header).items() if value is not None}
    content = f"{encoded(head)}.{claims}"
    assert await refused(verifier, f"{content}.{encoded(signed(content))}") == "token-invalid"
    assert await refused(verifier, f"{content}.") == "token-invalid"


def signed(content: str) -> bytes:
    """Sign as RS256 does, with the realm's own key."""
    return rsa_key("sig-1").private_key.sign(content.encode(), PKCS1v15(), SHA256())  # pyright: ignore[reportOptionalMemberAccess] - it has a private half


async def test_signing_by_hand_is_signing(verifier: Verifier, realm: Keycloak) -> None:
    content = realm.token().rpartition(".")[0]
    assert await verifier.principal(f"{content}.{encoded(signed(content))}")


async def test_the_public_key_is_no_shared_secret_in_any_form(verifier: Verifier, realm: Keycloak) -> None:
    head = encoded({"alg": "HS256", "typ": "JWT", "kid": "sig-1"})
    content = f"{head}.{realm.token().split('.')[1]}"
    public = rsa_key("sig-1")
    for secret in (public.as_pem(private=False), public.as_der(private=False), json.dumps(realm.certs()["keys"][1]).encode()):
        assert await refused(verifier, f"{content}.{encoded(hmac.digest(secret, content.encode(), 'sha256'))}") == "token-invalid"


async def test_a_shared_secret_among_the_keys_verifies_nothing(verifier: Verifier, realm: Keycloak) -> None:
    secret = OctKey.generate_key(256, {"kid": "oct-1"})
    realm.says[CERTS] = json.dumps({"keys": [secret.as_dict(), *realm.certs()["keys"]]}).encode()
    now = int(time.time())
    claims = {"iss": realm.issuer, "aud": "motcua", "sub": "x", "exp": now + 60}
    assert await refused(verifier, jwt.encode({"alg": "HS256", "kid": "oct-1"}, claims, secret)) == "token-invalid"


async def test_another_algorithm_than_the_agreed_ones_is_refused(verifier: Verifier, realm: Keycloak) -> None:
    assert await refused(verifier, realm.token(headers={"alg": "PS256"})) == "token-invalid"


@pytest.mark.parametrize("name", ["jku", "x5u"])
async def test_no_address_in_a_token_is_asked_for_its_keys(verifier: Verifier, realm: Keycloak, name: str) -> None:
    forged = jwt.encode({"alg": "RS256", "kid": "sig-1", name: f"{realm.origin}/evil"}, {"sub": "x"}, rsa_key("evil"))
    assert await refused(verifier, forged) == "token-invalid"
    assert realm.asked["/evil"] == 0


async def test_a_key_that_a_token_brings_along_is_not_taken(verifier: Verifier, realm: Keycloak) -> None:
    evil = rsa_key("evil")
    now = int(time.time())
    claims = {"iss": realm.issuer, "aud": "motcua", "sub": "x", "exp": now + 60, "realm_access": {"roles": ["leader"]}}
    brought = {"kty": "RSA", "n": evil.as_dict(private=False)["n"][:64], "e": "AQAB"}
    forged = jwt.encode({"alg": "RS256", "kid": "sig-1", "jwk": brought}, claims, evil)
    assert await refused(verifier, forged) == "token-invalid"


@pytest.mark.parametrize(
    "head",
    [
        b'{"alg":"none","alg":"RS256","kid":"sig-1"}',
        b'{"alg":"RS256","alg":"none","kid":"sig-1"}',
        b'{"alg":"RS256","kid":"a","kid":"sig-1"}',
    ],
)
async def test_a_name_that_is_there_twice_deceives_nobody(verifier: Verifier, realm: Keycloak, head: bytes) -> None:
    claims = encoded({"iss": realm.issuer, "aud": "motcua", "sub": "x", "exp": YEAR_2100})
    assert await refused(verifier, f"{encoded(head)}.{claims}.") == "token-invalid"
    assert await refused(verifier, f"{encoded(head)}.{claims}.{encoded(bytes(256))}") == "token-invalid"


async def test_of_two_keys_of_one_name_neither_lets_in_what_the_other_did_not_sign(verifier: Verifier, realm: Keycloak) -> None:
    twin = {**rsa_key("evil").as_dict(private=False), "kid": "sig-1", "use": "enc"}
    realm.says[CERTS] = json.dumps({"keys": [*realm.certs()["keys"], twin]}).encode()
    assert await verifier.principal(realm.token())
    forged = jwt.encode(
        {"alg": "RS256", "kid": "sig-1"}, {"iss": realm.issuer, "aud": "motcua", "sub": "x", "exp": YEAR_2100}, rsa_key("evil")
    )
    assert await refused(verifier, forged) == "token-invalid"


# Where roles and agencies are. -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "roles"),
    [
        (("realm_access.roles",), {"officer", "desk-lead"}),
        (("resource_access.motcua.roles",), {"desk"}),
        (("resource_access.motcua.example.vn.roles",), {"leader"}),
        (("https://motcua.example.vn/roles",), {"inspector"}),
        (("realm_access.roles", "resource_access.motcua.roles"), {"officer", "desk-lead", "desk"}),
        (("scope",), {"openid", "dossier.read"}),
        (("resource_access.motcua",), set[str]()),
        (("realm_access.roles.officer",), set[str]()),
        (("roles",), set[str]()),
        (("",), set[str]()),
    ],
)
async def test_roles_are_where_the_settings_say(realm: Keycloak, clock: Hands, paths: tuple[str, ...], roles: set[str]) -> None:
    verifier = Verifier(Keys(issuer=realm.issuer, clock=clock), realm.issuer, "motcua", roles=paths, clock=clock)
    claims: dict[str, Any] = {
        "realm_access": {"roles": ["officer", "desk-lead", 7]},
        "resource_access": {"motcua": {"roles": ["desk"]}, "motcua.example.vn": {"roles": ["leader"]}},
        "https://motcua.example.vn/roles": ["inspector"],
        "scope": "openid dossier.read",
        "roles": "leader admin",
    }
    assert (await verifier.principal(realm.token(**claims))).roles == roles


async def test_agencies_and_units_are_where_the_settings_say(realm: Keycloak, clock: Hands) -> None:
    at = ("organization.agencies", "organization.units")
    verifier = Verifier(Keys(issuer=realm.issuer, clock=clock), realm.issuer, "motcua", agencies=at, clock=clock)
    found = await verifier.principal(realm.token(organization={"agencies": ["H09.14"], "units": ["H09.13.02"]}))
    assert found.agencies == ("H09.14", "H09.13.02")
    assert found.may_touch("H09.13.02")
    assert not found.may_touch("H09.13")


def test_a_path_is_looked_for_no_deeper_than_it_is_long() -> None:
    assert claim_at({"a": {"b.c": {"d": 1}, "b": {"c": {}}}}, "a.b.c.d") == 1
    assert claim_at({"a": 1}, "a.b") is None
    assert claim_at([], "a") is None
