"""Run seeds: `python -m tests.simulation --seeds 1000 --from 0`, or one again with its trace: `--seed 39`."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.world import run


def main() -> int:
    """Run what the command line asks for; give 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone, and what happened in it moment by moment")
    parser.add_argument("--stop", action="store_true", help="stop at the first seed that finds something")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds) if given.seed is None else [given.seed]
    found = 0
    for seed in seeds:
        world = run(seed)
        lines = world.trace if given.seed is not None else [f"seed {seed}: {finding}" for finding in world.findings]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        found += bool(world.findings)
        if found and given.stop:
            break
    sys.stdout.write(f"{len(seeds)} seeds, {found} with findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
