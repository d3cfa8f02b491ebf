"""The national portal is slow, lies, is away and loses everything, while intake is killed: in the end it holds what it was to be told."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest

from deploy.local.stack import Stack
from tests.system.test_faults import Story, head, until
from tests.system.told import told

CONDUCTS: Final[tuple[dict[str, int], ...]] = (
    {"slow": 3},
    {"lost-answer": 2},
    {"forgetful": 3},
    {"exists": 2, "error": 3},
    {"session-over": 3},
    {"down": 1},
)
"""How it behaves, one after the other; intake is killed in each."""
SETTINGS: Final = {"INTAKE_NATIONAL_TIMEOUT_SECONDS": "0.5", "INTAKE_RETRY_SECONDS": "[0.05, 0.1, 0.2]"}
ROUNDS_MAX: Final = 5
DOSSIERS: Final = 60
EVENTS_BETWEEN: Final = 20
"""Of intake's, between two times that it is killed: the story has more than three hundred."""
OF_THE_DEPARTMENT: Final = {"Chuyển phòng chuyên môn xử lý", "Hoàn thành một bước xử lý"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with told(SETTINGS), Stack(tmp_path_factory.mktemp("motcua"), fast=True, demo_clock=True, portal=True) as running:
        yield running


@pytest.fixture(scope="module")
def portal(stack: Stack) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=stack.portal_url) as client:
        yield client


def intake(stack: Stack, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask intake as an operator does."""
    headers = {"Authorization": f"Bearer {stack.token('operator', ['admin'])}", "Idempotency-Key": os.urandom(8).hex()}
    answer = httpx2.request(method, stack.urls["intake"] + path, json=body, headers=headers, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


def mended(stack: Stack) -> list[str]:
    """Have the portal compared with what it was told; give what had to be mended, and insist that nothing there is not ours."""
    number = intake(stack, "POST", "/v1/national-portal/comparisons", {"since": "2026-01-01"})["number"]
    address = f"/v1/national-portal/comparisons/{number}"
    until(lambda: intake(stack, "GET", address)["done_at"] is not None, "the comparison is done")
    days = intake(stack, "GET", address)["result"]["days"]
    assert [day["not_ours"] for day in days] == [[]] * len(days)
    return [number for day in days for number in day["mended"]]


def is_quiet(stack: Stack) -> bool:
    """Tell whether nothing waits to be told."""
    return not intake(stack, "GET", "/v1/national-portal")["deliveries"]["national"].get("waiting", 0)


def written(line: dict[str, Any]) -> str:
    """Write a line of progress down, so that it can be compared."""
    return json.dumps(line, sort_keys=True)


def first_told(calls: list[dict[str, Any]]) -> dict[tuple[str, bool], list[str]]:
    """Give when what happened that each line tells, in the order in which lines were told for the first time.

    By dossier, and whether it was a step of the department: its facts and intake's own are two logs, and keep the order of each.
    """
    once = dict[str, dict[str, Any]]()
    for call in calls:
        for line in call["data"] if call["service"] == "CapNhatTienDoHoSoMC" else ():
            once.setdefault(written(line), line)
    found = defaultdict[tuple[str, bool], list[str]](list)
    for line in once.values():
        found[line["MaHoSo"], line["NoiDungXuLy"] in OF_THE_DEPARTMENT].append(line["ThoiDiemXuLy"])
    return found


@pytest.mark.slow
def test_a_portal_that_is_slow_lies_is_away_and_loses_all_holds_in_the_end_what_it_was_told_though_intake_was_killed(
    stack: Stack, portal: httpx2.Client
) -> None:
    story = Story(stack, seed=300, dossiers=DOSSIERS)
    story.start()
    for n, conduct in enumerate(CONDUCTS, 1):
        portal.post("/control/conduct", json={"every": conduct, "slow_seconds": 1.0}).raise_for_status()
        until(lambda n=n: head(stack) > EVENTS_BETWEEN * n, "the story goes on")
        until(lambda: stack.pid("intake") is not None, "intake is there")
        assert story.is_alive(), "it is killed in the middle"
        stack.kill("intake")
    portal.post("/control/conduct", json={}).raise_for_status()
    story.join(110)
    assert story.error is None
    stack.wait_ready()
    # It said yes and kept nothing; now it loses the rest too, in the middle of being told.
    portal.post("/control/wipe").raise_for_status()
    until(lambda: is_quiet(stack), "everything was told")
    for _ in range(ROUNDS_MAX):
        intake(stack, "POST", "/v1/national-portal/replay", {})
        until(lambda: is_quiet(stack), "everything was told")
        if not mended(stack):
            break
    assert mended(stack) == [], "what it holds is what intake would tell"
    held = portal.get("/control/held").json()
    assert held["dossiers"].keys() == held["lines"].keys()
    assert len(held["dossiers"]) >= DOSSIERS - 5, "but for those that nobody has received"
    for number, lines in held["lines"].items():
        assert len({written(line) for line in lines}) == len(lines), f"nothing of {number} was told twice in effect"
    calls = portal.get("/control/calls").json()
    for (number, _), lines in first_told(calls).items():
        assert lines == sorted(lines), f"{number} was told in order"

    # One altered and one lost record are found and mended, and no other is told again.
    altered, lost, *_ = sorted(held["dossiers"])
    portal.post("/control/alter", json={"MaHoSo": altered, "member": "ChuHoSo", "value": "Ai đó khác"}).raise_for_status()
    portal.post("/control/drop", json={"MaHoSo": lost}).raise_for_status()
    assert sorted(mended(stack)) == [altered, lost]
    again = portal.get("/control/calls").json()[len(calls) :]
    assert {one["MaHoSo"] for call in again for one in call["data"]} == {altered, lost}
    assert portal.get("/control/held").json() == held
