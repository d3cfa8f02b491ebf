"""Step 3 of 8, decide: the department changes: units come, are renamed, merged and split; officers come, move, are away and go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal, NoReturn, TypeAlias
from uuid import UUID, uuid5

from contracts.processing_organisation import (
    Heir,
    LeaveEnded,
    LeaveGranted,
    OfficerAppointed,
    OfficerReleased,
    OrganisationFact,
    OrganisationFounded,
    Post,
    ReformOfficerDesignated,
    RoleDefined,
    UnitChanged,
    UnitEstablished,
    UnitsReorganised,
)
from contracts.vocabulary import AgencyCode
from kernel.eventlog import Decider, Refused
from services.processing.domain import NAMESPACE
from services.processing.domain.delegations import delegated, taken_back
from services.processing.domain.organisation_commands import (
    Appoint,
    ChangeUnit,
    Command,
    DefineRole,
    DelegateSigning,
    DesignateReformOfficer,
    EndDelegation,
    EndLeave,
    EstablishUnit,
    Found,
    GrantLeave,
    Release,
    Reorganise,
)
from services.processing.domain.organisation_history import evolve
from services.processing.domain.organisation_states import Organisation
from services.processing.domain.spans import DAY, on

Reason: TypeAlias = Literal[
    "no-organisation",
    "before-the-first-day",
    "no-such-unit",
    "no-such-role",
    "no-such-officer",
    "unit-exists",
    "unit-below-itself",
    "units-below",
    "heir-not-one",
    "not-your-officer",
    "stand-in-away",
    "not-on-leave",
    "reform-officer-exists",
    "reform-officer-must-lead",
    "not-yours-to-delegate",
    "delegate-must-lead",
    "no-such-delegation",
]

INITIAL: Final = Organisation()


def stream_of(agency: AgencyCode) -> UUID:
    """Give the stream of an agency's organisation."""
    return uuid5(NAMESPACE, f"organisation:{agency}")


def refuse(reason: Reason, **detail: object) -> NoReturn:
    """Refuse.

    Raises:
        Refused: always.
    """
    raise Refused(reason, **detail)


def decide(command: Command, state: Organisation) -> list[OrganisationFact]:
    """Say what a command leads to.

    Raises:
        Refused: with one of `Reason`, and of which unit, role or officer it is said.
    """
    if isinstance(command, Found):
        return _founded(command) if not state.units else []
    if not state.units:
        refuse("no-organisation")
    if command.from_on < (first := state.reform[0].from_on):
        refuse("before-the-first-day", from_on=first.isoformat())
    found = _decided(command, state)
    _insist_on_a_reform_officer(state, found, command.from_on)
    return found


def _decided(command: Command, state: Organisation) -> list[OrganisationFact]:
    match command:
        case Found():
            return []
        case EstablishUnit() | ChangeUnit():
            return _unit(command, state)
        case Reorganise():
            return [_reorganised(command, state)]
        case DefineRole(role=role, agency=agency, from_on=from_on, basis=basis, at=at):
            _insist_on_roles(state, role.acts_for, from_on)
            known = on(state.roles.get(role.code, ()), from_on) == role
            return [] if known else [RoleDefined(agency=agency, role=role, from_on=from_on, basis=basis, defined_at=at)]
        case Appoint():
            return _appointed(command, state)
        case Release():
            post = _post(state, command.officer, command.from_on)
            said = {"agency": command.agency, "from_on": command.from_on, "basis": command.basis}
            return [OfficerReleased.model_validate(said | {"post": post, "released_at": command.at})]
        case GrantLeave():
            return [_leave(command, state)]
        case EndLeave():
            return [_back(command, state)]
        case DesignateReformOfficer():
            return _designated(command, state)
        case DelegateSigning():
            return [delegated(command, state)]
        case EndDelegation():
            return [taken_back(command, state)]


def _founded(command: Found) -> list[OrganisationFact]:
    return [
        OrganisationFounded(
            agency=command.agency,
            units=command.units,
            roles=command.roles,
            posts=command.posts,
            reform_officer=command.reform_officer,
            from_on=command.from_on,
            basis=command.basis,
            founded_at=command.at,
        )
    ]


# Units. ------------------------------------------------------------------------------------------------------------------


def _unit(command: EstablishUnit | ChangeUnit, state: Organisation) -> list[OrganisationFact]:
    unit, day = command.unit, command.from_on
    if unit.parent is not None and state.unit(unit.parent, day) is None:
        refuse("no-such-unit", unit=unit.parent)
    if isinstance(command, EstablishUnit):
        if unit.code in state.units:
            refuse("unit-exists", unit=unit.code)
        return [UnitEstablished(agency=command.agency, unit=unit, from_on=day, basis=command.basis, established_at=command.at)]
    if (now := state.unit(unit.code, day)) is None:
        refuse("no-such-unit", unit=unit.code)
    if now == unit:
        return []
    above = unit.parent
    while above is not None:
        if above == unit.code:
            refuse("unit-below-itself", unit=unit.code)
        above = parent.parent if (parent := state.unit(above, day)) else None
    return [UnitChanged(agency=command.agency, unit=unit, from_on=day, basis=command.basis, changed_at=command.at)]


def _reorganised(command: Reorganise, state: Organisation) -> UnitsReorganised:
    day, ended = command.from_on, set(command.units)
    for code in (*command.units, *(heir.unit for heir in command.heirs)):
        if state.unit(code, day) is None:
            refuse("no-such-unit", unit=code)
    rest = [heir.unit for heir in command.heirs if not heir.procedures]
    named = [procedure for heir in command.heirs for procedure in heir.procedures]
    if len(rest) != 1 or len(named) != len(set(named)) or ended & {heir.unit for heir in command.heirs}:
        refuse("heir-not-one")
    if below := sorted(unit.code for unit in state.units_on(day).values() if unit.parent in ended and unit.code not in ended):
        refuse("units-below", units=below)
    moved = [post for spans in state.posts.values() if (post := on(spans, day)) is not None and post.unit in ended]
    return UnitsReorganised(
        agency=command.agency,
        units=command.units,
        heirs=tuple(Heir.model_validate(heir) for heir in command.heirs),
        posts=tuple(post.model_copy(update={"unit": rest[0]}) for post in moved),
        from_on=day,
        basis=command.basis,
        reorganised_at=command.at,
    )


# People. -----------------------------------------------------------------------------------------------------------------


def _insist_on_roles(state: Organisation, roles: Iterable[str], day: date) -> None:
    for role in roles:
        if on(state.roles.get(role, ()), day) is None:
            refuse("no-such-role", role=role)


def _post(state: Organisation, officer: str, day: date) -> Post:
    if (post := state.post(officer, day)) is None:
        refuse("no-such-officer", officer=officer)
    return post


def _appointed(command: Appoint, state: Organisation) -> list[OrganisationFact]:
    post, day = command.post, command.from_on
    if state.unit(post.unit, day) is None:
        refuse("no-such-unit", unit=post.unit)
    _insist_on_roles(state, [post.role], day)
    before = state.post(post.officer, day)
    said = {"agency": command.agency, "post": post, "before": before, "from_on": day, "to_on": command.to_on, "basis": command.basis}
    return [OfficerAppointed.model_validate(said | {"appointed_at": command.at})]


def _leave(command: GrantLeave, state: Organisation) -> LeaveGranted:
    _insist_on_the_leader(command, state)
    stand_in = command.stand_in
    if stand_in is not None:
        _post(state, stand_in, command.from_on)
        days = (command.to_on - command.from_on).days + 1
        if stand_in == command.officer or any(state.leave(stand_in, command.from_on + n * DAY) for n in range(days)):
            refuse("stand-in-away", officer=stand_in)
    return LeaveGranted(
        agency=command.agency,
        officer=command.officer,
        stand_in=stand_in,
        reason=command.reason,
        from_on=command.from_on,
        to_on=command.to_on,
        granted_by=command.by.id,
        granted_at=command.at,
    )


def _back(command: EndLeave, state: Organisation) -> LeaveEnded:
    _insist_on_the_leader(command, state)
    if state.leave(command.officer, command.from_on) is None:
        refuse("not-on-leave", officer=command.officer)
    officer, day = command.officer, command.from_on
    return LeaveEnded(agency=command.agency, officer=officer, from_on=day, ended_by=command.by.id, ended_at=command.at)


def _insist_on_the_leader(command: GrantLeave | EndLeave, state: Organisation) -> None:
    """Refuse to whoever does not lead the officer's unit."""
    if _post(state, command.officer, command.from_on).unit not in command.by.leads:
        refuse("not-your-officer", officer=command.officer)


# The reform officer. -----------------------------------------------------------------------------------------------------


def _designated(command: DesignateReformOfficer, state: Organisation) -> list[OrganisationFact]:
    day = command.from_on
    _post(state, command.officer, day)
    if (now := on(state.reform, day)) == command.officer:
        return []
    if now is None or command.replaces != now:
        refuse("reform-officer-exists", officer=now)
    said = {"agency": command.agency, "officer": command.officer, "replaces": now, "from_on": day, "basis": command.basis}
    return [ReformOfficerDesignated.model_validate(said | {"designated_at": command.at})]


def _insist_on_a_reform_officer(state: Organisation, facts: list[OrganisationFact], from_on: date) -> None:
    """Refuse what would leave a day with a reform officer who leads nothing: first somebody else is designated."""
    after = state
    for fact in facts:
        after = evolve(after, fact)
    edges = {from_on}
    for spans in (after.reform, *(after.posts.get(span.value, ()) for span in after.reform)):
        edges |= {day for span in spans for day in (span.from_on, span.to_on + DAY if span.to_on else span.from_on)}
    for day in sorted(edge for edge in edges if edge >= from_on):
        officer = on(after.reform, day)
        post = after.post(officer, day) if officer is not None else None
        if post is None or not after.leads(post, day):
            refuse("reform-officer-must-lead", officer=officer, day=day.isoformat())


DECIDER: Final = Decider[Command, Organisation](INITIAL, decide, evolve)
