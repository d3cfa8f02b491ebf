"""Who gets through which door: for each service, every role at every route."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

from kernel.edge.policy import ANYBODY, matrix
from kernel.edge.service import Service
from tests.services.four import SERVICES, TOLD, each_service
from tests.services.rig import AGENCY, Rig, problem

ROLES: Final = sorted({role for service in SERVICES for roles in service.policy.values() for role in roles} - {ANYBODY} | {"stranger"})
ID: Final = "11111111-1111-4111-8111-111111111111"

NAMED: Final = {
    "id": ID,
    "dossier": ID,
    "code": "2.000648",
    "number": "1/GP-SCT",
    "procedure": "2.000648",
    "consultation": 1,
    "comparison": 1,
    "unit": "van-phong",
    "officer": "nv-tm-03",
    "role": "chuyen-vien",
    "series": "AB",
    "serial": 1,
    "year": 2026,
    "form": "apology",
    "file": ID,
    "original": 1,
    "task": 1,
    "inspection": 1,
    "name": "dwell-by-office",
    "pack": "qd-766",
}
"""What stands in the addresses."""


@each_service
async def test_a_role_is_let_through_exactly_where_the_policy_says(rig: Rig, service: Service[Any]) -> None:
    async with rig.running(service, **TOLD.get(service.name, {})) as running:
        routes = matrix(running.app)
        assert {frozenset(roles) for roles in routes.values()} == set(service.policy.values())
        for route, roles in routes.items():
            method, _, path = route.partition(" ")
            address = path.format_map(NAMED)
            for role, agency in ((None, ""), *product(ROLES, (AGENCY, "H10.5"))):
                token = running.token(role, agencies=(agency,)) if role else None
                answer = await running.ask(method, address, token, **({} if method in {"GET", "HEAD"} else {"json": {}}))
                if method == "HEAD":  # says nothing but its status
                    assert answer.status_code == (404 if role in roles else 401 if role is None else 403), f"{route} {role}"
                elif ANYBODY in roles or role in roles:
                    kind = str(answer.json().get("type", "")) if answer.status_code >= 400 else ""
                    assert not kind.endswith(("/not-allowed", "/token-missing")), f"{route} {role}: {answer.text}"
                elif role is None:
                    problem(answer, 401, "token-missing")
                else:
                    problem(answer, 403, "not-allowed")
        assert {event.actor for event in await running.events()} <= {f"system:{service.name}"}, (
            "nothing was let in that an empty body could do"
        )
