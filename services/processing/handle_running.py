"""Step 2 of 8, handle: what is done to many running cases at once, each with a dry run and a watermark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from contracts.processing import AssignmentReason
from contracts.processing_clock import CaseRestated, CaseTimeExcluded, ExclusionCause
from contracts.vocabulary import AgencyCode, PrincipalId, ProcedureCode
from kernel.edge.identity import Principal
from kernel.edge.problem import NOT_FOUND, Problem
from kernel.eventlog import History, Meta, Refused, Target, VersionMismatch, carry_out
from kernel.legalclock import day_of, load_calendar
from services.processing.domain import case
from services.processing.domain.case_commands import Assign, Exclude, Move, Restate
from services.processing.domain.case_moves import obstacles
from services.processing.domain.case_states import Working
from services.processing.handle import Department
from services.processing.handle_case import deciding_by, insist_on_duty, no_officer, taker_of

GONE_ON: Final = ("Hồ sơ đã được xử lý tiếp sau lần chạy thử", "it has gone on since the dry run")
CANNOT_MOVE: Final = ("Đang tạm dừng thời hạn, hoặc đã kết thúc", "the clock stands still, or the case has ended")


class LeftOut(TypedDict):
    """Time that does not count, and the decision that says so."""

    decision: str
    cause: ExclusionCause
    since: datetime
    until: datetime


def _why_not(command: Assign, state: Working) -> str | None:
    """Give the reason for which a step would not change hands; None if it would."""
    try:
        case.decide(command, state)
    except Refused as refused:
        return refused.reason
    return None


def verdict_of(why: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Say whether a case moves, and if not why, in both languages."""
    return {"moves": not why, "why": [vi for vi, _ in why], "why_en": [en for _, en in why]}


@dataclass(frozen=True, slots=True)
class Running:
    """Changes running cases, as the dry run said."""

    department: Department

    async def reassign(
        self, officer: PrincipalId, to: PrincipalId, reason: AssignmentReason, watermark: int | None, principal: Principal, at: datetime
    ) -> list[dict[str, Any]]:
        """Give every open step of an officer to another, as the head of their unit; say of each what became of it.

        Without a watermark nothing is recorded: a dry run. With that of a dry run, cases that have gone on since are left alone.

        Raises:
            Refused: "not-in-roster", "on-leave", if the caller has no post, or is away.
        """
        _, staff = await self.department.establishment.organisation()
        insist_on_duty(staff, principal.sub, day_of(at))
        report: list[dict[str, Any]] = []
        for case_id, agency in await self.department.register.work_of(principal, officer):
            history = await self.department.runtime.log.load(case_id)
            state = case.DECIDER.state_of(history)
            if not isinstance(state, Working):
                continue
            steps = await self.department.steps_of(state.case.procedure, state.case.workflow_hash)
            head = staff.officer(principal.sub, day_of(at), state.case.procedure) or no_officer(principal.sub)
            taker = taker_of(staff, to, state.case.procedure, day_of(at))
            gone_on = watermark is not None and history.pos > watermark
            for code in [step.code for step in state.open if step.officer == officer]:
                wanted = Assign(step=code, to=taker, reason=reason, officer=head, steps=steps, at=at, calendar=load_calendar())
                why = "gone-on" if gone_on else _why_not(wanted, state)
                if watermark is not None and why is None:
                    meta = Meta(f"reassign:{case_id}:{code}:{history.version}:{to}", principal.sub, at)
                    target = Target(case_id, deciding_by(state.case.workflow_hash), wanted)
                    await carry_out(self.department.runtime.log, target, meta, agency=agency)
                report.append({"case_id": case_id, "step": code, "moves": why is None, "why": why})
        return report

    async def move(self, procedure: ProcedureCode, watermark: int | None, principal: Principal, at: datetime) -> list[dict[str, Any]]:
        """Let running cases go on by the version of their workflow that is in force; say of each what became of it.

        Without a watermark nothing is recorded: a dry run. With that of a dry run, cases that have gone on since are left alone.

        Raises:
            Problem: 404, if the procedure has no workflow.
        """
        if (newest := self.department.workflows.get(procedure)) is None:
            raise Problem(NOT_FOUND)
        calendar = load_calendar().as_known_at(at)
        wanted = Move(workflow_hash=newest.content_hash, steps=newest.steps, at=at, calendar=calendar)
        report: list[dict[str, Any]] = []
        for row in await self.department.register.of_older_workflow(principal, procedure, newest.content_hash):
            history = await self.department.runtime.log.load(row["case_id"])
            state = case.DECIDER.state_of(history)
            why = obstacles(newest.steps, state) if isinstance(state, Working) else [CANNOT_MOVE]
            if not why or (watermark is not None and history.pos > watermark):
                why = await self._change("move", wanted, history, row["agency"], watermark, principal, at)
            report.append({"case_id": row["case_id"], **verdict_of(why)})
        return report

    async def restate(self, watermark: int | None, principal: Principal, at: datetime) -> list[dict[str, Any]]:
        """Count running limits by the calendar as it is known at an instant; say of each whose date moves from when to when.

        Without a watermark nothing is recorded: a dry run. With that of a dry run, cases that have gone on since are left alone.
        """
        wanted = Restate(at=at, calendar=load_calendar().as_known_at(at))
        report: list[dict[str, Any]] = []
        async for history, state in self._working(principal):
            found = next((fact for fact in case.decide(wanted, state) if isinstance(fact, CaseRestated)), None)
            if found is None:
                continue
            why = await self._change("restate", wanted, history, state.case.agency, watermark, principal, at)
            moved = {"due_before_on": found.due_before_on, "due_on": found.deadline.due_on, "promised_on": found.promised_on}
            about = {"case_id": state.case.id, "code": state.case.code, "calendar": found.deadline.calendar}
            report.append(about | moved | verdict_of(why))
        return report

    async def exclude(
        self, left_out: LeftOut, procedures: Sequence[ProcedureCode], watermark: int | None, principal: Principal, at: datetime
    ) -> list[dict[str, Any]]:
        """Leave time out of every running limit that counted it; say of each whose date moves from when to when.

        Without a watermark nothing is recorded: a dry run. With that of a dry run, cases that have gone on since are left alone, and so is
        everything in units that the caller does not lead.

        Raises:
            Refused: "not-in-roster", "on-leave", if the caller has no post, or is away.
        """
        day, calendar = day_of(at), load_calendar().as_known_at(at)
        _, staff = await self.department.establishment.organisation()
        insist_on_duty(staff, principal.sub, day)
        report: list[dict[str, Any]] = []
        async for history, state in self._working(principal):
            if procedures and state.case.procedure not in procedures:
                continue
            officer = staff.officer(principal.sub, day, state.case.procedure) or no_officer(principal.sub)
            wanted = Exclude(**left_out, officer=officer, at=at, calendar=calendar)
            found = next((fact for fact in case.decide(wanted, state) if isinstance(fact, CaseTimeExcluded)), None)
            if found is None:
                continue
            why = await self._change("exclude", wanted, history, state.case.agency, watermark, principal, at)
            moved = {"due_before_on": day_of(found.due_before_at), "due_on": found.deadline.due_on}
            report.append({"case_id": state.case.id, "code": state.case.code} | moved | verdict_of(why))
        return report

    async def _working(self, principal: Principal) -> AsyncIterator[tuple[History, Working]]:
        """Give every case with a limit that runs and that the caller may see, the oldest first."""
        async for row in self.department.register.running(principal):
            history = await self.department.runtime.log.load(row["case_id"])
            if isinstance(state := case.DECIDER.state_of(history), Working):
                yield history, state

    async def _change(
        self,
        name: str,
        wanted: Move | Restate | Exclude,
        history: History,
        agency: AgencyCode,
        watermark: int | None,
        principal: Principal,
        at: datetime,
    ) -> list[tuple[str, str]]:
        """Change one case as the dry run with that watermark said (None: this is the dry run); give why not, if it has gone on since."""
        if watermark is None:
            return []
        if history.pos > watermark:
            return [GONE_ON]
        meta = Meta(f"{name}:{history.stream}:{history.version}", principal.sub, at)
        target = Target(history.stream, case.DECIDER, wanted)
        try:
            await carry_out(self.department.runtime.log, target, meta, agency=agency, expected=history.version)
        except VersionMismatch:
            return [GONE_ON]
        return []
