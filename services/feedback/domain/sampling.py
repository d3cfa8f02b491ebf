"""Step 3 of 8, decide: whom the slips of a campaign go to. Whoever has the list, the method and the seed draws the same sample."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from contracts.feedback_campaigns import Sampling


def places(sampling: Sampling, slips: int) -> Sequence[int]:
    """Give the places of the list that get a slip, in their order: slip n goes to the n-th of them. Of slips laid out none is known."""
    match sampling:
        case Sampling(method="all", frame=int(frame)):
            return range(1, frame + 1)
        case Sampling(method="every-nth", frame=int(frame), first=int(first), nth=int(nth)):
            return range(first, frame + 1, nth)
        case Sampling(method="random", frame=int(frame), seed=str(seed)):
            return sorted(sorted(range(1, frame + 1), key=lambda place: lot(seed, place))[:slips])
        case _:
            return ()


def lot(seed: str, place: int) -> bytes:
    """Give what a place draws; the lowest lots are in the sample. A hash, so that no version of any library draws another sample."""
    return hashlib.sha256(f"{seed}/{place}".encode()).digest()
