"""What each fact is called in Vietnamese, in the words of the one-stop decree and its forms."""

from __future__ import annotations

from typing import Final

TERMS: Final[dict[str, str]] = {
    "intake.procedure.published.v1": "Công bố thủ tục hành chính",
    "intake.dossier.submitted.v1": "Nộp hồ sơ",
    "intake.dossier.supplement-requested.v1": "Yêu cầu bổ sung, hoàn thiện hồ sơ",
    "intake.dossier.supplemented.v1": "Bổ sung hồ sơ",
    "intake.dossier.accepted.v1": "Tiếp nhận hồ sơ và hẹn trả kết quả",
    "intake.dossier.refused.v1": "Từ chối tiếp nhận hồ sơ",
    "intake.dossier.withdrawn.v1": "Rút hồ sơ",
    "intake.dossier.rescheduled.v1": "Hẹn lại ngày trả kết quả",
    "intake.dossier.reappointed.v1": "Xin lỗi và hẹn lại ngày trả kết quả",
    "intake.dossier.result-ready.v1": "Có kết quả giải quyết",
    "intake.dossier.returned.v1": "Trả kết quả",
    "intake.register.number-allotted.v1": "Cấp mã hồ sơ",
    "processing.workflow.published.v1": "Ban hành quy trình nội bộ",
    "processing.case.opened.v1": "Thụ lý hồ sơ",
    "processing.case.step-claimed.v1": "Nhận xử lý bước",
    "processing.case.step-assigned.v1": "Phân công, chuyển người xử lý bước",
    "processing.case.step-completed.v1": "Hoàn thành bước",
    "processing.case.step-reopened.v1": "Trả lại bước, rút lại bước",
    "processing.case.consultation-requested.v1": "Lấy ý kiến cơ quan phối hợp",
    "processing.case.consultation-answered.v1": "Cơ quan phối hợp trả lời",
    "processing.case.clock-paused.v1": "Tạm dừng thời hạn giải quyết",
    "processing.case.clock-resumed.v1": "Tiếp tục thời hạn giải quyết",
    "processing.case.decided.v1": "Quyết định giải quyết",
    "processing.case.result-issued.v1": "Cấp số, đóng dấu kết quả",
    "processing.case.stopped.v1": "Dừng giải quyết",
    "processing.case.reappointed.v1": "Xin lỗi và hẹn lại ngày trả kết quả",
    "processing.case.moved.v1": "Chuyển sang phiên bản quy trình mới",
    "processing.case.alarm-raised.v1": "Cảnh báo thời hạn giải quyết",
    "processing.permit.issued.v1": "Cấp giấy phép",
    "processing.book.number-allotted.v1": "Cấp số kết quả",
    "feedback.invitation.issued.v1": "Mời đánh giá",
    "feedback.invitation.used.v1": "Đã đánh giá",
    "feedback.rating.recorded.v1": "Ghi nhận đánh giá",
    "feedback.opinion.received.v1": "Tiếp nhận phản ánh, góp ý",
    "feedback.opinion.answered.v1": "Trả lời phản ánh, góp ý",
    "reporting.report.published.v1": "Công bố báo cáo",
}
"""The Vietnamese term of every fact, by event type."""
