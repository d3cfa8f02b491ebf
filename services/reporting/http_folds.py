"""Step 1 of 8, http_api: the rows of folds that analysts brought and a leader promoted. None of them is carried out here (ADR 36)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import APIRouter, Path, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.reporting_folds import FoldName, FoldPromoted
from contracts.vocabulary import AgencyCode
from kernel.edge.body import Body
from kernel.edge.etag import versioned
from kernel.edge.idempotency import Command
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.eventlog import Outcome, Target, carry_out
from services.reporting.domain import fold
from services.reporting.projections import SOURCES
from services.reporting.query import Mirror

ACTIONS: Final[dict[str, set[str]]] = {"fold.promote": {"leader"}, "fold.read": {"leader", "analyst", "officer"}}

MODEL_AGENCY: Final = "H09.13"
ROWS_MAX: Final = 1000
COLUMNS_MAX: Final = 12
Column = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Cell = Annotated[str, StringConstraints(max_length=200)] | bool | int | Annotated[float, Field(allow_inf_nan=False)] | None
Name = Annotated[FoldName, Path(description="What the fold is called.")]

COLUMNS_DIFFER: Final = Sentence(
    "Mọi dòng phải có cùng các cột, gồm cả các cột của khóa.", "All rows have the same columns, those of the key among them."
)
KEY_TWICE: Final = Sentence("Hai dòng có cùng khóa.", "Two rows have the same key.")
UNKNOWN_SOURCE: Final = Sentence("Không có nhật ký nào tên như vậy.", "No log is called so.")


class Promotion(Body):
    """What a fold amounted to: its program, the facts that it was given, and its rows; `key` tells one row from every other."""

    agency: AgencyCode = MODEL_AGENCY
    source: Annotated[str, Field(min_length=1, max_length=65_536)]
    positions: dict[str, Annotated[int, Field(ge=0, le=10**15)]]
    key: Annotated[tuple[Column, ...], Field(min_length=1, max_length=COLUMNS_MAX)]
    rows: Annotated[tuple[Annotated[dict[Column, Cell], Field(max_length=COLUMNS_MAX)], ...], Field(max_length=ROWS_MAX)]


def stream_of(name: str) -> UUID:
    """Give the stream of a fold."""
    return uuid5(NAMESPACE_URL, f"motcua:fold:{name}")


def routes(mirror: Mirror) -> APIRouter:
    """Make the routes of folds."""
    router, runtime = APIRouter(prefix="/v1"), mirror.runtime

    @router.put("/folds/{name}")
    async def promote(request: Request, name: Name, body: Promotion, principal: Annotated[Principal, allowed("fold.promote")]) -> Response:
        """Show the rows of a fold under its name from now on. `./motcua fold promote` runs it and asks for this."""
        principal.require(body.agency)
        insist_on_rows(body)

        async def carried(command: Command) -> Outcome[fold.State]:
            stream = stream_of(name)
            found = fold.DECIDER.state_of(await runtime.log.load(stream))
            if found is not None:
                principal.require(found.agency)
            target = Target(stream, fold.DECIDER, promoted(name, body, command))
            return await carry_out(runtime.log, target, command.meta, agency=body.agency, beside=command.beside)

        return await runtime.commands.run(request, principal, carried)

    @router.get("/folds/{name}")
    async def shown(request: Request, name: Name, principal: Annotated[Principal, allowed("fold.read")]) -> Response:
        """Give the rows that were promoted last, the facts that they are good for, and how many have come since (`behind`)."""
        history = await runtime.log.load(stream_of(name))
        if (found := fold.DECIDER.state_of(history)) is None:
            raise Problem(NOT_FOUND)
        principal.require(found.agency)
        heads = await mirror.heads.now() | {runtime.name: await runtime.log.head()}
        return versioned(request, history.version, view(found, heads))

    _ = (promote, shown)
    return router


def insist_on_rows(body: Promotion) -> None:
    """End the request with 422 if the rows are no table, or the positions are of no log."""
    faults = [Fault("body", f"/positions/{source}", UNKNOWN_SOURCE) for source in body.positions if source not in SOURCES]
    columns, seen = {*body.rows[0]} if body.rows else {*body.key}, set[tuple[Any, ...]]()
    for n, row in enumerate(body.rows):
        key = tuple(row.get(column) for column in body.key)
        if {*row} != columns or not {*body.key} <= columns:
            faults.append(Fault("body", f"/rows/{n}", COLUMNS_DIFFER))
        elif key in seen:
            faults.append(Fault("body", f"/rows/{n}", KEY_TWICE))
        seen.add(key)
    if faults:
        raise Problem(INVALID, faults=faults)


def promoted(name: FoldName, body: Promotion, command: Command) -> FoldPromoted:
    """Say what was promoted."""
    rows = json.dumps(body.rows, ensure_ascii=False)
    return FoldPromoted(
        fold=name,
        agency=body.agency,
        source=body.source,
        source_hash=hashlib.sha256(body.source.encode()).hexdigest(),
        positions=body.positions,
        key=body.key,
        rows=rows,
        rows_hash=hashlib.sha256(rows.encode()).hexdigest(),
        promoted_by=command.principal.sub,
        promoted_at=command.meta.time,
    )


def view(found: FoldPromoted, heads: Mapping[str, int | None]) -> dict[str, Any]:
    """Give what is shown of a fold."""
    behind = {source: None if (head := heads.get(source)) is None else max(0, head - pos) for source, pos in found.positions.items()}
    return {**found.model_dump(), "rows": json.loads(found.rows), "behind": behind}
