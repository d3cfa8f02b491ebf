"""What the demo tells of the reform: a plan with its seven contents, an inspection and what it found, a directive, something made public.

All of it within the days that the demo has; what is not done by the last of them is left open, and one task is overdue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from deploy.local.caller import Answered, Caller
from deploy.local.story import FIRST_DAY, HANOI, end_of, office

AGENCY: Final = "H09.13"
OFFICER: Final = "nv-vp-02"
INSPECTOR: Final = "nv-tt-01"
INSPECTED: Final = "phong-quan-ly-thuong-mai"
HEAD: Final = "nv-tm-01"
TASKS: Final = (
    ("direction", "Kiểm tra công tác cải cách hành chính tại các phòng, đơn vị", "Biên bản kiểm tra"),
    ("institutions", "Rà soát văn bản quy phạm pháp luật của ngành", "Báo cáo rà soát"),
    ("procedures", "Rà soát, cắt giảm thời gian giải quyết thủ tục hành chính", "Quyết định công bố thủ tục"),
    ("apparatus", "Sắp xếp tổ chức các phòng chuyên môn", "Đề án sắp xếp"),
    ("civil-service", "Tập huấn quy trình xin lỗi và hẹn lại ngày trả kết quả", "Danh sách tập huấn"),
    ("public-finance", "Công khai dự toán, thực hiện khoán chi", "Báo cáo công khai"),
    ("modernisation", "Số hóa kết quả giải quyết thủ tục hành chính", "Báo cáo số hóa"),
)


@dataclass(frozen=True)
class Reform:
    """Those who manage the reform in the story, as callers."""

    call: Callable[[str, str], Caller]
    leader: str
    seed: int
    last: date

    async def tell(self) -> int:
        """Tell it, unless the year has its plan by an earlier story; give how many tasks the plan got."""
        plan, key = {"agency": AGENCY, "year": FIRST_DAY.year}, f"demo-{self.seed}-reform"
        owner = {"unit": "van-phong", "officer": OFFICER}
        tasks = [
            {"content": content, "title": title, "product": product, "owner": owner, "due_on": self._day((n + 2) / 8)}
            for n, (content, title, product) in enumerate(TASKS)
        ]
        wanted = {**plan, "decision": paper("12/KH-SCT"), "tasks": tasks}
        try:
            made = await self._do(self.leader, "leader", "/plans", wanted, f"{key}-plan", 0)
        except Answered as answered:
            if answered.kind != "plan-adopted-already":
                raise
            return 0
        await self._do(
            OFFICER, "officer", f"/plans/{made['id']}/tasks/3/progress", {"percent": 60, "note": "Đã rà soát 71 thủ tục."}, key, 0.4
        )
        for number in (1, 2, 4):
            done = {"evidence": [paper(f"{number}/BC-VP")]}
            await self._do(OFFICER, "officer", f"/plans/{made['id']}/tasks/{number}/completion", done, f"{key}-{number}", number / 8)
        await self._inspect(plan, key)
        await self._see_to_directive(owner, key)
        item = {
            "agency": AGENCY,
            "plan": paper("14/KH-SCT"),
            "topic": "Danh mục thủ tục hành chính và thời hạn cam kết",
            "medium": "notice-board",
            "place": "Bộ phận một cửa",
            "owner": owner,
            "due_on": self._day(0.3),
        }
        planned = await self._do(self.leader, "leader", "/publicity", item, f"{key}-publicity", 0)
        shown = {"evidence": [paper("Ảnh chụp bảng niêm yết")]}
        await self._do(OFFICER, "officer", f"/publicity/{planned['id']}/completion", shown, f"{key}-shown", 0.2)
        await self.call(self.leader, "leader").post("/v1/reform/overdue", {}, f"{key}-overdue", end_of(self.last))
        return len(TASKS)

    async def _inspect(self, plan: dict[str, Any], key: str) -> None:
        """Let a unit be inspected, and what was found be mended and verified by somebody of another unit."""
        planned = [
            {"unit": INSPECTED, "subjects": ["procedures", "discipline"], "due_on": self._day(0.5)},
            {"unit": "van-phong", "subjects": ["direction"], "due_on": self._day(0.9)},
        ]
        adopted = {**plan, "decision": paper("13/KH-SCT"), "planned": planned}
        made = await self._do(self.leader, "leader", "/inspection-plans", adopted, f"{key}-inspections", 0)
        held = {
            "unit": INSPECTED,
            "subjects": ["procedures", "discipline"],
            "held_on": self._day(0.3),
            "team": [INSPECTOR],
            "minutes": paper("01/BB-ĐKT"),
            "text": "Hồ sơ trễ hạn chưa có phiếu xin lỗi.",
        }
        base = f"/inspection-plans/{made['id']}/inspections"
        await self._do(INSPECTOR, "officer", base, held, f"{key}-held", 0.3)
        text = {"subject": "procedures", "unit": INSPECTED, "text": "Hồ sơ trễ hạn chưa có phiếu xin lỗi và hẹn lại ngày trả kết quả."}
        found = await self._do(INSPECTOR, "officer", f"{base}/1/findings", text, f"{key}-found", 0.3)
        action = {
            "action": "Tập huấn quy trình xin lỗi, rà soát hồ sơ trễ hạn.",
            "owner": {"unit": INSPECTED, "officer": HEAD},
            "due_on": self._day(0.6),
        }
        verdict = {"effective": True, "note": "Không còn hồ sơ trễ hạn thiếu phiếu xin lỗi.", "unit": "thanh-tra"}
        about = f"/findings/{found['id']}"
        await self._do(HEAD, "officer", f"{about}/cause", {"cause": "Công chức chưa được tập huấn."}, f"{key}-cause", 0.35)
        await self._do(self.leader, "leader", f"{about}/action", action, f"{key}-action", 0.4)
        await self._do(HEAD, "officer", f"{about}/completion", {"evidence": [paper("05/BC-TM")]}, f"{key}-mended", 0.55)
        await self._do(INSPECTOR, "officer", f"{about}/verification", verdict, f"{key}-verified", 0.7)

    async def _see_to_directive(self, owner: dict[str, Any], key: str) -> None:
        """Let a directive come, be given to somebody and be answered."""
        came = {
            "agency": AGENCY,
            "paper": paper("02/CT-UBND"),
            "issuer": "Ủy ban nhân dân tỉnh",
            "signed_on": FIRST_DAY.isoformat(),
            "wanted": "Báo cáo kết quả thực hiện nhiệm vụ cải cách hành chính.",
            "due_on": self._day(0.8),
        }
        made = await self._do(OFFICER, "officer", "/directives", came, f"{key}-directive", 0.1)
        given = {"owner": owner, "due_on": self._day(0.7)}
        await self._do(self.leader, "leader", f"/directives/{made['id']}/assignment", given, f"{key}-assigned", 0.1)
        await self._do(OFFICER, "officer", f"/directives/{made['id']}/answer", {"answer": paper("09/BC-SCT")}, f"{key}-answered", 0.6)

    async def _do(self, who: str, role: str, path: str, body: dict[str, Any], key: str, share: float) -> dict[str, Any]:
        return await self.call(who, role).post(f"/v1/reform{path}", body, key, self._moment(share))

    def _day(self, share: float) -> str:
        """Give the day when so much of the story is over."""
        return day_at(share, self.last).isoformat()

    def _moment(self, share: float) -> datetime:
        """Give an instant on that day."""
        return office(datetime.combine(day_at(share, self.last), time(9), HANOI))


def day_at(share: float, last: date) -> date:
    """Give a weekday of the story: the first, the last, or one between."""
    day = FIRST_DAY + timedelta(days=round(share * (last - FIRST_DAY).days))
    while day.weekday() >= 5:  # noqa: PLR2004 - Saturday
        day -= timedelta(days=1)
    return day


def paper(reference: str) -> dict[str, str]:
    """Give a paper of the story; it lies nowhere, and the hash is that of its name."""
    return {"reference": reference, "sha256": hashlib.sha256(reference.encode()).hexdigest()}
