"""Step 8 of 8, query: long lists in pages that do not lie while events arrive (keyset paging, RFC 8288 links).

A cursor holds the sort key of the last row that was shown, and is signed together with the list's address and filters, so
that it can be used for that list only and says nothing that the row did not say.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge.answer import encode, json_response
from kernel.edge.problem import INVALID, Fault, Problem, Sentence

LIMIT_MAX: Final = 200
LIMIT: Final = 50
CURSOR_LENGTH_MAX: Final = 1000
SIGNATURE_BYTES: Final = 16
NOT_A_FILTER: Final = frozenset({"cursor", "limit", "after"})

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Rows per page.")]
"""The type of a route's parameter `limit`; give it the default `LIMIT`."""
Cursor = Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX, description="`next` of the page before; opaque.")]
"""The type of a route's parameter `cursor`."""

Row = TypeVar("Row")

_FAULT: Final = Fault(
    "query",
    "/cursor",
    Sentence(
        "Con trỏ trang không hợp lệ hoặc thuộc về danh sách khác. Hãy bắt đầu lại từ trang đầu.",
        "The cursor is not valid, or belongs to another list. Start again from the first page.",
    ),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for: rows after the sort key `after` (None = from the start); fetch one more than `limit`, to know if there is more."""

    after: tuple[Any, ...] | None
    limit: int

    @property
    def fetch(self) -> int:
        """Rows to ask the database for."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Pages:
    """Reads and writes cursors under one secret, which all replicas of a service share."""

    secret: bytes

    def open(self, request: Request, cursor: str | None, limit: int) -> Page:
        """Read what page is asked for.

        The sort key's values are what JSON makes of them: text, whole numbers, booleans and None; instants and ids are text.

        Raises:
            Problem: 422, if the cursor is not one that this list gave.
        """
        if cursor is None:
            return Page(None, limit)
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
            if not hmac.compare_digest(signature, self._sign(request, body)):
                raise Problem(INVALID, faults=[_FAULT])
            return Page(tuple(orjson.loads(body)), limit)
        except (ValueError, TypeError) as error:
            raise Problem(INVALID, faults=[_FAULT]) from error

    def answer(
        self,
        request: Request,
        page: Page,
        rows: Sequence[Row],
        *,
        key: Callable[[Row], Sequence[Any]],
        item: Callable[[Row], Any],
        more: Mapping[str, Any] | None = None,
        looked_to: Sequence[Any] | None = None,
    ) -> Response:
        """Answer with a page: `{"items": […], "next": cursor or null, …more}`, and a Link to the next page if there is one.

        Args:
            request: the request that `page` was opened for.
            page: what was asked for.
            rows: at most `page.fetch` rows in order of the sort key.
            key: the sort key of a row; it must be unique.
            item: what is shown of a row.
            more: further members, such as `positions` and `lag`.
            looked_to: the sort key up to which was looked for rows, where the search ended before the page was full.
        """
        shown, headers, cursor = rows[: page.limit], dict[str, str](), None
        last = key(shown[-1]) if len(rows) > page.limit else looked_to
        if last is not None:
            body = encode(list(last))
            cursor = urlsafe_b64encode(self._sign(request, body) + body).rstrip(b"=").decode()
            query = [(name, value) for name, value in request.query_params.multi_items() if name not in {"cursor", "after"}]
            headers["Link"] = f'<{request.url.path}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
        return json_response({"items": [item(row) for row in shown], "next": cursor, **(more or {})}, headers=headers)

    def _sign(self, request: Request, body: bytes) -> bytes:
        filters = sorted((name, value) for name, value in request.query_params.multi_items() if name not in NOT_A_FILTER)
        address = orjson.dumps([request.url.path, filters])
        return hmac.digest(self.secret, hashlib.sha256(address).digest() + body, hashlib.sha256)[:SIGNATURE_BYTES]
