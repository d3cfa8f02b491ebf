"""Step 3 of 8, decide: which answers may be recorded now, and how much each may say of itself.

An answer is recorded together with others that say the same, at least so many that nobody knows which of those who were admitted gave
which. Where too few share all that their class says, less is said, view by view. Every batch is such a group. So whatever is counted
later, over any attribute and at any time, is made of whole groups, and so is every difference between two counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from contracts.feedback_surveys import Path
from services.feedback.domain.survey_class import Traits

NOTHING: Final = frozenset[str]()
WAYS: Final = (
    frozenset({"procedure", "field", "occasion", "officer", "unit", "slowest", "steps"}),
    frozenset({"procedure", "field", "occasion", "officer", "unit", "slowest"}),
    frozenset({"field", "occasion", "officer", "unit", "slowest"}),
    frozenset({"procedure", "field", "occasion", "unit", "slowest"}),
    frozenset({"procedure", "field", "occasion"}),
    frozenset({"occasion", "officer"}),
    frozenset({"unit", "slowest"}),
    frozenset({"field", "occasion"}),
)
VIEWS: Final[tuple[frozenset[str], ...]] = (*(way | {"campaign"} for way in WAYS), NOTHING)
"""What may be said, the most telling first; agency and questionnaire are always said. Slips of a campaign stay together to the last."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer in the box: the hash of its token, what its class says, and the day on which it was given."""

    token_hash: bytes
    traits: Traits
    received_on: date


@dataclass(frozen=True, slots=True)
class Batch:
    """Answers that say the same of themselves, in the order of their tokens' hashes, which is none."""

    traits: Traits
    answers: tuple[Waiting, ...]


def seen(traits: Traits, view: frozenset[str]) -> Traits:
    """Say of a class what a view lets be said."""

    def kept(name: str, value: str | None) -> str | None:
        return value if name in view else None

    path = traits.path
    return Traits(
        agency=traits.agency,
        survey=traits.survey,
        procedure=kept("procedure", traits.procedure),
        field=kept("field", traits.field),
        occasion=traits.occasion if "occasion" in view else None,
        path=Path(
            officer=kept("officer", path.officer),
            unit=kept("unit", path.unit),
            slowest=kept("slowest", path.slowest),
            steps=path.steps if "steps" in view else None,
        ),
        campaign=traits.campaign if "campaign" in view else None,
    )


def mixed(waiting: Iterable[Waiting], least: int, patient_since: date) -> list[Batch]:
    """Give the batches that may be recorded; who is in none goes on waiting.

    Args:
        waiting: all that is in the box.
        least: the fewest answers that are recorded together.
        patient_since: answers given on this day or later wait for others of their very class; older ones are content to say less.
    """
    batches: list[Batch] = []
    left = sorted(waiting, key=lambda one: one.token_hash)
    for n, view in enumerate(VIEWS):
        groups: dict[Traits, list[Waiting]] = defaultdict(list)
        for one in left:
            if n == 0 or one.received_on < patient_since:
                groups[seen(one.traits, view)].append(one)
        ready = [Batch(traits, tuple(group)) for traits, group in groups.items() if len(group) >= least]
        batches += ready
        gone = {one.token_hash for batch in ready for one in batch.answers}
        left = [one for one in left if one.token_hash not in gone]
    return joined(batches, [one for one in left if one.received_on < patient_since])


def joined(batches: list[Batch], left: Iterable[Waiting]) -> list[Batch]:
    """Let the last few, too alone even when nothing is said, be recorded with the smallest batch, which then says nothing either."""
    groups: dict[Traits, list[Waiting]] = defaultdict(list)
    for one in left:
        groups[seen(one.traits, NOTHING)].append(one)
    for traits, few in groups.items():
        others = [batch for batch in batches if seen(batch.traits, NOTHING) == traits]
        if others:
            smallest = min(others, key=lambda batch: (len(batch.answers), batch.answers[0].token_hash))
            together = sorted((*smallest.answers, *few), key=lambda one: one.token_hash)
            batches = [batch for batch in batches if batch is not smallest] + [Batch(traits, tuple(together))]
    return batches


def parts(answers: Sequence[Waiting], least: int, most: int) -> list[Sequence[Waiting]]:
    """Cut a batch that is too long for one commit into parts, none of them shorter than `least`."""
    count = max(1, min(-(-len(answers) // most), len(answers) // least))
    size, more = divmod(len(answers), count)
    starts = [n * size + min(n, more) for n in range(count + 1)]
    return [answers[start:end] for start, end in pairwise(starts)]
