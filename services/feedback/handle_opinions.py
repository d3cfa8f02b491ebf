"""Step 2 of 8, handle: what opinions and their answers need to be decided: histories, ids, sealed texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from contracts.vocabulary import AgencyCode, OpinionId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.service import Runtime
from kernel.eventlog import Outcome, Target, carry_out
from kernel.vault import ENTRY, Sealed
from services.feedback.domain import opinion
from services.feedback.domain.opinion import OpinionChannel, Topic
from services.feedback.settings import FeedbackSettings

OpinionOutcome = Outcome[opinion.State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An opinion as it was said; `contact` is name, phone, email, whatever was left, or None.

    `by_clerk` = the desk or the portal passes it on, which may do so for its own agency only.
    """

    channel: OpinionChannel
    topic: Topic
    text: str
    contact: Mapping[str, str] | None
    by_clerk: bool


@dataclass(frozen=True, slots=True)
class Opinions:
    """Carries out the commands of those who speak unasked, and of those who answer them."""

    runtime: Runtime[FeedbackSettings]

    async def receive(self, said: Said, command: Command) -> OpinionOutcome:
        """Take an opinion in; its words go into the vault."""
        opinion_id, agency = OpinionId(uuid5(command.id, "opinion")), self.runtime.settings.agency
        if said.by_clerk:
            command.principal.require(agency)
        sealed = self.runtime.vault.seal(opinion_id, {"text": said.text, "contact": said.contact})
        receive = opinion.Receive(
            opinion_id=opinion_id,
            agency=agency,
            channel=said.channel,
            topic=said.topic,
            anonymous=said.contact is None,
            text_ref=VaultRef(sealed.ref),
            commitment=sealed.commitment,
            at=command.meta.time,
        )
        return await self._on_opinion(opinion_id, receive, agency, command, sealed)

    async def answer(self, opinion_id: UUID, text: str, command: Command) -> OpinionOutcome:
        """Answer an opinion; the answer's words go into the vault beside the opinion's.

        Raises:
            Refused: an `opinion.Refusal`.
            Problem: 403, if the opinion went to another agency.
        """
        agency = await self._agency_of(opinion_id, command.principal)
        sealed, meta = self.runtime.vault.seal(opinion_id, {"text": text}), command.meta
        answer = opinion.Answer(answer_ref=VaultRef(sealed.ref), commitment=sealed.commitment, by=meta.actor, at=meta.time)
        return await self._on_opinion(opinion_id, answer, agency, command, sealed)

    async def _agency_of(self, opinion_id: UUID, principal: Principal) -> AgencyCode:
        match opinion.DECIDER.state_of(await self.runtime.log.load(opinion_id)):
            case opinion.Absent():
                raise opinion.refused("no-such-opinion")
            case opinion.Open(agency=agency) | opinion.Answered(agency=agency):
                principal.require(agency)
                return agency

    async def _on_opinion(self, id: UUID, wanted: opinion.Command, agency: AgencyCode, command: Command, sealed: Sealed) -> OpinionOutcome:
        target, beside = Target(id, opinion.DECIDER, wanted), command.beside_with({ENTRY: [sealed.row]})
        return await carry_out(self.runtime.log, target, command.meta, agency=agency, expected=command.expected, beside=beside)
