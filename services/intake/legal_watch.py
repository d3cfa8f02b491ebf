"""Beside step 8: the register of legal documents, and the alarm when what a procedure rests on ends or has ended."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from kernel.legalclock import day_of
from services.intake.catalogue import Catalogue
from services.intake.domain.legal_basis import citing

SOON_DAYS: Final = 60
LOOK_SECONDS: Final = 6 * 3600.0

LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LegalWatch:
    """Tells how the documents stand that the catalogue in force rests on."""

    catalogue: Catalogue

    def standing(self, on: date, soon_days: int = SOON_DAYS) -> list[dict[str, Any]]:
        """List the documents with the procedures that rest on each; of one that the register does not have nothing more is known."""
        resting = citing({code: entry.content["legal_basis"] for code, entry in self.catalogue.procedures.items()})
        known = {document.number: document for document in self.catalogue.legal_documents}
        items = list[dict[str, Any]]()
        for number in sorted(known.keys() | resting.keys()):
            found = known.get(number)
            items.append(
                {
                    "number": number,
                    "name": found.name if found else None,
                    "effective_from": found.effective_from if found else None,
                    "expires_on": found.expires_on if found else None,
                    "replaced_by": found.replaced_by if found else None,
                    "standing": found.standing(on, soon_days) if found else "unknown",
                    "procedures": resting.get(number, []),
                }
            )
        return items

    async def keep_watching(self) -> None:
        """Warn of every document that ends soon or has ended while a procedure rests on it, a few times a day; never ends."""
        while True:
            for item in self.standing(day_of(datetime.now(UTC))):
                if item["standing"] in {"ends-soon", "ended"} and item["procedures"]:
                    codes = ", ".join(item["procedures"])
                    LOGGER.warning("legal basis %s: %s (%s), rested on by %s", item["number"], item["standing"], item["expires_on"], codes)
            await asyncio.sleep(LOOK_SECONDS)
