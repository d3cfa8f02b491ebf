"""Step 2 of 8, handle: what a rating needs to be decided: the invitation, ids, the sealed comment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid5

from contracts.feedback import Criterion
from contracts.vocabulary import InvitationId, RatingId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.service import Runtime
from kernel.eventlog import History, Outcome, Slice, Target, carry_out, next_in_book
from kernel.vault import ENTRY
from services.feedback.domain import invitation, rating
from services.feedback.domain.token import hash_of, invitation_in
from services.feedback.settings import FeedbackSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer as it was given, with the token that allows it."""

    token: str
    satisfaction: int
    points: Mapping[Criterion, int]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Ratings:
    """Carries out the commands of those who were asked."""

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


def claimed(token: str) -> InvitationId:
    """Read which invitation a token claims to be for; whether it is, is decided on the invitation.

    Raises:
        Refused: "no-such-invitation", for what is no token.
    """
    try:
        return invitation_in(token)
    except ValueError as error:
        raise invitation.refused("no-such-invitation") from error
