"""Facts one by one, from a file that `events export` or `synthesize` has written: no more than one of them is held in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from deploy.local.bundle import EVENT
from kernel.legalclock import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True)
class Told:
    """A fact as it was published, and where it stands: `position` is what names it everywhere, `intake/5`."""

    source: str
    pos: int
    body: bytes

    @cached_property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        return orjson.loads(self.body)

    @property
    def position(self) -> str:
        """Its name: where it stands."""
        return f"{self.source}/{self.pos}"

    @property
    def type(self) -> str:
        """Its event type."""
        return self.event["type"]

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        return self.event["data"]

    @property
    def day(self) -> date:
        """The local day on which it happened."""
        return day_of(datetime.fromisoformat(self.event["time"]))


def facts_in(lines: Iterable[bytes]) -> Iterator[Told]:
    """Give the facts of a bundle in its order; seals, keys and anything else are passed by (`verify` is what judges a bundle)."""
    for line in lines:
        if (found := EVENT.fullmatch(line)) is not None:
            yield Told(found[1].decode(), int(found[2]), found[4])


def facts_of(bundle: Path) -> Iterator[Told]:
    """Give the facts of a bundle on disk."""
    with bundle.open("rb") as lines:
        yield from facts_in(lines)
