"""Step 8 of 8, query: who has read what is kept of a stream, when and for what; also after it was erased.

A person may ask who has looked at their data (Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15), and whoever answers for data protection looks
by himself. Facts name what is kept by a reference; each reading was recorded under it, in the statement that read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from uuid import UUID

from kernel.eventlog import Log
from kernel.vault.vault import QUERY

READINGS_MAX: Final = 1000
"""The latest are given; a thing that was read more often than this is looked at in the table."""
REFERENCE: Final = "_ref"
"""How the names of references end."""


async def readings(log: Log, stream: UUID) -> list[dict[str, Any]]:
    """List who has read anything that is kept of a stream, and who has erased it, the latest first."""
    called = {ref: name for event in (await log.load(stream)).events for name, ref in refs_in(event.fact.model_dump())}
    rows = await log.pool.fetch(QUERY["accesses"], list(called), READINGS_MAX)
    return [{"at": row["at"], "by": row["principal"], "purpose": row["purpose"], "of": called[row["ref"]]} for row in rows]


def refs_in(value: object, name: str = "") -> Iterator[tuple[str, UUID]]:
    """Give the references in a fact, with what they are called, as `("personal", …)`."""
    if isinstance(value, UUID) and name.endswith(REFERENCE):
        yield name.removesuffix(REFERENCE), value
    elif isinstance(value, Mapping):
        for key, one in cast("Mapping[str, object]", value).items():
            yield from refs_in(one, key)
    elif isinstance(value, list | tuple):
        for one in cast("list[object]", value):
            yield from refs_in(one, name)
