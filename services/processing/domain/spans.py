"""Step 3 of 8, decide: what holds on which days. A later word about some days takes the place of an earlier one about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Generic, TypeAlias, TypeVar

DAY: Final = timedelta(days=1)

Value = TypeVar("Value")


@dataclass(frozen=True)  # no slots: a generic with both cannot be made under its own parameters
class Span(Generic[Value]):
    """A value, and the first and the last day on which it holds (None: until further notice)."""

    from_on: date
    to_on: date | None
    value: Value

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.from_on <= day and (self.to_on is None or day <= self.to_on)


Spans: TypeAlias = tuple[Span[Value], ...]
"""In the order of their days, and never two for one day."""


def on(spans: Spans[Value], day: date) -> Value | None:
    """Give what holds on a day."""
    return next((span.value for span in spans if span.holds_on(day)), None)


def written(spans: Spans[Value], from_on: date, to_on: date | None, value: Value) -> Spans[Value]:
    """Let a value hold on some days, in place of what did."""
    return tuple(sorted((*cut(spans, from_on, to_on), Span(from_on, to_on, value)), key=lambda span: span.from_on))


def cut(spans: Spans[Value], from_on: date, to_on: date | None = None) -> Spans[Value]:
    """Let nothing hold on some days (`to_on` None: from `from_on` on for ever)."""
    left = [replace(span, to_on=_earlier(span.to_on, from_on - DAY)) for span in spans if span.from_on < from_on]
    right = [] if to_on is None else [_from(span, to_on + DAY) for span in spans if span.to_on is None or span.to_on > to_on]
    return tuple(sorted((*left, *right), key=lambda span: span.from_on))


def _from(span: Span[Value], day: date) -> Span[Value]:
    return replace(span, from_on=max(span.from_on, day))


def _earlier(one: date | None, other: date) -> date:
    return other if one is None else min(one, other)
