"""The appointment that the applicant is given: from when the limit counts, and what the receipt says of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.intake import DossierAccepted
from contracts.vocabulary import Deadline
from kernel.legalclock import VIETNAM, Limit, deadline, load_calendar, rule_pack_on
from tests.services.intake.desk import CHEMICALS, NOT_COMPLETE, NOTICE, PETROL, PROMOTION, Desk
from tests.services.rig import Running, problem


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("code", "accepted", "due"),
    [
        pytest.param(CHEMICALS, "2026-03-02 08:30", "2026-03-18", id="the first day is not counted"),
        pytest.param(CHEMICALS, "2026-03-02 16:59", "2026-03-18", id="in the last minute of the day"),
        pytest.param(CHEMICALS, "2026-03-02 17:30", "2026-03-19", id="after hours counts as the next opening"),
        pytest.param(CHEMICALS, "2026-03-06 18:00", "2026-03-25", id="on a Friday evening counts as Monday"),
        pytest.param(CHEMICALS, "2026-02-12 09:00", "2026-03-09", id="Tet is skipped"),
        pytest.param(PETROL, "2026-03-02 08:30", "2026-03-30", id="twenty working days"),
        pytest.param(PROMOTION, "2026-03-02 08:30", "2026-03-09", id="from arrival, on the day of it"),
    ],
)
async def test_a_limit_counts_from_the_complete_dossier_in_working_time(
    intake: Running, desk: Desk, code: str, accepted: str, due: str
) -> None:
    intake.moment = local(accepted)
    id = await desk.submit(code)
    assert (await desk.do(id, "acceptance"))["due_on"] == due


async def test_under_the_rule_of_completeness_neither_postmark_nor_supplement_starts_the_clock(intake: Running, desk: Desk) -> None:
    postmark = local("2026-02-25 09:00")
    id = await desk.submit(without={"don-de-nghi"}, channel="post", arrived_at=postmark.isoformat())
    await desk.do(id, "supplement-request", NOT_COMPLETE)
    intake.later(days=7)
    await desk.do(id, "supplement", {"components": ["don-de-nghi"]})
    intake.later(days=1)
    await desk.do(id, "acceptance")
    found = (await accepted(intake)).deadline
    assert found is not None
    assert (found.starts_at, found.start_rule) == (intake.moment, "complete")
    assert found == counted(intake.moment, 20, "complete")


@pytest.mark.parametrize(
    ("postmark", "due"),
    [
        pytest.param("2026-02-25 09:00", "2026-03-04", id="a postmark of last week"),
        pytest.param("2026-03-01 23:59", "2026-03-06", id="a Sunday is the first day"),
    ],
)
async def test_under_the_rule_of_arrival_the_postmark_starts_the_clock(intake: Running, desk: Desk, postmark: str, due: str) -> None:
    id = await desk.submit(PROMOTION, channel="post", arrived_at=local(postmark).isoformat())
    receipt = await desk.do(id, "acceptance")
    assert receipt["due_on"] == due
    assert (await accepted(intake)).deadline == counted(local(postmark), 5, "arrival")


async def test_a_dossier_that_came_by_itself_arrived_when_it_was_submitted(intake: Running, desk: Desk) -> None:
    id, submitted_at = await desk.submit(PROMOTION), intake.moment
    intake.later(days=2)
    await desk.do(id, "acceptance")
    found = (await accepted(intake)).deadline
    assert found is not None
    assert found.starts_at == submitted_at


async def test_a_procedure_with_no_limit_has_no_appointment(intake: Running, desk: Desk) -> None:
    id = await desk.submit(NOTICE)
    receipt = await desk.do(id, "acceptance")
    assert (receipt["due_on"], receipt["due_at"]) == (None, None)
    assert (await accepted(intake)).deadline is None
    found = await desk.dossier(id)
    assert (found["why"], found["why_en"]) == (None, None)


async def test_the_applicant_can_read_how_the_appointment_was_reached_in_both_languages(desk: Desk) -> None:
    id = await desk.submit()
    assert (await desk.dossier(id))["why"] is None
    await desk.do(id, "acceptance")
    found = await desk.dossier(id)
    assert (found["due_on"], found["due_at"]) == ("2026-03-30", "2026-03-30T10:00:00Z")
    assert "20 ngày làm việc, kể từ khi nhận đủ hồ sơ hợp lệ (08:30 02/03/2026)" in found["why"]
    assert "20 working days" in found["why_en"]
    for sentence in (found["why"], found["why_en"]):
        assert "Điều 147.2" in sentence, "the basis in law of not counting the first day"


async def test_a_deadline_says_by_which_calendar_and_which_rules_it_was_reached(intake: Running, desk: Desk) -> None:
    await desk.accepted()
    found = (await accepted(intake)).deadline
    assert found is not None
    assert found.calendar == load_calendar().as_known_at(intake.moment).version
    assert found.rule_pack == rule_pack_on(date(2026, 3, 2)).id
    assert sum(segment.counts for segment in found.segments) > 1
    assert (found.segments[0].start_at, found.segments[-1].end_at) == (intake.moment, found.due_at)


@pytest.mark.parametrize("moment", ["2029-03-02 08:30", "2027-12-20 08:30", "2001-03-02 08:30"])
async def test_beyond_the_known_calendar_no_appointment_is_guessed(intake: Running, desk: Desk, moment: str) -> None:
    intake.moment = local(moment)
    id, notice = await desk.submit(), await desk.submit(NOTICE)
    before = await desk.kept()
    problem(await desk.ask(id, "acceptance"), 409, "outside-calendar")
    assert await desk.kept() == before
    assert (await desk.do(notice, "acceptance"))["due_on"] is None


async def accepted(intake: Running) -> DossierAccepted:
    """Give the only acceptance."""
    (event,) = await intake.events(DossierAccepted)
    fact: DossierAccepted = event.fact
    return fact


def counted(at: datetime, days: int, rule: Any) -> Deadline:
    """Compute a deadline anew; the calendar is the one known when the tests' clock stands there."""
    calendar = load_calendar().as_known_at(max(at, datetime(2026, 3, 2, 1, 30, tzinfo=UTC)))
    return Deadline.model_validate(deadline(at, Limit(days, "working-days"), rule, calendar, rule_pack_on(at.astimezone(VIETNAM).date())))
