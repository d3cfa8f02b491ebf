"""Step 1 of 8, http_api: what was answered, for leaders, officers and analysts."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.identity import Principal
from kernel.edge.policy import ANYBODY, allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import NOT_ALLOWED, Problem, Sentence
from services.reporting.domain.satisfaction import VoiceCut
from services.reporting.handle_scores import Watch
from services.reporting.http_period import AskedPeriod, OnlyAgency, scope_of
from services.reporting.projections import MIRROR
from services.reporting.query import Mirror
from services.reporting.query_satisfaction import WantedTable, position_of, table

READERS: Final = frozenset({"leader", "analyst", "officer"})
ACTIONS: Final = {
    "satisfaction.read": READERS | {ANYBODY},
    "scores.read": {"leader"},
    "scores.measure": {"leader"},
}
OF_OFFICERS: Final = "leader"
"""Who evaluates officers (NĐ 61/2018, Điều 32; TT 01/2018, Điều 15.3): nobody else sees what is said of which account."""
ONLY_LEADERS: Final = Sentence(
    "Chỉ lãnh đạo được xem kết quả đánh giá theo từng công chức.", "Only leaders see results officer by officer."
)
PUBLIC_CUTS: Final[tuple[VoiceCut, ...]] = ("month", "agency", "field", "procedure")
"""What everybody may tell lines apart by; everything is of whole months and groups, as for those who have an account."""
ONLY_COARSE: Final = Sentence(
    "Không có tài khoản thì chỉ xem được kết quả hiện tại theo tháng, cơ quan, lĩnh vực, thủ tục.",
    "Without an account results are shown as of now only, by month, agency, field and procedure.",
)
LINE: Final[tuple[VoiceCut, ...]] = ("month", "agency", "field")

VoiceCuts = Annotated[
    list[VoiceCut] | None,
    Query(min_length=1, max_length=len(get_args(VoiceCut)), description="What lines are told apart by, in this order; several times."),
]
PATTERN: Final = r"^feedback/[0-9]{1,18}$"
AsOf = Annotated[str | None, Query(pattern=PATTERN, description="As of this position of feedback's log, e.g. `feedback/1234`.")]
Since = Annotated[
    str | None, Query(pattern=PATTERN, description="Say what became known after this position, and name the answers that changed a figure.")
]


def routes(mirror: Mirror) -> APIRouter:
    """Make the route."""
    router = APIRouter(prefix="/v1")
    log = mirror.runtime.log

    @router.get("/satisfaction")
    async def satisfaction(
        principal: Annotated[Principal, allowed("satisfaction.read")],
        period: AskedPeriod,
        cut: VoiceCuts = None,
        agency: OnlyAgency = None,
        as_of: AsOf = None,
        since: Since = None,
        after: After = None,
    ) -> Response:
        """Give what was answered, by month, agency and field unless `cut` says otherwise; of the whole months that the period touches.

        By officer for leaders only; everybody gets what is known now by month, agency, field and procedure. Beside it stand who was asked
        and who was let in to answer. Answers are counted in groups that are never taken apart: of fewer than `cell_min` nothing is told,
        and `withheld` and `waiting` say that they are there.
        """
        parts = tuple(dict.fromkeys(cut)) if cut else LINE
        known_here = not READERS.isdisjoint(principal.roles)
        if not known_here and (as_of or since or not set(parts) <= set(PUBLIC_CUTS)):
            raise Problem(NOT_ALLOWED, detail=ONLY_COARSE)
        if "officer" in parts and OF_OFFICERS not in principal.roles:
            raise Problem(NOT_ALLOWED, detail=ONLY_LEADERS)
        for position in (after, as_of):
            await wait_for(log, MIRROR.name, position)
        wanted = WantedTable(cut=parts, as_of=position_of(as_of), since=position_of(since), coarse=not known_here)
        return json_response(await table(mirror, period, scope_of(principal, agency), wanted))

    @router.get("/low-scores")
    async def low_scores(principal: Annotated[Principal, allowed("scores.read")], after: After = None) -> Response:
        """List units and officers whose score fell below its floor and has not recovered: each is a task for somebody."""
        await wait_for(log, MIRROR.name, after)
        async with mirror.reading() as reading:
            return json_response({"items": await reading.low_scores(principal.scope), **reading.freshness})

    @router.post("/low-scores/measuring", dependencies=[allowed("scores.measure")])
    async def measure(request: Request) -> Response:
        """Measure all scores now, as is done by itself every so often; what was told before is not told again."""
        return json_response({"recorded": await Watch(mirror).measure(mirror.runtime.commands.clock.now(request))})

    _ = (satisfaction, low_scores, measure)
    return router
