"""Step 1 of 8, http_api: the department as its officers see it, and permits as everybody does.

Each `http_<what>.py` holds the routes of one thing: `ACTIONS` says who may, `REFUSALS` what is said when it may not be, and `routes`
makes the router. This module puts them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

from kernel.edge.app import Words
from kernel.edge.policy import Policy, action_of
from kernel.edge.problem import BASE
from services.processing import (
    http_agreements,
    http_blanks,
    http_cases,
    http_coordination,
    http_deadline,
    http_decisions,
    http_documents,
    http_fields,
    http_forms,
    http_limits,
    http_officers,
    http_operation,
    http_organisation,
    http_permit_check,
    http_permits,
    http_records,
    http_refusals,
    http_timeline,
    http_work,
    http_worklist,
)
from services.processing.forms import FormsOffice
from services.processing.handle import Department
from services.processing.handle_permits import PermitOffice
from services.processing.http_refusals import PROBLEMS
from services.processing.query import Register

POLICY: Final = Policy(
    http_work.ACTIONS
    | http_coordination.ACTIONS
    | http_records.ACTIONS
    | http_decisions.ACTIONS
    | http_limits.ACTIONS
    | http_deadline.ACTIONS
    | http_cases.ACTIONS
    | http_timeline.ACTIONS
    | http_worklist.ACTIONS
    | http_operation.ACTIONS
    | http_organisation.ACTIONS
    | http_officers.ACTIONS
    | http_agreements.ACTIONS
    | http_documents.ACTIONS
    | http_permit_check.ACTIONS
    | http_permits.ACTIONS
    | http_blanks.ACTIONS
    | http_forms.ACTIONS,
    of_all={
        "alarm.raise": "it rings for what is due in every agency, as the worker does by itself",
        "permit.expire": "it notes what is over in every agency, as the worker does by itself",
    },
)

WORDS: Final = Words(
    refusals={
        kind.slug: kind
        for kind in (
            *http_refusals.REFUSALS,
            *http_records.REFUSALS,
            *http_decisions.REFUSALS,
            *http_limits.REFUSALS,
            *http_refusals.OF_THE_ORGANISATION,
            *http_agreements.REFUSALS,
            *http_documents.REFUSALS,
            *http_permits.KINDS,
            *http_blanks.KINDS,
        )
    },
    faults=http_fields.FAULTS,
)


def routes(department: Department, register: Register, office: PermitOffice) -> list[APIRouter]:
    """Make processing's routes."""
    establishment = department.establishment
    routers = [
        http_work.routes(department),
        http_coordination.routes(department),
        http_records.routes(department),
        http_decisions.routes(department),
        http_limits.routes(department),
        http_deadline.routes(department, register),
        http_cases.routes(department, register),
        http_timeline.routes(department),
        http_worklist.routes(department, register),
        http_operation.routes(department),
        http_organisation.routes(establishment),
        http_officers.routes(establishment),
        http_agreements.routes(establishment),
        http_documents.routes(establishment, register),
        http_permit_check.routes(office),
        http_permits.routes(office),
        http_blanks.routes(office),
        http_forms.routes(FormsOffice(department), office.press),
    ]
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        if (action := action_of(route.dependant)) is not None:
            route.openapi_extra = {"x-problems": told(PROBLEMS.get(action, ()) if "POST" in (route.methods or ()) else ())}
    return routers


def told(slugs: Sequence[str]) -> list[dict[str, str | int]]:
    """Say which problems of processing's own a route may answer with, beside those that every route has."""
    kinds = [WORDS.refusals[slug] for slug in slugs]
    return [{"type": BASE + kind.slug, "status": kind.status, "detail": kind.detail.vi, "detail_en": kind.detail.en} for kind in kinds]
