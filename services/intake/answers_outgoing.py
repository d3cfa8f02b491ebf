"""Step 1 of 8, http_api: what is answered about webhooks and the national portal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from kernel.edge.openapi import Answer
from services.intake.webhooks import Signature

DeliveryState = Literal["held", "waiting", "done", "parked"]


class SubscriptionItem(Answer):
    """A subscription; `failing_since` is when its address began to fail, null where it does not."""

    id: UUID
    url: str
    signature: Signature
    generation: int
    state: str
    failing_since: datetime | None
    rotated_at: datetime | None
    created_at: datetime


class SubscriptionList(Answer):
    """Subscriptions, the newest first."""

    items: list[SubscriptionItem]


class SubscriptionTold(SubscriptionItem):
    """A subscription with the key to verify with."""

    key: str


class DeliveryTold(Answer):
    """What became of a delivery; `status` is what the last try was answered with."""

    cursor: str
    state: DeliveryState
    attempts: int
    status: int | None
    error: str | None
    due_at: datetime
    at: datetime


class DeliveryList(Answer):
    """Deliveries in order."""

    items: list[DeliveryTold]


class Redelivered(Answer):
    """How many deliveries will be made once more."""

    deliveries: int


class Replayed(Redelivered):
    """The same, of a subscription."""

    id: UUID


class NationalStanding(Answer):
    """Whether a portal is configured; deliveries counted by receiver and state."""

    connected: bool
    deliveries: dict[str, dict[str, int]]


class ComparisonAsked(Answer):
    """The number of a comparison."""

    number: int


class DayCompared(Answer):
    """What was found of one day: dossiers that were mended, and those that the portal has and that are not ours, by code."""

    day: date
    dossiers: int
    mended: list[str]
    not_ours: list[str]


class ComparisonResult(Answer):
    """What was found."""

    days: list[DayCompared]


class ComparisonTold(ComparisonAsked):
    """A comparison; `result` is null until it is done."""

    since: date
    asked_by: str
    asked_at: datetime
    done_at: datetime | None
    result: ComparisonResult | None
