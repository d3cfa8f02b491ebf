"""Step 1 of 8, http_api: the papers of the desk: as JSON for whoever computes with them, as PDF for whoever prints them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After
from kernel.edge.problem import NOT_ALLOWED, NOT_FOUND, Problem
from kernel.paper.answer import A_PDF, pdf_response, wants_pdf
from kernel.paper.press import Press
from services.intake import http_dossiers, http_look_up
from services.intake.domain.papers import Receipt, RegisterBook
from services.intake.printing import Printing
from services.intake.stationery import PaperName

ACTIONS: Final[dict[str, set[str]]] = {
    "receipt.print": {"portal", "desk", "officer", "leader"},
    "register.print": {"desk", "leader"},
}

PERSONAL_TO: Final = http_dossiers.ACTIONS["dossier.read-personal"]
SECRET_TO: Final = http_look_up.ACTIONS["dossier.look-up-secret"]
VARY: Final = {"Vary": "Accept"}

Personal = Annotated[bool, Query(description="Put in what is personal; who read it is recorded. For roles that may read particulars.")]


def routes(printing: Printing, press: Press) -> APIRouter:
    """Make the routes of papers."""
    router = APIRouter(prefix="/v1")

    async def given(request: Request, name: PaperName, made: Receipt | RegisterBook, file: str) -> Response:
        if not wants_pdf(request.headers.get("accept")):
            return json_response(made, headers=VARY)
        answer = pdf_response(await press.typeset(printing.stationery.templates[name], made, made.made_at), file)
        answer.headers.update(VARY)
        return answer

    @router.get("/dossiers/{id}/receipt", responses={200: {"model": Receipt, **A_PDF[200]}})
    async def receipt(
        request: Request,
        id: UUID,
        principal: Annotated[Principal, allowed("receipt.print")],
        personal: Personal = False,  # noqa: FBT002 - a query
    ) -> Response:
        """Give the receipt with the appointment (NĐ 61/2018, Điều 17.2.c), as it was when the dossier was received; as PDF/A if asked for.

        The same facts give the same bytes. The code to look the dossier up is printed for roles that may have it.
        """
        insist_on_role(principal, personal=personal)
        secret = not SECRET_TO.isdisjoint(principal.roles)
        if (made := await printing.receipt(id, principal, personal=personal, secret=secret)) is None:
            raise Problem(NOT_FOUND)
        return await given(request, "receipt", made, f"giay-tiep-nhan-{made.code}")

    @router.get("/register-book", responses={200: {"model": RegisterBook, **A_PDF[200]}})
    async def book(
        request: Request,
        principal: Annotated[Principal, allowed("register.print")],
        year: Annotated[int, Query(ge=2000, le=9998)],
        since: Annotated[date | None, Query(alias="from", description="First local day; of the year, unless given.")] = None,
        until: Annotated[date | None, Query(description="Last local day; of the year, unless given.")] = None,
        personal: Personal = False,  # noqa: FBT002 - a query
        after: After = None,
    ) -> Response:
        """Give the register of dossiers (TT 01/2018, Điều 10.2) for a period of a year; as PDF/A if asked for.

        Lines are numbered through the year without a gap, so the parts of a year that is printed bit by bit make one book.
        """
        insist_on_role(principal, personal=personal)
        made = await printing.book(principal, year, since, until, after, personal=personal)
        return await given(request, "register", made, f"so-theo-doi-ho-so-{year}")

    _ = (receipt, book)
    return router


def insist_on_role(principal: Principal, *, personal: bool) -> None:
    """Let only those ask for what is personal who may read it elsewhere.

    Raises:
        Problem: 403.
    """
    if personal and PERSONAL_TO.isdisjoint(principal.roles):
        raise Problem(NOT_ALLOWED)
