"""Step 1 of 8, http_api: what is said of each reason for which a command on a dossier is refused."""

from __future__ import annotations

from typing import Final

from kernel.edge.problem import refusal

REFUSALS: Final = (
    refusal("no-such-dossier", "Không có hồ sơ này.", "There is no such dossier.", status=404),
    refusal("already-submitted", "Hồ sơ này đã được nộp.", "This dossier has been submitted already."),
    refusal(
        "components-missing",
        "Hồ sơ còn thiếu thành phần bắt buộc nên chưa thể tiếp nhận.",
        "Required components are missing, so the dossier cannot be received yet.",
        members=("legal", "missing"),
    ),
    refusal(
        "supplement-already-requested",
        "Chỉ được yêu cầu bổ sung hồ sơ một lần khi tiếp nhận (Nghị định 61/2018/NĐ-CP, Điều 17).",
        "At the desk a supplement may be asked for once only (Decree 61/2018/NĐ-CP, article 17).",
    ),
    refusal(
        "supplement-incomplete",
        "Phần bổ sung chưa đủ các thành phần đã được yêu cầu.",
        "The supplement lacks components that were asked for.",
        members=("legal", "missing"),
    ),
    refusal(
        "outside-calendar",
        "Lịch làm việc chưa có dữ liệu cho thời hạn này nên chưa thể hẹn ngày trả. Hãy báo cho người vận hành.",
        "The working calendar does not reach to this deadline yet, so no appointment can be given. Tell the operator.",
    ),
    refusal(
        "retention-runs",
        "Pháp luật còn yêu cầu lưu giữ hồ sơ này nên chưa thể xóa dữ liệu cá nhân.",
        "The law still wants this dossier kept, so nothing personal can be erased yet.",
        members=("legal", "until", "legal_basis"),
    ),
    refusal(
        "retention-unknown",
        "Chưa có quy định về thời hạn lưu giữ cho hồ sơ kết thúc như vậy. Hãy báo cho người vận hành.",
        "No rule says how long a dossier that ended so is kept. Tell the operator.",
    ),
    refusal(
        "too-many-files",
        "Hồ sơ đã có đủ số tệp đính kèm cho phép.",
        "The dossier has as many files as it may have.",
        members=("legal", "files_max"),
    ),
    refusal(
        "fee-not-due",
        "Hồ sơ này không có phí, lệ phí phải nộp, hoặc chưa được tiếp nhận.",
        "No fee is due for this dossier, or it has not been received yet.",
    ),
    refusal(
        "fee-amount-differs",
        "Số tiền không đúng với số phải nộp, hoặc với số đã ghi nhận của giao dịch này.",
        "The amount is not what is due, or not what was recorded of this payment.",
        members=("expected_vnd",),
    ),
    refusal(
        "fee-amount-too-high",
        "Số tiền lớn hơn số còn lại.",
        "The amount is higher than what is left.",
        members=("at_most_vnd",),
    ),
    refusal("fee-settled", "Phí, lệ phí của hồ sơ này đã được nộp đủ hoặc đã miễn.", "The fee of this dossier is paid or waived."),
    refusal(
        "fee-owed",
        "Phải nộp phí, lệ phí trước khi nhận kết quả.",
        "The fee is to be paid before the result is handed over.",
        members=("legal", "owed_vnd"),
    ),
    refusal(
        "payment-of-another-dossier",
        "Giao dịch này đã được ghi nhận cho một hồ sơ khác; một khoản nộp chỉ thanh toán cho một hồ sơ.",
        "This payment was taken for another dossier; one payment settles one due.",
    ),
    refusal("no-such-payment", "Hồ sơ này không có giao dịch như vậy.", "This dossier has no such payment.", status=404),
    refusal(
        "no-such-original", "Không giữ bản chính nào như vậy của hồ sơ này.", "No such original of this dossier was taken.", status=404
    ),
    refusal("original-not-held", "Bản chính này không còn được giữ.", "This original is not held any more."),
    refusal(
        "originals-held",
        "Phải trả lại các bản chính đang giữ trước khi trả kết quả (Nghị định 61/2018/NĐ-CP, Điều 20).",
        "The originals that are held go back before the result is handed over (Decree 61/2018/NĐ-CP, article 20).",
        members=("legal", "originals"),
    ),
    refusal(
        "not-now",
        "Không thể làm việc này ở trạng thái hiện tại của hồ sơ.",
        "This cannot be done in the dossier's present state.",
    ),
)
