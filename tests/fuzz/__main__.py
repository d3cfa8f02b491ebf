"""`./motcua fuzz`: the parsers of bytes from outside, led by which of their lines a change reaches (atheris, libFuzzer).

One process for each parser, one after another: libFuzzer ends its process when it has found something or its time is over. What reached
something new is kept and is where the next run begins; what was found is kept as a file and printed, so that it can become a test.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import atheris as _atheris

from tests.architecture.source import ROOT
from tests.fuzz.changes import changed

if TYPE_CHECKING:
    from tests.fuzz.parsers import Parser

atheris: Any = _atheris  # its types name half of it
KEPT: Final = ROOT / ".motcua" / "fuzz"
ONE_SECONDS: Final = 10
"""How long a parser may take over one input before that is a finding: one body would keep a process busy."""
MEMORY_MB: Final = 2048
LENGTH_MAX: Final = 16384
LED_BY: Final = ("kernel", "services", "contracts", "deploy", "joserfc", "yaml", "nats", "zipfile", "ipaddress", "urllib")
"""Packages whose lines lead the search; what is compiled (pydantic, orjson) is a box to it."""


def instrumented() -> Mapping[str, Parser]:
    """Import the parsers so that the fuzzer sees which of their lines run."""
    atheris.enabled_hooks.add("str")  # its hook for regular expressions breaks on those over bytes
    # It names each module that it instruments, some three hundred.
    with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=list(LED_BY), enable_loader_override=False):
        from tests.fuzz.parsers import PARSERS  # noqa: PLC0415 - its imports are what is to be instrumented
    return {parser.name: parser for parser in PARSERS}


def fuzz(parser: Parser, seconds: int, home: Path) -> None:
    """Become libFuzzer over one parser; does not come back."""
    corpus = home / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(parser.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)

    def read(content: bytes) -> None:
        try:
            parser.read(content)
        except parser.refuses:
            return

    def change(content: bytes, length_max: int, seed: int) -> bytes:
        # libFuzzer's own changes know what was compared with what; ours know JSON, and what parsers stumble over.
        chance = Random(seed)  # noqa: S311 - libFuzzer's, so that a run can be had again
        return atheris.Mutate(content, length_max) if chance.random() < 1 / 2 else changed(content, chance, parser.seeds)[:length_max]

    bounds = [f"-max_total_time={seconds}", f"-timeout={ONE_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={LENGTH_MAX}"]
    atheris.Setup([sys.argv[0], *bounds, f"-artifact_prefix={home}/", "-print_final_stats=1", str(corpus)], read, custom_mutator=change)
    atheris.Fuzz()


def in_a_process(parser: Parser, seconds: int, home: Path) -> tuple[bool, str]:
    """Fuzz one parser in a process of its own; give whether it found something, and what it said."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log"
    if (pid := os.fork()) == 0:
        for stream in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600), stream)
        fuzz(parser, seconds, home)
        sys.exit(1)  # what was found is written on the way out
    return os.waitpid(pid, 0)[1] != 0, log.read_text(encoding="utf-8", errors="replace")


def findings(home: Path) -> set[Path]:
    """Give the inputs that libFuzzer has kept as findings."""
    return {file for kind in ("crash", "timeout", "oom") for file in home.glob(f"{kind}-*")}


def folder(name: str) -> Path:
    """Give where a parser's inputs are kept."""
    return KEPT / re.sub(r"\W+", "-", name).strip("-").lower()


def numbers(said: str) -> str:
    """Read from libFuzzer's last words how often it tried, what it reached and what it keeps."""
    runs = re.search(r"stat::number_of_executed_units:\s+(\d+)", said)
    reached = re.findall(r"cov: (\d+) ft: \d+ corp: (\d+)", said)
    cover, kept = reached[-1] if reached else ("?", "?")
    return f"{int(runs[1]) if runs else 0:>9} runs, {cover:>5} places reached, {kept:>4} inputs kept"


def main(names: list[str], minutes: float) -> int:
    """Give each parser its part of the time; 1 if anything was found."""
    parsers = instrumented()
    if unknown := sorted(set(names) - set(parsers)):
        print(f"no such parser: {', '.join(unknown)}; there are: {', '.join(parsers)}", file=sys.stderr)
        return 2
    wanted = names or list(parsers)
    seconds, found, began = max(1, round(minutes * 60 / len(wanted))), 0, time.monotonic()
    for name in wanted:
        home = folder(name)
        before = findings(home)
        failed, said = in_a_process(parsers[name], seconds, home)
        found += failed
        print(f"{'FOUND' if failed else 'ok   '} {name:<32}{numbers(said)}", flush=True)
        if failed:
            print(said[-3000:])
            print("".join(f"{file}: {file.read_bytes()!r}\n" for file in sorted(findings(home) - before)), flush=True)
    print(f"{len(wanted)} parsers, {seconds} s each, {time.monotonic() - began:.0f} s in all: {found} with findings")
    return 1 if found else 0


if __name__ == "__main__":
    cli = argparse.ArgumentParser("./motcua fuzz")
    cli.add_argument("names", nargs="*")
    cli.add_argument("--minutes", type=float, default=10.0)
    told: Any = cli.parse_args()
    sys.exit(main(told.names, told.minutes))
