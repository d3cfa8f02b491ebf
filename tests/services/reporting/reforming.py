"""What reform is made of, made short: papers, owners, tasks, findings, and the moments at which things are done."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.reporting import ReportPublished
from contracts.reporting_duties import DirectiveReceived, PublicityPlanned
from contracts.reporting_findings import FindingOpened
from contracts.reporting_reform import Evidence, Owner, ReformContent
from contracts.vocabulary import DirectiveId, FindingId, FindingSourceId, PublicityItemId, ReportId
from kernel.legalclock import at
from services.reporting.domain.reform_plan_commands import Planned

AGENCY: Final = "H09.13"
LEADER: Final = "ld-gd-01"
OWNER: Final = "nv-vp-01"
OTHER: Final = "nv-kt-02"
BY_OFFICER: Final = Owner(unit="van-phong", officer=OWNER)
BY_UNIT: Final = Owner(unit="ky-thuat", officer=None)
NAMES: Final = UUID("7d0f6f1e-6a7c-4d9b-9f6e-0c7a4f1b2d3e")
FINDING: Final = FindingId(uuid5(NAMES, "finding"))


def paper(reference: str = "128/KH-SCT") -> Evidence:
    """Give a paper that is kept elsewhere."""
    return Evidence(reference=reference, sha256=hashlib.sha256(reference.encode()).hexdigest())


def on(month: int, day: int, clock: str = "09:00", year: int = 2026) -> datetime:
    """Give an instant by its local day and time."""
    return at(date(year, month, day), time.fromisoformat(clock))


def task(content: ReformContent = "procedures", due_on: date = date(2026, 6, 30), **more: Any) -> Planned:
    """Give a task of the plan."""
    said: dict[str, Any] = {"title": f"Nhiệm vụ {content}", "product": "Báo cáo", "owner": BY_OFFICER, **more}
    return Planned(content=content, due_on=due_on, **said)


def found(opened_at: datetime | None = None, **more: Any) -> FindingOpened:
    """Give a finding."""
    said: dict[str, Any] = {
        "finding_id": FINDING,
        "agency": AGENCY,
        "found_by": "inspection",
        "found_in": FindingSourceId(uuid5(NAMES, "inspection")),
        "subject": "procedures",
        "unit": "ky-thuat",
        "text": "Hồ sơ trễ hạn chưa có phiếu xin lỗi.",
        "opened_by": LEADER,
        "opened_at": opened_at or on(5, 13),
    }
    return FindingOpened(**{**said, **more})


def report(first: date, last: date) -> ReportPublished:
    """Give a published report of a period."""
    return ReportPublished(
        report_id=ReportId(uuid5(NAMES, "report")),
        agency=AGENCY,
        period_from=first,
        period_to=last,
        definition_hash="d" * 64,
        positions={"intake": 12, "processing": 7},
        lines=(),
        published_by=LEADER,
        published_at=on(7, 1),
    )


def directive(due_on: date | None = date(2026, 3, 20), received_at: datetime | None = None) -> DirectiveReceived:
    """Give a directive from above."""
    return DirectiveReceived(
        directive_id=DirectiveId(uuid5(NAMES, "directive")),
        agency=AGENCY,
        paper=paper("02/CT-UBND"),
        issuer="Ủy ban nhân dân tỉnh",
        signed_on=date(2026, 1, 12),
        wanted="Báo cáo kết quả quý I.",
        due_on=due_on,
        received_by=LEADER,
        received_at=received_at or on(1, 14),
    )


def item(due_on: date = date(2026, 2, 10), planned_at: datetime | None = None, **more: Any) -> PublicityPlanned:
    """Give something that is to be made public."""
    said: dict[str, Any] = {
        "item_id": PublicityItemId(uuid5(NAMES, "item")),
        "agency": AGENCY,
        "plan": paper("60/KH-SCT"),
        "topic": "Danh mục thủ tục và thời hạn cam kết",
        "medium": "notice-board",
        "place": "Bộ phận một cửa",
        "owner": BY_OFFICER,
        "due_on": due_on,
        "planned_by": LEADER,
        "planned_at": planned_at or on(1, 22),
    }
    return PublicityPlanned(**{**said, **more})
