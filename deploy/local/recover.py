"""`./motcua recover`: a service whose database was restored from an older backup gets the tail of its log back from its stream.

As the service's own user at both servers: recovering appends, and may no more than that.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import nats
from nats.js.errors import NotFoundError

from deploy.local.keys import trusted_keys
from deploy.local.stack import Stack, supervisor_of
from kernel.eventlog.errors import Doubt, Halt
from kernel.eventlog.recover import Fork, OtherHistory, Recovered, recover

if TYPE_CHECKING:
    from pathlib import Path

NOT_RUNNING: Final = 3
SHOWN_MAX: Final = 50
LOST: Final = """
    SELECT DISTINCT stream::text FROM log.event_json, jsonb_each_text(body -> 'data') AS field
    WHERE pos > $1 AND key LIKE '%\\_ref' AND value IS NOT NULL AND NOT EXISTS (SELECT FROM vault.entry WHERE ref::text = value) ORDER BY 1
"""
"""Streams with facts behind a position that refer to an entry which the vault does not have."""

AGAIN: Final = (
    "khôi phục lại bản sao lưu rồi chạy lệnh này trước khi dịch vụ ghi tiếp · "
    "restore the backup once more, and run this before the service writes; what it wrote meanwhile has to be entered again"
)


def main(data: Path, service: str, *, as_json: bool) -> int:
    """Recover one service's log; say what came back and what did not. 0 if it is whole now, 1 if refused, 3 if nothing runs."""
    stack = Stack(data)
    if supervisor_of(data) is None:
        print("Motcua không chạy ở đó · Motcua is not running there; start it first: ./motcua up", file=sys.stderr)
        return NOT_RUNNING
    if service not in stack.services:
        print(f"không có dịch vụ {service} · no such service; one of: {', '.join(stack.services)}", file=sys.stderr)
        return 2
    try:
        recovered, lost = asyncio.run(recover_service(stack, service))
    except (Halt, Doubt, NotFoundError) as refusal:
        print(f"{service}: từ chối, nhật ký giữ nguyên · refused, the log is as it was: {reason(refusal)}", file=sys.stderr)
        return 1
    if as_json:
        figures: dict[str, Any] = {"since": recovered.since, "upto": recovered.upto, "seals": recovered.seals}
        print(json.dumps({**figures, "sealed_upto": recovered.sealed_upto, "personal_data_lost": lost}))
    else:
        show(service, recovered, lost)
    return 0


async def recover_service(stack: Stack, service: str) -> tuple[Recovered, list[str]]:
    """Complete one service's log from its stream; give what came back, and the event streams whose personal data did not.

    Raises:
        Halt, Doubt, NotFoundError: if it is refused; the log is as it was.
    """
    database = await asyncpg.connect(stack.dsn(service))
    try:
        broker = await nats.connect(stack.nats_url(service).split(","))
        try:
            recovered = await recover(database, broker, service, trusted_keys(stack.seals, service))
        finally:
            await broker.close()
        has_vault = await database.fetchval("SELECT to_regclass('vault.entry') IS NOT NULL")
        lost = [row["stream"] for row in await database.fetch(LOST, recovered.since)] if has_vault else []
        return recovered, lost
    finally:
        await database.close()


def reason(refusal: Exception) -> str:
    """Say why a log is not recovered, and what to do."""
    match refusal:
        case Fork():
            theirs = f"nhật ký và luồng rẽ nhánh sau vị trí {refusal.common}, nhật ký có {refusal.own} sự kiện riêng"
            return f"{theirs} · {refusal}\n{AGAIN}"
        case OtherHistory():
            return f"luồng thuộc một nhật ký khác, người vận hành phải quyết định · {refusal}; an operator has to decide which one holds"
        case Halt():
            return f"luồng không phải là bản sao đúng · the stream is no true copy: {refusal}"
        case NotFoundError():
            return "không có luồng · there is no stream"
        case _:
            return f"không đọc được hết luồng, hãy chạy lại · the stream could not be read to its end, try again: {refusal}"


def show(service: str, recovered: Recovered, lost: list[str]) -> None:
    """Print for a person what came back, and what did not."""
    count = recovered.upto - recovered.since
    if count:
        where = f"{recovered.since + 1}-{recovered.upto}"
        print(f"{service}: đã khôi phục {count} sự kiện · recovered {count} events ({where}) and {recovered.seals} seals")
    else:
        print(f"{service}: không thiếu sự kiện nào · no event was missing ({recovered.upto}); seals taken back: {recovered.seals}")
    if (open_ := recovered.upto - max(recovered.sealed_upto, recovered.since)) > 0 and count:
        print(f"  {open_} sự kiện cuối chưa niêm phong · the last {open_} were not sealed yet: the stream alone vouches for them")
    if lost:
        print(
            f"  mất dữ liệu cá nhân của {len(lost)} hồ sơ, phải nhập lại · the personal data of {len(lost)} are lost, ask for them again:"
        )
        print("\n".join(f"    {stream}" for stream in lost[:SHOWN_MAX]))
        if len(lost) > SHOWN_MAX:
            print("    … (--json)")
    if count:
        print("  xoá lại dữ liệu đã xoá sau bản sao lưu · erase again what was erased since the backup: the backup brought it back")
