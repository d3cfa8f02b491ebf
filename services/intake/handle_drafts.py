"""Step 2 of 8, handle: a submission that is begun and not handed in. No fact knows of it; what is personal lies in the vault.

A draft is its owner's alone. It goes when it is handed in, in the very statement that stores the submission; when he deletes it; when
nobody has saved it for as long as the rules of retention say; and when the person in it asks to be forgotten.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg
import orjson

from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.problem import BUSY, CHANGED, KEY_REUSED, NOT_FOUND, Problem, refusal, retry_later
from kernel.edge.service import Runtime
from kernel.eventlog import Conflict, Table, VersionMismatch
from kernel.eventlog.sql import read_queries
from kernel.legalclock import day_of
from kernel.vault import Erased
from services.intake.domain.retention import DraftRule, draft_days_on
from services.intake.handle import Door, DossierOutcome, Submission
from services.intake.settings import IntakeSettings

QUERY: Final = read_queries(Path(__file__).with_name("drafting.sql"))
HANDED_IN: Final = Table("drafts.handed_in", {"draft": "uuid", "version": "integer", "principal": "text", "dossier": "uuid"})
"""A row beside a submission: the database takes the draft away with it, or refuses both."""
MOVED_ON: Final = "draft_moved_on"
NAMESPACE: Final = UUID("6f0e5c8e-6d0b-5b39-8f7a-5d2c9a1b7e44")
OWN_DRAFT: Final = "own-draft"
"""The vault's purpose of giving somebody back what he has written himself."""
PURPOSES: Final = frozenset({OWN_DRAFT})
TRIES_MAX: Final = 5
SWEEP_MAX: Final = 500

TOO_MANY: Final = refusal(
    "too-many-drafts",
    "Tài khoản đã có đủ số bản nháp cho phép. Hãy nộp hoặc xóa bớt.",
    "This account has as many drafts as it may have. Hand some in, or delete some.",
)
ALREADY: Final = refusal(
    "draft-handed-in",
    "Bản nháp này đã được nộp; xem hồ sơ nêu trong dossier_id.",
    "This draft has been handed in; see the dossier that dossier_id names.",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as its owner sees it."""

    id: UUID
    version: int
    procedure: str | None
    saved_at: datetime
    expires_at: datetime
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drafts:
    """Keeps drafts, and hands them in."""

    door: Door
    rules: tuple[DraftRule, ...]

    @property
    def runtime(self) -> Runtime[IntakeSettings]:
        """What the service runs with."""
        return self.door.runtime

    @property
    def days(self) -> int:
        """For how many days after it was saved a draft is kept, by the rule of today."""
        return draft_days_on(self.rules, day_of(datetime.now(UTC)))

    def insist_on_agency(self, principal: Principal) -> None:
        """End the request of whoever is not for this department.

        Raises:
            Problem: 403.
        """
        principal.require(self.door.catalogue.agency)

    async def begin(self, content: Mapping[str, Any], key: str, principal: Principal) -> Draft:
        """Begin a draft, or give the one that began under the same key, as it is now.

        Raises:
            Problem: 403; 409, if the account has as many as it may; 422, if the key was used with another body.
        """
        self.insist_on_agency(principal)
        id_, fingerprint = uuid5(NAMESPACE, f"{principal.sub}\n{key}"), self._fingerprint(content)
        ref, _, key_id, body = self.runtime.vault.seal(id_, content).row
        by, places = uuid5(id_, key), self.runtime.settings.drafts_max
        for _ in range(TRIES_MAX):
            try:
                await self.runtime.log.pool.execute(
                    QUERY["begin"], id_, principal.sub, fingerprint, by, *self._known_by(content), ref, places, key_id, body
                )
            except asyncpg.UniqueViolationError:  # another draft took the same place in this very moment
                continue
            if (row := await self._row(id_, principal)) is None:
                raise await self._handed_in(id_, principal) or Problem(TOO_MANY)
            if not hmac.compare_digest(row["fingerprint"], fingerprint):
                raise Problem(KEY_REUSED)
            return await self._read(row, principal)
        raise retry_later(BUSY)

    async def save(self, id: UUID, content: Mapping[str, Any], expected: int | None, key: str, principal: Principal) -> Draft:
        """Replace what a draft holds; the same request again changes nothing more.

        Raises:
            Problem: 403, 404; 409, if it was handed in; 412, if it is not of the version that the owner has seen.
        """
        self.insist_on_agency(principal)
        ref, _, key_id, body = self.runtime.vault.seal(id, content).row
        by, pool = uuid5(id, f"{key}\n{expected}\n{self._fingerprint(content).hex()}"), self.runtime.log.pool
        if (row := await self._own(id, principal))["saved_by"] != by:
            saved = (id, principal.sub, expected, by, *self._known_by(content), ref, self.days, key_id, body)
            is_saved = await pool.fetchval(QUERY["save"], *saved)
            row = await self._own(id, principal)
            if not is_saved and row["saved_by"] != by:
                raise Problem(CHANGED)
        return await self._read(row, principal)

    async def one(self, id: UUID, principal: Principal) -> Draft:
        """Give a draft to its owner.

        Raises:
            Problem: 403; 404, also if it is somebody else's; 409, if it was handed in.
        """
        self.insist_on_agency(principal)
        return await self._read(await self._own(id, principal), principal)

    async def all_of(self, principal: Principal) -> list[Draft]:
        """List somebody's own drafts, the last saved first, without what they hold.

        Raises:
            Problem: 403.
        """
        self.insist_on_agency(principal)
        rows = await self.runtime.log.pool.fetch(QUERY["drafts"], principal.sub, self.days)
        return [self._told(row, {}) for row in rows]

    async def remove(self, id: UUID, expected: int | None, principal: Principal) -> None:
        """Delete a draft of somebody; where there is none of his, there is nothing to do.

        Raises:
            Problem: 403; 412, if it is not of the version that the owner has seen.
        """
        self.insist_on_agency(principal)
        gone = await self.runtime.log.pool.fetchval(QUERY["remove"], id, principal.sub, expected)
        if not gone and await self._row(id, principal) is not None:
            raise Problem(CHANGED)

    async def hand_in(self, id: UUID, submission: Submission, draft: Draft, command: Command) -> DossierOutcome:
        """Submit what a draft holds; the draft is gone in the same transaction.

        Raises:
            Problem: 412, if it was saved meanwhile; 409, if it was handed in; 404, if it is gone; 422 as for every submission.
        """
        if command.expected not in {None, draft.version}:
            raise VersionMismatch(command.expected or 0, draft.version)
        try:
            return await self.door.submit(
                submission, command, lambda dossier: {HANDED_IN: [(id, draft.version, command.principal.sub, dossier)]}
            )
        except Conflict as conflict:
            if conflict.constraint != MOVED_ON:
                raise
            await self._own(id, command.principal)
            raise Problem(CHANGED) from conflict

    async def forget_like(self, dossier: UUID, by: str) -> None:
        """Erase the drafts about the person of a dossier, who has asked to be forgotten. He is found by his number, where he wrote it."""
        await self.runtime.log.pool.execute(QUERY["forget_like"], dossier, by)

    async def sweep(self) -> int:
        """Delete drafts that were kept long enough; give how many."""
        return int(await self.runtime.log.pool.fetchval(QUERY["sweep"], self.days, SWEEP_MAX))

    async def keep_sweeping(self) -> None:
        """Look every so often; as many as there are go at once."""
        while True:
            if await self.sweep() < SWEEP_MAX:
                await asyncio.sleep(self.runtime.settings.drafts_look_seconds)

    async def _row(self, id: UUID, principal: Principal) -> asyncpg.Record | None:
        return await self.runtime.log.pool.fetchrow(QUERY["draft"], id, principal.sub, self.days)

    async def _own(self, id: UUID, principal: Principal) -> asyncpg.Record:
        if (row := await self._row(id, principal)) is not None:
            return row
        raise await self._handed_in(id, principal) or Problem(NOT_FOUND)

    async def _handed_in(self, id: UUID, principal: Principal) -> Problem | None:
        """Give the problem that a draft was handed in, if it was."""
        dossier = await self.runtime.log.pool.fetchval(QUERY["became"], id, principal.sub)
        return None if dossier is None else Problem(ALREADY, members={"dossier_id": str(dossier)})

    async def _read(self, row: asyncpg.Record, principal: Principal) -> Draft:
        for _ in range(TRIES_MAX):
            try:
                return self._told(row, await self.runtime.vault.read(self.runtime.log.pool, row["ref"], principal.sub, OWN_DRAFT))
            except Erased:  # it was saved anew, handed in or deleted a moment ago
                row = await self._own(row["id"], principal)
        raise retry_later(BUSY)

    def _told(self, row: asyncpg.Record, content: Mapping[str, Any]) -> Draft:
        saved_at = row["saved_at"]
        return Draft(row["id"], row["version"], row["procedure"], saved_at, saved_at + timedelta(days=self.days), content)

    def _known_by(self, content: Mapping[str, Any]) -> tuple[str | None, bytes | None]:
        """Give what may lie open beside a draft: a procedure that there is (whatever else was typed there is sealed), and a hash."""
        procedure = content.get("procedure")
        known = procedure if procedure in self.door.catalogue.procedures else None
        return known, self.door.likeness.who(content.get("applicant") or {})

    def _fingerprint(self, content: Mapping[str, Any]) -> bytes:
        """Hash what was written, under a key: nobody is to guess it from that."""
        said = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self.runtime.settings.token_secret.get_secret_value().encode(), b"draft:" + said, "sha256")
