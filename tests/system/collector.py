"""An OpenTelemetry collector as far as a test needs one: takes spans by OTLP over HTTP, and keeps them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


class Span(NamedTuple):
    """What a test wants to know of a span; ids in hexadecimal, as a traceparent has them."""

    service: str
    name: str
    trace: str
    parent: str
    links: frozenset[str]
    """The traces that led to it."""
    text: str
    """All of it, for what must not stand in it."""


@dataclass
class Collector:
    """Where it listens, and what it was sent."""

    url: str = ""
    spans: list[Span] = field(default_factory=list[Span])

    def of(self, trace: str, service: str) -> set[str]:
        """Name the spans of a service that belong to a trace, or that a command of it led to."""
        return {span.name for span in self.spans if span.service == service and (span.trace == trace or trace in span.links)}


@contextmanager
def collecting() -> Generator[Collector]:
    """Listen on a port of this machine's choice."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.spans.extend(spans_of(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the interface's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()


def spans_of(request: ExportTraceServiceRequest) -> list[Span]:
    """Read what one process sent."""
    found: list[Span] = []
    for resource in request.resource_spans:
        service = next(value.value.string_value for value in resource.resource.attributes if value.key == "service.name")
        found += [
            Span(
                service,
                span.name,
                span.trace_id.hex(),
                span.parent_span_id.hex(),
                frozenset(link.trace_id.hex() for link in span.links),
                str(span),
            )
            for scope in resource.scope_spans
            for span in scope.spans
        ]
    return found
