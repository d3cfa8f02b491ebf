"""`./motcua fold`: an analyst's own fold over the facts, run behind walls, compared with another, and promoted by a leader (ADR 36)."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import aiohttp
import nats

from deploy.local.fold_facts import SOURCES, ends_of_bundle, ends_of_streams, merged, of_bundle, of_stream
from deploy.local.fold_run import Limits, Run, Stopped, hash_of, run
from deploy.local.stack import Stack, supervisor_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from deploy.local.fold_facts import Told

NOT_RUNNING: Final = 3
STOPPED: Final = 4
SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Facts:
    """Where facts come from: how far they are, and how they are read up to somewhere."""

    ends: Mapping[str, int]
    upto: Callable[[Mapping[str, int]], AsyncGenerator[Told]]

    async def run(self, source: str, positions: Mapping[str, int], limits: Limits) -> Run:
        """Run a fold over the facts up to some positions."""
        return await run(source, positions, lambda: self.upto(positions), limits)


@dataclass(frozen=True, slots=True)
class Differing:
    """How the rows of two runs differ: keys that only one has, and rows that are not the same."""

    only_first: list[dict[str, Any]]
    only_second: list[dict[str, Any]]
    changed: list[tuple[dict[str, Any], dict[str, Any]]]

    @property
    def count(self) -> int:
        """How many rows differ."""
        return len(self.only_first) + len(self.only_second) + len(self.changed)


def compare(first: Run, second: Run) -> Differing:
    """Compare two runs row by row."""

    def by_key(one: Run) -> dict[tuple[str, ...], dict[str, Any]]:
        return {tuple(str(row.get(column)) for column in second.key): row for row in one.rows}

    before, after = by_key(first), by_key(second)
    return Differing(
        [row for key, row in before.items() if key not in after],
        [row for key, row in after.items() if key not in before],
        [(row, after[key]) for key, row in before.items() if key in after and after[key] != row],
    )


def show(data: Path, file: Path, bundle: Path | None, limits: Limits, *, as_json: bool) -> int:
    """Run a fold over all facts, and print its rows; nothing is kept."""
    source = file.read_text(encoding="utf-8")

    async def shown(facts: Facts) -> int:
        found = await facts.run(source, facts.ends, limits)
        if as_json:
            print(json.dumps(told(found), ensure_ascii=False))
            return 0
        print_rows(found.rows)
        places = ", ".join(f"{source}/{pos}" for source, pos in found.positions.items())
        print(f"{found.name}: {len(found.rows)} rows of {found.facts} facts up to {places}; fold {found.source_hash[:12]}", file=sys.stderr)
        return 0

    return work(data, bundle, shown)


def differ(data: Path, file: Path, other: Path | None, bundle: Path | None, limits: Limits, *, as_json: bool) -> int:
    """Run a fold over the facts that another was run over, and say which rows differ; the other is a file, or what was promoted."""
    source, others = file.read_text(encoding="utf-8"), other.read_text(encoding="utf-8") if other is not None else None

    async def compared(facts: Facts) -> int:
        if others is not None:
            second = await facts.run(source, facts.ends, limits)
            first = await facts.run(others, facts.ends, limits)
        else:
            # Its name is in it: so it is run once to be known, and once more over the facts that the promoted one knew.
            name = (await facts.run(source, facts.ends, limits)).name
            first = promoted(await ask(data, "GET", f"/v1/folds/{name}"))
            second = await facts.run(source, first.positions, limits)
        found = compare(first, second)
        if as_json:
            print(json.dumps({"only_first": found.only_first, "only_second": found.only_second, "changed": found.changed}))
        else:
            for mark, rows in (("-", found.only_first), ("+", found.only_second)):
                for row in rows[:SHOWN_MAX]:
                    print(mark, json.dumps(row, ensure_ascii=False))
            for before, after in found.changed[:SHOWN_MAX]:
                print("~", json.dumps(before, ensure_ascii=False), "->", json.dumps(after, ensure_ascii=False))
            print(f"{found.count} rows differ of {len(first.rows)} and {len(second.rows)}", file=sys.stderr)
        return 1 if found.count else 0

    return work(data, bundle, compared)


def promote(data: Path, file: Path, limits: Limits) -> int:
    """Run a fold twice over all facts, and have its rows shown by reporting if both runs gave the same."""
    source = file.read_text(encoding="utf-8")

    async def asked(facts: Facts) -> int:
        found, again = await facts.run(source, facts.ends, limits), await facts.run(source, facts.ends, limits)
        if found.rows != again.rows:
            raise Stopped("not promoted: over the same facts it gave other rows the second time")
        body = {"source": source, "positions": dict(found.positions), "key": list(found.key), "rows": list(found.rows)}
        answer = await ask(data, "PUT", f"/v1/folds/{found.name}", body)
        print(f"{found.name}: {len(found.rows)} rows, {answer['position']}; GET /v1/folds/{found.name}")
        return 0

    return work(data, None, asked)


def work(data: Path, bundle: Path | None, todo: Callable[[Facts], Awaitable[int]]) -> int:
    """Do something with the facts of a running Motcua, or of an exported file; give the exit code."""

    async def with_streams() -> int:
        connection = await nats.connect(Stack(data).nats_url("analyst").split(","), max_reconnect_attempts=-1)
        try:
            ends = await ends_of_streams(connection)
            return await todo(Facts(ends, lambda upto: merged([of_stream(connection, one, upto.get(one, 0)) for one in SOURCES])))
        finally:
            await connection.close()

    async def with_bundle(file: Path) -> int:
        ends = ends_of_bundle(file)
        return await todo(Facts(ends, lambda upto: merged([of_bundle(file, one, upto.get(one, 0)) for one in SOURCES])))

    if bundle is None and supervisor_of(data) is None:
        print("Motcua không chạy ở đó · Motcua is not running there; start it first: ./motcua up", file=sys.stderr)
        return NOT_RUNNING
    try:
        return asyncio.run(with_streams() if bundle is None else with_bundle(bundle))
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return STOPPED


async def ask(data: Path, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Ask reporting as a leader of all agencies.

    Raises:
        Stopped: with what reporting says against it.
    """
    stack = Stack(data)
    headers = {"Authorization": f"Bearer {stack.issuer.token('fold', ['leader'], ['*'], 60)}", "Idempotency-Key": uuid4().hex}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, stack.urls["reporting"] + path, json=body, headers=headers) as answer,
    ):
        said: dict[str, Any] = await answer.json(content_type=None)
        if not answer.ok:
            message = f"reporting: {said.get('detail_en')} {said.get('errors', '')}"
            raise Stopped(message)
        return said


def told(found: Run) -> dict[str, Any]:
    """Tell of a run."""
    return {
        "name": found.name,
        "key": found.key,
        "source_hash": found.source_hash,
        "rows_hash": found.rows_hash,
        "positions": dict(found.positions),
        "facts": found.facts,
        "rows": found.rows,
    }


def promoted(said: Mapping[str, Any]) -> Run:
    """Read what was promoted."""
    source_hash = said.get("source_hash") or hash_of("")
    return Run(said["fold"], tuple(said["key"]), source_hash, said["positions"], 0, tuple(said["rows"]))


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table."""
    if rows:
        texts = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
        widths = [max(len(text[n]) for text in texts) for n in range(len(rows[0]))]
        for text in texts:
            print("  ".join(cell.ljust(width) for cell, width in zip(text, widths, strict=True)).rstrip())
