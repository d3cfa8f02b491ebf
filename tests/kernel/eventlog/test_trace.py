"""What a trace tells of the log: a span per commit, window and batch, and from each batch links to the commands behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Sequence
from typing import Any, Final
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from kernel.eventlog import trace
from kernel.eventlog.trace import LINKS_MAX, current_traceparent
from tests.kernel.eventlog.bank import Deposited, add, meta, some_history
from tests.kernel.eventlog.ledger import Ledger, audit_log, lines
from tests.kernel.eventlog.rig import Rig, carried

SOMEBODY: Final = "Nguyễn Văn An 079203001234"


class Spans(InMemorySpanExporter):
    """The spans that were exported, by name."""

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.get_finished_spans() if span.name == name]

    def events(self, name: str) -> list[Any]:
        """Give how many events each span of a name is about."""
        return [(span.attributes or {})["events"] for span in self.named(name)]


def traced(monkeypatch: pytest.MonkeyPatch, provider: TracerProvider) -> None:
    """Let the log's spans go to a provider of the test's own: the process's provider can be set only once."""
    monkeypatch.setattr(trace, "_TRACER", provider.get_tracer("motcua.eventlog"))


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    exporter, provider = Spans(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traced(monkeypatch, provider)
    return exporter


def traceparent(number: int) -> str:
    return f"00-{number:032x}-{number:016x}-01"


async def ledger_of(rig: Rig) -> Ledger:
    ledger = Ledger(await audit_log(rig))
    await ledger.begin("bank")
    return ledger


async def test_a_commit_a_window_and_a_batch_are_one_span_each_however_many_events_they_hold(rig: Rig, spans: Spans) -> None:
    log = await rig.log()
    await asyncio.gather(*(add(log, uuid4(), [Deposited(amount=1)] * 4) for _ in range(30)))
    commits = spans.events("append")
    assert (sum(commits), len(commits) < 30) == (120, True)
    assert sum((span.attributes or {})["requests"] for span in spans.named("append")) == 30  # pyright: ignore[reportArgumentType, reportCallIssue] - numbers, as the line above shows
    async with rig.relaying(log):
        await rig.mirrored(log)
    assert spans.events("relay") == [120]
    await (await ledger_of(rig)).apply(await carried(log))
    assert spans.events("apply ledger") == [120]
    assert {span.name for span in spans.get_finished_spans()} == {"append", "relay", "apply ledger"}


async def test_a_batch_leads_to_the_commands_behind_it_each_once_and_not_to_endlessly_many(rig: Rig, spans: Spans) -> None:
    log, account = await rig.log(), uuid4()
    for number in range(1, LINKS_MAX + 9):
        await add(log, account, [Deposited(amount=1), Deposited(amount=2)], meta(traceparent=traceparent(number)))
    await add(log, account, [Deposited(amount=3)])
    ledger = await ledger_of(rig)
    await ledger.apply(await carried(log, upto=5))
    await ledger.apply(await carried(log, after=5))
    few, many = ([link.context for link in span.links] for span in spans.named("apply ledger"))
    assert [(context.trace_id, context.span_id) for context in few] == [(1, 1), (2, 2), (3, 3)]
    assert [context.trace_id for context in many] == list(range(3, LINKS_MAX + 3))


def test_a_command_takes_its_traceparent_from_the_span_that_it_runs_in(spans: Spans) -> None:
    assert current_traceparent() is None
    with trace.span("command") as opened:
        context = opened.get_span_context()
        assert (current_traceparent() or "").startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")


async def test_of_an_error_a_span_keeps_the_kind_and_not_what_it_quotes(rig: Rig, spans: Spans) -> None:
    log = await rig.log()
    await some_history(log)
    ledger = await ledger_of(rig)

    async def fail(_: Any) -> None:
        raise ConnectionError(SOMEBODY)

    ledger.before = fail
    with pytest.raises(ConnectionError):
        await ledger.apply(await carried(log))
    (span,) = spans.named("apply ledger")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ConnectionError")
    assert SOMEBODY.split()[-1] not in span.to_json()


class Broken(SpanExporter):
    """An exporter with a bug."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - the interface's
        raise RuntimeError("no such collector")


class Stuck(SpanExporter):
    """An exporter whose collector takes what it is sent and does not answer."""

    def __init__(self) -> None:
        self.asked, self.answered = threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - the interface's
        self.asked.set()
        self.answered.wait()
        return SpanExportResult.FAILURE


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Broken()))
    traced(monkeypatch, provider)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Generator[Stuck]:
    exporter, provider = Stuck(), TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=8, max_export_batch_size=1, schedule_delay_millis=1))
    traced(monkeypatch, provider)
    yield exporter
    exporter.answered.set()
    provider.shutdown()


async def everything_is_done(rig: Rig) -> None:
    log, audit = await rig.log(), await audit_log(rig)
    await some_history(log)
    async with rig.relaying(log):
        await rig.mirrored(log)
    ledger = Ledger(audit)
    await ledger.begin("bank")
    await ledger.apply(await carried(log))
    assert len(await lines(audit)) == await log.head()


async def test_an_exporter_that_fails_harms_nothing(rig: Rig, broken: None) -> None:
    await everything_is_done(rig)


async def test_nobody_waits_for_an_exporter_that_is_stuck(rig: Rig, stuck: Stuck) -> None:
    await everything_is_done(rig)
    assert stuck.asked.is_set()
    assert not stuck.answered.is_set()
