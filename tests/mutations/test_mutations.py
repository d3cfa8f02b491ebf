from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.mutations.mutations import MUTATIONS, ROOT, Mutation
from tests.simulation.world import run

SEEDS: Final = 60
"""How far behind the seed that is known to find it a mutation may be found: a change elsewhere makes other runs of the same seeds."""

each_mutation: Final = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.safety)


@each_mutation
def test_the_safety_stands_exactly_once_where_the_mutation_takes_it_away(mutation: Mutation) -> None:
    assert mutation.text.count(mutation.old) == 1


@pytest.mark.slow
@each_mutation
def test_without_the_safety_the_simulation_finds_what_goes_wrong_and_with_it_nothing(mutation: Mutation, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-W", "ignore", "-m", "tests.simulation", "--stop"]
    mutated = subprocess.run(
        [*command, "--from", str(mutation.first), "--seeds", str(SEEDS)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{mutation.plant(tmp_path)}{os.pathsep}{ROOT}"},
    )
    assert mutated.returncode == 1, mutated.stdout + mutated.stderr
    assert mutation.finding in mutated.stdout
    seed = int(mutated.stdout.split()[1].removesuffix(":"))
    assert run(seed).findings == []
