"""Step 8 of 8, query: the words of the page in Vietnamese and English, and how each language writes numbers and days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

from contracts.feedback import Criterion
from services.reporting.domain.pooling import OTHER

Language: TypeAlias = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")
DASH: Final = "–"


class Words(NamedTuple):
    """The same in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Tongue:
    """One of the two languages."""

    language: Language

    def say(self, words: Words, **values: object) -> str:
        """Say words, with values in their places."""
        return (words.vi if self.language == "vi" else words.en).format(**values)

    def number(self, value: float | None) -> str:
        """Write a number: 1.200 and 83,33, or 1,200 and 83.33."""
        if value is None:
            return DASH
        whole, _, part = str(Decimal(str(value))).partition(".")
        written = f"{int(whole):,}" + (f".{part}" if part.strip("0") else "")
        return written.translate(str.maketrans(",.", ".,")) if self.language == "vi" else written

    def share(self, value: float | None) -> str:
        """Write a share."""
        return DASH if value is None else f"{self.number(value)}{' ' if self.language == 'vi' else ''}%"

    def day(self, value: date) -> str:
        """Write a day: 31/03/2026, or 31 Mar 2026."""
        if self.language == "vi":
            return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
        return f"{value.day} {MONTHS_EN[value.month - 1]} {value.year:04d}"


MONTHS_EN: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

FIGURES: Final[Mapping[str, Words]] = {
    "received": Words("Tổng số hồ sơ tiếp nhận", "Received, with what was carried over"),
    "resolved": Words("Đã giải quyết", "Resolved"),
    "on_time_rate": Words("Trước hạn và đúng hạn", "Early or on time"),
    "late": Words("Giải quyết quá hạn", "Resolved late"),
    "in_progress": Words("Đang giải quyết", "In progress"),
    "in_progress_late": Words("Đang giải quyết, đã quá hạn", "In progress and late"),
    "refused": Words("Từ chối tiếp nhận", "Refused at the desk"),
    "withdrawn": Words("Người nộp rút hồ sơ", "Withdrawn by the applicant"),
    "satisfaction": Words("Hài lòng", "Satisfied"),
    "response_rate": Words("Trả lời khảo sát", "Survey response"),
}
SHARES: Final = frozenset({"on_time_rate", "satisfaction", "response_rate"})
LATE: Final = frozenset({"late", "in_progress_late"})
WITHHELD_WITH: Final[Mapping[str, str]] = {"satisfaction": "ratings", "response_rate": "invitations"}
NONE_YET: Final = Words("không có gì để tính", "nothing to share")
WITHHELD: Final = Words("không công bố vì quá ít", "withheld: too few")

COLUMNS: Final[Mapping[str, Words]] = {
    "received": Words("Tổng", "Total"),
    "received_online": Words("Trực tuyến", "Online"),
    "received_direct": Words("Trực tiếp, bưu chính", "Direct, by post"),
    "carried_over": Words("Kỳ trước", "Carried over"),
    "resolved": Words("Tổng", "Total"),
    "resolved_early": Words("Trước hạn", "Early"),
    "resolved_on_time": Words("Đúng hạn", "On time"),
    "resolved_late": Words("Quá hạn", "Late"),
    "in_progress": Words("Tổng", "Total"),
    "in_progress_in_time": Words("Trong hạn", "In time"),
    "in_progress_late": Words("Quá hạn", "Late"),
}
GROUPS: Final = (
    (Words("Tiếp nhận", "Received"), 4),
    (Words("Đã giải quyết", "Resolved"), 4),
    (Words("Đang giải quyết", "In progress"), 3),
)
"""What columns of the form stand under, and how many."""
CRITERIA: Final[Mapping[Criterion, Words]] = {
    "time": Words("Thời gian giải quyết", "Time taken"),
    "agencies-contacted": Words("Số cơ quan phải liên hệ", "Agencies contacted"),
    "contacts-to-complete": Words("Số lần liên hệ để hoàn thiện hồ sơ", "Contacts needed to complete the dossier"),
    "attitude": Words("Thái độ phục vụ", "Attitude"),
}
TOPICS: Final[Mapping[str, Words]] = {
    "attitude": Words("Thái độ phục vụ", "Attitude"),
    "delay": Words("Chậm trễ", "Delay"),
    "procedure": Words("Thủ tục", "Procedure"),
    "fee": Words("Phí, lệ phí", "Fees"),
    "facility": Words("Cơ sở vật chất", "Facilities"),
    "praise": Words("Khen ngợi", "Praise"),
    "other": Words("Nội dung khác", "Other"),
    OTHER: Words("Các nội dung còn lại, gộp chung", "The others together"),
}
OTHER_FIELDS: Final = Words("Các lĩnh vực còn lại, gộp chung", "The other fields together")
OTHER_UNITS: Final = Words("Các phòng còn lại, gộp chung", "The other units together")
NO_UNIT: Final = Words("Chưa giao phòng nào", "Not with a unit yet")
OTHER_MONTHS: Final = Words("Các tháng còn lại", "The other months")
OTHER_SHORT: Final = Words("khác", "rest")
MONTH: Final = Words("Tháng {month}", "Month {month}")
HOLDERS: Final[Mapping[str, Words]] = {
    "desk": Words("Bộ phận một cửa", "The desk"),
    "department": Words("Phòng chuyên môn", "The department"),
    "applicant": Words("Người nộp bổ sung", "The applicant"),
    "total": Words("Toàn bộ", "In all"),
}

MONTHS_CHART: Final = Words("Hồ sơ đã giải quyết theo tháng", "Resolved, by month")
MONTHS_ABOUT: Final = Words(
    "Mỗi cột là một tháng: phần đặc là trong hạn, phần gạch chéo là quá hạn. Cùng số liệu có trong bảng bên dưới.",
    "Each bar is a month: the solid part was in time, the hatched part late. The table below has the same numbers.",
)
MONTHS_LEGEND: Final = (Words("Trước hạn và đúng hạn", "In time"), Words("Quá hạn", "Late"))
BACKLOG_CHART: Final = Words("Hồ sơ đang giải quyết cuối mỗi ngày", "In progress at the close of each day")
BACKLOG_ABOUT: Final = Words(
    "Đường là số hồ sơ đang giải quyết, vùng gạch chéo là số đã quá hạn, làm tròn đến {rounded}. Cuối kỳ: {whole}, quá hạn {late}; "
    "cao nhất {highest} vào ngày {on}.",
    "The line is what was in progress, the hatched ground what of it was late, to the nearest {rounded}. At the close: {whole}, late "
    "{late}; at most {highest}, on {on}.",
)
BACKLOG_LEGEND: Final = (Words("Đang giải quyết", "In progress"), Words("Đã quá hạn", "Late"))
DWELL_CHART: Final = Words("Hồ sơ nằm ở đâu, bao lâu", "With whom dossiers lay, and for how long")
DWELL_ABOUT: Final = Words(
    "Số ngày của hồ sơ đã giải quyết trong kỳ: thanh là một nửa số hồ sơ, vạch là chín phần mười.",
    "Days of the dossiers resolved in the period: the bar is half of them, the line nine tenths.",
)
DWELL_LEGEND: Final = (Words("Một nửa số hồ sơ", "Half of them"), Words("Chín phần mười số hồ sơ", "Nine tenths of them"))
DWELL_NUMBER: Final = Words("{half} · {most} ngày", "{half} · {most} days")
UNITS_CHART: Final = Words("Các phòng: khối lượng và đúng hạn", "The units: their load and what was on time")
UNITS_ABOUT: Final = Words(
    "Ô càng lớn, phòng càng nhiều hồ sơ; trong ô là tỷ lệ trước hạn và đúng hạn, và số đang giải quyết.",
    "The larger a tile, the more a unit had to work on; in it stand the share in time and what is in progress.",
)
UNITS_NUMBER: Final = Words("{share} · đang giải quyết {open}", "{share} · {open} in progress")
UNITS_LEGEND: Final = (
    Words("từ 98 %", "98% and over"),
    Words("90 – 98 %", "90 – 98%"),
    Words("75 – 90 %", "75 – 90%"),
    Words("dưới 75 %", "under 75%"),
    Words("chưa có", "none yet"),
)
HEADINGS: Final[Mapping[str, tuple[Words, ...]]] = {
    "months": (Words("Tháng", "Month"), Words("Trong hạn", "In time"), Words("Quá hạn", "Late")),
    "backlog": (Words("Ngày", "Day"), Words("Đang giải quyết", "In progress"), Words("Đã quá hạn", "Late")),
    "dwell": (
        Words("Ở đâu", "With whom"),
        Words("Số hồ sơ", "Dossiers"),
        Words("Một nửa: số ngày", "Half: days"),
        Words("Chín phần mười: số ngày", "Nine tenths: days"),
    ),
    "units": (
        Words("Phòng", "Unit"),
        Words("Tổng số hồ sơ", "Had to work on"),
        Words("Trước hạn và đúng hạn, %", "In time, %"),
        Words("Đang giải quyết", "In progress"),
        Words("Trong đó quá hạn", "Late of these"),
    ),
}
NOTES: Final = (
    Words(
        "Đúng hạn xét theo ngày hẹn trả và ngày có kết quả tại bộ phận một cửa, không theo ngày người nộp đến nhận.",
        "Punctuality compares the day of the appointment with the day on which the result lay at the desk, not that of its collection.",
    ),
    Words(
        "Thời gian chờ người nộp bổ sung không tính vào thời hạn; lần hẹn đã lỡ thì vẫn là quá hạn dù sau đó tính lại thời hạn.",
        "While the applicant is awaited no limit runs; an appointment that was missed stays missed, even if the clock begins anew.",
    ),
    Words(
        "Hồ sơ rút sau khi tiếp nhận tính là đã giải quyết: đúng hạn, hoặc quá hạn nếu đã lỡ hẹn. "
        "Hồ sơ không có thời hạn tính là đúng hạn, trong hạn.",
        "Withdrawn after acceptance counts as resolved: on time, or late if an appointment was missed. Without a limit: on time.",
    ),
    Words(
        "Từ chối tiếp nhận không nằm trong cột nào của biểu. Từ chối bằng quyết định là đã giải quyết.",
        "A refusal at the desk is in no column of the form. A refusal by decision is a resolution.",
    ),
    Words(
        "Số có dưới 3 hồ sơ, phiếu hoặc ý kiến được gộp hoặc không công bố, số theo ngày được làm tròn, để không ai bị nhận ra.",
        "What fewer than 3 dossiers, answers or opinions stand behind is put together or withheld, and what is told by the day is rounded, "
        "so that nobody is recognised.",
    ),
)
