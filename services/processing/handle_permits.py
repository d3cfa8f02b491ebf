"""Step 2 of 8, handle: what each command about a permit or a blank needs: template, holder, page, signature, the next number, the stock."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Literal, TypeAlias
from uuid import UUID

from contracts.processing_permits import Blank
from contracts.vocabulary import AgencyCode, ContentHash, PermitId, ProcedureCode
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.edge.service import Runtime
from kernel.eventlog import Contended, History, Meta, Outcome, Refused, Slice, Target, VersionMismatch, carry_out, next_in_book
from kernel.legalclock import day_of, load_calendar, midnight
from kernel.paper.press import Press
from kernel.paper.qr import qr_svg
from kernel.paper.shelf import PAGE, row_of
from kernel.paper.signing import Signer
from services.processing.domain import blank, book, case, permit, template
from services.processing.domain.case_states import Absent, Known
from services.processing.domain.permit_page import PermitPage, Printing, claims, permit_page
from services.processing.domain.permit_states import Absent as NoPermit
from services.processing.domain.permit_states import (
    Amend,
    Draft,
    Expire,
    Permit,
    Publish,
    Reissue,
    RevocationReason,
    Revoke,
    State,
    Value,
    Write,
)
from services.processing.domain.permit_states import Drafted as OnlyDrafted
from services.processing.domain.permit_states import Known as PermitState
from services.processing.domain.workflow import SIGNING_ROLE
from services.processing.handle_case import insist_on_duty
from services.processing.handle_organisation import Establishment
from services.processing.permit_pages import address_of, setting_of
from services.processing.query import Register
from services.processing.settings import ProcessingSettings
from services.processing.templates import Stationery, Template, load_stationery

RECORDS: Final = "van-thu"
"""The role that keeps the blanks and lets documents go out."""

TRIES_MAX: Final = 5

PermitOutcome: TypeAlias = Outcome[State]
StockOutcome: TypeAlias = Outcome[blank.Stock]


@dataclass(frozen=True)
class PermitOffice:
    """Carries out the commands about permits and blanks."""

    runtime: Runtime[ProcessingSettings]
    register: Register
    establishment: Establishment
    signer: Signer
    press: Press = field(default_factory=Press)

    @cached_property
    def stationery(self) -> Stationery:
        """What papers are made of."""
        return load_stationery(self.runtime.settings.templates, self.runtime.settings.organisation)

    async def publish_templates(self, at: datetime) -> None:
        """Publish every version of a template that is new; the second time there is nothing to publish."""

        async def publish(one: Template) -> None:
            target = Target(template.stream_of(one.on_file.code), template.DECIDER, one.published(at))
            meta = Meta(f"{target.stream}:{one.on_file.version}", f"system:{self.runtime.name}", at)
            await carry_out(self.runtime.log, target, meta, agency=self.runtime.settings.agency)

        await asyncio.gather(*(publish(one) for one in self.stationery.templates.values()))

    async def draft(self, case_id: UUID, values: Mapping[str, Value], command: Command) -> PermitOutcome:
        """Write down what the permit of a case shall say.

        Raises:
            Refused: a `permit.Reason`, as every command here; "not-in-roster" for somebody who has no post.
            Problem: 404 without such a case, 403 if it is another agency's.
        """
        await self._officer(command)
        _, state = await self.case(case_id)
        command.principal.require(state.case.agency)
        used = self.stationery.template_for(state.case.procedure, day_of(command.meta.time))
        wanted = Write(
            permit=permit.stream_of(state.case.id),
            case=state.case.id,
            agency=state.case.agency,
            template=used.known,
            values=values,
            personal=(await self.register.result_of(state.case.dossier)).holder is None,
            officer=command.principal.sub,
            at=command.meta.time,
        )
        return await self._carry_out(wanted.permit, wanted, state.case.agency, command)

    async def publish(self, permit_id: UUID, paper: Blank | None, command: Command, *, spoiled: bool) -> PermitOutcome:
        """Make the page, sign it, and let it go out; the blank leaves the stock in the same commit.

        Raises:
            Refused: a `blank.Reason` too.
            Contended: if others kept being first.
        """
        for _ in range(TRIES_MAX):
            history, state = await self._permit(permit_id, command)
            await self._officer(command, RECORDS)
            before = permit.insist_in_force(state, command.meta.time)
            wanted, page = await self._made(before, paper, spoiled=spoiled, command=command)
            taken = await self._taken(before, paper, wanted, command) if paper and permit.decide(wanted, state) else None

            def also(_: PermitOutcome, taken: Slice | None = taken) -> list[Slice]:
                return [taken] if taken else []

            try:
                return await carry_out(
                    self.runtime.log,
                    Target(permit_id, permit.DECIDER, wanted),
                    command.meta,
                    agency=before.agency,
                    # Decided on what the page was made from: if the permit has changed meanwhile, the page is made again.
                    expected=history.version if command.expected is None else command.expected,
                    beside=command.beside_with({PAGE: [row_of(wanted.document_hash, permit_id, page)]}),
                    also=also,
                    tries=1,
                )
            except Contended:
                continue
            except VersionMismatch:
                if command.expected is not None:
                    raise
        raise Contended

    async def amend(
        self,
        permit_id: UUID,
        kind: Literal["amendment", "correction"],
        values: Mapping[str, Value],
        legal_basis: str,
        command: Command,
    ) -> PermitOutcome:
        """Change what a permit says; only who signs may."""
        _, state = await self._permit(permit_id, command)
        await self._officer(command, SIGNING_ROLE)
        before = state.permit
        used = self.stationery.template_for(before.procedure, day_of(command.meta.time)).known
        wanted = Amend(
            kind=kind, template=used, values=values, legal_basis=legal_basis, officer=command.principal.sub, at=command.meta.time
        )
        return await self._carry_out(PermitId(permit_id), wanted, before.agency, command)

    async def reissue(self, permit_id: UUID, reason: Literal["paper-lost", "paper-damaged"], command: Command) -> PermitOutcome:
        """Give a permit again under the next number of the book; number and permit are stored in one commit."""
        _, state = await self._permit(permit_id, command)
        await self._officer(command, SIGNING_ROLE)
        before, at = state.permit, command.meta.time
        year = day_of(at).year

        async def with_number(history: History) -> PermitOutcome:
            serial = history.version + 1
            number = book.number_of(serial, "granted", before.kind)
            entry = book.allot(before.agency, year, serial, number, before.case, before.id)
            wanted = Reissue(number=number, reason=reason, issued_on=day_of(at), officer=command.principal.sub, at=at)
            return await carry_out(
                self.runtime.log,
                Target(PermitId(permit_id), permit.DECIDER, wanted),
                command.meta,
                agency=before.agency,
                expected=command.expected,
                beside=command.beside,
                also=lambda _: [Slice(history, before.agency, [entry])],
                tries=1,
            )

        return await next_in_book(self.runtime.log, book.stream_of(before.agency, year), with_number)

    async def revoke(self, permit_id: UUID, reason: RevocationReason, legal_basis: str, command: Command) -> PermitOutcome:
        """Take a permit back."""
        _, state = await self._permit(permit_id, command)
        await self._officer(command, SIGNING_ROLE)
        at, of = command.meta.time, state.permit
        days = self._template(of.draft, of.procedure, at).on_file.return_days
        wanted = Revoke(
            reason=reason,
            legal_basis=legal_basis,
            return_by=load_calendar().as_known_at(at).add_working_days(day_of(at), days),
            officer=command.principal.sub,
            at=at,
        )
        return await self._carry_out(PermitId(permit_id), wanted, state.permit.agency, command)

    async def expire(self, now: datetime) -> int:
        """Note which permits are over by an instant; give how many. The fact has the time that the date gives, whoever looks and when."""
        noted = 0
        for permit_id, agency, last in await self.register.permits_over(day_of(now)):
            today = last + timedelta(days=1)
            at = midnight(today)
            meta = Meta(f"expiry:{permit_id}:{last.isoformat()}", f"system:{self.runtime.name}", at)
            outcome = await carry_out(self.runtime.log, Target(permit_id, permit.DECIDER, Expire(today=today, at=at)), meta, agency=agency)
            noted += len(outcome.facts)
        return noted

    async def stock(self, agency: AgencyCode, series: str, wanted: blank.Command, command: Command) -> StockOutcome:
        """Carry out what is asked of the stock of blanks.

        Raises:
            Refused: a `blank.Reason`.
        """
        command.principal.require(agency)
        await self._officer(command, RECORDS)
        target = Target(blank.stream_of(agency, series), blank.DECIDER, wanted)
        return await carry_out(self.runtime.log, target, command.meta, agency=agency, expected=command.expected, beside=command.beside)

    async def preview(self, case_id: UUID, principal: Principal, at: datetime) -> tuple[bytes, PermitPage]:
        """Make the page that a draft would lead to, with no number and no signature; give the template's source too.

        Raises:
            Problem: 404 if there is no draft, 403 if the case is another agency's.
        """
        history, state = await self.case(case_id)
        principal.require(state.case.agency)
        found = permit.DECIDER.state_of(await self.runtime.log.load(permit.stream_of(state.case.id)))
        if not isinstance(found, OnlyDrafted):
            raise Problem(NOT_FOUND)
        expected = await self.register.result_of(state.case.dossier)
        to_be = Permit(
            id=permit.stream_of(state.case.id),
            case=state.case.id,
            dossier=state.case.dossier,
            agency=state.case.agency,
            procedure=state.case.procedure,
            kind=expected.result or "",
            number="",
            issued_on=day_of(at),
            expires_on=None,
            holder=expected.holder,
            draft=found.draft,
        )
        used = self._template(found.draft, state.case.procedure, at)
        facts = [event.fact for event in history.events]
        page = permit_page(to_be, facts, setting_of(to_be, used, self.stationery), Printing(blank=None, at=at, qr="", trial=False))
        return used.source, page.draft()

    async def case(self, case_id: UUID) -> tuple[History, Known]:
        """Give a case's history and state.

        Raises:
            Problem: 404, if there is none.
        """
        history = await self.runtime.log.load(case_id)
        if isinstance(state := case.DECIDER.state_of(history), Absent):
            raise Problem(NOT_FOUND)
        return history, state

    async def _made(self, of: Permit, paper: Blank | None, *, spoiled: bool, command: Command) -> tuple[Publish, bytes]:
        """Make and sign the page of a permit as it stands."""
        at = command.meta.time
        used = self._template(of.draft, of.procedure, at)
        token = self.signer.token(claims(of, at, paper))
        facts = [event.fact for event in (await self.runtime.log.load(of.case)).events]
        qr = qr_svg(address_of(self.runtime.settings.public_url, of, token))
        printing = Printing(blank=paper, at=at, qr=qr, trial=self.signer.trial)
        shown = permit_page(of, facts, setting_of(of, used, self.stationery), printing)
        page = await self.press.typeset(used.source, shown, at)
        signed = await self.press.sign(self.signer, page, f"Ban hành {of.kind} số {of.number}", shown.head.place)
        wanted = Publish(
            edition=of.edition,
            template=used.known,
            blank=paper,
            spoiled=spoiled,
            token=token,
            page_hash=hash_of(page),
            document_hash=hash_of(signed),
            certificate_hash=self.signer.fingerprint,
            trial=self.signer.trial,
            officer=command.principal.sub,
            at=at,
        )
        return wanted, signed

    async def _taken(self, of: Permit, paper: Blank, wanted: Publish, command: Command) -> Slice | None:
        """Take the blank out of the stock, as the stock is now."""
        history = await self.runtime.log.load(blank.stream_of(of.agency, paper.series))
        instead = of.page.blank if wanted.spoiled and of.page else None
        use = blank.Use(
            agency=of.agency,
            series=paper.series,
            number=paper.number,
            permit=of.id,
            permit_number=of.number,
            instead=instead.number if instead else None,
            officer=command.principal.sub,
            at=command.meta.time,
        )
        facts = blank.decide(use, blank.DECIDER.state_of(history))
        return Slice(history, of.agency, facts) if facts else None

    async def _permit(self, permit_id: UUID, command: Command) -> tuple[History, PermitState]:
        """Give where a permit stands.

        Raises:
            Refused: "no-such-permit".
            Problem: 403, if it is another agency's.
        """
        history = await self.runtime.log.load(permit_id)
        state = permit.DECIDER.state_of(history)
        if isinstance(state, NoPermit | OnlyDrafted):
            raise Refused("no-such-permit")
        command.principal.require(state.permit.agency)
        return history, state

    def _template(self, draft: Draft | None, procedure: ProcedureCode, at: datetime) -> Template:
        """Give the template that a draft is pinned to; without a draft, the one in force."""
        pinned = self.stationery.templates.get(draft.template_hash) if draft else None
        return pinned or self.stationery.template_for(procedure, day_of(at))

    async def _officer(self, command: Command, role: str | None = None) -> None:
        """Insist on somebody who has a post on that day and is not away, and who holds a role or acts for whoever does.

        Raises:
            Refused: "not-in-roster", "on-leave", "not-your-task".
        """
        _, staff = await self.establishment.organisation()
        day = day_of(command.meta.time)
        insist_on_duty(staff, command.principal.sub, day)
        officer = staff.officer(command.principal.sub, day)
        if officer is None or (role is not None and role not in officer.roles):
            raise Refused("not-your-task")

    async def _carry_out(self, stream: PermitId, wanted: permit.Command, agency: AgencyCode, command: Command) -> PermitOutcome:
        target = Target(stream, permit.DECIDER, wanted)
        return await carry_out(self.runtime.log, target, command.meta, agency=agency, expected=command.expected, beside=command.beside)


def hash_of(page: bytes) -> ContentHash:
    """Give the SHA-256 of a page."""
    return hashlib.sha256(page).hexdigest()
