"""One trace from a caller's traceparent over HTTP, the log and the broker to another service's read table."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kernel.edge.telemetry import EXPORT_SECONDS
from kernel.eventlog import Log, Projection, ReadModel, Worker, positions, trace
from tests.kernel.edge import shelf
from tests.kernel.edge.conftest import Caller
from tests.kernel.eventlog.rig import Rig, eventually
from tests.servers import NatsServer, PostgresServer

ROOT: Final = Path(__file__).parents[3]
TITLES: Final = ReadModel(
    name="titles",
    version=1,
    sources=("shelf",),
    ddl="CREATE TABLE title (id uuid PRIMARY KEY, last text, pos_shelf bigint);",
    projections=(Projection("title", "id", lambda event: event.stream, lambda event: {"last": getattr(event.fact, "title", None)}),),
)


@pytest.fixture
async def rig(postgres: PostgresServer, nats: NatsServer) -> AsyncGenerator[Rig]:
    made = Rig(postgres, nats, {})
    await made.broker()
    yield made
    await made.close()


@pytest.fixture
def spans(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # The process's provider can be set only once.
    app._telemetry["tracer_provider"] = provider
    monkeypatch.setattr(trace, "_TRACER", provider.get_tracer("motcua.eventlog"))
    return exporter


SENDING: Final = """
import sys, time
from kernel.edge.telemetry import start
from kernel.eventlog.trace import span

stop = start("shelf", sys.argv[1])
with span("work"):
    pass
since = time.monotonic()
stop()
print(time.monotonic() - since)
"""


def test_a_collector_that_does_not_answer_does_not_hold_up_the_end_for_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        command = [sys.executable, "-c", SENDING, f"http://127.0.0.1:{silent.getsockname()[1]}"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(ended.stdout) < 2 * EXPORT_SECONDS


async def test_a_callers_trace_leads_through_log_and_broker_to_a_read_table_of_another_service(
    rig: Rig, app: FastAPI, caller: Caller, spans: InMemorySpanExporter
) -> None:
    own: Log = app.state.log
    audit = await rig.log("audit", codec=shelf.CODEC)
    traceparents = [f"00-{number:032x}-{'cd' * 8}-01" for number in (1, 2)]
    async with rig.working(Worker(own, rig.nats.url)), rig.working(Worker(audit, rig.nats.url, models=[TITLES])):
        for number, said in enumerate(traceparents):
            answer = await caller.post("/v1/shelves", {"agency": "H09.13"}, key=f"key-{number}", headers={"traceparent": said})
            assert answer.status_code == 201
        await eventually(lambda: positions(audit.pool, TITLES.name), lambda found: found.get("shelf") == 2)

    def contexts(name: str) -> list[Any]:
        return [span.context for span in spans.get_finished_spans() if span.name == name]

    def linked(name: str) -> set[tuple[int, int]]:
        found = [span for span in spans.get_finished_spans() if span.name == name]
        return {(link.context.trace_id, link.context.span_id) for span in found for link in span.links}

    requests = contexts("POST /v1/shelves")
    assert [context.trace_id for context in requests] == [1, 2]
    # What is stored, carried and linked to is the span of the request, which goes on with the caller's trace.
    assert linked("apply titles_v1") == {(context.trace_id, context.span_id) for context in requests}
    assert contexts("relay")
    assert contexts("append")
