"""Step 3 of 8, decide: the names of the measures that indicators are made of, and what each counts. How: `measures.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.reporting.domain.figures import FORM
from services.reporting.domain.satisfaction import CRITERIA, FACTORS

OF_DOSSIERS: Final[Mapping[str, str]] = {
    **{name: f"Hồ sơ, theo cột của biểu II.06a: {name}" for name in FORM},
    "qd766_in_time": "Hồ sơ đúng hạn theo QĐ 766: trừ thời gian chờ bổ sung, yêu cầu bổ sung không quá một lần",
    "limit_days_allowed": "Số ngày làm việc theo quy định của hồ sơ đã giải quyết",
    "limit_days_used": "Số ngày làm việc thực tế của hồ sơ đã giải quyết, trừ thời gian chờ bổ sung",
    "supplements_none": "Hồ sơ đã giải quyết không phải bổ sung",
    "supplements_one": "Hồ sơ đã giải quyết bổ sung một lần",
    "supplements_more": "Hồ sơ đã giải quyết bổ sung nhiều hơn một lần",
    "digitisable": "Hồ sơ tiếp nhận trong kỳ có thành phần hồ sơ",
    "digitised": "Hồ sơ tiếp nhận trong kỳ có tệp của mọi thành phần",
}
OF_THE_DOOR: Final[Mapping[str, str]] = {
    "payments": "Lượt nộp phí, lệ phí",
    "payments_online": "Lượt nộp phí, lệ phí trực tuyến",
    "revisions": "Quyết định công bố thủ tục đã đưa vào danh mục",
    "revisions_in_time": "Quyết định công bố đã công khai trong 5 ngày làm việc",
    "procedures": "Thủ tục trong danh mục cuối kỳ",
    "procedures_whole": "Thủ tục có thành phần hồ sơ và thời hạn",
    "consultations_early": "Lượt lấy ý kiến cơ quan phối hợp được trả lời trước hạn",
    "consultations_on_time": "Lượt lấy ý kiến cơ quan phối hợp được trả lời đúng ngày hạn",
    "consultations_late": "Lượt lấy ý kiến cơ quan phối hợp trả lời quá hạn hoặc đã quá hạn chưa trả lời",
}
OF_PETITIONS: Final[Mapping[str, str]] = {
    "petitions_in_hand": "Phản ánh, kiến nghị phải xử lý trong kỳ",
    "petitions_in_time": "Phản ánh, kiến nghị đã trả lời đúng hạn",
    "petitions_late": "Phản ánh, kiến nghị đã trả lời quá hạn",
    "petitions_overdue": "Phản ánh, kiến nghị quá hạn chưa trả lời",
    "petitions_prolonged": "Phản ánh, kiến nghị được gia hạn trong kỳ",
    "petitions_answered": "Phản ánh, kiến nghị được trả lời lần đầu trong kỳ",
    "petitions_answered_soon": "Phản ánh, kiến nghị được trả lời lần đầu trong 15 ngày làm việc",
    "petitions_refused": "Phản ánh, kiến nghị không thụ lý trong kỳ",
    "petitions_refused_soon": "Phản ánh, kiến nghị không thụ lý, báo trong 2 ngày làm việc",
}
OF_ANSWERS: Final[Mapping[str, str]] = {
    "ratings": "Lượt đánh giá mức độ hài lòng",
    "ratings_good": "Lượt đánh giá hài lòng, rất hài lòng",
    "ratings_bad": "Lượt đánh giá không hài lòng, rất không hài lòng",
    **{f"{one.replace('-', '_')}_answers": f"Lượt trả lời tiêu chí {one} (TT 01/2018)" for one in CRITERIA},
    **{f"{one.replace('-', '_')}_points": f"Tổng điểm tiêu chí {one} (TT 01/2018)" for one in CRITERIA},
    **{f"{one}_answers": f"Lượt trả lời yếu tố {one} (SIPAS)" for one in FACTORS},
    **{f"{one}_satisfied": f"Lượt hài lòng về yếu tố {one} (SIPAS)" for one in FACTORS},
}
MEASURES: Final[Mapping[str, str]] = {**OF_DOSSIERS, **OF_THE_DOOR, **OF_PETITIONS, **OF_ANSWERS}
"""Every measure, and what it counts. Those of answers are of the whole months that the period touches."""
