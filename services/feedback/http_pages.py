"""Step 1 of 8, http_api: the pages that everybody may open: the survey, a petition, its follow-up.

Each is one file with its style and its script inside, and the policy lets in exactly these, by their hashes. Nothing else is fetched but
this service's own API. What is typed goes there; no page holds anything about anybody.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from kernel.edge.identity import Principal
from kernel.edge.policy import allowed

HERE: Final = Path(__file__).parent / "pages"

ACTIONS: Final = {"page.open": {"public"}}


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is sent, and what a browser may do with it."""

    text: str
    policy: str


def read_page(name: str, *more: str) -> Page:
    """Put a page together from its parts; `more` are scripts that its own needs."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = "\n".join((HERE / part).read_text(encoding="utf-8") for part in ("page.js", *more, f"{name}.js"))
    text = (HERE / f"{name}.html").read_text(encoding="utf-8").replace("/*style*/", style).replace("/*script*/", script)
    hashes = [f"'sha256-{b64encode(hashlib.sha256(part.encode()).digest()).decode()}'" for part in (style, script)]
    policy = (
        f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(text, policy)


PAGES: Final = {"/ratings": read_page("survey", "blind.js"), "/petitions": read_page("petition"), "/follow-up": read_page("follow_up")}
"""Every page by its address."""


def routes() -> APIRouter:
    """Make the routes of pages."""
    router = APIRouter()

    def sent(path: str) -> HTMLResponse:
        page = PAGES[path]
        return HTMLResponse(page.text, headers={"Content-Security-Policy": page.policy})

    @router.get("/ratings", response_class=HTMLResponse)
    async def survey(_: Annotated[Principal, allowed("page.open")]) -> HTMLResponse:
        """Show the survey, on a phone or (`?kiosk`) at a kiosk."""
        return sent("/ratings")

    @router.get("/petitions", response_class=HTMLResponse)
    async def petition(_: Annotated[Principal, allowed("page.open")]) -> HTMLResponse:
        """Show the form for petitions, and for comments without a name."""
        return sent("/petitions")

    @router.get("/follow-up", response_class=HTMLResponse)
    async def follow_up(_: Annotated[Principal, allowed("page.open")]) -> HTMLResponse:
        """Show what became of a petition, to whoever has its code."""
        return sent("/follow-up")

    _ = (survey, petition, follow_up)
    return router
