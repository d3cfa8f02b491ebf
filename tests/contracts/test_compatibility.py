"""The compatibility gate: each way to break a reader or an old event is refused, by event and field; growth is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from contracts import compatibility
from contracts.catalogue import FACTS
from contracts.schema import data_schema

Schema: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Schema], object]

EVENT: Final = "intake.dossier.accepted.v1"
OPEN_WORD: Final = {"type": "string"}


def refused(change: Change, event: str = EVENT) -> list[str]:
    """Change a copy of an event's schema and give what the gate says."""
    released = data_schema(FACTS[event])
    present = deepcopy(released)
    change(present)
    return [str(refusal) for refusal in compatibility.compare(event, released, present)]


def limit(schema: Schema) -> Schema:
    """Give the properties of a limit inside a deadline."""
    return schema["$defs"]["Limit"]["properties"]


BREAKS: Final[dict[str, tuple[Change, str]]] = {
    "a removed field": (
        lambda s: s["properties"].pop("fee_vnd"),
        "fee_vnd: removed: readers rely on it",
    ),
    "a new required field": (
        lambda s: (s["properties"].update(desk=OPEN_WORD), s["required"].append("desk")),
        "desk: new and required: old events do not have it",
    ),
    "an optional field that becomes required": (
        lambda s: s["$defs"]["Deadline"]["required"].append("segments"),
        "deadline.segments: newly required: old events may not have it",
    ),
    "a required field that becomes optional": (
        lambda s: s["required"].remove("accepted_by"),
        "accepted_by: no longer required: readers rely on it",
    ),
    "a narrowed enum": (
        lambda s: s["properties"]["channel"]["enum"].remove("post"),
        "channel: narrowed enum: 'post' is gone, but stands in old events",
    ),
    "free text that becomes a closed list": (
        lambda s: s["$defs"]["Deadline"]["properties"]["calendar"].update(enum=["vn"]),
        "deadline.calendar: narrowed: was free, is one of vn",
    ),
    "a changed type": (
        lambda s: s["properties"]["fee_vnd"].update(type="string"),
        "fee_vnd: changed type: was integer, is string",
    ),
    "a changed format": (
        lambda s: s["properties"]["accepted_at"].update(format="date"),
        "accepted_at: changed type: was string (date-time), is string (date)",
    ),
    "a field that may now be null": (
        lambda s: s["properties"].update(code={"anyOf": [s["properties"]["code"], {"type": "null"}]}),
        "code: changed type: was string, may now also be null",
    ),
    "a field that may no longer be null": (
        lambda s: s["properties"].update(deadline=s["properties"]["deadline"]["anyOf"][0]),
        "deadline: changed type: was null, is object",
    ),
    "a raised minimum": (
        lambda s: s["properties"]["fee_vnd"].update(minimum=1000),
        "fee_vnd: tightened minimum: was 0, is 1000",
    ),
    "a lowered maximum": (
        lambda s: s["properties"]["agency"].update(maxLength=10),
        "agency: tightened maxLength: was 35, is 10",
    ),
    "a new bound, deep inside": (
        lambda s: limit(s)["amount"].update(maximum=365),
        "deadline.limit.amount: tightened maximum: was none, is 365",
    ),
    "a changed pattern": (
        lambda s: s["properties"]["procedure"].update(pattern="^1"),
        r"procedure: changed pattern: was ^[1-3]\.\d{6}$|^NB-[A-Z]+-\d{2}$, is ^1",
    ),
    "a changed default": (
        lambda s: s["$defs"]["Deadline"]["properties"]["segments"].update(default=[{}]),
        "deadline.segments: changed default: old events without it would now say [{}]",
    ),
    "a removed field in the items of a list": (
        lambda s: s["$defs"]["DeadlineSegment"]["properties"].pop("why"),
        "deadline.segments[].why: removed: readers rely on it",
    ),
    "a keyword that the gate does not know": (
        lambda s: s["properties"]["fee_vnd"].update(multipleOf=1000),
        "fee_vnd: changed multipleOf: was None, is 1000",
    ),
}

GROWTH: Final[dict[str, Change]] = {
    "nothing": lambda _: None,
    "a new optional field": lambda s: s["properties"].update(desk=OPEN_WORD),
    "a new optional field with a default": lambda s: s["properties"].update(desk={**OPEN_WORD, "default": ""}),
    "a widened enum": lambda s: s["properties"]["channel"]["enum"].append("kiosk"),
    "a lowered minimum": lambda s: s["properties"]["fee_vnd"].update(minimum=-1),
    "a raised maximum": lambda s: s["properties"]["agency"].update(maxLength=50),
    "a better description": lambda s: s.update(description="Better."),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_refused_by_event_and_field(name: str) -> None:
    change, expected = BREAKS[name]
    assert f"{EVENT}: {expected}" in refused(change)


@pytest.mark.parametrize("name", GROWTH)
def test_growth_is_allowed(name: str) -> None:
    assert refused(GROWTH[name]) == []


def test_a_narrowed_key_and_a_tightened_value_of_a_table_are_refused() -> None:
    def change(schema: Schema) -> None:
        schema["properties"]["points"]["propertyNames"]["enum"].remove("time")
        schema["properties"]["points"]["additionalProperties"]["maximum"] = 1

    assert refused(change, "feedback.rating.recorded.v1") == [
        "feedback.rating.recorded.v1: points{}: tightened maximum: was 2, is 1",
        "feedback.rating.recorded.v1: points{key}: narrowed enum: 'time' is gone, but stands in old events",
    ]


def test_a_replaced_single_word_is_refused() -> None:
    def change(schema: Schema) -> None:
        schema["properties"]["cause"]["const"] = "abandoned"

    assert refused(change, "processing.case.stopped.v1") == [
        "processing.case.stopped.v1: cause: narrowed enum: 'withdrawn' is gone, but stands in old events"
    ]


def test_an_event_that_vanishes_is_refused() -> None:
    [refusal] = compatibility.refusals({EVENT: data_schema(FACTS[EVENT])}, {})
    assert str(refusal).startswith(f"{EVENT}: *: the event is gone")


def test_the_present_schemas_keep_what_was_released() -> None:
    found = compatibility.refusals(compatibility.released_schemas(), compatibility.present_schemas())
    assert not found, "a released event version was broken; make a new version:\n" + "\n".join(map(str, found))


def test_every_event_is_released() -> None:
    missing = compatibility.present_schemas().keys() - compatibility.released_schemas().keys()
    assert not missing, f"run `python -m contracts.compatibility --release`: {', '.join(sorted(missing))}"


def test_a_broken_schema_is_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compatibility, "RELEASED", tmp_path)
    released = data_schema(FACTS[EVENT])
    released["properties"]["stamp"] = OPEN_WORD
    text = json.dumps(released)
    (tmp_path / f"{EVENT}.json").write_text(text, encoding="utf-8")
    assert compatibility.main(["--release"]) == 1
    assert capsys.readouterr().out == f"{EVENT}: stamp: removed: readers rely on it\n"
    assert (tmp_path / f"{EVENT}.json").read_text(encoding="utf-8") == text


def test_releasing_writes_every_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compatibility, "RELEASED", tmp_path)
    assert compatibility.main(["--release"]) == 0
    assert compatibility.released_schemas() == compatibility.present_schemas()
