"""Feedback with intake as its neighbour: short words for what an applicant, a clerk and an officer do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2

from contracts.catalogue import FACTS
from deploy.local.answering import hide
from services.feedback.main import SERVICE
from tests.contracts.golden import golden
from tests.servers import Database
from tests.services.rig import Neighbour, Rig, Running

SAID: Final[dict[str, Any]] = {
    "channel": "hotline",
    "topic": "delay",
    "text": "Hồ sơ của tôi trễ hẹn hai tuần, gọi điện không ai nghe máy.",
    "contact": {"name": "Lê Thị Hòa", "phone": "0912 345 678", "email": "hoa@example.vn"},
}
ANSWER: Final = "Sở xin lỗi bà và đã trả kết quả hôm nay."
COMMENT: Final = "Cán bộ hướng dẫn tận tình."


def ended(kind: str, dossier: UUID) -> Any:
    """Make the fact that intake returned or refused a dossier."""
    type_ = f"intake.dossier.{kind}.v1"
    return FACTS[type_].model_validate(golden(type_)["data"] | {"dossier_id": dossier})


@dataclass(repr=False)
class Listening:
    """What a test asks of feedback."""

    running: Running
    intake: Neighbour

    def __repr__(self) -> str:
        """Be short: hypothesis writes down what a test was given, and this is a whole service."""
        return "feedback"

    async def ended(self, kind: str = "returned", dossier: UUID | None = None) -> UUID:
        """Let intake return or refuse a dossier, and wait until feedback has heard it."""
        of = dossier or uuid4()
        await self.running.reacted_to(await self.intake.tell(of, ended(kind, of), at=self.running.moment))
        return of

    async def invitations(self, dossier: UUID, role: str = "desk", **how: Any) -> list[dict[str, Any]]:
        """List the invitations of a dossier, all that intake's log has led to."""
        position = f"intake/{await self.intake.log.head()}"
        answer = await self.running.get("/v1/invitations", self.running.token(role, **how), dossier=str(dossier), after=position)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def token(self, dossier: UUID | None = None) -> str:
        """Give the token of a new invitation."""
        (found,) = await self.invitations(await self.ended(dossier=dossier))
        return found["token"]

    async def asked(self, token: str, *, key: str | None = None) -> httpx2.Response:
        """Ask which class an answer is in."""
        return await self.running.post("/v1/invitations/class", {"token": token}, key=key)

    async def right(self, token: str) -> dict[str, str]:
        """Use an invitation, and give what an answer needs: class, token, signature."""
        offered = await self.asked(token)
        assert offered.status_code == 200, offered.text
        hidden = hide(offered.json()["public_key"])
        admitted = await self.admit(token, offered.json()["id"], hidden.message)
        assert admitted.status_code == 200, admitted.text
        return {"class_id": offered.json()["id"], **hidden.uncovered(admitted.json()["signature"])}

    async def admit(self, token: str, class_id: str, blinded: str, *, key: str | None = None) -> httpx2.Response:
        """Have something signed."""
        return await self.running.post("/v1/invitations/admission", {"token": token, "class_id": class_id, "blinded": blinded}, key=key)

    async def give(self, right: Mapping[str, Any], satisfaction: int = 4, **more: Any) -> httpx2.Response:
        """Put an answer into the box, as anybody with a signed token may."""
        return await self.running.post("/v1/answers", {**right, "satisfaction": satisfaction, **more})

    async def answered(self, token: str, satisfaction: int = 4, **more: Any) -> str:
        """Go the whole way from an invitation to the box; give the answer's id."""
        answer = await self.give(await self.right(token), satisfaction, **more)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    async def recorded(self) -> int:
        """Let the box be emptied, as far as enough are together."""
        answer = await self.running.post("/v1/answers/recording", {}, self.running.token("leader"))
        assert answer.status_code == 200, answer.text
        return answer.json()["recorded"]

    async def say(self, role: str | None = "desk", *, key: str | None = None, **changes: Any) -> httpx2.Response:
        """Say something: at the hotline unless the channel is another."""
        return await self.running.post("/v1/opinions", SAID | changes, self.running.token(role) if role else None, key=key)

    async def said(self, **changes: Any) -> str:
        """Say something, and give its id."""
        answer = await self.say(**changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def answer(self, id: str, text: str = ANSWER, **how: Any) -> httpx2.Response:
        """Answer an opinion."""
        return await self.running.post(f"/v1/opinions/{id}/answer", {"text": text}, self.running.token("officer", **how))

    async def read(self, id: str, purpose: str = "answering", role: str = "officer") -> dict[str, Any]:
        """Read an opinion with its words."""
        answer = await self.running.get(f"/v1/opinions/{id}", self.running.token(role), purpose=purpose)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def listening(rig: Rig, database: Database | None = None, **settings: Any) -> AsyncGenerator[Listening]:
    """Run both."""
    async with rig.neighbour("intake") as intake, rig.running(SERVICE, database, **settings) as running:
        yield Listening(running, intake)
