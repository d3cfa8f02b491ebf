"""Step 8 of 8, query: the papers of the desk, made of facts, and of the vault for who may see what is personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from contracts.intake import DossierAccepted, DossierSubmitted
from contracts.intake_erasure import DossierPersonalDataErased
from contracts.vocabulary import AgencyCode
from kernel.edge.identity import Principal
from kernel.edge.position import wait_for
from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from kernel.edge.wall import fetch_for
from kernel.legalclock import day_of
from kernel.legalclock.instants import midnight
from kernel.paper.qr import qr_svg
from kernel.vault import Erased
from services.intake.domain.papers import (
    LookUpCode,
    Receipt,
    RegisterBook,
    Words,
    party_of,
    proxy_of,
    receipt,
    register_book,
    register_line,
)
from services.intake.handle import Door
from services.intake.look_up import secret_of
from services.intake.named import Names
from services.intake.projections import REGISTER
from services.intake.query import QUERY
from services.intake.stationery import PaperName, Stationery

LINES_MAX: Final = 1000
"""Dossiers in one register: a longer period is printed in parts, whose numbers go on."""
RECEIPT_SLIP: Final = "receipt-slip"
REGISTER_BOOK: Final = "register-book"
PURPOSES: Final = frozenset({RECEIPT_SLIP, REGISTER_BOOK})
"""The vault's purposes of printing what the law's forms want to be named."""

TOO_LONG: Final = Sentence(
    "Kỳ này có hơn {most} hồ sơ; hãy chọn kỳ ngắn hơn.", "More than {most} dossiers were received in this period: choose a shorter one."
)
OTHER_YEAR: Final = Sentence("Kỳ phải nằm trong năm của sổ.", "The period must be within the year of the register.")
BACKWARDS: Final = Sentence("Ngày cuối không được trước ngày đầu.", "The last day must not be before the first.")


@dataclass(frozen=True, slots=True)
class Printing:
    """Makes the papers."""

    door: Door
    names: Names
    stationery: Stationery

    async def receipt(self, id: UUID, principal: Principal, *, personal: bool, secret: bool) -> Receipt | None:
        """Make the receipt of a dossier; `personal` puts in who applies, `secret` how it is looked up. None while it is not received.

        Raises:
            Problem: 404 if there is no such dossier, 403 if it is another agency's.
        """
        *_, found = await self.door.dossier(id, principal)
        facts = await self._facts(id)
        accepted = next((fact for fact in facts if isinstance(fact, DossierAccepted)), None)
        if accepted is None:
            return None
        words = words_for(self.stationery, "receipt", found.agency, day_of(accepted.accepted_at), await self._content(accepted))
        particulars = await self._personal(facts, principal, RECEIPT_SLIP) if personal else None
        look_up = self._look_up(id, accepted.code) if secret else None
        return receipt(facts, words, party_of(enterprise_in(facts), particulars), proxy_of(particulars), look_up)

    async def book(
        self, principal: Principal, year: int, since: date | None, until: date | None, after: str | None, *, personal: bool
    ) -> RegisterBook:
        """Make the register of the department for a period of a year, of the whole year unless it is said.

        Raises:
            Problem: 403; 422 for a period that cannot be, or holds too much; 503, if the table is not as far as `after` within the bound.
        """
        agency = self.door.catalogue.agency
        principal.require(agency)
        first, last = since or date(year, 1, 1), until or date(year, 12, 31)
        insist_on_period(year, first, last)
        log = self.door.runtime.log
        await wait_for(log, REGISTER.name, after)
        bounds = (midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1)))
        rows = await fetch_for(principal, log.pool, QUERY["register_book"], agency, *bounds, first, last, LINES_MAX + 1)
        if len(rows) > LINES_MAX:
            raise Problem(INVALID, faults=[Fault("query", "/until", TOO_LONG.filled(most=LINES_MAX))])
        lines, made_at = list[Any](), midnight(first)
        for row in rows:
            facts = await self._facts(row["dossier_id"])
            accepted = next(fact for fact in facts if isinstance(fact, DossierAccepted))
            particulars = await self._personal(facts, principal, REGISTER_BOOK) if personal else None
            name = (await self._content(accepted))["name"]
            lines.append(register_line(row["number"], facts, name, party_of(enterprise_in(facts), particulars)))
            made_at = max(made_at, *instants_in(facts))
        return register_book(words_for(self.stationery, "register", agency, first), year, first, last, lines, made_at)

    async def _facts(self, id: UUID) -> list[Any]:
        return [event.fact for event in (await self.door.runtime.log.load(id)).events]

    async def _content(self, accepted: DossierAccepted) -> Mapping[str, Any]:
        return await self.names.content(accepted.procedure, accepted.procedure_hash)

    async def _personal(self, facts: Sequence[Any], principal: Principal, purpose: str) -> dict[str, Any] | None:
        """Read who applies; of a person who was forgotten nothing is left, and the paper has a line to be filled in."""
        if any(isinstance(fact, DossierPersonalDataErased) for fact in facts):
            return None
        submitted = next(fact for fact in facts if isinstance(fact, DossierSubmitted))
        runtime = self.door.runtime
        try:
            return await runtime.vault.read(runtime.log.pool, submitted.personal_ref, principal.sub, purpose)
        except Erased:
            return None

    def _look_up(self, id: UUID, code: str) -> LookUpCode:
        """Say how the dossier is looked up. Secret and code stand behind the `#`: a browser sends nothing of that to any server's log."""
        settings = self.door.runtime.settings
        secret = secret_of(settings.token_secret.get_secret_value().encode(), id)
        return LookUpCode(address=settings.look_up_url, secret=secret, svg=qr_svg(f"{settings.look_up_url}#{code}/{secret}"))


def words_for(stationery: Stationery, name: PaperName, agency: AgencyCode, on: date, content: Mapping[str, Any] | None = None) -> Words:
    """Give the words of a paper: the agency's, under the rules of a day, and those of a version of a procedure."""
    head = stationery.letterhead(agency)
    return Words(
        parent=head.parent,
        agency=head.name,
        place=head.place,
        capacity=head.capacity,
        telephone=head.telephone,
        form=stationery.form(name, on),
        procedure=content["name"] if content else "",
        components={one["code"]: one["name"] for one in content["components"]} if content else None,
    )


def enterprise_in(facts: Sequence[Any]) -> Any:
    """Give the enterprise whose dossier it is, if it is one's."""
    return next(fact.enterprise for fact in facts if isinstance(fact, DossierSubmitted))


def instants_in(facts: Sequence[Any]) -> list[datetime]:
    """Give the instants that facts tell of as their own."""
    return [value for fact in facts for name, value in fact if name.endswith("ed_at") and isinstance(value, datetime)]


def insist_on_period(year: int, first: date, last: date) -> None:
    """Let only a period of one year pass.

    Raises:
        Problem: 422, naming the parameter.
    """
    for pointer, day in (("/from", first), ("/until", last)):
        if day.year != year:
            raise Problem(INVALID, faults=[Fault("query", pointer, OTHER_YEAR)])
    if last < first:
        raise Problem(INVALID, faults=[Fault("query", "/until", BACKWARDS)])
