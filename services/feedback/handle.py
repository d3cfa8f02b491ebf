"""Step 2 of 8, handle: what each command needs to be decided: histories, ids, sealed texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from contracts.feedback import Criterion
from contracts.vocabulary import AgencyCode, InvitationId, OpinionId, RatingId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.service import Runtime
from kernel.eventlog import History, Outcome, Slice, Target, carry_out, next_in_book
from kernel.vault import ENTRY, Sealed
from services.feedback.domain import invitation, opinion, rating
from services.feedback.domain.opinion import OpinionChannel, Topic
from services.feedback.domain.token import hash_of, invitation_in
from services.feedback.settings import FeedbackSettings

OpinionOutcome = Outcome[opinion.State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer as it was given, with the token that allows it."""

    token: str
    satisfaction: int
    points: Mapping[Criterion, int]
    comment: str | None


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
class Listening:
    """Carries out the commands of those who answer, those who speak unasked, and those who answer them."""

    runtime: Runtime[FeedbackSettings]

    async def rate(self, given: Given, command: Command) -> Outcome[rating.State]:
        """Use the invitation and record the rating, in one commit or not at all.

        The outcome told to the caller is the rating's. So neither the answer nor the record of the command names the invitation.

        Raises:
            Refused: an `invitation.Refusal`.
        """
        rating_id = RatingId(uuid5(command.id, "rating"))
        sealed = self.runtime.vault.seal(rating_id, {"comment": given.comment}) if given.comment else None
        invitation_id, use = claimed(given.token), invitation.Use(token_hash=hash_of(given.token), at=command.meta.time)

        async def with_invitation(_: History) -> Outcome[rating.State]:
            # A book tells only where it stands; whether an invitation may be used is told by its events.
            history = await self.runtime.log.load(invitation_id)
            state = invitation.DECIDER.state_of(history)
            about, used = invitation.about(state), invitation.decide(use, state)
            record = rating.Record(
                rating_id=rating_id,
                agency=about.agency,
                procedure=about.procedure,
                field=about.field,
                occasion=about.occasion,
                satisfaction=given.satisfaction,
                points=given.points,
                comment_ref=VaultRef(sealed.ref) if sealed else None,
                commitment=sealed.commitment if sealed else None,
                at=command.meta.time,
            )
            return await carry_out(
                self.runtime.log,
                Target(rating_id, rating.DECIDER, record),
                command.meta,
                agency=about.agency,
                beside=command.beside_with({ENTRY: [sealed.row]} if sealed else {}),
                also=lambda _: [Slice(history, about.agency, used)],
                tries=1,
            )

        # The invitation is like a book with one number to give: who comes second reads it again, and is refused.
        return await next_in_book(self.runtime.log, invitation_id, with_invitation)

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


def claimed(token: str) -> InvitationId:
    """Read which invitation a token claims to be for; whether it is, is decided on the invitation.

    Raises:
        Refused: "no-such-invitation", for what is no token.
    """
    try:
        return invitation_in(token)
    except ValueError as error:
        raise invitation.refused("no-such-invitation") from error
