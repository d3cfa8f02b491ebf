"""What is done while things break: the demo's stories, told by careful clients who write down every answer.

Every command has an idempotency key and is asked again with it until it is answered. Some are sent twice at the same
moment, the second time to another process of the service where there is one. A 503 is an answer to ask again, not a loss.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, Final

import aiohttp
import orjson

from deploy.local.caller import Answered, Caller
from deploy.local.story import end_of, last_day, plan
from deploy.local.telling import Department, Telling
from kernel.edge.idempotency import command_id, fingerprint_of
from kernel.edge.identity import PUBLIC, Principal

TELLERS: Final = 8
STORY_DAYS: Final = 12
"""All dossiers of a run fall into few days, so that they fight for the numbers of the same books."""

UNTIL_DAYS: Final = 540
TWICE: Final = 0.2
TWIN_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 6.0

NO_PROMISE: Final = frozenset({"/v1/invitations/class", "/v1/answers", "/v1/answers/recording"})
"""What promises no event of this command: a class may be another's, and an answer is recorded with others, under no command of its own."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered with success: its events' ids begin with `command`; the last of them stands at `position`."""

    who: str
    service: str
    position: int
    command: str
    path: str


@dataclass
class Ledger:
    """What the clients know: every success, in the order in which each client got it, and every surprise."""

    acknowledged: list[Acknowledged] = field(default_factory=list[Acknowledged])
    twice: int = 0
    surprises: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Recorder(Caller):
    """A caller that writes down every success. `other` is the address of a second process of the service, if there is one."""

    service: str
    sub: str | None
    who: str
    ledger: Ledger
    chance: Random
    other: str | None = None

    async def post(self, path: str, body: Mapping[str, Any], key: str, at: datetime) -> dict[str, Any]:
        """Ask for something, perhaps twice at once, and note what was promised."""
        twin: asyncio.Task[dict[str, Any]] | None = None
        if self.chance.random() < TWICE:
            self.ledger.twice += 1
            url = self.url if self.other is None else self.other
            twin = asyncio.create_task(Caller(self.session, url, self.token).post(path, body, key, at))
        try:
            answer = await super().post(path, body, key, at)
        finally:
            second = None if twin is None else await self._second(twin)
        if path in NO_PROMISE:
            return answer
        if second is not None and second["position"] != answer["position"]:
            self.ledger.surprises.append(f"{path}: the same command stands at {answer['position']} and at {second['position']}")
        self._note(path, body, key, answer)
        return answer

    async def _second(self, twin: asyncio.Task[dict[str, Any]]) -> dict[str, Any] | None:
        """Give what the twin was answered; its process may have gone for ever, which says nothing."""
        done, _ = await asyncio.wait([twin], timeout=TWIN_SECONDS)
        twin.cancel()
        [ended] = await asyncio.gather(twin, return_exceptions=True)
        if isinstance(ended, Answered):
            self.ledger.surprises.append(f"{self.service}: of the same command sent twice, one was refused: {ended}")
        return ended if done and isinstance(ended, dict) else None

    def _note(self, path: str, body: Mapping[str, Any], key: str, answer: Mapping[str, Any]) -> None:
        principal = PUBLIC if self.sub is None else Principal(self.sub, frozenset(), ())
        fingerprint = fingerprint_of("POST", path, orjson.dumps(body))
        command = f"{command_id(principal, 'POST', path, key, fingerprint).hex}{fingerprint[:8].hex()}"
        service, _, position = str(answer["position"]).partition("/")
        self.ledger.acknowledged.append(Acknowledged(self.who, service, int(position), command, path))


@dataclass
class Crowd(Department):
    """The people of the demo, as recorders. `others` are the addresses of second processes, while there are some."""

    ledger: Ledger = field(default_factory=Ledger)
    others: dict[str, str] = field(default_factory=dict[str, str])
    who: str = "probe"

    def caller(self, service: str, sub: str, *roles: str) -> Caller:
        """Give a recording caller of a service."""
        plain = super().caller(service, sub, *roles)
        return Recorder(
            plain.session,
            plain.url,
            plain.token,
            service=service,
            sub=sub if roles else None,
            who=self.who,
            ledger=self.ledger,
            chance=Random(f"{self.who}:{len(self.ledger.acknowledged)}"),  # noqa: S311 - a story, not a secret
            other=self.others.get(service),
        )


@dataclass
class Dossier(Telling):
    """The story of one dossier, with the officers claiming each step before they do it, unless it is theirs since a pause."""

    paused: bool = False

    async def _post(self, caller: Caller, path: str, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        case, _, act = path.rpartition("/")
        if act in {"completion", "decision"}:
            if not self.paused:
                await super()._post(caller, f"{case}/claim", {}, at)
            self.paused = False
        elif act == "pause":
            self.paused = True
        return await super()._post(caller, path, body, at)


@dataclass
class Load:
    """Stories told one after another by each of some tellers, until `end` is set or there were `stop_after` of them."""

    crowd: Crowd
    stop_after: int | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Event = field(default_factory=asyncio.Event)
    told: int = 0
    _next: int = 1
    _procedures: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        """Tell; after `end` the stories that were begun are told to their end."""
        await self.crowd.learn()
        self._procedures = sorted(self.crowd.procedures)
        self.begun.set()
        async with asyncio.TaskGroup() as tellers:
            for _ in range(TELLERS):
                tellers.create_task(self._tell_some())

    async def _tell_some(self) -> None:
        while not self.end.is_set() and (self.stop_after is None or self._next <= self.stop_after):
            number, self._next = self._next, self._next + 1
            one = plan(self.crowd.seed, number, STORY_DAYS, self._procedures)
            crowd = replace(self.crowd, who=f"story {number}", told=Counter(), _tokens=self.crowd._tokens)
            try:
                await Dossier(crowd, one).tell()
            except Exception as error:  # noqa: BLE001 - whatever surprises a client is a finding, and the others go on
                self.crowd.ledger.surprises.append(f"story {number} broke off: {type(error).__name__}: {error}")
            self.told += 1


def make_crowd(stack: Any, session: aiohttp.ClientSession, seed: int) -> Crowd:
    """Gather the people."""
    return Crowd(stack, session, seed, end_of(last_day(UNTIL_DAYS)))


def make_session() -> aiohttp.ClientSession:
    """Open the connections of all clients; who gets no answer in time asks again with the same key."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))
