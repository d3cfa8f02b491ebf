"""Beside the steps: traces. One span per HTTP request, none of them with personal data; off unless a collector is named."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.requests import Request

from kernel.eventlog import current_traceparent

QUEUE_MAX: Final = 4096
BATCH_MAX: Final = 512
EXPORT_SECONDS: Final = 3.0
"""How long a collector that is away, or does not answer, may hold up the end of a process; spans are then lost."""
CONSOLE: Final = "console"

_W3C: Final = TraceContextTextMapPropagator()
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class QueryRemover(SpanProcessor):
    """Takes the query string out of HTTP spans: a search term can be a name."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the interface's
        """Overwrite the attribute before anybody can export it."""
        if span.attributes is not None and "url.query" in span.attributes:
            span.set_attribute("url.query", "REDACTED")


def start(service: str, endpoint: str | None, *, ratio: float = 1.0) -> Callable[[], None]:
    """Begin to trace, once per process.

    Args:
        service: the process's name in the traces.
        endpoint: the collector's OTLP/HTTP address, e.g. `http://collector:4318`; `console` writes to standard output; None is off.
        ratio: the share of traces begun here that are kept; a trace begun elsewhere follows its own beginning.

    Returns:
        A function that sends what is still waiting and ends tracing.
    """
    if endpoint is None:
        return lambda: None
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.namespace": "motcua"}), sampler=ParentBasedTraceIdRatio(ratio)
    )
    provider.add_span_processor(QueryRemover())
    if endpoint == CONSOLE:
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    else:
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=QUEUE_MAX, max_export_batch_size=BATCH_MAX))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def traceparent_of(request: Request) -> str | None:
    """Give the traceparent that a command's events carry: of the present span, else of the caller, so that his trace goes on."""
    own = current_traceparent()
    if own is not None or (said := request.headers.get("traceparent")) is None:
        return own
    return said if _TRACEPARENT.fullmatch(said) else None


def links_from(traceparents: Iterable[str | None]) -> list[Link]:
    """Make links to the spans that other pieces of work began in, each once."""
    distinct = dict.fromkeys(one for one in traceparents if one is not None)
    contexts = (trace.get_current_span(_W3C.extract({"traceparent": one})).get_span_context() for one in distinct)
    return [Link(context) for context in contexts if context.is_valid]


def trace_id() -> str:
    """Give the present trace's id, or a fresh one: a problem and its log line always share one."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else secrets.token_hex(16)
