"""The public pages in a real browser, on a phone and a desk: by keyboard, with no barrier that axe-core knows, fetched from nowhere else.

`MOTCUA_PICTURES=docs/pictures` in the environment has them photographed there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, async_playwright, expect

from contracts.feedback import RatingRecorded
from contracts.feedback_petitions import PetitionReceived
from tests.services.feedback.listening import Listening
from tests.services.feedback.petitioning import TEXT, WHO, answered

CHROMIUM: Final = shutil.which("chromium")
PICTURES: Final = os.environ.get("MOTCUA_PICTURES")
HERE: Final = "http://test"
SIZES: Final = {"phone": (390, 844), "desktop": (1280, 900)}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is here: `apt-get install chromium`")
each_size = pytest.mark.parametrize("size", SIZES)


@asynccontextmanager
async def browsing(ear: Listening, size: str) -> AsyncGenerator[Page]:
    """Open a browser whose every request goes to the service; one to anywhere else, or an error in the page, fails the test."""
    elsewhere: list[str] = []

    async def answer(route: Route) -> None:
        asked = route.request
        if not asked.url.startswith(f"{HERE}/"):
            elsewhere.append(asked.url)
            await route.abort()
            return
        headers = await asked.all_headers() | {"motcua-demo-time": ear.running.moment.isoformat()}
        given = await ear.running.client.request(
            asked.method, asked.url.removeprefix(HERE), headers=headers, content=asked.post_data_buffer
        )
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    width, height = SIZES[size]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": width, "height": height}, locale="vi-VN")
        page.on("pageerror", lambda error: elsewhere.append(str(error)))
        await page.route("**/*", answer)
        try:
            yield page
            # A browser asks for the icon of a site by itself; the pages name none.
            assert [one for one in elsewhere if not one.endswith("/favicon.ico")] == []
        finally:
            await browser.close()


async def has_no_barrier(page: Page, picture: str | None = None) -> None:
    """Let axe-core look at the page as it stands, and see that nothing of it lies outside the screen."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if PICTURES and picture:
        await page.screenshot(path=Path(PICTURES) / f"{picture}.png")


async def press(page: Page, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        await page.keyboard.press(key)


@each_size
async def test_a_survey_is_answered_by_keyboard_and_once(ear: Listening, size: str) -> None:
    token = await ear.token()
    async with browsing(ear, size) as page:
        await page.goto(f"{HERE}/ratings#{token}")
        await has_no_barrier(page, f"page-survey-{size}")
        # Past the link to the content, into the first question: the best answer, and one lower.
        await press(page, "Tab", "Tab", "Space", "ArrowDown", "Tab", "Space")
        await page.get_by_label("Ý kiến khác").focus()
        await page.keyboard.type("Cán bộ hướng dẫn tận tình.")
        await press(page, "Tab", "Enter")
        await expect(page.locator("#done")).to_be_focused()
        await has_no_barrier(page)
        (event,) = await ear.running.events(RatingRecorded)
        assert event.fact.satisfaction == 4
        await page.goto("about:blank")
        await page.goto(f"{HERE}/ratings#{token}")
        await page.get_by_text("Hài lòng", exact=False).nth(1).click()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#wrong")).to_be_focused()
        assert len(await ear.running.events(RatingRecorded)) == 1


async def test_at_a_kiosk_the_code_of_the_slip_is_typed(ear: Listening) -> None:
    token = await ear.token()
    async with browsing(ear, "desktop") as page:
        await page.goto(f"{HERE}/ratings?kiosk")
        await has_no_barrier(page, "page-survey-kiosk")
        await page.get_by_label("Mã phiếu").fill(token)
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#done")).to_be_visible()
        assert len(await ear.running.events(RatingRecorded)) == 1


@each_size
async def test_a_petition_names_what_is_missing_and_is_followed_by_its_code(ear: Listening, size: str) -> None:
    async with browsing(ear, size) as page:
        await page.goto(f"{HERE}/petitions")
        await page.get_by_label("Nội dung, bằng tiếng Việt").fill(TEXT)
        await page.get_by_label("Họ và tên").fill(WHO["name"])
        send = page.get_by_role("button", name="Gửi")
        await send.click()
        await expect(page.locator("#wrong")).to_be_focused()
        assert {await one.get_attribute("id") for one in await page.locator("[aria-invalid]").all()} == {"address", "phone"}
        await has_no_barrier(page, f"page-petition-wrong-{size}")
        assert await ear.running.events(PetitionReceived) == []

        await page.get_by_label("Địa chỉ").fill(WHO["address"])
        await page.get_by_label("Điện thoại").fill(WHO["phone"])
        await send.click()
        await expect(page.locator("#done")).to_be_focused()
        await has_no_barrier(page)
        (received,) = await ear.running.events(PetitionReceived)

        reply = await answered(ear, str(received.fact.petition_id))
        await ear.running.get("/v1/petitions", ear.running.token("officer"), after=reply["position"])
        await page.get_by_role("link", name="Theo dõi việc trả lời").click()
        await expect(page.locator("#standing")).to_contain_text("Đã trả lời")
        await page.get_by_text("Hạn này được tính thế nào?").click()
        await has_no_barrier(page, f"page-follow-up-{size}")
        await page.get_by_label("Không hài lòng").check()
        await page.locator("#judge").get_by_role("button").click()
        await page.get_by_label("Vì sao chưa được?").fill("Chưa nêu căn cứ.")
        await page.get_by_role("button", name="Đề nghị xem xét lại").click()
        await expect(page.locator("#standing")).to_contain_text("Đang giải quyết")


async def test_a_code_that_there_is_not_is_said_to_whoever_cannot_see(ear: Listening) -> None:
    async with browsing(ear, "phone") as page:
        await page.goto(f"{HERE}/follow-up")
        await page.get_by_label("Mã tra cứu").fill("0000-0000-0000-0000")
        await page.keyboard.press("Enter")
        await expect(page.locator("#wrong")).to_be_focused()
        await has_no_barrier(page)
