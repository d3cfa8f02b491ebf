"""Step 2 of 8, handle: who was invited gets the right to an answer: the class that it is in, and a blind signature under its key."""

from __future__ import annotations

import asyncio
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from contracts.feedback_surveys import AnswerChannel, SurveyCode
from contracts.vocabulary import ContentHash, InvitationId, SurveyClassId, VaultRef
from kernel.edge.idempotency import Command
from kernel.edge.service import Runtime
from kernel.eventlog import Meta, Outcome, Target, carry_out
from kernel.legalclock import day_of
from kernel.vault import ENTRY
from services.feedback.domain import blind, invitation, questionnaire, survey_class
from services.feedback.domain.survey_class import Opened, Traits, classes_of, path_of, paths_so_far
from services.feedback.domain.token import hash_of, invitation_in
from services.feedback.query import Voices
from services.feedback.settings import FeedbackSettings
from services.feedback.surveys import Survey, survey_for

SIGNING: Final = "class-signing"
"""The purpose under which a class's private key is read."""

KEYS_MAX: Final = 256
"""Keys that a process keeps in mind; of the others it asks the vault again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An invitation's token, and what is to be signed for it, under the key of which class."""

    token: str
    class_id: SurveyClassId
    blinded: bytes
    channel: AnswerChannel


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation is about, how it stands, which class its answer is in now, and which it was in before."""

    state: invitation.State
    about: invitation.Open
    class_id: SurveyClassId
    classes: frozenset[SurveyClassId]
    traits: Traits


@dataclass(frozen=True, slots=True)
class Surveys:
    """Carries out the commands of those who were asked."""

    runtime: Runtime[FeedbackSettings]
    voices: Voices
    surveys: Mapping[SurveyCode, Survey]
    keys: OrderedDict[SurveyClassId, RSAPrivateKey] = field(default_factory=OrderedDict[SurveyClassId, RSAPrivateKey])
    asked: dict[ContentHash, frozenset[str]] = field(default_factory=dict[ContentHash, frozenset[str]])
    """What is known to be published; it never changes."""

    async def open_class(self, token: str, command: Command) -> Outcome[survey_class.State]:
        """Say which class an answer to an invitation is in; the first who asks makes its key.

        Raises:
            Refused: an `invitation.Refusal`.
        """
        offer = await self._offer(token, command.meta.time)
        return await self.open(offer.class_id, offer.traits, command)

    async def open(self, id: SurveyClassId, traits: Traits, command: Command) -> Outcome[survey_class.State]:
        """Open a class, unless it is open."""
        now = command.meta.time
        await self.publish(traits.survey, now)
        state = survey_class.DECIDER.state_of(await self.runtime.log.load(id))
        key = None if isinstance(state, Opened) else await asyncio.to_thread(generate_private_key, blind.PUBLIC_EXPONENT, blind.KEY_BITS)
        public, private = ("", "") if key is None else (public_text(key.public_key()), private_text(key))
        sealed = self.runtime.vault.seal(id, {"private_key": private})
        wanted = survey_class.OpenClass(
            class_id=id,
            traits=traits,
            public_key=public,
            private_ref=VaultRef(sealed.ref),
            at=now,
            closes_at=now + timedelta(days=self.runtime.settings.class_days),
        )
        target = Target(id, survey_class.DECIDER, wanted)
        meta, beside = command.meta, command.beside_with({ENTRY: [sealed.row]})
        outcome = await carry_out(self.runtime.log, target, meta, agency=traits.agency, beside=beside)
        # The same command twice at once is one command to the log, and each had made a key: what is stored is told, not what was made.
        return replace(outcome, state=await self.opened(id))

    async def publish(self, content_hash: ContentHash, now: datetime) -> None:
        """Record what is asked, with its words, before anybody is asked it; one that is on file no more was recorded when it was."""
        on_file = () if content_hash in self.asked else self.surveys.values()
        survey = next((one for one in on_file if one.content_hash == content_hash), None)
        if survey is None:
            return
        publish = questionnaire.Publish(
            agency=self.runtime.settings.agency,
            code=survey.code,
            content_hash=content_hash,
            title=survey.title,
            title_en=survey.title_en,
            source=survey.source,
            confidence=survey.confidence,
            questions=survey.asked,
            at=now,
        )
        target = Target(questionnaire.questionnaire_id(survey.code), questionnaire.DECIDER, publish)
        meta = Meta(f"questionnaire:{content_hash}", f"system:{self.runtime.name}", now)
        outcome = await carry_out(self.runtime.log, target, meta, agency=publish.agency)
        self.asked.update(outcome.state.versions)

    async def questions(self, content_hash: ContentHash) -> frozenset[str] | None:
        """Give what was asked under a hash, as `points/time`; None of a questionnaire of before any was published."""
        if content_hash not in self.asked:
            for code in self.surveys:
                history = await self.runtime.log.load(questionnaire.questionnaire_id(code))
                self.asked.update(questionnaire.DECIDER.state_of(history).versions)
        return self.asked.get(content_hash)

    async def signature(self, id: SurveyClassId, blinded: bytes) -> bytes:
        """Sign what is hidden under a class's key. It must not be given away before a decision has said that it may be.

        Raises:
            Refused: "no-such-class".
            ValueError: if it is nothing that can be signed under this key.
        """
        key = await self._private(await self.opened(id))
        modulus = key.private_numbers().public_numbers.n
        return await asyncio.to_thread(blind.sign, key, blinded, 2 + secrets.randbelow(modulus - 3))

    async def admit(self, wanted: Wanted, command: Command) -> Outcome[invitation.State]:
        """Use an invitation for one signature.

        Raises:
            Refused: an `invitation.Refusal`, or "class-changed": its answer is not in this class, and was not when it was asked for.
        """
        offer = await self._offer(wanted.token, command.meta.time)
        if isinstance(offer.state, invitation.Open) and wanted.class_id not in offer.classes:
            raise survey_class.refused("class-changed")
        use = invitation.Use(
            token_hash=hash_of(wanted.token),
            class_id=wanted.class_id,
            blinded_hash=sha256(wanted.blinded).hexdigest(),
            channel=wanted.channel,
            at=command.meta.time,
        )
        target = Target(offer.about.invitation_id, invitation.DECIDER, use)
        return await carry_out(self.runtime.log, target, command.meta, agency=offer.about.agency, beside=command.beside)

    async def opened(self, id: SurveyClassId) -> Opened:
        """Give a class.

        Raises:
            Refused: "no-such-class".
        """
        match survey_class.DECIDER.state_of(await self.runtime.log.load(id)):
            case Opened() as found:
                return found
            case survey_class.Absent():
                raise survey_class.refused("no-such-class")

    async def _offer(self, token: str, now: datetime) -> Offer:
        id = claimed(token)
        state = invitation.DECIDER.state_of(await self.runtime.log.load(id))
        about = invitation.asked_about(state, hash_of(token), now)
        survey = survey_for(about.occasion, self.surveys)
        if survey is None:  # nobody is asked on this occasion any more
            raise invitation.refused("invitation-expired")
        traits = Traits(
            agency=about.agency,
            survey=survey.content_hash,
            procedure=about.procedure,
            field=about.field,
            occasion=about.occasion,
            path=path_of(about.officer, way := await self.voices.way(about.dossier_id)),
        )
        before = [replace(traits, path=path) for path in paths_so_far(about.officer, way)]
        classes = frozenset(class_ for shown in before for class_ in classes_of(shown, day_of(now)))
        return Offer(state, about, classes_of(traits, day_of(now))[0], classes, traits)

    async def _private(self, opened: Opened) -> RSAPrivateKey:
        if (known := self.keys.get(opened.class_id)) is not None:
            return known
        document = await self.runtime.vault.read(self.runtime.log.pool, opened.private_ref, f"system:{self.runtime.name}", SIGNING)
        key = load_pem_private_key(document["private_key"].encode(), password=None)
        assert isinstance(key, RSAPrivateKey), "a class's key is RSA"  # noqa: S101 - narrows a type; made above
        self.keys[opened.class_id] = key
        if len(self.keys) > KEYS_MAX:
            self.keys.popitem(last=False)
        return key


def claimed(token: str) -> InvitationId:
    """Read which invitation a token claims to be for; whether it is, is decided on the invitation.

    Raises:
        Refused: "no-such-invitation", for what is no token.
    """
    try:
        return invitation_in(token)
    except ValueError as error:
        raise invitation.refused("no-such-invitation") from error


def public_text(key: RSAPublicKey) -> str:
    """Write a public key: SubjectPublicKeyInfo, DER, base64url."""
    return urlsafe_b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def public_key(text: str) -> RSAPublicKey:
    """Read it back."""
    key = load_der_public_key(urlsafe_b64decode(text))
    assert isinstance(key, RSAPublicKey), "a class's key is RSA"  # noqa: S101 - narrows a type
    return key


def private_text(key: RSAPrivateKey) -> str:
    """Write a private key for the vault."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
