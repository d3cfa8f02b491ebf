"""Step 8 of 8, query: closed words of facts as a person says them, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Pair: TypeAlias = tuple[str, str]
"""The same in Vietnamese and in English."""

WORDS: Final[Mapping[str, Pair]] = {
    # Why a step changes hands: AssignmentReason.
    "assigned": ("phân công", "assigned"),
    "leave": ("nghỉ phép", "leave"),
    "transfer": ("chuyển công tác", "transfer"),
    "reorganisation": ("sắp xếp tổ chức", "reorganisation"),
    "conflict-of-interest": ("xung đột lợi ích", "conflict of interest"),
    "workload": ("quá tải", "workload"),
    # Why it opens again: ReopeningReason.
    "incomplete": ("chưa đầy đủ", "incomplete"),
    "wrong-contents": ("sai nội dung", "wrong contents"),
    "wrong-form": ("sai thể thức", "wrong form"),
    "wrong-legal-basis": ("sai căn cứ pháp lý", "wrong legal basis"),
    "new-facts": ("có tình tiết mới", "new facts"),
    "by-mistake": ("nhầm lẫn", "by mistake"),
    # Why a result is late: LatenessReason.
    "coordinating-agency": ("chờ cơ quan phối hợp", "waiting for a coordinating agency"),
    "site-check": ("kiểm tra thực tế", "site check"),
    "complicated": ("hồ sơ phức tạp", "complicated dossier"),
    "outage": ("sự cố hệ thống", "outage"),
    "officer-absent": ("vắng người xử lý", "officer absent"),
    # Why time does not count: ExclusionCause.
    "force-majeure": ("bất khả kháng", "force majeure"),
    # Why a decision is corrected: CorrectionReason, beside what it shares with the others.
    "clerical": ("lỗi soạn thảo", "clerical error"),
    "wrong-outcome": ("sai kết quả", "wrong outcome"),
    # What was found on site: SiteFinding; what a council concluded: CouncilFinding.
    "meets": ("đáp ứng", "meets the conditions"),
    "meets-after-remedy": ("đáp ứng sau khi khắc phục", "meets them after a remedy"),
    "does-not-meet": ("không đáp ứng", "does not meet them"),
    "approves": ("thông qua", "approved"),
    "approves-after-changes": ("thông qua sau khi chỉnh sửa", "approved after changes"),
    "rejects": ("không thông qua", "rejected"),
    # Why a step does not pass by itself.
    "done": ("đã hoàn thành", "it is done"),
    "reopened": ("công việc được trả lại", "the work went back"),
    "paused": ("tạm dừng thời hạn", "the clock stands still"),
    "moved": ("chuyển phiên bản quy trình", "another version of the workflow"),
    "ended": ("hồ sơ đã kết thúc", "the case has ended"),
    # What another agency answers.
    "agrees": ("đồng ý", "agrees"),
    "disagrees": ("không đồng ý", "disagrees"),
    "agrees-with-changes": ("đồng ý có điều chỉnh", "agrees with changes"),
    "not-competent": ("không thuộc thẩm quyền", "not competent"),
    # Outcome.
    "granted": ("đồng ý", "granted"),
    "refused": ("từ chối", "refused"),
    # Alarms.
    "due-soon": ("sắp đến hạn", "due soon"),
    "overdue": ("đã quá hạn", "overdue"),
    "escalated": ("quá hạn, báo cáo lãnh đạo Sở", "overdue, made known to the director"),
}


def said(word: str) -> Pair:
    """Give a word in both languages; one that a later version of the contract added, as it is."""
    return WORDS.get(word, (word, word))
