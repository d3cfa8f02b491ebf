"""Step 1 of 8, http_api: the department itself: its units, roles and officers, on any day, as far as was known; and what changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Annotated, Any, Final, Literal, Protocol

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from contracts.processing_organisation import Heir, Post, Role, Unit
from contracts.vocabulary import ProcedureCode
from kernel.edge.body import NFC, Body
from kernel.edge.identity import Principal
from kernel.edge.openapi import Receipt, gives
from kernel.edge.policy import allowed
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.legalclock import day_of
from services.processing.answers_department import OfficerAnswer, OrganisationAnswer, UnitAnswer
from services.processing.domain import organisation_commands as commands
from services.processing.domain.organisation_states import Organisation
from services.processing.domain.spans import on
from services.processing.handle_organisation import Establishment
from services.processing.http_fields import Account, AsOf, Basis, KnownAt, Label, RoleCode, UnitCode, dated, example

UNITS_MAX: Final = 20

ACTIONS: Final = {
    "organisation.read": {"officer", "leader", "admin"},
    "unit.change": {"admin", "leader"},
    "role.define": {"admin"},
}


class UnitBody(Body):
    """What a unit is called, and below which other it is, from a day on."""

    model_config = example(
        name="Phòng Thương mại",
        name_en="Trade Division",
        parent="ban-giam-doc",
        from_on="2026-04-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    name: Label
    name_en: Label
    parent: UnitCode | None
    from_on: date
    basis: Basis


class NewUnitBody(UnitBody):
    """A new unit; its code is never that of another."""

    model_config = example(
        code="phong-thuong-mai-dich-vu",
        name="Phòng Thương mại - Dịch vụ",
        name_en="Trade and Services Division",
        parent="ban-giam-doc",
        from_on="2026-04-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    code: UnitCode


class HeirBody(Body):
    """Who inherits the open steps of these procedures; of all others, where none is named."""

    unit: UnitCode
    procedures: Annotated[tuple[ProcedureCode, ...], Field(max_length=200)] = ()


class ReorganisationBody(Body):
    """Units that are no more from a day on, and who inherits their work."""

    model_config = example(
        units=["phong-quan-ly-thuong-mai"],
        heirs=[{"unit": "phong-quan-ly-cong-nghiep", "procedures": ["2.001624"]}, {"unit": "phong-quan-ly-nang-luong"}],
        from_on="2026-12-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    units: Annotated[tuple[UnitCode, ...], Field(min_length=1, max_length=UNITS_MAX)]
    heirs: Annotated[tuple[HeirBody, ...], Field(min_length=1, max_length=UNITS_MAX)]
    from_on: date
    basis: Basis


class RoleBody(Body):
    """What a role is from a day on."""

    model_config = example(
        name="Chuyên viên",
        name_en="Specialist",
        abbreviation="CV",
        access=["officer"],
        acts_for=["van-thu"],
        from_on="2026-04-01",
        basis="Quyết định 45/QĐ-SCT ngày 20/02/2026",
    )

    name: Label
    name_en: Label
    abbreviation: Annotated[str, Field(min_length=1, max_length=20), NFC] | None = None
    access: Annotated[tuple[Literal["desk", "officer", "leader"], ...], Field(min_length=1, max_length=3)]
    acts_for: Annotated[tuple[RoleCode, ...], Field(max_length=20)] = ()
    from_on: date
    basis: Basis


def told(state: Organisation, day: date) -> dict[str, Any]:
    """Say what the department is on a day."""
    units = state.units_on(day)
    roles = [role for spans in state.roles.values() if (role := on(spans, day)) is not None]
    return {
        "as_of": day,
        "units": [_unit(state, unit, day) for unit in units.values()],
        "roles": [role.model_dump() for role in roles],
        "officers": [_officer(state, post, day) for spans in state.posts.values() if (post := on(spans, day)) is not None],
        "reform_officer": on(state.reform, day),
    }


def _unit(state: Organisation, unit: Unit, day: date) -> dict[str, Any]:
    inherits = [{"unit": one.unit, "all_but" if one.rest else "only": one.named} for one in state.inherited(unit.code, day)]
    return {**unit.model_dump(), "inherits": inherits}


def _officer(state: Organisation, post: Post, day: date) -> dict[str, Any]:
    leave = state.leave(post.officer, day)
    away = {"reason": leave.reason, "stand_in": leave.stand_in} if leave else None
    return {**post.model_dump(), "leads": state.leads(post, day), "away": away}


class Ask(Protocol):
    """Carries a change of the department out; `wanted` makes the command of the instant at which it is asked for."""

    async def __call__(self, request: Request, principal: Principal, wanted: Callable[..., commands.Command]) -> Response:
        """Answer with id, version and position."""
        ...


def asking(establishment: Establishment) -> Ask:
    """Give what the routes that change the department end with."""

    async def ask(request: Request, principal: Principal, wanted: Callable[..., commands.Command]) -> Response:
        run = establishment.runtime.commands.run
        return await run(request, principal, lambda command: establishment.change(wanted(at=command.meta.time), command))

    return ask


def routes(establishment: Establishment) -> APIRouter:
    """Make the routes of the department itself."""
    router = APIRouter(prefix="/v1/organisation")
    add_reading(router, establishment)
    add_units(router, establishment)
    return router


def add_reading(router: APIRouter, establishment: Establishment) -> None:
    """Add what can be asked."""
    clock = establishment.runtime.commands.clock

    @router.get("", responses=gives(OrganisationAnswer))
    async def organisation(
        request: Request, principal: Annotated[Principal, allowed("organisation.read")], as_of: AsOf = None, known_at: KnownAt = None
    ) -> Response:
        """Give units, roles and posts as they are on a day; with `known_at`, as it was known at that instant that they would be."""
        principal.require(establishment.agency)
        version, state = await establishment.organisation(known_at)
        return dated(request, version, as_of, told(state, as_of or day_of(clock.now(request))))

    @router.get("/units/{unit}", responses=gives(UnitAnswer))
    async def unit(
        request: Request,
        unit: Annotated[UnitCode, Path()],
        principal: Annotated[Principal, allowed("organisation.read")],
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Give a unit with all its names, and who does its work on a day: itself, or whoever has inherited it."""
        principal.require(establishment.agency)
        version, state = await establishment.organisation(known_at)
        day = as_of or day_of(clock.now(request))
        if (called := state.called(unit, day)) is None:
            raise Problem(NOT_FOUND)
        names = [{**span.value.model_dump(), "from_on": span.from_on, "to_on": span.to_on} for span in state.units[unit]]
        succession = state.successions.get(unit)
        ended = succession is not None and succession.from_on <= day
        body: dict[str, Any] = {
            **called.model_dump(),
            "as_of": day,
            "in_force": state.unit(unit, day) is not None,
            "heirs": [heir.model_dump() for heir in succession.heirs] if succession and ended else [],
            "work_is_done_by": state.heir_of(unit, None, day),
            "names": names,
        }
        return dated(request, version, as_of, body)

    @router.get("/officers/{officer}", responses=gives(OfficerAnswer))
    async def officer(
        request: Request,
        officer: Annotated[Account, Path()],
        principal: Annotated[Principal, allowed("organisation.read")],
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Give what an account may do on a day, and every post and leave that was said of it."""
        principal.require(establishment.agency)
        version, state = await establishment.organisation(known_at)
        if officer not in state.posts:
            raise Problem(NOT_FOUND)
        day = as_of or day_of(clock.now(request))
        return dated(request, version, as_of, _career(state, officer, day))

    _ = (organisation, unit, officer)


def _career(state: Organisation, account: str, day: date) -> dict[str, Any]:
    may = state.officer(account, day)
    leave = state.leave(account, day)
    return {
        "officer": account,
        "as_of": day,
        "unit": may.unit if may else None,
        "roles": sorted(may.roles) if may else [],
        "also": [{"unit": unit, "role": role} for unit, role in sorted(may.also)] if may else [],
        "leads": sorted(may.leads) if may else [],
        "away": {"reason": leave.reason, "stand_in": leave.stand_in} if leave else None,
        "is_reform_officer": on(state.reform, day) == account,
        "posts": [{**span.value.model_dump(), "from_on": span.from_on, "to_on": span.to_on} for span in state.posts[account]],
        "leaves": [
            {"reason": span.value.reason, "stand_in": span.value.stand_in, "from_on": span.from_on, "to_on": span.to_on}
            for span in state.leaves.get(account, ())
        ],
        "signs_for": [{**asdict(span.value), "from_on": span.from_on, "to_on": span.to_on} for span in state.delegations.get(account, ())],
    }


def add_units(router: APIRouter, establishment: Establishment) -> None:
    """Add how units and roles change."""
    agency, ask = establishment.agency, asking(establishment)

    def unit_of(code: str, body: UnitBody) -> Unit:
        return Unit(code=code, name=body.name, name_en=body.name_en, parent=body.parent)

    @router.post("/units", responses=gives(Receipt))
    async def establish(request: Request, body: NewUnitBody, principal: Annotated[Principal, allowed("unit.change")]) -> Response:
        """Make a unit."""
        unit = unit_of(body.code, body)
        wanted = partial(commands.EstablishUnit, agency=agency, unit=unit, from_on=body.from_on, basis=body.basis)
        return await ask(request, principal, wanted)

    @router.post("/units/{unit}/change", responses=gives(Receipt))
    async def rename(
        request: Request, unit: Annotated[UnitCode, Path()], body: UnitBody, principal: Annotated[Principal, allowed("unit.change")]
    ) -> Response:
        """Give a unit another name, or another above it; what happened before keeps the name of its day."""
        changed = unit_of(unit, body)
        wanted = partial(commands.ChangeUnit, agency=agency, unit=changed, from_on=body.from_on, basis=body.basis)
        return await ask(request, principal, wanted)

    @router.post("/reorganisations", responses=gives(Receipt))
    async def reorganise(request: Request, body: ReorganisationBody, principal: Annotated[Principal, allowed("unit.change")]) -> Response:
        """Merge units into others, or split one; the open steps show up for whoever inherits them, and their clocks run on."""
        heirs = tuple(Heir(unit=heir.unit, procedures=heir.procedures) for heir in body.heirs)
        wanted = partial(commands.Reorganise, agency=agency, units=body.units, heirs=heirs, from_on=body.from_on, basis=body.basis)
        return await ask(request, principal, wanted)

    @router.post("/roles/{role}", responses=gives(Receipt))
    async def define(
        request: Request, role: Annotated[RoleCode, Path()], body: RoleBody, principal: Annotated[Principal, allowed("role.define")]
    ) -> Response:
        """Say what a role is, and whose steps its holder may do."""
        defined = Role.model_validate({"code": role, **body.model_dump(exclude={"from_on", "basis"})})
        wanted = partial(commands.DefineRole, agency=agency, role=defined, from_on=body.from_on, basis=body.basis)
        return await ask(request, principal, wanted)

    _ = (establish, rename, reorganise, define)
