"""Step 1 of 8, http_api: subscriptions to webhooks, their keys, what became of each delivery, and delivering again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import asyncpg
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import Body, EmptyBody
from kernel.edge.idempotency import HEADER, KEY_PATTERN
from kernel.edge.identity import Principal
from kernel.edge.openapi import gives
from kernel.edge.pages import LIMIT, Limit
from kernel.edge.policy import allowed
from kernel.edge.position import PATTERN, Position
from kernel.edge.problem import INVALID, KEY_MISSING, KEY_REUSED, NOT_FOUND, Fault, Problem, Sentence, refusal
from services.intake.answers_outgoing import DeliveryList, Replayed, SubscriptionList, SubscriptionTold
from services.intake.feed import agencies_of
from services.intake.http_feed import behind
from services.intake.outgoing import QUERY, Outgoing
from services.intake.webhooks import Signature, Signer, is_outside, receiver_of

ACTIONS: Final = {"webhook.manage": {"portal", "admin"}}

SUBSCRIPTIONS_MAX: Final = 20
"""Active subscriptions of one subscriber."""
URL_LENGTH_MAX: Final = 500
NAMESPACE: Final = UUID("0b5f9e4c-2f0e-5d3a-8b76-5a1c9f4f7d21")

TOO_MANY: Final = refusal(
    "too-many-subscriptions",
    "Tài khoản này đã có đủ số đăng ký webhook.",
    "This account has as many subscriptions to webhooks as it may have.",
)
ENDED: Final = refusal("subscription-ended", "Đăng ký webhook này đã kết thúc.", "This subscription to webhooks has ended.")

_HTTPS: Final = Sentence(
    "Địa chỉ phải là https, không có tên đăng nhập, tham số hay mảnh.", "The address must be https, with no user, query or fragment."
)
_INSIDE: Final = Sentence("Địa chỉ phải nằm trên Internet công cộng.", "The address must be on the public internet.")


class SubscriptionBody(Body):
    """Where events are to be posted, behind which cursor, and how they are signed: `v1` HMAC with a shared secret, `v1a` Ed25519."""

    model_config = Body.model_config | {
        "json_schema_extra": {"examples": [{"url": "https://portal.example.vn/motcua", "signature": "v1a", "after": "intake/1"}]}
    }

    url: Annotated[str, Field(max_length=URL_LENGTH_MAX, pattern=r"^https?://[!-~]+$")]
    signature: Signature = "v1a"
    after: Annotated[str | None, Field(pattern=PATTERN)] = None


class ReplayBody(Body):
    """Deliver once more everything behind a cursor; without it, what is parked."""

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"after": "intake/1"}]}}

    after: Annotated[str | None, Field(pattern=PATTERN)] = None


class RotationBody(Body):
    """The generation of the key that is to be replaced, so that a repeated request replaces it once."""

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"generation": 1}]}}

    generation: Annotated[int, Field(ge=1, le=1_000_000)]


def routes(outgoing: Outgoing, signer: Signer) -> APIRouter:
    """Make the routes of webhooks."""
    router = APIRouter(prefix="/v1")
    add_subscriptions(router, outgoing, signer)
    add_deliveries(router, outgoing)
    return router


def add_subscriptions(router: APIRouter, outgoing: Outgoing, signer: Signer) -> None:
    """Add subscribing, keys and the end."""
    runtime = outgoing.runtime

    def listed(row: asyncpg.Record) -> dict[str, Any]:
        names = ("id", "url", "signature", "generation", "state", "failing_since", "rotated_at", "created_at")
        return {name: row[name] for name in names}

    def shown(row: asyncpg.Record) -> dict[str, Any]:
        return listed(row) | {"key": signer.shown(row["id"], row["signature"], row["generation"])}

    @router.post("/webhooks", status_code=201, responses=gives(SubscriptionTold, 201))
    async def subscribe(request: Request, body: SubscriptionBody, principal: Annotated[Principal, allowed("webhook.manage")]) -> Response:
        """Have the public events of one's agencies posted to an address, signed after Standard Webhooks.

        The answer holds the key to verify with. Events come in order for each dossier; one that is not answered with 2xx is tried again by
        the schedule of Standard Webhooks and parked at its end; 410 ends the subscription, and failing for days disables it.
        """
        check_address(body.url, inside=runtime.settings.webhooks_inside)
        key = key_of(request.headers)
        id_ = uuid5(NAMESPACE, f"{principal.sub}\n{key}")
        fingerprint = hashlib.sha256(body.model_dump_json().encode()).digest()
        since = behind(runtime.name, body.after, "body", "/after") if body.after else await runtime.log.head()
        pool = runtime.log.pool
        if (row := await pool.fetchrow(QUERY["subscription"], id_)) is None:
            if await pool.fetchval(QUERY["count_active"], principal.sub) >= SUBSCRIPTIONS_MAX:
                raise Problem(TOO_MANY)
            async with pool.acquire() as connection, connection.transaction():
                agencies = None if principal.everywhere else agencies_of(principal)
                await connection.execute(QUERY["subscribe"], id_, fingerprint, principal.sub, agencies, body.url, body.signature)
                await connection.execute(QUERY["begin"], receiver_of(id_), runtime.name, since)
            row = await pool.fetchrow(QUERY["subscription"], id_)
        if row is None or row["fingerprint"] != fingerprint:
            raise Problem(KEY_REUSED)
        return json_response(shown(row), 201, headers={"Location": f"/v1/webhooks/{id_}"})

    @router.get("/webhooks", responses=gives(SubscriptionList))
    async def subscriptions(principal: Annotated[Principal, allowed("webhook.manage")], limit: Limit = LIMIT) -> Response:
        """List one's own subscriptions without their keys, the newest first; an administrator sees everybody's."""
        rows = await runtime.log.pool.fetch(QUERY["subscriptions"], principal.sub, "admin" in principal.roles, limit)
        return json_response({"items": [listed(row) for row in rows]})

    @router.get("/webhooks/{id}", responses=gives(SubscriptionTold))
    async def subscription(id: UUID, principal: Annotated[Principal, allowed("webhook.manage")]) -> Response:
        """Give a subscription with the key to verify with."""
        return json_response(shown(await own(outgoing, id, principal)))

    @router.post("/webhooks/{id}/rotation", responses=gives(SubscriptionTold))
    async def rotate(
        request: Request, id: UUID, body: RotationBody, principal: Annotated[Principal, allowed("webhook.manage")]
    ) -> Response:
        """Replace the key; for 24 hours both sign, so that the receiver can change in peace."""
        key_of(request.headers)
        await own(outgoing, id, principal, active=True)
        await runtime.log.pool.execute(QUERY["rotate"], id, body.generation)
        return json_response(shown(await own(outgoing, id, principal)))

    @router.post("/webhooks/{id}/end", responses=gives(SubscriptionTold))
    async def end(request: Request, id: UUID, _: EmptyBody, principal: Annotated[Principal, allowed("webhook.manage")]) -> Response:
        """End a subscription; the second time changes nothing."""
        key_of(request.headers)
        await own(outgoing, id, principal)
        await runtime.log.pool.execute(QUERY["end"], id, "closed")
        return json_response(shown(await own(outgoing, id, principal)))

    _ = (subscribe, subscriptions, subscription, rotate, end)


def add_deliveries(router: APIRouter, outgoing: Outgoing) -> None:
    """Add what became of deliveries, and delivering again."""
    runtime = outgoing.runtime

    @router.get("/webhooks/{id}/deliveries", responses=gives(DeliveryList))
    async def deliveries(
        id: UUID,
        principal: Annotated[Principal, allowed("webhook.manage")],
        state: Annotated[Literal["waiting", "done", "parked"] | None, Query(examples=["parked"])] = None,
        after: Annotated[str | None, Query(pattern=PATTERN, description="Behind this cursor.", examples=["intake/1"])] = None,
        limit: Limit = LIMIT,
    ) -> Response:
        """Tell what became of each event: waiting, done or parked, after how many tries, and what the last was answered with."""
        await own(outgoing, id, principal)
        pos = behind(runtime.name, after, "query", "/after")
        rows = await runtime.log.pool.fetch(QUERY["of_receiver"], receiver_of(id), pos, state, limit)
        return json_response({"items": [told(row) for row in rows]})

    @router.post("/webhooks/{id}/replay", responses=gives(Replayed))
    async def replay(request: Request, id: UUID, body: ReplayBody, principal: Annotated[Principal, allowed("webhook.manage")]) -> Response:
        """Deliver once more: everything behind a cursor that is kept, or what is parked.

        A subscription that a 410 ended, or that was disabled because its address failed for too long, lives again and misses nothing.
        """
        key_of(request.headers)
        await own(outgoing, id, principal, active=True)
        pos = behind(runtime.name, body.after, "body", "/after") if body.after else None
        await runtime.log.pool.execute(QUERY["revive"], id)
        done = await runtime.log.pool.execute(QUERY["replay"], receiver_of(id), runtime.name, pos)
        return json_response({"id": id, "deliveries": int(done.rpartition(" ")[2])})

    _ = (deliveries, replay)


async def own(outgoing: Outgoing, id: UUID, principal: Principal, *, active: bool = False) -> asyncpg.Record:
    """Find the caller's own subscription; for an administrator anybody's.

    Raises:
        Problem: 404 if there is none, 409 if it was closed and must be `active`.
    """
    row = await outgoing.runtime.log.pool.fetchrow(QUERY["subscription"], id)
    if row is None or (row["owner"] != principal.sub and "admin" not in principal.roles):
        raise Problem(NOT_FOUND)
    if active and row["state"] == "closed":
        raise Problem(ENDED)
    return row


def told(row: asyncpg.Record) -> dict[str, Any]:
    """Say what became of a delivery."""
    names = ("state", "attempts", "status", "error", "due_at", "at")
    return {"cursor": str(Position(row["source"], row["pos"]))} | {name: row[name] for name in names}


def key_of(headers: Mapping[str, str]) -> str:
    """Read the idempotency key.

    Raises:
        Problem: 400 without one.
    """
    if (key := headers.get(HEADER)) is None or re.fullmatch(KEY_PATTERN, key) is None:
        raise Problem(KEY_MISSING)
    return key


def check_address(url: str, *, inside: bool) -> None:
    """Refuse at once what will never be posted to; names are looked up at each delivery, see `webhooks.Guarded`.

    Raises:
        Problem: 422.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = parts = None
    if parts is None or not host or parts.username or parts.query or parts.fragment or not (inside or parts.scheme == "https"):
        raise Problem(INVALID, faults=[Fault("body", "/url", _HTTPS)])
    if inside:
        return
    try:
        outside = is_outside(host)
    except ValueError:  # a name, not a number
        outside = "." in host and not host.endswith((".local", ".internal", ".localhost", ".invalid"))
    if not outside:
        raise Problem(INVALID, faults=[Fault("body", "/url", _INSIDE)])
