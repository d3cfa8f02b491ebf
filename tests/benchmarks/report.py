"""Results for people: the table in the terminal, the page docs/benchmarks.md and its plot.

The figures of every row stay in docs/benchmarks.json, so that rows measured at different times stand on one page, each with
its own commit.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from deploy.local.processes import ROOT
from tests.benchmarks.machine import answer
from tests.benchmarks.measure import Measure

FIGURES: Final = ROOT / "docs" / "benchmarks.json"
PAGE: Final = ROOT / "docs" / "benchmarks.md"
PLOT: Final = ROOT / "docs" / "benchmarks.svg"
HEADER: Final = ("case", "", "value", "ours is", "target", "met")
MET: Final[Mapping[bool | None, str]] = {True: "yes", False: "no", None: "not measured"}
PREFACE: Final = """\
# Benchmarks

Written by `./motcua bench --write`; every round's figure is in [benchmarks.json](benchmarks.json). Ours and its peers ran in the same run,
on the same machine, with the same payload and the same durability, in turns: ours, peer A, peer B, ours, … A value is the median of the
rounds. *Ours is* the median of each round's ratio: above 1 is better, whatever the unit.

`./motcua bench --quick` runs smaller counts and fails where a ratio is below half of what `tests/benchmarks/baseline.json`
has for it, twice in a row. Both sides of those ratios do the same work on the same disk in turns, so they depend little on the machine.
What depends on it more than on the code stays out: rates, times, and costs, where a tenth is wanted and a busy machine's noise is more.

![How many times as good as its peers ours is, and the target](benchmarks.svg)
"""

Row = dict[str, Any]
"""A measure as JSON: what is kept and shown."""


def as_table(measures: Sequence[Measure]) -> str:
    """Lay the rows out for a terminal."""
    lines = [HEADER, *(line for measure in measures for line in cells(measure.as_json()))]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADER))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def cells(row: Row) -> Iterator[tuple[str, ...]]:
    """Give the lines of one row: ours first, then each peer with its ratio and target."""
    of_peer = {target["target"].partition("× ")[2]: target for target in row["targets"]}
    own = [target for name, target in of_peer.items() if not name]
    yield (
        row["case"],
        "ours",
        number(row["ours"], row["unit"]),
        "",
        ", ".join(t["target"] for t in own),
        ", ".join(MET[t["met"]] for t in own),
    )
    for peer in dict.fromkeys([*row["peers"], *filter(None, of_peer)]):
        target = of_peer.get(peer)
        value = number(row["peers"][peer], row["unit"]) if peer in row["peers"] else "-"
        ratio = f"{row['ratios'][peer]:.2f}×" if peer in row["ratios"] else "-"
        yield "", peer, value, ratio, target["target"].partition("×")[0] + "×" if target else "", MET[target["met"]] if target else ""


def number(value: float, unit: str) -> str:
    """Write a figure with as many digits as it deserves."""
    return f"{value:,.0f} {unit}" if abs(value) >= 100 else f"{value:.3g} {unit}"


def write_report(measures: Sequence[Measure], benches: Mapping[str, object], machine: Mapping[str, Any]) -> None:
    """Keep the figures of these rows beside those of the others, and write page and plot anew."""
    kept: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    commit = answer("git", "rev-parse", "--short", "HEAD")
    for name in dict.fromkeys(measure.bench for measure in measures):
        kept[name] = {
            "about": inspect.getdoc(benches[name]) or "",
            "machine": dict(machine),
            "command": f"./motcua bench {name} --write",
            "commit": commit,
            "rows": [measure.as_json() for measure in measures if measure.bench == name],
        }
    FIGURES.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(as_page(kept), encoding="utf-8")
    PLOT.write_text(as_plot([row for bench in kept.values() for row in bench["rows"]]), encoding="utf-8")


def as_page(benches: Mapping[str, Any]) -> str:
    """Write the page: how to read it, then each benchmark with its text and its table."""
    parts = [PREFACE]
    for name, bench in benches.items():
        machine = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in bench["machine"].items())
        parts += [f"## {name}\n", f"{bench['about']}\n", f"`{bench['command']}` at commit {bench['commit']}; {machine}.\n"]
        parts += ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
        parts += ["| " + " | ".join(line) + " |" for row in bench["rows"] for line in cells(row)]
        parts += [f"\n{row['case']}: {row['note']}" for row in bench["rows"] if row["note"]]
        parts.append("")
    return "\n".join(parts)


def as_plot(rows: Sequence[Row]) -> str:
    """Draw one bar per ratio that has a target, on a logarithmic scale, with a mark where the target is."""
    bars = [
        (f"{row['bench']} {row['case']} / {peer}", row["ratios"][peer], float(target["target"].split("×")[0].lstrip("≥ ").replace(",", "")))
        for row in rows
        for target in row["targets"]
        if (peer := target["target"].partition("× ")[2]) in row["ratios"]
    ]
    left, width, step, top = 400, 560, 24, 34
    least, most = -1.0, max([2.0, *(math.log10(max(ratio, target)) for _, ratio, target in bars)])

    def x(value: float) -> float:
        return left + width * (max(math.log10(value), least) - least) / (most - least)

    height = top + step * len(bars) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/><text x="10" y="18">times as good as the peer; | = target</text>',
    ]
    for power in range(int(least), int(most) + 1):
        at, name = x(10.0**power), f"{10.0**power:g}×"
        parts.append(
            f'<path d="M{at:.1f} {top - 8}V{height - 8}" stroke="#ccc"/><text x="{at:.1f}" y="20" text-anchor="middle">{name}</text>'
        )
    for n, (label, ratio, target) in enumerate(bars):
        y, colour = top + step * n, "#2a7f62" if ratio >= target else "#c0562f"
        parts += [
            f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{label}</text>',
            f'<rect x="{left}" y="{y + 2}" width="{max(x(ratio) - left, 1):.1f}" height="14" fill="{colour}"/>',
            f'<path d="M{x(target):.1f} {y}v18" stroke="#000" stroke-width="2"/>',
            f'<text x="{max(x(ratio), x(target)) + 5:.1f}" y="{y + 13}">{ratio:.2f}×</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
