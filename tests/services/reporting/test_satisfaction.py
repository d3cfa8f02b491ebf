"""What was answered, cut as one likes: by hand, a second time, and over HTTP."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.fact import Fact
from contracts.feedback_surveys import Path
from contracts.vocabulary import CampaignId
from services.reporting import query_voices
from services.reporting.domain import pooling
from services.reporting.domain.groups import Part, Tally, Traits, grouped
from services.reporting.domain.period import Period
from services.reporting.domain.pooling import DOSSIERS_MIN, OTHER, added, pooled
from services.reporting.domain.rooms import answers_of, asked_of, lines_of, rooms, rooms_of_asked
from services.reporting.domain.satisfaction import (
    ASKED,
    CELL_MIN,
    RATINGS,
    Counted,
    Table,
    VoiceCut,
    changes,
    compared,
    counted,
    response,
    standing_out,
    view,
    voices_of,
)
from services.reporting.domain.shares import mean, points_apart, share
from services.reporting.main import SERVICE
from services.reporting.query import NOTHING, Asked
from services.reporting.query_voices import Months
from services.reporting.query_voices import heard as heard_voices
from tests.services.reporting.facts import COUNTER, Paper, day, mixed, rated, said
from tests.services.reporting.mirror import MARCH, Mirrored
from tests.services.reporting.tables import Tables, source_of
from tests.services.reporting.test_figures import MARCH as PERIOD
from tests.services.rig import problem

CUTS: Final[tuple[tuple[VoiceCut, ...], ...]] = (
    (),
    ("month", "agency", "field"),
    ("officer",),
    ("step",),
    ("unit", "slowest"),
    ("procedure", "occasion"),
    ("campaign",),
)


async def heard(mirror: Tables, cut: tuple[VoiceCut, ...], as_of: int | None = None, *, since: int | None = None) -> Table:
    """Count from the tables."""
    async with mirror.reading() as reading:
        return counted(await reading.voices(PERIOD.whole_months(), as_of, named=since is not None), cut, None, since)


async def test_four_and_five_of_five_are_satisfied_and_points_are_means(mirror: Tables) -> None:
    await mirror.tell(*(rated(f"{n}", n, n + 1, {"time": n % 3}) for n in range(5)))
    found = view((await heard(mirror, ())).lines[()])
    assert (found["ratings"], found["satisfaction"]) == (5, 40.0)
    assert found["points"] == {"time": 0.8, "attitude": None, "agencies-contacted": None, "contacts-to-complete": None}
    assert (found["withheld"], found["waiting"]) == ([], [])


async def test_a_question_that_four_of_a_batch_answered_waits_and_is_said_to(mirror: Tables) -> None:
    await mirror.tell(*(mixed(f"{n}", 1, 5, {"time": 2} if n < 4 else {}, batch_size=5) for n in range(5)), command="m")
    found = view((await heard(mirror, ())).lines[()])
    assert (found["ratings"], found["points"]["time"], found["answers"]["time"], found["withheld"]) == (5, None, None, ["time"])


async def test_a_batch_of_which_not_all_is_known_yet_is_not_counted(mirror: Tables) -> None:
    batch = [mixed(f"{n}", 1, 5, batch_size=7) for n in range(7)]
    await mirror.tell(*batch[:6], command="m")
    assert (await heard(mirror, ())).lines == {}
    await mirror.tell(batch[6], command="m")
    assert view((await heard(mirror, ())).lines[()])["ratings"] == 7
    assert (await heard(mirror, (), as_of=6)).lines == {}


async def test_an_answer_at_local_midnight_of_the_first_belongs_to_the_new_month(mirror: Tables) -> None:
    late = [rated(f"l{n}", 29, 5) for n in range(5)]
    late = [one.model_copy(update={"recorded_at": one.recorded_at.replace(hour=17)}) for one in late]
    await mirror.tell(*(rated(f"{n}", 29, 5) for n in range(5)), *late)
    async with mirror.reading() as reading:
        both = await reading.voices(Period(day(0).replace(day=1), day(59)))
    assert {key for key, line in counted(both, ("month",), None).lines.items() if line.tallies[RATINGS].n == 5} == {
        ("2026-03",),
        ("2026-04",),
    }


async def test_an_answer_that_does_not_say_its_field_has_a_line_of_its_own_and_one_without_a_level_none(
    mirror: Tables,
) -> None:
    await mirror.tell(*(mixed(f"{n}", 1, 5, field=None) for n in range(5)), *(mixed(f"f{n}", 1, 1) for n in range(5)), mixed("e", 1, None))
    found = (await heard(mirror, ("field",))).lines
    views = {key: view(line) for key, line in found.items()}
    assert {key: (one["ratings"], one["satisfaction"]) for key, one in views.items()} == {("-",): (5, 100.0), ("hoa-chat",): (5, 0.0)}


async def test_who_was_asked_stands_beside_who_came_by_channel_and_outcome(mirror: Tables) -> None:
    online = [Paper(f"o{n}", channel="online") for n in range(10)]
    desk = [Paper(f"d{n}", channel="desk") for n in range(10)]
    for paper in online:
        await mirror.tell(paper.submitted(0), paper.ready(4), paper.returned(5))
    for paper in desk:
        await mirror.tell(paper.submitted(0), paper.ready(4, outcome="refused"), paper.returned(5))
    await mirror.tell(*(one.invited(6) for one in (*online, *desk)), *(one.answered(7) for one in online[:8]), desk[0].answered(8))
    line = (await heard(mirror, ())).lines[()]
    found = view(line)
    assert (found["invitations"], found["admitted"], found["response_rate"]) == (20, 9, 45.0)
    # Of those asked, half came through the portal; of those who came, eight of nine.
    assert found["bias"] == {"channel": 38.89, "occasion": 0.0, "outcome": 38.89}
    assert [(one["value"], one["response_rate"], one["gap"]) for one in response(line) if one["by"] == "channel"] == [
        ("desk", 10.0, -38.89),
        ("online", 80.0, 38.89),
    ]
    assert view((await heard(mirror, ("officer",))).lines[COUNTER,])["response_rate"] == 45.0


async def test_a_campaigns_slips_have_a_line_of_their_own_and_who_was_asked_stands_elsewhere(mirror: Tables) -> None:
    campaign = CampaignId(UUID(int=5))
    of_paper = [mixed(f"p{n}", 1, 2, path=Path(), field=None, batch_size=6, campaign=campaign) for n in range(6)]
    await mirror.tell(*of_paper, command="p")
    await mirror.tell(*(mixed(f"{n}", 1, 5, batch_size=5) for n in range(5)), *(Paper(f"{n}").invited(1) for n in range(9)), command="m")
    lines = (await heard(mirror, ("campaign",))).lines
    found = {key: view(line, asked=False) for key, line in lines.items()}
    assert {key: (one["ratings"], one["satisfaction"], one["invitations"]) for key, one in found.items()} == {
        (str(campaign),): (6, 0.0, None),
        ("-",): (5, 100.0, None),
    }


async def test_of_a_step_nobody_says_who_was_asked(mirror: Tables) -> None:
    await mirror.tell(*(Paper(f"{n}").invited(1) for n in range(9)), *(mixed(f"{n}", 2, 5, path=Path(slowest="B3")) for n in range(5)))
    [line] = (await heard(mirror, ("slowest",))).lines.values()
    found = view(line, asked=False)
    assert (found["ratings"], found["invitations"], found["response_rate"]) == (5, None, None)


# What later answers changed.


async def test_recomputing_names_the_later_answers_that_changed_a_figure_and_no_other(mirror: Tables) -> None:
    path = Path(officer="nv-mc-02")
    await mirror.tell(*(mixed(f"a{n}", 1, 5, {"attitude": 2}, batch_size=5) for n in range(5)), command="a")
    await mirror.tell(*(mixed(f"b{n}", 1, 5, {"attitude": 2}, path=path, batch_size=6) for n in range(6)), command="b")
    # Two whose dossiers nobody else has wait, and so does one batch's question; then three more come, and a batch.
    await mirror.tell(mixed("x", 2, 1, path=path), mixed("y", 2, 1, path=path))
    since = 13
    await mirror.tell(*(mixed(f"z{n}", 3, 1, path=path) for n in range(3)))
    await mirror.tell(*(mixed(f"c{n}", 3, 3, field="dien", batch_size=5) for n in range(5)), command="c")
    now, then = await heard(mirror, ("officer",), since=since), await heard(mirror, ("officer",), as_of=since)
    changed = {key: changes(line, 9) for key, line in now.lines.items()}
    assert changed["nv-mc-02",] == {
        RATINGS: {
            "before": {"answers": 6, "value": 100.0},
            "now": {"answers": 11, "value": 54.55},
            # The two who had waited count from now on.
            "by": ["feedback/12", "feedback/13", "feedback/14", "feedback/15", "feedback/16"],
            "more": 0,
        }
    }
    assert changed[COUNTER,][RATINGS]["by"] == [f"feedback/{pos}" for pos in range(17, 22)]
    assert view(then.lines["nv-mc-02",])["satisfaction"] == 100.0
    assert changes(now.lines[COUNTER,], 2)[RATINGS]["more"] == 3


# Twice.

PATHS: Final = st.builds(
    Path,
    officer=st.sampled_from([None, "nv-mc-01"]),
    unit=st.sampled_from(["ky-thuat", "phap-che"]),
    slowest=st.sampled_from(["B2", "B3"]),
    steps=st.sampled_from([None, ("B1", "B2"), ("B1", "B2", "B3")]),
)


@st.composite
def hearings(draw: st.DrawFn) -> list[tuple[str, list[Fact]]]:
    """Commands of feedback: batches of few kinds, single ratings, invitations and their use, over three months."""
    campaigns = st.sampled_from([None, None, CampaignId(UUID(int=1)), CampaignId(UUID(int=2))])
    agencies = st.sampled_from(["H09.13", "H10"])
    kinds = draw(st.lists(st.tuples(PATHS, st.sampled_from(["hoa-chat", None]), agencies, campaigns), min_size=1, max_size=3))
    days = sorted(draw(st.lists(st.integers(0, 75), max_size=25)))
    found: list[tuple[str, list[Fact]]] = []
    for n, on in enumerate(days):
        path, field, agency, campaign = draw(st.sampled_from(kinds))
        own: dict[str, Any] = {"agency": agency, "field": field, "path": path, "campaign": campaign}
        what = draw(st.sampled_from(["batch", "batch", "rated", "invited"]))
        facts: list[Fact] = []
        if what == "batch":
            size = draw(st.integers(1, 7))
            for m in range(size):
                level, points = draw(st.sampled_from([None, 1, 4, 5])), draw(st.sampled_from([{}, {"attitude": 0}, {"time": 2}]))
                facts.append(mixed(f"{n}-{m}", on, level, points, batch_size=size, **own))
        elif what == "rated":
            facts.append(rated(f"{n}", on, draw(st.integers(1, 5)), agency=agency))
        else:
            papers = [Paper(f"{n}-{m}", agency, channel=draw(st.sampled_from(["online", "desk"]))) for m in range(draw(st.integers(1, 4)))]
            facts += [one for paper in papers for one in (paper.submitted(0), paper.ready(1), paper.invited(on))]
            facts += [paper.answered(on) for paper in papers if draw(st.booleans())]
        found.append((f"c{n}", facts))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(hearings(), st.integers(0, 10))
async def test_a_second_computation_counts_the_same_at_every_position(
    mirror: Tables, told: list[tuple[str, list[Fact]]], back: int
) -> None:
    await mirror.clear()
    own: list[tuple[int, str, Any]] = []
    for command, facts in told:
        await mirror.tell(*facts, command=command)
        own += [(len(own) + n, command, fact) for n, fact in enumerate((one for one in facts if source_of(one) == "feedback"), 1)]
    as_of = max(0, len(own) - back * back)
    before = [one for one in own if one[0] <= as_of]
    around = [fact for _, facts in told for fact in facts]
    second = rooms(answers_of(before)) | rooms_of_asked(list(asked_of(before, around, as_of)))
    for cut in CUTS:
        wanted = lines_of(second, PERIOD.whole_months(), cut)
        lines = (await heard(mirror, cut, as_of)).lines
        found = {key: {one: [t.n, t.total, t.good] for one, t in line.tallies.items() if t.n} for key, line in lines.items()}
        if not {"unit", "slowest", "step", "campaign"}.isdisjoint(cut):
            wanted = {key: left for key, line in wanted.items() if (left := {q: n for q, n in line.items() if q != ASKED})}
        for line in wanted.values():
            if ASKED in line:
                line[ASKED][1] = 0  # of who was asked there is no sum, only who came
        assert {key: line for key, line in found.items() if line} == wanted


async def test_a_month_that_was_grouped_before_is_grouped_anew_when_an_answer_came_to_it_or_it_is_over(mirror: Tables) -> None:
    before, period = Months(), PERIOD.whole_months()
    await mirror.tell(*(mixed(f"a{n}", 1, 5) for n in range(4)))
    for facts in ([], [mixed("b", 2, 5)], [mixed(f"c{n}", 3, 1, path=Path(unit="ky-thuat")) for n in range(4)], [mixed("d", 40, 5)]):
        await mirror.tell(*facts)
        async with mirror.pool.acquire() as connection:
            for as_of in (None, 4, 5):
                kept = await heard_voices(connection, period, as_of, before=before)
                assert kept == await heard_voices(connection, period, as_of)
    assert len(before.kept) == 4


async def test_months_are_forgotten_where_too_many_groups_would_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_voices, "GROUPS_MAX", 2)
    before, one = Months(), [(RATINGS, "2026-03", grouped([answered({5: 5}, unit="a")], CELL_MIN, None))]
    for n in range(4):
        before.keep((n,), one)
    assert (list(before.kept), before.size) == ([(2,), (3,)], 2)


# What stands out.


def answered(value: dict[int, int], **traits: str) -> Part:
    """Make a part of so many answers of each value."""
    n, total = sum(value.values()), sum(one * times for one, times in value.items())
    return Part(Traits("A", **traits), Tally(n, total, sum(one * one * times for one, times in value.items())), 1)


def table_of(cut: VoiceCut, question: str, *parts: Part) -> Table:
    return counted(voices_of([(question, "2026-03", grouped(parts, CELL_MIN, None))]), (cut,), None)


def test_one_line_alone_stands_out_from_nothing() -> None:
    assert standing_out(table_of("slowest", "time", answered({0: 50, 2: 50}, slowest="B3"))) == {}


def test_a_line_stands_out_below_the_bound_that_chance_leaves_and_not_above() -> None:
    # Two lines, so two comparisons: the bound is the quantile of 0.005, -2.576. The others say 0 and 2 as often.
    rest = answered({0: 500, 2: 500}, slowest="B2")
    for zeros, stands in ((119, False), (121, True)):
        # 200 answers: at 119 zeros z = -2.45; at 121 it is -2.72.
        found = standing_out(table_of("slowest", "time", rest, answered({0: zeros, 2: 200 - zeros}, slowest="B3")))
        assert (list(found) == [("B3",)]) is stands


def test_fewer_than_thirty_are_not_compared() -> None:
    assert standing_out(table_of("officer", "attitude", answered({2: 300}, officer="a"), answered({0: 29}, officer="b"))) == {}
    assert standing_out(table_of("officer", "attitude", answered({2: 300}, officer="a"), answered({0: 30}, officer="b"))) == {
        ("b",): {"attitude": -99.99}
    }


def test_a_line_that_does_not_say_what_the_table_is_cut_by_is_not_compared() -> None:
    assert standing_out(table_of("slowest", "time", answered({2: 300}, slowest="B2"), answered({0: 300}))) == {}


def test_a_step_is_not_blamed_for_the_slow_one_that_many_go_on_to_from_it() -> None:
    ways = answered({0: 300, 2: 100}, steps="B2 B3"), answered({0: 40, 2: 260}, steps="B2"), answered({0: 40, 2: 260}, steps="B4")
    table = table_of("step", "time", *ways)
    assert compared(table.places["time"])["B2",] < -10, "by itself B2 looks slow"
    assert list(standing_out(table)) == [("B3",)]
    # Where those who were at B2 and not at B3 are as badly off, it is B2.
    first = table_of("step", "time", ways[0], answered({0: 225, 2: 75}, steps="B2"), ways[2])
    assert list(standing_out(first)) == [("B2",)]


def test_a_gap_of_nothing_is_none() -> None:
    assert view(Counted())["bias"] == {"channel": None, "occasion": None, "outcome": None}
    assert (points_apart((1, 0), (1, 2)), points_apart((2, 3), (1, 3)), points_apart((1, 8), (1, 4))) == (None, 33.33, -12.5)


# Counts of dossiers.


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 9)))
def test_lines_that_are_put_together_are_enough_and_the_whole_stays_the_sum(sizes: dict[str, int]) -> None:
    lines = {name: {"all": size, "late": size // 2} for name, size in sizes.items()}
    found = pooled(lines, "all")
    assert all(line["all"] >= DOSSIERS_MIN for line in found.values())
    if sum(sizes.values()) >= DOSSIERS_MIN:
        assert added(list(found.values())) == added(list(lines.values()))
    assert {name: line for name, line in found.items() if name != OTHER}.items() <= lines.items()


def test_a_line_of_one_takes_the_next_smallest_with_it() -> None:
    lines = {name: {"all": size} for name, size in {"a": 1, "b": 4, "c": 9}.items()}
    assert pooled(lines, "all") == {"c": {"all": 9}, pooling.OTHER: {"all": 5}}


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(1, 3, 33.33), (2, 3, 66.67), (1, 800, 0.13), (3, 800, 0.38), (0, 5, 0.0), (0, 0, None), (5, 5, 100.0)]
)
def test_shares_are_rounded_half_up_to_two_decimals_and_a_share_of_nothing_is_none(part: int, whole: int, percent: float | None) -> None:
    assert share(part, whole) == percent


@pytest.mark.parametrize(("points", "answers", "expected"), [(299, 20, 15.0), (5, 20, 0.3), (7, 5, 1.4), (0, 0, None)])
def test_means_are_rounded_half_up_to_one_decimal(points: int, answers: int, expected: float | None) -> None:
    assert mean(points, answers) == expected


# From the tables.


async def test_the_summary_withholds_from_the_public_what_one_or_two_dossiers_stand_behind(mirror: Tables) -> None:
    alone = Paper("alone")
    await mirror.tell(alone.submitted(0), alone.accepted(0, due=7), alone.ready(9), rated("r", 9, 1))
    async with mirror.reading() as reading:
        public, exact = await reading.summary(PERIOD, exact=False), await reading.summary(PERIOD, exact=True)
    assert public["withheld"] == ["dossiers", "ratings"]
    counts = ("received", "resolved", "resolved_late", "late", "on_time_rate", "in_progress", "refused", "withdrawn", "satisfaction")
    assert {public[name] for name in counts} == {None}
    assert (exact["resolved_late"], exact["satisfaction"], exact["withheld"]) == (1, None, ["ratings"])


async def test_a_mirror_that_knows_nothing_answers_with_nothing_and_names_no_period(mirror: Tables) -> None:
    async with mirror.reading() as reading:
        assert await reading.period(Asked()) == NOTHING
        summary = await reading.summary(await reading.period(Asked(), whole_months=True), exact=False)
    assert summary["period"] == summary["satisfaction_period"] == {"from": None, "to": None}
    assert (summary["received"], summary["withheld"]) == (0, [])
    assert {summary[name] for name in ("on_time_rate", "satisfaction", "response_rate")} == {None}


async def test_the_period_of_the_public_is_widened_to_whole_months_but_not_into_what_lies_ahead(mirror: Tables) -> None:
    await mirror.tell(Paper("a").submitted(0), said("o", 45))
    async with mirror.reading() as reading:
        asked = Asked(day(3), day(4))
        assert await reading.period(asked) == type(PERIOD)(day(3), day(4))
        march = await reading.period(asked, whole_months=True)
        april = await reading.period(Asked(day(31), day(31)), whole_months=True)
    assert (march.first, march.last) == (day(-1), day(29))
    assert (april.first, april.last) == (day(30), day(45))


# Over HTTP.


@pytest.mark.asyncio(loop_scope="module")
async def test_the_grid_is_of_whole_months_and_says_what_waits(told: Mirrored) -> None:
    answer = await told.answer("/v1/satisfaction", from_=day(5).isoformat(), to=day(6).isoformat())
    assert answer["period"] == {"from": "2026-03-01", "to": "2026-03-31"}
    grid = {(item["agency"], item["field"]): (item["ratings"], item["satisfaction"], item["withheld"]) for item in answer["items"]}
    assert {key: line for key, line in grid.items() if key[1] != "-"} == {
        ("H09.13", "dien"): (None, None, ["ratings"]),
        ("H09.13", "hoa-chat"): (5, 60.0, ["attitude", "time"]),
        ("H10", "hoa-chat"): (None, None, ["ratings"]),
    }
    assert (answer["total"]["ratings"], answer["total"]["satisfaction"]) == (5, 60.0)
    assert (answer["total"]["invitations"], answer["total"]["response_rate"]) == (5, 40.0)
    # One of five was late, and one of five said 1.
    ratio = {"source": "QĐ 766/QĐ-TTg, 5.4", "overdue": 20.0, "dislike": 20.0, "ratio": 60.0, "part_of_full": 66.67}
    assert answer["qd766"] == ratio
    assert answer["as_of"] == f"feedback/{answer['positions']['feedback']}"


@pytest.mark.asyncio(loop_scope="module")
async def test_opinions_are_counted_by_channel_and_topic_answered_and_open(told: Mirrored) -> None:
    answer = await told.answer("/v1/satisfaction", **MARCH)
    assert answer["opinions"] == [
        {"channel": "box", "topic": "delay", "received": 3, "answered": 1, "open": 2},
        {"channel": "hotline", "topic": "praise", "received": 1, "answered": 0, "open": 1},
    ]
    assert (await told.answer("/v1/satisfaction", "officer", agencies=("H10",), **MARCH))["opinions"] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_leaders_alone_read_of_which_officer_something_was_answered(told: Mirrored) -> None:
    assert (await told.get("/v1/satisfaction", cut="officer", **MARCH)).status_code == 403
    for roles in (("officer",), ("analyst",)):
        assert (await told.get("/v1/satisfaction", *roles, cut="officer", **MARCH)).status_code == 403
    found = await told.answer("/v1/satisfaction", cut="officer", **MARCH)
    assert found["items"][0]["evaluation"]["scale"] == "officer"
    assert {item["officer"] for item in found["items"]} == {"-", COUNTER}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_table_of_the_past_is_the_same_whenever_it_is_asked_for_and_one_of_the_future_is_waited_for(told: Mirrored) -> None:
    now = await told.answer("/v1/satisfaction", **MARCH)
    early = await told.answer("/v1/satisfaction", as_of="feedback/9", since="feedback/2", **MARCH)
    assert (early["as_of"], early["total"]["ratings"], "opinions" in early) == ("feedback/9", None, False)
    again = await told.answer("/v1/satisfaction", as_of=now["as_of"], **MARCH)
    assert (again["items"], again["total"]) == (now["items"], now["total"])
    changed = await told.answer("/v1/satisfaction", since="feedback/9", cut="field", **MARCH)
    [line] = [item["changed"]["ratings"] for item in changed["items"] if item["field"] == "hoa-chat"]
    assert (line["before"], line["now"]) == ({"answers": 0, "value": None}, {"answers": 5, "value": 60.0})
    assert len(line["by"]) == 5
    assert (await told.get("/v1/satisfaction", "leader", as_of="feedback/99999", **MARCH)).status_code == 503
    assert (await told.get("/v1/satisfaction", "leader", as_of="intake/1", **MARCH)).status_code == 422


# Without an account.


@pytest.mark.asyncio(loop_scope="module")
async def test_everybody_sees_the_coarse_tables_of_whole_months_with_the_numbers_that_officers_see(told: Mirrored) -> None:
    for cut in ([], ["month"], ["agency"], ["field"], ["procedure"], ["month", "agency", "field", "procedure"]):
        query: dict[str, Any] = {"cut": cut} if cut else {}
        found = await told.get("/v1/satisfaction", from_=day(5).isoformat(), to=day(6).isoformat(), **query)
        assert found.status_code == 200, found.text
        public, exact = found.json(), await told.answer("/v1/satisfaction", "analyst", **MARCH, **query)
        assert public["period"] == {"from": "2026-03-01", "to": "2026-03-31"}
        more = {"stands_out", "evaluation"}
        assert public["items"] == [{name: value for name, value in line.items() if name not in more} for line in exact["items"]]
        assert public["total"] == exact["total"]
        assert not {"opinions", "response", "qd766"} & public.keys()
        assert "withheld" in public["total"]


@pytest.mark.asyncio(loop_scope="module")
async def test_without_an_account_nobody_sees_ways_counters_or_the_past(told: Mirrored) -> None:
    for cut in ("officer", "unit", "slowest", "step", "occasion"):
        problem(await told.get("/v1/satisfaction", cut=["month", cut]), 403, "not-allowed")
        problem(await told.get("/v1/satisfaction", "desk", cut=cut), 403, "not-allowed")
    for name in ("as_of", "since"):
        query: dict[str, Any] = {name: "feedback/9"}
        problem(await told.get("/v1/satisfaction", **query), 403, "not-allowed")


@pytest.mark.asyncio(loop_scope="module")
async def test_who_asks_too_often_without_an_account_is_turned_away_and_officers_are_not(told: Mirrored) -> None:
    few: dict[str, Any] = {"anonymous_per_minute": 8, "anonymous_total_per_minute": 100}
    async with told.rig.running(SERVICE, told.service.database, **few) as turning:
        answers = [await turning.get(path) for path in ("/v1/satisfaction", "/v1/summary", "/") * 3]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 5
        problem(answers[-1], 429, "too-many-requests")
        assert int(answers[-1].headers["retry-after"]) >= 1
        leader = turning.token("leader", agencies=("*",))
        assert {(await turning.get("/v1/satisfaction", leader)).status_code for _ in range(9)} == {200}
