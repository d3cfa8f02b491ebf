"""Step 8 of 8, query: looking a dossier up by its code and a secret, in constant time, and not often.

The secret is made of the dossier's id: nothing is stored that could be stolen, and the receipt can be printed again. Whoever does not
have it learns nothing, not even whether there is such a code.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from kernel.edge.problem import NOT_FOUND, Kind, Problem, Sentence
from kernel.edge.service import Runtime
from services.intake.outgoing import QUERY
from services.intake.settings import IntakeSettings

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that is taken for a digit."""
SECRET_LETTERS: Final = 10
SECRET_PATTERN: Final = rf"^[{ALPHABET}]{{{SECRET_LETTERS}}}$"
WINDOW_SECONDS: Final = 900.0
TRIES_PER_CODE: Final = 10
TRIES_PER_CALLER: Final = 60
NOBODY: Final = UUID(int=0)

TOO_OFTEN: Final = Kind(
    "looked-up-too-often",
    429,
    Sentence("Tra cứu quá nhiều lần", "Looked up too often"),
    Sentence("Đã tra cứu quá nhiều lần. Hãy thử lại sau.", "There were too many look-ups. Try again later."),
)

DEGREES: Final = {
    "submitted": (1, Sentence("Chờ tiếp nhận", "Waits to be received")),
    "awaiting-supplement": (1, Sentence("Chờ bổ sung", "Waits for a supplement")),
    "accepted": (2, Sentence("Đang giải quyết", "Being worked on")),
    "result-ready": (3, Sentence("Đã có kết quả", "The result is ready")),
    "returned": (4, Sentence("Đã trả kết quả", "The result was handed over")),
    "refused": (4, Sentence("Không được tiếp nhận", "Was not received")),
    "withdrawn": (4, Sentence("Đã rút", "Was taken back")),
}
STEPS: Final = 4


def secret_of(secret: bytes, dossier: UUID) -> str:
    """Make the secret of a dossier: ten letters, fifty bits."""
    number = int.from_bytes(hmac.digest(secret, b"look-up:" + dossier.bytes, hashlib.sha256)[:8], "big")
    return "".join(ALPHABET[(number >> 5 * n) & 31] for n in range(SECRET_LETTERS))


@dataclass(frozen=True, slots=True)
class LookUp:
    """Answers who knows code and secret."""

    runtime: Runtime[IntakeSettings]

    @property
    def secret(self) -> bytes:
        """What the secrets are made with."""
        return self.runtime.settings.token_secret.get_secret_value().encode()

    async def degree(self, code: str, secret: str, caller: str) -> dict[str, Any]:
        """Give code and degree of completion, and no more (TT 01/2018, Điều 16.2.d).

        Raises:
            Problem: 404 for a code that there is not and for a wrong secret alike; 429 after too many tries.
        """
        for key, most in ((f"code:{code}", TRIES_PER_CODE), (f"caller:{caller}", TRIES_PER_CALLER)):
            tries = await self.runtime.log.pool.fetchval(QUERY["look_up"], hmac.digest(self.secret, key.encode(), "sha256"), WINDOW_SECONDS)
            if tries > most:
                raise Problem(TOO_OFTEN, headers={"Retry-After": str(int(WINDOW_SECONDS))})
        row = await self.runtime.log.pool.fetchrow(QUERY["dossier_of"], code)
        # As much work for a code that there is not: the time of the answer is to tell nothing.
        right = hmac.compare_digest(secret_of(self.secret, row["dossier_id"] if row else NOBODY), secret)
        if row is None or not right:
            raise Problem(NOT_FOUND)
        done, words = DEGREES.get(row["state"], DEGREES["accepted"])
        return {"code": code, "done": done, "of": STEPS, "words": words.vi, "words_en": words.en}

    async def forget(self) -> None:
        """Throw away what was counted in windows that are over."""
        await self.runtime.log.pool.execute(QUERY["forget_look_ups"], WINDOW_SECONDS)

    async def keep_forgetting(self) -> None:
        """Throw it away, window after window; never ends."""
        while True:
            await asyncio.sleep(WINDOW_SECONDS)
            await self.forget()
