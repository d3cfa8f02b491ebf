"""Step 2 of 8, handle: publish a report of what is known now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import uuid5

from contracts.reporting import FieldFigures, ReportPublished
from contracts.vocabulary import AgencyCode, ReportId
from kernel.edge.idempotency import Command
from kernel.eventlog import Outcome, Target, carry_out, positions
from services.reporting.domain import report
from services.reporting.projections import MIRROR
from services.reporting.query import COUNTERS, DEFINITION_HASH, Mirror


@dataclass(frozen=True, slots=True)
class Publisher:
    """Carries out the commands of leaders."""

    mirror: Mirror

    async def publish(self, first: date, last: date, agency: AgencyCode, command: Command) -> Outcome[report.State]:
        """Publish the report of a period, with the position of each source that it was drawn at."""
        command.principal.require(agency)
        log = self.mirror.runtime.log
        stands = await positions(log.pool, MIRROR.name)
        lines: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTERS, 0))
        for line in await self.mirror.figures(first, last, [agency]):
            for name in COUNTERS:
                lines[line["field"]][name] += line[name]
        stream = uuid5(command.id, "report")
        published = ReportPublished(
            report_id=ReportId(stream),
            agency=agency,
            period_from=first,
            period_to=last,
            definition_hash=DEFINITION_HASH,
            positions=stands,
            lines=tuple(FieldFigures(field=field, **counters) for field, counters in sorted(lines.items())),
            published_by=command.principal.sub,
            published_at=command.meta.time,
        )
        return await carry_out(log, Target(stream, report.DECIDER, published), command.meta, agency=agency, beside=command.beside)
