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
from services.reporting.overview import MONTHS_MAX, months_of, overview_of
from services.reporting.page import SCRIPT, STYLE, hash_of, spoken_of
from services.reporting.projections.voices import POINTS
from services.reporting.query import Asked
from services.reporting.wording import COLUMNS, CRITERIA, FIGURES, SHARES, Language, Tongue
from tests.services.reporting.facts import Paper, procedure, rated, said
from tests.services.reporting.mirror import Mirrored
from tests.services.reporting.tables import Tables
from tests.services.reporting.test_figures import MARCH as PERIOD

VOID: Final = frozenset({"meta", "input", "link", "br"})
VI: Final = Tongue("vi")
EN: Final = Tongue("en")
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
        if not {"style", "script"} & {*self.open}:
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


async def written(mirror: Tables, language: Language = "vi") -> str:
    """Write the page of March from the tables alone."""
    async with mirror.reading() as reading:
        reading.freshness.update(FRESH)
        return page.write(await overview_of(reading, PERIOD, language))


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_is_html_in_the_language_that_is_asked_for(told: Mirrored) -> None:
    for language in ("vi", "en"):
        answer = await told.get("/", lang=language)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-language"] == language
        read = outline(answer.text)
        assert read.all("html") == [{"lang": language}]
        assert read.all("meta")[0] == {"charset": "utf-8"}
        # What only has a Vietnamese name says so in the English page.
        other = [attributes for tag, attributes in read.seen if tag in {"th", "strong"} and attributes.get("lang") not in {None, language}]
        assert bool(other) == (language == "en")


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_word_the_page_speaks_as_the_browser_likes_best(told: Mirrored) -> None:
    answer = await told.service.client.get("/", headers={"Accept-Language": "fr, en-GB;q=0.8, vi;q=0.3"})
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("en", "Accept-Language")


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        (None, "vi"),
        ("", "vi"),
        ("en", "en"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("fr", "vi"),
        ("en;q=x", "vi"),
        ("en;q=0.5,vi;q=0.6", "vi"),
    ],
)
def test_of_two_languages_the_one_is_spoken_that_is_liked_better(accepted: str | None, spoken: str) -> None:
    assert spoken_of(None, accepted) == spoken
    assert spoken_of("en", accepted) == "en"


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_fetches_nothing_from_elsewhere_and_allows_only_its_own_style_and_script(told: Mirrored) -> None:
    answer = await told.get("/")
    read = outline(answer.text)
    assert {"link", "img", "iframe", "object"}.isdisjoint({tag for tag, _ in read.seen})
    assert not [name for _, attributes in read.seen for name in attributes if name == "style" or name.startswith("on")]
    # The name of a language of pictures is no address.
    assert "http" not in answer.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    (style,) = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    (script,) = re.findall("<script>(.*?)</script>", answer.text, re.DOTALL)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'",
        "script-src": f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert hash_of(SCRIPT) == policy["script-src"]


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
    assert labels == len([field for field in read.all("input") if field["type"] != "hidden"]) == 2


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_shows_what_the_summary_says(told: Mirrored) -> None:
    summary = (await told.get("/v1/summary")).json()
    for tongue in (VI, EN):
        text = " ".join("".join(outline((await told.get("/", lang=tongue.language)).text).text).split())
        for name, words in FIGURES.items():
            shown = (tongue.share if name in SHARES else tongue.number)(summary[name])
            assert re.search(f"{re.escape(tongue.say(words))} {re.escape(shown)}(?![0-9,.])", text), (name, shown)
        for source, position in summary["positions"].items():
            assert f"{source} {tongue.number(position)}" in text
        assert summary["definition_hash"] in text


@pytest.mark.asyncio(loop_scope="module")
async def test_a_period_can_be_asked_for_and_is_widened_to_whole_months(told: Mirrored) -> None:
    read = outline((await told.get("/", from_="2026-03-09", to="2026-03-10")).text)
    assert [field["value"] for field in read.all("input") if field["type"] == "date"] == ["2026-03-01", "2026-03-15"]
    assert "từ 01/03/2026 đến hết 15/03/2026" in " ".join("".join(read.text).split())


async def test_whatever_the_facts_hold_is_shown_as_text_and_never_as_html(mirror: Tables) -> None:
    papers = [Paper(f"{n}") for n in range(3)]
    await mirror.tell(*(fact for paper in papers for fact in (paper.submitted(0), paper.accepted(0, due=7))))
    await mirror.tell(procedure("hoa-chat", '<script>alert("x")</script> & "sons"'))
    html = await written(mirror)
    assert html.count("<script") == 1
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
        html = page.write(await overview_of(reading, await reading.period(Asked(), whole_months=True), "vi"))
    assert "Chưa có số liệu nào." in "".join(outline(html).text)


async def test_the_page_says_what_it_lacks_and_what_could_not_be_applied(mirror: Tables) -> None:
    text = " ".join("".join(outline(await written(mirror)).text).split())
    assert "intake 1.200 không rõ" in text
    assert "reporting 0 0" in text
    assert "2 sự kiện chưa áp dụng được" in text


def test_every_column_and_criterion_has_a_name() -> None:
    assert list(COLUMNS) == list(FORM)
    assert list(CRITERIA) == list(POINTS)


@pytest.mark.parametrize(
    ("value", "written_"), [(0, "0"), (1200, "1.200"), (1234567, "1.234.567"), (83.33, "83,33"), (100.0, "100"), (1.5, "1,5"), (None, "–")]
)
def test_numbers_are_written_as_vietnamese_has_them(value: float | None, written_: str) -> None:
    assert VI.number(value) == written_
    assert EN.number(value) == written_.translate(str.maketrans(",.", ".,"))


def test_old_months_and_months_with_too_little_are_put_together_and_nothing_is_lost() -> None:
    lines = {f"{2020 + n // 12}-{n % 12 + 1:02d}": {"in_time": n % 5, "late": 1, "all": n % 5 + 1} for n in range(60)}
    found = months_of(lines)
    assert len(found) <= MONTHS_MAX + 1
    assert next(iter(found)) == OTHER
    assert sum(month["all"] for month in found.values()) == sum(line["all"] for line in lines.values())


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
