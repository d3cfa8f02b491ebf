"""The last release and the present program side by side, as in the middle of an update: both take work and show what the other took."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from deploy.local import verify
from deploy.local.drill_update import Deployment
from deploy.local.processes import ROOT
from deploy.local.release import check_out, last_release
from deploy.local.stack import Stack
from tests.benchmarks.department import submission, tokens
from tests.local.asking import ask_postgres
from tests.services.four import SERVICES
from tests.services.processing.dossiers import officers_for

AT: Final = {"Motcua-Demo-Time": datetime(2026, 3, 2, 2, tzinfo=UTC).isoformat()}
KEYS: Final[Iterator[int]] = itertools.count(1)

pytestmark = pytest.mark.timeout(420)


def asked(method: str, url: str, token: str, body: Any = None) -> httpx2.Response:
    """Ask once; a caller who had to ask twice would have met a failure."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"side-by-side-{next(KEYS)}", **AT}
    answer = httpx2.request(method, url, json=body, headers=headers, timeout=30.0)
    assert answer.is_success, f"{method} {url}: {answer.status_code} {answer.text}"
    return answer


def taken(stack: Stack, urls: dict[str, str], readers: dict[str, str]) -> None:
    """Hand a dossier in and have it accepted at some APIs; see it at others, and the case that came of it, opinions and the report."""
    who = tokens(stack)
    made = asked("POST", f"{urls['intake']}/v1/dossiers", who["portal"], submission()).json()
    accepted = asked("POST", f"{urls['intake']}/v1/dossiers/{made['id']}/acceptance", who["desk"], {}).json()
    at = accepted["position"]
    assert asked("GET", f"{readers['intake']}/v1/dossiers/{made['id']}", who["desk"]).json()["state"] == "accepted"
    listed = asked("GET", f"{readers['intake']}/v1/dossiers?after={at}", who["desk"]).json()["items"]
    assert made["id"] in {item["dossier_id"] for item in listed}
    leader = stack.token("lanh-dao-01", ["leader", "officer"])
    (case,) = asked("GET", f"{readers['processing']}/v1/cases?dossier={made['id']}&after={at}", leader).json()["items"]
    assert case["state"] == "waiting"
    officer = officers_for(case["unit"], case["role"])[0]
    asked("POST", f"{urls['processing']}/v1/cases/{case['case_id']}/claim", stack.token(officer.id, ["officer"]), {})
    asked("GET", f"{readers['feedback']}/v1/opinions?limit=5", leader)
    asked("GET", f"{readers['reporting']}/v1/summary?after={at}", leader)


def test_old_and_new_processes_share_a_migrated_database(tmp_path: Path) -> None:
    released = check_out(last_release().revision, tmp_path / "released")
    with Stack(tmp_path / "motcua", fast=True, demo_clock=True, code=released) as stack:
        old, new = stack.urls, Deployment(stack, ROOT)
        taken(stack, old, old)
        new.migrate()
        taken(stack, old, old)  # what runs, runs on
        restarted(stack)
        taken(stack, old, old)  # and what starts, starts
        try:
            for service in stack.services:
                new.start(service, "worker")
            restarted(stack)  # the leaders: the new workers, which wait for that, lead now, the old ones wait
            urls = {service: new.start(service, "api").url for service in stack.services}
            for service in SERVICES:
                rows = ask_postgres(stack.dsn(service.name), "SELECT name, version FROM log.read_model")
                assert dict(map(tuple, rows)) == {model.name: model.version for model in service.models}
            for writers, readers in itertools.product((old, urls), (old, urls)):
                taken(stack, writers, readers)
            verify.wait_until_level(stack)
            found = verify.inspect(stack)
            assert (found.findings, found.parked) == ([], 0)
        finally:
            new.stop()


def restarted(stack: Stack) -> None:
    """Kill every old process, and wait until all are back."""
    for service in stack.services:
        stack.kill(service)
    stack.wait_ready()
