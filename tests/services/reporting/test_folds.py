"""Rows of an analyst's fold: promoted by a leader as a fact, shown as they were, and nothing of the program is carried out."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from contracts.reporting_folds import FoldPromoted
from tests.services.reporting.facts import Paper
from tests.services.reporting.mirror import Mirrored
from tests.services.rig import eventually, problem

SOURCE: Final = "raise SystemExit('carried out')\n"
ROWS: Final[list[dict[str, Any]]] = [{"office": "phong-hoa-chat", "days": 3.5, "n": 2}, {"office": "van-phong", "days": None, "n": 0}]
WHOLE: Final[dict[str, Any]] = {"source": SOURCE, "positions": {"intake": 1, "processing": 0}, "key": ["office"], "rows": ROWS}


async def promote(mirrored: Mirrored, *, agencies: tuple[str, ...] = ("*",), role: str = "leader", **more: Any) -> Any:
    """Promote a fold."""
    return await mirrored.service.ask(
        "PUT", "/v1/folds/dwell-by-office", mirrored.service.token(role, agencies=agencies), json={**WHOLE, **more}
    )


async def test_promoted_rows_are_shown_as_they_were_with_how_many_facts_have_come_since(mirrored: Mirrored) -> None:
    problem(await mirrored.get("/v1/folds/dwell-by-office", "analyst"), 404, "not-found")
    await mirrored.tell(Paper("p").submitted(0), Paper("p").accepted(0, due=5), Paper("p").ready(3))
    await mirrored.level()
    assert (await promote(mirrored)).status_code == 200
    # Heads of the others' logs are those of a second ago at most.
    found = await eventually(lambda: mirrored.answer("/v1/folds/dwell-by-office", "analyst"), lambda told: told["behind"]["intake"] > 0)
    assert found["rows"] == ROWS
    assert found["source_hash"] == hashlib.sha256(SOURCE.encode()).hexdigest()
    assert (found["positions"], found["behind"]) == ({"intake": 1, "processing": 0}, {"intake": 2, "processing": 0})
    (event,) = await mirrored.service.events(FoldPromoted)
    assert (event.fact.promoted_by, event.fact.key) == ("leader", ("office",))


async def test_the_same_rows_again_are_nothing_new_and_others_take_their_place(mirrored: Mirrored) -> None:
    for _ in range(2):
        assert (await promote(mirrored)).status_code == 200
    assert len(await mirrored.service.events(FoldPromoted)) == 1
    assert (await promote(mirrored, rows=ROWS[:1])).status_code == 200
    assert (await mirrored.answer("/v1/folds/dwell-by-office"))["rows"] == ROWS[:1]


async def test_only_a_leader_of_the_agency_promotes_and_only_its_people_read(mirrored: Mirrored) -> None:
    problem(await promote(mirrored, role="analyst"), 403, "not-allowed")
    problem(await promote(mirrored, agencies=("H10",)), 403, "other-agency")
    await promote(mirrored)
    problem(await promote(mirrored, agencies=("H10",), agency="H10"), 403, "other-agency")
    problem(await mirrored.get("/v1/folds/dwell-by-office", "analyst", agencies=("H10",)), 403, "other-agency")
    problem(await mirrored.get("/v1/folds/dwell-by-office"), 401, "token-missing")


async def test_what_is_no_table_is_refused_by_field(mirrored: Mirrored) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"rows": [ROWS[0], ROWS[0]]}, "/rows/1"),
        ({"rows": [ROWS[0], {"office": "x"}]}, "/rows/1"),
        ({"rows": [{"days": 1}]}, "/rows/0"),
        ({"positions": {"elsewhere": 1}}, "/positions/elsewhere"),
        ({"key": []}, "/key"),
        ({"rows": [{"office": f"{n}"} for n in range(1001)]}, "/rows"),
    ]
    for more, pointer in wrong:
        answer = await promote(mirrored, **more)
        assert answer.status_code == 422, (more, answer.text)
        body = problem(answer, 422, "invalid-input")
        assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert await mirrored.service.events(FoldPromoted) == []
