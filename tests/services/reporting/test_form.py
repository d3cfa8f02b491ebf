"""Form II.06a as a file: what stands in it, that nothing in it is carried out, and that the same facts give the same bytes."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from contracts.fact import Fact
from services.reporting.domain.figures import FORM, Dossier, count, dossiers_of, lines
from services.reporting.domain.period import Period
from services.reporting.domain.switches import SWITCHES
from services.reporting.form import HEADINGS, LINES_MAX, TEMPLATE, Form, as_csv, form_of
from services.reporting.http_form import KINDS
from services.reporting.query_books import Cut
from services.reporting.sheet import MARK
from services.reporting.workbook import as_xlsx
from tests.services.reporting.facts import Paper, day, procedure
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.tables import Tables
from tests.services.rig import problem

XLSX: Final = next(type_ for type_, kind in KINDS.items() if kind == "xlsx")
PDF: Final = "application/pdf"
PERIOD: Final = Period(day(0), day(29))
NAMESPACE: Final = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
EVIL: Final = ('=HYPERLINK("http://evil.example","click")', "+1+1", "-2", "@SUM(A1)", "http://evil.example", "\t=1", "12")


def form(names: dict[str, str], *fields: str) -> Form:
    """Make a form of one dossier a field."""
    found = [{"field": field, **dict.fromkeys(FORM, n)} for n, field in enumerate(fields, 1)]
    return form_of(found, ["field"], PERIOD, names, "Sở Công Thương", {"positions": {"intake": 7}, "definition_hash": "d" * 64})


def part(workbook: bytes, name: str) -> ET.Element:
    """Read a part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as zipped:
        return ET.fromstring(zipped.read(name))  # noqa: S314 - we wrote it


def cells(workbook: bytes) -> list[list[str | float]]:
    """Read the sheet back as another program would: rows of texts and numbers."""
    shared = ["".join(one.itertext()) for one in part(workbook, "xl/sharedStrings.xml")]
    rows = part(workbook, "xl/worksheets/sheet1.xml").findall(".//x:row", NAMESPACE)
    return [
        [shared[int(cell[-1].text or 0)] if cell.get("t") == "s" else float(cell[-1].text or 0) for cell in row if len(cell)]
        for row in rows
    ]


def test_the_columns_are_the_forms_in_its_order() -> None:
    assert list(HEADINGS) == list(FORM)
    assert [column.number for column in form({}, "a").columns] == list(range(3, 14))


def test_a_workbook_read_back_holds_the_counts_as_numbers_and_the_total() -> None:
    rows = cells(as_xlsx(form({"dien": "Điện"}, "dien", "khac")))
    assert ["Điện", *[1.0] * len(FORM)] in rows
    assert ["khac", *[2.0] * len(FORM)] in rows
    assert ["Tổng cộng", *[3.0] * len(FORM)] in rows


@pytest.mark.parametrize("evil", EVIL)
def test_no_text_in_a_workbook_is_a_formula_or_a_link(evil: str) -> None:
    made = as_xlsx(form({"a": evil}, "a"))
    assert [evil, *[1.0] * len(FORM)] in cells(made)
    sheet = part(made, "xl/worksheets/sheet1.xml")
    assert sheet.findall(".//x:f", NAMESPACE) == []
    assert sheet.findall(".//x:hyperlink", NAMESPACE) == []


def test_no_text_in_a_csv_is_a_formula() -> None:
    text = as_csv(form({"a": EVIL[0]}, "a")).decode()
    assert text.startswith(MARK)
    assert f"\n\"'{EVIL[0][:10]}" in text


def test_a_workbook_asks_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    first = as_xlsx(form({}, "a"))
    then = time.gmtime(2_000_000_000)

    def another_day(_: float | None = None) -> time.struct_time:
        return then

    monkeypatch.setattr(time, "localtime", another_day)
    assert as_xlsx(form({}, "a")) == first
    core = ET.tostring(part(first, "docProps/core.xml"), encoding="unicode")
    assert form({}, "a").made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") in core
    assert str(datetime.now(UTC).date()) not in core


P: Final = Paper("p")
OPEN: Final[dict[str, tuple[tuple[Fact, ...], str]]] = {
    "no-limit": ((P.submitted(0), P.accepted(0, due=None), P.ready(25)), "resolved_on_time"),
    "awaiting-supplement": ((P.submitted(0), P.accepted(0, due=7), P.supplement_requested(7)), "in_progress_in_time"),
    "missed-then-restarted": (
        (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(8), P.rescheduled(10, due=24), P.ready(12)),
        "resolved_late",
    ),
    "withdrawn": ((P.submitted(0), P.accepted(0, due=7), P.withdrawn(3)), "resolved_on_time"),
    "refused-at-desk": ((P.submitted(0), P.refused(1)), ""),
}


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_each_switch_stands_below_the_form_and_the_figures_follow_it(switch: Any) -> None:
    facts, column = OPEN[switch.name]
    counted = {name for name, n in count(dossiers_of(facts).values(), PERIOD, FORM).items() if n}
    assert counted & {column, "resolved_early"} == ({column} if column else set())
    assert any(switch.vi in row for row in cells(as_xlsx(form({}, "a"))))


def key_of(cut: Cut, dossier: Dossier, papers: dict[str, Any]) -> Any:
    """Give what a dossier is told apart by, as the definition has it."""
    return {"field": dossier.field, "agency": dossier.agency, "month": f"{dossier.accepted_on:%Y-%m}"}.get(cut) or papers[cut]


async def test_every_cut_counts_what_the_definition_counts_of_its_dossiers(mirror: Tables) -> None:
    papers = [Paper(f"p{n}", field=("hoa-chat", "dien")[n % 2], channel=("online", "desk", "post")[n % 3]) for n in range(7)]
    facts = [fact for n, paper in enumerate(papers) for fact in (paper.submitted(n), paper.accepted(n, due=n + 7), paper.ready(n + 2 * n))]
    await mirror.tell(*facts)
    known = dossiers_of(facts)
    cuts: tuple[Cut, ...] = ("month", "agency", "field", "procedure", "channel")
    async with mirror.reading() as reading:
        for cut in cuts:
            found = {line[cut]: {name: line[name] for name in FORM} for line in await reading.figures(PERIOD, None, [cut])}
            groups: dict[Any, list[Dossier]] = {}
            for paper in papers:
                about = {"procedure": paper.submitted(0).procedure, "channel": paper.channel}
                groups.setdefault(key_of(cut, known[paper.id], about), []).append(known[paper.id])
            assert found == {key: count(own, PERIOD, FORM) for key, own in groups.items()}, cut
        assert len(await reading.figures(PERIOD, None, cuts)) >= len(lines(known.values(), PERIOD))


# Over HTTP.


async def file_of(mirrored: Mirrored, path: str, type_: str, **query: Any) -> Any:
    """Ask for a file."""
    token = mirrored.service.token("leader", agencies=("*",))
    return await mirrored.service.client.get(path, params=query, headers={"Authorization": f"Bearer {token}", "Accept": type_})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("type_", KINDS)
async def test_the_same_positions_give_the_same_bytes(told: Mirrored, type_: str) -> None:
    first, again = [await file_of(told, "/v1/form", type_, **MARCH) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert first.headers["content-type"].startswith(type_)
    assert first.content == again.content
    assert first.headers["motcua-positions"] == again.headers["motcua-positions"]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_form_says_by_field_what_the_figures_say_and_names_its_positions_definition_and_switches(told: Mirrored) -> None:
    figures = await told.answer("/v1/figures", cut="field", **MARCH)
    made = await told.answer("/v1/form", **MARCH)
    assert [line["counts"] for line in made["lines"]] == [[item[name] for name in FORM] for item in figures["items"]]
    assert [line["names"] for line in made["lines"]] == [["Điện"], ["Hóa chất"]]
    assert made["total"] == [sum(item[name] for item in figures["items"]) for name in FORM]
    assert (made["positions"], made["definition_hash"]) == (figures["positions"], figures["definition_hash"])
    assert made["switches"] == [switch.vi for switch in SWITCHES]
    workbook = (await file_of(told, "/v1/form", XLSX, **MARCH)).content
    said = "\n".join(str(cell) for row in cells(workbook) for cell in row)
    assert made["definition_hash"] in said
    assert f"intake/{made['positions']['intake']}" in said


@pytest.mark.asyncio(loop_scope="module")
async def test_figures_are_cut_as_they_are_asked_for(told: Mirrored) -> None:
    found = await told.answer("/v1/figures", cut=["channel", "procedure"], **MARCH)
    assert sorted((item["channel"], item["procedure"]) for item in found["items"]) == [
        ("desk", "2.000001"),
        ("desk", "2.000648"),
        ("online", "2.000648"),
        ("post", "2.000648"),
    ]
    assert {item["unit"] for item in (await told.answer("/v1/figures", cut="unit", **MARCH))["items"]} == {None}
    problem(await told.get("/v1/figures", "leader", cut="officer"), 422, "invalid-input")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_file_of_a_published_report_stays_what_it_was_whatever_is_learned_afterwards(told: Mirrored) -> None:
    at = (await told.publish(MARCH)).headers["location"] + "/form"
    before = {type_: (await file_of(told, at, type_)).content for type_ in KINDS}
    assert before[PDF].startswith(b"%PDF-")
    assert "Hóa chất" in before["application/json"].decode()
    late = Paper("late-arrival")
    await told.tell(late.submitted(3), late.accepted(3, due=10), procedure("hoa-chat", "Hóa chất và vật liệu nổ"))
    await told.level()
    assert "vật liệu nổ" in str(await told.answer("/v1/form", **MARCH))
    assert {type_: (await file_of(told, at, type_)).content for type_ in KINDS} == before
    problem(await told.get(at, "leader", agencies=("H10",)), 403, "other-agency")
    problem(await told.get("/v1/reports/11111111-1111-4111-8111-111111111111/form", "leader"), 404, "not-found")


def test_the_template_fetches_nothing_and_asks_no_clock() -> None:
    text = TEMPLATE.decode()
    assert "datetime.today" not in text
    assert "@preview" not in text
    assert LINES_MAX < 10_000
