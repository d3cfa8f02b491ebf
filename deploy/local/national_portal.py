"""A national portal to try things out on: it takes what the real one takes, and behaves badly when asked to.

python -m deploy.local.national_portal --port 8099

The two addresses of the real one are `POST /login` and `POST /service`; what it is told must have the members that the real one's services
name (`national_fields.py`). Everything under `/control` is for whoever tries things out: how it is to behave, what it holds, what it was
sent, losing a record, changing one, losing all. It keeps everything in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from deploy.local.national_fields import Dossier, Line, fault_in

Behaviour = Literal["slow", "error", "lost-answer", "forgetful", "exists", "session-over", "down"]
"""
slow: does it, then answers late.           error: does nothing and answers 500.         lost-answer: does it and answers 500.
forgetful: says yes and does nothing.       exists: says of a new dossier that it is there already.
session-over: signs everybody off.          down: answers nobody.
"""

OK, WRONG, SIGNED_OFF = "0", "1", "401"
EXISTS, ABSENT = "Hồ sơ đã tồn tại", "Hồ sơ không tồn tại"


class Call(BaseModel):
    """What the portal's services are called with."""

    model_config = ConfigDict(extra="forbid")

    session: str
    madonvi: str
    service: str
    isUpdating: Literal["True", "False"]  # noqa: N815 - the portal's own spelling
    data: list[dict[str, Any]]


class Conduct(BaseModel):
    """How it behaves: each at every n-th call (1 = always); what is not named does not happen."""

    every: dict[Behaviour, int] = Field(default_factory=dict)
    slow_seconds: float = 1.0


class Change(BaseModel):
    """One member of one dossier that is to say something else."""

    MaHoSo: str
    member: str
    value: str


class Number(BaseModel):
    """A dossier."""

    MaHoSo: str


@dataclass
class Portal:
    """What it holds: a dossier and its lines of progress by number, ratings by their own, and every call that it took."""

    dossiers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    ratings: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    procedures: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    conduct: Conduct = field(default_factory=Conduct)
    sessions: set[str] = field(default_factory=set[str])
    count: int = 0

    def misbehaves(self, how: Behaviour) -> bool:
        """Tell whether it is to behave so at this call."""
        return (n := self.conduct.every.get(how, 0)) > 0 and self.count % n == 0

    def wipe(self) -> None:
        """Lose everything."""
        self.dossiers.clear()
        self.lines.clear()
        self.ratings.clear()

    def do(self, call: Call) -> dict[str, Any]:
        """Do what is asked for."""
        match call.service, call.data:
            case "DongBoHoSoMC", data:
                return self.put(data, updating=call.isUpdating == "True")
            case "CapNhatTienDoHoSoMC", data:
                return self.add(data)
            case "DongBoDanhGia", data:
                self.ratings.update({one["MaDanhGia"]: one for one in data})
                return said(OK)
            case "TraCuuHoSo", [{"mahoso": number}]:
                found = self.dossiers.get(number)
                return said(OK, result={"HoSo": found, "TienDo": self.lines.get(number, [])}) if found else said(WRONG, ABSENT)
            case "DoiSoatNgay", [{"Ngay": day}]:
                text = "".join(f"{number}:{hash_}\n" for number, hash_ in sorted(self.hashes(day).items()))
                return said(OK, result={"MaBam": hashlib.sha256(text.encode()).hexdigest()})
            case "DoiSoatDanhSach", [{"Ngay": day}]:
                return said(OK, result=[{"MaHoSo": number, "MaBam": hash_} for number, hash_ in self.hashes(day).items()])
            case "LayThuTuc", [{"maTTHC": code}]:
                return said(OK, result=self.procedures[code]) if code in self.procedures else said(WRONG, "Thủ tục không tồn tại")
            case "LayDanhSachTTHC", _:
                return said(OK, result=[{"MATTHC": code, "TENTTHC": one["TENTTHC"]} for code, one in self.procedures.items()])
            case _:
                return said(WRONG, "Dịch vụ không hợp lệ")

    def put(self, data: list[dict[str, Any]], *, updating: bool) -> dict[str, Any]:
        """Take dossiers, new ones or known ones."""
        if fault := fault_in(Dossier, data):
            return said(WRONG, fault)
        for one in data:
            if (one["MaHoSo"] in self.dossiers) != updating:
                return said(WRONG, ABSENT if updating else EXISTS)
        self.dossiers.update({one["MaHoSo"]: one for one in data})
        return said(OK)

    def add(self, data: list[dict[str, Any]]) -> dict[str, Any]:
        """Take lines of progress; one that comes twice stands there twice."""
        if fault := fault_in(Line, data):
            return said(WRONG, fault)
        if any(one["MaHoSo"] not in self.dossiers for one in data):
            return said(WRONG, ABSENT)
        for one in data:
            self.lines.setdefault(one["MaHoSo"], []).append(one)
        return said(OK)

    def hashes(self, day: str) -> dict[str, str]:
        """Hash what is held of the dossiers handed in on a day (yyyyMMdd), by number."""
        return {n: digest(one, self.lines.get(n, [])) for n, one in self.dossiers.items() if one["NgayNopHoSo"].startswith(day)}


def said(code: str, message: str = "", result: Any = None) -> dict[str, Any]:
    """Answer as the portal does."""
    return {"error_code": code, "message": message, "result": result}


def digest(dossier: dict[str, Any], lines: list[dict[str, Any]]) -> str:
    """Hash a dossier with its lines: SHA-256 of JSON, members by name, no white space."""
    text = json.dumps([dossier, lines], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def create(portal: Portal) -> FastAPI:
    """Make the app."""
    app = FastAPI(title="A national portal to try things out on")

    @app.get("/livez")
    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        """Be there."""
        return {"status": "ready"}

    @app.post("/login")
    async def login(body: dict[str, str]) -> Response:
        """Sign anybody in who has a name."""
        if "down" in portal.conduct.every:
            return Response(status_code=503)
        session = secrets.token_hex(8)
        portal.sessions.add(session)
        return JSONResponse({"session": session, "error_code": OK if body.get("username") else WRONG})

    @app.post("/service")
    async def service(call: Call) -> Response:
        """Do what is asked for, as well or as badly as it was told to."""
        portal.count += 1
        if "down" in portal.conduct.every:
            return Response(status_code=503)
        if call.session not in portal.sessions or portal.misbehaves("session-over"):
            portal.sessions.discard(call.session)
            return JSONResponse(said(SIGNED_OFF, "Phiên làm việc đã hết hạn"))
        if portal.misbehaves("error"):
            return Response(status_code=500)
        if portal.misbehaves("exists") and call.service == "DongBoHoSoMC" and call.isUpdating == "False":
            portal.put([one for one in call.data if one["MaHoSo"] not in portal.dossiers], updating=False)
            return JSONResponse(said(WRONG, EXISTS))
        writes = call.service in {"DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoDanhGia"}
        forgets = writes and portal.misbehaves("forgetful")
        answer = said(OK) if forgets else portal.do(call)
        if writes and answer["error_code"] == OK:
            portal.calls.append({"service": call.service, "isUpdating": call.isUpdating, "data": call.data, "kept": not forgets})
        if portal.misbehaves("slow"):
            await asyncio.sleep(portal.conduct.slow_seconds)
        return Response(status_code=500) if portal.misbehaves("lost-answer") else JSONResponse(answer)

    add_control(app, portal)
    _ = (ready, login, service)
    return app


def add_control(app: FastAPI, portal: Portal) -> None:
    """Add what whoever tries things out may do."""

    @app.post("/control/conduct")
    async def conduct(body: Conduct) -> None:
        """Behave so from now on."""
        portal.conduct = body

    @app.post("/control/wipe")
    async def wipe() -> None:
        """Lose everything that is held."""
        portal.wipe()

    @app.post("/control/drop")
    async def drop(body: Number) -> None:
        """Lose one dossier."""
        portal.dossiers.pop(body.MaHoSo)
        portal.lines.pop(body.MaHoSo, None)

    @app.post("/control/alter")
    async def alter(body: Change) -> None:
        """Change one member of one dossier."""
        portal.dossiers[body.MaHoSo] = {**portal.dossiers[body.MaHoSo], body.member: body.value}

    @app.post("/control/procedures")
    async def procedures(body: dict[str, dict[str, Any]]) -> None:
        """Have these procedures, as LayThuTuc gives them."""
        portal.procedures.update(body)

    @app.get("/control/held")
    async def held() -> dict[str, Any]:
        """Show what is held."""
        return {"dossiers": portal.dossiers, "lines": portal.lines, "ratings": portal.ratings}

    @app.get("/control/calls")
    async def calls() -> list[dict[str, Any]]:
        """Show every call that was taken, in order; `kept` is false for one that was forgotten at once."""
        return portal.calls

    _ = (conduct, wipe, drop, alter, procedures, held, calls)


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description="A national portal to try things out on.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    given = parser.parse_args()
    uvicorn.run(create(Portal()), host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
