"""What segments say: one Vietnamese phrase for each reason, and the same in English. Facts carry the Vietnamese only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORKING_DAY: Final = "Ngày làm việc"
SWAPPED_IN: Final = "Ngày làm bù cho ngày "  # + dd/mm/yyyy
EVERY_DAY: Final = "Ngày liên tục, kể cả ngày nghỉ"
OFFICE_HOURS: Final = "Giờ làm việc"

WEEKLY_REST: Final = "Nghỉ hằng tuần"
HOLIDAY: Final = "Nghỉ lễ: "  # + occasion
IN_LIEU: Final = "Nghỉ bù: "  # + occasion
SWAPPED_OFF: Final = "Nghỉ hoán đổi, làm bù ngày "  # + dd/mm/yyyy
PROVISIONAL: Final = " (dự kiến)"
AFTER_HOURS: Final = "Ngoài giờ làm việc"

OUTSIDE: Final = "Nhận ngoài giờ: tính từ giờ mở cửa kế tiếp"
FIRST_DAY: Final = "Ngày đầu không tính"
PUSHED: Final = "Ngày cuối là ngày nghỉ: hết hạn vào ngày làm việc kế tiếp"
NOTHING_LEFT: Final = "Thời hạn đã dùng hết: hết hạn trong ngày"
PAUSED: Final = "Chờ bổ sung"
BEFORE_OPENING: Final = "Yêu cầu trước giờ mở cửa: ngày này chưa tính"
COUNTED_ANEW: Final = "Đã tính trước đó, nay tính lại từ đầu"
FORCE_MAJEURE: Final = "Bất khả kháng: không tính vào thời hạn"
OUTAGE: Final = "Sự cố hệ thống: không tính vào thời hạn"

_ENGLISH: Final[Mapping[str, str]] = {
    WORKING_DAY: "Working days",
    EVERY_DAY: "Calendar days, days off included",
    OFFICE_HOURS: "Office hours",
    WEEKLY_REST: "Weekly rest",
    AFTER_HOURS: "Outside office hours",
    OUTSIDE: "Received outside office hours: counts from the next opening",
    FIRST_DAY: "The first day is not counted",
    PUSHED: "The last day is a day off: the limit ends on the next working day",
    NOTHING_LEFT: "The limit is used up: it ends today",
    PAUSED: "Waiting for the supplement",
    BEFORE_OPENING: "Asked before opening: this day is not used yet",
    COUNTED_ANEW: "Counted before, now counted anew",
    FORCE_MAJEURE: "Force majeure: does not count",
    OUTAGE: "System outage: does not count",
}
_ENGLISH_PREFIX: Final[Mapping[str, str]] = {
    SWAPPED_IN: "Working day in exchange for ",
    HOLIDAY: "Public holiday: ",
    IN_LIEU: "Day off in lieu: ",
    SWAPPED_OFF: "Day off in exchange for ",
}


_RULE: Final[Mapping[str, str]] = {
    WORKING_DAY: "working-day",
    EVERY_DAY: "every-day",
    OFFICE_HOURS: "office-hours",
    WEEKLY_REST: "weekly-rest",
    AFTER_HOURS: "after-hours",
    OUTSIDE: "outside-hours",
    FIRST_DAY: "first-day",
    PUSHED: "last-day",
    NOTHING_LEFT: "nothing-left",
    BEFORE_OPENING: "before-opening",
    COUNTED_ANEW: "counted-anew",
    FORCE_MAJEURE: "excluded",
    OUTAGE: "excluded",
}
_RULE_OF_PREFIX: Final[Mapping[str, str]] = {SWAPPED_IN: "swapped-in", HOLIDAY: "holiday", IN_LIEU: "in-lieu", SWAPPED_OFF: "swapped-off"}


def rule_of(why: str) -> str:
    """Name the rule behind a segment's reason, for programs. A reason that a caller worded is that of a pause."""
    of_prefix = (rule for prefix, rule in _RULE_OF_PREFIX.items() if why.startswith(prefix))
    return _RULE.get(why) or next(of_prefix, "pause")


def in_english(why: str, occasions: Mapping[str, str]) -> str:
    """Give a segment's reason in English; a reason that a caller worded stays as it is. `occasions` maps Vietnamese names to English."""
    if why.endswith(PROVISIONAL):
        return in_english(why.removesuffix(PROVISIONAL), occasions) + " (provisional)"
    for prefix, english in _ENGLISH_PREFIX.items():
        if why.startswith(prefix):
            rest = why.removeprefix(prefix)
            return english + occasions.get(rest, rest)
    return _ENGLISH.get(why, why)
