"""Reform over HTTP, made short: bodies that are good, and one of each thing that there is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import httpx2

from services.reporting.domain.inspection_plan import plan_id
from tests.services.reporting.mirror import Mirrored
from tests.services.reporting.test_petitions import fact as petition_fact
from tests.services.rig import AGENCY

Body = dict[str, Any]


def paper(reference: str = "128/KH-SCT") -> Body:
    return {"reference": reference, "sha256": hashlib.sha256(reference.encode()).hexdigest()}


OFFICER: Final = "nv-vp-01"
OWNER: Final = {"unit": "van-phong", "officer": OFFICER}
UNIT: Final = {"unit": "ky-thuat"}


def task(content: str = "procedures", due_on: str = "2026-06-30", **more: Any) -> Body:
    return {"content": content, "title": f"Nhiệm vụ {content}", "product": "Báo cáo", "owner": OWNER, "due_on": due_on, **more}


def plan(year: int = 2026, *tasks: Body) -> Body:
    return {"agency": AGENCY, "year": year, "decision": paper(), "tasks": list(tasks or (task(), task("modernisation", owner=UNIT)))}


def inspections(year: int = 2026) -> Body:
    planned = [
        {"unit": "ky-thuat", "subjects": ["procedures", "discipline"], "procedures": ["2.000648"], "due_on": "2026-06-30"},
        {"unit": "van-phong", "subjects": ["direction"], "due_on": "2026-09-30"},
    ]
    return {"agency": AGENCY, "year": year, "decision": paper("45/KH-SCT"), "planned": planned}


def inspection(held_on: str = "2026-03-02") -> Body:
    return {
        "unit": "ky-thuat",
        "subjects": ["procedures"],
        "procedures": ["2.000648"],
        "held_on": held_on,
        "team": ["ld-pgd-01"],
        "minutes": paper("03/BB-ĐKT"),
        "text": "Hai hồ sơ trễ hạn chưa có phiếu xin lỗi.",
    }


FINDING: Final[Body] = {"subject": "procedures", "unit": "ky-thuat", "text": "Hồ sơ trễ hạn chưa có phiếu xin lỗi."}
CAUSE: Final[Body] = {"cause": "Công chức chưa được tập huấn."}
ACTION: Final[Body] = {"action": "Tập huấn quy trình xin lỗi.", "owner": OWNER, "due_on": "2026-03-20"}
DONE: Final[Body] = {"evidence": [paper("21/BC-KT")]}
HELPED: Final[Body] = {"effective": True, "note": "Không còn hồ sơ thiếu phiếu xin lỗi.", "unit": "ky-thuat"}
DIRECTIVE: Final[Body] = {
    "agency": AGENCY,
    "paper": paper("02/CT-UBND"),
    "issuer": "Ủy ban nhân dân tỉnh",
    "signed_on": "2026-02-27",
    "wanted": "Báo cáo kết quả quý I.",
    "due_on": "2026-03-20",
}
ITEM: Final[Body] = {
    "agency": AGENCY,
    "plan": paper("60/KH-SCT"),
    "topic": "Danh mục thủ tục và thời hạn cam kết",
    "medium": "notice-board",
    "place": "Bộ phận một cửa",
    "owner": OWNER,
    "due_on": "2026-03-10",
}


@dataclass
class Reforming:
    """Asks as a leader, or as an officer."""

    mirrored: Mirrored

    async def post(self, path: str, body: Body, role: str = "leader", sub: str | None = None, **more: Any) -> httpx2.Response:
        service = self.mirrored.service
        return await service.post(f"/v1/reform{path}", body, service.token(role, sub=sub), **more)

    async def done(self, path: str, body: Body, role: str = "leader", sub: str | None = None) -> Body:
        answer = await self.post(path, body, role, sub)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def get(
        self, path: str, *roles: str, sub: str | None = None, agencies: tuple[str, ...] = (AGENCY,), **query: Any
    ) -> httpx2.Response:
        service = self.mirrored.service
        return await service.get(f"/v1/reform{path}", service.token(*(roles or ("leader",)), sub=sub, agencies=agencies), **query)

    async def items(self, path: str, *roles: str, sub: str | None = None, **query: Any) -> list[Body]:
        answer = await self.get(path, *roles, sub=sub, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def finding(self) -> str:
        """Put down what an inspection of a plan of its own found; give the finding's id."""
        id = plan_id(AGENCY, 2026)
        _ = await self.post("/inspection-plans", inspections(2026))  # the year has its plan, or has it now
        held = await self.done(f"/inspection-plans/{id}/inspections", inspection())
        return (await self.done(f"/inspection-plans/{id}/inspections/{held['number']}/findings", FINDING))["id"]


@dataclass
class Made:
    """One of each thing, by the word before its id in addresses, and bodies that fit them."""

    named: dict[str, str]
    bodies: dict[str, Body]


async def reformed(mirrored: Mirrored) -> Made:
    """Make one of each thing that reform consists of."""
    reform, first = Reforming(mirrored), date(2026, 1, 1)
    named = {"plans": (await reform.done("/plans", plan()))["id"]}
    finding = await reform.finding()
    await reform.done(f"/findings/{finding}/cause", CAUSE)
    report = (await mirrored.publish({"from": first.isoformat(), "to": "2026-06-30"})).json()["id"]
    review = {"agency": AGENCY, "kind": "mid-year", "year": 2026, "report_id": report}
    named |= {
        "inspection-plans": str(plan_id(AGENCY, 2026)),
        "findings": finding,
        "reviews": (await reform.done("/reviews", review))["id"],
        "directives": (await reform.done("/directives", DIRECTIVE))["id"],
        "publicity": (await reform.done("/publicity", ITEM))["id"],
    }
    petition = petition_fact("reform", "received", 0, due=20)
    await mirrored.tell(petition, petition_fact("reform", "classified", 0, due=20, kind="petition"))
    await mirrored.level()
    named["petitions"] = str(petition.petition_id)  # pyright: ignore[reportAttributeAccessIssue] - made by the name of its type
    bodies = {
        "POST /v1/reform/plans": plan(2027),
        "POST /v1/reform/plans/{id}/change": {"decision": paper("310/QĐ-SCT"), "reason": "Điều chỉnh", "tasks": [task("direction")]},
        "POST /v1/reform/plans/{id}/tasks/{task}/progress": {"percent": 10, "note": "Bắt đầu"},
        "POST /v1/reform/plans/{id}/tasks/{task}/completion": DONE,
        "POST /v1/reform/inspection-plans": inspections(2027),
        "POST /v1/reform/inspection-plans/{id}/change": {**inspections(), "reason": "Điều chỉnh"},
        "POST /v1/reform/inspection-plans/{id}/inspections": inspection(),
        "POST /v1/reform/inspection-plans/{id}/inspections/{inspection}/findings": FINDING,
        "POST /v1/reform/reviews": {**review, "kind": "year-end"},
        "POST /v1/reform/reviews/{id}/findings": FINDING,
        "POST /v1/reform/reviews/{id}/closing": {"conclusions": paper("88/TB-SCT")},
        "POST /v1/reform/petitions/{id}/findings": FINDING,
        "POST /v1/reform/findings/{id}/cause": {"cause": "Quá tải."},
        "POST /v1/reform/findings/{id}/action": ACTION,
        "POST /v1/reform/findings/{id}/completion": DONE,
        "POST /v1/reform/findings/{id}/verification": HELPED,
        "POST /v1/reform/findings/{id}/reopening": {"reason": "Lặp lại."},
        "POST /v1/reform/directives": DIRECTIVE,
        "POST /v1/reform/directives/{id}/assignment": {"owner": OWNER, "due_on": "2026-03-16"},
        "POST /v1/reform/directives/{id}/answer": {"answer": paper("67/BC-SCT")},
        "POST /v1/reform/publicity": ITEM,
        "POST /v1/reform/publicity/{id}/change": {name: value for name, value in ITEM.items() if name != "agency"},
        "POST /v1/reform/publicity/{id}/completion": DONE,
        "POST /v1/reform/publicity/{id}/dropping": {"reason": "Trùng"},
    }
    bodies["POST /v1/reform/inspection-plans/{id}/change"] = {
        name: value for name, value in bodies["POST /v1/reform/inspection-plans/{id}/change"].items() if name not in {"agency", "year"}
    }
    return Made(named, bodies)
