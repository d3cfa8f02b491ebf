"""Which form the facts are wanted in: each is written by a module of its own, imported only when it is asked for."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.analysts.reading import facts_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write(form: str, lines: Iterable[bytes], out: Path) -> str:
    """Write the facts of a bundle's lines; give a sentence about what was written."""
    if form == "ocel2":
        from deploy.analysts import ocel

        return f"{ocel.write(facts_in(lines), out)} events"
    if form == "open-data":
        from deploy.analysts import opendata

        return f"{opendata.write(facts_in(lines), out)} rows"
    from deploy.analysts import parquet

    return parquet.write(facts_in(lines), out).sentence
