from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kernel.edge import logs
from kernel.edge.rim import Rim
from kernel.edge.telemetry import QueryRemover, links_from, start
from tests.kernel.edge.conftest import Caller

BOOKS = "/v1/shelves/6f9619ff-8b86-d011-b42d-00c04fc964ff/books"


async def test_a_body_that_is_too_large_is_not_read(stranger: Caller) -> None:
    answer = await stranger.client.post(BOOKS, content=b" " * (1024 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (413, "body-too-large")


async def test_a_body_of_unknown_length_is_counted(stranger: Caller) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    answer = await stranger.client.post(BOOKS, content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (413, "body-too-large")


async def test_every_answer_has_safe_headers(stranger: Caller) -> None:
    for path in ("/v1/numbers", "/v1/nowhere", "/v1/broken"):
        headers = (await stranger.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_the_documentation_opens_without_the_internet(stranger: Caller) -> None:
    page = await stranger.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert (await stranger.get("/static-offline-docs/swagger-ui-bundle.js")).status_code == 200


async def test_more_requests_at_a_time_than_the_bound_are_told_to_come_again() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def ask() -> dict[str, Any]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await rim({"type": "http", "method": "GET", "path": "/x", "headers": []}, receive, send)
        return sent[0]

    release, rim = asyncio.Event(), Rim(slow, body_max_bytes=1024, under_way_max=2)
    first = [asyncio.create_task(ask()) for _ in range(2)]
    await asyncio.sleep(0)
    refused = await ask()
    assert refused["status"] == 503
    assert (b"retry-after", b"1") in refused["headers"]
    release.set()
    assert [(await one)["status"] for one in first] == [200, 200]
    assert (await ask())["status"] == 200


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    out = io.StringIO()
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    logs.configure("shelf", "INFO", out=out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(logging.WARNING)


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(one) for one in lines.getvalue().splitlines()]


async def test_a_bug_is_logged_with_its_places_and_the_number_that_the_caller_has(stranger: Caller, lines: io.StringIO) -> None:
    answer = await stranger.get("/v1/broken")
    logged = next(one for one in read(lines) if one["level"] == "error")
    assert logged["trace_id"] == answer.json()["trace_id"]
    assert (logged["error"], logged["route"], logged["service"]) == ("RuntimeError", "/v1/broken", "shelf")
    assert logged["where"][-1].endswith(" broken")
    assert "079203001234" not in lines.getvalue()
    assert "Nguy" not in lines.getvalue()


async def test_a_refusal_is_a_line_of_information(stranger: Caller, lines: io.StringIO) -> None:
    answer = await stranger.post("/v1/shelves", {"agency": "H09.13", "name": "Nguyễn Văn An"})
    logged = read(lines)[-1]
    assert (logged["level"], logged["problem"], logged["trace_id"]) == ("info", "invalid-input", answer.json()["trace_id"])
    assert "Nguy" not in lines.getvalue()


def test_a_field_that_is_not_on_the_list_is_left_out(lines: io.StringIO) -> None:
    structlog.get_logger().info("dossier accepted", stream="6f96", applicant="Nguyễn Văn An", position="intake/1")
    logged = read(lines)[-1]
    assert set(logged) == {"at", "level", "event", "service", "stream", "position"}


def test_an_exceptions_message_stays_out_of_the_log(lines: io.StringIO) -> None:
    try:
        try:
            raise KeyError("Nguyễn")  # noqa: TRY301 - a handler that fails
        except KeyError as error:
            raise RuntimeError("079203001234") from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("asyncpg").exception("query failed: %s", "Nguyễn")
    ours, theirs = read(lines)
    assert ours["error"] == "RuntimeError from KeyError"
    assert theirs["event"] == "query failed: %s"
    assert "Nguy" not in lines.getvalue()
    assert "0792" not in lines.getvalue()


def test_our_own_modules_messages_are_kept_whole(lines: io.StringIO) -> None:
    logging.getLogger("kernel.eventlog.relay").warning("resynchronised at %d", 7)
    assert read(lines)[-1]["event"] == "resynchronised at 7"


def test_lines_below_the_level_are_left_out(lines: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("kernel").debug("detail")
    assert lines.getvalue() == ""


@pytest.fixture
def spans(offline: FastAPI) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(QueryRemover())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    offline._telemetry["tracer_provider"] = provider  # the process's provider can be set only once
    return exporter


async def test_a_request_is_one_span_without_its_query_and_goes_on_with_the_callers_trace(
    stranger: Caller, spans: InMemorySpanExporter
) -> None:
    await stranger.get("/v1/numbers?odd=true", traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    assert (span.name, f"{span.context.trace_id:032x}") == ("GET /v1/numbers", "ab" * 16)
    assert span.attributes is not None
    assert span.attributes["url.query"] == "REDACTED"


async def test_a_problem_carries_the_traces_number(stranger: Caller, spans: InMemorySpanExporter) -> None:
    answer = await stranger.get("/v1/nowhere", traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
    assert answer.json()["trace_id"] == "ab" * 16


async def test_a_bugs_message_stays_out_of_the_trace(stranger: Caller, spans: InMemorySpanExporter) -> None:
    await stranger.get("/v1/broken")
    assert "079203001234" not in spans.get_finished_spans()[0].to_json()


async def test_probes_leave_no_span(stranger: Caller, spans: InMemorySpanExporter) -> None:
    await stranger.get("/livez")
    await stranger.get("/metrics")
    assert spans.get_finished_spans() == ()


def test_without_a_collector_nothing_is_traced() -> None:
    start("shelf", None)()
    assert not trace.get_current_span().get_span_context().is_valid


def test_links_lead_to_every_cause_once() -> None:
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    assert len(links_from([parent, None, parent, "nonsense"])) == 1


async def test_requests_are_counted_by_template_and_not_by_id(stranger: Caller) -> None:
    await stranger.get("/v1/shelves/nonsense")
    metrics = (await stranger.get("/metrics")).text
    assert 'http_request_seconds_count{method="GET",route="/v1/shelves/{shelf_id}",status="422"}' in metrics
    assert "nonsense" not in metrics
