"""A small service for the rim's tests: shelves that are set up, take books, and are removed when empty."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from kernel.edge.app import Words, create_app
from kernel.edge.clock import Clock
from kernel.edge.etag import versioned
from kernel.edge.health import Health, database_check, flag_check
from kernel.edge.idempotency import COMMAND, Command, Commands
from kernel.edge.identity import Principal
from kernel.edge.pages import LIMIT, Cursor, Limit, Pages
from kernel.edge.policy import Policy, allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import refusal
from kernel.edge.settings import ServiceSettings
from kernel.eventlog import Codec, Decider, Log, Outcome, Refused, Target, carry_out


class Fact(BaseModel):
    TYPE: ClassVar[str] = "shelf"


class ShelfSetUp(Fact):
    TYPE: ClassVar[str] = "shelf.shelf.set-up.v1"
    agency: str


class BookPut(Fact):
    TYPE: ClassVar[str] = "shelf.shelf.book-put.v1"
    title: str


CODEC = Codec({fact.TYPE: fact for fact in (ShelfSetUp, BookPut)})


@dataclass(frozen=True)
class SetUp:
    agency: str


@dataclass(frozen=True)
class Put:
    title: str


@dataclass(frozen=True)
class Remove:
    pass


State = list[str] | None


def decide(command: SetUp | Put | Remove, state: State) -> list[Any]:
    match command, state:
        case SetUp(agency=agency), None:
            return [ShelfSetUp(agency=agency)]
        case SetUp(), _:
            return []
        case Put(title=title), list():
            return [BookPut(title=title)]
        case Remove(), list() as books if books:
            raise Refused("shelf-not-empty", legal=["put"], titles=books)
        case _:
            raise Refused("no-such-shelf")


def evolve(state: State, fact: Any) -> State:
    return [] if isinstance(fact, ShelfSetUp) else [*(state or []), fact.title]


SHELF: Decider[Any, State] = Decider(None, decide, evolve)

POLICY = Policy(
    {"shelf.set-up": {"desk"}, "shelf.put": {"desk", "officer", "public"}, "shelf.remove": {"leader"}, "shelf.read": {"public"}}
)
WORDS = Words(
    {
        "shelf-not-empty": refusal("shelf-not-empty", "Kệ vẫn còn sách.", "The shelf still holds books."),
        "no-such-shelf": refusal("no-such-shelf", "Không có kệ này.", "There is no such shelf.", status=404),
    }
)


class NewShelf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    agency: Annotated[str, Field(pattern=r"^[A-Z0-9.]+$")]
    kind: Literal["open", "closed"] = "open"


class Book(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(min_length=1, max_length=40)]
    pages: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=3)] = []


def titles(outcome: Outcome[State]) -> dict[str, Any]:
    return {"titles": outcome.state}


async def set_up(log: Log, body: NewShelf, command: Command) -> Outcome[State]:
    target = Target(uuid5(command.id, "shelf"), SHELF, SetUp(body.agency))
    return await carry_out(log, target, command.meta, agency=body.agency, beside=command.beside)


async def put(log: Log, shelf_id: UUID, body: Book, command: Command) -> Outcome[State]:
    target = Target(shelf_id, SHELF, Put(body.title))
    return await carry_out(log, target, command.meta, agency="H09.13", expected=command.expected, beside=command.beside)


def router(log: Log, clock: Clock, pages: Pages) -> APIRouter:
    api, commands = APIRouter(prefix="/v1"), Commands(log, clock)

    @api.post("/shelves", status_code=201)
    async def new(request: Request, body: NewShelf, principal: Annotated[Principal, allowed("shelf.set-up")]) -> Response:
        principal.require(body.agency)
        return await commands.run(request, principal, lambda c: set_up(log, body, c), titles, status=201, location="/v1/shelves/{id}")

    @api.post("/shelves/{shelf_id}/books")
    async def add(request: Request, shelf_id: UUID, body: Book, principal: Annotated[Principal, allowed("shelf.put")]) -> Response:
        return await commands.run(request, principal, lambda c: put(log, shelf_id, body, c), titles)

    @api.post("/shelves/{shelf_id}/removal")
    async def remove(request: Request, shelf_id: UUID, principal: Annotated[Principal, allowed("shelf.remove")]) -> Response:
        async def work(command: Command) -> Outcome[State]:
            return await carry_out(log, Target(shelf_id, SHELF, Remove()), command.meta, agency="H09.13", beside=command.beside)

        return await commands.run(request, principal, work, must_match=True)

    @api.get("/shelves/{shelf_id}", dependencies=[allowed("shelf.read")])
    async def read(request: Request, shelf_id: UUID) -> Response:
        history = await log.load(shelf_id)
        if history.version == 0:
            raise Refused("no-such-shelf")
        return versioned(request, history.version, {"titles": SHELF.state_of(history)})

    @api.get("/numbers", dependencies=[allowed("shelf.read")])
    async def numbers(request: Request, odd: bool = False, after: After = None, cursor: Cursor = None, limit: Limit = LIMIT) -> Response:  # noqa: FBT002 - a query parameter
        await wait_for(log, "numbers", after, 0.05)
        page = pages.open(request, cursor, limit)
        start = page.after[0] if page.after else -1
        rows: Sequence[int] = [n for n in range(start + 1, 10) if n % 2 or not odd][: page.fetch]
        return pages.answer(request, page, rows, key=lambda n: [n], item=lambda n: {"n": n}, more={"positions": {"shelf": 0}})

    @api.get("/broken", dependencies=[allowed("shelf.read")])
    async def broken() -> Response:
        message = "Nguyễn Văn An 079203001234"
        raise RuntimeError(message)

    _ = (new, add, remove, read, numbers, broken)
    return api


def make(settings: ServiceSettings) -> FastAPI:
    log = Log(settings.database_url.get_secret_value(), "shelf", CODEC, tables=(COMMAND,))
    pages = Pages(settings.cursor_secret.get_secret_value().encode())
    health = Health()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await log.open()
        try:
            yield
        finally:
            await log.close()

    health.require("database", database_check(lambda: log.pool))
    health.require("writers", flag_check(lambda: log.alive, "dead"))
    app = create_app(
        "Shelves",
        "1.0.0",
        routers=[router(log, Clock(demo=settings.demo_clock), pages)],
        policy=POLICY,
        settings=settings,
        words=WORDS,
        health=health,
        lifespan=lifespan,
    )
    app.state.log = log
    return app
