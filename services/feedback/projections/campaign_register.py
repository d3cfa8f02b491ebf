"""Step 7 of 8, projections: surveys on paper, and how far each slip has got. No answer is here, and nothing that leads to one."""

from __future__ import annotations

from typing import Final

from contracts.feedback_campaigns import CampaignClosed, CampaignOpened, SlipInvalidated, SlipIssued, SlipReturned, SlipValidated
from contracts.vocabulary import CampaignId, SlipId
from kernel.eventlog import Columns, Projection, Recorded
from kernel.legalclock import day_of


def campaign_key(event: Recorded) -> CampaignId:
    """Give the row's key."""
    return event.fact.campaign_id


def campaign_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets."""
    match event.fact:
        case CampaignOpened() as fact:
            named = {name: getattr(fact, name) for name in ("agency", "decision", "survey", "slips", "from_on", "opened_at")}
            return {**named, **fact.sampling.model_dump()}
        case CampaignClosed() as fact:
            return {"closed_at": fact.closed_at}
        case _:
            return {}


def slip_key(event: Recorded) -> SlipId:
    """Give the row's key."""
    return event.fact.slip_id


def slip_columns(event: Recorded) -> Columns:
    """Give the columns that the event sets; `*_event` is the id of the event that a figure counts."""
    match event.fact:
        case SlipIssued() as fact:
            named = {name: getattr(fact, name) for name in ("campaign_id", "agency", "number")}
            return {**named, "issued_on": day_of(fact.issued_at), "issued_event": event.id}
        case SlipReturned():
            return {"returned_event": event.id}
        case SlipValidated():
            return {"valid_event": event.id}
        case SlipInvalidated() as fact:
            return {"invalid_event": event.id, "reason": fact.reason}
        case _:
            return {}


CAMPAIGN_REGISTER: Final = Projection(
    table="campaign_register",
    key_column="campaign_id",
    key=campaign_key,
    columns=campaign_columns,
    facts=(CampaignOpened, CampaignClosed),
)
SLIP_REGISTER: Final = Projection(
    table="slip_register",
    key_column="slip_id",
    key=slip_key,
    columns=slip_columns,
    facts=(SlipIssued, SlipReturned, SlipValidated, SlipInvalidated),
)
