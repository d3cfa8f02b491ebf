"""Step 3 of 8, decide: the department on any day: its units, who is what in them, who is away, and who inherits whose work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date
from types import MappingProxyType
from typing import Final

from contracts.processing import SignedFor
from contracts.processing_organisation import Heir, LeaveReason, Post, Role, Unit
from contracts.vocabulary import PrincipalId, ProcedureCode
from services.processing.domain.officer import Officer
from services.processing.domain.spans import Spans, on
from services.processing.domain.workflow import SIGNING_ROLE

HEAD: Final = "truong-phong"
"""The role of who leads a unit; deputies and heads of equal units act for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Why somebody is away, and who stands in (None: nobody)."""

    stand_in: PrincipalId | None
    reason: LeaveReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """For whom an officer may sign, by which paper, and in which procedures (none named: all)."""

    by: PrincipalId
    procedures: tuple[ProcedureCode, ...]
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """From which day on a unit is no more, and who inherits its work."""

    from_on: date
    heirs: tuple[Heir, ...]

    @property
    def rest(self) -> str:
        """The heir of whatever none of the others takes."""
        return next(heir.unit for heir in self.heirs if not heir.procedures)

    def heir_of(self, procedure: ProcedureCode | None) -> str:
        """Give who takes over the work on a procedure (None: on one that nobody named)."""
        return next((heir.unit for heir in self.heirs if procedure in heir.procedures), self.rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """A unit that is no more and whose work another does: on the procedures that are `named`, or on all but these (`rest`)."""

    unit: str
    rest: bool
    named: tuple[ProcedureCode, ...]

    def has(self, procedure: ProcedureCode) -> bool:
        """Tell whether the work on a procedure is part of it."""
        return (procedure in self.named) is not self.rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Everything that was said of the department, by the days for which it was said. Empty: it was not founded."""

    units: Mapping[str, Spans[Unit]] = made(default_factory=lambda: MappingProxyType[str, Spans[Unit]]({}))
    roles: Mapping[str, Spans[Role]] = made(default_factory=lambda: MappingProxyType[str, Spans[Role]]({}))
    posts: Mapping[PrincipalId, Spans[Post]] = made(default_factory=lambda: MappingProxyType[str, Spans[Post]]({}))
    leaves: Mapping[PrincipalId, Spans[Leave]] = made(default_factory=lambda: MappingProxyType[str, Spans[Leave]]({}))
    successions: Mapping[str, Succession] = made(default_factory=lambda: MappingProxyType[str, Succession]({}))
    delegations: Mapping[PrincipalId, Spans[Delegation]] = made(default_factory=lambda: MappingProxyType[str, Spans[Delegation]]({}))
    reform: Spans[PrincipalId] = ()

    # Units. --------------------------------------------------------------------------------------------------------------

    def unit(self, code: str, day: date) -> Unit | None:
        """Give a unit as it is called on a day; None where there is none by that code then."""
        return on(self.units.get(code, ()), day)

    def units_on(self, day: date) -> dict[str, Unit]:
        """Give the units of a day."""
        return {code: unit for code, spans in self.units.items() if (unit := on(spans, day)) is not None}

    def called(self, code: str, day: date) -> Unit | None:
        """Give a unit as it was called on a day, or last was called before it: an old fact goes on having a name."""
        spans = [span for span in self.units.get(code, ()) if span.from_on <= day] or self.units.get(code, ())
        return max(spans, key=lambda span: span.from_on).value if spans else None

    def heir_of(self, unit: str, procedure: ProcedureCode | None, day: date) -> str:
        """Give who does the work of a unit on a day: the unit itself, or whoever has inherited it, were it over several reorganisations."""
        passed = {unit}
        while (succession := self.successions.get(unit)) is not None and succession.from_on <= day:
            unit = succession.heir_of(procedure)
            if unit in passed:
                break
            passed.add(unit)
        return unit

    def inherited(self, unit: str, day: date) -> tuple[Inherited, ...]:
        """List the units that are no more and whose work, all or some of it, a unit does on a day."""
        return tuple(self._inherited(unit, day))

    def _inherited(self, unit: str, day: date) -> Iterator[Inherited]:
        gone = [code for code, succession in self.successions.items() if succession.from_on <= day]
        named = {p for code in gone for heir in self.successions[code].heirs for p in heir.procedures}
        for code in gone:
            rest = self.heir_of(code, None, day) == unit
            otherwise = tuple(sorted(p for p in named if (self.heir_of(code, p, day) == unit) is not rest))
            if rest or otherwise:
                yield Inherited(unit=code, rest=rest, named=otherwise)

    # People. -------------------------------------------------------------------------------------------------------------

    def post(self, officer: PrincipalId, day: date) -> Post | None:
        """Give an officer's post on a day."""
        return on(self.posts.get(officer, ()), day)

    def leave(self, officer: PrincipalId, day: date) -> Leave | None:
        """Tell why an officer is away on a day; None if he is not."""
        return on(self.leaves.get(officer, ()), day)

    def roles_of(self, role: str, day: date) -> frozenset[str]:
        """Give the roles whose steps the holder of a role may do: it, and those that it acts for."""
        found = on(self.roles.get(role, ()), day)
        return frozenset({role, *(found.acts_for if found else ())})

    def leads(self, post: Post, day: date) -> bool:
        """Tell whether somebody with this post leads a unit, or the department."""
        return bool({HEAD, SIGNING_ROLE} & self.roles_of(post.role, day))

    def officer(self, id_: PrincipalId, day: date, procedure: ProcedureCode | None = None) -> Officer | None:
        """Give what an officer may do on a day, in cases of a procedure: his post, what he inherits, and whom he stands in for.

        None for somebody who has no post that day. Whether he is away is asked by itself: `leave`.
        """
        if (post := self.post(id_, day)) is None:
            return None
        own = self.roles_of(post.role, day)
        led = self._led(post, day)
        also = self._also(post.unit, own, procedure, day)
        for absent, spans in self.leaves.items():
            leave, theirs = on(spans, day), self.post(absent, day)
            if leave is not None and leave.stand_in == id_ and theirs is not None:
                roles = self.roles_of(theirs.role, day)
                also |= {(theirs.unit, role) for role in roles} | self._also(theirs.unit, roles, procedure, day)
                led |= self._led(theirs, day)
        heirs = {code for code in self.successions if self.heir_of(code, procedure, day) in led}
        return Officer(
            id=id_, unit=post.unit, roles=own, leads=led | heirs, also=also, signs_for=self._signs_for(id_, post, procedure, day)
        )

    def _signs_for(self, id_: PrincipalId, post: Post, procedure: ProcedureCode | None, day: date) -> Mapping[str, SignedFor]:
        """Give, by unit, for whom an officer may sign on a day: whoever signs there himself, as long as he does."""
        delegation = on(self.delegations.get(id_, ()), day)
        if delegation is None or (delegation.procedures and procedure not in delegation.procedures):
            return {}
        theirs, own = self.post(delegation.by, day), on(self.roles.get(post.role, ()), day)
        if theirs is None or SIGNING_ROLE not in self.roles_of(theirs.role, day):
            return {}
        return {theirs.unit: SignedFor(by=delegation.by, basis=delegation.basis, title=own.name if own else post.role)}

    def _also(self, unit: str, roles: frozenset[str], procedure: ProcedureCode | None, day: date) -> frozenset[tuple[str, str]]:
        """Give the posts of units that are no more and whose work a unit does."""
        gone = [code for code in self.successions if code != unit and self.heir_of(code, procedure, day) == unit]
        return frozenset((code, role) for code in gone for role in roles)

    def _led(self, post: Post, day: date) -> frozenset[str]:
        """Give the units whose work an officer shares out: the head of a unit has it and those below, the director every one."""
        roles, units = self.roles_of(post.role, day), self.units_on(day).values()
        if SIGNING_ROLE in roles:
            return frozenset(unit.code for unit in units)
        if HEAD not in roles:
            return frozenset()
        return frozenset(unit.code for unit in units if post.unit in {unit.code, unit.parent})
