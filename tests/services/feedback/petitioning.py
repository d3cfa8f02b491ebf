"""Petitions in few words: what a petitioner, a clerk, officers and inspectors do."""

from __future__ import annotations

from typing import Any, Final

import httpx2

from tests.services.feedback.listening import Listening

WHO: Final = {"name": "Trần Văn Bảy", "address": "12 Lê Lợi, Thủ Dầu Một", "phone": "0912 777 888"}
TEXT: Final = "Hồ sơ xin cấp phép của công ty bị yêu cầu bổ sung nhiều lần."
PETITION: Final[dict[str, Any]] = {"channel": "hotline", "party": "enterprise", "topic": "difficulty", "text": TEXT, "contact": WHO}
REPLY: Final = "Sở đã làm việc với các đơn vị và trả lời như sau."


async def enter(ear: Listening, role: str | None = "desk", **changes: Any) -> dict[str, Any]:
    """Enter a petition; give id, code and position."""
    answer = await ear.running.post("/v1/petitions", PETITION | changes, ear.running.token(role) if role else None)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def act(ear: Listening, id: str, what: str, role: str = "officer", **body: Any) -> httpx2.Response:
    """Do something with a petition."""
    return await ear.running.post(f"/v1/petitions/{id}/{what}", body, ear.running.token(role))


async def done(ear: Listening, id: str, what: str, role: str = "officer", **body: Any) -> dict[str, Any]:
    """Do something that has to work."""
    answer = await act(ear, id, what, role, **body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def answered(ear: Listening, id: str, *partners: str, **links: Any) -> dict[str, Any]:
    """Classify, assign and answer a petition."""
    await done(ear, id, "classification", kind="petition", topic="difficulty", **links)
    await done(ear, id, "assignment", unit="phong-quan-ly-thuong-mai", partners=list(partners))
    return await done(ear, id, "answer", text=REPLY)


async def follow(ear: Listening, code: str, after: str) -> dict[str, Any]:
    """See what the petitioner sees."""
    headers = {"Motcua-Code": code, "Motcua-Demo-Time": ear.running.moment.isoformat()}
    answer = await ear.running.client.get("/v1/follow-up", params={"after": after}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def by_code(ear: Listening, what: str, code: str, **body: Any) -> httpx2.Response:
    """Do something as the petitioner."""
    return await ear.running.post(f"/v1/follow-up/{what}", {"code": code, **body})


async def read_tables(ear: Listening) -> str:
    """Give every row of every read table as a text."""
    async with ear.running.connected() as connection:
        tables = [row["viewname"] for row in await connection.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'read'")]
        assert "petition_register" in tables
        rows = [await connection.fetch(f"SELECT t::text AS row FROM read.{table} AS t") for table in tables]  # noqa: S608 - names of our own views
    return "\n".join(row["row"] for found in rows for row in found)
