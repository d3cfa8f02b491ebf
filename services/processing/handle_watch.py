"""Step 2 of 8, handle: what time itself leads to: steps that pass, agencies that are late, limits that ring. The worker asks for it.

Everything has the instant that the limit gives and a name made of it, so whoever looks, and however late, records the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts.processing import CaseTimerFired
from contracts.processing_clock import CaseAlarmRaised
from kernel.eventlog import Log, Meta, Target, carry_out, state_before
from kernel.legalclock import load_calendar
from services.processing.domain import case
from services.processing.domain import case_timers as timers
from services.processing.domain.case_commands import LetPass, Remind, Ring
from services.processing.domain.case_states import Working
from services.processing.handle import Department
from services.processing.handle_case import deciding_by


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks whether something is due."""

    department: Department

    @property
    def log(self) -> Log:
        """Where it is recorded."""
        return self.department.runtime.log

    @property
    def me(self) -> str:
        """Who records it."""
        return f"system:{self.department.runtime.name}"

    async def ring(self, now: datetime) -> int:
        """Let pass what has had its time, say who is late with an answer, and raise every alarm that is due by an instant; count these."""
        await self.let_pass(now)
        await self.remind(now)
        raised = 0
        for case_id, agency, first in await self.department.register.alarms_due(now):
            at: datetime | None = first
            while at is not None and at <= now:
                meta = Meta(f"alarm:{case_id}:{at.isoformat()}", self.me, at)
                outcome = await carry_out(self.log, Target(case_id, case.DECIDER, Ring(at=at)), meta, agency=agency)
                at = next((fact.next_at for fact in outcome.facts if isinstance(fact, CaseAlarmRaised)), None)
                raised += len(outcome.facts)
        return raised

    async def let_pass(self, now: datetime) -> int:
        """Let every open step pass whose time has run out by an instant; give how many."""
        calendar, passed = load_calendar(), 0
        for case_id, agency in await self.department.register.timers_due(now):
            state = await state_before(self.log, case_id, case.DECIDER)
            if not isinstance(state, Working) or (timer := timers.due(state, now)) is None:
                continue
            steps = await self.department.steps_of(state.case.procedure, state.case.workflow_hash)
            wanted = LetPass(steps=steps, at=now, calendar=calendar.as_known_at(timer.fires_at))
            meta = Meta(f"timer:{case_id}:{timer.step}:{timer.fires_at.isoformat()}", self.me, timer.fires_at)
            outcome = await carry_out(self.log, Target(case_id, deciding_by(state.case.workflow_hash), wanted), meta, agency=agency)
            passed += sum(isinstance(fact, CaseTimerFired) for fact in outcome.facts)
        return passed

    async def remind(self, now: datetime) -> int:
        """Say what other agencies owe beyond their limits by an instant, and remind applicants of supplements; give how much was said."""
        said = 0
        for case_id, agency, rings_at in await self.department.register.reminders_due(now):
            meta = Meta(f"reminder:{case_id}:{rings_at.isoformat()}", self.me, rings_at)
            outcome = await carry_out(self.log, Target(case_id, case.DECIDER, Remind(at=rings_at)), meta, agency=agency)
            said += len(outcome.facts)
        return said
