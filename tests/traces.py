"""What a person could be found by, and where: for tests that insist that somebody is forgotten."""

from __future__ import annotations

import hashlib
import unicodedata
from base64 import b64encode
from collections.abc import Mapping

import asyncpg

from kernel.vault import KeyRing, Vault

TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


def folded(text: str) -> str:
    """Write a text without tones, marks and capitals: however a name was written, it is found."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def in_any_form(text: str) -> set[str]:
    """Give what a text could be found by, also coded or as a hash that anybody could compute."""
    raw = text.encode()
    return {folded(text), folded(b64encode(raw).decode().rstrip("=")), raw.hex(), hashlib.sha256(raw).hexdigest()}


def in_raw_form(text: str) -> set[bytes]:
    """Give the bytes by which a text could be found in a file of whatever kind."""
    written = {unicodedata.normalize(form, text).encode() for form in ("NFC", "NFD")}
    coded = {b64encode(raw).rstrip(b"=") for raw in written} | {raw.hex().encode() for raw in written}
    return written | coded | {hashlib.sha256(raw).hexdigest().encode() for raw in written}


def readable(value: object) -> str:
    """Give a value as text; of bytes both as text and in hexadecimal digits."""
    return folded(value.decode("utf-8", "replace") + value.hex() if isinstance(value, bytes) else str(value))


def found(where: Mapping[str, str], text: str) -> set[str]:
    """Say in which places a text stands."""
    return {place for place, content in where.items() if any(form in content for form in in_any_form(text))}


async def in_tables(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, str]:
    """Give everything that stands in any table of a database, whoever owns it, by table."""
    return {
        row["name"]: " ".join(readable(value) for one in await connection.fetch(f"SELECT * FROM {row['name']}") for value in one)  # noqa: S608 - names are ours
        for row in await connection.fetch(TABLES)
    }


async def in_vault(connection: asyncpg.Connection[asyncpg.Record], keys: str) -> str:
    """Give what the holder of the vault's keys can read."""
    vault = Vault(KeyRing.parse(keys), frozenset())
    rows = await connection.fetch("SELECT ref, stream, key_id, body FROM vault.entry")
    opened = [vault._open(*row) for row in rows]  # reads as a thief with the keys, and leaves no trace
    return " ".join(readable(value) for one in opened for value in one.document.values())
