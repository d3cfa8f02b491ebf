"""Facts of feedback about surveys on paper: campaigns, and their numbered slips.

That a slip was handed out, that it came back and that it is valid are three facts. None of them holds an answer, and no answer holds
the number of a slip (ADR 19).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact, Value
from contracts.vocabulary import AgencyCode, CampaignId, ContentHash, PrincipalId, SlipId, SurveyClassId

SlipFault: TypeAlias = Literal["nothing-answered", "illegible", "contradictory", "copied", "other-questionnaire"]


class Sampling(Value):
    """Whom slips go to, so that anybody can draw the sample again.

    From a list of `frame` places: `all` of them; every `nth` from place `first` on; or so many at `random` by `seed`
    (`services/feedback/domain/sampling.py`). Slips that are `laid-out` are taken by whoever wants one: that is no sample of anything.
    """

    method: Literal["all", "every-nth", "random", "laid-out"]
    frame: Annotated[int | None, Field(ge=1)] = None
    first: Annotated[int | None, Field(ge=1)] = None
    nth: Annotated[int | None, Field(ge=2)] = None
    seed: str | None = None


class CampaignOpened(Fact, type="feedback.campaign.opened.v1"):
    """A leader ordered a survey on paper, with slips numbered from 1 to `slips`; `survey` is the hash of what is asked."""

    campaign_id: CampaignId
    agency: AgencyCode
    decision: str
    survey: ContentHash
    sampling: Sampling
    slips: Annotated[int, Field(ge=1)]
    from_on: date
    opened_by: PrincipalId
    opened_at: datetime


class CampaignClosed(Fact, type="feedback.campaign.closed.v1"):
    """No slip is handed out any more or taken back; those that came back may still be looked at."""

    campaign_id: CampaignId
    agency: AgencyCode
    closed_by: PrincipalId
    closed_at: datetime


class SlipIssued(Fact, type="feedback.slip.issued.v1"):
    """A slip was handed out. To whom is not recorded."""

    slip_id: SlipId
    campaign_id: CampaignId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    issued_by: PrincipalId
    issued_at: datetime


class SlipReturned(Fact, type="feedback.slip.returned.v1"):
    """A slip that was handed out came back, whatever is on it."""

    slip_id: SlipId
    campaign_id: CampaignId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    returned_by: PrincipalId
    returned_at: datetime


class SlipValidated(Fact, type="feedback.slip.validated.v1"):
    """A slip that came back is valid, and the right to the one answer on it was handed out: a blind signature, as with `InvitationUsed`."""

    slip_id: SlipId
    campaign_id: CampaignId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    class_id: SurveyClassId
    blinded_hash: ContentHash
    validated_by: PrincipalId
    validated_at: datetime


class SlipInvalidated(Fact, type="feedback.slip.invalidated.v1"):
    """A slip that came back says nothing that could be counted, and why."""

    slip_id: SlipId
    campaign_id: CampaignId
    agency: AgencyCode
    number: Annotated[int, Field(ge=1)]
    reason: SlipFault
    invalidated_by: PrincipalId
    invalidated_at: datetime


CampaignFact: TypeAlias = CampaignOpened | CampaignClosed | SlipIssued | SlipReturned | SlipValidated | SlipInvalidated
