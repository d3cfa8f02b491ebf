"""The facts as an object-centric event log, OCEL 2.0 (https://www.ocel-standard.org), in its relational form: one SQLite file.

An event is a fact, and its id is the fact's position; its type is the fact's, and where the fact is about a step, the step's code stands
behind it: `processing.case.step-completed B3`. Objects are what facts are about: dossiers, cases, procedures, workflows, units, accounts of
officers (pseudonymous, as the facts have them), permits, petitions and so on. What leads into the vault, and hashes, are left out.
Written as it is read: memory does not grow with the log.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, cast

from contracts.catalogue import FACTS
from contracts.schema import data_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from deploy.analysts.reading import Told

OBJECTS: Final = {
    "dossier_id": "dossier",
    "case_id": "case",
    "procedure": "procedure",
    "workflow_hash": "workflow",
    "from_hash": "workflow",
    "unit": "unit",
    "partner": "partner",
    "permit_id": "permit",
    "petition_id": "petition",
    "duplicate": "petition",
    "into": "petition",
    "opinion_id": "opinion",
    "invitation_id": "invitation",
    "questionnaire_id": "questionnaire",
    "campaign_id": "campaign",
    "campaign": "campaign",
    "engagement_id": "engagement",
    "group_id": "support-group",
    "report_id": "report",
    "score_id": "score",
    "file_id": "file",
    "override_id": "indicator-override",
    "plan_id": "reform-plan",
    "finding_id": "finding",
    "review_id": "review",
    "inspection_id": "inspection",
    "directive_id": "directive",
    "item_id": "publicity-item",
}
"""What a field of a fact refers to, by the field's name."""

OF_TYPE: Final = {
    ("intake.procedure.published.v1", "code"): "procedure",
    ("processing.workflow.published.v1", "content_hash"): "workflow",
    **{(f"reporting.inspection-plan.{event}.v1", "plan_id"): "inspection-plan" for event in ("adopted", "changed", "inspection-held")},
}
"""The same, where the name alone does not say it."""

UNLINKED: Final = {"rating_id", "answer_id", "class_id", "slip_id", "personal_ref", "found_in"}
"""Ids that lead to no object on purpose: an answer belongs to nobody, what lies in a vault stays there, and by what something was found
another field says."""

OFFICERS: Final = {"officer", "stand_in", "by", "holder_before", "reform_officer", "lead"}
NOT_OFFICERS: Final = {"sort_by", "publish_by", "return_by"}
HIDDEN: Final = ("_ref", "_hash", "commitment", "token", "public_key", "code_hash")
"""Endings of fields that no analyst has a use for."""

ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "dossier": ("code", "procedure", "field", "channel", "applicant_kind", "due_on", "outcome"),
    "case": ("code", "procedure", "field", "channel", "due_on", "outcome"),
    "procedure": ("name", "field", "result"),
    "permit": ("kind", "number", "issued_on", "expires_on"),
    "petition": ("kind", "unit", "due_on"),
}
"""What is known of objects. The first fact about one gives what it had from the beginning; later facts change it."""

CHANGES: Final[dict[str, tuple[str, ...]]] = {
    "intake.dossier.accepted.v1": ("code", "due_on"),
    "intake.dossier.rescheduled.v1": ("due_on",),
    "intake.dossier.result-ready.v1": ("outcome",),
    "processing.case.clock-resumed.v1": ("due_on",),
    "processing.case.prolonged.v1": ("due_on",),
    "processing.case.restated.v1": ("due_on",),
    "processing.case.time-excluded.v1": ("due_on",),
    "processing.case.decided.v1": ("outcome",),
    "processing.case.decision-corrected.v1": ("outcome",),
    "processing.permit.reissued.v1": ("number", "issued_on", "expires_on"),
    "feedback.petition.classified.v1": ("kind", "due_on"),
    "feedback.petition.extended.v1": ("due_on",),
}
"""Which facts change what of the object whose life they belong to."""

BELONGS: Final = (
    ("case", "dossier", "works on"),
    ("case", "workflow", "is pinned to"),
    ("dossier", "procedure", "is of"),
    ("workflow", "procedure", "is for"),
    ("case", "permit", "led to"),
)
"""Relations between the objects of one fact."""

SCHEMA: Final = """
    CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
    CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
    CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type (ocel_type));
    CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type (ocel_type));
    CREATE TABLE event_object (
        ocel_event_id TEXT REFERENCES event (ocel_id), ocel_object_id TEXT REFERENCES object (ocel_id), ocel_qualifier TEXT,
        PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
    CREATE TABLE object_object (
        ocel_source_id TEXT REFERENCES object (ocel_id), ocel_target_id TEXT REFERENCES object (ocel_id), ocel_qualifier TEXT,
        PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
"""
SQL_TYPES: Final = {"string": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}

Thing: TypeAlias = tuple[str, str, str]
"""An object of a fact: its type, its id, and what it is there (the qualifier)."""


@cache
def scalars(type_: str) -> dict[str, str]:
    """Give the plain fields of a fact that are told as attributes of the event, with their JSON types."""
    if (fact := FACTS.get(type_)) is None:
        return {}
    found: dict[str, str] = {}
    for name, schema in cast("dict[str, dict[str, Any]]", data_schema(fact)["properties"]).items():
        options = [schema, *schema.get("anyOf", ())]
        kind = next((one["type"] for one in options if one.get("type") in SQL_TYPES), None)
        if kind is not None and thing_of(type_, name) is None and not name.endswith(HIDDEN):
            found[name] = kind
    return found


def thing_of(type_: str, name: str) -> str | None:
    """Say what kind of object a field refers to; None where it refers to none."""
    if name in OFFICERS or (name.endswith("_by") and name not in NOT_OFFICERS):
        return "officer"
    return OF_TYPE.get((type_, name)) or OBJECTS.get(name)


def things(told: Told) -> Iterator[Thing]:
    """Give the objects of a fact."""
    event = told.event
    named: Iterable[tuple[str, Any]] = chain(told.data.items(), (("actor", event["actor"]), ("agency", event["agency"])))
    for name, value in named:
        kind = {"actor": "officer", "agency": "agency"}.get(name) or thing_of(told.type, name)
        if kind is None or not isinstance(value, str):
            continue
        kind = "system" if kind == "officer" and ":" in value else kind
        yield kind, value if name.endswith("_id") else f"{kind}:{value}", name


def activity(told: Told) -> str:
    """Name the event's type: the fact's, without its version, and the step that it is about."""
    name, step = told.type.rpartition(".")[0], told.data.get("step")
    return name if step is None else f"{name} {step}"


def known(told: Told, name: str) -> Any:
    """Give what a fact says of an object's attribute."""
    if name == "due_on":
        return (told.data.get("deadline") or {}).get("due_on")
    return told.data.get(name)


@dataclass
class Ocel:
    """Writes an object-centric event log into a SQLite file that is not there yet."""

    file: Path
    events: int = 0
    _tables: set[str] = field(default_factory=set[str])

    def __enter__(self) -> Self:
        """Make the file."""
        self.file.unlink(missing_ok=True)
        self._connection = sqlite3.connect(self.file, isolation_level=None)
        # Nobody needs half a file: it is made anew, not recovered.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(SCHEMA)
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the file."""
        self._connection.execute("COMMIT")
        self._connection.close()

    def add(self, told: Told) -> None:
        """Write one fact."""
        named, run = activity(told), self._connection.execute
        self.events += 1
        run("INSERT INTO event VALUES (?, ?)", (told.position, named))
        kinds = scalars(told.type)
        table = self._table("event", named, {name: SQL_TYPES[kind] for name, kind in kinds.items()})
        values = [told.data.get(name) for name in kinds]
        marks = ", ".join("?" * (len(values) + 3))
        run(f'INSERT INTO "{table}" VALUES ({marks})', (told.position, told.event["time"], told.event["recordedtime"], *values))  # noqa: S608 - the table's name is made of letters by `_table`
        found = list(things(told))
        for kind, id_, qualifier in found:
            self._object(told, kind, id_)
            run("INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)", (told.position, id_, qualifier))
        by_kind = {kind: id_ for kind, id_, _ in found}
        for source, target, qualifier in BELONGS:
            if source in by_kind and target in by_kind:
                run("INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)", (by_kind[source], by_kind[target], qualifier))

    def _object(self, told: Told, kind: str, id_: str) -> None:
        names = ATTRIBUTES.get(kind, ())
        table = self._table("object", kind, dict.fromkeys(names, "TEXT"))
        is_new = self._connection.execute("INSERT OR IGNORE INTO object VALUES (?, ?)", (id_, kind)).rowcount == 1
        if is_new:
            self._write(table, told, id_, None, {name: known(told, name) for name in names})
            return
        for name in CHANGES.get(told.type, ()):
            if kind == told.type.split(".")[1] and name in names and (value := known(told, name)) is not None:
                self._write(table, told, id_, name, {one: value if one == name else None for one in names})

    def _write(self, table: str, told: Told, id_: str, changed: str | None, values: dict[str, Any]) -> None:
        marks = ", ".join("?" * (len(values) + 3))
        self._connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', (id_, told.event["time"], changed, *values.values()))  # noqa: S608 - as above

    def _table(self, what: str, type_: str, columns: dict[str, str]) -> str:
        """Give the table of a type, made when the first of them comes."""
        mapped = "".join(word.capitalize() for word in "".join(sign if sign.isalnum() else " " for sign in type_).split())
        table = f"{what}_{mapped}"
        if table not in self._tables:
            self._tables.add(table)
            key, third = ("PRIMARY KEY ", "recordedtime") if what == "event" else ("", "ocel_changed_field")
            more = "".join(f', "{name}" {kind}' for name, kind in columns.items())
            ddl = f'CREATE TABLE "{table}" (ocel_id TEXT {key}REFERENCES {what} (ocel_id), ocel_time TEXT, {third} TEXT{more})'
            self._connection.execute(ddl)
            self._connection.execute(f"INSERT INTO {what}_map_type VALUES (?, ?)", (type_, mapped))  # noqa: S608 - event or object
        return table


def write(facts: Iterable[Told], file: Path) -> int:
    """Write facts as an object-centric event log; give how many events it has."""
    with Ocel(file) as log:
        for told in facts:
            log.add(told)
    return log.events
