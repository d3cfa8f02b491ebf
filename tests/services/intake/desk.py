from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import httpx2

from services.intake.catalogue import Procedure, load_catalogue
from services.intake.settings import CATALOGUE
from tests.services.rig import Running

CITIZEN: Final[dict[str, Any]] = {
    "kind": "individual",
    "name": "Nguyễn Thị Ánh",
    "identity_number": "079123456789",
    "phone": "0912345678",
    "address": "12 Đường Yersin, Thủ Dầu Một",
}
ENTERPRISE: Final[dict[str, Any]] = {
    "kind": "enterprise",
    "name": "Công ty TNHH Xăng dầu Hòa Lợi",
    "tax_code": "3701234562",
    "phone": "0987654321",
    "address": "7 Đại lộ Bình Dương, Thuận An",
}
PETROL: Final = "2.000648"
"""Twenty working days from a complete dossier; after a supplement at appraisal counted anew."""
CHEMICALS: Final = "2.001547"
"""Twelve working days; after a supplement at appraisal the limit goes on."""
PROMOTION: Final = "2.000004"
"""Five working days from arrival."""
NOTICE: Final = "2.000033"
"""A notice: no limit and no result."""


NOT_COMPLETE: Final = {"missing": [{"component": "don-de-nghi", "reason": "absent"}]}
"""Asks for one component of PETROL."""


def procedure_of(code: str) -> Procedure:
    """Give a procedure as the files of the catalogue say it."""
    return load_catalogue(CATALOGUE).procedures[code]


def submission(code: str = PETROL, *, without: frozenset[str] | set[str] = frozenset(), **members: Any) -> dict[str, Any]:
    """Give the body of a submission with every required component but some."""
    components = sorted(procedure_of(code).required - without)
    return {"procedure": code, "channel": "desk", "applicant": CITIZEN, "components": components} | members


def pointers(problem: dict[str, Any]) -> list[str]:
    """Give the fields that a problem names."""
    return [error["pointer"] for error in problem["errors"]]


@dataclass(frozen=True)
class Desk:
    """What an officer of the desk, or the portal, asks intake for over HTTP."""

    intake: Running

    @property
    def officer(self) -> str:
        """The token of an officer of the desk."""
        return self.intake.token("desk")

    async def submit(self, code: str = PETROL, **members: Any) -> str:
        """Hand a dossier in; give its id."""
        return self.done(await self.intake.post("/v1/dossiers", submission(code, **members), self.officer))["id"]

    async def ask(
        self, id: str, what: str, body: dict[str, Any] | None = None, token: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Ask for something to be done with a dossier."""
        return await self.intake.post(f"/v1/dossiers/{id}/{what}", body or {}, token or self.officer, **headers)

    async def do(self, id: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Have something done with a dossier, and insist that it is."""
        return self.done(await self.ask(id, what, body))

    async def accepted(self, code: str = PETROL, **members: Any) -> str:
        """Hand a dossier in and have it accepted; give its id."""
        id = await self.submit(code, **members)
        await self.do(id, "acceptance")
        return id

    async def dossier(self, id: str) -> dict[str, Any]:
        """Read a dossier."""
        return self.done(await self.intake.get(f"/v1/dossiers/{id}", self.officer))

    @staticmethod
    def done(answer: httpx2.Response) -> dict[str, Any]:
        """Insist on success."""
        assert answer.is_success, answer.text
        return answer.json()

    async def kept(self) -> dict[str, int]:
        """Count what is stored."""
        return await self.intake.kept()

    async def readings(self) -> list[tuple[str, str]]:
        """Give who has read personal data and what for, in order."""
        return await self.intake.readings()
