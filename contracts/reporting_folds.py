"""Facts of reporting about folds that analysts brought: which one is shown, and what it amounted to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, ContentHash, PrincipalId

FoldName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,59}$")]
"""What a fold is called, for example `dwell-by-office`."""


class FoldPromoted(Fact, type="reporting.fold.promoted.v1"):
    """A leader had the rows of an analyst's fold shown: what it computed, over which facts, and what came of it.

    `source` is the program, `rows` its rows as one JSON text in the order of their keys: their columns are the fold's own. Both are told by
    their hashes as well. The facts that it was given are those up to `positions`.
    """

    fold: FoldName
    agency: AgencyCode
    source: Annotated[str, Field(min_length=1, max_length=65_536)]
    source_hash: ContentHash
    positions: dict[str, Annotated[int, Field(ge=0)]]
    key: tuple[str, ...]
    rows: str
    rows_hash: ContentHash
    promoted_by: PrincipalId
    promoted_at: datetime
