"""Beside step 8: pages are made and signed in threads of their own, so that no other request waits for the printer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from kernel.paper.signing import Signer
from kernel.paper.typeset import typeset

AT_ONCE: Final = 2
"""So many pages are made beside each other; others wait, so that a crowd at the printer does not take every thread."""


@dataclass(frozen=True, slots=True)
class Press:
    """Makes and signs pages beside the event loop: ten to forty milliseconds of a processor each."""

    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    async def typeset(self, template: bytes, data: BaseModel, at: datetime) -> bytes:
        """Make a page as `typeset` does."""
        async with self._turns:
            return await asyncio.to_thread(typeset, template, data, at)

    async def sign(self, signer: Signer, pdf: bytes, reason: str, place: str) -> bytes:
        """Sign a page as `sign_pdf` does."""
        async with self._turns:
            return await asyncio.to_thread(_sign, signer, pdf, reason, place)


def _sign(signer: Signer, pdf: bytes, reason: str, place: str) -> bytes:
    from kernel.paper.pades import sign_pdf  # noqa: PLC0415 - takes a second to load: whoever signs nothing does without

    return sign_pdf(signer, pdf, reason, place)
