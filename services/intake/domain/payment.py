"""Step 3 of 8, decide: a payment is taken for one dossier. Its stream is its own, so the log itself lets it be taken once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from contracts.intake_fees import PaymentCode, PaymentMethod, PaymentTaken
from contracts.vocabulary import AgencyCode
from kernel.eventlog import Refused

NAMESPACE: Final = UUID("b2f6d4a1-7c3e-5b8d-9a10-64c5e0f7d321")
TAKEN_ELSEWHERE: Final = "payment-of-another-dossier"


def stream_of(agency: AgencyCode, method: PaymentMethod, payment: PaymentCode) -> UUID:
    """Give the stream of a payment. All agencies share one gateway, which names each payment; what comes to a till is the agency's."""
    return uuid5(NAMESPACE, f"online:{payment}" if method == "online" else f"{agency}:{method}:{payment}")


def taken(before: Iterable[object], fact: PaymentTaken) -> list[PaymentTaken]:
    """Take a payment for a dossier; nothing where it was taken for it already. `before` is what its stream holds.

    Raises:
        Refused: TAKEN_ELSEWHERE: the money came once, and has its receipt there.
    """
    for one in before:
        if isinstance(one, PaymentTaken):
            if one.dossier_id != fact.dossier_id:
                raise Refused(TAKEN_ELSEWHERE, legal=[])
            return []
    return [fact]
