"""Processing with intake as its neighbour, and its officers at their desks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import httpx2
import nats
from nats.js.errors import NotFoundError

from contracts.processing_coordination import SiteFinding
from contracts.vocabulary import CaseId, DossierId, Outcome, PrincipalId, ProcedureCode
from kernel.eventlog.relay import stream_name
from kernel.legalclock import day_of, load_calendar
from services.processing.domain import case
from services.processing.main import SERVICE
from tests.servers import Database
from tests.services.processing.dossiers import WINE, accepted, new_dossier, officers_for, published, submitted, supplemented
from tests.services.rig import AGENCY, Neighbour, Rig, Running, eventually

LEADER: Final = "nv-bgd-01"
BASIS: Final = "Nghị định 105/2017/NĐ-CP, Điều 12"


@dataclass
class Department:
    """What a test asks of processing, in few words."""

    running: Running
    intake: Neighbour
    catalogue: set[ProcedureCode] = field(default_factory=set[ProcedureCode])

    def token(self, officer: PrincipalId = "nv-tm-03", *roles: str, agencies: tuple[str, ...] = (AGENCY,)) -> str:
        """Give an officer's token."""
        return self.running.token(*(roles or ("officer",)), sub=officer, agencies=agencies)

    async def offered(self, *procedures: ProcedureCode) -> None:
        """Let intake publish what it has not published yet, and wait until that is read."""
        for procedure in procedures:
            if procedure not in self.catalogue:
                self.catalogue.add(procedure)
                await self.read_to(await self.intake.tell(new_dossier(), published(procedure)))

    async def opened(
        self,
        procedure: ProcedureCode,
        *,
        at: datetime | None = None,
        agency: str = AGENCY,
        dossier: DossierId | None = None,
        enterprise: bool = False,
        **of_the_acceptance: Any,
    ) -> CaseId:
        """Let intake accept a dossier, and wait until its case is open."""
        await self.offered(procedure)
        moment, number = at or self.running.moment, dossier or new_dossier()
        acceptance = accepted(number, procedure, moment, agency, **of_the_acceptance)
        facts = (submitted(number, procedure, moment, agency, enterprise=enterprise), acceptance)
        await self.running.reacted_to(await self.intake.tell(number, *facts, at=moment, agency=agency))
        return case.stream_of(number)

    async def supplemented(self, case_id: CaseId, at: datetime, round_: int = 1) -> str:
        """Let the applicant bring what an officer asked for, and wait until the department knows; give the position."""
        dossier = DossierId(UUID((await self.see(case_id))["dossier"]))
        position = await self.intake.tell(dossier, supplemented(dossier, at, round_=round_), at=at)
        await self.running.reacted_to(position)
        return position

    async def read_to(self, position: str) -> None:
        """Wait until everything here that reads intake has got to a position, whatever it does with it."""
        source, _, pos = position.partition("/")

        async def where() -> int:
            async with self.running.connected() as connection:
                found = await connection.fetch("SELECT pos FROM log.checkpoint WHERE source = $1", source)
                return min((row["pos"] for row in found), default=0) if len(found) > 1 else 0

        await eventually(where, lambda at: at >= int(pos))

    async def settled(self, rig: Rig) -> None:
        """Wait until every part of processing runs: a service that is stopped while it starts is another matter."""
        connection = await nats.connect(rig.nats.url)

        async def mirrored() -> bool:
            with contextlib.suppress(NotFoundError):
                info = await connection.jetstream().stream_info(stream_name(SERVICE.name))
                return info.state.last_seq == await self.count()
            return False

        await eventually(mirrored)
        await eventually(lambda: self.running.get("/v1/cases", self.token()), lambda answer: answer.status_code == 200)
        await connection.close()

    async def see(self, case_id: UUID, **query: Any) -> dict[str, Any]:
        """Read a case."""
        answer = await self.running.get(f"/v1/cases/{case_id}", self.token(), **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask(self, case_id: UUID, what: str, body: Any, officer: PrincipalId, **how: Any) -> httpx2.Response:
        """Ask for something as an officer."""
        return await self.running.post(f"/v1/cases/{case_id}/{what}", body, self.token(officer), **how)

    async def advanced(self, case_id: UUID, to: str | None = None, outcome: Outcome = "granted") -> dict[str, Any]:
        """Let whoever must do so finish step after step, until `to` is open or the case is issued; give where it stands."""
        standing = await self.see(case_id)
        legal: Sequence[str] = standing["legal"]
        while legal and standing["step"] != to:
            officer = standing["officer"] or officers_for(standing["unit"], standing["role"])[0].id
            decision = {"outcome": outcome} | ({"legal_basis": BASIS} if outcome == "refused" else {})
            what, body = ("decision", decision) if "decision" in legal else ("completion", {"step": standing["step"]})
            if "site-check" in legal and what not in legal:
                what, body = "site-check", self.site_check(standing["step"], officer)
            if what not in legal:  # too late to go out as it is
                what, body = "reappointment", {"new_due_on": self.some_working_day().isoformat(), "reason": "workload"}
            answer = await self.ask(case_id, what, body, officer)
            assert answer.status_code == 200, answer.text
            standing = await self.see(case_id)
            legal = standing["legal"]
        return standing

    def site_check(self, step: str, officer: PrincipalId, finding: SiteFinding = "meets") -> dict[str, Any]:
        """Say what a team of three found on site today."""
        team = [
            {"role": "chair", "officer": officer},
            {"role": "secretary", "officer": "nv-at-05"},
            {"role": "member", "partner": "so-xay-dung"},
        ]
        return {"step": step, "held_on": day_of(self.running.moment).isoformat(), "members": team, "finding": finding}

    def some_working_day(self) -> date:
        """Give a working day that the applicant can be told now."""
        return load_calendar().add_working_days(day_of(self.running.moment), 2)

    async def count(self) -> int:
        """Count what is recorded."""
        async with self.running.connected() as connection:
            return await connection.fetchval("SELECT pos FROM log.head")


@asynccontextmanager
async def department(rig: Rig, database: Database | None = None, **settings: Any) -> AsyncGenerator[Department]:
    """Run both."""
    async with rig.neighbour("intake") as intake, rig.running(SERVICE, database, **settings) as running:
        made = Department(running, intake)
        await made.offered(WINE)
        await made.settled(rig)
        yield made
