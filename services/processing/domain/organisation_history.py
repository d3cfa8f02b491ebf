"""Step 3 of 8, decide: what the facts make of the department."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from contracts.processing_organisation import (
    LeaveEnded,
    LeaveGranted,
    OfficerAppointed,
    OfficerReleased,
    OrganisationFact,
    OrganisationFounded,
    ReformOfficerDesignated,
    RoleDefined,
    SigningDelegated,
    SigningDelegationEnded,
    UnitChanged,
    UnitEstablished,
    UnitsReorganised,
)
from services.processing.domain.organisation_states import Delegation, Leave, Organisation, Succession
from services.processing.domain.spans import Spans, cut, written

Key = TypeVar("Key")
Value = TypeVar("Value")


def evolve(state: Organisation, event: OrganisationFact) -> Organisation:
    """Say what the department is like after an event. Never refuses: history cannot be wrong."""
    day = event.from_on
    match event:
        case OrganisationFounded():
            return Organisation(
                units={unit.code: written((), day, None, unit) for unit in event.units},
                roles={role.code: written((), day, None, role) for role in event.roles},
                posts={post.officer: written((), day, None, post) for post in event.posts},
                reform=written((), day, None, event.reform_officer),
            )
        case UnitEstablished(unit=unit) | UnitChanged(unit=unit):
            return replace(state, units=_with(state.units, unit.code, written(state.units.get(unit.code, ()), day, None, unit)))
        case UnitsReorganised():
            ended = {code: cut(state.units.get(code, ()), day) for code in event.units}
            moved = {post.officer: written(state.posts.get(post.officer, ()), day, None, post) for post in event.posts}
            gone = {code: Succession(from_on=day, heirs=event.heirs) for code in event.units}
            return replace(state, units={**state.units, **ended}, posts={**state.posts, **moved}, successions={**state.successions, **gone})
        case RoleDefined(role=role):
            return replace(state, roles=_with(state.roles, role.code, written(state.roles.get(role.code, ()), day, None, role)))
        case OfficerAppointed(post=post, to_on=to_on):
            return replace(state, posts=_with(state.posts, post.officer, written(state.posts.get(post.officer, ()), day, to_on, post)))
        case OfficerReleased(post=post):
            return replace(state, posts=_with(state.posts, post.officer, cut(state.posts.get(post.officer, ()), day)))
        case LeaveGranted(officer=officer, to_on=to_on):
            leave = Leave(stand_in=event.stand_in, reason=event.reason)
            return replace(state, leaves=_with(state.leaves, officer, written(state.leaves.get(officer, ()), day, to_on, leave)))
        case LeaveEnded(officer=officer):
            spans = state.leaves.get(officer, ())
            over = next((span.to_on for span in spans if span.holds_on(day)), day)
            return replace(state, leaves=_with(state.leaves, officer, cut(spans, day, over)))
        case SigningDelegated(officer=officer, to_on=to_on):
            may = Delegation(by=event.by, procedures=event.procedures, basis=event.basis)
            known = state.delegations.get(officer, ())
            return replace(state, delegations=_with(state.delegations, officer, written(known, day, to_on, may)))
        case SigningDelegationEnded(officer=officer):
            return replace(state, delegations=_with(state.delegations, officer, cut(state.delegations.get(officer, ()), day)))
        case ReformOfficerDesignated(officer=officer):
            return replace(state, reform=written(state.reform, day, None, officer))


def _with(known: Mapping[Key, Spans[Value]], key: Key, spans: Spans[Value]) -> dict[Key, Spans[Value]]:
    return {**known, key: spans}
