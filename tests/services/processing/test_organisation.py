"""The department as its facts have it: units, posts, leaves and heirs on any day, and the one reform officer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts.processing_organisation import Heir, OfficerAppointed, Post, Role, Unit, UnitsReorganised
from kernel.eventlog import Refused
from services.processing.domain import organisation
from services.processing.domain.case_states import OpenStep
from services.processing.domain.officer import Officer
from services.processing.domain.organisation_commands import (
    Appoint,
    ChangeUnit,
    Command,
    DefineRole,
    DesignateReformOfficer,
    EndLeave,
    EstablishUnit,
    Found,
    GrantLeave,
    Release,
    Reorganise,
)
from services.processing.domain.organisation_states import Organisation
from services.processing.domain.spans import Spans, cut, on, written
from services.processing.organisation import load_organisation
from tests.services.processing.dossiers import CHEMICALS, ORGANISATION, WINE
from tests.services.rig import AGENCY
from tests.specification import Given

AT: Final = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAY: Final = date(2026, 4, 1)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=30)
BASIS: Final = "Quyết định 45/QĐ-SCT ngày 20/02/2026"
TRADE, INDUSTRY, OFFICE = "phong-quan-ly-thuong-mai", "phong-quan-ly-cong-nghiep", "van-phong"
NEW: Final = "phong-thuong-mai-cong-nghiep"
SAID: Final[dict[str, Any]] = {"agency": AGENCY, "from_on": DAY, "at": AT}
SEED: Final = load_organisation(ORGANISATION).founding(AGENCY, AT)
FOUNDED: Final = organisation.decide(SEED, organisation.INITIAL)


def given(*facts: Any) -> Given:
    return Given(organisation.DECIDER, facts)


def after(*commands: Command) -> Organisation:
    """Give the department after some commands."""
    state = organisation.DECIDER.fold(FOUNDED)
    for command in commands:
        state = organisation.DECIDER.fold(organisation.decide(command, state), state)
    return state


def unit(code: str, name: str = "Phòng mới", parent: str | None = "ban-giam-doc") -> Unit:
    return Unit(code=code, name=name, name_en="New division", parent=parent)


def establish(code: str = NEW, parent: str = "ban-giam-doc", from_on: date = DAY) -> EstablishUnit:
    return EstablishUnit(agency=AGENCY, at=AT, from_on=from_on, unit=unit(code, parent=parent), basis=BASIS)


def reorganise(*units: str, heirs: tuple[Heir, ...]) -> Reorganise:
    return Reorganise(**SAID, units=units, heirs=heirs, basis=BASIS)


def appoint(officer: str, to_unit: str, role: str = "chuyen-vien", from_on: date = DAY, to_on: date | None = None) -> Appoint:
    post = Post(officer=officer, unit=to_unit, role=role)
    return Appoint(agency=AGENCY, at=AT, from_on=from_on, post=post, to_on=to_on, basis=BASIS)


def release(officer: str, from_on: date = DAY) -> Release:
    return Release(agency=AGENCY, at=AT, from_on=from_on, officer=officer, basis=BASIS)


def leader(state: Organisation, account: str = "nv-tm-01", day: date = DAY) -> Officer:
    found = state.officer(account, day)
    assert found is not None
    return found


def leave(officer: str, stand_in: str | None, days: int = 5, by: Officer | None = None) -> GrantLeave:
    until = DAY + timedelta(days=days - 1)
    return GrantLeave(**SAID, officer=officer, stand_in=stand_in, reason="annual", to_on=until, by=by or leader(after()))


def designate(officer: str, replaces: str | None, from_on: date = DAY) -> DesignateReformOfficer:
    return DesignateReformOfficer(agency=AGENCY, at=AT, from_on=from_on, officer=officer, replaces=replaces, basis=BASIS)


def step(of: str, role: str = "chuyen-vien") -> OpenStep:
    return OpenStep(code="B3", unit=of, role=role, since=AT)


MERGED: Final = (establish(), reorganise(TRADE, INDUSTRY, heirs=(Heir(unit=NEW),)))
SPLIT: Final = (establish(), reorganise(TRADE, heirs=(Heir(unit=NEW), Heir(unit=INDUSTRY, procedures=(WINE,)))))


# Days. -------------------------------------------------------------------------------------------------------------------


def test_a_later_word_about_some_days_takes_the_place_of_an_earlier_one_about_them_and_of_no_other() -> None:
    first = written((), date(2026, 1, 1), None, "a")
    spans = written(first, date(2026, 3, 1), date(2026, 3, 31), "b")
    assert [on(spans, date(2026, month, 15)) for month in (1, 2, 3, 4)] == ["a", "a", "b", "a"]
    assert [on(cut(spans, date(2026, 3, 10)), date(2026, month, 15)) for month in (2, 3, 4)] == ["a", None, None]
    assert on(first, date(2025, 12, 31)) is None


@for_all(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20) | st.none(), st.sampled_from("abc") | st.none()), max_size=8))
def test_what_holds_on_a_day_is_the_last_word_about_it(words: list[tuple[int, int | None, str | None]]) -> None:
    start, spans, told = date(2026, 1, 1), tuple[Any, ...](), dict[int, str | None]()
    for first, length, value in words:
        from_on = start + timedelta(days=first)
        to_on = None if length is None else from_on + timedelta(days=length)
        spans = cut(spans, from_on, to_on) if value is None else written(spans, from_on, to_on, value)
        told |= dict.fromkeys(range(first, 100 if length is None else first + length + 1), value)
    known: Spans[str] = spans
    for n in range(90):
        assert on(known, start + timedelta(days=n)) == told.get(n)
        assert sum(span.holds_on(start + timedelta(days=n)) for span in known) <= 1


# Units. ------------------------------------------------------------------------------------------------------------------


def test_the_seed_is_written_down_once() -> None:
    given().when(SEED).then(*FOUNDED)
    given(*FOUNDED).when(SEED).then_nothing()


def test_a_renamed_unit_has_its_old_name_until_the_day_and_the_new_one_from_it_on() -> None:
    state = after(ChangeUnit(**SAID, unit=unit(TRADE, "Phòng Thương mại"), basis=BASIS))
    names = [found.name for day in (BEFORE, DAY, AFTER) if (found := state.unit(TRADE, day))]
    assert names == ["Phòng Quản lý thương mại", "Phòng Thương mại", "Phòng Thương mại"]


def test_a_unit_that_is_no_more_goes_on_having_a_name() -> None:
    state = after(*MERGED)
    assert state.unit(TRADE, DAY) is None
    called = state.called(TRADE, AFTER)
    assert called is not None
    assert called.name == "Phòng Quản lý thương mại"


def test_of_merged_units_the_officers_go_along_and_the_open_steps_are_theirs() -> None:
    state = after(*MERGED)
    for account, old in (("nv-tm-03", TRADE), ("nv-cn-03", INDUSTRY)):
        then, now = state.officer(account, BEFORE, WINE), state.officer(account, DAY, WINE)
        assert then is not None
        assert now is not None
        assert (then.unit, now.unit) == (old, NEW)
        assert now.may_do(step(TRADE))
        assert now.may_do(step(INDUSTRY))
        assert now.may_do(step(NEW))
        assert not now.may_do(step(OFFICE))
        assert not now.may_do(step(TRADE, "truong-phong"))
    assert leader(state).leads >= {NEW, TRADE, INDUSTRY}
    assert [(one.unit, one.rest) for one in state.inherited(NEW, DAY)] == [(TRADE, True), (INDUSTRY, True)]


def test_of_a_split_unit_each_heir_has_the_procedures_that_are_named_and_one_the_rest() -> None:
    state = after(*SPLIT)
    assert (state.heir_of(TRADE, WINE, DAY), state.heir_of(TRADE, CHEMICALS, DAY)) == (INDUSTRY, NEW)
    assert state.heir_of(TRADE, WINE, BEFORE) == TRADE
    for procedure, may in ((WINE, True), (CHEMICALS, False)):
        officer = state.officer("nv-cn-03", DAY, procedure)
        assert officer is not None
        assert officer.may_do(step(TRADE)) is may
    rest, named = state.inherited(NEW, DAY)[0], state.inherited(INDUSTRY, DAY)[0]
    assert (rest.has(CHEMICALS), rest.has(WINE), named.has(WINE), named.has(CHEMICALS)) == (True, False, True, False)


def test_who_inherits_from_an_heir_has_both() -> None:
    again = Reorganise(agency=AGENCY, at=AT, from_on=AFTER, units=(NEW,), heirs=(Heir(unit=OFFICE),), basis=BASIS)
    state = after(*SPLIT, again)
    assert (state.heir_of(TRADE, CHEMICALS, AFTER), state.heir_of(TRADE, WINE, AFTER)) == (OFFICE, INDUSTRY)
    assert [(one.unit, one.rest, one.named) for one in state.inherited(OFFICE, AFTER)] == [(TRADE, True, (WINE,)), (NEW, True, ())]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (establish(TRADE), "unit-exists"),
        (establish(parent="phong-tro"), "no-such-unit"),
        (ChangeUnit(**SAID, unit=unit("phong-tro"), basis=BASIS), "no-such-unit"),
        (ChangeUnit(**SAID, unit=unit(OFFICE, parent="van-thu"), basis=BASIS), "unit-below-itself"),
        (reorganise(TRADE, heirs=(Heir(unit="phong-tro"),)), "no-such-unit"),
        (reorganise(TRADE, heirs=(Heir(unit=TRADE),)), "heir-not-one"),
        (reorganise(TRADE, heirs=(Heir(unit=INDUSTRY), Heir(unit=OFFICE))), "heir-not-one"),
        (reorganise(TRADE, heirs=(Heir(unit=INDUSTRY, procedures=(WINE,)),)), "heir-not-one"),
        (reorganise(OFFICE, heirs=(Heir(unit=TRADE),)), "units-below"),
        (establish(from_on=date(2016, 1, 1)), "before-the-first-day"),
        (appoint("nv-tm-03", "phong-tro"), "no-such-unit"),
        (appoint("nv-tm-03", OFFICE, "thu-quy"), "no-such-role"),
        (release("nv-xx-99"), "no-such-officer"),
        (leave("nv-cn-03", None), "not-your-officer"),
        (leave("nv-tm-03", "nv-tm-03"), "stand-in-away"),
        (leave("nv-tm-03", "nv-xx-99"), "no-such-officer"),
        (EndLeave(**SAID, officer="nv-tm-03", by=leader(after())), "not-on-leave"),
        (designate("nv-vp-01", None), "reform-officer-exists"),
        (designate("nv-vp-01", "nv-vp-03"), "reform-officer-exists"),
        (designate("nv-vp-03", "nv-vp-02"), "reform-officer-must-lead"),
        (release("nv-vp-02"), "reform-officer-must-lead"),
        (appoint("nv-vp-02", TRADE), "reform-officer-must-lead"),
        (appoint("nv-vp-02", OFFICE, "pho-chanh-van-phong", to_on=AFTER), None),
    ],
)
def test_what_may_not_be_is_refused_and_the_reason_said(command: Command, reason: str | None) -> None:
    if reason is None:
        given(*FOUNDED).when(command)
    else:
        given(*FOUNDED).when(command).then_refused(reason)


def test_nothing_can_be_changed_before_there_is_a_department() -> None:
    given().when(establish()).then_refused("no-organisation")


# People. -----------------------------------------------------------------------------------------------------------------


def test_a_transfer_holds_from_its_day_on_and_for_a_time_only_until_its_last() -> None:
    state = after(appoint("nv-tm-03", INDUSTRY, to_on=AFTER))
    (fact,) = organisation.decide(appoint("nv-tm-03", INDUSTRY, to_on=AFTER), after())
    assert isinstance(fact, OfficerAppointed)
    assert fact.before == Post(officer="nv-tm-03", unit=TRADE, role="chuyen-vien")
    days = (BEFORE, DAY, AFTER, AFTER + timedelta(days=1))
    assert [leader(state, "nv-tm-03", day).unit for day in days] == [TRADE, INDUSTRY, INDUSTRY, TRADE]


def test_an_officer_who_is_released_may_do_nothing_from_that_day_on() -> None:
    state = after(release("nv-tm-03"))
    assert state.officer("nv-tm-03", BEFORE) is not None
    assert state.officer("nv-tm-03", DAY) is None


def test_whose_officer_is_away_the_stand_in_may_do_his_steps_for_those_days_and_leads_what_he_leads() -> None:
    director = leader(after(), "nv-bgd-01")
    state = after(leave("nv-tm-01", "nv-cn-03", by=director))
    for day, may in ((BEFORE, False), (DAY, True), (DAY + timedelta(days=4), True), (DAY + timedelta(days=5), False)):
        stand_in = leader(state, "nv-cn-03", day)
        assert stand_in.may_do(step(TRADE, "truong-phong")) is may
        assert (TRADE in stand_in.leads) is may
        assert (state.leave("nv-tm-01", day) is not None) is may
    back = EndLeave(agency=AGENCY, at=AT, from_on=DAY + timedelta(days=2), officer="nv-tm-01", by=director)
    state = after(leave("nv-tm-01", "nv-cn-03", by=director), back)
    assert [state.leave("nv-tm-01", DAY + timedelta(days=n)) is not None for n in range(6)] == [True, True, *[False] * 4]


def test_who_is_away_himself_stands_in_for_nobody() -> None:
    first = leave("nv-tm-04", None)
    given(*FOUNDED, *organisation.decide(first, after())).when(leave("nv-tm-03", "nv-tm-04")).then_refused("stand-in-away")


def test_a_role_that_is_defined_anew_means_something_else_from_that_day_on() -> None:
    role = Role(code="pho-truong-phong", name="Phó", name_en="Deputy", abbreviation=None, access=("officer",), acts_for=())
    state = after(DefineRole(**SAID, role=role, basis=BASIS))
    assert leader(state, "nv-tm-02", BEFORE).leads == {TRADE}
    assert leader(state, "nv-tm-02", DAY).leads == frozenset()


def test_the_department_of_the_seed_is_the_one_that_was_read_from_the_file_before() -> None:
    roster = load_organisation(ORGANISATION).roster
    assert {account: after().officer(account, DAY) for account in roster} == dict(roster)
    assert roster["nv-vp-02"].roles == {"pho-chanh-van-phong", "chanh-van-phong", "truong-phong"}
    assert roster["nv-bgd-02"].leads == set(after().units)


# The reform officer. -----------------------------------------------------------------------------------------------------

LEADERS: Final = ("nv-vp-01", "nv-vp-02", "nv-bgd-01", "nv-tm-01")
MONTHS: Final = [date(2026, month, 1) for month in range(1, 13)]


leaders, months = st.sampled_from(LEADERS), st.sampled_from(MONTHS)
any_change: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(designate, leaders, st.sampled_from((*LEADERS, None)), months),
    st.builds(appoint, leaders, st.just(OFFICE), st.sampled_from(("chuyen-vien", "truong-phong")), months),
    st.builds(release, leaders, months),
    st.just(reorganise(TRADE, heirs=(Heir(unit=INDUSTRY),))),
)


@settings(max_examples=150, deadline=None)
@for_all(st.lists(any_change, max_size=10))
def test_on_every_day_exactly_one_reform_officer_holds_a_post_that_leads(commands: list[Command]) -> None:
    state = after()
    for command in commands:
        try:
            state = organisation.DECIDER.fold(organisation.decide(command, state), state)
        except Refused:
            continue
    for day in (SEED.from_on, *MONTHS, *(month + timedelta(days=14) for month in MONTHS), date(2027, 1, 1)):
        holders = [span.value for span in state.reform if span.holds_on(day)]
        assert len(holders) == 1
        post = state.post(holders[0], day)
        assert post is not None
        assert state.leads(post, day)


def test_a_second_reform_officer_is_refused_unless_he_replaces_the_first() -> None:
    given(*FOUNDED).when(designate("nv-vp-01", None)).then_refused("reform-officer-exists")
    state = after(designate("nv-vp-01", "nv-vp-02"))
    assert [on(state.reform, day) for day in (BEFORE, DAY, AFTER)] == ["nv-vp-02", "nv-vp-01", "nv-vp-01"]
    given(*FOUNDED).when(designate("nv-vp-02", "nv-vp-02")).then_nothing()


def test_a_unit_that_was_founded_is_reorganised_by_one_fact_that_says_who_inherits_and_where_everybody_goes() -> None:
    establishing, merging = MERGED
    (fact,) = organisation.decide(merging, after(establishing))
    assert isinstance(fact, UnitsReorganised)
    assert {post.officer for post in fact.posts} == {post.officer for post in SEED.posts if post.unit in {TRADE, INDUSTRY}}
    assert {post.unit for post in fact.posts} == {NEW}


def test_the_seed_names_nobody_twice() -> None:
    assert isinstance(SEED, Found)
    assert len({post.officer for post in SEED.posts}) == len(SEED.posts)
