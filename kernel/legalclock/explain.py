"""Explaining a deadline to the person who waits: its date, its limit, and every stretch of time with its reason and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from kernel.legalclock.deadline import DeadlineLike, LimitUnit, StartRule
from kernel.legalclock.history import Reckoning, Told
from kernel.legalclock.instants import local, midnight, utc
from kernel.legalclock.load import load_calendar
from kernel.legalclock.phrases import OFFICE_HOURS, WORKING_DAY, in_english, rule_of
from kernel.legalclock.resumption import days_counted
from kernel.legalclock.rule_pack import rule_pack
from kernel.legalclock.segment import SegmentLike

Language: TypeAlias = Literal["vi", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    due: str
    limit: str
    starts: Mapping[StartRule, str]
    units: Mapping[LimitUnit, tuple[str, str]]
    weekdays: tuple[str, ...]
    how: str
    counted: str
    skipped: str
    until: str
    rules: str
    prolonged: str
    apology: str
    too_late: str
    kept: str
    waiting: str


_VIETNAMESE: Final = _Words(
    due="Hạn giải quyết: {clock} {weekday}, ngày {day}.",
    limit="Thời hạn: {amount}, kể từ khi {start} ({begun}).",
    starts={"complete": "nhận đủ hồ sơ hợp lệ", "arrival": "nhận được hồ sơ"},
    units={
        "working-days": ("ngày làm việc", "ngày làm việc"),
        "calendar-days": ("ngày", "ngày"),
        "working-hours": ("giờ làm việc", "giờ làm việc"),
    },
    weekdays=("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    how="Cách tính:",
    counted="tính {amount}",
    skipped="không tính",
    until="đến",
    rules="Lịch làm việc: {calendar}. Bộ quy tắc: {rule_pack} ({basis}).",
    prolonged="Được gia hạn thêm {amount} từ {since}.",
    apology="Phiếu xin lỗi số {number}: hẹn trả ngày {new} thay cho ngày {old}.",
    too_late=" Phiếu gửi muộn.",
    kept="Ngày {day} đã hẹn với người nộp được giữ nguyên.",
    waiting="Đang tạm dừng từ {since}; ngày hẹn sẽ tính lại khi tiếp tục.",
)
_ENGLISH: Final = _Words(
    due="Due: {clock} on {weekday}, {day}.",
    limit="Limit: {amount} from the moment the papers were {start} ({begun}).",
    starts={"complete": "complete and valid", "arrival": "received"},
    units={
        "working-days": ("working day", "working days"),
        "calendar-days": ("day", "days"),
        "working-hours": ("working hour", "working hours"),
    },
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    how="How it was counted:",
    counted="{amount} counted",
    skipped="not counted",
    until="to",
    rules="Calendar: {calendar}. Rule pack: {rule_pack} ({basis}).",
    prolonged="Made {amount} longer by law at {since}.",
    apology="Apology no. {number}: promised for {new} in place of {old}.",
    too_late=" The apology came too late.",
    kept="The date that was told, {day}, still holds for the applicant.",
    waiting="Waiting since {since}; the date will be counted again when the clock goes on.",
)


def explain(deadline: DeadlineLike, language: Language = "vi") -> str:
    """Tell in plain sentences how a deadline came about, a line for each stretch of time, in Vietnamese or English.

    Raises:
        NaiveInstant: if an instant has no time zone.
        NoRulePack: if the deadline names a rule pack that is not known.
    """
    words = _VIETNAMESE if language == "vi" else _ENGLISH
    due_at, begun_at = local(deadline.due_at), local(deadline.starts_at)
    begun = f"{_clock(begun_at)} {_day(begun_at)}"
    lines = [
        words.due.format(clock=_clock(due_at), weekday=words.weekdays[due_at.weekday()], day=_day(due_at)),
        words.limit.format(
            amount=_amount(deadline.limit.amount, deadline.limit.unit, words), start=words.starts[deadline.start_rule], begun=begun
        ),
        words.how,
        *(_line(segment, deadline.limit.unit, words, language) for segment in deadline.segments),
        words.rules.format(calendar=deadline.calendar, rule_pack=deadline.rule_pack, basis=rule_pack(deadline.rule_pack).basis),
    ]
    return "\n".join(lines)


def explain_history(found: Reckoning, language: Language = "vi") -> str:
    """Tell what a history amounts to: the deadline as `explain` does, what made it longer, every new date, and whether the clock waits.

    Raises:
        NoRulePack: if the deadline names a rule pack that is not known.
    """
    words = _VIETNAMESE if language == "vi" else _ENGLISH
    lines = [explain(found.deadline, language)]
    for longer in found.prolonged:
        since, amount = local(longer.at), _amount(longer.amount, found.deadline.limit.unit, words)
        lines.append(words.prolonged.format(amount=amount, since=f"{_clock(since)} {_day(since)}") + f" [{longer.source}]")
    source = rule_pack(found.deadline.rule_pack).sources["extension"]
    for extension in found.extensions:
        number, new, old = extension.apology.number, _day(extension.apology.due_on), _day(extension.before)
        timely = "" if extension.in_time else words.too_late
        lines.append(words.apology.format(number=number, new=new, old=old) + timely + f" [{source}]")
    if found.promised.due_at < found.deadline.due_at:
        lines.append(words.kept.format(day=_day(found.promised.due_on)))
    if found.state == "waiting":
        since = local(found.since)
        lines.append(words.waiting.format(since=f"{_clock(since)} {_day(since)}"))
    return "\n".join(lines)


def as_json(found: Reckoning) -> dict[str, Any]:
    """Give a reckoning as plain JSON values: instants in UTC, each segment with its rule, its calendar and the cause that opened it."""
    it = found.deadline
    return {
        "due_at": _instant(it.due_at),
        "due_on": it.due_on.isoformat(),
        "starts_at": _instant(it.starts_at),
        "start_rule": it.start_rule,
        "limit": {"amount": it.limit.amount, "unit": it.limit.unit},
        "calendar": it.calendar,
        "rule_pack": it.rule_pack,
        "state": found.state,
        "since": _instant(found.since),
        "promised": _told(found.promised),
        "told": [_told(told) for told in found.told],
        "prolonged": [
            {"amount": longer.amount, "cause": longer.cause, "at": _instant(utc(longer.at)), "source": longer.source}
            for longer in found.prolonged
        ],
        "extensions": [
            {
                "number": extension.apology.number,
                "cause": extension.apology.cause,
                "at": _instant(utc(extension.apology.at)),
                "before": extension.before.isoformat(),
                "due_on": extension.apology.due_on.isoformat(),
                "in_time": extension.in_time,
            }
            for extension in found.extensions
        ],
        "segments": [
            {
                "start_at": _instant(segment.start_at),
                "end_at": _instant(segment.end_at),
                "counts": segment.counts,
                "rule": rule_of(segment.why),
                "why": segment.why,
                "source": segment.source,
                "calendar": stretch.calendar,
                "cause": stretch.moment.cause,
            }
            for stretch in found.stretches
            for segment in stretch.segments
        ],
    }


def _instant(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _told(told: Told) -> dict[str, str]:
    at, due_at, due_on = _instant(told.at), _instant(told.due_at), told.due_on.isoformat()
    return {"at": at, "cause": told.cause, "due_at": due_at, "due_on": due_on}


def _line(segment: SegmentLike, unit: LimitUnit, words: _Words, language: Language) -> str:
    why = segment.why if language == "vi" else in_english(segment.why, load_calendar().knowledge.occasions)
    if not segment.counts:
        told = words.skipped
    elif unit == "working-hours":
        told = words.counted.format(amount=_duration(segment.end_at - segment.start_at, words))
    else:
        told = words.counted.format(amount=_amount(days_counted(segment), unit, words))
    span = _span(segment, words, in_days=segment.counts and unit != "working-hours")
    # "5 working days counted. Working days" would say it twice.
    reason = "" if segment.counts and segment.why in {WORKING_DAY, OFFICE_HOURS} else f" {why}"
    return f"- {span}: {told}.{reason} [{segment.source}]"


def _span(segment: SegmentLike, words: _Words, *, in_days: bool) -> str:
    start_at, end_at = local(segment.start_at), local(segment.end_at)
    last = (end_at - timedelta.resolution).date()
    if in_days or (_is_midnight(start_at) and _is_midnight(end_at)):
        return _day(start_at) if last == start_at.date() else f"{_day(start_at)} {words.until} {_day(last)}"
    if start_at.date() == last:
        end = "24:00" if _is_midnight(end_at) else _clock(end_at)
        return f"{_clock(start_at)}-{end} {_day(start_at)}"
    return f"{_clock(start_at)} {_day(start_at)} {words.until} {_clock(end_at)} {_day(end_at)}"


def _is_midnight(instant: datetime) -> bool:
    return instant == midnight(instant.date())


def _amount(amount: int, unit: LimitUnit, words: _Words) -> str:
    one, many = words.units[unit]
    return f"{amount} {one if amount == 1 else many}"


def _duration(span: timedelta, words: _Words) -> str:
    minutes = span // timedelta(minutes=1)
    one, many = words.units["working-hours"]
    return f"{minutes // 60}:{minutes % 60:02} {one if minutes == 60 else many}"  # noqa: PLR2004 - minutes in an hour


def _clock(instant: datetime) -> str:
    return f"{instant:%H:%M}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
