"""Step 3 of 8, decide: who acts, and which steps are his to do or to sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.processing import SignedFor
from contracts.vocabulary import PrincipalId
from services.processing.domain.case_states import OpenStep
from services.processing.domain.workflow import SIGNING_ROLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Who acts: his unit, the roles whose steps he may do there, his own and those that he stands in for, and the units he leads.

    `also` are roles in other units whose steps he may do: of units that his has inherited, and of who is away and named him. `signs_for`
    says, by unit, for whom he may sign there.
    """

    id: PrincipalId
    unit: str
    roles: frozenset[str]
    leads: frozenset[str] = frozenset()
    also: frozenset[tuple[str, str]] = frozenset()
    signs_for: Mapping[str, SignedFor] = field(default_factory=dict[str, SignedFor], compare=False)

    def may_do(self, step: OpenStep) -> bool:
        """Tell whether a step is his work."""
        return (step.unit == self.unit and step.role in self.roles) or (step.unit, step.role) in self.also

    def signed_for(self, step: OpenStep) -> SignedFor | None:
        """Say for whom he signs in the signing step, where that is not his work; None where it is, or he may not."""
        return None if self.may_do(step) or step.role != SIGNING_ROLE else self.signs_for.get(step.unit)

    def may_sign(self, step: OpenStep) -> bool:
        """Tell whether he signs in the signing step, for himself or for somebody who let him."""
        return self.may_do(step) or self.signed_for(step) is not None

    def works_in(self, unit: str) -> bool:
        """Tell whether the work of a unit is his unit's, or that of somebody whom he stands in for."""
        return unit == self.unit or any(unit == other for other, _ in self.also)
