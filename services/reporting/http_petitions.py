"""Step 1 of 8, http_api: petitions and meetings with enterprises in figures, for leaders, officers and analysts."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Query
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from services.reporting.domain.petitions import PetitionCut
from services.reporting.http_period import AskedPeriod, OnlyAgency, scope_of
from services.reporting.projections import MIRROR
from services.reporting.query import Mirror, told
from services.reporting.query_petitions import denunciations, meetings, petitions, total, view

ACTIONS: Final = {"petitions.read": {"leader", "analyst", "officer"}}
LINE: Final[tuple[PetitionCut, ...]] = ("month", "agency", "unit", "kind")

PetitionCuts = Annotated[
    list[PetitionCut] | None,
    Query(min_length=1, max_length=len(get_args(PetitionCut)), description="What lines are told apart by, in this order; several times."),
]
Traced = Annotated[bool, Query(description="Name the facts that each figure counts, by their positions in feedback's log.")]


def routes(mirror: Mirror) -> APIRouter:
    """Make the route."""
    router = APIRouter(prefix="/v1")

    @router.get("/petitions")
    async def counted(
        principal: Annotated[Principal, allowed("petitions.read")],
        period: AskedPeriod,
        cut: PetitionCuts = None,
        agency: OnlyAgency = None,
        traced: Traced = False,  # noqa: FBT002 - a query
        after: After = None,
    ) -> Response:
        """Count petitions and complaints by month of receipt, agency, unit that leads and kind, or by each `cut`; and meetings.

        Denunciations are counted by themselves, in whole months, and none is named.
        """
        await wait_for(mirror.runtime.log, MIRROR.name, after)
        parts = tuple(dict.fromkeys(cut)) if cut else LINE
        scope = scope_of(principal, agency)
        async with mirror.reading() as reading:
            meant = await reading.period(period)
            lines = await petitions(reading.connection, meant, scope, parts)
            return json_response(
                {
                    "items": [{**dict(zip(parts, key, strict=True)), **view(line, traced=traced)} for key, line in lines.items()],
                    "total": view(total([*lines.values()]), traced=traced),
                    "meetings": view({**await meetings(reading.connection, meant, scope)}, traced=traced),
                    "denunciations": await denunciations(reading.connection, meant.whole_months(), scope),
                    "period": told(meant),
                    **reading.freshness,
                }
            )

    _ = counted
    return router
