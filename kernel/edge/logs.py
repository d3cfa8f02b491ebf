"""Beside the steps: log lines as JSON, from a closed list of fields, so that personal data cannot slip in.

A field that is not on the list is left out; an exception is shown as its type and the places it went through, never with
its message, which may hold what somebody typed.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import orjson
import structlog
from opentelemetry import trace

FIELDS: Final = frozenset(
    {"at", "level", "event", "service", "logger", "trace_id", "span_id", "error", "where", "problem", "status", "method", "route", "action"}
    | {"reason", "position", "source", "consumer", "stream", "agency", "version", "pos", "count", "lag", "attempt", "seconds", "elapsed_ms"}
    | {"host", "port", "signal", "task", "check", "schema_version"}
)
"""Everything that a line may hold. Ids of dossiers and cases are streams; there is no field for a person."""

OWN: Final = ("kernel", "services", "deploy", "uvicorn")
"""Loggers whose arguments are known to be harmless; of others only the template of a message is kept."""

TEXT_LENGTH_MAX: Final = 300
FRAMES_MAX: Final = 12
CAUSES_MAX: Final = 5

EventDict = MutableMapping[str, Any]


def configure(service: str, level: str = "INFO", *, fields: Iterable[str] = (), out: TextIO | None = None) -> None:
    """Send every line of this process, ours and the libraries', to `out` (standard output) as JSON.

    Args:
        service: the process's name.
        level: the least level that is shown.
        fields: further fields that this service's lines may hold; none of them may hold personal data.
        out: where to write.
    """
    target = out or sys.stdout
    known = FIELDS | frozenset(fields)
    number = logging.getLevelNamesMapping()[level]

    def finish(_: object, name: str, event: EventDict) -> str:
        return line({**event, "level": name, "service": service}, known)

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, finish],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(service, known, target)
    logging.basicConfig(handlers=[handler], level=number, force=True)
    for noisy in ("uvicorn.access", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def line(event: Mapping[str, Any], known: frozenset[str]) -> str:
    """Write one line from the known fields of an event."""
    event = dict(event)
    failure = event.pop("exc_info", None)
    if failure:
        error = failure if isinstance(failure, BaseException) else failure[1] if isinstance(failure, tuple) else sys.exception()
        if error is not None:
            event |= {"error": error_name(error), "where": places(error)}
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}", **event}
    kept = {name: shortened(value) for name, value in event.items() if name in known}
    at = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")(None, "", {})
    return orjson.dumps({**at, **kept}, default=str).decode()


def shortened(value: Any) -> Any:
    """Bound a text."""
    return value[:TEXT_LENGTH_MAX] if isinstance(value, str) else value


def error_name(error: BaseException) -> str:
    """Name an exception and what caused it, without their messages."""
    names: list[str] = []
    at: BaseException | None = error
    while at is not None and len(names) < CAUSES_MAX:
        names.append(f"{type(at).__module__}.{type(at).__qualname__}".removeprefix("builtins."))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return " from ".join(names)


def places(error: BaseException) -> list[str]:
    """List where an exception went through, the innermost last."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames(error.__traceback__)]


def frames(trail: TracebackType | None) -> list[traceback.FrameSummary]:
    """Give the last frames of a traceback without reading their source lines."""
    return list(traceback.StackSummary.extract(traceback.walk_tb(trail), lookup_lines=False))[-FRAMES_MAX:]


class _Handler(logging.Handler):
    """Writes the standard library's records in the same form."""

    def __init__(self, service: str, known: frozenset[str], target: TextIO) -> None:
        super().__init__()
        self._service, self._known, self._target = service, known, target

    def emit(self, record: logging.LogRecord) -> None:
        own = record.name.split(".", 1)[0] in OWN
        event: EventDict = {
            "event": record.getMessage() if own else str(record.msg),
            "level": record.levelname.lower(),
            "logger": record.name,
            "service": self._service,
        }
        if record.exc_info:
            event["exc_info"] = record.exc_info
        self._target.write(line(event, self._known) + "\n")
        self._target.flush()
