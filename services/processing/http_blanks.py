"""Step 1 of 8, http_api: the stock of blanks as the records office keeps it, and where every blank and every number went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for_reactions
from kernel.edge.problem import refusal
from services.processing import consume
from services.processing.answers_permits import BookPage, StockAnswer, StockReceipt
from services.processing.domain import blank
from services.processing.handle_case import as_it_was
from services.processing.handle_permits import PermitOffice, StockOutcome
from services.processing.http_fields import AGENCY_PATTERN, AtInstant, example
from services.processing.projections.permits import PERMITS
from services.processing.query_then import book_then

SERIES_PATTERN: Final = r"^[A-Z]{1,4}$"
BOOK_PAGE: Final = 500

ACTIONS: Final[dict[str, set[str]]] = {"blank.handle": {"officer"}, "book.read": {"officer", "leader"}}

KINDS: Final = (
    refusal("no-such-blank", "Kho không có phôi mang số này.", "The stock has no blank of this number."),
    refusal("blank-gone", "Phôi này không còn trong kho.", "This blank is not in the stock any more.", members=("fate",)),
    refusal(
        "blank-skips",
        "Phải dùng phôi theo thứ tự: còn phôi số nhỏ hơn chưa giải trình.",
        "Blanks are taken in order: lower numbers are not accounted for.",
        members=("unaccounted",),
    ),
    refusal("blanks-overlap", "Một số phôi trong dãy đã nhập kho.", "Some of these blanks are in the stock already."),
    refusal("blanks-too-many", "Dãy số phôi không hợp lệ hoặc quá dài.", "The range of numbers is empty or too long."),
    refusal("blank-of-another-permit", "Phôi hỏng không phải của giấy phép này.", "The spoiled blank is not this permit's."),
)

Series = Annotated[str, Path(pattern=SERIES_PATTERN)]
Serial = Annotated[int, Path(ge=1, le=999_999)]
OwnAgency = Annotated[str, Field(pattern=AGENCY_PATTERN)]


class ParcelBody(Body):
    """The numbers of a parcel of blanks, both included."""

    model_config = example(
        agency="H09.13",
        first=1,
        last=20,
    )

    agency: OwnAgency
    first: Annotated[int, Field(ge=1, le=999_999)]
    last: Annotated[int, Field(ge=1, le=999_999)]


class SpoilingBody(Body):
    """Why a blank is no good."""

    model_config = example(
        agency="H09.13",
        reason="misprint-by-maker",
    )

    agency: OwnAgency
    reason: Literal["misprint", "torn", "soiled", "misprint-by-maker"]


class GivingBackBody(Body):
    """Whose blank goes back."""

    model_config = example(
        agency="H09.13",
    )

    agency: OwnAgency


class LossBody(Body):
    """The record that was made of the loss (biên bản)."""

    model_config = example(
        agency="H09.13",
        record="3/BB-SCT",
    )

    agency: OwnAgency
    record: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}/[A-ZĐ]{1,10}-[A-Z]{1,10}$")]


def left(outcome: StockOutcome) -> dict[str, Any]:
    """Say how many blanks are left."""
    return {"left": len(outcome.state.left)}


def routes(office: PermitOffice) -> APIRouter:
    """Make the routes of blanks and books."""
    router = APIRouter(prefix="/v1")
    add_blanks(router, office)
    add_counting(router, office)
    return router


def add_blanks(router: APIRouter, office: PermitOffice) -> None:
    """Add what happens to blanks."""
    run = office.runtime.commands.run

    @router.post("/blanks/{series}/parcels", responses=gives(StockReceipt))
    async def receive(
        request: Request, series: Series, body: ParcelBody, principal: Annotated[Principal, allowed("blank.handle")]
    ) -> Response:
        """Take a parcel of blanks into the stock."""

        def wanted(at: datetime) -> blank.Receive:
            return blank.Receive(agency=body.agency, series=series, first=body.first, last=body.last, officer=principal.sub, at=at)

        return await run(request, principal, lambda command: office.stock(body.agency, series, wanted(command.meta.time), command), left)

    @router.post("/blanks/{series}/{serial}/spoiling", responses=gives(StockReceipt))
    async def spoil(
        request: Request, series: Series, serial: Serial, body: SpoilingBody, principal: Annotated[Principal, allowed("blank.handle")]
    ) -> Response:
        """Cancel a blank that nothing is printed on."""

        def wanted(at: datetime) -> blank.Spoil:
            return blank.Spoil(agency=body.agency, series=series, number=serial, reason=body.reason, officer=principal.sub, at=at)

        return await run(request, principal, lambda command: office.stock(body.agency, series, wanted(command.meta.time), command), left)

    @router.post("/blanks/{series}/{serial}/return", responses=gives(StockReceipt))
    async def give_back(
        request: Request, series: Series, serial: Serial, body: GivingBackBody, principal: Annotated[Principal, allowed("blank.handle")]
    ) -> Response:
        """Send an unused blank back to whoever supplies them."""

        def wanted(at: datetime) -> blank.GiveBack:
            return blank.GiveBack(agency=body.agency, series=series, number=serial, officer=principal.sub, at=at)

        return await run(request, principal, lambda command: office.stock(body.agency, series, wanted(command.meta.time), command), left)

    @router.post("/blanks/{series}/{serial}/loss", responses=gives(StockReceipt))
    async def miss(
        request: Request, series: Series, serial: Serial, body: LossBody, principal: Annotated[Principal, allowed("blank.handle")]
    ) -> Response:
        """Note that a blank is not where it should be."""

        def wanted(at: datetime) -> blank.Miss:
            return blank.Miss(agency=body.agency, series=series, number=serial, record=body.record, officer=principal.sub, at=at)

        return await run(request, principal, lambda command: office.stock(body.agency, series, wanted(command.meta.time), command), left)

    _ = (receive, spoil, give_back, miss)


def add_counting(router: APIRouter, office: PermitOffice) -> None:
    """Add where every number and every blank went."""

    @router.get("/blanks/{series}", responses=gives(StockAnswer))
    async def stock(
        series: Series,
        principal: Annotated[Principal, allowed("book.read")],
        agency: Annotated[str, Query(pattern=AGENCY_PATTERN, examples=["H09.13"])],
        as_of: AtInstant = None,
    ) -> Response:
        """Account for every blank of a series: how many of each fate, what is left, and what each that is gone was used for."""
        principal.require(agency)
        history = await office.runtime.log.load(blank.stream_of(agency, series))
        held = blank.DECIDER.state_of(as_it_was(history, as_of, None))
        fates = {"issued": 0, "spoiled": 0, "returned": 0, "lost": 0}
        for fate in held.fates.values():
            fates[fate] += 1
        gone = [{"number": number, "fate": fate, "permit_id": held.permits.get(number)} for number, fate in sorted(held.fates.items())]
        body = {"series": series, "received": len(held.received), **fates, "left": len(held.left), "next": next(iter(held.left), None)}
        return json_response({**body, "gone": gone})

    @router.get("/books/{year}", responses=gives(BookPage))
    async def book(
        year: Annotated[int, Path(ge=2000, le=2999)],
        principal: Annotated[Principal, allowed("book.read")],
        agency: Annotated[str, Query(pattern=AGENCY_PATTERN, examples=["H09.13"])],
        first: Annotated[int, Query(ge=1, le=999_999)] = 1,
        as_of: AtInstant = None,
        after: After = None,
    ) -> Response:
        """Give a page of the book of a year: each number, what it was given to, and how that stands or stood. No serial is left out."""
        principal.require(agency)
        await wait_for_reactions(office.runtime.log, PERMITS.name, consume.NAME, consume.SOURCE, after)
        if as_of is None:
            rows = [dict(row) for row in await office.register.book(principal, agency, year, first, BOOK_PAGE)]
        else:
            rows = await book_then(office.runtime.log, agency, year, first, BOOK_PAGE, as_of)
        return json_response({"year": year, "entries": rows, "next": first + len(rows) if len(rows) == BOOK_PAGE else None})

    _ = (stock, book)
