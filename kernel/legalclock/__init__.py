"""The legal clock: working time, deadlines, and the derivation of each deadline. Pure arithmetic over dated, sourced data.

calendar = load_calendar().as_known_at(now)
due = deadline(accepted_at, Limit(5, "working-days"), "complete", calendar, rule_pack_on(day_of(accepted_at)))
print(explain(due))

What happened to a limit since can be kept as moments; `reckon(moments, load_calendar(), as_of)` gives its deadline at any instant again.
"""

from kernel.legalclock.calendar import Calendar, Entry, EntryKind, OutsideCalendar, Week, Window
from kernel.legalclock.deadline import Deadline, DeadlineLike, Limit, LimitLike, LimitUnit, StartRule, appointment_at, deadline, is_late
from kernel.legalclock.explain import Language, as_json, explain, explain_history
from kernel.legalclock.extension import NotExtendable, Restatement, apologise, restate
from kernel.legalclock.history import Extension, NotBegun, Reckoning, Stretch, Told, reckon
from kernel.legalclock.holders import Share, time_by_holder
from kernel.legalclock.instants import VIETNAM, NaiveInstant, at, day_of, midnight
from kernel.legalclock.load import calendar_counted_by, calendar_of_version, load_calendar
from kernel.legalclock.moments import (
    Apologised,
    Begun,
    Ended,
    Excluded,
    HandedOver,
    Holder,
    Moment,
    Paused,
    Prolonged,
    Restated,
    Resumed,
    part_of,
)
from kernel.legalclock.resumption import resume
from kernel.legalclock.rule_pack import NoRulePack, RulePack, SupplementMode, rule_pack, rule_pack_on
from kernel.legalclock.segment import Segment, SegmentLike
from kernel.legalclock.thresholds import Notice, heard_at, late_from, near, notice_before, transfer_due, working_minutes_between

__all__ = [
    "VIETNAM",
    "Apologised",
    "Begun",
    "Calendar",
    "Deadline",
    "DeadlineLike",
    "Ended",
    "Entry",
    "EntryKind",
    "Excluded",
    "Extension",
    "HandedOver",
    "Holder",
    "Language",
    "Limit",
    "LimitLike",
    "LimitUnit",
    "Moment",
    "NaiveInstant",
    "NoRulePack",
    "NotBegun",
    "NotExtendable",
    "Notice",
    "OutsideCalendar",
    "Paused",
    "Prolonged",
    "Reckoning",
    "Restated",
    "Restatement",
    "Resumed",
    "RulePack",
    "Segment",
    "SegmentLike",
    "Share",
    "StartRule",
    "Stretch",
    "SupplementMode",
    "Told",
    "Week",
    "Window",
    "apologise",
    "appointment_at",
    "as_json",
    "at",
    "calendar_counted_by",
    "calendar_of_version",
    "day_of",
    "deadline",
    "explain",
    "explain_history",
    "heard_at",
    "is_late",
    "late_from",
    "load_calendar",
    "midnight",
    "near",
    "notice_before",
    "part_of",
    "reckon",
    "restate",
    "resume",
    "rule_pack",
    "rule_pack_on",
    "time_by_holder",
    "transfer_due",
    "working_minutes_between",
]
