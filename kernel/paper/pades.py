"""Beside step 8: the signature of an agency on a PDF (PAdES baseline B-B, ETSI EN 319 142-1).

Imported when the first page is signed: pyHanko takes a second to load, and most processes never sign.
"""

from __future__ import annotations

import io
from typing import Final

from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import Certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from kernel.paper.signing import Signer

FIELD: Final = "Signature1"


def sign_pdf(signer: Signer, pdf: bytes, reason: str, place: str) -> bytes:
    """Sign a PDF; what was there stays as it is, the signature is added behind it.

    Raises:
        pyhanko.pdf_utils.misc.PdfError: if it is no PDF.
    """
    store = SimpleCertificateStore.from_certs([asn1(one) for one in signer.chain])
    der = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    hand = SimpleSigner(asn1(signer.certificate), keys.PrivateKeyInfo.load(der), store)
    meta = PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason, location=place)
    signed = PdfSigner(meta, hand, new_field_spec=SigFieldSpec(FIELD)).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
    return signed.getvalue()


def asn1(certificate: Certificate) -> x509.Certificate:
    """Give a certificate as pyHanko takes it."""
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))
