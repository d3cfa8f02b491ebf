"""Permits over HTTP: written, numbered, printed on a blank, signed, looked up, checked, changed, taken back, over."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import CertificateBuilder, KeyUsage, Name, NameAttribute
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from contracts.processing_permits import (
    BlankIssued,
    BlankSpoiled,
    PermitDrafted,
    PermitExpired,
    PermitIssued,
    PermitPublished,
    PermitRevoked,
)
from contracts.vocabulary import CaseId
from kernel.paper.pades import asn1
from kernel.paper.signing import Signer, claims_of
from kernel.paper.typeset import typeset
from services.processing.domain import permit
from services.processing.main import SERVICE, signer
from services.processing.permit_pages import page_again
from services.processing.settings import ProcessingSettings
from services.processing.templates import load_stationery
from tests.services.processing.department import LEADER, Department, department
from tests.services.processing.dossiers import CHEMICALS, WINE
from tests.services.rig import AGENCY, Rig, eventually, problem

RECORDS: Final = "nv-vt-01"
SETTINGS: Final = {name: field.default for name, field in ProcessingSettings.model_fields.items()}
TERMS: Final[dict[str, Any]] = {
    "head_office": "Số 12 đường Yersin, thành phố Thủ Dầu Một, tỉnh Bình Dương",
    "area": "Tỉnh Bình Dương",
    "products": ["Rượu vang", "Rượu trắng Ẩm Ỷ"],
    "suppliers": ["Công ty cổ phần Rượu Đặng Gia"],
    "shops": 1200,
    "inspected_on": "2026-02-05",
}


async def checked(pdf: bytes, by: Signer | None = None) -> PdfSignatureStatus:
    """Let pyHanko judge the signature on a PDF, trusting one certificate: by default the one that this process signs with."""
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return await async_validate_pdf_signature(signature, ValidationContext(trust_roots=[asn1((by or signer(None, None)).certificate)]))


def has_been_read(answer: Any) -> bool:
    """Tell whether what intake told of the dossier has been read: until then the answer is to ask again."""
    return answer.status_code != 503


async def to_the_last_step(dept: Department, *, drafted: bool = True) -> CaseId:
    """Let an enterprise's case be worked on until it is to be numbered, what the permit shall say being written down."""
    case_id = await dept.opened(WINE, enterprise=True)
    if drafted:

        async def draft() -> Any:
            return await dept.ask(case_id, "permit-draft", {"terms": TERMS}, "nv-tm-03")

        answer = await eventually(draft, has_been_read)
        assert answer.status_code == 200, answer.text
    await dept.advanced(case_id, to="B6")
    return case_id


async def numbered(dept: Department, **how: Any) -> tuple[UUID, str]:
    """Give a permit with its number, not published yet."""
    case_id = await to_the_last_step(dept, **how)
    answer = await dept.ask(case_id, "completion", {"step": "B6"}, RECORDS)
    assert answer.status_code == 200, answer.text
    return permit.stream_of(case_id), answer.json()["result_number"]


async def stocked(dept: Department, first: int = 1, last: int = 20) -> None:
    body = {"agency": AGENCY, "first": first, "last": last}
    answer = await dept.running.post("/v1/blanks/AB/parcels", body, dept.token(RECORDS))
    assert answer.status_code == 200, answer.text


async def asked(dept: Department, permit_id: UUID, what: str, body: Any, officer: str = LEADER) -> Any:
    return await dept.running.post(f"/v1/permits/{permit_id}/{what}", body, dept.token(officer))


def on(number: int, **more: Any) -> dict[str, Any]:
    return {"blank": {"series": "AB", "number": number}, **more}


async def out(dept: Department, blank: int = 1) -> tuple[UUID, str]:
    """Give a permit that has gone out."""
    if blank == 1:
        await stocked(dept)
    permit_id, number = await numbered(dept)
    answer = await asked(dept, permit_id, "publication", on(blank), RECORDS)
    assert answer.status_code == 200, answer.text
    return permit_id, number


async def looked_up(dept: Department, number: str, what: str = "verification", **query: Any) -> Any:
    after = f"processing/{await dept.count()}"
    answer = await dept.running.get(f"/v1/permits/{number}/{what}", dept.token() if what == "document" else None, after=after, **query)
    assert answer.status_code == 200, answer.text
    return answer if what == "document" else answer.json()


async def test_a_permit_from_its_draft_to_a_signed_page_that_anybody_can_check_with_no_network(dept: Department) -> None:
    await stocked(dept)
    permit_id, number = await numbered(dept)
    published = await asked(dept, permit_id, "publication", on(1), RECORDS)
    assert published.status_code == 200, published.text
    assert (published.json()["state"], published.json()["blank"], published.json()["number"]) == ("in-force", "AB 000001", number)

    pdf = (await looked_up(dept, number, "document")).content
    (event,) = await dept.running.events(PermitPublished)
    assert hashlib.sha256(pdf).hexdigest() == event.fact.document_hash == published.json()["document_hash"]
    status = await checked(pdf)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE

    # Offline: the token out of the QR code, and the key that everybody has.
    keys = (await dept.running.get("/v1/signing-keys")).json()
    claims = claims_of(event.fact.token, keys)
    assert claims == {
        "iss": AGENCY,
        "jti": number,
        "kind": "Giấy phép bán buôn rượu",
        "ed": 1,
        "on": "2026-03-02",
        "iat": int(event.fact.published_at.timestamp()),
        "until": "2031-03-02",
        "sub": "3700123456",
        "blank": "AB 000001",
    }
    seen = await looked_up(dept, number, qr=event.fact.token)
    assert (seen["state"], seen["signature"]["says"], seen["signature"]["trial"]) == ("in-force", "in-force", True)
    kinds = [type(one.fact) for one in await dept.running.events(stream=permit_id)]
    assert kinds == [PermitDrafted, PermitIssued, PermitPublished]


async def test_a_changed_byte_makes_the_signature_invalid_and_a_changed_claim_the_code(dept: Department) -> None:
    _, number = await out(dept)
    pdf = bytearray((await looked_up(dept, number, "document")).content)
    pdf[len(pdf) // 3] ^= 1
    assert not (await checked(bytes(pdf))).bottom_line
    (event,) = await dept.running.events(PermitPublished)
    head, claims, signature = event.fact.token.split(".")
    longer = json.loads(urlsafe_b64decode(claims + "==")) | {"until": "2099-03-02"}
    forged = f"{head}.{urlsafe_b64encode(json.dumps(longer).encode()).rstrip(b'=').decode()}.{signature}"
    seen = await looked_up(dept, number, qr=forged)
    assert (seen["state"], seen["signature"]["says"], seen["signature"]["claims"]) == ("in-force", "not-ours", None)


async def test_the_facts_of_a_permit_make_the_page_again_that_was_signed(dept: Department) -> None:
    permit_id, _ = await out(dept)
    of = [event.fact for event in await dept.running.events(stream=permit_id)]
    case = [event.fact for event in await dept.running.events(stream=of[0].case_id)]
    stationery = load_stationery(SETTINGS["templates"], SETTINGS["organisation"])
    used, page, published = page_again(of, case, stationery, SETTINGS["public_url"])
    assert hashlib.sha256(typeset(used.source, page, published.published_at)).hexdigest() == published.page_hash


async def test_the_words_of_a_permit_can_be_read_out_of_its_page(dept: Department) -> None:
    _, number = await out(dept)
    pdf = (await looked_up(dept, number, "document")).content
    words = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    said = [TERMS["head_office"], *TERMS["products"], *TERMS["suppliers"], f"Số: {number}", "Số phôi: AB 000001", "1.200"]
    for line in (*said, "Công ty TNHH Thương mại Rượu Thủ Dầu Một", "không có giá trị pháp lý", "đến hết ngày 02 tháng 3 năm 2031"):
        assert line in words


async def test_a_draft_is_shown_to_whoever_is_to_sign_and_says_what_it_is(dept: Department) -> None:
    case_id = await to_the_last_step(dept)
    answer = await dept.running.get(f"/v1/cases/{case_id}/permit-draft", dept.token(LEADER))
    words = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert (answer.status_code, "DỰ THẢO" in words, "Rượu trắng Ẩm Ỷ" in words) == (200, True, True)
    other = await dept.opened(WINE, enterprise=True)
    problem(await dept.running.get(f"/v1/cases/{other}/permit-draft", dept.token()), 404, "not-found")


async def test_a_misprint_takes_the_next_blank_and_both_are_accounted_for(dept: Department) -> None:
    permit_id, _ = await out(dept)
    again = await asked(dept, permit_id, "publication", on(2, spoiled=True), RECORDS)
    assert again.json()["blank"] == "AB 000002"
    stock = (await dept.running.get("/v1/blanks/AB", dept.token(RECORDS), agency=AGENCY)).json()
    assert (stock["received"], stock["issued"], stock["spoiled"], stock["left"], stock["next"]) == (20, 1, 1, 18, 3)
    assert stock["gone"] == [
        {"number": 1, "fate": "spoiled", "permit_id": str(permit_id)},
        {"number": 2, "fate": "issued", "permit_id": str(permit_id)},
    ]
    spoiled, issued = (await dept.running.events(BlankSpoiled)), (await dept.running.events(BlankIssued))
    page = (await dept.running.events(PermitPublished))[-1]
    assert spoiled[0].id.rpartition("/")[0] == issued[-1].id.rpartition("/")[0] == page.id.rpartition("/")[0], "one commit"


async def test_a_refused_page_takes_no_blank_and_a_skipped_blank_stops_the_page(dept: Department) -> None:
    await stocked(dept)
    permit_id, _ = await numbered(dept)
    why = problem(await asked(dept, permit_id, "publication", on(3), RECORDS), 409, "blank-skips")
    assert why["unaccounted"] == [1, 2]
    problem(await asked(dept, permit_id, "publication", {}, RECORDS), 409, "blank-needed")
    problem(await asked(dept, permit_id, "publication", on(1), "nv-tm-03"), 403, "not-your-task")
    assert await dept.running.events(BlankIssued, PermitPublished) == []
    for serial, what, body in ((1, "spoiling", {"reason": "torn"}), (2, "loss", {"record": "3/BB-SCT"})):
        answer = await dept.running.post(f"/v1/blanks/AB/{serial}/{what}", body | {"agency": AGENCY}, dept.token(RECORDS))
        assert answer.status_code == 200, answer.text
    assert (await asked(dept, permit_id, "publication", on(3), RECORDS)).status_code == 200


async def test_two_permits_that_want_one_blank_at_the_same_time_do_not_both_get_it(dept: Department) -> None:
    await stocked(dept)
    permits = [(await numbered(dept))[0] for _ in range(2)]
    answers = await asyncio.gather(*(asked(dept, one, "publication", on(1), RECORDS) for one in permits))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await dept.running.events(BlankIssued)) == len(await dept.running.events(PermitPublished)) == 1


async def test_a_permit_given_again_is_found_under_both_numbers_and_the_book_explains_each(dept: Department) -> None:
    permit_id, first = await out(dept)
    reissued = await asked(dept, permit_id, "reissue", {"reason": "paper-lost"})
    second = reissued.json()["number"]
    assert (first, second) == ("1/GP-SCT", "2/GP-SCT")
    await asked(dept, permit_id, "publication", on(2), RECORDS)
    token = (await dept.running.events(PermitPublished))[0].fact.token
    old, new = await looked_up(dept, first, qr=token), await looked_up(dept, second)
    assert (old["state"], old["replaced_by"], old["signature"]["says"]) == ("replaced", second, "of-another-edition")
    assert (new["state"], new["void"], new["expires_on"]) == ("in-force", [first], "2031-03-02")
    letter = await dept.advanced(await dept.opened(WINE), outcome="refused")
    book = await dept.running.get("/v1/books/2026", dept.token(), agency=AGENCY, after=letter["position"])
    told = [(one["serial"], one["number"], one["state"], one["replaced_by"]) for one in book.json()["entries"]]
    assert told == [(1, first, "replaced", second), (2, second, "in-force", None), (3, "3/TB-SCT", "letter", None)]


async def test_what_is_changed_goes_out_as_another_edition_and_the_code_of_the_old_page_says_so(dept: Department) -> None:
    permit_id, number = await out(dept)
    body = {"kind": "amendment", "terms": TERMS | {"area": "Tỉnh Bình Dương và tỉnh Đồng Nai"}, "legal_basis": "Điều 26"}
    problem(await asked(dept, permit_id, "amendment", body, "nv-tm-03"), 403, "not-your-task")
    assert (await asked(dept, permit_id, "amendment", body)).json()["state"] == "not-published"
    after = f"processing/{await dept.count()}"
    problem(await dept.running.get(f"/v1/permits/{number}/document", dept.token(), after=after), 404, "not-found")
    assert (await asked(dept, permit_id, "publication", on(2), RECORDS)).json()["edition"] == 2
    old = (await dept.running.events(PermitPublished))[0].fact.token
    assert (await looked_up(dept, number, qr=old))["signature"]["says"] == "of-another-edition"
    pdf = (await looked_up(dept, number, "document")).content
    words = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    assert ("Đồng Nai" in words, "Sửa đổi, bổ sung lần thứ 1." in words) == (True, True)


async def test_a_revoked_permit_is_shown_as_revoked_and_is_not_changed_any_more(dept: Department) -> None:
    permit_id, number = await out(dept)
    body = {"reason": "conditions-lost", "legal_basis": "Nghị định 105/2017/NĐ-CP, Điều 33"}
    problem(await asked(dept, permit_id, "revocation", body, RECORDS), 403, "not-your-task")
    assert (await asked(dept, permit_id, "revocation", body)).json()["state"] == "revoked"
    (event,) = await dept.running.events(PermitRevoked)
    assert event.fact.return_by == date(2026, 3, 9)
    assert (await looked_up(dept, number))["state"] == "revoked"
    problem(await asked(dept, permit_id, "reissue", {"reason": "paper-lost"}), 409, "permit-revoked")


async def test_a_permit_is_over_at_the_same_instant_whoever_looks_and_when(dept: Department) -> None:
    _, number = await out(dept)
    admin = dept.token("admin", "admin")
    dept.running.moment = datetime(2031, 3, 2, 16, 59, tzinfo=UTC)
    assert (await looked_up(dept, number))["state"] == "in-force"
    assert (await dept.running.post("/v1/expiries", {}, admin)).json() == {"expired": 0}
    dept.running.later(days=40)
    assert (await looked_up(dept, number))["state"] == "expired", "also before anybody has noted it"
    assert (await dept.running.post("/v1/expiries", {}, admin)).json() == {"expired": 1}
    assert (await dept.running.post("/v1/expiries", {}, admin)).json() == {"expired": 0}
    (event,) = await dept.running.events(PermitExpired)
    assert event.time == event.fact.expired_at == datetime(2031, 3, 2, 17, tzinfo=UTC)


async def test_a_worker_notes_by_itself_what_is_over(rig: Rig, dept: Department) -> None:
    dept.running.moment = datetime(2019, 3, 4, 1, 30, tzinfo=UTC)
    await numbered(dept)
    # Beside it one without the demonstration's clock: there it is today, and five years from 2019 are over.
    async with rig.running(SERVICE, dept.running.database, demo_clock=False, alarms_seconds=0.1):
        (event,) = await eventually(lambda: dept.running.events(PermitExpired))
    assert (event.actor, event.fact.expires_on) == ("system:processing", date(2024, 3, 4))


async def test_a_permit_of_an_individual_names_the_dossier_and_nobody(dept: Department) -> None:
    case_id = await dept.opened(CHEMICALS)
    await dept.advanced(case_id)
    permit_id = permit.stream_of(case_id)
    answer = await asked(dept, permit_id, "publication", {}, RECORDS)
    assert answer.status_code == 200, answer.text
    (event,) = await dept.running.events(PermitPublished)
    assert "sub" not in claims_of(event.fact.token, signer(None, None).jwks())
    words = PdfReader(io.BytesIO((await looked_up(dept, answer.json()["number"], "document")).content)).pages[0].extract_text()
    assert (await dept.see(case_id))["code"] in words


async def test_every_page_is_kept_and_none_can_be_changed_by_the_service(dept: Department) -> None:
    await out(dept)
    async with dept.running.connected() as connection:
        for statement in ("UPDATE paper.page SET body = ''", "DELETE FROM paper.page"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


def test_beside_a_real_issuer_nothing_is_signed_with_a_certificate_of_no_value(tmp_path: Path) -> None:
    real: dict[str, Any] = {
        "database_url": "postgresql://x",
        "issuer": "https://id.example.vn",
        "jwks_file": tmp_path / "keys.json",
        "cursor_secret": "long and secret",
    }
    key, certificate = tmp_path / "key.pem", tmp_path / "key.crt"
    with pytest.raises(ValidationError, match="signing_key_file must be set beside a real issuer"):
        ProcessingSettings(**real)
    with pytest.raises(ValidationError, match="or neither"):
        ProcessingSettings(**real, signing_key_file=key)
    assert ProcessingSettings(**real, signing_key_file=key, signing_certificate_file=certificate).signing_key_file == key


async def test_a_page_that_a_key_of_value_has_signed_bears_no_notice(rig: Rig) -> None:
    key, certificate = certified(rig.folder)
    async with department(rig, signing_key_file=key, signing_certificate_file=certificate) as dept:
        _, number = await out(dept)
        (event,) = await dept.running.events(PermitPublished)
        pdf = (await looked_up(dept, number, "document")).content
        assert (event.fact.trial, (await looked_up(dept, number))["signature"]["trial"]) == (False, False)
        assert "thử nghiệm" not in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
        assert (await checked(pdf, signer(key, certificate))).bottom_line


def certified(folder: Path) -> tuple[Path, Path]:
    """Make a key of RSA, with a certificate for it that does not call itself a trial."""
    key, name = rsa.generate_private_key(65537, 2048), Name([NameAttribute(NameOID.COMMON_NAME, "Sở Công Thương")])
    usage = KeyUsage(True, True, *[False] * 7)  # noqa: FBT003 - digital signature and non-repudiation, of nine
    built = CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    built = built.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    certificate = built.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    files = folder / "key.pem", folder / "key.crt"
    files[0].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[1].write_bytes(certificate.public_bytes(Encoding.PEM))
    return files
