"""Step 1 of 8, http_api: sets of indicators with their values, the check of both computations, and values that leaders sign for."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.reporting import IndicatorOverridden, IndicatorOverrideWithdrawn
from contracts.reporting_indicators import IndicatorCode, OverrideReason, PackCode
from contracts.vocabulary import AgencyCode, IndicatorOverrideId
from kernel.edge.answer import json_response
from kernel.edge.body import NFC, Body
from kernel.edge.etag import versioned
from kernel.edge.identity import Principal
from kernel.edge.policy import allowed
from kernel.edge.position import After, wait_for
from kernel.edge.problem import BUSY, INVALID, NOT_FOUND, Fault, Kind, Problem, Sentence, refusal, retry_later
from services.reporting.domain import overriding
from services.reporting.domain.measure_names import MEASURES
from services.reporting.domain.period import Period
from services.reporting.handle_indicators import Overrider, Said
from services.reporting.http_period import AskedPeriod, OnlyAgency, insist_on_period, scope_of
from services.reporting.http_tag import tagged
from services.reporting.packs import OnFile, Shelf
from services.reporting.projections import MIRROR
from services.reporting.query import Mirror
from services.reporting.query_indicators import FACTS_MAX, Check, TooMany, head, shown
from services.reporting.trace import Away

READERS: Final = {"leader", "analyst", "officer"}
ACTIONS: Final[dict[str, set[str]]] = {
    "indicators.read": READERS,
    "indicators.check": {"leader", "analyst"},
    "indicator.override": {"leader"},
    "override.read": {"leader", "analyst"},
}
REFUSALS: Final = (refusal("no-such-override", "Chưa ai ấn định giá trị này.", "Nobody has said a value there.", status=404),)
TOO_MANY: Final = Kind(
    "too-many-facts",
    409,
    Sentence("Quá nhiều sự kiện để đối chiếu ngay", "Too many facts to check while you wait"),
    Sentence("Chỉ đối chiếu được tối đa {most} sự kiện trong một lần hỏi.", "At most {most} facts are checked at once.").filled(
        most=FACTS_MAX
    ),
)
UNKNOWN_INDICATOR: Final = Fault("body", "/indicator", Sentence("Bộ chỉ số này không có chỉ số đó.", "This set has no such indicator."))

PackOf = Annotated[PackCode, Path(description="The set, for example `qd-766`.")]
Version = Annotated[int | None, Query(ge=1, le=9999, description="A version of the set; the last, unless one is named.")]
PaperText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), NFC]


class OverrideBody(Body):
    """What an indicator is worth in a period, by which paper, and what shows it. No person is named in it."""

    indicator: IndicatorCode
    agency: AgencyCode
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    value: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$"), Field(examples=["82.5"])]
    reason: OverrideReason
    decision: PaperText
    evidence: Annotated[list[PaperText], Field(min_length=1, max_length=10)]


class WithdrawalBody(Body):
    """By which paper a value is withdrawn."""

    decision: PaperText


def routes(mirror: Mirror, shelf: Shelf, check: Check) -> APIRouter:
    """Make the routes of indicators."""
    router = APIRouter(prefix="/v1")
    add_sets(router, mirror, shelf, check)
    add_overrides(router, mirror, shelf, Overrider(mirror))
    return router


def found_on(shelf: Shelf, id: str, version: int | None = None) -> OnFile:
    """Give a version of a set.

    Raises:
        Problem: 404, if there is none.
    """
    if (one := shelf.find(id, version)) is None:
        raise Problem(NOT_FOUND)
    return one


def add_sets(router: APIRouter, mirror: Mirror, shelf: Shelf, check: Check) -> None:
    """Add the sets, their values, and the check."""
    log = mirror.runtime.log

    @router.get("/indicators", dependencies=[allowed("indicators.read")])
    async def sets() -> Response:
        """List the sets of indicators as they are defined, and the measures that formulas may name."""
        return json_response(
            {"items": [{**head(one), "digits": one.pack.digits, "parts": one.pack.parts} for one in shelf.newest()], "measures": MEASURES}
        )

    @router.get("/indicators/{pack}")
    async def values(
        request: Request,
        pack: PackOf,
        principal: Annotated[Principal, allowed("indicators.read")],
        period: AskedPeriod,
        agency: OnlyAgency = None,
        version: Version = None,
        after: After = None,
    ) -> Response:
        """Give a set with its values; what a leader signed for his agency and this very period stands beside what is computed."""
        one = found_on(shelf, pack, version)
        scope = scope_of(principal, agency)
        await wait_for(log, MIRROR.name, after)
        async with mirror.reading() as reading:
            answer = await shown(reading, one, await reading.period(period), scope, agency)
        return tagged(request, json_response(answer), answer, scope)

    @router.get("/indicators/{pack}/check")
    async def checked(
        pack: PackOf,
        principal: Annotated[Principal, allowed("indicators.check")],
        period: AskedPeriod,
        agency: OnlyAgency = None,
        version: Version = None,
        after: After = None,
    ) -> Response:
        """Compute a set twice, by SQL over the read tables and by a fold over the facts themselves, and say whether both agree."""
        one, scope = found_on(shelf, pack, version), scope_of(principal, agency)
        await wait_for(log, MIRROR.name, after)
        async with mirror.reading() as reading:
            meant = await reading.period(period)
        try:
            return json_response(await check.compare(one, meant, scope))
        except TooMany as error:
            raise Problem(TOO_MANY) from error
        except Away as error:
            raise retry_later(BUSY) from error

    _ = (sets, values, checked)


def add_overrides(router: APIRouter, mirror: Mirror, shelf: Shelf, overrider: Overrider) -> None:
    """Add what leaders say in place of what is computed."""
    runtime = mirror.runtime

    @router.post("/indicators/{pack}/overrides", status_code=201)
    async def override(
        request: Request, pack: PackOf, body: OverrideBody, principal: Annotated[Principal, allowed("indicator.override")]
    ) -> Response:
        """Say what an indicator is worth in a period, over one's name; what is computed stays beside it."""
        one = found_on(shelf, pack)
        if (part := one.pack.indicators().get(body.indicator)) is None:
            raise Problem(INVALID, faults=[UNKNOWN_INDICATOR])
        insist_on_period(period := Period(body.first, body.last), "body")
        return await runtime.commands.run(
            request,
            principal,
            lambda command: overrider.override(one, part, said(body, period), command),
            status=201,
            location="/v1/indicator-overrides/{id}",
        )

    @router.post("/indicator-overrides/{id}/withdrawal")
    async def withdraw(
        request: Request, id: UUID, body: WithdrawalBody, principal: Annotated[Principal, allowed("indicator.override")]
    ) -> Response:
        """Let what is computed stand again. What was said stays recorded."""
        return await runtime.commands.run(
            request, principal, lambda command: overrider.withdraw(IndicatorOverrideId(id), body.decision, command)
        )

    @router.get("/indicator-overrides/{id}")
    async def history(request: Request, id: UUID, principal: Annotated[Principal, allowed("override.read")]) -> Response:
        """Give everything that was ever said of an indicator in a period, by whom, and beside which computed value."""
        found = await runtime.log.load(id)
        facts: list[Any] = [event.fact for event in found.events]
        own = [fact for fact in facts if isinstance(fact, (IndicatorOverridden, IndicatorOverrideWithdrawn))]
        if not own or (state := overriding.DECIDER.state_of(found)) is None:
            raise Problem(NOT_FOUND)
        principal.require(own[0].agency)
        return versioned(request, found.version, {"id": id, "stands": isinstance(state, IndicatorOverridden), "items": own})

    _ = (override, withdraw, history)


def said(body: OverrideBody, period: Period) -> Said:
    """Read what a leader says."""
    return Said(
        agency=body.agency,
        period=period,
        value=body.value,
        reason=body.reason,
        decision=body.decision,
        evidence=body.evidence,
    )
