"""Step 2 of 8, handle: surveys on paper: what a campaign needs to begin, and what a slip needs to be taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from uuid import UUID, uuid5

from contracts.feedback_campaigns import CampaignOpened, Sampling
from contracts.feedback_surveys import SurveyCode
from contracts.vocabulary import AgencyCode, CampaignId, SurveyClassId
from kernel.edge.idempotency import Command
from kernel.eventlog import Outcome, Target, carry_out
from kernel.legalclock import day_of
from services.feedback.domain import campaign, slip, survey_class
from services.feedback.domain.survey_class import Traits, classes_of
from services.feedback.handle import Surveys


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A campaign as it was ordered."""

    decision: str
    survey: SurveyCode
    sampling: Sampling
    slips: int
    from_on: date


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Carries out the commands of those who ask on paper; campaigns are those of the department whose service this is."""

    surveys: Surveys

    async def open(self, ordered: Ordered, command: Command) -> Outcome[campaign.State]:
        """Begin a campaign with a questionnaire that there is.

        Raises:
            Problem: 403, for an officer of another agency, as every command here.
        """
        id, agency = CampaignId(uuid5(command.id, "campaign")), self._agency(command)
        survey = self.surveys.surveys[ordered.survey].content_hash
        await self.surveys.publish(survey, command.meta.time)
        opened = CampaignOpened(
            campaign_id=id,
            agency=agency,
            decision=ordered.decision,
            survey=survey,
            sampling=ordered.sampling,
            slips=ordered.slips,
            from_on=ordered.from_on,
            opened_by=command.principal.sub,
            opened_at=command.meta.time,
        )
        return await self._campaign(id, campaign.Open(opened), command)

    async def issue(self, id: UUID, numbers: Sequence[int], command: Command) -> Outcome[campaign.State]:
        """Hand slips out.

        Raises:
            Refused: a `campaign.Refusal`.
        """
        self._agency(command)
        issue = campaign.IssueSlips(numbers=numbers, officer=command.principal.sub, at=command.meta.time)
        return await self._campaign(id, issue, command)

    async def close(self, id: UUID, command: Command) -> Outcome[campaign.State]:
        """End a campaign.

        Raises:
            Refused: "no-such-campaign".
        """
        self._agency(command)
        return await self._campaign(id, campaign.Close(officer=command.principal.sub, at=command.meta.time), command)

    async def open_class(self, id: UUID, command: Command) -> Outcome[survey_class.State]:
        """Say which class the answers on slips are in; the first who asks makes its key.

        Raises:
            Refused: "no-such-campaign".
        """
        self._agency(command)
        traits = traits_of(await self._of(id))
        return await self.surveys.open(classes_of(traits, day_of(command.meta.time))[0], traits, command)

    async def take_back(self, id: UUID, number: int, command: Command) -> Outcome[slip.State]:
        """Take a slip back.

        Raises:
            Refused: a `slip.Refusal`, "no-such-campaign", "campaign-closed".
        """
        return await self._slip(id, number, slip.Return(), command)

    async def validate(self, id: UUID, number: int, what: tuple[SurveyClassId, bytes], command: Command) -> Outcome[slip.State]:
        """Find a slip valid, which gives the right to one answer: what is hidden may be signed.

        Raises:
            Refused: a `slip.Refusal`, "no-such-campaign", "class-changed".
        """
        classes = frozenset(classes_of(traits_of(await self._of(id)), day_of(command.meta.time)))
        class_id, blinded = what
        return await self._slip(id, number, slip.Validate(class_id, classes, sha256(blinded).hexdigest()), command)

    async def invalidate(self, id: UUID, number: int, reason: slip.SlipFault, command: Command) -> Outcome[slip.State]:
        """Find that a slip cannot be counted.

        Raises:
            Refused: a `slip.Refusal`, "no-such-campaign".
        """
        return await self._slip(id, number, slip.Invalidate(reason), command)

    async def _of(self, id: UUID) -> campaign.Running | campaign.Closed:
        match campaign.DECIDER.state_of(await self.surveys.runtime.log.load(id)):
            case campaign.Absent():
                raise campaign.refused("no-such-campaign")
            case state:
                return state

    async def _campaign(self, id: UUID, what: campaign.Command, command: Command) -> Outcome[campaign.State]:
        target = Target(id, campaign.DECIDER, what)
        return await carry_out(self.surveys.runtime.log, target, command.meta, agency=self._agency(command), beside=command.beside)

    async def _slip(
        self, id: UUID, number: int, act: slip.Return | slip.Validate | slip.Invalidate, command: Command
    ) -> Outcome[slip.State]:
        agency, state = self._agency(command), await self._of(id)
        what = slip.Command(act=act, campaign=state, number=number, officer=command.principal.sub, at=command.meta.time)
        target = Target(campaign.slip_id(state.campaign.id, number), slip.DECIDER, what)
        return await carry_out(self.surveys.runtime.log, target, command.meta, agency=agency, beside=command.beside)

    def _agency(self, command: Command) -> AgencyCode:
        agency = self.surveys.runtime.settings.agency
        command.principal.require(agency)
        return agency


def traits_of(state: campaign.Running | campaign.Closed) -> Traits:
    """Say what answers on slips have in common: they came on paper, and say nothing of any dossier."""
    own = state.campaign
    return Traits(agency=own.agency, survey=own.survey, campaign=own.id)
