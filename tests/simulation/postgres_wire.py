"""The bytes of PostgreSQL's protocol (version 3, binary formats), for as many types as the log uses."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

BOOL, BYTEA, CHAR, INT8, INT4, TEXT, OID, TIMESTAMPTZ, UUID_ = 16, 17, 18, 20, 23, 25, 26, 1184, 2950
ARRAYS: Final = {1000: BOOL, 1001: BYTEA, 1016: INT8, 1007: INT4, 1009: TEXT, 1028: OID, 1185: TIMESTAMPTZ, 2951: UUID_}
ARRAY_OF: Final = {element: array for array, element in ARRAYS.items()}
NAMED: Final = {
    "boolean": BOOL,
    "bytea": BYTEA,
    "bigint": INT8,
    "integer": INT4,
    "text": TEXT,
    "timestamp with time zone": TIMESTAMPTZ,
    "uuid": UUID_,
}
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

DECODE: Final[dict[int, Callable[[bytes], Any]]] = {
    BOOL: lambda raw: raw == b"\x01",
    BYTEA: bytes,
    INT8: lambda raw: struct.unpack("!q", raw)[0],
    INT4: lambda raw: struct.unpack("!i", raw)[0],
    OID: lambda raw: struct.unpack("!I", raw)[0],
    TEXT: lambda raw: raw.decode(),
    TIMESTAMPTZ: lambda raw: _EPOCH + struct.unpack("!q", raw)[0] * _MICROSECOND,
    UUID_: lambda raw: UUID(bytes=raw),
}
ENCODE: Final[dict[int, Callable[[Any], bytes]]] = {
    BOOL: lambda value: b"\x01" if value else b"\x00",
    BYTEA: bytes,
    INT8: lambda value: struct.pack("!q", value),
    CHAR: bytes,
    INT4: lambda value: struct.pack("!i", value),
    OID: lambda value: struct.pack("!I", value),
    TEXT: lambda value: value.encode(),
    TIMESTAMPTZ: lambda value: struct.pack("!q", (value - _EPOCH) // _MICROSECOND),
    UUID_: lambda value: value.bytes,
}


def decode(oid: int, raw: bytes | None) -> Any:
    """Give the value of a parameter."""
    if raw is None:
        return None
    if oid not in ARRAYS:
        return DECODE[oid](raw)
    element, (dimensions, _, _) = DECODE[ARRAYS[oid]], struct.unpack_from("!iii", raw)
    if not dimensions:
        return []
    (length,), at, values = struct.unpack_from("!i", raw, 12), 20, list[Any]()
    for _ in range(length):
        (size,) = struct.unpack_from("!i", raw, at)
        at += 4
        values.append(None if size < 0 else element(raw[at : at + size]))
        at += max(size, 0)
    return values


def message(kind: bytes, body: bytes = b"") -> bytes:
    """Write one message."""
    return kind + struct.pack("!i", len(body) + 4) + body


def text(*words: str) -> bytes:
    """Write words as the protocol ends them."""
    return b"".join(word.encode() + b"\0" for word in words)


def parameter_types(oids: Sequence[int]) -> bytes:
    """Describe the parameters of a statement."""
    return message(b"t", struct.pack(f"!h{len(oids)}I", len(oids), *oids))


def row_types(columns: Sequence[tuple[str, int]]) -> bytes:
    """Describe the columns of a result."""
    if not columns:
        return message(b"n")
    fields = (text(name) + struct.pack("!IhIhih", 0, 0, oid, -1, -1, 1) for name, oid in columns)
    return message(b"T", struct.pack("!h", len(columns)) + b"".join(fields))


def data_row(columns: Sequence[tuple[str, int]], row: Sequence[Any]) -> bytes:
    """Write one row."""
    parts = [struct.pack("!h", len(columns))]
    for (_, oid), value in zip(columns, row, strict=True):
        raw = None if value is None else ENCODE[oid](value)
        parts.append(b"\xff\xff\xff\xff" if raw is None else struct.pack("!i", len(raw)) + raw)
    return message(b"D", b"".join(parts))


def error(code: str, words: str, constraint: str = "") -> bytes:
    """Write an error as the server reports it."""
    fields = b"SERROR\0VERROR\0C" + text(code) + b"M" + text(words)
    return message(b"E", fields + (b"n" + text(constraint) if constraint else b"") + b"\0")


def bound(body: bytes) -> tuple[str, list[bytes | None]]:
    """Read a Bind message: the statement's name and the raw parameters."""
    _, statement, rest = body.split(b"\0", 2)
    (formats,) = struct.unpack_from("!h", rest)
    at = 2 + 2 * formats
    (number,) = struct.unpack_from("!h", rest, at)
    at += 2
    values: list[bytes | None] = []
    for _ in range(number):
        (size,) = struct.unpack_from("!i", rest, at)
        at += 4
        values.append(None if size < 0 else rest[at : at + size])
        at += max(size, 0)
    return statement.decode(), values
