"""Every operation of intake, asked by each role that may and by nobody, in what fits its description and in what does not.

Of each answer it is held against the description: its status, its media type, its body, its headers; and that where a token is needed
none and a wrong one are refused. Nothing that only reads moves the log's head. Unlike `test_surprises.py`, which asks all services, there
are things here to be found: dossiers in every state, files, drafts, originals, subscriptions.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, pairwise, repeat
from typing import Any, Final, cast

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.intake.main import SERVICE
from tests.services.intake.desk import NOT_COMPLETE, PETROL, Desk, submission
from tests.services.intake.papers import PDF_BYTES, Papers, declared, judged
from tests.services.intake.test_fees import DUE
from tests.services.rig import Rig, Running
from tests.services.test_surprises import served

CASES: Final = int(os.environ.get("MOTCUA_TEST_WHOLE_API", "2"))
"""How many requests of each kind each role makes of each operation that it may call."""
SETTINGS: Final = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=(HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large),
)
CHECKS: Final = [status_code_conformance, content_type_conformance, response_schema_conformance, response_headers_conformance]
ROLES: Final = (*sorted({role for roles in SERVICE.policy.values() for role in roles} - {"public"}), None)
"""Everybody whom any action names, and whoever has no token."""
SUB: Final = "moi-vai"
READING: Final = frozenset({"get", "head"})
LEAVING: Final = {"reason": "no-longer-needed"}


NEEDS_OTHERS: Final = {
    "POST /v1/dossiers/{id}/return": "the department has to decide first: test_reactions.py",
    "POST /v1/dossiers/{id}/erasure": "the law's term of keeping has to be over: test_erasure.py",
    "POST /v1/payments": "is signed over its bytes by the gateway: test_fees.py",
}
"""Operations that nothing made up here can have done, and where they are; every answer there is held against the description, too."""


@dataclass(frozen=True)
class Fit:
    """A request that is done: the ids in its address, taken in turn, its body, its headers."""

    ids: Iterator[tuple[str, ...]]
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class World:
    """What there is to ask about: ids by the piece of an address before them, and requests that are done."""

    named: Mapping[str, Sequence[str]]
    fits: Mapping[str, Fit]
    asked: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """The statuses that each operation was answered with."""


async def world_of(intake: Running) -> World:
    """Make things of every kind, all of one account that has each role in turn."""
    desk, token, admin = Desk(intake), intake.token("desk", sub=SUB), intake.token("admin", sub=SUB)
    papers = Papers(desk)
    submitted, accepted = [await desk.submit() for _ in range(4)], await desk.accepted()
    awaiting, lacking = [await desk.submit() for _ in range(2)], await desk.submit()
    for id in awaiting:
        await desk.do(id, "supplement-request", NOT_COMPLETE)
    over = await desk.submit()
    await desk.do(over, "withdrawal", LEAVING)
    for _ in range(3):
        await desk.do(accepted, "originals", {"component": "don-de-nghi"})
    await desk.do(accepted, "originals/3/loss")
    file = await papers.attach(accepted, PDF_BYTES)
    await judged(papers, accepted)
    uploads = [(await papers.declare(accepted, PDF_BYTES, token)).split("/")[-2] for _ in range(2)]
    drafts = [desk.done(await intake.post("/v1/drafts", submission(), token))["id"] for _ in range(12)]
    subscribe = {"url": "https://portal.example/motcua"}
    ended, hook = [desk.done(await intake.post("/v1/webhooks", subscribe, admin))["id"] for _ in range(2)]
    asked = desk.done(await intake.post("/v1/national-portal/comparisons", {"since": "2026-03-02"}, admin))["number"]
    code = (await desk.dossier(accepted))["code"]
    secret = desk.done(await intake.get(f"/v1/dossiers/{accepted}/look-up-secret", desk.officer))["secret"]
    one, original, upload = "POST /v1/dossiers/{id}", "/originals/{original}", "/v1/dossiers/{id}/files/{file}"
    of_upload = cycle([(accepted, id) for id in uploads])
    return World(
        named={
            "dossiers": [accepted, *submitted, *awaiting, over],
            "files": [file, *uploads],
            "drafts": drafts[:4],
            "originals": ["1"],
            "webhooks": [ended],
            "comparisons": [str(asked)],
            "procedures": [PETROL],
        },
        fits={
            "POST /v1/dossiers": Fit(repeat(()), submission()),
            "POST /v1/drafts": Fit(repeat(()), submission()),
            "PUT /v1/drafts/{id}": Fit(cycle((id,) for id in drafts[:4]), submission(), {"If-Match": "*"}),
            "DELETE /v1/drafts/{id}": Fit(cycle((id,) for id in drafts[4:8])),
            "POST /v1/drafts/{id}/submission": Fit(cycle((id,) for id in drafts[8:]), {}),
            f"{one}/acceptance": Fit(cycle((id,) for id in submitted[:2]), {}),
            f"{one}/refusal": Fit(repeat((submitted[2],)), {"reason": "duplicate", "legal_basis": "Nghị định 61/2018/NĐ-CP"}),
            f"{one}/withdrawal": Fit(repeat((submitted[3],)), LEAVING),
            f"{one}/supplement-request": Fit(repeat((lacking,)), NOT_COMPLETE),
            f"{one}/supplement": Fit(cycle((id,) for id in awaiting), {"components": ["don-de-nghi"]}),
            f"{one}/originals": Fit(repeat((accepted,)), {"component": "don-de-nghi"}),
            f"{one}{original}/passing-on": Fit(repeat((accepted, "1")), {"to": "nv-2"}),
            f"{one}{original}/return": Fit(repeat((accepted, "3")), {}),
            f"{one}{original}/loss": Fit(repeat((accepted, "2")), {}),
            f"{one}/fee-payment": Fit(repeat((accepted,)), {"method": "transfer", "amount_vnd": DUE, "payment": "VN-1"}),
            f"{one}/fee-refund": Fit(repeat((accepted,)), {"payment": "VN-1", "amount_vnd": 10, "reason": "paid-twice"}),
            f"{one}/fee-waiver": Fit(repeat((submitted[0],)), {"legal_basis": "Luật Phí và lệ phí 97/2015/QH13"}),
            "GET /v1/dossiers/{id}/receipt": Fit(repeat((accepted,))),
            f"{one}/files": Fit(repeat((accepted,)), declared()),
            f"HEAD {upload}/upload": Fit(of_upload),
            f"PATCH {upload}/upload": Fit(of_upload, PDF_BYTES, {"Upload-Offset": "0"}),
            f"POST {upload}/completion": Fit(of_upload, {}),
            f"GET {upload}": Fit(repeat((accepted, file)), query={"purpose": "appraisal"}),
            "POST /v1/webhooks": Fit(repeat(()), subscribe),
            "POST /v1/webhooks/{id}/rotation": Fit(repeat((hook,)), {"generation": 1}),
            "POST /v1/webhooks/{id}/replay": Fit(repeat((hook,)), {"after": "intake/1"}),
            "GET /v1/look-up": Fit(repeat(()), headers={"look-up-secret": secret}, query={"code": code}),
        },
    )


def fitted(case: Case[Any], world: World, choice: int, label: str) -> None:
    """Let a request be one that is done, or be about something that there is, or leave it what was made up."""
    names = [part.strip("{}") for part in case.operation.path.split("/") if part.startswith("{")]
    if choice % 2 and (fit := world.fits.get(label)) is not None:
        case.path_parameters = dict(zip(names, next(fit.ids), strict=True))
        case.query = {**(case.query or {}), **fit.query}
        case.headers.pop("If-Match", None)
        case.headers.update(fit.headers)
        if fit.body is not None:
            case.body = fit.body
        return
    for before, part in pairwise(case.operation.path.split("/")):
        known = world.named.get(before, ())
        if part.startswith("{") and known and choice % 4:
            case.path_parameters[part.strip("{}")] = known[choice % len(known)]


def ask(operation: Any, mode: GenerationMode, address: str, token: str | None, world: World) -> int:
    """Make requests of one operation, all of which fit its description, or none; give how many that were."""
    label, sent = f"{operation.method.upper()} {operation.path}", 0
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # That a token is insisted on is the operation's, whoever asks: it is tried by the first role.
    checks = [*CHECKS, *([ignored_auth] if token and label not in world.asked else [])]

    @SETTINGS
    @given(case=operation.as_strategy(generation_mode=mode), choice=st.integers(1, 2**16))
    def check(case: Case[Any], choice: int) -> None:
        nonlocal sent
        sent += 1
        if mode is GenerationMode.POSITIVE:
            fitted(case, world, choice, label)
        answer = case.call(base_url=address, headers=headers)
        assert answer.status_code < 500 or "retry-after" in answer.headers, f"{case.as_curl_command()}: {answer.text}"
        world.asked.setdefault(label, set()).add(answer.status_code)
        case.validate_response(answer, checks=checks, headers=headers)

    with contextlib.suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
        check()
    return sent


def ask_all(document: dict[str, Any], address: str, token: str | None, world: World) -> int:
    """Make requests of every operation of a document; give how many that were."""
    sent = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation: Any = cast("Any", found).ok()
        # What does not fit its description is refused before anybody looks at a role: once is enough.
        is_new = f"{operation.method.upper()} {operation.path}" not in world.asked
        for mode in GenerationMode if is_new else (GenerationMode.POSITIVE,):
            sent += ask(operation, mode, address, token, world)
    return sent


def part_of(document: dict[str, Any], role: str | None, *, reading: bool) -> dict[str, Any]:
    """Give the operations that a role may call: those that only read, or the others."""
    paths = {
        path: {method: said for method, said in methods.items() if (method in READING) == reading and (role or "public") in said["x-roles"]}
        for path, methods in document["paths"].items()
    }
    return document | {"paths": {path: methods for path, methods in paths.items() if methods}}


async def head(intake: Running) -> int:
    async with intake.connected() as connection:
        return await connection.fetchval("SELECT pos FROM log.head")


@asynccontextmanager
async def opened(rig: Rig) -> AsyncGenerator[tuple[Running, str, World, dict[str, Any]]]:
    """Run intake with something in it; give its address and what it says of itself."""
    told: dict[str, Any] = {"stream_seconds": 0.01, "drafts_max": 1000, "file_types": ("application/pdf",)}
    async with rig.running(SERVICE, **told) as intake, served(intake.app) as address:
        yield intake, address, await world_of(intake), (await intake.get("/openapi.json")).json()


async def ask_as(role: str | None, intake: Running, address: str, world: World, document: dict[str, Any], *, reading: bool) -> int:
    """Make requests of every operation that a role may call; give how many that were."""
    token = intake.token(role, sub=SUB, agencies=("*",)) if role else None
    return await asyncio.to_thread(ask_all, part_of(document, role, reading=reading), address, token, world)


def insist_that_all_were_asked(world: World, document: dict[str, Any], sent: int, *, reading: bool) -> None:
    """Let no operation pass that nobody asked, or that never did what it is there for."""
    operations = {
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods if (method in READING) == reading
    }
    assert operations - world.asked.keys() == set()
    assert sent >= 2 * len(operations)
    never = {label for label, statuses in world.asked.items() if min(statuses) >= 300} - NEEDS_OTHERS.keys()
    assert not never, "\n".join(f"{label} {world.asked[label]}" for label in sorted(never))


async def test_whoever_reads_gets_only_what_is_described_and_moves_the_log_by_nothing(rig: Rig) -> None:
    async with opened(rig) as (intake, address, world, document):
        before, sent = await head(intake), 0
        for role in ROLES:
            sent += await ask_as(role, intake, address, world, document, reading=True)
            assert await head(intake) == before, f"something that only reads has recorded a fact for {role}"
        insist_that_all_were_asked(world, document, sent, reading=True)


async def test_whoever_writes_gets_only_what_is_described(rig: Rig) -> None:
    async with opened(rig) as (intake, address, world, document):
        sent = sum([await ask_as(role, intake, address, world, document, reading=False) for role in ROLES])
        insist_that_all_were_asked(world, document, sent, reading=False)
        assert await intake.parked() == []
