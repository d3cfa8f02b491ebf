from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from services.intake.catalogue import load_catalogue
from services.intake.main import SERVICE
from services.intake.settings import CATALOGUE
from tests.servers import Database
from tests.services.intake.desk import Desk
from tests.services.rig import Rig

BEFORE: Final = load_catalogue(CATALOGUE)


@dataclass
class Office:
    """A department whose catalogue is on file, and whose intake is stopped and started while that changes."""

    rig: Rig
    database: Database
    catalogue: Path

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Desk]:
        """Run intake with the files as they are now."""
        load_catalogue.cache_clear()
        async with self.rig.running(SERVICE, self.database, catalogue=self.catalogue) as running:
            yield Desk(running)

    def file(self, code: str) -> Path:
        """Give the file of a procedure."""
        return self.catalogue / BEFORE.procedures[code].content["field"] / f"{code}.yaml"

    def amend(self, code: str, **changes: Any) -> None:
        """Say some things of a procedure otherwise."""
        content = yaml.safe_load(self.file(code).read_text(encoding="utf-8"))
        self.file(code).write_text(yaml.safe_dump(content | changes, allow_unicode=True), encoding="utf-8")

    def decide(self, number: str, signed_on: str) -> None:
        """File the decision that the next versions come by."""
        text = yaml.safe_dump({"number": number, "signed_on": signed_on}, allow_unicode=True).replace("'", "")
        (self.catalogue / "decision.yaml").write_text(text, encoding="utf-8")
