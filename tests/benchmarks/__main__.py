"""`./motcua bench [NAME…]`: run benchmarks beside their peers, print a table, keep the results.

Each row is a module of `tests/benchmarks/rows` with `NAME` and `async def run(machine, size) -> list[Measure]`; its docstring
says what is measured and stands in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import pkgutil
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Final, Protocol, cast

import uvloop

from kernel.edge.serve import spare_the_collector
from tests.benchmarks import rows
from tests.benchmarks.gate import TOLERANCE, read_baseline, regressions, write_baseline
from tests.benchmarks.machine import Machine, description, machine
from tests.benchmarks.measure import FULL, QUICK, Measure, Size
from tests.benchmarks.report import as_table, write_report

ORDER: Final = ("append", "relay", "consume", "project", "react", "http", "lifecycle", "scale", "spike", "latency", "cost", "deadline")


class Bench(Protocol):
    """A module of `rows`."""

    NAME: str
    __doc__: str | None
    run: Callable[[Machine, Size], Awaitable[list[Measure]]]


def benches() -> dict[str, Bench]:
    """Give every row's module by its name, in the issue's order."""
    modules = [cast("Bench", importlib.import_module(f"{rows.__name__}.{found.name}")) for found in pkgutil.iter_modules(rows.__path__)]
    found = {module.NAME: module for module in modules if hasattr(module, "NAME")}
    return {name: found[name] for name in sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))}


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for. Exit code 1: a regression, or a row that could not be measured."""
    known = benches()
    parser = argparse.ArgumentParser(prog="./motcua bench", description="Measure Motcua beside its peers on this machine.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"rows to run, by default all, or in a quick run the gate's: {', '.join(known)}"
    )
    parser.add_argument("--quick", action="store_true", help=f"small counts; fails where a committed ratio lost more than {TOLERANCE:.0%}")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON that holds every row")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md, its figures and its plot")
    parser.add_argument("--baseline", action="store_true", help="with --quick: commit these ratios instead of comparing with them")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(known)}")
    if (options.baseline and not options.quick) or (options.write and options.quick):
        parser.error("--baseline is of a quick run, --write of a full one")
    chosen = {name: known[name] for name in options.names or (gated_benches(known) if options.quick else known)}
    if options.list:
        print("\n".join(chosen))
        return 0
    logging.disable(logging.WARNING)  # servers are started and stopped on purpose
    about, size = description(), QUICK if options.quick else FULL
    print("  ".join(f"{name} {value}" for name, value in about.items()), flush=True)
    measures, failed = measured(chosen, size)
    worse: list[str] = []
    if options.baseline:
        write_baseline(measures)
    elif options.quick and (suspects := regressed(measures)):
        print("\n".join(["measured again, to be sure:", *suspects]), flush=True)
        again = {name: chosen[name] for name in suspects}
        measures = [measure for measure in measures if measure.bench not in again] + measured(again, size)[0]
        worse = regressions(measures, read_baseline())
        print("\n".join(f"REGRESSION {line}" for line in worse))
    if options.write:
        write_report(measures, chosen, about)
    missed = [measure.name for measure in measures if any(target.met(measure) is False for target in measure.targets)]
    print(f"{len(measures)} rows, {len(missed)} with a target missed" + (f"; {len(failed)} could not be measured" if failed else ""))
    if options.json:
        whole = {"machine": about, "quick": options.quick, "rows": [measure.as_json() for measure in measures]}
        print(json.dumps({**whole, "missed": missed, "regressions": worse, "failed": failed}, ensure_ascii=False))
    return 1 if worse or failed else 0


def gated_benches(known: Iterable[str]) -> list[str]:
    """Name the rows that the gate compares: those with a committed ratio."""
    names = {name.partition(":")[0] for name in read_baseline()}
    return [name for name in known if name in names]


def regressed(measures: Sequence[Measure]) -> list[str]:
    """Name the benchmarks of which a row looks worse than what is committed."""
    baseline = read_baseline()
    return list(dict.fromkeys(measure.bench for measure in measures if regressions([measure], baseline)))


def measured(chosen: dict[str, Bench], size: Size) -> tuple[list[Measure], list[str]]:
    """Run benchmarks one after another, each on servers of its own or on what the one before has left (`ON_WHAT_IS_LEFT_BY`).

    Names those that failed, and goes on with the next.
    """
    spare_the_collector()  # as in a service, for ours and for the peers of this process alike
    measures, failed = list[Measure](), list[str]()
    with ExitStack() as kept:
        own, before = kept.enter_context(machine()), None
        for name, bench in chosen.items():
            since = time.monotonic()
            try:
                if before is not None and getattr(bench, "ON_WHAT_IS_LEFT_BY", None) != before:
                    kept.close()
                    own = kept.enter_context(machine())
                before = name
                new = uvloop.run(bench.run(own, size))  # pyright: ignore[reportArgumentType] - every row is a coroutine function
            except Exception as error:
                logging.getLogger(__name__).critical("%s could not be measured", name, exc_info=error)
                failed.append(name)
                continue
            measures += new
            if new:
                print(f"\n{name} ({time.monotonic() - since:.0f} s)\n{as_table(new)}", flush=True)
    return measures, failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
