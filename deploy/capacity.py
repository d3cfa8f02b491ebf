"""`python -m deploy.capacity`: docs/capacity.md, what a node carries and a place needs, from what was measured and what is assumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from kernel.eventlog.event import SHARDS

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parent / "docs" / "capacity.md"
BENCHMARKS: Final = HERE.parent / "docs" / "benchmarks.json"
CORES: Final = (2, 8, 32)
COPIES: Final = 3
"""Of PostgreSQL and of each stream, as the manifests have them."""
SECONDS_AN_HOUR: Final = 3600
GIGABYTE: Final = 1_000_000_000

HEAD: Final = """\
# Capacity

Made by `python -m deploy.capacity` from [benchmarks.json](benchmarks.json) and `deploy/capacity.yaml`; a test fails when this page is
stale. A *lifecycle* is a dossier's way over HTTP: submitted, accepted, its case found, claimed, decided; all four services, PostgreSQL
and NATS on one machine, and the callers on it too.

"""
UNKNOWN: Final = """
## What is not known

* Nothing was measured on more than {cores} cores, nor with the servers on machines of their own, where the network joins in and the
  callers leave. "× {of_linear}" is caution, not a measurement.
* The benchmark's case has one step, the demo's six; that a dossier costs as its facts do is a guess at what the further steps cost. Sizes
  are the demo's, with short forms and without files, which lie in a bucket and grow by what people upload.
* A disk that takes longer for a flush ({flush_ms} ms here) makes commits rarer and larger: one caller alone waits for it, many hardly do.
* How many dossiers there are a year: no source that could be reached says it.

## Past one node

In this order, for each costs more than the one before:

1. **Apart.** PostgreSQL, NATS and services on nodes of their own, as the manifests have them. API pods scale by their processor time
   (`deploy/k8s/components/autoscaling/`).
2. **A database server per service.** Each service has a database of its own and knows no other's: another `DATABASE_URL`, nothing else.
3. **Several logs, by agency.** One log is one row that all commands of a service pass ({append:,.0f} facts/s here). Agencies share no
   dossier, so a province, a city or a ministry gets services, databases and streams of its own: the same manifests in another namespace
   with another `ISSUER` or other agencies in the tokens. What spans them, a report of the country, reads all their streams: a reader
   keeps one position per source. Two deployments on one NATS need accounts of their own, for a stream is named after its service; reading
   several such accounts by one reporting is not built.
4. **Slices of one log.** A subject carries a shard (one of {shards}, from the dossier's id) so that a reader can take a part of a stream.
   Readers do not do so yet: one worker of a service leads. By the ceilings above nobody needs it for the country.

Memory does not grow with the logs: see `scale` in [benchmarks](benchmarks.md). Time to rebuild a read model does; it fills beside the
shown one, so nobody waits.
"""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The arithmetic. Rates are lifecycles per second unless they say otherwise."""

    cores: int
    lifecycle: float
    append: float
    rebuild: float
    react: float
    flush_ms: float
    measured: Mapping[str, Any]
    assumed: Mapping[str, Any]

    @property
    def facts(self) -> float:
        """Facts of a dossier, in all logs."""
        return sum(self.measured["facts"].values())

    @property
    def weight(self) -> float:
        """So many lifecycles of the benchmark a dossier of the demo is, by its facts."""
        return self.facts / self.measured["facts_of_a_lifecycle"]

    @property
    def ceilings(self) -> dict[str, float]:
        """What no number of cores lifts while there is one log and one leading worker: rates at which each would be busy all the time."""
        longest = max(self.measured["facts"].values()) / self.weight
        return {
            "one log takes on": self.append / longest,
            "one reactor answers": self.react / longest,
            "one projector that reads all logs": self.rebuild / (self.facts / self.weight),
        }

    def carries(self, cores: int) -> float:
        """Give what a node of so many cores carries."""
        if cores == self.cores:
            return self.lifecycle
        return min(self.lifecycle * cores / self.cores * self.assumed["of_linear"], *self.ceilings.values())

    @property
    def seconds_a_year(self) -> int:
        """The working time of a year."""
        return self.assumed["days_a_year"] * self.assumed["hours_a_day"] * SECONDS_AN_HOUR

    def peak(self, dossiers: int) -> float:
        """Give the rate of the busiest minute where there are so many dossiers a year."""
        return dossiers * self.weight / self.seconds_a_year * self.assumed["peak"]

    def a_year(self, rate: float) -> float:
        """Give the dossiers a year whose busiest minute is this rate."""
        return rate / self.weight / self.assumed["peak"] * self.seconds_a_year

    @property
    def bytes_a_dossier(self) -> int:
        """One copy of what PostgreSQL keeps of a dossier."""
        return sum(self.measured["postgres_bytes"].values())


def read() -> Capacity:
    """Read what was measured and what is assumed."""
    benchmarks: Any = json.loads(BENCHMARKS.read_text(encoding="utf-8"))
    told: Any = yaml.safe_load((HERE / "capacity.yaml").read_text(encoding="utf-8"))

    def ours(bench: str, case: str) -> float:
        return next(row["ours"] for row in benchmarks[bench]["rows"] if row["case"] == case)

    return Capacity(
        cores=benchmarks["scale"]["machine"]["cores"],
        lifecycle=ours("scale", "lifecycle at 1,000,000"),
        append=ours("append", "64 callers"),
        rebuild=ours("scale", "rebuild at 1,000,000"),
        react=ours("react", "consume, decide, append"),
        flush_ms=benchmarks["scale"]["machine"]["flush_ms"],
        **told,
    )


def page(of: Capacity) -> str:
    """Write the page."""
    years, text = of.assumed["years"], HEAD
    text += "## What one node carries\n\n| cores | lifecycles/s | dossiers a year | how it is known |\n|---|---|---|---|\n"
    for cores in CORES:
        how = (
            "measured, with a million dossiers there"
            if cores == of.cores
            else f"× {cores // of.cores} × {of.assumed['of_linear']}, or the least ceiling"
        )
        text += f"| {cores} | {of.carries(cores):,.0f} | {millions(of.a_year(of.carries(cores)))} | {how} |\n"
    text += (
        f"\nDossiers a year: so many that the busiest minute, {of.assumed['peak']} times the average of {of.assumed['days_a_year']} days of"
        f" {of.assumed['hours_a_day']} hours ({of.seconds_a_year:,} s), is that rate.\nA dossier of the demo, with its"
        f" {of.facts:.1f} facts, counts as {of.weight:.2f} lifecycles, which have {of.measured['facts_of_a_lifecycle']}.\n"
    )
    text += (
        "\nCeilings that more cores do not lift, for there is one log and one leading worker a service:\n\n| | lifecycles/s |\n|---|---|\n"
    )
    text += "".join(f"| {name} | {rate:,.0f} |\n" for name, rate in of.ceilings.items())
    kept = ", ".join(f"{name} {size:,}" for name, size in of.measured["postgres_bytes"].items())
    shares = ", ".join(f"{name} {facts}" for name, facts in of.measured["facts"].items())
    text += (
        f"\n## What a place needs\n\nA dossier is {of.facts:.1f} facts ({shares}),\n"
        f"{of.bytes_a_dossier:,} bytes in PostgreSQL ({kept}), and"
        f" {of.measured['stream_bytes']:,} in streams;\nof each there are {COPIES} copies. Measured over 400 dossiers of the demo.\n\n"
        f"| place | dossiers a year | busiest minute, lifecycles/s | of a node of {of.cores} cores"
        f" | PostgreSQL after {years} years | streams | a read model of all logs is rebuilt in |\n|---|---|---|---|---|---|---|\n"
    )
    for place, dossiers in of.assumed["places"].items():
        peak, there = of.peak(dossiers), dossiers * years
        needs = f"{peak:,.2f} | {peak / of.lifecycle:.1%}"
        keeps = " | ".join(f"{COPIES} × {gigabytes(there * size)}" for size in (of.bytes_a_dossier, of.measured["stream_bytes"]))
        text += f"| {place} | {dossiers:,} | {needs} | {keeps} | {duration(there * of.facts / of.rebuild)} |\n"
    text += (
        "\nUp to a province work is not what a place is short of. What grows is what is kept, and the time in which it is read again.\n"
        "A province has nodes of its own so that it fails, is updated and is restored alone, long before it needs them for the work.\n"
    )
    known = {"cores": of.cores, "of_linear": of.assumed["of_linear"], "flush_ms": of.flush_ms, "append": of.append, "shards": SHARDS}
    return text + UNKNOWN.format(**known)


def millions(count: float) -> str:
    """Write a large number as one would say it."""
    return f"{count / 1_000_000:,.0f} million"


def gigabytes(size: float) -> str:
    """Write a size in gigabytes."""
    return f"{size / GIGABYTE:,.0f} GB"


def duration(seconds: float) -> str:
    """Write a time in minutes or hours."""
    minutes = seconds / 60
    return f"{minutes:,.0f} min" if minutes < 2 * 60 else f"{minutes / 60:,.0f} h"


if __name__ == "__main__":
    PAGE.write_text(page(read()), encoding="utf-8")
