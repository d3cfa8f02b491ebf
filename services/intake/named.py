"""Beside step 8: what a version of a procedure calls itself and its components, also one that the catalogue has left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.intake import ProcedurePublished
from contracts.vocabulary import ContentHash, ProcedureCode
from kernel.edge.service import Runtime
from services.intake.catalogue import Catalogue, as_published, stream_of
from services.intake.settings import IntakeSettings


@dataclass(frozen=True, slots=True)
class Names:
    """Finds the contents of versions; what was found is remembered, for a version never changes."""

    runtime: Runtime[IntakeSettings]
    catalogue: Catalogue
    _older: dict[ContentHash, Mapping[str, Any]] = field(default_factory=dict[ContentHash, Mapping[str, Any]], init=False)

    async def content(self, code: ProcedureCode, hash_: ContentHash) -> Mapping[str, Any]:
        """Give what was published under a hash: by the catalogue, or by the log where the catalogue has moved on."""
        current = self.catalogue.procedures.get(code)
        if current is not None and current.content_hash == hash_:
            return current.content
        if hash_ not in self._older:
            facts = [event.fact for event in (await self.runtime.log.load(stream_of(code))).events]
            self._older.update({one.content_hash: as_published(one).content for one in facts if isinstance(one, ProcedurePublished)})
        return self._older[hash_]

    async def components(self, code: ProcedureCode, hash_: ContentHash) -> dict[str, str]:
        """Give the components' names by code."""
        return {one["code"]: one["name"] for one in (await self.content(code, hash_))["components"]}
