"""After the storm: was everything that was promised kept, once, in order, everywhere?

Reads all logs, streams and read tables of a stack that has come to rest, and compares them with what the clients know.
What the kernel can tell of one log (`verify`) is asked of the kernel; what only the whole can show is looked at here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from nats.aio.client import Client

from deploy.local import verify
from deploy.local.keys import trusted_keys
from deploy.local.stack import Stack
from kernel.eventlog.verify import Verdict, verify_log, verify_mirror, verify_read_model
from tests.faults.load import Acknowledged

KINDS: Final = ("lost", "duplicated", "out_of_order", "log_mismatches", "stream_mismatches", "projection_mismatches", "parked")
SHOWN_MAX: Final = 20
COMMAND_ID_LENGTH: Final = 32
REFERENCES: Final = ("personal_ref", "text_ref", "comment_ref", "answer_ref")
"""Fields of facts that name what lies in the vault."""


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event, as far as the checker looks into it."""

    service: str
    pos: int
    stream: str
    version: int
    id: str
    type: str
    cause: str | None
    data: Mapping[str, Any]

    @property
    def command(self) -> str:
        """The command, or the reaction, that it came of."""
        return self.id.rpartition("/")[0]


@dataclass
class Findings:
    """Everything that is wrong, by kind, and how many events there are."""

    found: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    events: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, kind: str, findings: Iterable[str]) -> None:
        """Note findings of one kind."""
        self.found[kind].extend(findings)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.found.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each kind."""
        return {kind: len(findings) for kind, findings in self.found.items()}

    @property
    def lines(self) -> list[str]:
        """The first findings of each kind."""
        return [f"{kind}: {finding}" for kind, findings in self.found.items() for finding in findings[:SHOWN_MAX]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A fact of one service that another answers with exactly one fact of its own; `when` narrows which."""

    source: str
    cause: str
    service: str
    effect: str
    when: Callable[[Mapping[str, Any]], bool] = lambda _: True


ANSWERS: Final = (
    Answer("intake", "intake.dossier.accepted.v1", "processing", "processing.case.opened.v1"),
    Answer("intake", "intake.dossier.withdrawn.v1", "processing", "processing.case.stopped.v1"),
    Answer(
        "intake",
        "intake.dossier.supplemented.v1",
        "processing",
        "processing.case.clock-resumed.v1",
        when=lambda data: data["stage"] == "appraisal",
    ),
    Answer("processing", "processing.case.clock-paused.v1", "intake", "intake.dossier.supplement-requested.v1"),
    Answer("processing", "processing.case.clock-resumed.v1", "intake", "intake.dossier.rescheduled.v1"),
    Answer("processing", "processing.case.result-issued.v1", "intake", "intake.dossier.result-ready.v1"),
    Answer("intake", "intake.dossier.accepted.v1", "feedback", "feedback.invitation.issued.v1"),
    Answer(
        "intake",
        "intake.dossier.supplement-requested.v1",
        "feedback",
        "feedback.invitation.issued.v1",
        # Of all requests of a dossier the first one invites; the desk's is the first.
        when=lambda data: data["stage"] == "desk",
    ),
    Answer("intake", "intake.dossier.returned.v1", "feedback", "feedback.invitation.issued.v1"),
    Answer("intake", "intake.dossier.refused.v1", "feedback", "feedback.invitation.issued.v1"),
)
"""Every reaction there is between the services, as the stories of a run bring them about."""

ONLY_ONCE: Final[dict[str, tuple[str, Callable[[Mapping[str, Any]], object]]]] = {
    "intake.dossier.accepted.v1": ("dossier code", lambda data: data["code"]),
    "intake.register.number-allotted.v1": ("register number", lambda data: (data["agency"], data["day"], data["serial"])),
    "processing.case.opened.v1": ("case of the dossier", lambda data: data["dossier_id"]),
    "processing.case.result-issued.v1": ("decision number", lambda data: (data["agency"], data["issued_at"][:4], data["result_number"])),
    "processing.book.number-allotted.v1": ("book number", lambda data: (data["agency"], data["year"], data["serial"])),
    "processing.permit.issued.v1": ("permit number", lambda data: (data["agency"], data["issued_on"][:4], data["number"])),
    "feedback.invitation.issued.v1": ("survey invitation", lambda data: (data["dossier_id"], data["occasion"])),
    "feedback.answer.recorded.v1": ("answer of a token", lambda data: data["answer_id"]),
    "feedback.invitation.used.v1": ("use of the invitation", lambda data: data["invitation_id"]),
}
"""What may be given once only: its name, and what makes it the same one."""


async def check(stack: Stack, databases: Mapping[str, Any], broker: Client, acknowledged: Sequence[Acknowledged]) -> Findings:
    """Check everything; `databases` are connections that may read each service's database."""
    findings = Findings()
    logs = {service: await read(database, service) for service, database in databases.items()}
    findings.events = {service: len(events) for service, events in logs.items()}
    findings.add("lost", [*lost(logs, acknowledged), *unanswered(logs)])
    findings.add("lost", [finding async for finding in lost_beside(databases, logs, acknowledged)])
    findings.add("duplicated", [*repeated(logs), *given_twice(logs), *answered_twice(logs)])
    findings.add("out_of_order", [*disorder(logs), *causes_out_of_order(logs), *promises_out_of_order(acknowledged)])
    for service, database in databases.items():
        witnesses, broken = await verify._witnesses(broker, service)
        verdict = await verify_log(database, service, trusted_keys(stack.seals, service), witnesses)
        verdict.findings += broken
        findings.add("log_mismatches", named(verdict))
        mirror = replace(verdict, findings=[])
        await verify_mirror(database, broker, mirror)
        findings.add("stream_mismatches", named(mirror))
        tables = replace(verdict, findings=[])
        program = verify.service_of(service)
        for model in program.models:
            await verify_read_model(database, model, program.codec, {source: databases[source] for source in model.sources}, tables)
        findings.add("projection_mismatches", named(tables))
        for row in await database.fetch("SELECT consumer, source, pos, error FROM log.parked"):
            findings.add("parked", [f"{service}: {row['consumer']} parked {row['source']}/{row['pos']}: {row['error']}"])
    return findings


async def read(database: Any, service: str) -> list[Event]:
    """Read a whole log in order; a body that is no event has no type, and says what is wrong by what it is not."""
    rows = await database.fetch("SELECT pos, stream, version, body FROM log.event ORDER BY pos")
    return [event_of(service, row["pos"], str(row["stream"]), row["version"], row["body"]) for row in rows]


def event_of(service: str, pos: int, stream: str, version: int, body: bytes) -> Event:
    """Look into one stored event."""
    try:
        said = orjson.loads(body)
        return Event(service, pos, stream, version, said["id"], said["type"], said.get("cause"), said["data"])
    except (ValueError, KeyError):
        return Event(service, pos, stream, version, f"no event at {pos}", "", None, {})


def named(verdict: Verdict) -> list[str]:
    """Give what the kernel found, with the service's name."""
    return [f"{verdict.source}: {finding}" for finding in verdict.findings]


Logs = Mapping[str, Sequence[Event]]


def lost(logs: Logs, acknowledged: Iterable[Acknowledged]) -> Iterator[str]:
    """Find promises that were not kept: the command's events are not there, or not where they were said to be."""
    where = {service: {event.pos: event for event in events} for service, events in logs.items()}
    for one in acknowledged:
        event = where[one.service].get(one.position)
        if event is None or event.command != one.command:
            yield f"{one.service}/{one.position}: {one.path} of {one.who} was answered with success and is not there"


async def lost_beside(databases: Mapping[str, Any], logs: Logs, acknowledged: Iterable[Acknowledged]) -> AsyncIterator[str]:
    """Find rows that were to be stored in the same statement as events and are not there: commands' records, sealed personal data."""
    for service, events in logs.items():
        commands = {row["id"].hex for row in await databases[service].fetch("SELECT id FROM edge.command")}
        for one in acknowledged:
            if one.service == service and one.command[:COMMAND_ID_LENGTH] not in commands:
                yield f"{service}/{one.position}: the record of {one.path} of {one.who} is not there"
        references = {(event.pos, event.data[name]) for event in events for name in REFERENCES if event.data.get(name)}
        if references:
            sealed = {str(row["ref"]) for row in await databases[service].fetch("SELECT ref FROM vault.entry")}
            for pos, reference in references:
                if reference not in sealed:
                    yield f"{service}/{pos}: what was sealed as {reference} is not in the vault"


def repeated(logs: Logs) -> Iterator[str]:
    """Find events that stand twice: event ids are `<command>/<n>`, each once."""
    for service, events in logs.items():
        for id_, count in Counter(event.id for event in events).items():
            if count > 1:
                yield f"{service}: event {id_} is stored {count} times"


def given_twice(logs: Logs) -> Iterator[str]:
    """Find numbers, codes and invitations that were given twice."""
    for events in logs.values():
        given = Counter((name, what(e.data)) for e in events for name, what in [ONLY_ONCE.get(e.type, ("", nothing))] if name)
        for (name, what), count in given.items():
            if count > 1:
                yield f"{name} {what} is given {count} times"


def nothing(_: Mapping[str, Any]) -> None:
    """Name nothing."""


def _effects(logs: Logs) -> Counter[tuple[str, str, str]]:
    return Counter((event.service, event.type, event.cause) for events in logs.values() for event in events if event.cause)


def _owed(logs: Logs) -> Iterator[tuple[Answer, str, int]]:
    """Give each fact that must be answered, its position, and how often it is."""
    effects = _effects(logs)
    for answer in ANSWERS:
        for event in logs.get(answer.source, ()):
            if event.type == answer.cause and answer.when(event.data):
                position = f"{event.service}/{event.pos}"
                yield answer, position, effects[answer.service, answer.effect, position]


def unanswered(logs: Logs) -> Iterator[str]:
    """Find facts that nobody answered though somebody must."""
    for answer, position, count in _owed(logs):
        if count == 0:
            yield f"{position}: {answer.cause} was not answered by {answer.effect}"


def answered_twice(logs: Logs) -> Iterator[str]:
    """Find facts that were answered more than once."""
    for answer, position, count in _owed(logs):
        if count > 1:
            yield f"{position}: {answer.cause} was answered {count} times by {answer.effect}"


def disorder(logs: Logs) -> Iterator[str]:
    """Find positions that are not dense, and streams whose versions do not follow each other."""
    for service, events in logs.items():
        versions: dict[str, int] = defaultdict(int)
        for place, event in enumerate(events, 1):
            if event.pos != place:
                yield f"{service}: position {event.pos} stands at place {place}"
            versions[event.stream] += 1
            if event.version != versions[event.stream]:
                yield f"{service}/{event.pos}: version {event.version} of {event.stream} stands at place {versions[event.stream]}"


def causes_out_of_order(logs: Logs) -> Iterator[str]:
    """Find answers in another order than what they answer, and answers to what does not exist."""
    for service, events in logs.items():
        last: dict[str, int] = defaultdict(int)
        for event in events:
            if event.cause is None:
                continue
            source, _, pos = event.cause.partition("/")
            if int(pos) > len(logs[source]):
                yield f"{service}/{event.pos}: its cause {event.cause} does not exist"
            if int(pos) < last[source]:
                yield f"{service}/{event.pos}: answers {event.cause} after {source}/{last[source]}"
            last[source] = max(last[source], int(pos))


def promises_out_of_order(acknowledged: Iterable[Acknowledged]) -> Iterator[str]:
    """Find commands that one client gave one after the other and that stand in another order."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    for one in acknowledged:
        before = last[one.who, one.service]
        if one.position <= before:
            yield f"{one.service}/{one.position}: {one.path} of {one.who} came after {one.service}/{before}"
        last[one.who, one.service] = one.position
