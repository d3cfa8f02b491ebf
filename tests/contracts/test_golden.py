"""Golden files: what was published once can be read for ever."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from contracts.catalogue import FACTS
from contracts.schema import ENVELOPE, data_schema
from contracts.vocabulary import WITHOUT_DERIVATIONS
from kernel.eventlog.event import Codec, History, Meta, Slice, rows_of
from tests.contracts.golden import GOLDEN, golden

OPTIONAL: Final = {"cause", "traceparent"}
ORDER: Final = list(ENVELOPE["properties"])
"""The order in which the log writes an envelope's attributes."""


def utc(text: str) -> datetime:
    """Read an instant; it has to say its offset."""
    instant = datetime.fromisoformat(text)
    assert instant.utcoffset() == timedelta(0), text
    return instant


def compact(part: Any) -> str:
    """Give the JSON text with no blanks, as it is stored."""
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))


def test_every_event_version_has_one_golden_file() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*(f"{type_}.json" for type_ in FACTS), "SHA256SUMS"}, (
        "every event version ever published keeps its golden file (and, once superseded, its upcaster)"
    )


def test_no_golden_file_was_changed() -> None:
    lines = (GOLDEN / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    expected = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN.glob("*.json")}
    changed = sorted(name for name in expected if found.get(name) != expected[name])
    assert not changed, f"golden files are added to, never edited; a new shape is a new event version: {', '.join(changed)}"
    new = sorted(found.keys() - expected.keys())
    assert not new, f"not in SHA256SUMS yet (sha256sum *.json > SHA256SUMS): {', '.join(new)}"


@pytest.mark.parametrize("type_", FACTS)
def test_a_golden_event_follows_the_schemas(type_: str) -> None:
    event = golden(type_)
    checker = FormatChecker()
    Draft202012Validator(ENVELOPE, format_checker=checker).validate(event)
    Draft202012Validator(data_schema(FACTS[type_]), format_checker=checker).validate(event["data"])
    assert event["type"] == type_
    assert event["source"] == "/" + type_.split(".", 1)[0]
    assert list(event) == [name for name in ORDER if name in event or name not in OPTIONAL]


@pytest.mark.parametrize("type_", FACTS)
def test_a_golden_event_is_read_and_written_again_to_the_letter(type_: str) -> None:
    data = golden(type_)["data"]
    assert FACTS[type_].model_validate(data).model_dump_json() == compact(data)


@pytest.mark.parametrize("type_", FACTS)
def test_a_golden_event_is_byte_for_byte_what_the_log_writes(type_: str) -> None:
    event = golden(type_)
    fact = FACTS[type_].model_validate(event["data"])
    command_id, _, n = event["id"].rpartition("/")
    meta = Meta(command_id, event["actor"], utc(event["time"]), event.get("cause"), event.get("traceparent"))
    history = History(UUID(event["subject"]), version=int(event["sequence"]) - 1)
    [row] = rows_of(type_.split(".", 1)[0], Slice(history, event["agency"], [fact]), meta, utc(event["recordedtime"]), int(n))
    assert row.body.decode() == compact(event)


@pytest.mark.parametrize("type_", FACTS)
def test_the_log_reads_a_golden_event_back(type_: str) -> None:
    event = golden(type_)
    recorded = Codec(FACTS).decode(type_.split(".", 1)[0], 1, compact(event).encode())
    assert recorded.fact == FACTS[type_].model_validate(event["data"])
    assert recorded.time <= recorded.recorded_at


def without_segments(data: Any) -> Any:
    """Leave out of a fact's data how its deadlines were derived."""
    if isinstance(data, dict):
        parts = cast("dict[str, Any]", data)
        return {name: [] if name == "segments" else without_segments(part) for name, part in parts.items()}
    return data


@pytest.mark.parametrize("type_", [type_ for type_ in FACTS if '"segments"' in compact(golden(type_))])
def test_a_reader_that_never_asks_how_a_deadline_was_derived_gets_all_the_rest(type_: str) -> None:
    event = golden(type_)
    read = Codec(FACTS, context=WITHOUT_DERIVATIONS).decode(type_.split(".", 1)[0], 1, compact(event).encode()).fact
    assert read == FACTS[type_].model_validate(without_segments(event["data"])) != FACTS[type_].model_validate(event["data"])


@pytest.mark.parametrize("type_", FACTS)
def test_a_reader_ignores_a_field_that_a_newer_writer_added(type_: str) -> None:
    data = golden(type_)["data"]
    assert FACTS[type_].model_validate({**data, "field_of_a_later_version": 1}) == FACTS[type_].model_validate(data)


def test_the_golden_events_of_one_dossier_tell_one_story() -> None:
    events = [golden(type_) for type_ in FACTS]
    dossier = golden("intake.dossier.accepted.v1")["subject"]
    about = [event for event in events if event["source"] == "/intake" and event["subject"] == dossier]
    by_version = sorted(about, key=lambda event: int(event["sequence"]))
    assert [event["time"] for event in by_version] == sorted(event["time"] for event in about)
    assert by_version[0]["type"] == "intake.dossier.submitted.v1"
    assert by_version[-1]["type"] == "intake.dossier.returned.v1"
