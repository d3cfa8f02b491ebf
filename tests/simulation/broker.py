"""A broker that speaks the NATS protocol and as much of JetStream as the log uses, and that can fail in every way we know of.

It stands where nats-server stands: nats-py and FastStream talk to it through the simulated network and cannot tell the
difference. `test_servers.py` holds it to what the real one does.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import orjson

from tests.simulation.loop import SimulatedLoop, Wire

NANOSECONDS: Final = 1_000_000_000
API: Final = "$JS.API."
NEXT: Final = "$JS.API.CONSUMER.MSG.NEXT."
NO_RESPONDERS: Final = b"NATS/1.0 503\r\n\r\n"
LONG_AGO: Final = "2026-01-01T00:00:00Z"


@dataclass
class Pull:
    """A consumer's request for messages, until it is filled or has expired."""

    inbox: str
    left: int
    expires_at: float
    heartbeat_seconds: float


@dataclass
class Reader:
    """An ephemeral consumer that acknowledges nothing."""

    name: str
    next_sequence: int
    delivered: int = 0
    pulls: list[Pull] = field(default_factory=list[Pull])


@dataclass
class Stream:
    """Messages in order; a sequence that was lost is used again, as after a lost tail of a file."""

    config: dict[str, Any]
    messages: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    readers: dict[str, Reader] = field(default_factory=dict[str, Reader])

    @property
    def last(self) -> int:
        """The last sequence."""
        return len(self.messages)

    def last_of(self, subject: str) -> int:
        """The last sequence of a subject."""
        return next((number for number in range(self.last, 0, -1) if self.messages[number - 1][0] == subject), 0)

    def takes(self, subject: str) -> bool:
        """Whether a subject is one of the stream's; every stream here has `<source>.>`."""
        return any(subject.startswith(given.removesuffix(">")) for given in self.config["subjects"])


@dataclass
class Mischief:
    """How often a message that a core connection may lose is lost, sent twice, or held up."""

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    delay_seconds: float = 0.05


class Broker:
    """The server: connections, subscriptions, streams."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.loop = loop
        self.up = True
        self.streams: dict[str, Stream] = {}
        self.mischief = Mischief()
        self.sessions: list[BrokerSession] = []
        self.subscriptions: dict[str, list[tuple[BrokerSession, int]]] = {}
        self._names = count(1)

    def accept(self, wire: Wire) -> BrokerSession:
        """Greet a client."""
        session = BrokerSession(self, wire)
        self.sessions.append(session)
        info = {"server_id": "SIM", "version": "2.15.1", "proto": 1, "headers": True, "jetstream": True, "max_payload": 1048576}
        wire.send(b"INFO " + orjson.dumps(info) + b"\r\n")
        return session

    # Faults.

    def crash(self, lost: int = 0) -> None:
        """Go down at once, and forget consumers and the last `lost` messages of each stream, which no disk has seen."""
        self.up = False
        for session in list(self.sessions):
            session.wire.reset()
        for stream in self.streams.values():
            stream.readers.clear()
            if lost:
                del stream.messages[-lost:]

    def wipe(self) -> None:
        """Lose everything."""
        self.crash()
        self.streams.clear()

    # Routing.

    def subscribers(self, subject: str) -> list[tuple[BrokerSession, int]]:
        """Give who listens to a subject; the clients use exact subjects and `<prefix>.*`."""
        return [*self.subscriptions.get(subject, ()), *self.subscriptions.get(subject.rpartition(".")[0] + ".*", ())]

    def publish(self, subject: str, reply: str, header: bytes, body: bytes) -> None:
        """Take a message: a question to JetStream, an event for a stream, or something for whoever listens."""
        if subject.startswith(NEXT):
            stream, reader = subject[len(NEXT) :].split(".")
            if not self._pull(stream, reader, reply, body):
                self.deliver(reply, "", NO_RESPONDERS, b"")
        elif subject.startswith(API):
            self.deliver(reply, "", b"", orjson.dumps(self._answer(subject[len(API) :], body)))
        elif (stream := next((stream for stream in self.streams.values() if stream.takes(subject)), None)) is not None:
            answer = self._store(stream, subject, header, body)
            self.perhaps(lambda: self.deliver(reply, "", b"", orjson.dumps(answer)))
        elif not self.deliver(subject, reply, header, body) and reply:
            self.deliver(reply, "", NO_RESPONDERS, b"")

    def perhaps(self, send: Callable[[], Any]) -> None:
        """Send something, or lose it, or send it twice, or later than what comes after it."""
        chance, mischief = self.loop.random.random(), self.mischief
        if chance < mischief.drop:
            return
        if chance < mischief.drop + mischief.delay:
            self.loop.call_later(self.loop.random.random() * mischief.delay_seconds, send, context=self.loop.network.outside)
            return
        send()
        if chance > 1 - mischief.double:
            send()

    def deliver(self, subject: str, reply: str, header: bytes, body: bytes, *, to: str = "") -> bool:
        """Send to whoever listens to `to` (the subject, if nothing is said); give whether somebody does."""
        found = self.subscribers(to or subject)
        for session, sid in found:
            session.send(subject, sid, reply, header, body)
        return bool(found)

    # Streams.

    def _store(self, stream: Stream, subject: str, header: bytes, body: bytes) -> dict[str, Any]:
        name = stream.config["name"]
        for line in header.split(b"\r\n"):
            key, _, value = line.partition(b":")
            last = {
                b"nats-expected-last-sequence": stream.last,
                b"nats-expected-last-subject-sequence": stream.last_of(subject),
            }.get(key.lower())
            if last is not None and int(value) != last:
                description = f"wrong last sequence: {last}"
                return {"error": {"code": 400, "err_code": 10071, "description": description}, "stream": name, "seq": 0}
        stream.messages.append((subject, body))
        for reader in stream.readers.values():
            self._serve(stream, reader)
        return {"stream": name, "seq": stream.last}

    def _answer(self, question: str, body: bytes) -> dict[str, Any]:
        kind, _, rest = question.partition(".")
        action, _, name = rest.partition(".")
        name = name.split(".")[0]
        asked = orjson.loads(body) if body else {}
        stream = self.streams.get(name)
        if stream is None and (kind, action) == ("STREAM", "CREATE"):
            stream = self.streams[name] = Stream(asked)
        if kind == "STREAM" and action == "MSG":
            return self._message(self.streams.get(rest.removeprefix("MSG.GET.")), asked)
        if stream is None:
            return failure(404, 10059, "stream not found")
        if kind == "STREAM":
            return self._information(stream)
        return self._read(stream, asked)

    def _information(self, stream: Stream) -> dict[str, Any]:
        state = {
            "messages": stream.last,
            "bytes": sum(len(body) for _, body in stream.messages),
            "first_seq": 1 if stream.messages else 0,
            "last_seq": stream.last,
            "consumer_count": len(stream.readers),
        }
        return {"type": "io.nats.jetstream.api.v1.stream_info_response", "config": stream.config, "state": state, "created": LONG_AGO}

    def _message(self, stream: Stream | None, asked: dict[str, Any]) -> dict[str, Any]:
        if stream is None:
            return failure(404, 10059, "stream not found")
        sequence = stream.last_of(asked["last_by_subj"]) if "last_by_subj" in asked else asked["seq"]
        if not 0 < sequence <= stream.last:
            return failure(404, 10037, "no message found")
        subject, body = stream.messages[sequence - 1]
        return {"message": {"subject": subject, "seq": sequence, "data": base64.b64encode(body).decode(), "time": LONG_AGO}}

    # Readers.

    def _read(self, stream: Stream, asked: dict[str, Any]) -> dict[str, Any]:
        config = asked["config"]
        name = f"reader{next(self._names)}"
        stream.readers[name] = Reader(name, config["opt_start_seq"])
        nothing = {"consumer_seq": 0, "stream_seq": 0}
        return {
            "type": "io.nats.jetstream.api.v1.consumer_create_response",
            "stream_name": stream.config["name"],
            "name": name,
            "config": config,
            "delivered": nothing,
            "ack_floor": nothing,
            "created": LONG_AGO,
        }

    def _pull(self, stream_name: str, reader_name: str, inbox: str, body: bytes) -> bool:
        stream = self.streams.get(stream_name)
        reader = None if stream is None else stream.readers.get(reader_name)
        if stream is None or reader is None:
            return False
        asked, now = orjson.loads(body), self.loop.time()
        heartbeat = asked["idle_heartbeat"] / NANOSECONDS
        pull = Pull(inbox, asked["batch"], now + asked["expires"] / NANOSECONDS, heartbeat)
        reader.pulls.append(pull)
        self._serve(stream, reader)
        if pull in reader.pulls:
            self.loop.call_later(heartbeat, self._beat, stream_name, reader, pull, context=self.loop.network.outside)
        return True

    def _beat(self, stream_name: str, reader: Reader, pull: Pull) -> None:
        """Say that there is nothing to say, or that the request has expired."""
        stream = self.streams.get(stream_name)
        if not self.up or stream is None or stream.readers.get(reader.name) is not reader or pull not in reader.pulls:
            return
        if not self.subscribers(pull.inbox):
            reader.pulls.remove(pull)
            return
        if self.loop.time() >= pull.expires_at:
            reader.pulls.remove(pull)
            header = b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: %d\r\nNats-Pending-Bytes: 0\r\n\r\n" % pull.left
            self.deliver(pull.inbox, "", header, b"")
            return
        if pull is reader.pulls[0]:
            header = b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: %d\r\nNats-Last-Stream: %d\r\n\r\n"
            self.deliver(pull.inbox, "", header % (reader.delivered, reader.next_sequence - 1), b"")
        self.loop.call_later(pull.heartbeat_seconds, self._beat, stream_name, reader, pull, context=self.loop.network.outside)

    def _serve(self, stream: Stream, reader: Reader) -> None:
        while reader.pulls and reader.next_sequence <= stream.last:
            pull = reader.pulls[0]
            if self.loop.time() >= pull.expires_at or not self.subscribers(pull.inbox):
                reader.pulls.pop(0)
                continue
            subject, body = stream.messages[reader.next_sequence - 1]
            reader.delivered += 1
            pending = stream.last - reader.next_sequence
            numbers = f"1.{reader.next_sequence}.{reader.delivered}.0.{pending}"
            reply = f"$JS.ACK.{stream.config['name']}.{reader.name}.{numbers}"
            self._hand_over(pull.inbox, subject, reply, body)
            reader.next_sequence += 1
            pull.left -= 1
            if pull.left == 0:
                reader.pulls.pop(0)

    def _hand_over(self, inbox: str, subject: str, reply: str, body: bytes) -> None:
        self.perhaps(lambda: self.deliver(subject, reply, b"", body, to=inbox))


def failure(code: int, err_code: int, description: str) -> dict[str, Any]:
    """Say no, as the API does."""
    return {"error": {"code": code, "err_code": err_code, "description": description}}


class BrokerSession:
    """One client's connection."""

    def __init__(self, broker: Broker, wire: Wire) -> None:
        self.broker = broker
        self.wire = wire
        self._buffer = b""
        self._subjects: dict[int, str] = {}

    def lost(self) -> None:
        """Forget the client and what it listened to."""
        self.broker.sessions.remove(self)
        for sid in list(self._subjects):
            self._unsubscribe(sid)

    def received(self, data: bytes) -> None:
        """Carry out every whole command."""
        buffer = self._buffer + data
        while (end := buffer.find(b"\r\n")) >= 0:
            words = buffer[:end].split()
            rest = end + 2
            if words[0] in {b"PUB", b"HPUB"}:
                total = int(words[-1])
                if len(buffer) < rest + total + 2:
                    break
                payload = buffer[rest : rest + total]
                rest += total + 2
                self._publish(words, payload)
            elif words[0] == b"SUB":
                self._subscribe(words[1].decode(), int(words[-1]))
            elif words[0] == b"UNSUB":
                # A client that wants one more answer (`max`) takes it and says nothing; to go on sending does no harm.
                if len(words) == len([b"UNSUB", b"sid"]):
                    self._unsubscribe(int(words[1]))
            elif words[0] == b"PING":
                self.wire.send(b"PONG\r\n")
            buffer = buffer[rest:]
        self._buffer = buffer

    def _publish(self, words: list[bytes], payload: bytes) -> None:
        has_header = words[0] == b"HPUB"
        sizes = 2 if has_header else 1
        reply = words[2].decode() if len(words) == sizes + 3 else ""
        cut = int(words[-2]) if has_header else 0
        self.broker.publish(words[1].decode(), reply, payload[:cut], payload[cut:])

    def _subscribe(self, subject: str, sid: int) -> None:
        self._subjects[sid] = subject
        self.broker.subscriptions.setdefault(subject, []).append((self, sid))

    def _unsubscribe(self, sid: int) -> None:
        subject = self._subjects.pop(sid, None)
        if subject is not None:
            listeners = self.broker.subscriptions[subject]
            listeners.remove((self, sid))
            if not listeners:
                del self.broker.subscriptions[subject]

    def send(self, subject: str, sid: int, reply: str, header: bytes, body: bytes) -> None:
        """Send one message."""
        to = f"{subject} {sid} {reply}".rstrip().encode()
        if header:
            self.wire.send(b"HMSG %b %d %d\r\n%b%b\r\n" % (to, len(header), len(header) + len(body), header, body))
        else:
            self.wire.send(b"MSG %b %d\r\n%b\r\n" % (to, len(body), body))
