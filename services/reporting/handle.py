"""Step 2 of 8, handle: publish a report of what is known now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid5

from contracts.reporting import FieldFigures, ReportPublished
from contracts.vocabulary import AgencyCode, ReportId
from kernel.edge.idempotency import Command
from kernel.eventlog import Outcome, Target, carry_out
from services.reporting.domain import report
from services.reporting.domain.period import Period
from services.reporting.query import COUNTERS, Line, Mirror


@dataclass(frozen=True, slots=True)
class Publisher:
    """Carries out the commands of leaders."""

    mirror: Mirror

    async def publish(self, period: Period, agency: AgencyCode, command: Command) -> Outcome[report.State]:
        """Publish the report of a period, with the position of each source that it was drawn at.

        Raises:
            Problem: 403, if the agency is not the leader's.
        """
        command.principal.require(agency)
        async with self.mirror.reading() as reading:
            lines, freshness = await reading.figures(period, [agency]), reading.freshness
            fields, agency_name = await reading.field_names(), await reading.name_of_agency(agency)
        stream = uuid5(command.id, "report")
        published = ReportPublished(
            report_id=ReportId(stream),
            agency=agency,
            agency_name=agency_name,
            period_from=period.first,
            period_to=period.last,
            definition_hash=freshness["definition_hash"],
            positions=freshness["positions"],
            lines=by_field(lines, fields),
            published_by=command.principal.sub,
            published_at=command.meta.time,
        )
        log = self.mirror.runtime.log
        return await carry_out(log, Target(stream, report.DECIDER, published), command.meta, agency=agency, beside=command.beside)


def by_field(lines: list[Line], names: Mapping[str, str]) -> tuple[FieldFigures, ...]:
    """Add lines up by field, as the form has them, with the names that fields have now."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTERS, 0))
    for line in lines:
        for name in COUNTERS:
            found[line["field"]][name] += line[name]
    return tuple(FieldFigures(field=field, field_name=names.get(field), **counters) for field, counters in sorted(found.items()))
