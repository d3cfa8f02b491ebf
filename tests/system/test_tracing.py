"""One trace from the portal to the report: what a caller began can be followed through every service that it led to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2
import pytest

from deploy.local.processes import wait_until
from deploy.local.stack import SERVICES, Stack
from tests.benchmarks.department import submission, tokens
from tests.services.four import SERVICES as FOUR
from tests.system.collector import Collector, collecting

AT: Final = {"Motcua-Demo-Time": datetime(2026, 3, 2, 2, tzinfo=UTC).isoformat()}
HANDED_IN, ACCEPTED = "1a" * 16, "2b" * 16
WITHIN_SECONDS: Final = 60.0
APPLIED: Final = {service.name: {model.name: f"apply {model.consumer}" for model in service.models} for service in FOUR}


def told(url: str, token: str, body: object, trace: str, key: str) -> dict[str, str]:
    """Ask as somebody whose own system traces."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "traceparent": f"00-{trace}-{'cd' * 8}-01", **AT}
    answer = httpx2.post(url, json=body, headers=headers, timeout=30.0)
    assert answer.is_success, answer.text
    return answer.json()


def arrived(collector: Collector, service: str, trace: str, names: set[str]) -> None:
    """Return when a service has told of these spans of a trace; they are sent every few seconds."""
    told_of = f"{service} tells of {names} in {trace}"
    wait_until(lambda: names <= collector.of(trace, service), within_seconds=WITHIN_SECONDS, what=told_of)


def test_a_callers_trace_leads_from_the_portal_through_intake_and_processing_to_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        for service in SERVICES:
            monkeypatch.setenv(f"{service.upper()}_OTLP_ENDPOINT", collector.url)
        with Stack(tmp_path / "motcua", fast=True, demo_clock=True) as stack:
            intake, who = stack.urls["intake"], tokens(stack)
            dossier = told(f"{intake}/v1/dossiers", who["portal"], submission(), HANDED_IN, "in")["id"]
            at = told(f"{intake}/v1/dossiers/{dossier}/acceptance", who["desk"], {}, ACCEPTED, "on")["position"]
            leader = {"Authorization": f"Bearer {who['leader']}", **AT}
            cases = httpx2.get(f"{stack.urls['processing']}/v1/cases?dossier={dossier}&after={at}", headers=leader, timeout=30.0)
            assert len(cases.json()["items"]) == 1
            # The request itself, the case that it opened in another service, and the row of the report, which hears of both.
            arrived(collector, "intake", HANDED_IN, {"POST /v1/dossiers"})
            arrived(collector, "intake", ACCEPTED, {"POST /v1/dossiers/{id}/acceptance", APPLIED["intake"]["register"]})
            arrived(collector, "processing", ACCEPTED, {"apply processing-intake", APPLIED["processing"]["cases"]})
            arrived(collector, "feedback", ACCEPTED, {"apply feedback-intake"})
            for trace in (HANDED_IN, ACCEPTED):
                arrived(collector, "reporting", trace, {APPLIED["reporting"]["mirror"]})
        applicant = submission()["applicant"]
        said = "".join(span.text for span in collector.spans)
        assert not [value for value in (applicant["name"], applicant["phone"], applicant["email"]) if value in said]
        # The request's own span stands below the one that the caller had open.
        below = {span.name for span in collector.spans if span.parent == "cd" * 8}
        assert below == {"POST /v1/dossiers", "POST /v1/dossiers/{id}/acceptance"}
