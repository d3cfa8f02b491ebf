"""Step 2 of 8, handle: a leader says what an indicator is worth, or that what was said stands no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.reporting import IndicatorOverridden, IndicatorOverrideWithdrawn
from contracts.reporting_indicators import OverrideReason
from contracts.vocabulary import AgencyCode, IndicatorOverrideId
from kernel.edge.idempotency import Command
from kernel.eventlog import Outcome, Refused, Target, carry_out
from services.reporting.domain import overriding
from services.reporting.domain.period import Period
from services.reporting.domain.scoring import Part
from services.reporting.packs import OnFile
from services.reporting.query import Mirror
from services.reporting.query_indicators import computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a leader says of one indicator of a set."""

    agency: AgencyCode
    period: Period
    value: str
    reason: OverrideReason
    decision: str
    evidence: Sequence[str]


@dataclass(frozen=True, slots=True)
class Overrider:
    """Carries out the commands of leaders."""

    mirror: Mirror

    async def override(self, one: OnFile, part: Part, said: Said, command: Command) -> Outcome[overriding.State]:
        """Put a value in the place of what is computed, and keep that beside it.

        Raises:
            Problem: 403, if the agency is not the leader's.
        """
        command.principal.require(said.agency)
        async with self.mirror.reading() as reading:
            value, freshness = await computed(reading, part, one.pack.digits, said.period, said.agency), reading.freshness
        id = overriding.override_id(said.agency, one.pack.id, part.id, (said.period.first, said.period.last))
        fact = IndicatorOverridden(
            override_id=id,
            agency=said.agency,
            pack=one.pack.id,
            indicator=part.id,
            period_from=said.period.first,
            period_to=said.period.last,
            value=said.value,
            computed=value,
            reason=said.reason,
            decision=said.decision,
            evidence=tuple(said.evidence),
            definition_hash=one.definition_hash,
            positions=freshness["positions"],
            overridden_by=command.principal.sub,
            overridden_at=command.meta.time,
        )
        return await self._record(id, said.agency, fact, command)

    async def withdraw(self, id: IndicatorOverrideId, decision: str, command: Command) -> Outcome[overriding.State]:
        """Let what is computed stand again.

        Raises:
            Problem: 403, if the agency is not the leader's.
            Refused: if nothing was ever said there.
        """
        standing = overriding.DECIDER.state_of(await self.mirror.runtime.log.load(id))
        if standing is None:
            raise Refused("no-such-override")
        command.principal.require(standing.agency)
        fact = IndicatorOverrideWithdrawn(
            override_id=id,
            agency=standing.agency,
            decision=decision,
            withdrawn_by=command.principal.sub,
            withdrawn_at=command.meta.time,
        )
        return await self._record(id, standing.agency, fact, command)

    async def _record(
        self, id: IndicatorOverrideId, agency: AgencyCode, fact: overriding.Command, command: Command
    ) -> Outcome[overriding.State]:
        target = Target(id, overriding.DECIDER, fact)
        return await carry_out(
            self.mirror.runtime.log, target, command.meta, agency=agency, expected=command.expected, beside=command.beside
        )
