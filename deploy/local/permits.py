"""Some of the story's permits go out: printed on blanks, signed, fetched, and checked as anybody would who has one in hand."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from deploy.local.caller import Caller

SHOWN_MAX: Final = 2
"""So many permits go out: what holds for two holds for a thousand, and a demonstration should not wait for the printer."""

WHOLESALE: Final = "2.001624"
BLANKS: Final = 100
TERMS: Final[dict[str, dict[str, Any]]] = {
    WHOLESALE: {
        "head_office": "Số 12 đường Yersin, thành phố Thủ Dầu Một, tỉnh Bình Dương",
        "area": "Tỉnh Bình Dương",
        "products": ["Rượu vang", "Rượu trắng"],
        "suppliers": ["Công ty cổ phần Rượu và Nước giải khát Đặng Gia"],
    }
}
"""What a permit says, by procedure, where its template has places."""


class NotGenuine(Exception):  # noqa: N818 - says what was found
    """A permit that is not what it should be."""


@dataclass(frozen=True)
class Numbered:
    """A permit that has its number: the case, the number, and when it got it."""

    case: str
    agency: str
    procedure: str
    number: str
    at: datetime


async def publish_and_check(permits: list[Numbered], records: Caller, specialist: Caller, seed: int) -> int:
    """Let the first permits go out and check each; give how many.

    Raises:
        NotGenuine: if the page that comes back is not the one that went out, or its signature is not valid.
    """
    shown, series = permits[:SHOWN_MAX], series_of(seed)
    if shown:
        first = min(one.at for one in shown)
        parcel = {"agency": shown[0].agency, "first": 1, "last": BLANKS}
        await records.post(f"/v1/blanks/{series}/parcels", parcel, f"demo-{seed}-blanks", first)
    blanks = iter(range(1, BLANKS + 1))
    for n, one in enumerate(shown):
        found = await records.get(f"/v1/permits/{one.number}", year=one.at.year, agency=one.agency)
        at, body = one.at + timedelta(minutes=30), dict[str, Any]()
        if one.procedure in TERMS:
            await specialist.post(f"/v1/cases/{one.case}/permit-draft", {"terms": TERMS[one.procedure]}, f"demo-{seed}-draft-{n}", at)
            body = {"blank": {"series": series, "number": next(blanks)}}
        published = await records.post(f"/v1/permits/{found['permit_id']}/publication", body, f"demo-{seed}-publication-{n}", at)
        await check(one, published, records)
    return len(shown)


def series_of(seed: int) -> str:
    """Give the series of a story's blanks: another story brings its own, and the same one the same."""
    return "".join(chr(ord("A") + seed // 26**place % 26) for place in range(4))


async def check(one: Numbered, published: dict[str, Any], records: Caller) -> None:
    """Check one permit: its state, its bytes, its signature.

    Raises:
        NotGenuine: if something is not as it should be.
    """
    query = {"year": one.at.year, "agency": one.agency}
    seen = await records.get(f"/v1/permits/{one.number}/verification", one.at + timedelta(hours=1), after=published["position"], **query)
    pdf = await records.fetch(f"/v1/permits/{one.number}/document", **query)
    if seen["state"] != "in-force" or hashlib.sha256(pdf).hexdigest() != seen["document_hash"]:
        message = f"{one.number}: {seen['state']}, or another page than the one that went out"
        raise NotGenuine(message)
    keys = await records.get("/v1/signing-keys")
    if not await is_signed(pdf, keys["keys"][0]["x5c"][0]):
        message = f"{one.number}: the signature is not valid"
        raise NotGenuine(message)


async def is_signed(pdf: bytes, certificate: str) -> bool:
    """Let pyHanko judge the signature on a PDF, trusting one certificate (base64 of its DER)."""
    from asn1crypto import x509  # noqa: PLC0415 - as the next ones: take a second to load, for the demonstration alone
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 - see above
    from pyhanko.sign.validation import async_validate_pdf_signature  # noqa: PLC0415 - see above
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 - see above

    trusted = x509.Certificate.load(base64.b64decode(certificate))
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return (await async_validate_pdf_signature(signature, ValidationContext(trust_roots=[trusted]))).bottom_line
