"""Beside step 5: a record in the shape that the national portal's services take (DongBoHoSoMC, CapNhatTienDoHoSoMC, DongBoDanhGia).

Instants are texts `yyyyMMddHHmmss` in Vietnam; what is not known is an empty text, never left out: the portal tells an empty field from
a missing one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from contracts.feedback import RatingRecorded
from contracts.feedback_surveys import AnswerRecorded, Criterion
from kernel.legalclock import midnight
from services.intake.domain.national import Progress, Record, Round
from services.intake.timeline import LACKS

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
CHANNELS: Final = {"desk": "1", "online": "2", "post": "3"}
KINDS: Final = {"individual": "1", "enterprise": "2"}
NOT_PAID_ONLINE: Final = "3"
CITIZEN_CARD_DIGITS: Final = 12
CITIZEN_CARD, OLD_CARD = "1", "2"
SUPPLEMENTED, NOT_YET = "1", "0"

Shape = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """What a version of a procedure calls itself and its parts."""

    name: str
    field_name: str
    agency_name: str
    result: str
    components: Mapping[str, str]


def instant(at: datetime | None) -> str:
    """Write an instant as the portal does."""
    return at.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S") if at else ""


def dossier(record: Record, number: str, named: Named, personal: Mapping[str, Any]) -> Shape:
    """Give DongBoHoSoMC; `personal` is what the vault holds, empty once it is erased."""
    submitted = record.submitted
    identity = str(personal.get("identity_number") or personal.get("tax_code") or "")
    said_at = record.due_said_at or record.due_at
    apology = f"Xin lỗi và hẹn lại ngày trả kết quả từ {instant(record.due_at)} sang {instant(said_at)}." if record.due_said_at else ""
    return {
        "MaHoSo": number,
        "MaTTHC": submitted.procedure,
        "TenTTHC": named.name,
        "MaLinhVuc": submitted.field,
        "TenLinhVuc": named.field_name,
        "KenhThucHien": CHANNELS[submitted.channel],
        "SoBienNhan": record.code or "",
        "SoGiayToChuHoSo": identity,
        "ChuHoSo": str(personal.get("name", "")),
        "LoaiDoiTuong": KINDS[submitted.applicant_kind],
        "MaDoiTuong": submitted.enterprise.tax_code if submitted.enterprise else "",
        "ThongTinKhac": str(personal.get("address", "")),
        "Email": str(personal.get("email") or ""),
        "Fax": "",
        "SoDienThoai": str(personal.get("phone") or ""),
        "TrichYeuHoSo": named.name,
        "NgayNopHoSo": instant(submitted.arrived_at),
        "NgayTiepNhan": instant(record.accepted_at),
        "NgayHenTra": instant(said_at),
        "TrangThaiHoSo": str(record.status),
        "NgayTra": instant(record.returned_at),
        "ThongTinTra": "Trả tại bộ phận một cửa" if record.returned_at else "",
        "HinhThuc": "1" if submitted.channel == "online" else "0",
        "NgayKetThucXuLy": instant(record.ended_at),
        "DonViXuLy": named.agency_name,
        "GhiChu": apology,
        "NoiNopHoSo": submitted.agency,
        "HoSoCoThanhPhanSoHoa": "0",
        "TaiKhoanDuocXacThucVoiVNeID": "0",
        "DuocThanhToanTrucTuyen": NOT_PAID_ONLINE,
        "NgayTuChoi": instant(record.ended_at) if record.refusal else "",
        "DinhDanhCHS": _identities(identity),
        "TaiLieuNop": [_paper(code, named) for code in _brought(record)],
        "DanhSachLePhi": _fees(record),
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [_round(n, one, number, named) for n, one in enumerate(record.rounds, 1)],
        "DanhSachGiayToKetQua": _results(record, named),
        "DSKetNoiCSDL": [],
    }


def _identities(identity: str) -> list[Shape]:
    if not identity.isdecimal():
        return []
    return [{"LoaiDinhDanh": CITIZEN_CARD if len(identity) == CITIZEN_CARD_DIGITS else OLD_CARD, "SoDinhDanh": identity}]


def _brought(record: Record) -> list[str]:
    return sorted(set(record.submitted.components).union(*(one.brought for one in record.rounds)))


def _paper(code: str, named: Named) -> Shape:
    return {
        "TepDinhKemId": "",
        "TenTepDinhKem": named.components.get(code, code),
        "IsDeleted": "False",
        "MaThanhPhanHoSo": code,
        "DuongDanTaiTepTin": "",
        "DuocSoHoa": "0",
        "DuocTaiSuDung": "0",
        "DuocLayTuKhoDMQG": "0",
        "MaKetQuaThayThe": "",
    }


def _fees(record: Record) -> list[Shape]:
    if not record.fee_vnd:
        return []
    return [{"TenPhiLePhi": "Phí, lệ phí", "MaPhiLePhi": "", "HinhThucThu": "1", "Gia": str(record.fee_vnd), "LoaiPhiLePhi": "1"}]


def _round(n: int, one: Round, number: str, named: Named) -> Shape:
    """Give one round of supplement with the appointment before and after it."""
    asked = [(missing.component, named.components.get(missing.component, missing.component), missing) for missing in one.missing]
    return {
        "HoSoBoSungId": f"{number}-BS{n}",
        "NguoiYeuCauBoSung": one.requested_by,
        "NoiDungBoSung": "; ".join(f"{name} {LACKS[missing.reason].vi}" for _, name, missing in asked),
        "NgayBoSung": instant(one.requested_at),
        "NguoiTiepNhanBoSung": "Bộ phận một cửa" if one.received_at else "",
        "ThongTinTiepNhan": "Đã nhận phần bổ sung" if one.received_at else "",
        "NgayTiepNhanBoSung": instant(one.received_at),
        "TrangThaiBoSung": SUPPLEMENTED if one.received_at else NOT_YET,
        "DanhSachGiayToBoSung": [{"MaThanhPhanHoSo": code, "TenGiayTo": name} for code, name, _ in asked],
        "DanhSachLePhiBoSung": [],
        "NgayHenTraTruoc": instant(one.due_before_at),
        "NgayHenTraMoi": instant(one.due_at),
    }


def _results(record: Record, named: Named) -> list[Shape]:
    if record.outcome is None:
        return []
    return [
        {
            "TenGiayTo": named.result if record.outcome == "granted" else "Văn bản từ chối giải quyết",
            "MaThanhPhanHoSo": "",
            "GiayToId": record.result_number or "",
            "DuongDanTepTinKetQua": "",
            "MaGiayToKetQua": record.result_number or "",
        }
    ]


def progress(line: Progress, number: str) -> Shape:
    """Give CapNhatTienDoHoSoMC: one line of what was done."""
    return {
        "MaHoSo": number,
        "NguoiXuLy": line.officer or "",
        "ChucDanh": line.role or "",
        "ThoiDiemXuLy": instant(line.at),
        "PhongBanXuLy": line.unit or "",
        "NoiDungXuLy": line.text,
        "TrangThai": str(line.status),
        "NgayBatDau": instant(line.since_at),
        "NgayKetThucTheoQuyDinh": instant(line.due_at),
    }


def rating(fact: RatingRecorded | AnswerRecorded) -> Shape:
    """Give DongBoDanhGia. An answer names no dossier, so neither does this; what it leaves unsaid of itself (ADR 20) is an empty text.

    The officer and the steps that an answer may name are our own business, and are not told.
    """
    answered = isinstance(fact, AnswerRecorded)
    points = {"TieuChi" + key: str(fact.points.get(name, "")) for name, key in CRITERIA.items()}
    return {
        "MaDanhGia": str(fact.answer_id if answered else fact.rating_id),
        "MaDonVi": fact.agency,
        "MaTTHC": fact.procedure or "",
        "MaLinhVuc": fact.field or "",
        "MucDoHaiLong": str(fact.satisfaction or ""),
        "NgayDanhGia": instant(midnight(fact.recorded_on) if answered else fact.recorded_at),
        **points,
    }


CRITERIA: Final[dict[Criterion, str]] = {
    "time": "ThoiGian",
    "agencies-contacted": "SoCoQuan",
    "contacts-to-complete": "SoLanLienHe",
    "attitude": "ThaiDo",
}


def digest(record: Shape, lines: Sequence[Shape]) -> str:
    """Hash what is held of one dossier: SHA-256 of canonical JSON (members by name, no white space)."""
    return hashlib.sha256(orjson.dumps([record, list(lines)], option=orjson.OPT_SORT_KEYS)).hexdigest()


def digest_of_day(digests: Mapping[str, str]) -> str:
    """Hash a day: its dossiers' numbers and hashes, in order of number."""
    return hashlib.sha256("".join(f"{number}:{digests[number]}\n" for number in sorted(digests)).encode()).hexdigest()


def named_of(content: Mapping[str, Any]) -> Named:
    """Read the names out of a version of a procedure."""
    return Named(
        content["name"],
        content["field_name"],
        content["agency_name"],
        content["result"] or "Kết quả giải quyết",
        {component["code"]: component["name"] for component in content["components"]},
    )


def day_code(day: date) -> str:
    """Write a day as the portal does."""
    return f"{day:%Y%m%d}"
