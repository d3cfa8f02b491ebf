"""A dossier as it stood: whatever it showed at an instant, or at a version, it shows again for whoever asks for that later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from tests.services.intake.desk import NOT_COMPLETE, Desk, pointers
from tests.services.rig import MONDAY, Running, problem

READS: Final = ("", "/fee", "/originals", "/timeline")


async def shown(desk: Desk, id: str, **when: Any) -> dict[str, Any]:
    """Give what each read shows."""
    return {
        read: desk.done(await desk.intake.get(f"/v1/dossiers/{id}{read}", desk.intake.token("desk", "portal"), **when)) for read in READS
    }


async def test_each_read_shows_for_an_instant_and_for_a_version_what_it_showed_then(intake: Running, desk: Desk) -> None:
    id = await desk.submit(without={"don-de-nghi"})
    shadows: list[tuple[datetime, dict[str, Any]]] = [(intake.moment, await shown(desk, id))]
    paid = {"method": "cash", "amount_vnd": 400_000}
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("supplement-request", NOT_COMPLETE),
        ("supplement", {"components": ["don-de-nghi"]}),
        ("originals", {"component": "don-de-nghi"}),
        ("acceptance", {}),
        ("fee-payment", paid),
        ("originals/1/return", {}),
        ("withdrawal", {"reason": "other"}),
    )
    for what, body in steps:
        intake.later(hours=5)
        await desk.do(id, what, body)
        shadows.append((intake.moment, await shown(desk, id)))
    assert len({str(shadow) for _, shadow in shadows}) == len(shadows), "each step changed something"
    for at, shadow in shadows:
        assert await shown(desk, id, as_of=at.isoformat()) == shadow
        assert await shown(desk, id, as_of=(at + timedelta(hours=4, minutes=59)).isoformat()) == shadow
        assert await shown(desk, id, version=shadow[""]["version"]) == shadow
    assert await shown(desk, id, as_of=(intake.moment + timedelta(days=900)).isoformat()) == shadows[-1][1]


async def test_before_it_was_there_a_dossier_is_not_found_and_a_version_to_come_is_a_mistake(intake: Running, desk: Desk) -> None:
    id = await desk.submit()
    for read in READS:
        path, token = f"/v1/dossiers/{id}{read}", intake.token("desk", "portal")
        problem(await intake.get(path, token, as_of=(MONDAY - timedelta(seconds=1)).isoformat()), 404, "not-found")
        assert pointers(problem(await intake.get(path, token, version=2), 422, "invalid-input")) == ["/version"]
        assert pointers(problem(await intake.get(path, token, as_of="2026-03-02T08:00:00"), 422, "invalid-input")) == ["/as_of"]
        stranger = intake.token("desk", "portal", agencies=("H10",))
        problem(await intake.get(path, stranger, as_of=(MONDAY - timedelta(seconds=1)).isoformat()), 403, "other-agency")
