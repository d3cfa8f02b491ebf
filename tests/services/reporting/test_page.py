"""The page that everybody may read: whole by itself, safe, the same figures as the API, and readable by everybody."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any, Final

import pytest

from services.reporting import page
from services.reporting.domain.figures import FORM
from services.reporting.domain.pooling import OTHER
from services.reporting.page import (
    BASE,
    COLUMNS,
    CRITERIA,
    FIGURES,
    MONTHS_MAX,
    STYLE,
    TICKS_MAX,
    TOP,
    chart,
    months_of,
    number,
    round_step,
)
from services.reporting.projections.voices import POINTS
from services.reporting.query import Asked
from tests.services.reporting.facts import Paper, procedure, rated, said
from tests.services.reporting.mirror import Mirrored
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import MARCH as PERIOD

VOID: Final = frozenset({"meta", "input", "line", "rect", "link", "br"})
FRESH: Final[dict[str, Any]] = {
    "positions": {"intake": 1200, "reporting": 0},
    "lag": {"intake": None, "reporting": 0},
    "parked": 2,
    "definition_hash": "f" * 64,
}


class Outline(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text.append(" " if tag in {"td", "th"} else "")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of every element of a name."""
        return [attributes for name, attributes in self.seen if name == tag]


def outline(html: str) -> Outline:
    """Read a page."""
    read = Outline()
    read.feed(html)
    read.close()
    assert read.open == []
    return read


async def written(mirror: Tables) -> str:
    """Write the page of March from the tables alone."""
    async with mirror.reading() as reading:
        reading.freshness.update(FRESH)
        return page.write(await page.view_of(reading, PERIOD))


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_is_html_in_vietnamese_with_english_marked_as_such(told: Mirrored) -> None:
    answer = await told.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    read = outline(answer.text)
    assert read.all("html") == [{"lang": "vi"}]
    assert {attributes["lang"] for _, attributes in read.seen if "lang" in attributes} == {"vi", "en"}
    assert len(read.all("title")) == 2
    assert read.all("meta")[0] == {"charset": "utf-8"}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_runs_nothing_fetches_nothing_and_allows_only_its_own_style(told: Mirrored) -> None:
    answer = await told.get("/")
    read = outline(answer.text)
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint({tag for tag, _ in read.seen})
    assert not [name for _, attributes in read.seen for name in attributes if name == "style" or name.startswith("on")]
    assert "http" not in answer.text.replace("http-equiv", "")
    (style,) = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    allowed = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{allowed}'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_tables_have_captions_and_every_heading_says_what_it_heads(told: Mirrored) -> None:
    read = outline((await told.get("/")).text)
    assert len(read.all("caption")) == len(read.all("table")) > 0
    assert {heading.get("scope") for heading in read.all("th")} <= {"row", "col", "colgroup"}
    for picture in read.all("svg"):
        assert picture["role"] == "img"
        names = (picture["aria-labelledby"] or "").split()
        assert {attributes.get("id") for _, attributes in read.seen} >= set(names)
    labels = len(read.all("label"))
    assert labels == len(read.all("input")) == 2


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_shows_what_the_summary_says(told: Mirrored) -> None:
    summary, text = (await told.get("/v1/summary")).json(), " ".join("".join(outline((await told.get("/")).text).text).split())
    for name, words in FIGURES.items():
        shown = number(summary[name]) + (" %" if name in page.SHARES else "")
        assert re.search(f"{re.escape(words.vi)} {re.escape(words.en)} {re.escape(shown)}(?![0-9,.])", text), (name, shown)
    for source, position in summary["positions"].items():
        assert f"{source} {number(position)}" in text
    assert summary["definition_hash"] in text


@pytest.mark.asyncio(loop_scope="module")
async def test_a_period_can_be_asked_for_and_is_widened_to_whole_months(told: Mirrored) -> None:
    read = outline((await told.get("/", from_="2026-03-09", to="2026-03-10")).text)
    assert [field["value"] for field in read.all("input")] == ["2026-03-01", "2026-03-15"]
    assert "từ 01/03/2026 đến hết 15/03/2026" in " ".join("".join(read.text).split())


async def test_whatever_the_facts_hold_is_shown_as_text_and_never_as_html(mirror: Tables) -> None:
    papers = [Paper(f"{n}") for n in range(3)]
    await mirror.tell(*(fact for paper in papers for fact in (paper.submitted(0), paper.accepted(0, due=7))))
    await mirror.tell(procedure("hoa-chat", '<script>alert("x")</script> & "sons"'))
    html = await written(mirror)
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; &#34;sons&#34;" in html
    outline(html)


async def test_fields_with_one_or_two_dossiers_are_put_together(mirror: Tables) -> None:
    for n in range(4):
        paper = Paper(f"many-{n}")
        await mirror.tell(paper.submitted(0), paper.accepted(0, due=7), paper.ready(5))
    lone, pair = Paper("lone", field="dien"), [Paper(f"pair-{n}", field="xang-dau") for n in range(2)]
    await mirror.tell(*(fact for paper in (lone, *pair) for fact in (paper.submitted(0), paper.accepted(0, due=1), paper.ready(3))))
    await mirror.tell(procedure("dien", "Điện"), procedure("hoa-chat", "Hóa chất"), procedure("xang-dau", "Xăng dầu"))
    html = await written(mirror)
    assert "Hóa chất" in html
    assert "Điện" not in html
    assert "Xăng dầu" not in html
    assert "Các lĩnh vực còn lại, gộp chung" in html


async def test_what_is_too_little_is_not_shown_and_the_page_says_why(mirror: Tables) -> None:
    alone = Paper("alone")
    await mirror.tell(alone.submitted(0), alone.accepted(0, due=7), alone.ready(9), rated("r", 9, 1), said("o", 1))
    await mirror.tell(procedure("hoa-chat", "Hóa chất"))
    html = await written(mirror)
    text = "".join(outline(html).text)
    assert text.count("không công bố vì quá ít") == len(FIGURES) - 1
    assert "Hóa chất" not in text.replace("Sở Công Thương", "")
    assert "<svg" not in html
    assert "Chưa đủ phiếu đánh giá để công bố." in text
    assert "Chưa đủ ý kiến để công bố." in text


async def test_a_mirror_that_knows_nothing_has_a_page_too(mirror: Tables) -> None:
    async with mirror.reading() as reading:
        reading.freshness.update(FRESH)
        html = page.write(await page.view_of(reading, await reading.period(Asked(), whole_months=True)))
    assert "Chưa có số liệu nào." in "".join(outline(html).text)


async def test_the_page_says_what_it_lacks_and_what_could_not_be_applied(mirror: Tables) -> None:
    text = " ".join("".join(outline(await written(mirror)).text).split())
    assert "intake 1.200 không rõ unknown" in text
    assert "reporting 0 0" in text
    assert "2 sự kiện chưa áp dụng được" in text


def test_every_column_and_criterion_has_a_name() -> None:
    assert list(COLUMNS) == list(FORM)
    assert list(CRITERIA) == list(POINTS)


@pytest.mark.parametrize(
    ("value", "written_"), [(0, "0"), (1200, "1.200"), (1234567, "1.234.567"), (83.33, "83,33"), (100.0, "100"), (1.5, "1,5"), (None, "–")]
)
def test_numbers_are_written_as_vietnamese_has_them(value: float | None, written_: str) -> None:
    assert number(value) == written_


def test_bars_stand_on_the_base_and_none_reaches_over_the_scale() -> None:
    months = {f"2026-{n:02d}": {"in_time": n * 9, "late": n, "all": n * 10} for n in range(1, 13)}
    drawn = chart(months)
    for bar in drawn["bars"]:
        assert TOP <= bar.late_y <= bar.in_time_y <= BASE
        assert bar.in_time_y + bar.in_time_height == BASE
    heights = [bar.in_time_height + bar.late_height for bar in drawn["bars"]]
    assert heights == sorted(heights)
    assert drawn["chart"]["ticks"][-1]["value"] >= 120


@pytest.mark.parametrize("highest", [1, 4, 5, 6, 19, 50, 51, 97, 1000, 123_456])
def test_the_scale_has_round_steps_and_not_too_many(highest: int) -> None:
    step = round_step(highest)
    assert step * TICKS_MAX >= highest
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert step == 1 or round_step(highest) > highest / TICKS_MAX / 2.5


def test_old_months_and_months_with_too_little_are_put_together_and_nothing_is_lost() -> None:
    lines: list[dict[str, Any]] = [{"month": f"{2020 + n // 12}-{n % 12 + 1:02d}", "in_time": n % 5, "late": 1} for n in range(60)]
    found = months_of(lines)
    assert len(found) <= MONTHS_MAX + 1
    assert next(iter(found)) == OTHER
    assert sum(month["all"] for month in found.values()) == sum(line["in_time"] + line["late"] for line in lines)


# Seen by everybody: colours by name, as the style has them.

COLOURS: Final = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", STYLE))
PAIRS: Final = [("ink", "paper"), ("soft", "paper"), ("soft", "panel"), ("ink", "panel"), ("paper", "good"), ("bad", "paper")]


def luminance(colour: str) -> float:
    """Give the relative luminance (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(text: str, ground: str) -> None:
    light, dark = sorted((luminance(COLOURS[text]), luminance(COLOURS[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
