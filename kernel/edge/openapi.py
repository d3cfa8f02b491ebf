"""Step 1 of 8, http_api: the OpenAPI 3.1 document says what the rim adds: who may call, which headers, which problems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field

from kernel.edge import clock, idempotency, problem
from kernel.edge.policy import ANYBODY, Policy, guarded_routes

WRITING: Final = frozenset({"post", "put", "patch", "delete"})
KEYED: Final = WRITING - {"patch"}
"""A PATCH names the offset at which it goes on: a second one is refused by that, and needs no key."""
ALWAYS: Final = (404, 422, 500, 503)
SIGNED_IN: Final = (401, 403)
ON_WRITING: Final = (400, 409, 412, 413, 415, 428)

_KEY: Final = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": True,
    "description": "Chosen by the caller, new for each command; the same key with the same body gives the first answer again.",
    "schema": {"type": "string", "pattern": idempotency.KEY_PATTERN},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag that was read: the command is carried out on that version, or not at all (412).",
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$'},
}
_DEMO_TIME: Final = {
    "name": clock.HEADER,
    "in": "header",
    "required": False,
    "description": "Development only: the instant at which the command happens.",
    "schema": {"type": "string", "format": "date-time"},
}


class Answer(BaseModel):
    """What is answered. It is never made: answers are plain mappings, and this says what they look like. More members may come."""


class Receipt(Answer):
    """What every command is answered with (`idempotency.Commands.run`)."""

    id: UUID
    version: int
    position: Annotated[str, Field(description="Of its last event; a list takes it as `after`.", examples=["log/1234"])]


class ListPage(Answer):
    """A page of a list (`pages.Pages.answer`), and how far its read table was."""

    next: Annotated[str | None, Field(description="The `cursor` of the next page; null: this is the last.")]
    positions: dict[str, int]
    lag: dict[str, int]


def gives(answer: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Say what a route answers with: `@router.get("/things", responses=gives(ThingPage))`."""
    return {status: {"model": answer}}


def document(app: FastAPI) -> dict[str, Any]:
    """Give the OpenAPI document, made at the first call."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            description=app.description,
            routes=app.routes,
        )
        app.openapi_schema = completed(made, app)
    return app.openapi_schema


def completed(made: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    """Add what FastAPI cannot know, and take out its own form of validation errors, which we never send."""
    components: dict[str, Any] = made.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = problem.SCHEMA
    content = {problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {"Problem": {"description": "Problem details (RFC 9457).", "content": content}}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    actions = {(route.method.lower(), route.path): route.action for route in guarded_routes(app)}
    policy: Policy = app.state.guard.policy
    for method, path, operation in operations(made):
        describe(operation, method, actions.get((method, path)), policy, has_id="{" in path, demo=bool(app.state.demo_clock))
    return made


def operations(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Walk over the document's operations."""
    for path, item in made.get("paths", {}).items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                yield method, path, operation


def describe(operation: dict[str, Any], method: str, action: str | None, policy: Policy, *, has_id: bool, demo: bool) -> None:
    """Complete one operation."""
    roles = policy[action] if action is not None else frozenset({ANYBODY})
    responses: dict[str, Any] = operation.setdefault("responses", {})
    writing = method in WRITING
    statuses = (*ALWAYS, *(() if roles == frozenset({ANYBODY}) else SIGNED_IN), *(ON_WRITING if writing else ()))
    for status in statuses:
        responses[str(status)] = {"$ref": "#/components/responses/Problem"}
    operation["x-action"], operation["x-roles"] = action, sorted(roles)
    operation["x-agencies"] = "own" if action is not None and policy.is_bound(action) else "all"
    operation["security"] = [*([{}] if ANYBODY in roles else []), {"bearer": []}]
    if writing:
        parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
        # What comes signed after Standard Webhooks has a name of its own, and needs no key beside it.
        is_named = any(parameter["name"] == "webhook-id" for parameter in parameters)
        keyed = [_KEY, *([_IF_MATCH] if has_id else [])] if method in KEYED and not is_named else []
        parameters += [*keyed, *([_DEMO_TIME] if demo else [])]
