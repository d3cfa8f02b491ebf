"""What the national portal's services are told, member by member, as they name it: what has other members, or lacks one, is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Instant = Annotated[str, Field(pattern=r"^([0-9]{14})?$")]
"""`yyyyMMddHHmmss` in Vietnam, or an empty text: what is not known is told as that, and not left out."""
Said = Annotated[str, Field(min_length=1)]
Flag = Literal["0", "1"]
Status = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]


class Fields(BaseModel):
    """Members as the portal's services name them, all of them texts."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Identity(Fields):
    """A paper that says who somebody is."""

    LoaiDinhDanh: Literal["1", "2"]
    SoDinhDanh: Said


class Paper(Fields):
    """One document of a dossier."""

    TepDinhKemId: str
    TenTepDinhKem: Said
    IsDeleted: Literal["True", "False"]
    MaThanhPhanHoSo: Said
    DuongDanTaiTepTin: str
    DuocSoHoa: Flag
    DuocTaiSuDung: Flag
    DuocLayTuKhoDMQG: Flag
    MaKetQuaThayThe: str


class FeeLine(Fields):
    """One fee."""

    TenPhiLePhi: Said
    MaPhiLePhi: str
    HinhThucThu: Said
    Gia: Annotated[str, Field(pattern=r"^[0-9]+$")]
    LoaiPhiLePhi: Said


class OtherPaper(Fields):
    """A paper that is none of the procedure's documents."""

    TenGiayTo: Said
    SoLuong: Said
    LoaiGiayTo: str


class AskedFor(Fields):
    """A document that is to be supplemented."""

    MaThanhPhanHoSo: Said
    TenGiayTo: Said


class Supplement(Fields):
    """One round of supplement, with the appointment before and after it."""

    HoSoBoSungId: Said
    NguoiYeuCauBoSung: Said
    NoiDungBoSung: Said
    NgayBoSung: Instant
    NguoiTiepNhanBoSung: str
    ThongTinTiepNhan: str
    NgayTiepNhanBoSung: Instant
    TrangThaiBoSung: Flag
    DanhSachGiayToBoSung: list[AskedFor]
    DanhSachLePhiBoSung: list[FeeLine]
    NgayHenTraTruoc: Instant
    NgayHenTraMoi: Instant


class Result(Fields):
    """A result, or the paper that refuses one."""

    TenGiayTo: Said
    MaThanhPhanHoSo: str
    GiayToId: str
    DuongDanTepTinKetQua: str
    MaGiayToKetQua: str


class Source(Fields):
    """A national database that was asked."""

    MaCSDL: Said


class Dossier(Fields):
    """DongBoHoSoMC: a dossier as it is now."""

    MaHoSo: Said
    MaTTHC: Said
    TenTTHC: Said
    MaLinhVuc: Said
    TenLinhVuc: Said
    KenhThucHien: Literal["1", "2", "3"]
    SoBienNhan: str
    SoGiayToChuHoSo: str
    ChuHoSo: str
    LoaiDoiTuong: Literal["1", "2"]
    MaDoiTuong: str
    ThongTinKhac: str
    Email: str
    Fax: str
    SoDienThoai: str
    TrichYeuHoSo: Said
    NgayNopHoSo: Annotated[str, Field(pattern=r"^[0-9]{14}$")]
    NgayTiepNhan: Instant
    NgayHenTra: Instant
    TrangThaiHoSo: Status
    NgayTra: Instant
    ThongTinTra: str
    HinhThuc: Flag
    NgayKetThucXuLy: Instant
    DonViXuLy: Said
    GhiChu: str
    NoiNopHoSo: Said
    HoSoCoThanhPhanSoHoa: Flag
    TaiKhoanDuocXacThucVoiVNeID: Flag
    DuocThanhToanTrucTuyen: Literal["1", "2", "3"]
    NgayTuChoi: Instant
    DinhDanhCHS: list[Identity]
    TaiLieuNop: list[Paper]
    DanhSachLePhi: list[FeeLine]
    DanhSachTepDinhKemKhac: list[OtherPaper]
    DanhSachHoSoBoSung: list[Supplement]
    DanhSachGiayToKetQua: list[Result]
    DSKetNoiCSDL: list[Source]

    @model_validator(mode="after")
    def _resolved_with_a_result(self) -> Self:
        if self.TrangThaiHoSo in {"9", "10"} and self.NgayKetThucXuLy == "":
            raise ValueError("resolved, and nobody says when")
        if self.TrangThaiHoSo == "9" and not self.DanhSachGiayToKetQua:
            raise ValueError("resolved, and there is no result")
        return self


class Line(Fields):
    """CapNhatTienDoHoSoMC: one line of progress."""

    MaHoSo: Said
    NguoiXuLy: str
    ChucDanh: str
    ThoiDiemXuLy: Annotated[str, Field(pattern=r"^[0-9]{14}$")]
    PhongBanXuLy: str
    NoiDungXuLy: Said
    TrangThai: Status
    NgayBatDau: Instant
    NgayKetThucTheoQuyDinh: Instant


def fault_in(kind: type[Fields], data: list[dict[str, Any]]) -> str | None:
    """Say what is wrong with what was told, and in which member; None if nothing is."""
    try:
        for one in data:
            kind.model_validate(one)
    except ValidationError as error:
        (first, *_) = error.errors()
        return f"Dữ liệu không hợp lệ: {'.'.join(map(str, first['loc']))} ({first['msg']})"
    return None
