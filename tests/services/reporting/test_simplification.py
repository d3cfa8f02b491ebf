"""The ledger of cut time: a procedure counts by the way that is cut least, and limits of different units are never mixed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.intake import CatalogueRevised, LimitLine, ProcedurePublished, VersionInForce
from contracts.vocabulary import Channel, Limit, LimitUnit
from services.reporting.domain.simplification import CHANNELS, Offer, counted, line_for, offers_of, summed
from tests.services.reporting.facts import HASH, procedure
from tests.services.reporting.mirror import Mirrored
from tests.services.reporting.tables import stream_of

UNITS: Final[tuple[LimitUnit, ...]] = ("working-days", "calendar-days", "working-hours")
DECISION: Final = "205/QĐ-UBND"


def line(
    amount: int, committed: int | None = None, case: str | None = None, channel: Channel | None = None, unit: LimitUnit = "working-days"
) -> LimitLine:
    promised = None if committed is None else Limit(amount=committed, unit=unit)
    return LimitLine(case_code=case, channel=channel, limit=Limit(amount=amount, unit=unit), committed=promised)


def version(*lines: LimitLine, **more: Any) -> ProcedurePublished:
    return procedure("hoa-chat", "Hóa chất").model_copy(update={"limits": lines, **more})


def test_without_a_promise_what_the_law_allows_is_what_is_promised() -> None:
    [offer] = offers_of(version())
    assert (offer.by_law, offer.promised, offer.cut, offer.percent, offer.channels) == (5, 5, 0, 0.0, CHANNELS)


def test_the_line_that_fits_best_goes_before_the_others_and_any_before_the_whole() -> None:
    offers = offers_of(version(line(12, 9), line(12, 6, channel="online")))
    assert {offer.channels: offer.promised for offer in offers} == {("online",): 6, ("desk", "post"): 9}


def test_a_procedure_counts_by_the_way_that_is_cut_least() -> None:
    found = counted(offers_of(version(line(10, 5, case="moi"), line(20, 18, case="cap-lai"))))
    assert found is not None
    assert (found.case_code, found.percent) == ("cap-lai", 10.0)
    only_online = counted(offers_of(version(line(10, 5, channel="online"))))
    assert only_online is not None
    assert only_online.cut == 0, "a cut for some is none for all"


def test_limits_of_different_units_are_never_added_up_and_those_without_one_are_told_apart() -> None:
    procedures = [[offer(10, 7)], [offer(10, 10)], [offer(30, 20, "calendar-days")], []]
    sums = summed(procedures)
    told = {unit: (one.procedures, one.cut, one.by_law, one.promised, one.percent) for unit, one in sums.by_unit.items()}
    assert told == {"working-days": (2, 1, 20, 17, 15.0), "calendar-days": (1, 1, 30, 20, 33.33)}
    assert sums.unlimited == 1


def offer(by_law: int, promised: int, unit: LimitUnit = "working-days") -> Offer:
    return Offer(case_code=None, channels=CHANNELS, unit=unit, by_law=by_law, promised=promised)


def some_line(law: int, promised: int | None, case: str | None, channel: Channel | None, unit: LimitUnit) -> LimitLine:
    return line(law, promised if promised is not None and promised < law else None, case, channel, unit)


def some_version(held: list[LimitLine], whole: int | None) -> ProcedurePublished:
    return version(*held, limit=None if whole is None else Limit(amount=whole, unit="working-days"))


amounts = st.integers(1, 60)
cases, channels = st.sampled_from([None, "a", "b"]), st.sampled_from([None, *CHANNELS])
lines = st.builds(some_line, amounts, st.none() | amounts, cases, channels, st.sampled_from(UNITS))
versions = st.builds(some_version, st.lists(lines, max_size=6), st.none() | amounts)


@for_all(st.lists(versions, max_size=8))
def test_whatever_is_offered_everybody_is_in_one_offer_and_sums_are_those_of_the_parts(published: list[ProcedurePublished]) -> None:
    for fact in published:
        offers = offers_of(fact)
        cases = {one.case_code for one in fact.limits} - {None} or {None}
        reached = [(case, channel) for case in cases for channel in CHANNELS if line_for(fact, channel, case) is not None]
        assert sorted(map(str, reached)) == sorted(str((one.case_code, channel)) for one in offers for channel in one.channels)
        assert all(0 <= one.cut < one.by_law for one in offers)
        if (least := counted(offers)) is not None:
            assert all(least.percent <= one.percent for one in offers)
    sums, whole = summed(map(offers_of, published)), [counted(offers_of(fact)) for fact in published]
    assert sums.unlimited + sum(one.procedures for one in sums.by_unit.values()) == len(published)
    for unit, one in sums.by_unit.items():
        of_unit = [found for found in whole if found is not None and found.unit == unit]
        assert (one.by_law, one.promised) == (sum(x.by_law for x in of_unit), sum(x.promised for x in of_unit))
        assert 0 <= one.percent < 100


async def test_the_ledger_tells_what_each_version_promised_and_by_which_decision(mirrored: Mirrored) -> None:
    first = version(published_at=datetime(2026, 1, 5, 2, tzinfo=UTC))
    cut = version(line(5, 3), decision=DECISION, content_hash="b" * 64, published_at=datetime(2026, 3, 2, 2, tzinfo=UTC))
    revised = CatalogueRevised(
        agency="H09.13",
        decision=DECISION,
        signed_on=datetime(2026, 2, 27, tzinfo=UTC).date(),
        versions=(VersionInForce(code=first.code, content_hash="b" * 64, before=HASH),),
        revised_at=cut.published_at,
    )
    intake = mirrored.neighbours["intake"]
    await intake.tell(stream_of(first), first)
    await intake.tell(stream_of(procedure("dien", "Điện")), procedure("dien", "Điện"))
    await intake.tell(stream_of(first), cut)
    position = await intake.tell(stream_of(first), revised)
    found = await mirrored.answer("/v1/simplification", after=position)
    by_code = {one["code"]: one for one in found["items"]}
    one = by_code[first.code]
    assert (one["decision"], one["signed_on"], one["counts_by"]["percent"]) == (DECISION, "2026-02-27", 40.0)
    assert [(line["field"], line["by_unit"][0]["percent"]) for line in found["fields"]] == [("dien", 0.0), ("hoa-chat", 40.0)]
    assert found["total"] == {
        "by_unit": [{"unit": "working-days", "procedures": 2, "cut": 1, "by_law": 10, "promised": 8, "percent": 20.0}],
        "unlimited": 0,
    }
    before = await mirrored.answer("/v1/simplification", on="2026-03-01", field="hoa-chat")
    assert [(line["decision"], line["counts_by"]["cut"]) for line in before["items"]] == [(None, 0)]
    history = (await mirrored.answer(f"/v1/simplification/{first.code}"))["items"]
    assert [line["counts_by"]["promised"] for line in history] == [3, 5]
    assert (await mirrored.answer("/v1/simplification", agencies=("H10.5",)))["items"] == []
    assert (await mirrored.get(f"/v1/simplification/{first.code}", "leader", agencies=("H10.5",))).status_code == 404
