"""Step 1 of 8, http_api: what the routes of reform have in common: papers, owners, words about work; lists by the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from contracts.reporting_reform import Evidence, Owner
from kernel.edge.body import NFC, Body
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit
from kernel.edge.position import After, freshness, wait_for
from kernel.edge.problem import Sentence
from services.reporting.projections.reform import REFORM
from services.reporting.query_reform import ReformRegister

WORDS_LENGTH_MAX: Final = 1000
REFERENCE_LENGTH_MAX: Final = 300
EVIDENCE_MAX: Final = 20
ACCOUNT_PATTERN: Final = r"^[a-z0-9-]{1,100}$"
UNIT_PATTERN: Final = r"^[a-z0-9-]{2,60}$"

FAULTS: Final = {
    "control-character": Sentence("Không được có ký tự điều khiển.", "Control characters are not accepted."),
    "particulars-of-a-person": Sentence(
        "Nội dung này được lưu vĩnh viễn, nhiều người đọc: không ghi số định danh, số điện thoại, thư điện tử của cá nhân.",
        "These words are kept for good and read by many: leave out a person's identity number, phone number and email address.",
    ),
}
"""What is said of kinds of validation errors that are reporting's own."""

CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
IDENTITY_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z/])(?:[0-9]{12}|[0-9]{9})(?![0-9A-Za-z/])")
PHONE: Final = re.compile(r"(?<![0-9A-Za-z/])(?:\+84|0)[ .-]?[35789](?:[ .-]?[0-9]){8}(?![0-9A-Za-z/])")
EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def about_work(text: str) -> str:
    """Take words about work: a fact is never erased, so what looks like a person's particulars does not come into one.

    Names cannot be told from other words; whoever writes is told in the documentation to leave them out.
    """
    if CONTROL_CHARACTER.search(text):
        raise PydanticCustomError("control-character", "control character")
    if any(pattern.search(text) for pattern in (IDENTITY_NUMBER, PHONE, EMAIL)):
        raise PydanticCustomError("particulars-of-a-person", "particulars of a person")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=WORDS_LENGTH_MAX), AfterValidator(about_work), NFC]
Reference = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REFERENCE_LENGTH_MAX), AfterValidator(about_work), NFC
]
Account = Annotated[str, Field(pattern=ACCOUNT_PATTERN, examples=["nv-vp-01"])]
UnitName = Annotated[str, Field(pattern=UNIT_PATTERN, examples=["van-phong"])]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
"""A local day that somebody may have to hold to; one beyond all calendars is a slip of the pen."""
Year = Annotated[int, Field(strict=True, ge=2000, le=2100, examples=[2026])]


class EvidenceBody(Body):
    """A paper or a file that is kept elsewhere: by what it is found, and the SHA-256 of its bytes."""

    reference: Reference
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    def value(self) -> Evidence:
        """Give what a fact says of it."""
        return Evidence(reference=self.reference, sha256=self.sha256)


class OwnerBody(Body):
    """Who answers for it: an officer of a unit, or the unit as such."""

    unit: UnitName
    officer: Account | None = None

    def value(self) -> Owner:
        """Give what a fact says of it."""
        return Owner(unit=self.unit, officer=self.officer)


Shown = Annotated[tuple[EvidenceBody, ...], Field(min_length=1, max_length=EVIDENCE_MAX)]


def values(shown: tuple[EvidenceBody, ...]) -> tuple[Evidence, ...]:
    """Give what a fact says of several."""
    return tuple(one.value() for one in shown)


class WantedPage:
    """Which page of a list, and as of what at least."""

    def __init__(self, request: Request, after: After = None, cursor: Cursor = None, limit: Limit = LIMIT) -> None:
        self.request, self.after, self.cursor, self.limit = request, after, cursor, limit


Paging = Annotated[WantedPage, Depends()]


async def listed(
    register: ReformRegister,
    what: str,
    principal: Principal,
    paging: WantedPage,
    *,
    filters: Sequence[object] = (),
    by: str,
    read: Callable[[Any], Any],
    id: str = "id",
) -> Response:
    """Answer with a page of something, sorted by a column (`read` makes its value of what a cursor holds) and then by the id."""
    runtime = register.runtime
    await wait_for(runtime.log, REFORM.name, paging.after)
    page = runtime.pages.open(paging.request, paging.cursor, paging.limit)
    rows = await register.page(what, principal, filters, page, (read, UUID))
    more = await freshness(runtime.log, REFORM.name)
    return runtime.pages.answer(paging.request, page, rows, key=lambda row: (row[by], row[id]), item=lambda row: row, more=more)
