"""A dossier that may have been handed in twice is shown with what speaks for it; nothing is merged, and nobody is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from services.intake.domain.likeness import WINDOW, likeness
from services.intake.domain.states import Absent
from services.intake.likeness import WORDS
from tests.services.intake.desk import CITIZEN, ENTERPRISE, PROMOTION, Desk
from tests.services.intake.test_dossier import COMPLETE, DECIDER, accepted, withdrawn
from tests.services.rig import MONDAY, Running, problem

OPEN: Final = DECIDER.fold((*COMPLETE, accepted))
OVER: Final = DECIDER.fold((*COMPLETE, accepted, withdrawn))
PAPERS: Final = frozenset({"a", "b", "c", "d"})


def reasons(other: frozenset[str] = PAPERS, apart: timedelta = timedelta(), state: Any = OPEN) -> dict[str, int | None]:
    return {because.reason: because.n for because in likeness(PAPERS, MONDAY, state, other, MONDAY + apart)}


def test_what_speaks_for_it_is_said_one_by_one() -> None:
    assert reasons() == {"same-applicant": None, "same-procedure": None, "same-components": None, "open": None, "days-apart": 0}
    assert "open" not in reasons(state=OVER)
    assert reasons(frozenset({"a", "b"}), -timedelta(days=3)) | {"open": None} == {
        "same-applicant": None,
        "same-procedure": None,
        "most-components": 2,
        "open": None,
        "days-apart": 3,
    }


@pytest.mark.parametrize("apart", [WINDOW, -WINDOW])
def test_too_far_apart_or_with_too_little_in_common_they_are_two(apart: timedelta) -> None:
    assert reasons(apart=apart)
    assert not reasons(apart=apart * 1.0001)
    assert reasons(frozenset({"a", "b"}))
    assert not reasons(frozenset({"a"}))


def test_two_dossiers_without_papers_have_the_same() -> None:
    assert likeness(frozenset(), MONDAY, OPEN, frozenset(), MONDAY)


async def like(desk: Desk, id: str) -> list[dict[str, Any]]:
    return desk.done(await desk.intake.get(f"/v1/dossiers/{id}/duplicates", desk.officer))["items"]


async def test_e_57_the_desk_sees_the_same_dossier_handed_in_online_and_on_paper(intake: Running, desk: Desk) -> None:
    first = await desk.accepted(channel="online", applicant=ENTERPRISE)
    intake.later(days=2)
    second = await desk.submit(applicant=ENTERPRISE | {"name": "CTY TNHH Xăng dầu Hòa Lợi"})
    (found,) = await like(desk, second)
    assert (found["dossier_id"], found["state"], found["code"]) == (first, "accepted", (await desk.dossier(first))["code"])
    assert [one["reason"] for one in found["reasons"]] == ["same-applicant", "same-procedure", "same-components", "open", "days-apart"]
    assert all(one["words"] != one["words_en"] and "{" not in one["words"] + one["words_en"] for one in found["reasons"])
    assert [one["dossier_id"] for one in await like(desk, first)] == [second]
    assert (await desk.dossier(second))["state"] == "submitted", "it is a hint, and nothing follows from it"


async def test_another_person_procedure_or_agency_is_like_nobody(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    await desk.submit(applicant=CITIZEN | {"identity_number": "079123456780"})
    await desk.submit(applicant={name: value for name, value in CITIZEN.items() if name != "identity_number"})
    await desk.submit(PROMOTION)
    assert await like(desk, id) == []
    problem(await intake.get(f"/v1/dossiers/{id}/duplicates", intake.token("portal")), 403, "not-allowed")
    problem(await intake.get(f"/v1/dossiers/{id}/duplicates", intake.token("desk", agencies=("H09.14",))), 403, "other-agency")


async def test_what_a_person_is_found_by_says_nothing_and_goes_with_the_person(intake: Running, desk: Desk) -> None:
    first, second = await desk.submit(), await desk.submit()
    assert len(await like(desk, first)) == 1
    async with intake.connected() as connection:
        rows = await connection.fetch("SELECT * FROM likeness.applicant")
        assert {len(row["who"]) for row in rows} == {32}
        assert not [row for row in rows if CITIZEN["identity_number"] in str(row)]
    await desk.do(second, "withdrawal", {"reason": "other"})
    intake.later(days=92)
    done = await desk.ask(second, "erasure", {"ground": "retention-over"}, intake.token("data-protection"))
    assert done.status_code == 200, done.text
    assert await like(desk, first) == []
    async with intake.connected() as connection:
        assert [str(row["dossier"]) for row in await connection.fetch("SELECT dossier FROM likeness.applicant")] == [first]


def test_every_reason_has_its_words() -> None:
    assert not isinstance(OPEN, Absent)
    assert all(words.vi and words.en and words.vi != words.en for words in WORDS.values())
