"""The commands of `./motcua fold`. Each imports only what it needs."""

# ruff: noqa: PLC0415 - imports inside commands: see above

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

DATA = Path(__file__).resolve().parents[2] / ".motcua" / "data"
Data = Annotated[Path, Parameter(name="--data", help="Folder of the Motcua that runs.")]
CpuSeconds = Annotated[int, Parameter(help="Seconds of processor after which it is stopped.")]
WallSeconds = Annotated[float, Parameter(help="Seconds after which it is stopped.")]
MemoryMb = Annotated[int, Parameter(help="Megabytes of memory that it may need.")]
Bundle = Annotated[Path | None, Parameter(help="A file that events export has written: over its facts, with no server.")]
fold = App(name="fold", help="A fold of your own over the facts: run it behind walls, compare it, have it shown (docs/folds.md).")


@fold.command(name="run")
def run_fold(
    file: Path,
    data: Data = DATA,
    *,
    bundle: Bundle = None,
    cpu_seconds: CpuSeconds = 30,
    wall_seconds: WallSeconds = 300.0,
    memory_mb: MemoryMb = 512,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Run a fold over all facts and print its rows; nothing is kept. Exit code 4: it was stopped, or failed."""
    from deploy.local import fold
    from deploy.local.fold_run import Limits

    return fold.show(data.resolve(), file, bundle, Limits(cpu_seconds, wall_seconds, memory_mb), as_json=json)


@fold.command(name="compare")
def compare_folds(
    file: Path,
    data: Data = DATA,
    *,
    other: Annotated[Path | None, Parameter(name="--with", help="The other fold; without it, what was promoted under its name.")] = None,
    bundle: Bundle = None,
    cpu_seconds: CpuSeconds = 30,
    wall_seconds: WallSeconds = 300.0,
    memory_mb: MemoryMb = 512,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Run a fold over the facts that another was run over, and show which rows differ. Exit code 1: some do."""
    from deploy.local import fold
    from deploy.local.fold_run import Limits

    return fold.differ(data.resolve(), file, other, bundle, Limits(cpu_seconds, wall_seconds, memory_mb), as_json=json)


@fold.command(name="promote")
def promote_fold(
    file: Path,
    data: Data = DATA,
    *,
    cpu_seconds: CpuSeconds = 30,
    wall_seconds: WallSeconds = 300.0,
    memory_mb: MemoryMb = 512,
) -> int:
    """Run a fold over all facts, twice, and let reporting show its rows: GET /v1/folds/NAME."""
    from deploy.local import fold
    from deploy.local.fold_run import Limits

    return fold.promote(data.resolve(), file, Limits(cpu_seconds, wall_seconds, memory_mb))
