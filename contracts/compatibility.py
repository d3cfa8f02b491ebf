"""Compare the schemas with the released ones: a change that would break a reader, or an old event, is refused.

    python -m contracts.compatibility              say what is refused, and fail if anything is
    python -m contracts.compatibility --release    the same, then make the present schemas the released ones

Allowed: a new optional field, a further word in a closed list, a looser bound. Everything else is a new event version.
`jsoncompat` was tried first; it does not see a changed pattern or format and does not name the field, so the walk is our own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.catalogue import FACTS
from contracts.schema import ENVELOPE, Schema, data_schema

RELEASED: Final = Path(__file__).parent / "released"

LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
ANNOTATIONS: Final = frozenset({"$schema", "$defs", "title", "description", "examples", "deprecated"})
WALKED: Final = frozenset({"type", "const", "enum", "anyOf", "properties", "required", "items", "additionalProperties", "propertyNames"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that would break somebody: which event, which field (`deadline.limit.amount`, `missing[].reason`), and how."""

    event: str
    field: str
    problem: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.event}: {self.field}: {self.problem}"


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk through the released and the present schema of one event, side by side."""

    event: str
    old_root: Schema
    new_root: Schema

    def compare(self, old: Schema, new: Schema, field: str) -> Iterator[Refusal]:
        """Compare two schemas of one field; each may be a choice of several types."""
        olds, news = _choices(self.old_root, old), _choices(self.new_root, new)
        for name, choice in olds.items():
            if name in news:
                yield from self._one(choice, news[name], field)
            else:
                yield Refusal(self.event, field, f"changed type: was {name}, is {_or(news)}")
        if olds.keys() < news.keys():
            # A writer's wider type is a reader's surprise: code that never saw null meets it.
            yield Refusal(self.event, field, f"changed type: was {_or(olds)}, may now also be {_or(set(news) - set(olds))}")
        if "default" in old and "default" in new and old["default"] != new["default"]:
            yield Refusal(self.event, field, f"changed default: old events without it would now say {new['default']!r}")

    def _one(self, old: Schema, new: Schema, field: str) -> Iterator[Refusal]:
        yield from self._words(old, new, field)
        yield from self._bounds(old, new, field)
        yield from self._properties(old, new, field)
        for keyword, suffix in (("items", "[]"), ("additionalProperties", "{}"), ("propertyNames", "{key}")):
            yield from self._part(old.get(keyword, True), new.get(keyword, True), f"{field}{suffix}")
        # Fail closed: a keyword that this walk does not understand may not change at all.
        known = {*WALKED, *ANNOTATIONS, *LOWER_BOUNDS, *UPPER_BOUNDS, "pattern", "default", "$ref"}
        for keyword in sorted((old.keys() | new.keys()) - known):
            if old.get(keyword) != new.get(keyword):
                yield Refusal(self.event, field, f"changed {keyword}: was {old.get(keyword)!r}, is {new.get(keyword)!r}")

    def _part(self, old: Any, new: Any, field: str) -> Iterator[Refusal]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.compare(old, new, field)
        elif old != new and new is not True:
            yield Refusal(self.event, field, f"tightened: was {old!r}, is {new!r}")

    def _words(self, old: Schema, new: Schema, field: str) -> Iterator[Refusal]:
        before, after = _words(old), _words(new)
        if after is None:
            return
        if before is None:
            yield Refusal(self.event, field, f"narrowed: was free, is one of {', '.join(after)}")
            return
        for word in before:
            if word not in after:
                yield Refusal(self.event, field, f"narrowed enum: {word!r} is gone, but stands in old events")

    def _bounds(self, old: Schema, new: Schema, field: str) -> Iterator[Refusal]:
        for keyword in (*LOWER_BOUNDS, *UPPER_BOUNDS):
            before, after = old.get(keyword), new.get(keyword)
            if after is None or before == after:
                continue
            if before is None or (after > before) == (keyword in LOWER_BOUNDS):
                yield Refusal(self.event, field, f"tightened {keyword}: was {'none' if before is None else before}, is {after}")
        if new.get("pattern") not in {None, old.get("pattern")}:
            yield Refusal(self.event, field, f"changed pattern: was {old.get('pattern', 'none')}, is {new['pattern']}")

    def _properties(self, old: Schema, new: Schema, field: str) -> Iterator[Refusal]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            path = f"{field}.{name}" if field else name
            if name not in after:
                yield Refusal(self.event, path, "removed: readers rely on it")
                continue
            if name in required_after - required_before:
                yield Refusal(self.event, path, "newly required: old events may not have it")
            if name in required_before - required_after:
                yield Refusal(self.event, path, "no longer required: readers rely on it")
            yield from self.compare(schema, after[name], path)
        for name in sorted(required_after - before.keys()):
            yield Refusal(self.event, f"{field}.{name}" if field else name, "new and required: old events do not have it")


def _choices(root: Schema, schema: Schema) -> dict[str, Schema]:
    """Give the types that a schema allows, each with its schema, references followed."""
    while (reference := schema.get("$ref")) is not None:
        schema = root["$defs"][str(reference).rsplit("/", 1)[-1]] | {k: v for k, v in schema.items() if k not in {"$ref", "default"}}
    if "anyOf" in schema:
        choices: dict[str, Schema] = {}
        for part in schema["anyOf"]:
            for name, choice in _choices(root, part).items():
                # Two objects in one choice keep their places: the first is compared with the first.
                choices[name if name not in choices else f"{name} no. {len(choices) + 1}"] = choice
        return choices
    name = str(schema.get("type", "anything"))
    return {f"{name} ({schema['format']})" if "format" in schema else name: schema}


def _words(schema: Schema) -> list[str] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _or(names: Mapping[str, Schema] | set[str]) -> str:
    return " or ".join(sorted(names)) or "nothing"


def compare(event: str, released: Schema, present: Schema) -> list[Refusal]:
    """Give every change of an event's schema that is refused."""
    return list(_Walk(event, released, present).compare(released, present, ""))


def present_schemas() -> dict[str, Schema]:
    """Give the schemas as the models say them now, by event type, and the envelope's."""
    return {"envelope": ENVELOPE, **{type_: data_schema(fact) for type_, fact in FACTS.items()}}


def released_schemas() -> dict[str, Schema]:
    """Give the schemas as they were last released."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text(encoding="utf-8")) for path in sorted(RELEASED.glob("*.json"))}


def refusals(released: Mapping[str, Schema], present: Mapping[str, Schema]) -> list[Refusal]:
    """Give every refused change of a whole catalogue; an event that vanished is one."""
    found: list[Refusal] = []
    for event, schema in released.items():
        if event in present:
            found += compare(event, schema, present[event])
        else:
            found.append(Refusal(event, "*", "the event is gone, but stands in logs: keep its model, or an upcaster and its schema"))
    return found


def main(argv: Sequence[str]) -> int:
    """Check the present schemas, release them if asked and allowed; give the exit code."""
    present = present_schemas()
    found = refusals(released_schemas(), present)
    for refusal in found:
        print(refusal)
    if found:
        return 1
    if "--release" in argv:
        RELEASED.mkdir(exist_ok=True)
        for event, schema in present.items():
            text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
            (RELEASED / f"{event}.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
