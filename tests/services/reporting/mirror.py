"""Reporting as a whole, with neighbours that tell it facts through the broker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from contracts.fact import Fact
from services.reporting.main import SERVICE
from tests.services.reporting.facts import DAY_0, Paper, day, procedure, rated, replied, said
from tests.services.reporting.tables import source_of, stream_of
from tests.services.rig import Neighbour, Rig, Running, eventually

NEIGHBOURS: Final = ("intake", "processing", "feedback")

MANY: Final[dict[str, Any]] = {"anonymous_per_minute": 100_000, "anonymous_total_per_minute": 100_000, "stream_seconds": 0.2}
"""Tests ask again and again, all from one network; a stream of news comes to an end."""
MARCH: Final[dict[str, Any]] = {"from": DAY_0.isoformat(), "to": day(29).isoformat()}
"""Thirty days, from the first that any fact here is of."""


@dataclass
class Mirrored:
    """The running service, and whom it listens to."""

    rig: Rig
    service: Running
    neighbours: Mapping[str, Neighbour]
    said: dict[str, str] = field(default_factory=dict[str, str])

    async def tell(self, *facts: Fact, cause: str | None = None) -> None:
        """Let the services record facts, each its own."""
        for fact in facts:
            source = source_of(fact)
            self.said[source] = await self.neighbours[source].tell(stream_of(fact), fact, cause=cause)

    async def level(self) -> None:
        """Wait until everything that was told is applied."""
        for position in self.said.values():
            await eventually(lambda at=position: self.service.get("/v1/summary", after=at), lambda found: found.status_code == 200)

    async def get(self, path: str, *roles: str, agencies: tuple[str, ...] = ("*",), **query: Any) -> httpx2.Response:
        """Ask as somebody with these roles; `from_` is `from`."""
        token = self.service.token(*roles, agencies=agencies) if roles else None
        return await self.service.get(path, token, **{name.rstrip("_"): value for name, value in query.items()})

    async def answer(self, path: str, *roles: str, agencies: tuple[str, ...] = ("*",), **query: Any) -> dict[str, Any]:
        """Ask, and insist on an answer."""
        found = await self.get(path, *(roles or ("leader",)), agencies=agencies, **query)
        assert found.status_code == 200, found.text
        return found.json()

    async def publish(self, period: Mapping[str, str], *, key: str | None = None, **more: Any) -> httpx2.Response:
        """Publish a report as a leader of H09.13."""
        return await self.service.post("/v1/reports", {**period, **more}, self.service.token("leader"), key=key)


@asynccontextmanager
async def mirroring(rig: Rig) -> AsyncGenerator[Mirrored]:
    """Run the service and its neighbours."""
    async with AsyncExitStack() as opened:
        neighbours = {name: await opened.enter_async_context(rig.neighbour(name)) for name in NEIGHBOURS}
        made = Mirrored(rig, await opened.enter_async_context(rig.running(SERVICE, **MANY)), neighbours)
        # The worker makes the read tables when it begins.
        await eventually(lambda: made.get("/v1/summary"), lambda found: found.status_code == 200)
        yield made


async def some_weeks(mirrored: Mirrored) -> None:
    """Tell what every test can count by hand: seven dossiers, seven answers, eight invitations, four opinions."""
    for n, paper in enumerate(Paper(f"early-{n}", channel="online") for n in range(3)):
        await mirrored.tell(paper.submitted(0), paper.accepted(0, due=7), paper.decided(3), paper.ready(4), paper.returned(5))
        await mirrored.tell(paper.invited(5), paper.answered(6), rated(f"r{n}", 6, 5, {"time": 2, "attitude": 2}))
    late, open_, other, gone = Paper("late"), Paper("open", field="dien"), Paper("other", agency="H10", channel="post"), Paper("gone")
    await mirrored.tell(late.submitted(1), late.accepted(1, due=8), late.ready(9), late.returned(10))
    await mirrored.tell(open_.submitted(2), open_.accepted(2, due=20), open_.supplement_requested(6))
    await mirrored.tell(other.submitted(3), other.accepted(3, due=10), gone.submitted(3), gone.accepted(3, due=10), gone.withdrawn(4))
    await mirrored.tell(Paper("refused").submitted(3), Paper("refused").refused(4))
    await mirrored.tell(rated("r3", 12, 1, field="dien"), rated("r4", 12, 5, agency="H10"), rated("r5", 13, 3), rated("r6", 13, 1))
    asked = [Paper(f"asked-{n}") for n in range(5)]
    await mirrored.tell(*(paper.invited(6) for paper in asked), *(paper.answered(7) for paper in asked[:2]))
    await mirrored.tell(*(said(f"o{n}", n) for n in range(3)), said("p", 4, topic="praise", channel="hotline"), replied("o0", 5))
    await mirrored.tell(procedure("hoa-chat", "Hóa chất"), procedure("dien", "Điện"))
    await mirrored.level()
