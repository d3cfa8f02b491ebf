"""The compatibility gate: each way to break a reader or an old event is refused, by event and field; growth is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import pytest
from pydantic import Field, StringConstraints

from contracts import compatibility
from contracts.catalogue import FACTS
from contracts.fact import Fact, Value
from contracts.schema import data_schema

Schema: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Schema], object]

EVENT: Final = "library.loan.granted.v1"
OPEN_WORD: Final = {"type": "string"}


class Span(Value):
    """A stretch of days, inside a list, inside a value."""

    start_on: date
    why: str


class Term(Value):
    """How long, and why so long."""

    weeks: Annotated[int, Field(gt=0)]
    calendar: str
    spans: tuple[Span, ...] = ()


class LoanGranted(Fact, type="library.loan.granted.v1"):
    """A fact with something of everything. It is not one of ours, so that ours may grow without this test."""

    book: Annotated[str, StringConstraints(pattern=r"^B[0-9]+$", max_length=35)]
    desk: Literal["front", "back", "post"]
    end: Literal["returned"]
    fee_vnd: Annotated[int, Field(ge=0)]
    granted_at: datetime
    granted_by: str
    points: dict[Literal["speed", "care"], Annotated[int, Field(ge=0, le=2)]]
    term: Term | None


def refused(change: Change) -> list[str]:
    """Change a copy of the event's schema and give what the gate says."""
    released = data_schema(LoanGranted)
    present = deepcopy(released)
    change(present)
    return [str(refusal) for refusal in compatibility.compare(EVENT, released, present)]


def term(schema: Schema) -> Schema:
    """Give the properties of the term inside the loan."""
    return schema["$defs"]["Term"]["properties"]


BREAKS: Final[dict[str, tuple[Change, str]]] = {
    "a removed field": (
        lambda s: s["properties"].pop("fee_vnd"),
        "fee_vnd: removed: readers rely on it",
    ),
    "a new required field": (
        lambda s: (s["properties"].update(hall=OPEN_WORD), s["required"].append("hall")),
        "hall: new and required: old events do not have it",
    ),
    "an optional field that becomes required": (
        lambda s: s["$defs"]["Term"]["required"].append("spans"),
        "term.spans: newly required: old events may not have it",
    ),
    "a required field that becomes optional": (
        lambda s: s["required"].remove("granted_by"),
        "granted_by: no longer required: readers rely on it",
    ),
    "a narrowed enum": (
        lambda s: s["properties"]["desk"]["enum"].remove("post"),
        "desk: narrowed enum: 'post' is gone, but stands in old events",
    ),
    "another single word": (
        lambda s: s["properties"]["end"].update(const="lost"),
        "end: narrowed enum: 'returned' is gone, but stands in old events",
    ),
    "free text that becomes a closed list": (
        lambda s: term(s)["calendar"].update(enum=["vn"]),
        "term.calendar: narrowed: was free, is one of vn",
    ),
    "a changed type": (
        lambda s: s["properties"]["fee_vnd"].update(type="string"),
        "fee_vnd: changed type: was integer, is string",
    ),
    "a changed format": (
        lambda s: s["properties"]["granted_at"].update(format="date"),
        "granted_at: changed type: was string (date-time), is string (date)",
    ),
    "a field that may now be null": (
        lambda s: s["properties"].update(book={"anyOf": [s["properties"]["book"], {"type": "null"}]}),
        "book: changed type: was string, may now also be null",
    ),
    "a field that may no longer be null": (
        lambda s: s["properties"].update(term=s["properties"]["term"]["anyOf"][0]),
        "term: changed type: was null, is object",
    ),
    "a raised minimum": (
        lambda s: s["properties"]["fee_vnd"].update(minimum=1000),
        "fee_vnd: tightened minimum: was 0, is 1000",
    ),
    "a lowered maximum": (
        lambda s: s["properties"]["book"].update(maxLength=10),
        "book: tightened maxLength: was 35, is 10",
    ),
    "a new bound, deep inside": (
        lambda s: term(s)["weeks"].update(maximum=8),
        "term.weeks: tightened maximum: was none, is 8",
    ),
    "a changed pattern": (
        lambda s: s["properties"]["book"].update(pattern="^B"),
        "book: changed pattern: was ^B[0-9]+$, is ^B",
    ),
    "a changed default": (
        lambda s: term(s)["spans"].update(default=[{}]),
        "term.spans: changed default: old events without it would now say [{}]",
    ),
    "a removed field in the items of a list": (
        lambda s: s["$defs"]["Span"]["properties"].pop("why"),
        "term.spans[].why: removed: readers rely on it",
    ),
    "a narrowed key of a table": (
        lambda s: s["properties"]["points"]["propertyNames"]["enum"].remove("care"),
        "points{key}: narrowed enum: 'care' is gone, but stands in old events",
    ),
    "a tightened value of a table": (
        lambda s: s["properties"]["points"]["additionalProperties"].update(maximum=1),
        "points{}: tightened maximum: was 2, is 1",
    ),
    "a keyword that the gate does not know": (
        lambda s: s["properties"]["fee_vnd"].update(multipleOf=1000),
        "fee_vnd: changed multipleOf: was None, is 1000",
    ),
}

GROWTH: Final[dict[str, Change]] = {
    "nothing": lambda _: None,
    "a new optional field": lambda s: s["properties"].update(hall=OPEN_WORD),
    "a new optional field with a default": lambda s: s["properties"].update(hall={**OPEN_WORD, "default": ""}),
    "a widened enum": lambda s: s["properties"]["desk"]["enum"].append("kiosk"),
    "a lowered minimum": lambda s: s["properties"]["fee_vnd"].update(minimum=-1),
    "a raised maximum": lambda s: s["properties"]["book"].update(maxLength=50),
    "a better description": lambda s: s.update(description="Better."),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_refused_by_event_and_field(name: str) -> None:
    change, expected = BREAKS[name]
    assert refused(change) == [f"{EVENT}: {expected}"]


@pytest.mark.parametrize("name", GROWTH)
def test_growth_is_allowed(name: str) -> None:
    assert refused(GROWTH[name]) == []


def test_an_event_that_vanishes_is_refused() -> None:
    [refusal] = compatibility.refusals({EVENT: data_schema(LoanGranted)}, {})
    assert str(refusal).startswith(f"{EVENT}: *: the event is gone")


def test_the_present_schemas_keep_what_was_released() -> None:
    found = compatibility.refusals(compatibility.released_schemas(), compatibility.present_schemas())
    assert not found, "a released event version was broken; make a new version:\n" + "\n".join(map(str, found))


def test_every_event_is_released() -> None:
    missing = compatibility.present_schemas().keys() - compatibility.released_schemas().keys()
    assert not missing, f"run `python -m contracts.compatibility --release`: {', '.join(sorted(missing))}"


def test_a_broken_schema_is_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compatibility, "RELEASED", tmp_path)
    event, fact = next(iter(FACTS.items()))
    released = data_schema(fact)
    released["properties"]["stamp"] = OPEN_WORD
    text = json.dumps(released)
    (tmp_path / f"{event}.json").write_text(text, encoding="utf-8")
    assert compatibility.main(["--release"]) == 1
    assert capsys.readouterr().out == f"{event}: stamp: removed: readers rely on it\n"
    assert (tmp_path / f"{event}.json").read_text(encoding="utf-8") == text


def test_releasing_writes_every_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compatibility, "RELEASED", tmp_path)
    assert compatibility.main(["--release"]) == 0
    assert compatibility.released_schemas() == compatibility.present_schemas()
