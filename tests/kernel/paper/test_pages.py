"""Pages: the same data give the same bytes, the words can be read out again, and what is not PDF/A is not made."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest
import typst
from pydantic import BaseModel
from pypdf import PdfReader

from kernel.paper.administrative import dated
from kernel.paper.pictures import Pictured, draw, stale
from kernel.paper.press import Press
from kernel.paper.qr import qr_svg
from kernel.paper.typeset import fonts, typeset
from tests.kernel.paper.conformance import AS_IT_SHOULD_BE, conforms

AT: Final = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
LETTERS: Final = "ẮẰẲẴẶắằẳẵặ ẤẦẨẪẬấầẩẫậ ẾỀỂỄỆếềểễệ ỐỒỔỖỘốồổỗộ ỚỜỞỠỢớờởỡợ ỨỪỬỮỰứừửữự ÝỲỶỸỴýỳỷỹỵ Đđ ĨĩŨũ"
TEMPLATE: Final = """#set document(title: "Thử", date: auto)
#set text(font: "Liberation Serif", lang: "vi", region: "VN", fallback: false)
#let data = json(bytes(sys.inputs.data))
= Thử
#data.words
#image(bytes(data.qr), format: "svg", width: 30mm, alt: "Mã QR")
""".encode()


class Data(BaseModel):
    words: str
    qr: str = qr_svg("https://motcua.invalid/" + "a" * 300)


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def test_the_same_data_and_instant_give_the_same_bytes_and_another_instant_does_not() -> None:
    one, again = (typeset(TEMPLATE, Data(words="Một"), AT) for _ in range(2))
    assert one == again
    assert typeset(TEMPLATE, Data(words="Một"), AT.replace(minute=31)) != one


def test_every_vietnamese_letter_can_be_read_out_of_the_page_again() -> None:
    assert LETTERS in " ".join(read(typeset(TEMPLATE, Data(words=LETTERS), AT)).pages[0].extract_text().split())


def test_a_letter_that_the_fonts_lack_stops_the_page_instead_of_leaving_a_box() -> None:
    with pytest.raises(typst.TypstError, match="PDF/A-2a"):
        typeset(TEMPLATE, Data(words="mười 十"), AT)


def test_a_page_has_what_pdf_a_asks_for() -> None:
    assert conforms(typeset(TEMPLATE, Data(words="Một"), AT)) == AS_IT_SHOULD_BE


def test_a_page_that_cannot_be_pdf_a_is_not_made() -> None:
    with pytest.raises(typst.TypstError, match="PDF/A-2a"):
        typeset(b"#set document(date: none)\n= No date in its metadata", Data(words=""), AT)


def test_only_the_fonts_beside_the_module_are_used() -> None:
    assert fonts().families() == ["Liberation Serif"]


def test_a_template_reads_nothing_outside_the_program(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(typst.TypstError):
        typeset(f'#set document(date: auto)\n#read("{"../" * 12}{tmp_path.relative_to("/")}/secret.txt")'.encode(), Data(words=""), AT)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2018, 2, 5), "ngày 05 tháng 02 năm 2018"),
        (date(2018, 9, 27), "ngày 27 tháng 9 năm 2018"),
        (date(2018, 12, 1), "ngày 01 tháng 12 năm 2018"),
    ],
)
def test_a_day_is_written_as_documents_write_it(day: date, written: str) -> None:
    assert dated(day) == written


async def test_the_event_loop_goes_on_while_pages_are_made() -> None:
    press, turns = Press(), 0
    pages = [asyncio.create_task(press.typeset(TEMPLATE, Data(words=str(n)), AT)) for n in range(6)]
    while not all(page.done() for page in pages):
        await asyncio.sleep(0)
        turns += 1
    assert all(page.result().startswith(b"%PDF") for page in pages)
    assert turns > len(pages), "the loop stood still for a page at a time"


def test_a_picture_is_stale_once_its_data_its_template_or_what_it_imports_has_changed(tmp_path: Path) -> None:
    imported = tmp_path / "imported.typ"
    imported.write_text("// one")
    folder, page = tmp_path / "pictures", Pictured("page", TEMPLATE, (imported,), Data(words="Một"))
    assert stale(folder, [page]) == ["page"]
    draw(folder, [page])
    assert stale(folder, [page]) == []
    assert stale(folder, [Pictured("page", TEMPLATE, (imported,), Data(words="Hai"))]) == ["page"]
    assert stale(folder, [Pictured("page", TEMPLATE + b"\n", (imported,), Data(words="Một"))]) == ["page"]
    assert stale(folder, []) == ["page"]
    imported.write_text("// two")
    assert stale(folder, [page]) == ["page"]
