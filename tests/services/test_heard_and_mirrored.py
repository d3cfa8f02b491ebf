"""The whole chain: what intake and processing record and what those who were asked answer, to what reporting says stands out.

Nothing is put into a table by hand. Feedback hears who stood at the counter and which way each dossier went, invites, signs, mixes and
records; reporting reads all three logs. What is wrong in it was planted: in how long dossiers lie, and in what people say.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import pytest

from contracts.feedback_surveys import AnswerRecorded
from contracts.intake import DossierReturned, DossierSubmitted
from contracts.processing import CaseOpened, CaseStepCompleted
from contracts.vocabulary import DossierId
from services.feedback.main import SERVICE as FEEDBACK
from services.feedback.projections.walks import WALKS
from services.reporting.domain.satisfaction import COMPARED_MIN, UNSAID
from services.reporting.main import SERVICE as REPORTING
from tests.contracts.golden import golden
from tests.services.feedback.listening import Listening
from tests.services.rig import MONDAY, Neighbour, Rig, Running, eventually

DOSSIERS: Final = 126
"""Of each agency; three ways and three counters share them, so that each line has 42."""
COUNTERS: Final = ("nv-mc-01", "nv-mc-02", "nv-mc-03")
UNITS: Final = {"B1": "mot-cua", "B2": "van-phong", "B3": "ky-thuat", "B4": "phap-che", "B5": "van-thu"}
MIDDLE: Final = ("B2", "B3", "B4")
"""Each dossier goes through one of these; there it lies longest."""
SLOW_STEP: Final = "B4"
RUDE_COUNTER: Final = "nv-mc-02"
NOISY_COUNTER: Final = "nv-mc-03"
"""Had a bad day: three of those who were there were angry, which happens."""
BAD_DAY: Final = 3
ORDINARY: Final = (5, 15, 80)
WORSE: Final = (35, 30, 35)
"""How often, of a hundred, 0, 1 and 2 points are given."""
SEEDS: Final = {"H09.21": 1, "H09.22": 2, "H09.23": 3}
UNPLANTED: Final = {"H09.31": 4}
MANY: Final[dict[str, Any]] = {"anonymous_per_minute": 1_000_000, "anonymous_total_per_minute": 1_000_000}
TOGETHER: Final = 40
"""Commands that are under way at once."""
NAMES: Final = UUID("7f0f5a90-92a1-4c0e-8f4c-0a4f6f6c9b10")


def of_dossier(kind: type[Any], changes: dict[str, Any]) -> Any:
    """Make a fact as its golden one is, of another dossier."""
    return kind.model_validate(golden(kind.TYPE)["data"] | changes)


@dataclass(frozen=True)
class Dossier:
    """One dossier of an agency: who served it, and where it lay longest."""

    agency: str
    number: int
    seed: int

    @property
    def id(self) -> DossierId:
        """Its id."""
        return DossierId(uuid5(NAMES, f"{self.agency}/{self.number}"))

    @property
    def counter(self) -> str:
        """Who stood at the counter."""
        return COUNTERS[self.number % len(COUNTERS)]

    @property
    def middle(self) -> str:
        """The step at which it lay longest."""
        return MIDDLE[self.number // len(COUNTERS) % len(MIDDLE)]

    def received(self) -> list[Any]:
        """Say what intake records."""
        return [
            of_dossier(DossierSubmitted, {"dossier_id": self.id, "agency": self.agency}),
            of_dossier(DossierReturned, {"dossier_id": self.id, "agency": self.agency, "returned_by": self.counter}),
        ]

    def worked(self, *, planted: bool) -> list[Any]:
        """Say what processing records: at the slow step it lies for ten days instead of two."""
        days = 10 if planted and self.middle == SLOW_STEP else 2
        ends = {"B1": timedelta(hours=3), self.middle: timedelta(days=days), "B5": timedelta(days=days, hours=2)}
        steps = list(ends)
        found = [
            of_dossier(CaseOpened, {"dossier_id": self.id, "agency": self.agency, "step": "B1", "unit": UNITS["B1"], "opened_at": MONDAY})
        ]
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            following = {"next_step": after, "next_unit": UNITS[after] if after else None}
            done = {"dossier_id": self.id, "step": step, **following, "completed_at": MONDAY + ends[step]}
            found.append(of_dossier(CaseStepCompleted, done))
        return found

    def said(self, *, planted: bool) -> dict[str, Any]:
        """Say what is answered: the same for the same seed."""
        chance = random.Random(f"{self.seed}/{self.number}")  # noqa: S311 - chance comes from a seed, so that it can be repeated
        worse = {"time": planted and self.middle == SLOW_STEP, "attitude": planted and self.counter == RUDE_COUNTER}
        points = {
            one: chance.choices((0, 1, 2), WORSE if worse.get(one) else ORDINARY)[0]
            for one in ("time", "attitude", "agencies-contacted", "contacts-to-complete")
        }
        if self.counter == NOISY_COUNTER and self.number < BAD_DAY * len(COUNTERS):
            points["attitude"] = 0
        return {"satisfaction": chance.choices((1, 2, 3, 4, 5), (3, 5, 12, 40, 40))[0], "points": points}


@dataclass
class Chain:
    """Feedback and reporting, and what they listen to."""

    feedback: Running
    reporting: Running
    intake: Neighbour
    processing: Neighbour
    ear: Listening = field(init=False)

    def __post_init__(self) -> None:
        self.ear = Listening(self.feedback, self.intake)

    async def live(self, dossiers: list[Dossier], *, planted: bool) -> None:
        """Let all of it happen."""
        await together([self.intake.tell(one.id, *one.received(), agency=one.agency) for one in dossiers])
        await together(
            [self.processing.tell(uuid5(NAMES, f"case/{one.id}"), *one.worked(planted=planted), agency=one.agency) for one in dossiers]
        )
        await self.feedback.reacted_to(f"intake/{await self.intake.log.head()}")
        head = await self.processing.log.head()

        async def walked() -> int:
            async with self.feedback.connected() as connection:
                found = "SELECT pos FROM log.checkpoint WHERE consumer = $1"
                return await connection.fetchval(found, WALKS.consumer) or 0

        await eventually(walked, lambda at: at >= head)
        await together([self.answer(one, planted=planted) for one in dossiers])

    async def answer(self, dossier: Dossier, *, planted: bool) -> None:
        """Use the invitation of a dossier."""
        (invitation,) = await self.ear.invitations(dossier.id, agencies=("*",))
        await self.ear.answered(invitation["token"], **dossier.said(planted=planted))

    async def worse(self, agency: str, cut: str) -> set[tuple[str, str]]:
        """Ask reporting which lines of a table of an agency stand out, and in what."""
        after = f"feedback/{(await self.feedback.events())[-1].pos}"
        token = self.reporting.token("leader", agencies=("*",))
        found = await self.reporting.get("/v1/satisfaction", token, cut=cut, agency=agency, after=after)
        assert found.status_code == 200, found.text
        lines = [line for line in found.json()["items"] if line[cut] != UNSAID]
        assert min(line["ratings"] for line in lines) >= COMPARED_MIN, "all of them are compared"
        return {(line[cut], question) for line in lines for question in line["stands_out"]}


async def together(work: list[Any]) -> None:
    """Do things, so many at once."""
    for start in range(0, len(work), TOGETHER):
        await asyncio.gather(*work[start : start + TOGETHER])


@asynccontextmanager
async def chained(rig: Rig) -> AsyncGenerator[Chain]:
    """Run both services and the logs of the others."""
    async with (
        rig.neighbour("intake") as intake,
        rig.neighbour("processing") as processing,
        rig.running(FEEDBACK, **MANY) as feedback,
        rig.running(REPORTING) as reporting,
    ):
        yield Chain(feedback, reporting, intake, processing)


@pytest.mark.slow
async def test_a_planted_slow_step_and_a_planted_rude_counter_surface_through_both_services_and_planted_noise_does_not(rig: Rig) -> None:
    async with chained(rig) as chain:
        for agencies, planted in ((SEEDS, True), (UNPLANTED, False)):
            await chain.live([Dossier(agency, n, seed) for agency, seed in agencies.items() for n in range(DOSSIERS)], planted=planted)
        assert await chain.ear.recorded() == DOSSIERS * (len(SEEDS) + len(UNPLANTED))
        answers = [event.fact for event in await chain.feedback.events(AnswerRecorded)]
        assert all(None not in {fact.path.officer, fact.path.slowest, fact.path.steps} for fact in answers), "each says its whole way"

        slow = {"slowest": SLOW_STEP, "step": SLOW_STEP, "unit": UNITS[SLOW_STEP]}
        for agency in SEEDS:
            for cut, value in slow.items():
                assert await chain.worse(agency, cut) == {(value, "time")}, (agency, cut)
            assert await chain.worse(agency, "officer") == {(RUDE_COUNTER, "attitude")}, agency
        for agency in UNPLANTED:
            for cut in (*slow, "officer"):
                assert await chain.worse(agency, cut) == set(), (agency, cut)
