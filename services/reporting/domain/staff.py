"""Step 3 of 8, decide: who might do which step on which day, as the organisation's facts tell it.

Reporting's own reading of them: whether an officer had the role that a step asks for is judged without asking processing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from contracts.fact import Fact
from contracts.processing import Step
from contracts.processing_organisation import (
    Heir,
    LeaveEnded,
    LeaveGranted,
    OfficerAppointed,
    OfficerReleased,
    OrganisationFounded,
    Post,
    Role,
    RoleDefined,
    SigningDelegated,
    SigningDelegationEnded,
    UnitsReorganised,
)

FACTS: Final[tuple[type[Fact], ...]] = (
    OrganisationFounded,
    OfficerAppointed,
    OfficerReleased,
    RoleDefined,
    UnitsReorganised,
    LeaveGranted,
    LeaveEnded,
    SigningDelegated,
    SigningDelegationEnded,
)
"""The facts that say so."""
Held: TypeAlias = "tuple[date, date | None, Post | None]"
"""From which day to which (None: until further notice) somebody holds a post (None: none any more)."""
SIGNS: Final = "giam-doc"
ROOT_MAX: Final = 20
"""How often a unit's work can have been inherited onward."""


@dataclass(slots=True)
class Staff:
    """What was said of officers, roles and units, each with the day from which it holds; the last that was said of a day counts."""

    posts: dict[str, list[Held]] = field(default_factory=dict[str, "list[Held]"])
    roles: dict[str, list[tuple[date, Role]]] = field(default_factory=dict[str, "list[tuple[date, Role]]"])
    heirs: dict[str, tuple[date, tuple[Heir, ...]]] = field(default_factory=dict[str, "tuple[date, tuple[Heir, ...]]"])
    leaves: list[LeaveGranted] = field(default_factory=list[LeaveGranted])
    back: list[LeaveEnded] = field(default_factory=list[LeaveEnded])
    delegations: list[SigningDelegated] = field(default_factory=list[SigningDelegated])
    taken_back: list[SigningDelegationEnded] = field(default_factory=list[SigningDelegationEnded])

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Staff:
        """Fold facts."""
        found = cls()
        for fact in facts:
            found.add(fact)
        return found

    def add(self, fact: Fact) -> None:
        """Take one more fact in."""
        match fact:
            case OrganisationFounded(from_on=day):
                for post in fact.posts:
                    self._post(post.officer, day, None, post)
                for role in fact.roles:
                    self.roles.setdefault(role.code, []).append((day, role))
            case RoleDefined():
                self.roles.setdefault(fact.role.code, []).append((fact.from_on, fact.role))
            case OfficerAppointed():
                self._post(fact.post.officer, fact.from_on, fact.to_on, fact.post)
            case OfficerReleased():
                self._post(fact.post.officer, fact.from_on, None, None)
            case UnitsReorganised(from_on=day):
                self.heirs |= dict.fromkeys(fact.units, (day, fact.heirs))
                for post in fact.posts:
                    self._post(post.officer, day, None, Post(officer=post.officer, unit=rest_of(fact.heirs), role=post.role))
            case LeaveGranted():
                self.leaves.append(fact)
            case LeaveEnded():
                self.back.append(fact)
            case SigningDelegated():
                self.delegations.append(fact)
            case SigningDelegationEnded():
                self.taken_back.append(fact)
            case _:
                pass

    def may_do(self, officer: str, step: Step, procedure: str | None, day: date) -> bool:
        """Tell whether a step was an officer's to do: by his post, by what his unit inherited, or for somebody whom he stood in for."""
        return any(self._fits(post, step, procedure, day) for post in self._held(officer, day))

    def may_sign(self, officer: str, step: Step, procedure: str | None, day: date) -> bool:
        """Tell whether the decision was an officer's to sign: as his step, or by delegation (NĐ 30/2020/NĐ-CP, Điều 13.3)."""
        return self.may_do(officer, step, procedure, day) or any(
            one.officer == officer
            and one.from_on <= day <= one.to_on
            and (not one.procedures or procedure in one.procedures)
            and not any(end.officer == officer and end.by == one.by and one.from_on <= end.from_on <= day for end in self.taken_back)
            and (theirs := self._post_on(one.by, day)) is not None
            and SIGNS in self._roles(theirs.role, day)
            and theirs.unit == step.unit
            for one in self.delegations
        )

    def _post(self, officer: str, first: date, last: date | None, post: Post | None) -> None:
        self.posts.setdefault(officer, []).append((first, last, post))

    def _post_on(self, officer: str, day: date) -> Post | None:
        said = [post for first, last, post in self.posts.get(officer, ()) if first <= day and (last is None or day <= last)]
        return said[-1] if said else None

    def _held(self, officer: str, day: date) -> Iterator[Post]:
        """Give the posts that he filled on a day: his own, and those of whom he stood in for."""
        if (own := self._post_on(officer, day)) is None:
            return
        yield own
        for leave in self.leaves:
            is_back = any(end.officer == leave.officer and leave.from_on <= end.from_on <= day for end in self.back)
            away = leave.stand_in == officer and leave.from_on <= day <= leave.to_on and not is_back
            if away and (post := self._post_on(leave.officer, day)):
                yield post

    def _fits(self, post: Post, step: Step, procedure: str | None, day: date) -> bool:
        return step.role in self._roles(post.role, day) and post.unit in {step.unit, self._heir(step.unit, procedure, day)}

    def _roles(self, role: str, day: date) -> frozenset[str]:
        said = [one for first, one in self.roles.get(role, ()) if first <= day]
        return frozenset({role, *(said[-1].acts_for if said else ())})

    def _heir(self, unit: str, procedure: str | None, day: date) -> str:
        for _ in range(ROOT_MAX):
            if unit not in self.heirs or self.heirs[unit][0] > day:
                break
            heirs = self.heirs[unit][1]
            unit = next((heir.unit for heir in heirs if procedure in heir.procedures), rest_of(heirs))
        return unit


def rest_of(heirs: Iterable[Heir]) -> str:
    """Give who takes what no other heir takes."""
    return next(heir.unit for heir in heirs if not heir.procedures)
