"""Step 1 of 8, http_api: how officers come, move, are away and go, and who is the reform officer."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing_organisation import LeaveReason, Post
from contracts.vocabulary import ProcedureCode
from kernel.edge.body import Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import Receipt, gives
from kernel.edge.policy import allowed
from kernel.eventlog import Refused
from kernel.legalclock import day_of
from services.processing.domain import organisation_commands as commands
from services.processing.domain.officer import Officer
from services.processing.handle_organisation import Establishment
from services.processing.http_fields import Account, Basis, LastDay, RoleCode, UnitCode, example
from services.processing.http_organisation import asking

ACTIONS: Final = {
    "officer.appoint": {"leader"},
    "leave.grant": {"officer", "leader"},
    "reform-officer.designate": {"leader"},
    "signing.delegate": {"leader"},
}


class AppointmentBody(Body):
    """A post, in place of the one that the officer has."""

    model_config = example(
        unit="phong-quan-ly-cong-nghiep",
        role="chuyen-vien",
        from_on="2026-04-01",
        to_on="2027-03-31",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    unit: UnitCode
    role: RoleCode
    from_on: date
    to_on: LastDay | None = None
    basis: Basis


class ReleaseBody(Body):
    """From which day on the officer has no post."""

    model_config = example(
        from_on="2026-10-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    from_on: date
    basis: Basis


class LeaveBody(Body):
    """The first and the last day away, and who may do what waits meanwhile."""

    model_config = example(
        from_on="2026-03-16",
        to_on="2026-03-20",
        reason="annual",
        stand_in="nv-tm-04",
    )

    from_on: date
    to_on: LastDay
    reason: LeaveReason
    stand_in: Account | None = None


class ReturnBody(Body):
    """The first day back."""

    model_config = example(
        from_on="2026-03-18",
    )

    from_on: date


class ReformOfficerBody(Body):
    """Who it is from a day on, and whom he replaces."""

    model_config = example(
        officer="nv-vp-01",
        replaces="nv-vp-02",
        from_on="2026-05-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    officer: Account
    replaces: Account | None = None
    from_on: date
    basis: Basis


class DelegationBody(Body):
    """From which day until which an officer may sign, the paper that says so, and the procedures whose decisions (none named: all)."""

    model_config = example(
        procedures=["2.001624"],
        from_on="2026-03-16",
        to_on="2026-06-30",
        basis="Giấy ủy quyền 12/GUQ-SCT ngày 10/03/2026",
    )

    procedures: Annotated[tuple[ProcedureCode, ...], Field(max_length=200)] = ()
    from_on: date
    to_on: LastDay
    basis: Basis


def routes(establishment: Establishment) -> APIRouter:
    """Make the routes of officers."""
    router = APIRouter(prefix="/v1/organisation")
    add_posts(router, establishment)
    add_leave(router, establishment)
    add_delegations(router, establishment)
    return router


def add_posts(router: APIRouter, establishment: Establishment) -> None:
    """Add how officers come, move and go."""
    agency, ask = establishment.agency, asking(establishment)

    @router.post("/officers/{officer}/appointment", responses=gives(Receipt))
    async def appoint(
        request: Request,
        officer: Annotated[Account, Path()],
        body: AppointmentBody,
        principal: Annotated[Principal, allowed("officer.appoint")],
    ) -> Response:
        """Give an officer a post, in place of the one that he has: an appointment, or a transfer."""
        post = Post(officer=officer, unit=body.unit, role=body.role)
        wanted = partial(commands.Appoint, agency=agency, post=post, from_on=body.from_on, to_on=body.to_on, basis=body.basis)
        return await ask(request, principal, wanted)

    @router.post("/officers/{officer}/release", responses=gives(Receipt))
    async def release(
        request: Request,
        officer: Annotated[Account, Path()],
        body: ReleaseBody,
        principal: Annotated[Principal, allowed("officer.appoint")],
    ) -> Response:
        """Let an officer have no post any more; what he had taken is given to others for the reason `transfer`."""
        wanted = partial(commands.Release, agency=agency, officer=officer, from_on=body.from_on, basis=body.basis)
        return await ask(request, principal, wanted)

    @router.post("/reform-officer", responses=gives(Receipt))
    async def designate(
        request: Request, body: ReformOfficerBody, principal: Annotated[Principal, allowed("reform-officer.designate")]
    ) -> Response:
        """Make a leader the reform officer; exactly one is so on every day, so he replaces another (NĐ 61/2018, Điều 10.2.b)."""
        who = partial(commands.DesignateReformOfficer, officer=body.officer, replaces=body.replaces)
        return await ask(request, principal, partial(who, agency=agency, from_on=body.from_on, basis=body.basis))

    _ = (appoint, release, designate)


def add_leave(router: APIRouter, establishment: Establishment) -> None:
    """Add how officers are away, and come back."""
    agency, clock, ask = establishment.agency, establishment.runtime.commands.clock, asking(establishment)

    async def leader(request: Request, principal: Principal) -> Officer:
        _, staff = await establishment.organisation()
        if (officer := staff.officer(principal.sub, day_of(clock.now(request)))) is None:
            raise Refused("not-in-roster")
        return officer

    @router.post("/officers/{officer}/leave", responses=gives(Receipt))
    async def grant(
        request: Request, officer: Annotated[Account, Path()], body: LeaveBody, principal: Annotated[Principal, allowed("leave.grant")]
    ) -> Response:
        """Let an officer of one's own unit be away; his stand-in may do the steps that wait for him."""
        by = await leader(request, principal)
        away = partial(commands.GrantLeave, officer=officer, stand_in=body.stand_in, reason=body.reason, to_on=body.to_on, by=by)
        return await ask(request, principal, partial(away, agency=agency, from_on=body.from_on))

    @router.post("/officers/{officer}/leave/end", responses=gives(Receipt))
    async def back(
        request: Request, officer: Annotated[Account, Path()], body: ReturnBody, principal: Annotated[Principal, allowed("leave.grant")]
    ) -> Response:
        """Have an officer back before the leave was over."""
        by = await leader(request, principal)
        return await ask(request, principal, partial(commands.EndLeave, agency=agency, officer=officer, from_on=body.from_on, by=by))

    _ = (grant, back)


def add_delegations(router: APIRouter, establishment: Establishment) -> None:
    """Add how who signs lets somebody sign for him, and takes that back."""
    agency, ask = establishment.agency, asking(establishment)

    @router.post("/officers/{officer}/signing-delegation", responses=gives(Receipt))
    async def delegate(
        request: Request,
        officer: Annotated[Account, Path()],
        body: DelegationBody,
        principal: Annotated[Principal, allowed("signing.delegate")],
    ) -> Response:
        """Let a head of unit sign decisions for oneself, until a last day (NĐ 30/2020, Điều 13.3); the day after, he may not any more."""
        wanted = partial(commands.DelegateSigning, officer=officer, by=principal.sub, procedures=body.procedures, to_on=body.to_on)
        return await ask(request, principal, partial(wanted, agency=agency, from_on=body.from_on, basis=body.basis))

    @router.post("/officers/{officer}/signing-delegation/end", responses=gives(Receipt))
    async def take_back(
        request: Request,
        officer: Annotated[Account, Path()],
        body: ReturnBody,
        principal: Annotated[Principal, allowed("signing.delegate")],
    ) -> Response:
        """Take back from a day on what somebody may sign for oneself."""
        wanted = partial(commands.EndDelegation, officer=officer, by=principal.sub)
        return await ask(request, principal, partial(wanted, agency=agency, from_on=body.from_on))

    _ = (delegate, take_back)
