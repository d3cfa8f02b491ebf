"""`./motcua faults`: break everything that can be broken, under load, and see that nothing was lost."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.faults.run import conclude, folder_of, run


def main(arguments: list[str]) -> int:
    """Run once and give the exit code: 0 only if nothing was lost, doubled, disordered or altered, and all recovered in time."""
    parser = argparse.ArgumentParser(prog="./motcua faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long faults go on")
    parser.add_argument("--seed", type=int, default=1, help="the same seed chooses the same schedule of faults")
    parser.add_argument("--cluster", action="store_true", help="three NATS servers with three copies of each stream")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    asked = parser.parse_args(arguments)
    data = folder_of(asked.seed, cluster=asked.cluster)
    return conclude(asyncio.run(run(asked.seed, asked.minutes, data, cluster=asked.cluster)), data, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
