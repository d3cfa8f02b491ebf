"""Beside step 8: dossiers that may have been handed in twice, with the reasons, for the desk to look at (E-57)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kernel.edge.problem import Sentence
from kernel.edge.service import Runtime
from kernel.eventlog import Table
from kernel.eventlog.sql import read_queries
from services.intake.domain import dossier, states
from services.intake.domain.likeness import WINDOW, Because, LikenessReason, likeness
from services.intake.settings import IntakeSettings

APPLICANT: Final = Table("likeness.applicant", {"dossier": "uuid", "who": "bytea", "procedure": "text", "submitted_at": "timestamptz"})
QUERY: Final = read_queries(Path(__file__).with_name("queries.sql"))
CANDIDATES_MAX: Final = 20

WORDS: Final[Mapping[LikenessReason, Sentence]] = {
    "same-applicant": Sentence("Cùng người nộp (cùng số giấy tờ hoặc mã số thuế)", "The same applicant, by identity number or tax code"),
    "same-procedure": Sentence("Cùng thủ tục hành chính", "The same procedure"),
    "same-components": Sentence("Cùng thành phần hồ sơ", "The same components"),
    "most-components": Sentence("Trùng {n} thành phần hồ sơ", "{n} components in common"),
    "open": Sentence("Hồ sơ kia còn đang giải quyết", "The other dossier is open still"),
    "days-apart": Sentence("Nộp cách nhau {n} ngày", "Handed in {n} days apart"),
}


@dataclass(frozen=True, slots=True)
class Likeness:
    """Finds dossiers like another one by a keyed hash of the applicant's number; who that is stays in the vault."""

    runtime: Runtime[IntakeSettings]

    def row(self, id: UUID, personal: Mapping[str, Any], procedure: str, at: datetime) -> list[tuple[Any, ...]]:
        """Make the row that is stored with a submission; none for an applicant without a number."""
        who = self.who(personal)
        return [] if who is None else [(id, who, procedure, at)]

    def who(self, personal: Mapping[str, Any]) -> bytes | None:
        """Give what an applicant is found again by: a keyed hash of his number (None: he has given none)."""
        number = personal.get("identity_number") or personal.get("tax_code")
        if not number:
            return None
        secret = self.runtime.settings.token_secret.get_secret_value().encode()
        return hmac.digest(secret, f"applicant:{personal.get('kind')}:{number}".encode(), "sha256")

    async def of(self, id: UUID, found: states.Dossier) -> list[dict[str, Any]]:
        """Give the dossiers that may be this one handed in before or again, the nearest first, each with what speaks for it."""
        log, items = self.runtime.log, list[dict[str, Any]]()
        for row in await log.pool.fetch(QUERY["same_applicant"], id, WINDOW, CANDIDATES_MAX):
            other = dossier.DECIDER.state_of(await log.load(row["dossier"]))
            if isinstance(other, states.Absent) or other.dossier.agency != found.agency:
                continue
            why = likeness(found.components, row["this_at"], other, other.dossier.components, row["submitted_at"])
            if why:
                items.append(
                    {
                        "dossier_id": row["dossier"],
                        "code": other.dossier.code,
                        "state": states.state_name(other),
                        "submitted_at": row["submitted_at"],
                        "reasons": [told(because) for because in why],
                    }
                )
        return items

    async def forget(self, id: UUID) -> None:
        """Remove what a dossier is found again by."""
        await self.runtime.log.pool.execute(QUERY["unlike"], id)


def told(because: Because) -> dict[str, Any]:
    """Say what speaks for it, in both languages."""
    words = WORDS[because.reason].filled(n=because.n)
    return {"reason": because.reason, "n": because.n, "words": words.vi, "words_en": words.en}
