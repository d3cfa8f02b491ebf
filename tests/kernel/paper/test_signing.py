"""Signatures: a PDF whose signature pyHanko bears out, claims that can be checked with no network, and what breaks either."""

from __future__ import annotations

import io
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import BaseModel
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from kernel.paper.pades import asn1
from kernel.paper.press import Press
from kernel.paper.signing import NotSigned, Signer, claims_of, load_signer, trial_signer
from kernel.paper.typeset import typeset
from tests.kernel.paper.conformance import conforms

SIGNER: Final = trial_signer()
CLAIMS: Final = {"jti": "12/GP-SCT", "kind": "Giấy phép bán buôn rượu", "ed": 1}


class Nothing(BaseModel):
    """No data."""


PAGE: Final = typeset(
    b'#set document(title: "x", date: auto)\n#set text(font: "Liberation Serif")\n= A page', Nothing(), datetime(2026, 3, 5, tzinfo=UTC)
)


async def judged(pdf: bytes, signer: Signer = SIGNER) -> PdfSignatureStatus:
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return await async_validate_pdf_signature(signature, ValidationContext(trust_roots=[asn1(signer.certificate)]))


async def test_a_signed_page_is_the_page_with_a_signature_behind_it_that_covers_all() -> None:
    signed = await Press().sign(SIGNER, PAGE, "Ban hành", "Bình Dương")
    status = await judged(signed)
    assert signed.startswith(PAGE)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert conforms(signed) == conforms(PAGE)
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    # PDF/A wants a field that is printed, and that shows something unless it takes no room.
    widget: Any = signature.sig_field
    assert (list(widget["/Rect"]), int(widget["/F"]) & 0b100) == ([0, 0, 0, 0], 0b100), (
        "PDF/A wants a field to be printed, or to be nothing"
    )


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
async def test_a_changed_byte_makes_it_invalid(where: float) -> None:
    signed = bytearray(await Press().sign(SIGNER, PAGE, "Ban hành", "Bình Dương"))
    signed[int(len(PAGE) * where)] ^= 1
    assert not (await judged(bytes(signed))).intact


async def test_what_is_added_behind_a_signature_is_not_covered_by_it() -> None:
    signed = await Press().sign(SIGNER, PAGE, "Ban hành", "Bình Dương")
    (signature,) = PdfFileReader(io.BytesIO(signed + b"%%more\n")).embedded_signatures
    signature.compute_integrity_info()
    assert signature.coverage is not SignatureCoverageLevel.ENTIRE_FILE


async def test_the_signature_of_somebody_else_is_not_trusted() -> None:
    signed = await Press().sign(trial_signer(), PAGE, "Ban hành", "Bình Dương")
    status = await judged(signed)
    assert (status.intact, status.trusted, status.bottom_line) == (True, False, False)


def test_claims_are_checked_with_the_public_key_alone() -> None:
    keys = json.loads(json.dumps(SIGNER.jwks()))
    assert "d" not in keys["keys"][0]
    assert claims_of(SIGNER.token(CLAIMS), keys) == CLAIMS


def test_changed_claims_another_key_and_no_token_at_all_are_not_signed() -> None:
    head, _, signature = SIGNER.token(CLAIMS).split(".")
    changed = urlsafe_b64encode(json.dumps(CLAIMS | {"ed": 2}).encode()).rstrip(b"=").decode()
    none = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for token in (f"{head}.{changed}.{signature}", f"{none}.{changed}.", trial_signer().token(CLAIMS), "", "a.b.c", "x" * 5000):
        with pytest.raises(NotSigned):
            claims_of(token, SIGNER.jwks())


def test_a_trial_certificate_says_so_of_itself() -> None:
    assert SIGNER.trial
    assert b"TRIAL, NO LEGAL VALUE" in SIGNER.certificate.subject.public_bytes()


def saved(folder: Path, key: bytes, certificate: bytes) -> tuple[Path, Path]:
    files = folder / "key.pem", folder / "certificate.pem"
    for file, content in zip(files, (key, certificate), strict=True):
        file.write_bytes(content)
    return files


def test_a_key_is_read_with_its_certificate_and_refused_with_that_of_another(tmp_path: Path) -> None:
    read = load_signer(*saved(tmp_path, SIGNER.private_pem, SIGNER.pem))
    assert claims_of(read.token(CLAIMS), SIGNER.jwks()) == CLAIMS
    with pytest.raises(ValueError, match="does not certify"):
        load_signer(*saved(tmp_path, SIGNER.private_pem, trial_signer().pem))


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - too short, and refused
    ],
)
def test_a_key_that_readers_do_not_check_or_that_is_short_is_refused(tmp_path: Path, key: Any) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="neither an EC P-256 key nor an RSA key"):
        load_signer(*saved(tmp_path, pem, SIGNER.pem))
