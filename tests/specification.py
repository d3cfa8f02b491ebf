"""Deciders as sentences: `given(DECIDER, facts…).when(command).then(facts…)`, or `.then_refused("reason")`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel.eventlog import Decider, Refused


@dataclass(frozen=True)
class When:
    """What came of a command."""

    state: Any
    facts: tuple[Any, ...]
    refused: Refused | None

    def then(self, *facts: Any) -> None:
        """Insist on these facts, in this order, and no others."""
        assert self.refused is None, f"refused: {self.refused}"
        assert self.facts == facts

    def then_nothing(self) -> None:
        """Insist on no fact: it was done already."""
        self.then()

    def then_refused(self, reason: str) -> Refused:
        """Insist on a refusal; give it, for a look at its details."""
        assert self.refused is not None, f"not refused, but {self.facts}"
        assert self.refused.reason == reason
        return self.refused

    def then_as(self, outcome: tuple[Any, ...] | str, **detail: Any) -> None:
        """Insist on what a table says: facts, or the reason of a refusal with these details."""
        if isinstance(outcome, str):
            assert self.then_refused(outcome).detail == detail
        else:
            self.then(*outcome)


@dataclass(frozen=True)
class Given:
    """A history."""

    decider: Decider[Any, Any]
    facts: tuple[Any, ...]

    @property
    def state(self) -> Any:
        """Give the state that the history leads to."""
        return self.decider.fold(self.facts)

    def when(self, command: Any) -> When:
        """Decide on a command."""
        before = self.state
        try:
            facts: Sequence[Any] = self.decider.decide(command, before)
        except Refused as refused:
            assert self.state == before, "a refusal must change nothing"
            return When(before, (), refused)
        return When(self.decider.fold(facts, before), tuple(facts), None)


def given(decider: Decider[Any, Any], *facts: Any) -> Given:
    """Begin a sentence with a history."""
    return Given(decider, facts)
