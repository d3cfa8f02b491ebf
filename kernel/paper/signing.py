"""Beside step 8: whose signature it is, and how a few claims are signed so that they can be checked with no network (JWS, RFC 7515).

What is printed and what is claimed are signed with one key (`pades.py` has the other half), so one certificate is enough to check either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    CertificateBuilder,
    KeyUsage,
    Name,
    NameAttribute,
    load_pem_x509_certificates,
    random_serial_number,
)
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

TRIAL_NAME: Final = "CHỨNG THƯ THỬ NGHIỆM (TRIAL, NO LEGAL VALUE)"
TRIAL_FROM: Final = datetime(2018, 1, 1, tzinfo=UTC)
TRIAL_UNTIL: Final = datetime(2048, 1, 1, tzinfo=UTC)
RSA_BITS_MIN: Final = 2048
ALGORITHMS: Final = ("ES256", "RS256")
TOKEN_LENGTH_MAX: Final = 2048

PrivateKey: TypeAlias = EllipticCurvePrivateKey | RSAPrivateKey


class NotSigned(ValueError):  # noqa: N818 - says how the token stands
    """Claims that nobody whose key we have has signed."""


@dataclass(frozen=True)
class Signer:
    """A private key with its certificate, and the certificates that lead from there to a root."""

    key: PrivateKey
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()

    @property
    def trial(self) -> bool:
        """Whether it is a certificate that was made here for trying things out, and binds nobody."""
        return any(name.value == TRIAL_NAME for name in self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def key_id(self) -> str:
        """How tokens name the key: the beginning of the fingerprint."""
        return self.fingerprint[:16]

    @property
    def pem(self) -> bytes:
        """The certificate, as files hold it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def private_pem(self) -> bytes:
        """The private key (PKCS #8), as files hold it."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def token(self, claims: Mapping[str, Any]) -> str:
        """Sign a few claims as a compact JWS."""
        header = {"alg": self._algorithm, "kid": self.key_id}
        payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
        return jws.serialize_compact(header, payload, self._jwk, algorithms=list(ALGORITHMS))

    def jwks(self) -> dict[str, Any]:
        """Give the public key as others need it to check tokens offline (RFC 7517), with its certificate."""
        public = self._jwk.as_dict(private=False)
        return {"keys": [{**public, "kid": self.key_id, "use": "sig", "alg": self._algorithm, "x5c": [self._x5c]}]}

    @cached_property
    def _algorithm(self) -> str:
        return "ES256" if isinstance(self.key, EllipticCurvePrivateKey) else "RS256"

    @cached_property
    def _jwk(self) -> Key:
        return import_key(self.private_pem, "EC" if isinstance(self.key, EllipticCurvePrivateKey) else "RSA")

    @property
    def _x5c(self) -> str:
        return "".join(self.pem.decode().splitlines()[1:-1])


def claims_of(token: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Give the claims of a token whose signature one of the keys bears out; nothing is asked of anybody.

    Raises:
        NotSigned: if none does, or it is no token.
    """
    if len(token) > TOKEN_LENGTH_MAX:
        raise NotSigned("too long")
    for one in jwks["keys"]:
        try:
            signed = jws.deserialize_compact(token, import_key(one), algorithms=[one["alg"]])
            claims = json.loads(signed.payload or b"")
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(claims, dict):
            return claims
    raise NotSigned("no key bears it out")


def load_signer(key_file: Path, certificate_file: Path) -> Signer:
    """Read a key (PKCS #8 PEM, EC P-256 or RSA) and its certificate, followed by those that lead to a root (PEM).

    Raises:
        ValueError: if the key is of another sort, or the certificate is not of that key.
    """
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    certificate, *chain = load_pem_x509_certificates(certificate_file.read_bytes())
    if isinstance(key, EllipticCurvePrivateKey):
        good = isinstance(key.curve, SECP256R1)
    else:
        good = isinstance(key, RSAPrivateKey) and key.key_size >= RSA_BITS_MIN
    if not good or not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        message = f"{key_file.name} is neither an EC P-256 key nor an RSA key of at least {RSA_BITS_MIN} bits"
        raise ValueError(message)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        message = f"{certificate_file.name} does not certify the key in {key_file.name}"
        raise ValueError(message)
    return Signer(key, certificate, tuple(chain))


def trial_signer() -> Signer:
    """Make a key and a certificate that says of itself that it is for trying things out."""
    key = generate_private_key(SECP256R1())
    name = Name([NameAttribute(NameOID.COMMON_NAME, TRIAL_NAME)])
    usage = KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(TRIAL_FROM)
        .not_valid_after(TRIAL_UNTIL)
        .add_extension(BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate)
