"""Step 2 of 8, handle: what a petition's commands need: rules and calendar of the day, sealed words, and the other petition of a merger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from contracts.feedback_petitions import PetitionKind, PetitionReceived, PetitionTopic
from contracts.vocabulary import PetitionId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.service import Runtime
from kernel.eventlog import History, Outcome, Slice, Target, carry_out, next_in_book
from kernel.legalclock import day_of, load_calendar
from kernel.vault import ENTRY, Erased, Sealed
from services.feedback.domain import petition
from services.feedback.domain import petition_commands as asked
from services.feedback.domain.follow_up import code_hash_of, code_of
from services.feedback.domain.petition_facts import refused
from services.feedback.domain.petition_states import Absent, Closed, Petition, State
from services.feedback.petition_limits import load_rules
from services.feedback.settings import FeedbackSettings

PetitionOutcome = Outcome[State]

PROTECTED_ROLE: Final = "inspector"
"""Who alone sees denunciations, and works on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A petition as it was written down: `contact` holds name, address, phone, perhaps an email address."""

    channel: asked.Channel
    party: asked.Party
    topic: PetitionTopic
    text: str
    contact: Mapping[str, str]
    by_clerk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a message that says several things."""

    kind: PetitionKind
    topic: PetitionTopic
    text: str


class Wanted(Protocol):
    """Makes the domain's command of a step, once its instant, its words and its rules are known."""

    def __call__(self, *, at: datetime, words: asked.Words, by: asked.Reckoned, officer: str) -> asked.Command:
        """Make it."""
        ...


@dataclass(frozen=True, slots=True)
class Petitions:
    """Carries out the commands of those who petition, and of those who answer them."""

    runtime: Runtime[FeedbackSettings]

    async def receive(self, entered: Entered, command: Command) -> PetitionOutcome:
        """Enter a petition into the register; its words and who wrote them go into the vault.

        Raises:
            Refused: "outside-calendar".
            Problem: 403, for a clerk of another agency.
        """
        agency = self.runtime.settings.agency
        if entered.by_clerk:
            command.principal.require(agency)
        petition_id = PetitionId(uuid5(command.id, "petition"))
        sealed = self.runtime.vault.seal(petition_id, {"text": entered.text, "contact": dict(entered.contact)})
        receive = self._receive(petition_id, entered.channel, entered.party, entered.topic, sealed, command)
        return await self._carry_out(petition_id, receive, command, sealed)

    async def set_apart(self, id: UUID, part: Part, command: Command) -> PetitionOutcome:
        """Make a part of a message a petition of its own, with the same petitioner.

        A denunciation counts from now and nothing in it leads back: not the link, not the instant, not the channel.

        Raises:
            Refused: a `petition_facts.Refusal`.
        """
        of = await self.found(id, command.principal)
        first = await self._first(id)
        contact = await self._contact(first, command.principal)
        petition_id = PetitionId(uuid5(command.id, "part"))
        sealed = self.runtime.vault.seal(petition_id, {"text": part.text, "contact": contact})
        hidden = part.kind == "denunciation"
        at = command.meta.time
        receive = self._receive(
            petition_id,
            "in-person" if hidden else first.channel,
            "individual" if hidden else first.party,
            part.topic,
            sealed,
            command,
            received_at=at if hidden else of.received_at,
        )
        classify = asked.Classify(
            kind=part.kind,
            topic=part.topic,
            dossier_id=None,
            engagement_id=None,
            by=self.reckoned(at),
            officer=command.principal.sub,
            at=at,
        )
        return await self._carry_out(petition_id, asked.SetApart(receive=receive, classify=classify), command, sealed)

    def code(self, command: Command) -> str:
        """Give the code that goes with what a command enters; the same each time."""
        return code_of(self.runtime.settings.code_secret.get_secret_value().encode(), command.id)

    async def step(self, id: UUID, wanted: Wanted, command: Command, words: Mapping[str, Any] | None = None) -> PetitionOutcome:
        """Do what an officer does with a petition; what he writes goes into the vault beside the petition's own words.

        Raises:
            Refused: a `petition_facts.Refusal`, or "outside-calendar".
            Problem: 403, if the petition is another agency's.
        """
        await self.found(id, command.principal)
        return await self._written(id, wanted, command, words)

    async def follow(self, id: UUID, wanted: Wanted, command: Command, words: Mapping[str, Any] | None = None) -> PetitionOutcome:
        """Do what the petitioner does, whose code was looked up already. Of one that was merged he reads the answer, and no more.

        Raises:
            Refused: a `petition_facts.Refusal`, or "outside-calendar".
        """
        return await self._written(id, wanted, command, words)

    async def merge(self, id: UUID, into: UUID, command: Command) -> PetitionOutcome:
        """Let a petition be answered with another one; both ends know it in one commit, or neither.

        Raises:
            Refused: a `petition_facts.Refusal`.
        """
        own = await self.found(id, command.principal)
        await self.found(into, command.principal)
        at, officer = command.meta.time, command.principal.sub

        async def with_other(_: History) -> PetitionOutcome:
            history = await self.runtime.log.load(into)
            other = petition.DECIDER.state_of(history)
            merge = asked.Merge(into=other, officer=officer, at=at)

            def join(_: PetitionOutcome) -> list[Slice]:
                return [Slice(history, own.agency, petition.decide(asked.Join(duplicate=PetitionId(id), at=at), other))]

            target = Target(id, petition.DECIDER, merge)
            return await carry_out(
                self.runtime.log,
                target,
                command.meta,
                agency=own.agency,
                expected=command.expected,
                beside=command.beside,
                also=join,
                tries=1,
            )

        # The survivor is like a book: whoever comes second reads it again.
        return await next_in_book(self.runtime.log, into, with_other)

    async def found(self, id: UUID, principal: Principal) -> Petition:
        """Give a petition that the caller may work on.

        Raises:
            Refused: "no-such-petition", also for a denunciation that is none of the caller's business: that it exists is not told.
            Problem: 403, if it is another agency's.
        """
        match petition.DECIDER.state_of(await self.runtime.log.load(id)):
            case Absent():
                raise refused("no-such-petition")
            case state:
                if (state.petition.kind == "denunciation") and PROTECTED_ROLE not in principal.roles:
                    raise refused("no-such-petition")
                principal.require(state.petition.agency)
                return state.petition

    async def survivor(self, id: UUID) -> UUID:
        """Follow a petition to the one that it is answered with."""
        match petition.DECIDER.state_of(await self.runtime.log.load(id)):
            case Closed(how="merged", into=into) if into is not None:
                return await self.survivor(into)
            case _:
                return id

    def reckoned(self, at: datetime) -> asked.Reckoned:
        """Give rules and calendar as they are known at an instant.

        Raises:
            Refused: "outside-calendar".
        """
        return asked.Reckoned(load_rules(self.runtime.settings.petition_limits).on(day_of(at)), load_calendar().as_known_at(at))

    def _receive(
        self,
        petition_id: PetitionId,
        channel: asked.Channel,
        party: asked.Party,
        topic: PetitionTopic,
        sealed: Sealed,
        command: Command,
        *,
        received_at: datetime | None = None,
    ) -> asked.Receive:
        at = received_at or command.meta.time
        return asked.Receive(
            petition_id=petition_id,
            agency=self.runtime.settings.agency,
            channel=channel,
            party=party,
            topic=topic,
            words=words_of(sealed),
            code_hash=code_hash_of(self.code(command)),
            by=self.reckoned(at),
            received_at=at,
        )

    async def _written(self, id: UUID, wanted: Wanted, command: Command, words: Mapping[str, Any] | None) -> PetitionOutcome:
        sealed = self.runtime.vault.seal(id, words or {})
        at = command.meta.time
        made = wanted(at=at, words=words_of(sealed), by=self.reckoned(at), officer=command.principal.sub)
        return await self._carry_out(id, made, command, sealed if words is not None else None)

    async def _carry_out(self, id: UUID, wanted: asked.Command, command: Command, sealed: Sealed | None) -> PetitionOutcome:
        return await carry_out(
            self.runtime.log,
            Target(id, petition.DECIDER, wanted),
            command.meta,
            agency=self.runtime.settings.agency,
            expected=command.expected,
            beside=command.beside_with({ENTRY: [sealed.row]} if sealed else {}),
        )

    async def _first(self, id: UUID) -> PetitionReceived:
        history = await self.runtime.log.load(id)
        match history.events[0].fact if history.events else None:
            case PetitionReceived() as fact:
                return fact
            case _:
                raise refused("no-such-petition")

    async def _contact(self, first: PetitionReceived, principal: Principal) -> dict[str, str]:
        try:
            document = await self.runtime.vault.read(self.runtime.log.pool, first.text_ref, principal.sub, "answering")
        except Erased:
            return {}
        return document.get("contact") or {}


def words_of(sealed: Sealed) -> asked.Words:
    """Give what a fact keeps of sealed words."""
    return asked.Words(VaultRef(sealed.ref), sealed.commitment)


def step_of(make: Callable[..., asked.Command], *takes: str, **members: Any) -> Wanted:
    """Make a command from what a route was told and those of `at`, `words`, `by`, `officer` that it takes."""

    def wanted(*, at: datetime, words: asked.Words, by: asked.Reckoned, officer: str) -> asked.Command:
        given: dict[str, Any] = {"at": at, "words": words, "by": by, "officer": officer}
        return make(**members, **{name: given[name] for name in takes})

    return wanted
