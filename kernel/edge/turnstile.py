"""Step 1 of 8, http_api: those who speak without an account share what is let in per minute: each network some, and all of them together.

A bucket fills with time and each request takes one out; an empty one is a 429 with Retry-After. It is asked before the body is read,
so that a flood costs next to nothing. Each process has its own buckets: with n replicas, n times as much comes in.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kernel.edge.caller import IPNetwork, caller_of, network_of
from kernel.edge.policy import ANYBODY, Policy, action_of
from kernel.edge.problem import MEDIA_TYPE, Kind, Problem, Sentence

NETWORKS_MAX: Final = 10_000
"""Networks whose buckets are remembered; the one that has been silent longest is forgotten first."""
BURST_PART: Final = 2
"""A full bucket holds what comes in half a minute."""
SECONDS: Final = 60.0

TOO_MANY: Final = Kind(
    "too-many-requests",
    429,
    Sentence("Quá nhiều lượt gửi", "Too many requests"),
    Sentence(
        "Hiện có quá nhiều lượt gửi không đăng nhập. Hãy gửi lại sau số giây nêu trong Retry-After.",
        "Too many requests without an account at the moment. Send it again after the seconds that Retry-After gives.",
    ),
)
TURNED_AWAY: Final[dict[int | str, dict[str, Any]]] = {
    TOO_MANY.status: {"description": TOO_MANY.title.en, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
}


@dataclass
class Bucket:
    """Holds at most `size`, and gets `per_second` more; starts full."""

    size: float
    per_second: float
    level: float
    filled_at: float

    def wait(self, now: float) -> float:
        """Give the seconds until there is one to take; 0 if there is."""
        self.level = min(self.size, self.level + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        return 0.0 if self.level >= 1 else (1 - self.level) / self.per_second


@dataclass
class Turnstile:
    """Lets in `per_minute` from each network and `total_per_minute` from all. `proxies` are networks whose X-Forwarded-For is believed."""

    per_minute: int
    total_per_minute: int
    proxies: Sequence[IPNetwork] = ()
    clock: Callable[[], float] = time.monotonic
    _networks: OrderedDict[str, Bucket] = field(default_factory=OrderedDict[str, Bucket], init=False)

    def __post_init__(self) -> None:
        self._total = self._bucket(self.total_per_minute, self.clock())

    def pass_through(self, request: Request) -> None:
        """Let a request in.

        Raises:
            Problem: 429 with Retry-After. One that is refused takes nothing out: who floods does not shut the door for others.
        """
        now = self.clock()
        network = network_of(caller_of(request, self.proxies))
        own = self._networks.get(network) or self._bucket(self.per_minute, now)
        self._networks[network] = own
        self._networks.move_to_end(network)
        while len(self._networks) > NETWORKS_MAX:
            self._networks.popitem(last=False)
        if (wait := max(own.wait(now), self._total.wait(now))) > 0:
            raise Problem(TOO_MANY, headers={"Retry-After": str(max(1, math.ceil(wait)))})
        own.level -= 1
        self._total.level -= 1

    def _bucket(self, per_minute: int, now: float) -> Bucket:
        size = max(1.0, per_minute / BURST_PART)
        return Bucket(size, per_minute / SECONDS, size, now)

    def before(self, app: ASGIApp) -> ASGIApp:
        """Put the turnstile before a route, for everybody without an account."""

        async def turned(scope: Scope, receive: Receive, send: Send) -> None:
            if (request := Request(scope)).headers.get("authorization") is None:
                self.pass_through(request)
            await app(scope, receive, send)

        return turned

    def guard(self, routers: Iterable[APIRouter], policy: Policy, signed: AbstractSet[str] = frozenset()) -> None:
        """Put the turnstile before every route that everybody may call, but for some actions, and say so in its description."""
        for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
            action = action_of(route.dependant) or ""
            if ANYBODY in policy.get(action, ()) and action not in signed:
                route.app = self.before(route.app)
                route.responses = {**route.responses, **TURNED_AWAY}
