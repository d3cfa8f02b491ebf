"""Everything of ours that reads bytes of somebody outside, with good examples to begin from and how it may say no."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any, Final, get_args
from uuid import UUID

import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import ECKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError
from starlette.requests import Request

from contracts.catalogue import FACTS
from contracts.vocabulary import InvitationId
from deploy.local import bundle
from kernel.edge.caller import caller_of, network_of
from kernel.edge.clock import Clock
from kernel.edge.etag import expected_version, versioned
from kernel.edge.identity import Keys, Verifier, keys_of
from kernel.edge.pages import Pages
from kernel.edge.position import Position
from kernel.edge.problem import Problem
from kernel.edge.telemetry import traceparent_of
from kernel.eventlog import Codec
from kernel.eventlog.consume import stream_or_none
from kernel.eventlog.event import NO_HASH, Unreadable, row_of
from kernel.eventlog.seal import Seal, Signed
from kernel.eventlog.tail import sequence_of
from kernel.vault import KeyRing
from services.feedback.domain import blind, token
from services.feedback.domain.follow_up import code_hash_of
from services.feedback.surveys import Survey
from services.intake import http_files, http_webhooks, national_caller, scanner
from services.intake.file_contents import FileType, wrong_with
from services.processing.on_file import Misread, read_yaml
from services.processing.workflows import WorkflowOnFile
from services.reporting import http_form, sheet
from tests.architecture.source import ROOT
from tests.fuzz.changes import changed

GOLDEN: Final = sorted((ROOT / "contracts" / "golden").glob("*.json"))
WORKFLOWS: Final = sorted((ROOT / "services" / "processing" / "workflows").glob("*/*.yaml"))
SURVEYS: Final = sorted((ROOT / "services" / "feedback" / "surveys").glob("*.yaml"))
NOW: Final = datetime(2026, 3, 2, tzinfo=UTC)
KEY: Final = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
JWKS: Final = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()


@dataclass(frozen=True)
class Parser:
    """One parser: `read` may refuse with `refuses`, and with nothing else. `share`: how many of the tries it gets, being slow."""

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refuses: tuple[type[Exception], ...] = ()
    share: float = 1.0


def asking(query: bytes = b"", **headers: bytes) -> Request:
    """Make a request with a query and headers as they come from the wire."""
    raw = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    return Request(
        {"type": "http", "method": "GET", "path": "/v1/things", "query_string": query, "headers": raw, "client": ("10.0.0.1", 1)}
    )


def text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Read text: what is not UTF-8 never gets so far."""
    return lambda content: read(content.decode("utf-8", "replace"))


# Who asks, and how. ------------------------------------------------------------------------------------------------------


@cache
def verifier() -> tuple[asyncio.Runner, Verifier]:
    """Give a verifier with one key."""
    made = Verifier(Keys(file=Path("/nowhere"), clock=lambda: 0.0), "https://issuer.test", "motcua")
    made.keys._keys = keys_of(JWKS)
    made.keys._asked_at = 0.0
    return asyncio.Runner(), made


def principal(said: str) -> object:
    """Verify a token."""
    runner, made = verifier()
    return runner.run(made.principal(said))


CLAIMS: Final = {"iss": "https://issuer.test", "aud": "motcua", "sub": "nv-1", "exp": 4102444800, "roles": ["desk"], "agencies": ["H09.13"]}


def claimed(content: bytes) -> object:
    """Verify a token that the provider did sign, whatever it says in there."""
    claims = json.loads(content)
    return principal(jwt.encode({"alg": "ES256", "kid": "first"}, claims, KEY)) if isinstance(claims, dict) else None


def cursor(content: bytes) -> object:
    """Open a cursor."""
    return Pages(b"secret").open(asking(b"cursor=x"), content.decode("latin-1"), 50)


def signed_cursor(content: bytes) -> object:
    """Open a cursor that we signed, of another list or another version of it."""
    pages = Pages(b"secret")
    sealed = pages._sign(asking(), content) + content
    return pages.open(asking(), urlsafe_b64encode(sealed).decode(), 50)


def forwarded(content: bytes) -> object:
    """Find out whom a gateway speaks for."""
    return network_of(caller_of(asking(x_forwarded_for=content), [ip_network("10.0.0.0/8")]))


# What others carry here. -------------------------------------------------------------------------------------------------


def carried(name: str) -> bytes:
    """Write the CloudEvent of a golden example."""
    head = {
        "specversion": "1.0",
        "id": "a:1",
        "source": "intake",
        "type": name,
        "subject": "11111111-1111-4111-8111-111111111111",
        "time": "2026-03-02T01:30:00Z",
        "recordedtime": "2026-03-02T01:30:00.123456Z",
        "sequence": "1",
        "agency": "H09.13",
        "actor": "nv-1",
        "cause": "intake/7",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    data = json.loads((ROOT / "contracts" / "golden" / f"{name}.json").read_text(encoding="utf-8"))
    return json.dumps(head | {"data": data}, ensure_ascii=False).encode()


EVENTS: Final = tuple(carried(file.stem) for file in GOLDEN)
SEALED: Final = Signed(Seal("intake", 3, bytes(32), bytes(32), NOW), "k", bytes(64)).json


def bundled() -> bytes:
    """Write a bundle with an event, a seal and a key."""
    written = io.StringIO()
    writer = bundle.Writer(written)
    writer.event("intake", 1, EVENTS[0])
    writer.seal(Signed.read(SEALED))
    writer.key("intake", Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
    return written.getvalue().encode()


def judged(content: bytes) -> object:
    """Read a bundle and judge it."""
    reading = bundle.read(content.splitlines(keepends=True), UUID(int=1))
    bundle.judge(reading, [], [])
    return reading.findings


def acknowledged(content: bytes) -> object:
    """Read where an event stands in its stream."""
    return sequence_of(Msg(Client(), reply=content.decode("latin-1")))


# What people send. -------------------------------------------------------------------------------------------------------


def packed(**parts: bytes) -> bytes:
    """Pack an archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return made.getvalue()


FILES: Final = (
    b"%PDF-1.7\n%%EOF",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"\0\0\0\x18ftypheic",
    packed(word__document_xml=b"<w/>", other=b"x" * 500),
    packed(xl__workbook_xml=b"<x/>"),
)
DECLARED: Final = http_files.FileBody.model_json_schema()["examples"][0]
BLIND: Final = rsa.generate_private_key(65537, blind.SIGNATURE_BYTES * 8)


def looked_at(content: bytes) -> object:
    """Look at a file as each type, and search it."""
    return [wrong_with(content, kind) for kind in get_args(FileType)], scanner.Search().look(content)


def on_file(form: type[Any], content: bytes) -> object:
    """Read a YAML file of processing's."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(content.decode("utf-8", "replace").encode())
        file.flush()
        return read_yaml(Path(file.name), form)


def survey(content: bytes) -> object:
    """Read a questionnaire."""
    return Survey.model_validate(yaml.safe_load(content.decode("utf-8", "replace")))


HELD: Final = {"alg": "ES256", "kid": "first"}
PARSERS: Final = (
    Parser("token", text(principal), (jwt.encode(HELD, CLAIMS, KEY).encode(),), (Problem,)),
    Parser("claims of the provider", claimed, (json.dumps(CLAIMS).encode(),), (Problem, ValueError), 0.2),
    Parser("keys of the provider", keys_of, (JWKS,), (ValueError,), 0.2),
    Parser("cursor", cursor, (b"AAAA", b"a" * 60), (Problem,)),
    Parser("signed cursor", signed_cursor, (b'["2026-03-02T01:30:00Z","x"]',), (Problem,)),
    Parser("position", text(Position.parse), (b"intake/12",), (ValueError,)),
    Parser("If-Match", lambda said: expected_version(asking(if_match=said)), (b'"12"', b'W/"1"', b"*"), (Problem,)),
    Parser("If-None-Match", lambda said: versioned(asking(if_none_match=said), 1, {}), (b'"1", W/"2"', b"*")),
    Parser("Idempotency-Key", lambda said: http_webhooks.key_of(asking(idempotency_key=said).headers), (b"k-1",), (Problem,)),
    Parser("X-Forwarded-For", forwarded, (b"203.0.113.7, 10.0.0.2", b"::ffff:1.2.3.4")),
    Parser("demo time", lambda said: Clock(demo=True).now(asking(motcua_demo_time=said)), (b"2026-03-02T08:30:00+07:00",), (Problem,)),
    Parser(
        "traceparent", lambda said: traceparent_of(asking(traceparent=said)), (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)
    ),
    Parser("event", lambda body: Codec(FACTS).decode("intake", 1, body), EVENTS, (Unreadable,)),
    Parser("event to restore", lambda body: row_of(body, NO_HASH), EVENTS[:3], (ValueError,)),
    Parser("stream of an unreadable event", stream_or_none, EVENTS[:3]),
    Parser("place in a stream", acknowledged, (b"$JS.ACK.INTAKE.abc.1.12.3.1700000000.0",), (ValueError, IndexError)),
    Parser("seal", Signed.read, (SEALED,), (ValueError, KeyError, TypeError)),
    Parser("bundle", judged, (bundled(),)),
    Parser("file", looked_at, FILES),
    Parser("declaration of a file", http_files.FileBody.model_validate_json, (json.dumps(DECLARED).encode(),), (ValidationError,)),
    Parser(
        "answer of clamd",
        text(scanner.said),
        (b"stream: OK", b"stream: Eicar FOUND", b"INSTREAM size limit exceeded. ERROR"),
        (scanner.ScannerAway,),
    ),
    Parser(
        "address of a webhook",
        text(partial(http_webhooks.check_address, inside=False)),
        (b"https://portal.example.vn/motcua", b"https://[::ffff:10.0.0.1]:8443/x", b"https://0x7f.1/"),
        (Problem,),
    ),
    Parser(
        "answer of the national portal",
        national_caller.understood,
        (b'{"error_code": "0", "result": []}', b'{"session": "s"}'),
        (national_caller.Away,),
    ),
    Parser("Accept", text(lambda said: (http_form.wanted(said), sheet.is_wanted(said))), (b"text/csv;q=0.5, application/pdf", b"*/*")),
    Parser(
        "keys of the vault",
        text(KeyRing.parse),
        (f"2:{b64encode(bytes(32)).decode()},1:{b64encode(bytes(range(32))).decode()}".encode(),),
        (ValueError,),
    ),
    Parser("token of an invitation", text(token.invitation_in), (token.token_of(b"s", InvitationId(UUID(int=7))).encode(),), (ValueError,)),
    Parser("code of a petition", text(code_hash_of), (b"ABCD-EFGH-JKMN",)),
    Parser(
        "blinded message",
        lambda hidden: blind.sign(BLIND, hidden, 3),
        (bytes(blind.SIGNATURE_BYTES), b"\1" * blind.SIGNATURE_BYTES),
        (ValueError,),
        0.05,
    ),
    Parser(
        "signature of an answer", lambda signature: blind.is_good(BLIND.public_key(), b"t", signature), (b"\1" * blind.SIGNATURE_BYTES,)
    ),
    Parser("workflow", partial(on_file, WorkflowOnFile), tuple(file.read_bytes() for file in WORKFLOWS), (Misread,), 0.02),
    Parser("questionnaire", survey, tuple(file.read_bytes() for file in SURVEYS), (ValueError, yaml.YAMLError), 0.02),
)


def surprises(parser: Parser, tries: int) -> Iterator[str]:
    """Try a parser; give what it said no to otherwise than it may, with what was read."""
    for number in range(max(10, int(tries * parser.share))):
        chance = Random(f"{parser.name}/{number}")  # noqa: S311 - the same each time, so that it can be had again
        content = changed(chance.choice(parser.seeds), chance, parser.seeds)
        try:
            parser.read(content)
        except parser.refuses:
            continue
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            yield f"{type(error).__name__}: {error}: {content!r}"
