"""Step 2 of 8, handle: the money of a dossier. Each payment gets the next receipt of the year, stored with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from contracts.intake_fees import PaymentCode, PaymentMethod, PaymentTaken
from contracts.vocabulary import AgencyCode, DossierId
from kernel.edge.idempotency import Command
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.eventlog import Conflict, Contended, History, Meta, Refused, Slice, Target, carry_out, next_in_book
from kernel.legalclock import day_of
from services.intake.domain import commands, dossier, payment, receipts, states
from services.intake.handle import Door, DossierOutcome

GATEWAY: Final = "gateway:payments"
TRIES_MAX: Final = 4

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A payment, as who took it tells of it."""

    payment: PaymentCode
    method: PaymentMethod
    amount_vnd: int
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Cashier:
    """Takes money, at the desk and through a gateway."""

    door: Door

    async def at_desk(self, stream: UUID, came: Came, command: Command) -> DossierOutcome:
        """Take the fee at the desk.

        Raises:
            Refused: if it is not due, or not so much, or was given for another dossier.
        """
        *_, found = await self.door.dossier(stream, command.principal)
        how = {"expected": command.expected, "beside": command.beside}
        return await self._receive(found.id, found.agency, came, command.meta, how)

    async def reported(self, stream: UUID, came: Came, at: datetime) -> DossierOutcome:
        """Take what a gateway tells of, once, however often it tells it.

        Raises:
            Problem: 404, if there is no such dossier.
            Refused: if the fee is not due, or not so much, or the payment was taken for another dossier.
        """
        # The same payment again is the same command, so that two that come at once are one. Of another amount it is another.
        meta = Meta(f"payment:{stream}:{came.payment}:{came.amount_vnd}", GATEWAY, at)
        for _ in range(TRIES_MAX):
            state = dossier.DECIDER.state_of(await self.door.runtime.log.load(stream))
            if isinstance(state, states.Absent):
                raise Problem(NOT_FOUND)
            try:
                return await self._receive(state.dossier.id, state.dossier.agency, came, meta, {})
            except Conflict:  # stored by its twin meanwhile, under another receipt: look again
                continue
            except Refused as refused:
                if refused.reason == payment.TAKEN_ELSEWHERE:
                    LOGGER.warning("payment %s is told for two dossiers, the second is %s", came.payment, stream)
                raise
        raise Contended

    async def _receive(self, id: DossierId, agency: AgencyCode, came: Came, meta: Meta, how: dict[str, Any]) -> DossierOutcome:
        year, own = day_of(meta.time).year, payment.stream_of(agency, came.method, came.payment)
        taken = PaymentTaken(payment=came.payment, method=came.method, dossier_id=id, agency=agency, amount_vnd=came.amount_vnd)

        async def with_receipt(book: History) -> DossierOutcome:
            history = await self.door.runtime.log.load(own)
            tied = payment.taken((event.fact for event in history.events), taken)
            receipt = receipts.allot(agency, year, book.version, id, came.amount_vnd)
            pay = commands.PayFee(
                payment=came.payment,
                method=came.method,
                amount_vnd=came.amount_vnd,
                receipt=receipt.number,
                paid_at=came.paid_at,
                at=meta.time,
                by=meta.actor,
            )
            target = Target(id, dossier.DECIDER, pay)
            slices = [Slice(book, agency, [receipt]), *(Slice(history, agency, [fact]) for fact in tied)]
            return await carry_out(self.door.runtime.log, target, meta, agency=agency, also=lambda _: slices, tries=1, **how)

        return await next_in_book(self.door.runtime.log, receipts.stream_of(agency, year), with_receipt)
