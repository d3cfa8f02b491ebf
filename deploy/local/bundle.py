"""A file that proves itself: facts with their chains, the seals over them, and the keys. Written by `events export`, read with no server.

One JSON object a line: `{"position":"intake/5","hash":"…","event":{…}}` with the event's own bytes, `{"seal":{…}}`, `{"key":{…}}`.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.eventlog.event import NO_HASH, Row, row_of
from kernel.eventlog.seal import Signed, key_id_of
from kernel.eventlog.verify import Audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

EVENT: Final = re.compile(rb'\{"position":"([a-z]+)/([1-9][0-9]{0,17})","hash":"([0-9a-f]{64})","event":(.*)\}\n?')
SEAL: Final = re.compile(rb'\{"seal":(.*)\}\n?')
KEY: Final = re.compile(rb'\{"key":\{"source":"([a-z]+)","ed25519":"([0-9a-f]{64})"\}\}\n?')
NIL: Final = UUID(int=0)


@dataclass
class Writer:
    """Writes a bundle; the chains are made from the bodies as they go by."""

    target: IO[str]
    _chains: dict[tuple[str, UUID], bytes] = field(default_factory=dict[tuple[str, UUID], bytes])

    def event(self, source: str, pos: int, body: bytes) -> None:
        """Write an event; those of one source in order."""
        chain = source, row_of(body, NO_HASH).stream
        hash_ = self._chains[chain] = hashlib.sha256(self._chains.get(chain, NO_HASH) + body).digest()
        self.target.write(f'{{"position":"{source}/{pos}","hash":"{hash_.hex()}","event":{body.decode()}}}\n')

    def seal(self, signed: Signed) -> None:
        """Write a seal, behind all events that it covers."""
        self.target.write(f'{{"seal":{signed.json.decode()}}}\n')

    def key(self, source: str, key: Ed25519PublicKey) -> None:
        """Write the public key of a service's seals."""
        self.target.write(f'{{"key":{{"source":"{source}","ed25519":"{key.public_bytes_raw().hex()}"}}}}\n')


@dataclass(frozen=True, slots=True)
class Place:
    """One event of the dossier that was asked for."""

    source: str
    pos: int
    stream: UUID
    time: str
    type: str


@dataclass
class Reading:
    """What a bundle holds, and what is wrong with it."""

    audits: dict[str, Audit] = field(default_factory=dict[str, Audit])
    seals: list[Signed] = field(default_factory=list[Signed])
    keys: dict[str, list[Ed25519PublicKey]] = field(default_factory=dict[str, list[Ed25519PublicKey]])
    places: list[Place] = field(default_factory=list[Place])
    strays: list[str] = field(default_factory=list[str])

    def audit(self, source: str) -> Audit:
        """Give the audit of one source."""
        return self.audits.setdefault(source, Audit(source, {}))

    @property
    def findings(self) -> list[str]:
        """Everything that is wrong."""
        return self.strays + [f"{source}: {finding}" for source, audit in self.audits.items() for finding in audit.verdict.findings]

    def sealed_by(self, place: Place) -> int | None:
        """Give the seal that covers an event."""
        return min((upto for upto in self.audit(place.source).seals if upto >= place.pos), default=None)

    def findings_of_places(self) -> list[str]:
        """Give what is wrong with the dossier that was asked for: its own events, and the seals and witnesses over them."""
        said = {f"{place.source}: {kind} {self.sealed_by(place)}:" for place in self.places for kind in ("seal", "witness")}
        said |= {f"stream {place.stream}:" for place in self.places}
        return self.strays + [finding for finding in self.findings if any(words in finding for words in said)]


def read(lines: Iterable[bytes], dossier: UUID | None = None) -> Reading:
    """Read a bundle and look at each event; nothing of it is believed yet."""
    reading = Reading()
    for number, line in enumerate(lines, 1):
        if (event := EVENT.fullmatch(line)) is not None:
            source, pos, hash_, body = event[1].decode(), int(event[2]), bytes.fromhex(event[3].decode()), event[4]
            try:
                row = row_of(body, hash_)
            except ValueError:
                row = Row("", NIL, 1, "", body, hash_)
            reading.audit(source).event(pos, row)
            if dossier is not None and row.stream != NIL:
                head = orjson.loads(body)
                data = head.get("data")
                if dossier == row.stream or (isinstance(data, dict) and str(dossier) == cast("dict[str, Any]", data).get("dossier_id")):
                    reading.places.append(Place(source, pos, row.stream, str(head.get("time")), head["type"]))
        elif (key := KEY.fullmatch(line)) is not None:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key[2].decode()))
            reading.keys.setdefault(key[1].decode(), []).append(public)
        elif (signed := seal_in(line)) is not None:
            reading.seals.append(signed)
        else:
            reading.strays.append(f"line {number} is no event, seal or key")
    return reading


def seal_in(line: bytes) -> Signed | None:
    """Give the seal that a line holds, or None."""
    if (found := SEAL.fullmatch(line)) is None:
        return None
    try:
        return Signed.read(found[1])
    except (ValueError, KeyError, TypeError):
        return None


def judge(reading: Reading, trusted: Sequence[Ed25519PublicKey], witnesses: Sequence[Signed]) -> None:
    """Compare the events with the seals, and these with seals that somebody kept; without `trusted` the bundle's own keys must do."""
    for source in [*reading.keys, *(signed.seal.source for signed in [*reading.seals, *witnesses])]:
        reading.audit(source)
    for source, audit in reading.audits.items():
        audit.keys = {key_id_of(key): key for key in trusted or reading.keys.get(source, [])}
        for signed in reading.seals:
            if signed.seal.source == source:
                audit.seal(signed)
        # A witness that a later bundle has outgrown still holds; one that goes further than this bundle tells that it was cut.
        audit.witnesses([signed for signed in witnesses if signed.seal.source == source])


def main(file: Path, dossier: UUID | None, keys: Sequence[str], witness_files: Sequence[Path], *, as_json: bool) -> int:
    """Verify a bundle, or one dossier in it; print what was found; 0 if all is well, 1 if not, 2 if there is nothing to verify."""
    try:
        trusted = [Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for key in keys]
        with file.open("rb") as lines:
            reading = read(lines, dossier)
        kept = {signed for each in witness_files for line in each.read_bytes().splitlines() if (signed := seal_in(line))}
        witnesses = sorted(kept, key=lambda signed: signed.seal.upto)
    except (OSError, ValueError) as problem:
        print(f"không đọc được · cannot be read: {problem}", file=sys.stderr)
        return 2
    judge(reading, trusted, witnesses)
    if dossier is not None and not reading.places:
        print(f"không có hồ sơ {dossier} · no event of {dossier} in {file.name}", file=sys.stderr)
        return 2
    findings = reading.findings if dossier is None else reading.findings_of_places()
    if as_json:
        print(json.dumps({**figures(reading), "findings": findings, "verified": not findings}, ensure_ascii=False))
    else:
        show(reading, findings, own_keys=not trusted)
    return 1 if findings else 0


def figures(reading: Reading) -> dict[str, Any]:
    """Give what was looked at, for programs."""
    verdicts = {source: audit.verdict for source, audit in reading.audits.items()}
    counted = {
        name: {source: getattr(verdict, name) for source, verdict in verdicts.items()} for name in ("events", "seals", "sealed_upto")
    }
    keys = {source: [key.public_bytes_raw().hex() for key in keys] for source, keys in reading.keys.items()}
    places = [{"position": f"{place.source}/{place.pos}", "seal": reading.sealed_by(place)} for place in reading.places]
    return {**counted, "keys": keys, "places": places}


def show(reading: Reading, findings: Sequence[str], *, own_keys: bool) -> None:
    """Print for a person what was looked at and what was found."""
    for source, audit in reading.audits.items():
        v = audit.verdict
        print(f"{source:<12}{v.events:>9} events  {v.streams:>8} chains  {v.seals:>5} seals (to {v.sealed_upto})")
    for place in reading.places:
        seal = reading.sealed_by(place)
        mark = "chưa niêm phong · not sealed" if seal is None else f"seal {seal}"
        print(f"  {place.source}/{place.pos}  {place.time}  {place.type}  {mark}")
    for finding in findings:
        print(f"! {finding}")
    if own_keys:
        print("khoá lấy từ chính tệp này, hãy đối chiếu · the keys are the file's own: compare them, or name those you know with --key")
        for source, keys in reading.keys.items():
            print(f"  {source:<12}{' '.join(key.public_bytes_raw().hex() for key in keys)}")
    print("KHÔNG tốt · NOT good" if findings else "tốt · good")
