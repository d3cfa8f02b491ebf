"""The registers: the dossiers behind each figure, as they stood, by the page and as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given, settings

from contracts.fact import Fact
from kernel.edge.pages import Page
from services.reporting import sheet
from services.reporting.domain.figures import FORM, count, dossiers_of
from services.reporting.domain.period import Period
from services.reporting.query_books import Book, Wanted
from tests.services.reporting.facts import Paper, day, moment
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import ANY_HISTORY, histories, periods

P = Paper("p")
EVERYTHING: Final = Page(None, 1000)
COUNTS: Final[dict[str, tuple[Book, bool | None]]] = {
    "carried_over": ("carried-over", None),
    "resolved": ("resolved", None),
    "resolved_late": ("resolved", True),
    "in_progress": ("in-progress", None),
    "in_progress_in_time": ("in-progress", False),
    "in_progress_late": ("in-progress", True),
}
"""Which dossiers stand behind a figure."""


async def rows(mirror: Tables, period: Period, wanted: Wanted, page: Page = EVERYTHING) -> list[dict[str, Any]]:
    """Read a book from the tables."""
    async with mirror.reading() as reading:
        return await reading.register(wanted, period, None, page)


@settings(ANY_HISTORY, max_examples=40)
@given(facts=histories(), period=periods)
async def test_behind_every_figure_stand_as_many_dossiers_as_it_says(mirror: Tables, facts: list[Fact], period: Period) -> None:
    await mirror.clear()
    await mirror.tell(*facts)
    figures = count(dossiers_of(facts).values(), period, FORM)
    found = {name: len(await rows(mirror, period, Wanted(book=book, late=late))) for name, (book, late) in COUNTS.items()}
    assert found == {name: figures[name] for name in COUNTS}
    receipts = await rows(mirror, period, Wanted(book="receipt"))
    assert len(receipts) == figures["received_online"] + figures["received_direct"]
    returned = sum(dossier.returned_on in period for dossier in dossiers_of(facts).values())
    assert len(await rows(mirror, period, Wanted(book="return"))) == returned


LIFE: Final = (P.submitted(0), P.accepted(0, due=7), P.supplement_requested(3), P.rescheduled(5, due=12), P.ready(9), P.returned(11))
STOOD: Final = [
    (2, "in-progress", 7, None, None),
    (3, "awaiting-supplement", 7, None, None),
    (5, "in-progress", 12, None, None),
    (9, "result-ready", 12, 9, None),
    (11, "returned", 12, 9, 11),
]


@pytest.mark.parametrize(("until", "state", "due", "ready", "returned"), STOOD)
async def test_a_line_shows_the_dossier_as_it_stood_and_nothing_that_came_later(
    mirror: Tables, until: int, state: str, due: int, ready: int | None, returned: int | None
) -> None:
    await mirror.tell(*LIFE)
    (line,) = await rows(mirror, Period(day(0), day(until)), Wanted())
    days = [None if number is None else day(number) for number in (due, ready, returned)]
    assert (line["state"], [line["due_on"], line["ready_on"], line["returned_on"]]) == (state, days)
    assert line["outcome"] == (None if ready is None else "granted")
    assert line["late"] is False


async def test_what_is_handed_over_in_a_period_is_in_its_book_of_returns_though_it_was_over_before(mirror: Tables) -> None:
    await mirror.tell(P.submitted(0), P.accepted(0, due=7), P.ready(4), P.returned(60))
    later = Period(day(31), day(62))
    assert [line["code"] for line in await rows(mirror, later, Wanted(book="return"))] == [P.accepted(0, due=7).code]
    assert await rows(mirror, later, Wanted(book="receipt")) == []
    assert await rows(mirror, Period(day(0), day(30)), Wanted(book="return")) == []


async def test_a_withdrawn_dossier_says_so(mirror: Tables) -> None:
    await mirror.tell(P.submitted(0), P.accepted(0, due=7), P.withdrawn(8))
    (line,) = await rows(mirror, Period(day(0), day(29)), Wanted(state="withdrawn"))
    assert (line["withdrawn_on"], line["late"], line["ready_on"]) == (day(8), True, None)


# Over HTTP.


async def whole_book(told: Mirrored, **query: Any) -> list[dict[str, Any]]:
    """Read a book by small pages, following `next`."""
    found, cursor = list[dict[str, Any]](), None
    while True:
        page = await told.answer("/v1/register", limit=2, **query, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        assert len(page["items"]) <= 2
        if (cursor := page["next"]) is None:
            return found


@pytest.mark.asyncio(loop_scope="module")
async def test_small_pages_show_every_line_once_in_order(told: Mirrored) -> None:
    found = await whole_book(told, **MARCH)
    places = [(line["accepted_on"], line["code"]) for line in found]
    assert len(found) == 7
    assert places == sorted(set(places))


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cursor_belongs_to_the_book_and_the_filters_that_it_was_given_for(told: Mirrored) -> None:
    cursor = (await told.answer("/v1/register", limit=2, **MARCH))["next"]
    others: list[dict[str, Any]] = [{"book": "resolved"}, {"field": "dien"}, {"late": "true"}]
    for other in others:
        answer = await told.get("/v1/register", "leader", limit=2, cursor=cursor, **MARCH, **other)
        assert answer.status_code == 422, other


FILTERS: Final[list[tuple[Mapping[str, Any], int]]] = [
    ({}, 7),
    ({"state": "returned"}, 4),
    ({"state": "withdrawn"}, 1),
    ({"state": "awaiting-supplement"}, 1),
    ({"field": "dien"}, 1),
    ({"field": "hoa-chat", "late": "true"}, 2),
    ({"late": "false"}, 5),
    ({"agency": "H10"}, 1),
    ({"book": "return"}, 4),
    ({"book": "in-progress"}, 2),
    ({"book": "resolved", "late": "true"}, 1),
    ({"to": day(1).isoformat()}, 4),
    ({"from": day(2).isoformat()}, 3),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("query", "lines"), FILTERS, ids=str)
async def test_filters_show_what_they_say(told: Mirrored, query: Mapping[str, Any], lines: int) -> None:
    assert len((await told.answer("/v1/register", **{**MARCH, **query}))["items"]) == lines


@pytest.mark.asyncio(loop_scope="module")
async def test_a_caller_sees_the_dossiers_of_his_own_agencies(told: Mirrored) -> None:
    found = await told.answer("/v1/register", "officer", agencies=("H10",), **MARCH)
    assert [line["agency"] for line in found["items"]] == ["H10"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_line_has_the_columns_of_the_form_and_its_dossiers_id_and_no_others(told: Mirrored) -> None:
    first = (await told.answer("/v1/register", state="returned", late="true", **MARCH))["items"][0]
    late = Paper("late")
    assert first == {
        "dossier_id": str(late.id),
        "code": late.accepted(1, due=8).code,
        "procedure": "2.000648",
        "procedure_name": "Cấp giấy phép hóa chất",
        "field": "hoa-chat",
        "field_name": "Hóa chất",
        "agency": "H09.13",
        "agency_name": "Sở Công Thương",
        "channel": "desk",
        "accepted_on": day(1).isoformat(),
        "due_on": day(8).isoformat(),
        "ready_on": day(9).isoformat(),
        "returned_on": day(10).isoformat(),
        "withdrawn_on": None,
        "outcome": "granted",
        "state": "returned",
        "late": True,
    }


# As a file.


async def as_file(told: Mirrored, accept: str = "text/csv", **query: str) -> Any:
    """Ask for a file."""
    headers = {"Accept": accept, "Authorization": f"Bearer {told.service.token('leader', agencies=('*',))}"}
    return await told.service.client.get("/v1/register", params={**MARCH, **query}, headers=headers)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_opens_in_a_spreadsheet_with_its_letters_and_headings(told: Mirrored) -> None:
    answer = await as_file(told)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["vary"] == "Accept"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    heading, *lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert heading == list(sheet.COLUMNS.values())
    shown = (await told.answer("/v1/register", **MARCH))["items"]
    assert [line[0] for line in lines] == [line["code"] for line in shown]
    late = next(line for line in lines if line[0] == Paper("late").accepted(1, due=8).code)
    assert late[4:] == [
        "Hóa chất",
        "H09.13",
        "Sở Công Thương",
        "Trực tiếp",
        *(day(n).isoformat() for n in (1, 8, 9, 10)),
        "",
        "Đồng ý",
        "Đã trả kết quả",
        "Có",
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_says_in_its_headers_what_it_is_good_for(told: Mirrored) -> None:
    answer, shown = await as_file(told), await told.answer("/v1/register", **MARCH)
    assert answer.headers["motcua-definition"] == shown["definition_hash"]
    assert answer.headers["motcua-positions"] == ", ".join(f"{name}/{pos}" for name, pos in sorted(shown["positions"].items()))
    assert re.fullmatch(r"(\w+=(\d+|unknown)(, )?){4}", answer.headers["motcua-lag"])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_that_is_too_long_leads_to_the_next(told: Mirrored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "ROWS_MAX", 5)
    first = await as_file(told)
    assert len(first.text.splitlines()) == 1 + 5
    link = re.fullmatch(r'<(.+)>; rel="next"', first.headers["link"])
    assert link is not None
    headers = {"Accept": "text/csv", "Authorization": f"Bearer {told.service.token('leader', agencies=('*',))}"}
    second = await told.service.client.get(link[1], headers=headers)
    assert len(second.text.splitlines()) == 1 + 2
    assert "link" not in second.headers


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [("text/csv", True), ("TEXT/CSV;q=0.9, */*;q=0.1", True), ("application/json", False), ("*/*", False), (None, False)],
)
def test_a_file_is_given_to_those_who_ask_for_one(accept: str | None, *, wanted: bool) -> None:
    assert sheet.is_wanted(accept) is wanted


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_carry_out_is_made_a_text(text: str) -> None:
    assert sheet.cell(text) == f"'{text}"


def test_a_text_with_commas_quotes_and_line_breaks_stays_one_cell() -> None:
    entry = dict.fromkeys(sheet.COLUMNS) | {"procedure_name": 'Cấp "lại", gia hạn\nđổi', "accepted_on": moment(0).date()}
    (_, line) = csv.reader(io.StringIO(sheet.rows_of([entry]).removeprefix(sheet.MARK), newline=""))
    assert line[2] == 'Cấp "lại", gia hạn\nđổi'
    assert len(line) == len(sheet.COLUMNS)
