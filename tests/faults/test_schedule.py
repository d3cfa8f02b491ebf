from __future__ import annotations

from itertools import islice

import pytest

from tests.faults.nemesis import CLUSTER_KINDS, KINDS, Nemesis, schedule


@pytest.mark.parametrize(("cluster", "kinds"), [(False, KINDS), (True, CLUSTER_KINDS)])
def test_the_same_seed_chooses_the_same_faults_and_every_kind_comes_in_every_round(cluster: bool, kinds: tuple[str, ...]) -> None:
    first, again, other = (list(islice(schedule(seed, cluster=cluster), 3 * len(kinds))) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    for round_ in range(3):
        assert {fault.kind for fault in first[round_ * len(kinds) : (round_ + 1) * len(kinds)]} == set(kinds)


def test_every_kind_can_be_brought_about() -> None:
    assert all(hasattr(Nemesis, f"_{kind.replace('-', '_')}") for kind in {*KINDS, *CLUSTER_KINDS})
