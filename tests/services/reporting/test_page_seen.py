"""The public page in a real browser: no barrier that axe-core knows, by keyboard, on one A4, with and without its script."""

from __future__ import annotations

import io

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from services.reporting.main import SERVICE
from tests.services.browser import HERE, browsing, each_size, has_no_barrier, press, with_browser
from tests.services.reporting.facts import Paper, said
from tests.services.reporting.many import FIELDS, UNITS, Dossiers
from tests.services.reporting.mirror import MANY, Mirrored, some_weeks
from tests.services.rig import Rig

pytestmark = with_browser
LANGUAGES = pytest.mark.parametrize("language", ["vi", "en"])
DOSSIERS = 3000
SHOWN = {("vi", "desktop"): "page-figures-desktop", ("en", "phone"): "page-figures-phone-english"}


@LANGUAGES
@each_size
async def test_the_page_of_a_year_has_no_barrier_and_fits_on_one_a4(rig: Rig, size: str, language: str) -> None:
    async with rig.running(SERVICE, **MANY) as running:
        async with running.connected() as connection:
            await Dossiers(DOSSIERS).fill(connection)
        async with browsing(running, size) as page:
            await page.goto(f"{HERE}/?lang={language}")
            await expect(page.locator("figure svg")).to_have_count(4)
            await expect(page.locator(".wide tbody tr")).to_have_count(len(FIELDS))
            await expect(page.locator(".units svg g")).to_have_count(len(UNITS))
            await has_no_barrier(page, SHOWN.get((language, size)), whole=True)
            for summary in await page.locator("summary").all():
                await summary.click()
            await has_no_barrier(page)
            if size == "desktop":
                printed = PdfReader(io.BytesIO(await page.pdf(prefer_css_page_size=True, print_background=True)))
                assert len(printed.pages) == 1
                width, height = (float(edge) for edge in printed.pages[0].mediabox[2:])
                assert (round(width), round(height)) == (595, 842)
                text = " ".join(printed.pages[0].extract_text().split())
                assert all(name in text for name in FIELDS.values())


async def test_the_page_is_gone_through_by_keyboard(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    async with browsing(mirrored.service, "desktop") as page:
        await page.goto(f"{HERE}/")
        await press(page, "Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await has_no_barrier(page)
        await press(page, "Enter", "Tab")
        await expect(page.locator("#months-numbers > summary")).to_be_focused()
        await press(page, "Enter")
        await expect(page.locator("#months-numbers table")).to_be_visible()
        await press(page, "Tab")
        await expect(page.locator("#months-numbers .scroll")).to_be_focused()
        await page.get_by_role("link", name="English").focus()
        await press(page, "Enter")
        await expect(page.locator("h1")).to_have_text("How administrative procedures were dealt with")
        await page.get_by_label("From").fill("2026-03-01")
        await page.get_by_role("button", name="Show").click()
        await expect(page).to_have_url(f"{HERE}/?lang=en&from=2026-03-01&to=2026-03-15")


async def test_without_its_script_the_page_is_whole(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    async with browsing(mirrored.service, "phone", java_script_enabled=False) as page:
        await page.goto(f"{HERE}/")
        await expect(page.locator("figure svg")).to_have_count(4)
        await page.locator("#backlog-numbers > summary").click()
        await expect(page.locator("#backlog-numbers table")).to_be_visible()


async def test_the_page_renews_itself_when_there_is_something_new_and_says_so(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    async with browsing(mirrored.service, "desktop") as page:
        await page.clock.install()
        await page.goto(f"{HERE}/")
        received = page.locator(".figures dd").first
        before = await received.text_content()
        await page.locator("#dwell-numbers > summary").click()
        paper = Paper("meanwhile")
        await mirrored.tell(paper.submitted(6), paper.accepted(6, due=14), said("later", 6))
        await mirrored.level()
        # Not at once: an office shares one address.
        await expect(page.locator("#live")).to_be_empty()
        for _ in range(20):
            await page.clock.fast_forward(40_000)
            await page.wait_for_timeout(500) if not await page.locator("#live").text_content() else None
        await expect(page.locator("#live")).to_have_text("Số liệu vừa được cập nhật.")
        assert int(await received.text_content() or 0) == int(before or 0) + 1
        await expect(page.locator("#dwell-numbers")).to_have_attribute("open", "")
        await expect(page.locator("#dwell-numbers > summary")).to_be_focused()
        await has_no_barrier(page)
