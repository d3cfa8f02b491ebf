"""A payment gateway for demonstrations and tests: it signs what it tells as a real one does, after Standard Webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from standardwebhooks import Webhook

SECRET: Final = "whsec_bW90Y3VhLWRldmVsb3BtZW50LWdhdGV3YXktMDE="  # noqa: S105 - everybody may know it: no real gateway has it
"""What the gateway of a demonstration signs with."""


def reported(dossier: str, payment: str, amount_vnd: int, paid_at: datetime) -> bytes:
    """Give the body that tells of a payment."""
    data = {"dossier": dossier, "payment": payment, "amount_vnd": amount_vnd, "paid_at": paid_at.isoformat()}
    return json.dumps({"type": "payment.succeeded", "timestamp": paid_at.isoformat(), "data": data}).encode()


def signed(body: bytes, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    """Give the headers of a message: its name, when it was signed, and the signature."""
    name, at = f"msg_{uuid4().hex}", at or datetime.now(UTC)
    signature = Webhook(secret).sign(name, at, body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
