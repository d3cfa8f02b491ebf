"""Beside step 1: what a payment gateway says counts only if it has signed it, after Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from kernel.edge.problem import Kind, Problem, Sentence

HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")

SIGNATURE_INVALID: Final = Kind(
    "signature-invalid",
    401,
    Sentence("Chữ ký không đúng", "The signature is wrong"),
    Sentence("Chữ ký của thông báo thanh toán thiếu hoặc không đúng.", "The signature of the report of payment is missing or wrong."),
)
SIGNATURE_STALE: Final = Kind(
    "signature-stale",
    401,
    Sentence("Chữ ký không còn dùng được", "The signature is of another time"),
    Sentence(
        "Thời điểm ký lệch quá năm phút; hãy ký lại rồi gửi lại.",
        "It was not signed within five minutes of now; sign again and resend.",
    ),
)


def insist_on_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """Let only what one of the secrets has signed pass, within five minutes.

    Raises:
        Problem: 401, and whether it is the signature or its time that is wrong.
    """
    problem = SIGNATURE_INVALID
    for secret in secrets:
        try:
            Webhook(secret).verify(body, {name: headers.get(name, "") for name in HEADERS}, json_parse=False)
        except WebhookVerificationError as error:
            problem = SIGNATURE_STALE if "timestamp" in str(error) else problem
        except ValueError:  # a header that has not the form of one
            continue
        else:
            return
    raise Problem(problem)
