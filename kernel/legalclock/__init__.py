"""The legal clock: working time, deadlines, and the derivation of each deadline. Pure arithmetic over dated, sourced data.

calendar = load_calendar().as_known_at(now)
due = deadline(accepted_at, Limit(5, "working-days"), "complete", calendar, rule_pack_on(day_of(accepted_at)))
print(explain(due))
"""

from kernel.legalclock.calendar import Calendar, Entry, EntryKind, OutsideCalendar, Week, Window
from kernel.legalclock.deadline import Deadline, DeadlineLike, Limit, LimitLike, LimitUnit, StartRule, appointment_at, deadline, is_late
from kernel.legalclock.explain import Language, explain
from kernel.legalclock.history import (
    Apologised,
    Begun,
    Ended,
    Extension,
    HandedOver,
    Holder,
    Moment,
    NotBegun,
    Paused,
    Prolonged,
    Reckoning,
    Restated,
    Resumed,
    Stretch,
    Told,
    reckon,
)
from kernel.legalclock.instants import VIETNAM, NaiveInstant, at, day_of, midnight
from kernel.legalclock.load import calendar_of_version, load_calendar
from kernel.legalclock.resumption import resume
from kernel.legalclock.rule_pack import NoRulePack, RulePack, SupplementMode, rule_pack, rule_pack_on
from kernel.legalclock.segment import Segment, SegmentLike
from kernel.legalclock.thresholds import latest_arrival_before, transfer_due, working_minutes_between

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
    "OutsideCalendar",
    "Paused",
    "Prolonged",
    "Reckoning",
    "Restated",
    "Resumed",
    "RulePack",
    "Segment",
    "SegmentLike",
    "StartRule",
    "Stretch",
    "SupplementMode",
    "Told",
    "Week",
    "Window",
    "appointment_at",
    "at",
    "calendar_of_version",
    "day_of",
    "deadline",
    "explain",
    "is_late",
    "latest_arrival_before",
    "load_calendar",
    "midnight",
    "reckon",
    "resume",
    "rule_pack",
    "rule_pack_on",
    "transfer_due",
    "working_minutes_between",
]
