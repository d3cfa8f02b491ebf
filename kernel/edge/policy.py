"""Step 1 of 8, http_api: who may do what. A table of actions and roles, and the guard that stands before every route.

An action belongs to exactly one line of the table; a route names its action, or the app does not start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import Request

from kernel.edge.identity import PUBLIC, Principal, Verifier
from kernel.edge.problem import NOT_ALLOWED, TOKEN_INVALID, TOKEN_MISSING, Problem

OPEN: Final = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/static-offline-docs"})
"""Addresses that everybody may call: probes and documentation, which say nothing about any dossier."""

ANYBODY: Final = "public"


class Policy(dict[str, frozenset[str]]):
    """`Policy({"dossier.submit": {"portal", "desk"}})`: the roles that may do each action; `public` = no token needed.

    What an action is about has an agency, and is reached by callers of that agency alone, unless `of_all` says why all may.
    """

    def __init__(self, table: Mapping[str, AbstractSet[str]], of_all: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__({action: frozenset(roles) for action, roles in table.items()})
        self.of_all = of_all
        if empty := sorted(action for action, roles in self.items() if not roles):
            raise ValueError("nobody may do " + ", ".join(empty))
        if unknown := sorted(of_all.keys() - self.keys()):
            raise ValueError("no such action: " + ", ".join(unknown))

    def is_bound(self, action: str) -> bool:
        """Tell whether an action reaches only what is of the caller's agencies; of whoever needs no token nobody knows any."""
        return ANYBODY not in self[action] and action not in self.of_all


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before the routes of one app."""

    verifier: Verifier
    policy: Policy

    async def admit(self, authorization: str | None, action: str) -> Principal:
        """Let a caller through to an action.

        Raises:
            Problem: 401 without a good token where one is needed, 403 without a role that may.
        """
        roles = self.policy[action]
        if authorization is None:
            if ANYBODY in roles:
                return PUBLIC
            raise Problem(TOKEN_MISSING, headers={"WWW-Authenticate": 'Bearer realm="motcua"'})
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(TOKEN_INVALID, headers={"WWW-Authenticate": 'Bearer realm="motcua", error="invalid_request"'})
        # A token that is given is judged, even where none is needed: a caller who thinks he is signed in must learn otherwise.
        principal = await self.verifier.principal(token.strip())
        if roles.isdisjoint(principal.roles) and ANYBODY not in roles:
            raise Problem(NOT_ALLOWED)
        return principal


@dataclass(frozen=True, slots=True)
class Allowed:
    """A route's guard, and what the matrix of rights is read from."""

    action: str

    async def __call__(self, request: Request) -> Principal:
        """Let the caller through, or not."""
        guard: Guard = request.app.state.guard
        return await guard.admit(request.headers.get("authorization"), self.action)


def allowed(action: str) -> Any:
    """Name the action of a route.

    Written as `principal: Annotated[Principal, allowed("dossier.submit")]`; where nobody needs the principal, among the
    route's `dependencies`.
    """
    return Depends(Allowed(action))


@dataclass(frozen=True, slots=True)
class Guarded:
    """One route: its method, its address, and its action if it has one."""

    method: str
    path: str
    action: str | None


def guarded_routes(app: FastAPI) -> Iterator[Guarded]:
    """Walk over the routes of an app that are not open to everybody."""
    for route in iter_route_contexts(app.routes):
        if route.path in OPEN:
            continue
        path = route.path_format or route.path or str(route.original_route)
        dependant: Dependant | None = getattr(route, "dependant", None)
        action = action_of(dependant) if dependant is not None else None
        for method in sorted(route.methods or {"*"}):
            yield Guarded(method, path, action)


def action_of(dependant: Dependant) -> str | None:
    """Find the guard among a route's dependencies."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Allowed):
            return dependency.call.action
        if (found := action_of(dependency)) is not None:
            return found
    return None


def unguarded_routes(app: FastAPI) -> list[str]:
    """List the routes that do not name who may call them; a guard test wants it empty, and `create_app` insists on it."""
    return [f"{route.method} {route.path}" for route in guarded_routes(app) if route.action is None]


def matrix(app: FastAPI) -> dict[str, frozenset[str]]:
    """Give the roles of every guarded route, as `{"POST /v1/dossiers": {"portal", "desk"}}`."""
    policy: Policy = app.state.guard.policy
    return {f"{route.method} {route.path}": policy[route.action] for route in guarded_routes(app) if route.action is not None}
