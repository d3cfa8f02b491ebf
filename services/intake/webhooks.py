"""Beside step 5: webhooks after Standard Webhooks: signed, tried again by its schedule, never sent to an address inside.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import logging
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import httpcore2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

from kernel.edge.answer import encode
from kernel.edge.identity import Principal
from kernel.edge.position import Position
from kernel.eventlog import Recorded
from services.intake.feed import message, seen
from services.intake.outgoing import QUERY, Delivery, Outgoing, Tried

Signature = Literal["v1", "v1a"]

PAUSES_SECONDS: Final = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""The specification's schedule: at once, then after each of these."""
TIMEOUT_SECONDS: Final = 15.0
BOTH_KEYS: Final = timedelta(hours=24)
"""For so long after a rotation both keys sign."""
GONE: Final = 410
OK: Final = range(200, 300)
LOGGER: Final = logging.getLogger(__name__)
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class AddressInside(OSError):  # noqa: N818 - says what it is
    """An address that a webhook may not be sent to: it is not on the public internet."""


def is_outside(address: str) -> bool:
    """Tell whether an IP address is on the public internet, also where an IPv4 address hides in an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in NAT64 else None)
        if hidden is not None:
            return is_outside(str(hidden))
        if ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast


class Guarded(httpcore2.AsyncNetworkBackend):
    """Looks a name up once, refuses it if any of its addresses is inside, and connects to the very address that was looked at.

    So a name that is answered otherwise the second time (DNS rebinding) leads nowhere.
    """

    def __init__(self, *, inside: bool) -> None:
        """Keep whether addresses inside are allowed (development only)."""
        self._inside = inside
        self._net: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect, if it may be."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not self._inside and not all(map(is_outside, addresses)):
            raise AddressInside("the address is not on the public internet")
        return await self._net.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Refuse: no webhook goes there."""
        raise AddressInside("not an address of the internet")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._net.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes the keys of subscriptions out of one secret: nothing is stored that could be stolen, and a key can be shown again."""

    secret: bytes

    def seed(self, subscription: UUID, generation: int) -> bytes:
        """Give the 32 bytes of one key."""
        return hmac.digest(self.secret, b"webhook:%b:%d" % (subscription.bytes, generation), hashlib.sha256)

    def shown(self, subscription: UUID, signature: Signature, generation: int) -> str:
        """Give what a subscriber verifies with: the shared secret (`whsec_…`) or the public key (`whpk_…`)."""
        seed = self.seed(subscription, generation)
        if signature == "v1":
            return "whsec_" + base64.b64encode(seed).decode()
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        return "whpk_" + base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, row: asyncpg.Record, msg_id: str, at: datetime, body: str) -> dict[str, str]:
        """Give the three headers; for a while after a rotation two signatures."""
        generations = [row["generation"]]
        if row["rotated_at"] is not None and at - row["rotated_at"] < BOTH_KEYS:
            generations.append(row["generation"] - 1)
        signatures = [self._signature(row["id"], row["signature"], generation, msg_id, at, body) for generation in generations]
        return {"webhook-id": msg_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signatures)}

    def _signature(self, subscription: UUID, signature: Signature, generation: int, msg_id: str, at: datetime, body: str) -> str:
        seed = self.seed(subscription, generation)
        if signature == "v1":
            return Webhook(seed).sign(msg_id, at, body)
        signed = Ed25519PrivateKey.from_private_bytes(seed).sign(f"{msg_id}.{int(at.timestamp())}.{body}".encode())
        return f"v1a,{base64.b64encode(signed).decode()}"


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """One subscription."""

    outgoing: Outgoing
    row: asyncpg.Record
    signer: Signer
    net: httpcore2.AsyncConnectionPool
    pauses: Sequence[float] = PAUSES_SECONDS
    patient: bool = False

    @property
    def name(self) -> str:
        """Its name among the receivers."""
        return receiver_of(self.row["id"])

    async def fill(self) -> None:
        """Write down the public events of the agencies that the subscriber may see."""
        whose = Principal(self.row["owner"], frozenset(), tuple(self.row["agencies"] or ("*",)))

        def wanted(event: Recorded) -> bool:
            return seen(event) is not None and whose.may_touch(event.agency)

        await self.outgoing.fill_from_own(self.name, wanted)

    async def deliver(self, delivery: Delivery) -> Tried:
        """Post the event; whatever is not 2xx did not arrive, a redirect neither."""
        log = self.outgoing.runtime.log
        (found,) = await log.pool.fetch(QUERY["bodies"], [delivery.pos])
        event = log.codec.decode(log.source, delivery.pos, found["body"])
        public = seen(event)
        if public is None:  # was public when it was listed
            return Tried(arrived=True)
        body = encode(message(event, public)).decode()
        headers = self.signer.sign(self.row, str(Position(log.source, delivery.pos)), datetime.now(UTC), body)
        status = await post(self.net, self.row["url"], headers, body.encode())
        if status in OK:
            return Tried(arrived=True, status=int(status))
        await self._failed()
        if isinstance(status, str):
            return Tried(arrived=False, error=status)
        return Tried(arrived=False, status=status, gone=status == GONE, error=f"answered {status}")

    async def _failed(self) -> None:
        """Ask an address no more where every try has failed for too long: what was to go there waits until its owner asks for it."""
        runtime, id_ = self.outgoing.runtime, self.row["id"]
        await runtime.log.pool.execute(QUERY["failing"], id_, self.name)
        if await runtime.log.pool.execute(QUERY["disable"], id_, runtime.settings.webhook_failing_hours * 3600) == "UPDATE 1":
            LOGGER.warning("webhook %s is disabled: every try has failed for %g hours", id_, runtime.settings.webhook_failing_hours)

    async def gone(self) -> None:
        """Disable the subscription: 410 says that nobody wants it any more."""
        await self.outgoing.runtime.log.pool.execute(QUERY["end"], self.row["id"], "gone")


def receiver_of(subscription: UUID) -> str:
    """Name a subscription among the receivers."""
    return f"webhook/{subscription}"


def network(*, inside: bool) -> httpcore2.AsyncConnectionPool:
    """Make what webhooks go out through."""
    return httpcore2.AsyncConnectionPool(ssl_context=ssl.create_default_context(), network_backend=Guarded(inside=inside))


async def post(net: httpcore2.AsyncConnectionPool, url: str, headers: dict[str, str], body: bytes) -> int | str:
    """Post, and give the status, or why there is none. What the other side says beyond the status is not read."""
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_SECONDS)
    given = [("content-type", "application/json"), ("user-agent", "Motcua-Webhooks"), *headers.items()]
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            net.stream("POST", url, headers=given, content=body, extensions={"timeout": timeouts}) as answer,
        ):
            return answer.status
    except (OSError, TimeoutError, httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
        return type(error).__name__
