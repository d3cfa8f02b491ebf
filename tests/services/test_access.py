"""Who reaches what is another agency's: every route, asked by callers of its agency and of another, against what it says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, cast

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet

from deploy.access import PAGE, SERVICES, app_of, cells, counted, page, roles, routes
from deploy.local.answering import hide
from kernel.edge.policy import guarded_routes
from kernel.edge.service import Service
from services.processing.domain import permit
from tests.services.feedback.campaigning import CAMPAIGN, begin, done
from tests.services.feedback.listening import listening
from tests.services.feedback.petitioning import enter
from tests.services.four import each_service
from tests.services.intake.desk import Desk, submission
from tests.services.processing.department import LEADER, department
from tests.services.processing.dossiers import WINE
from tests.services.reporting.facts import Paper
from tests.services.reporting.mirror import MARCH, mirroring, some_weeks
from tests.services.reporting.reform_http import reformed
from tests.services.reporting.test_indicators_served import SAID
from tests.services.reporting.test_looking_back import opened
from tests.services.rig import AGENCY, Rig, Running, eventually

OVERRIDES: Final = "/v1/indicators/{pack}/overrides"
ELSEWHERE: Final = ("H10.5", f"{AGENCY}.2", f"{AGENCY}0")
"""Another agency, a unit of the agency, and an agency whose code begins like its: what is the agency's is for none of them."""
PART: Final = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
TRIES: Final = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=(HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large),
)


@dataclass(frozen=True)
class World:
    """A running service with things of its agency in it: what stands in addresses by the piece before it, and what names them in lists."""

    running: Running
    named: Mapping[str, str]
    listed: frozenset[str]
    sub: str = "nv-1"
    bodies: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a route is sent where its description does not say all that must fit together."""


# Things of an agency. ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def of_intake(rig: Rig) -> AsyncGenerator[World]:
    async with rig.running(SERVICES[0], stream_seconds=0.01) as running:
        dossier = await Desk(running).submit()
        draft = Desk.done(await running.post("/v1/drafts", submission(), running.token("desk", sub="nv-1")))["id"]
        named = {"dossiers": dossier, "drafts": draft}
        yield World(running, named, frozenset({dossier, draft}), bodies={"POST /v1/dossiers": submission()})


@asynccontextmanager
async def of_processing(rig: Rig) -> AsyncGenerator[World]:
    async with department(rig) as dept:
        done, case_id = await dept.opened(WINE), await dept.opened(WINE)
        issued = await dept.advanced(done)
        named = {
            "cases": str(case_id),
            "permits": str(permit.stream_of(done)),
            "number": issued["result_number"],
            "deadlines": (await dept.see(case_id))["dossier"],
            "units": "van-phong",
            "officers": "nv-tm-03",
            "roles": "chuyen-vien",
            "blanks": "AB",
            "books": "2026",
            "workflows": WINE,
        }
        yield World(dept.running, named, frozenset({str(case_id), str(issued["id"])}), sub=LEADER)


@asynccontextmanager
async def of_feedback(rig: Rig) -> AsyncGenerator[World]:
    async with listening(rig) as ear:
        petition, opinion = (await enter(ear))["id"], await ear.said()
        campaign = await begin(ear)
        named = {"petitions": petition, "opinions": opinion, "campaigns": campaign}
        offered = await done(ear, campaign, "class")
        slip = {"number": 1, "class_id": offered["id"], "blinded": hide(offered["public_key"]).message}
        bodies = {"POST /v1/campaigns": CAMPAIGN, "POST /v1/campaigns/{id}/validations": slip}
        yield World(ear.running, named, frozenset({petition, opinion, campaign}), bodies=bodies)


@asynccontextmanager
async def of_reporting(rig: Rig) -> AsyncGenerator[World]:
    async with mirroring(rig) as mirrored:
        await some_weeks(mirrored)
        late = Paper("late").id
        await mirrored.tell(opened(Paper("late"), "van-phong"))
        await mirrored.level()
        await eventually(lambda: mirrored.get(f"/v1/dossiers/{late}/conformance", "leader"), lambda found: found.status_code == 200)
        report = (await mirrored.publish(MARCH)).json()["id"]
        said = await mirrored.service.post(OVERRIDES.format(pack="qd-766"), SAID, mirrored.service.token("leader"))
        made = await reformed(mirrored)
        named = {"reports": report, "dossiers": str(late), "pack": "qd-766", "indicator-overrides": said.json()["id"]}
        named |= {"task": "1", "inspection": "1", "code": "2.000648", **made.named}
        listed = frozenset({report, said.json()["id"], f'"{AGENCY}"'})
        yield World(mirrored.service, named, listed, bodies={f"POST {OVERRIDES}": {**SAID, "value": "1"}, **made.bodies})


WORLDS: Final[Mapping[str, Callable[[Rig], AbstractAsyncContextManager[World]]]] = {
    "intake": of_intake,
    "processing": of_processing,
    "feedback": of_feedback,
    "reporting": of_reporting,
}


def requests(operation: Any, named: Mapping[str, str]) -> list[Case[Any]]:
    """Make some requests that fit an operation's description, about what there is, and about our agency where an agency is named."""
    made: list[Case[Any]] = []

    @TRIES
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def collect(case: Case[Any]) -> None:
        parts = operation.path.split("/")
        for before, part in pairwise(parts):
            name = part.strip("{}")
            if name != part and (value := named.get(name, named.get(before))) is not None:
                case.path_parameters[name] = value
        case.query = {name: value for name, value in (case.query or {}).items() if name not in {"after", "cursor", "as_of", "version"}}
        for where in (case.query, case.body):
            if isinstance(where, dict) and "agency" in where:
                where["agency"] = AGENCY
        made.append(case)

    collect()
    return made


schemathesis.serializer.alias(["application/offset+octet-stream", "application/partial-upload"], "application/octet-stream")


@each_service
async def test_nobody_reaches_what_is_another_agencys(rig: Rig, service: Service[Any]) -> None:
    async with WORLDS[service.name](rig) as world:
        running, untried, wrong = world.running, list[str](), list[str]()
        document = (await running.get("/openapi.json")).json()
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            operation: Any = cast("Any", found).ok()
            said = document["paths"][operation.path][operation.method]
            route, may = f"{operation.method.upper()} {operation.path}", [role for role in said["x-roles"] if role != "public"]
            if not may:
                continue
            *foreign, own = (running.token(*may, sub=world.sub, agencies=(agency,)) for agency in (*ELSEWHERE, AGENCY))
            cases = await asyncio.to_thread(requests, operation, world.named)
            cases *= 1 if len(cases) >= len(ELSEWHERE) else len(ELSEWHERE)
            for case in cases:
                case.body = world.bodies.get(route, case.body)
            before = len(await running.events())
            answers = [await sent(running, case, foreign[n % len(foreign)]) for n, case in enumerate(cases)]
            recorded = len(await running.events()) - before
            refused = [is_refused(answer) for answer in answers]
            hidden = any(name in answer.text for answer in answers if answer.status_code == 200 for name in world.listed)
            if said["x-agencies"] == "all":  # where no token is needed, a clerk's may yet be for his agency alone
                wrong += (
                    [f"{route}: refuses another agency, and says that it is for all"]
                    if any(refused) and "public" not in said["x-roles"]
                    else []
                )
                continue
            wrong += [f"{route}: shows or does what is another agency's"] if hidden or recorded else []
            owns = [await sent(running, case, own) for case in cases]
            wrong += [f"{route}: refuses its own agency"] if any(map(is_refused, owns)) else []
            # Whoever is not shown that there is something is told the same as where there is nothing.
            unseen = any((theirs.status_code, ours.status_code) == (404, 200) for theirs, ours in zip(answers, owns, strict=True))
            if not (unseen or any(refused) or any(answer.status_code == 200 for answer in answers)):
                untried.append(route)
        assert wrong == []
        assert untried == [], "no request of these came so far that the agency was asked for"


async def sent(running: Running, case: Case[Any], token: str) -> httpx2.Response:
    """Send a request as somebody."""
    body = {} if isinstance(case.body, NotSet) else {"content": case.body} if isinstance(case.body, bytes) else {"json": case.body}
    return await running.ask(case.method, case.formatted_path, token, PART if case.method == "PATCH" else {}, params=case.query, **body)


def is_refused(answer: httpx2.Response) -> bool:
    """Tell whether an answer is that the thing is another agency's."""
    if answer.request.method == "HEAD":  # it says nothing but this, and the role may
        return answer.status_code == 403
    return answer.status_code == 403 and str(answer.json()["type"]).endswith("/other-agency")


@each_service
def test_every_route_that_is_guarded_is_described_and_so_on_the_page(service: Service[Any]) -> None:
    assert {f"{route.method} {route.path}" for route in guarded_routes(app_of(service))} == {route for route, _ in routes(service)}


def test_the_page_says_what_the_services_say(capsys: pytest.CaptureFixture[str]) -> None:
    everything = [cell for service in SERVICES for cell in cells(service)]
    with capsys.disabled():
        print(f"\naccess matrix: {counted(everything)}, for {len(roles())} callers")  # noqa: T201 - whoever judges wants to see the number
    assert counted(everything) in page()
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m deploy.access"
