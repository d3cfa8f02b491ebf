"""`python -m deploy.access`: docs/access.md, who may call what, read off the OpenAPI document of each service."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from kernel.edge.openapi import document, operations
from kernel.edge.policy import ANYBODY
from kernel.edge.service import Service
from kernel.edge.settings import ServiceSettings
from services.feedback.main import SERVICE as FEEDBACK
from services.intake.main import SERVICE as INTAKE
from services.processing.main import SERVICE as PROCESSING
from services.reporting.main import SERVICE as REPORTING

PAGE: Final = Path(__file__).parents[1] / "docs" / "access.md"
SERVICES: Final[tuple[Service[Any], ...]] = (INTAKE, PROCESSING, FEEDBACK, REPORTING)
NOBODY: Final = "nobody"
"""Whoever asks without a token."""
SETTINGS: Final = {
    "database_url": "postgresql://nobody@nowhere/none",
    "vault_keys": f"1:{b64encode(bytes(32)).decode()}",
    "jwks_file": "none",
}
"""Enough to put an app together that nobody will ask."""

HEAD: Final = """\
# Who may call what

Made by `python -m deploy.access` from what each service publishes of itself at `/openapi.json`: `x-action`, `x-roles` and `x-agencies` of
each operation, which are read off the guards themselves. A test fails when this page is stale, and others ask every cell.

*Own*: what the caller reaches is of the agencies in his token, or of their units; of another agency he is refused, or sees nothing. *All*:
why not is said below. A route without an action keeps a service from starting.

"""


@dataclass(frozen=True)
class Cell:
    """One caller at one route: in a role, of the agency that it is about or of another."""

    service: str
    route: str
    role: str
    is_own: bool
    is_allowed: bool


def app_of(service: Service[Any]) -> FastAPI:
    """Put a service's app together; it is connected to nothing."""
    kind: Callable[..., ServiceSettings] = service.settings
    return service.app(kind(**SETTINGS), "api")


def routes(service: Service[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the operations of a service, as `GET /v1/things`, each with its description."""
    for method, path, operation in operations(document(app_of(service))):
        yield f"{method.upper()} {path}", operation


def roles() -> list[str]:
    """Give every role that any service knows, and nobody."""
    return [NOBODY, *sorted({role for service in SERVICES for named in service.policy.values() for role in named} - {ANYBODY})]


def cells(service: Service[Any]) -> Iterator[Cell]:
    """Give every caller at every route."""
    for route, operation in routes(service):
        for role in roles():
            may = ANYBODY in operation["x-roles"] or role in operation["x-roles"]
            for is_own in (True, False):
                yield Cell(service.name, route, role, is_own, may and (is_own or operation["x-agencies"] == "all"))


def counted(found: Sequence[Cell]) -> str:
    """Say how many cells there are."""
    allowed = sum(cell.is_allowed for cell in found)
    return f"{len(found)} cells: {allowed} allowed, {len(found) - allowed} denied"


def page() -> str:
    """Write the page."""
    text = HEAD + f"Over all services {counted([cell for service in SERVICES for cell in cells(service)])}, for {len(roles())} callers.\n"
    for service in SERVICES:
        text += f"\n## {service.name}\n\n{counted(list(cells(service)))}.\n\n| route | action | roles | agencies |\n|---|---|---|---|\n"
        for route, operation in routes(service):
            may = ", ".join("anybody" if role == ANYBODY else role for role in operation["x-roles"])
            text += f"| `{route}` | {operation['x-action']} | {may} | {operation['x-agencies']} |\n"
        if service.policy.of_all:
            text += "\n| action of all agencies | why |\n|---|---|\n"
            text += "".join(f"| {action} | {why} |\n" for action, why in service.policy.of_all.items())
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    for service in SERVICES:
        print(f"{service.name:<12}{counted(list(cells(service)))}")
    print(f"{'all':<12}{counted([cell for service in SERVICES for cell in cells(service)])}, for {len(roles())} callers")
