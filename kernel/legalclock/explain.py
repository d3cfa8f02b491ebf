"""Explaining a deadline to the person who waits: its date, its limit, and every stretch of time with its reason and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

from kernel.legalclock.deadline import DeadlineLike, LimitUnit, StartRule
from kernel.legalclock.instants import local, midnight
from kernel.legalclock.load import load_calendar
from kernel.legalclock.phrases import OFFICE_HOURS, WORKING_DAY, in_english
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
