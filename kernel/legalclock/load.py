"""Reading the calendar's data: TOML in, a checked calendar out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final, TypedDict

from kernel.legalclock.calendar import Calendar, Coverage, Entry, Knowledge, Week, Window
from kernel.legalclock.instants import midnight

CALENDARS: Final = ("vn",)
"""Calendars with data beside the code. One with an agency's own hours is made of one of these (Calendar.kept_by)."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Known(TypedDict):
    known_from: datetime | None
    known_until: datetime | None


def load_calendar(name: str = "vn") -> Calendar:
    """Give the calendar of that name with all that is known today; read once, then kept.

    Raises:
        FileNotFoundError: if there is no such data.
        ValueError: if the data contradicts itself; the message names the day.
    """
    return _loaded(name)


@lru_cache
def _loaded(name: str) -> Calendar:
    return parse_calendar(data_text(f"{name}.toml"))


def calendar_of_version(version: str) -> Calendar:
    """Find the calendar that a deadline was computed with.

    Raises:
        LookupError: if no state of knowledge of the named data has that version.
    """
    name = version.partition("-")[0]
    if name in CALENDARS:
        for calendar in load_calendar(name).versions():
            if calendar.version == version:
                return calendar
    message = f"no calendar has version {version}"
    raise LookupError(message)


@lru_cache
def calendar_counted_by(version: str) -> Calendar:
    """Give the calendar that a limit was counted by; where its name is not known any more, the newest."""
    try:
        return calendar_of_version(version)
    except LookupError:
        return load_calendar()


def data_text(name: str) -> str:
    """Read one of the data files beside the code."""
    return files("kernel.legalclock").joinpath("data", name).read_text(encoding="utf-8")


def parse_calendar(text: str) -> Calendar:
    """Make a calendar of TOML text; `data/vn.toml` shows and explains the form.

    Raises:
        ValueError: if a source or occasion is not listed, windows are out of order, or two entries hold for one day at once.
    """
    data = tomllib.loads(text)
    sources, occasions = data["sources"], data["occasions"]
    try:
        knowledge = Knowledge(
            entries=tuple(_entries(data, sources, occasions)),
            weeks=tuple(_week(row, sources) for row in data["week"]),
            coverage=tuple(Coverage(first=row["from"], until=row["until"], **_known(row)) for row in data["coverage"]),
            occasions={words["vi"]: words["en"] for words in occasions.values()},
        )
    except KeyError as error:
        message = f"{data.get('name')}: {error} is named but not listed"
        raise ValueError(message) from error
    _refuse_contradictions(knowledge.entries)
    changes = knowledge.changes()
    return Calendar(data["name"], knowledge, changes[-1] if changes else None)


def _entries(data: Mapping[str, Any], sources: Mapping[str, str], occasions: Mapping[str, Mapping[str, str]]) -> Iterator[Entry]:
    for rows in data["holidays"].values():
        for row in rows:
            lieu = row.get("lieu")
            yield Entry(
                on=row["on"],
                kind="in-lieu" if lieu else "holiday",
                source=sources[row["source"]],
                occasion=occasions[row["occasion"]]["vi"],
                other=lieu,
                provisional=row.get("provisional", False),
                **_known(row),
            )
    for row in data.get("swap", ()):
        off, work, source = row["off"], row["work"], sources[row["source"]]
        yield Entry(on=off, kind="swapped-off", source=source, other=work, **_known(row))
        yield Entry(on=work, kind="swapped-in", source=source, other=off, **_known(row))
    for row in data.get("half_day", ()):
        occasion = occasions[row["occasion"]]["vi"]
        windows = _windows(row["windows"])
        yield Entry(on=row["on"], kind="half-day", source=sources[row["source"]], occasion=occasion, windows=windows, **_known(row))


def _week(row: Mapping[str, Any], sources: Mapping[str, str]) -> Week:
    days = tuple(_windows(row.get(weekday, ())) for weekday in WEEKDAYS)
    return Week(first=row["from"], days=days, source=sources[row["source"]], **_known(row))


def _windows(pairs: Iterable[Iterable[time]]) -> tuple[Window, ...]:
    edges = [edge for pair in pairs for edge in pair]
    if any(one >= other for one, other in pairwise(edges)):
        message = f"windows {edges} are not in order"
        raise ValueError(message)
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def _known(row: Mapping[str, Any]) -> _Known:
    # A letter counts from the beginning of its day: its hour is seldom known.
    known_from, known_until = row.get("known_from"), row.get("known_until")
    return {"known_from": midnight(known_from) if known_from else None, "known_until": midnight(known_until) if known_until else None}


def _refuse_contradictions(entries: Iterable[Entry]) -> None:
    held: dict[date, Entry] = {}
    for entry in sorted(entries, key=lambda entry: (entry.on, entry.known_from is not None, entry.known_from)):
        before = held.get(entry.on)
        if before is not None and (before.known_until is None or entry.known_from is None or before.known_until > entry.known_from):
            message = f"two entries hold for {entry.on} at once"
            raise ValueError(message)
        held[entry.on] = entry
