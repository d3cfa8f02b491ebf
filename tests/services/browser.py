"""A real browser for the pages that people see: whatever it asks for goes to one service, and axe-core looks at what it shows.

`MOTCUA_PICTURES=docs/pictures` in the environment has pages photographed there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Request, Route, async_playwright

from tests.services.rig import Running

CHROMIUM: Final = shutil.which("chromium")
PICTURES: Final = os.environ.get("MOTCUA_PICTURES")
HERE: Final = "http://test"
SIZES: Final = {"phone": (390, 844), "desktop": (1280, 900)}

with_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is here: `apt-get install chromium`")
each_size = pytest.mark.parametrize("size", SIZES)


async def forwarded(running: Running, asked: Request) -> httpx2.Response:
    """Let the service answer what a browser asks."""
    headers = await asked.all_headers() | {"motcua-demo-time": running.moment.isoformat()}
    return await running.client.request(asked.method, asked.url.removeprefix(HERE), headers=headers, content=asked.post_data_buffer)


@asynccontextmanager
async def browsing(running: Running, size: str, **context: Any) -> AsyncGenerator[Page]:
    """Open a browser whose every request goes to the service; one to anywhere else, or an error in the page, fails the test."""
    elsewhere: list[str] = []

    async def answer(route: Route) -> None:
        asked = route.request
        if not asked.url.startswith(f"{HERE}/"):
            elsewhere.append(asked.url)
            await route.abort()
            return
        given = await forwarded(running, asked)
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    width, height = SIZES[size]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        told: Any = {"viewport": {"width": width, "height": height}, "locale": "vi-VN", **context}
        page = await browser.new_page(**told)
        page.on("pageerror", lambda error: elsewhere.append(str(error)))
        await page.route("**/*", answer)
        try:
            yield page
            # A browser asks for the icon of a site by itself; the pages name none.
            assert [one for one in elsewhere if not one.endswith("/favicon.ico")] == []
        finally:
            await browser.close()


async def has_no_barrier(page: Page, picture: str | None = None, *, whole: bool = False) -> None:
    """Let axe-core look at the page as it stands, and see that nothing of it lies outside the screen; photograph it, `whole` or as seen."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if PICTURES and picture:
        await page.screenshot(path=Path(PICTURES) / f"{picture}.png", full_page=whole)


async def press(page: Page, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        await page.keyboard.press(key)
