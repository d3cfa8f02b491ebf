"""Every answer that a service gives in a test is held against what its OpenAPI document says of it.

The document is open: more members may come. Here it is closed, so that an answer says nothing that the document does not.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Final

import httpx2
import jsonschema_rs
from fastapi import FastAPI
from starlette.routing import Match

from kernel.edge.answer import MEDIA_TYPE
from kernel.edge.openapi import document


class Described:
    """What an app's document says of its answers; give `hold` to the client as a hook."""

    def __init__(self, app: FastAPI) -> None:
        self._app: Final = app
        self._held = dict[tuple[str, str], jsonschema_rs.Validator | None]()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document."""
        return document(self._app)

    async def hold(self, response: httpx2.Response) -> None:
        """Hold an answer against the document.

        Raises:
            AssertionError: if it is JSON and looks otherwise.
        """
        if response.status_code not in {200, 201} or response.headers.get("content-type", "").partition(";")[0] != MEDIA_TYPE:
            return
        request = response.request
        if (validator := self._validator(request.method, request.url.path, str(response.status_code))) is None:
            return
        errors = validator.iter_errors(json.loads(await response.aread()))
        said = [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors]
        assert not said, f"{request.method} {request.url.path} answers what is not described: {said}"

    def _validator(self, method: str, path: str, status: str) -> jsonschema_rs.Validator | None:
        if (method, path) not in self._held:
            schema = schema_of(self.document, method, template_of(self._app, method, path), status)
            components = closed(self.document["components"]["schemas"])
            whole = {**closed(schema), "components": {"schemas": components}} if schema else None
            self._held[method, path] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True) if whole else None
        return self._held[method, path]


def template_of(app: FastAPI, method: str, path: str) -> str:
    """Give the address of the route that an address leads to."""
    scope = {"type": "http", "method": method, "path": path, "headers": [], "root_path": ""}
    for route in app.routes:
        if route.matches(scope)[0] is Match.FULL:
            return str(getattr(route, "path_format", ""))
    return ""


def schema_of(document: dict[str, Any], method: str, path: str, status: str = "200") -> dict[str, Any]:
    """Give what a route's answer in JSON looks like; empty where nothing is said."""
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    return operation.get("responses", {}).get(status, {}).get("content", {}).get(MEDIA_TYPE, {}).get("schema", {})


def closed(schema: Any) -> Any:
    """Let no object have members that are not named; those that list none may have any."""
    match schema:
        case {"properties": _, **rest} if "additionalProperties" not in rest:
            return {name: closed(value) for name, value in schema.items()} | {"additionalProperties": False}
        case dict():
            return {name: closed(value) for name, value in schema.items()}
        case list():
            return [closed(value) for value in schema]
        case _:
            return schema
