"""Spans per command, batch and window; never per event, where a span would cost more than the event."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Link, Span, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

LINKS_MAX: Final = 32

_TRACER: Final = trace.get_tracer("motcua.eventlog")
_W3C: Final = TraceContextTextMapPropagator()


@contextmanager
def span(name: str, traceparents: Iterable[str | None] = (), **attributes: str | int) -> Generator[Span]:
    """Open a span; `traceparents` of the events it works on become links, at most `LINKS_MAX` distinct ones.

    Of an error it keeps the kind: a message may quote the row or the field that somebody's name is in.
    """
    wanted = list(dict.fromkeys(t for t in traceparents if t is not None))[:LINKS_MAX]
    contexts = (trace.get_current_span(_W3C.extract({"traceparent": t})).get_span_context() for t in wanted)
    links = [Link(context) for context in contexts if context.is_valid]
    with _TRACER.start_as_current_span(
        name, links=links, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except Exception as error:
            opened.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def current_traceparent() -> str | None:
    """Give the W3C traceparent of the present span, if one is being recorded."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")
