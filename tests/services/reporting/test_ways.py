"""Over HTTP: the read model judges as the fold of the facts does, by the page and by the dossier, and names no officer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import pytest_asyncio

from contracts.fact import Fact
from contracts.processing import CaseResultIssued, CaseStepClaimed, CaseStepCompleted, CaseStopped
from kernel.eventlog.verify import Verdict, verify_read_model
from services.reporting.domain.fairness import jumps, waits
from services.reporting.main import SERVICE
from services.reporting.projections.ways import WAYS
from services.reporting.query_ways import LOOKED_AT_MAX
from tests.servers import NatsServer, PostgresServer
from tests.services.processing.dossiers import WINE
from tests.services.reporting.facts import id_of
from tests.services.reporting.lives import Lives, lives, turns_of
from tests.services.reporting.mirror import Mirrored, mirroring
from tests.services.reporting.test_conformance import STRANGER, at
from tests.services.reporting.test_fairness import AGENCY, planted, turns
from tests.services.rig import Rig, eventually, problem

YEAR: Final[dict[str, Any]] = {"from": "2026-01-01", "to": "2026-12-31"}


@dataclass
class Told:
    """What was told, and to whom."""

    mirrored: Mirrored
    lives: Lives
    dossier_of: dict[Any, str]
    spoilt: Any
    jumped: set[tuple[str, str]]

    async def level(self) -> None:
        last = await self.mirrored.neighbours["processing"].log.head()
        await eventually(
            lambda: self.mirrored.get("/v1/conformance", "leader", after=f"processing/{last}", **YEAR),
            lambda found: found.status_code == 200,
        )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def year(postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Told]:
    """A small year in which one step was done by a stranger and one case went before another."""
    rig = Rig(postgres, nats, tmp_path_factory.mktemp("ways"))
    await rig.empty_broker()
    async with mirroring(rig) as mirrored:
        yield await tell(mirrored)


async def tell(mirrored: Mirrored) -> Told:
    found = lives(90, seed=21, procedures=[WINE])
    spoilt = next(case for case, way in found.cases.items() if any(isinstance(fact, CaseResultIssued) for _, fact in way))
    way = found.cases[spoilt]
    n = at(way, CaseStepCompleted, "B3")
    found.cases[spoilt] = [*way[:n], (way[n][0], way[n][1].model_copy(update={"officer": STRANGER})), *way[n + 1 :]]
    told = turns(found)
    chosen = planted(found, told, 1)
    for case, step in chosen:
        claimed_at = next(turn.at for turn in told[case] if turn.what == "claimed" and turn.step == step)
        found.cases[case] = [
            (pos, fact.model_copy(update={"claimed_at": claimed_at}) if isinstance(fact, CaseStepClaimed) and fact.step == step else fact)
            for pos, fact in found.cases[case]
        ]
    neighbour = mirrored.neighbours["processing"]
    for fact in found.before:
        await neighbour.tell(stream(fact), fact)
    await asyncio.gather(*(one_after_the_other(neighbour, case, [fact for _, fact in way]) for case, way in found.cases.items()))
    dossier_of = {case: str(way[0][1].dossier_id) for case, way in found.cases.items()}  # pyright: ignore[reportAttributeAccessIssue] - every fact of a case names its dossier
    made = Told(mirrored, found, dossier_of, spoilt, {(dossier_of[case], step) for case, step in chosen})
    await made.level()
    return made


def stream(fact: Fact) -> Any:
    return id_of(fact.TYPE, getattr(fact, "procedure", ""))


async def one_after_the_other(neighbour: Any, case: Any, facts: list[Fact]) -> None:
    for fact in facts:
        await neighbour.tell(case, fact)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_one_case_that_deviated_is_listed_with_its_step_and_its_fact(year: Told) -> None:
    answer = await year.mirrored.answer("/v1/conformance", **YEAR)
    (found,) = answer["items"]
    assert found["dossier_id"] == year.dossier_of[year.spoilt]
    (deviation,) = found["deviations"]
    assert (deviation["kind"], deviation["step"]) == ("role-not-allowed", "B3")
    assert deviation["position"].startswith("processing/")
    assert len(answer["definition_hash"]) == 64
    assert answer["lag"] == {"processing": 0}
    assert STRANGER not in str(answer)


@pytest.mark.asyncio(loop_scope="module")
async def test_with_all_the_cases_that_kept_to_it_are_listed_too_page_by_page(year: Told) -> None:
    ends = (CaseResultIssued, CaseStopped)
    ended = sum(any(isinstance(fact, ends) for _, fact in way) for way in year.lives.cases.values())
    seen, cursor = list[str](), None
    while True:
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        answer = await year.mirrored.answer("/v1/conformance", all="true", limit=7, **YEAR, **more)
        seen += [item["dossier_id"] for item in answer["items"]]
        if (cursor := answer["next"]) is None:
            break
    assert len(seen) == len({*seen}) == ended <= LOOKED_AT_MAX


@pytest.mark.asyncio(loop_scope="module")
async def test_a_dossier_tells_of_its_own_case(year: Told) -> None:
    lawful = next(case for case in year.lives.cases if case != year.spoilt)
    assert (await year.mirrored.answer(f"/v1/dossiers/{year.dossier_of[lawful]}/conformance"))["deviations"] == []
    found = await year.mirrored.answer(f"/v1/dossiers/{year.dossier_of[year.spoilt]}/conformance")
    assert [one["step"] for one in found["deviations"]] == ["B3"]
    problem(await year.mirrored.get(f"/v1/dossiers/{year.spoilt}/conformance", "leader"), 404, "not-found")
    problem(
        await year.mirrored.get(f"/v1/dossiers/{year.dossier_of[lawful]}/conformance", "leader", agencies=("H10",)), 403, "other-agency"
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_the_planted_jump_is_flagged_and_what_is_excused_is_told_only_when_asked_for(year: Told) -> None:
    answer = await year.mirrored.answer("/v1/fairness", procedure=WINE, **YEAR)
    assert {(item["dossier_id"], item["step"]) for item in answer["items"]} == year.jumped
    assert len(year.jumped) == 1 == answer["flagged"]
    every = await year.mirrored.answer("/v1/fairness", procedure=WINE, excused="true", **YEAR)
    told = {case: turns_of(way) for case, way in year.lives.cases.items()}
    folded = jumps([wait for way in told.values() for wait in waits(AGENCY, way, year.lives.workflows)])
    assert len(every["items"]) == len(folded) == every["flagged"] + every["excused"]


@pytest.mark.asyncio(loop_scope="module")
async def test_another_agencys_cases_are_not_seen_and_officers_may_not_ask(year: Told) -> None:
    assert (await year.mirrored.answer("/v1/conformance", agencies=("H10",), all="true", **YEAR))["items"] == []
    assert (await year.mirrored.answer("/v1/fairness", agencies=("H10",), procedure=WINE, **YEAR))["cases"] == 0
    problem(await year.mirrored.get("/v1/conformance", "officer", **YEAR), 403, "not-allowed")
    problem(await year.mirrored.get("/v1/fairness", "officer", procedure=WINE, **YEAR), 403, "not-allowed")


@pytest.mark.asyncio(loop_scope="module")
async def test_every_row_is_what_the_log_folds_to(year: Told) -> None:
    verdict = Verdict("reporting")
    async with year.mirrored.service.connected() as tables, year.mirrored.neighbours["processing"].log.pool.acquire() as log:
        await verify_read_model(tables, WAYS, SERVICE.codec, {"processing": log}, verdict)
    assert verdict.findings == []
