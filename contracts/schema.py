"""The JSON Schemas of the facts and of their envelope, made from the models."""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeAlias, cast

from pydantic.json_schema import GenerateJsonSchema

from contracts.fact import TYPE_PATTERN, Fact

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TIME: Final[Schema] = {"type": "string", "format": "date-time"}

ENVELOPE: Final[Schema] = {
    "$schema": DIALECT,
    "title": "Envelope",
    "description": "A fact as it is stored, published and read: a CloudEvent 1.0 in structured mode, JSON format, UTF-8.",
    "type": "object",
    "properties": {
        "specversion": {"const": "1.0", "type": "string"},
        "id": {
            "description": "`<command>/<n>`: the n-th fact of a command. The same command carried out twice has the same ids.",
            "type": "string",
            "minLength": 1,
        },
        "source": {"description": "The service that recorded the fact.", "type": "string", "pattern": "^/[a-z]+$"},
        "type": {
            "description": "`<service>.<aggregate>.<event>.v<n>`: names the schema of `data`.",
            "type": "string",
            "pattern": TYPE_PATTERN.pattern,
        },
        "subject": {"description": "The stream: the thing that the fact is about.", "type": "string", "format": "uuid"},
        "time": {"description": "When it happened.", **_TIME},
        "recordedtime": {"description": "When the log took it.", **_TIME},
        "datacontenttype": {"const": "application/json", "type": "string"},
        "sequence": {"description": "The version of the stream, from 1, with no gap.", "type": "string", "pattern": "^[1-9][0-9]*$"},
        "agency": {
            "description": "The agency whose fact it is (QĐ 20/2020/QĐ-TTg, Điều 4).",
            "type": "string",
            "pattern": r"^[A-Z0-9]+(\.[A-Z0-9]+)*$",
            "maxLength": 35,
        },
        "actor": {
            "description": "Pseudonymous account of whoever did it: an officer, an office or a connected system.",
            "type": "string",
            "minLength": 1,
        },
        "cause": {
            "description": "`<source>/<position>` of the fact that this one answers.",
            "type": "string",
            "pattern": "^[a-z]+/[1-9][0-9]*$",
        },
        "traceparent": {
            "description": "W3C Trace Context.",
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        },
        "data": {"description": "The fact itself, after the schema that `type` names.", "type": "object"},
    },
    "required": [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "recordedtime",
        "datacontenttype",
        "sequence",
        "agency",
        "actor",
        "data",
    ],
    "additionalProperties": False,
}
"""The envelope of every fact. The properties stand in the order in which the log writes them."""


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes from field names: they say the name once more."""

    schema_dialect: ClassVar[str] = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Say no for every field; models keep their titles."""
        del schema
        return False


def data_schema(fact: type[Fact]) -> Schema:
    """Give the closed schema of a fact's data.

    It is closed (`additionalProperties: false`) because it says what is written. Readers stay open: they ignore what they do not know.
    """
    schema = fact.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return {"$schema": DIALECT, **cast("Schema", _closed(schema))}


def _closed(part: Any) -> Any:
    """Forbid unknown properties in every object of a schema whose properties are named."""
    if isinstance(part, list):
        return [_closed(item) for item in cast("list[Any]", part)]
    if not isinstance(part, dict):
        return part
    schema = {key: _closed(value) for key, value in cast("Schema", part).items()}
    if schema.get("type") == "object" and "properties" in schema:
        schema["additionalProperties"] = False
    return schema
