"""What a synthetic year takes place in: the catalogue, the workflows and the roster as the files have them, the calendar, the queues.

Steps are taken in the order in which they came, within a procedure and a unit: so nobody is passed over in such a year, unless somebody
puts it there on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from contracts.vocabulary import Deadline, Limit
from deploy.local.story import office
from kernel.eventlog import Slice
from kernel.legalclock import Calendar, day_of, deadline, load_calendar, rule_pack_on
from services.intake import catalogue
from services.intake.domain import procedure
from services.intake.settings import CATALOGUE
from services.processing.domain import agreements, controlled_documents, organisation, workflow
from services.processing.organisation import load_documents, load_organisation
from services.processing.settings import HERE
from services.processing.workflows import Workflow, load_workflows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.synthetic.log import Log
    from services.processing.domain.officer import Officer

ORGANISATION: Final = HERE / "organisation.yaml"
SYSTEM: Final = "system:synthetic"


@dataclass
class Department:
    """Everything that does not change in the year, and whose turn it is in each queue."""

    began_at: datetime
    calendar: Calendar = field(default_factory=load_calendar)
    _turns: dict[tuple[str, str, str], datetime] = field(default_factory=dict["tuple[str, str, str]", datetime], init=False)

    @cached_property
    def catalogue(self) -> catalogue.Catalogue:
        """The procedures."""
        return catalogue.load_catalogue(CATALOGUE)

    @cached_property
    def workflows(self) -> Mapping[str, Workflow]:
        """The workflows in force, by procedure."""
        return load_workflows(HERE / "workflows", ORGANISATION)

    @cached_property
    def procedures(self) -> list[str]:
        """Those that people ask for: with a limit, a result and a workflow."""
        entries = self.catalogue.procedures
        return sorted(code for code, one in entries.items() if one.content["limit"] and one.content["result"] and code in self.workflows)

    @cached_property
    def _posts(self) -> dict[tuple[str, str], list[Officer]]:
        found: dict[tuple[str, str], list[Officer]] = {}
        for officer in load_organisation(ORGANISATION).roster.values():
            for role in officer.roles:
                found.setdefault((officer.unit, role), []).append(officer)
        return found

    def officers(self, unit: str, role: str) -> list[Officer]:
        """Give those who may do a step."""
        return self._posts[unit, role]

    @cached_property
    def answer_days(self) -> dict[str, int]:
        """In how many working days other agencies answer."""
        return {one.partner: one.answer_days for one in load_organisation(ORGANISATION).content.agreements}

    def at_work(self, at: datetime) -> datetime:
        """Move an instant to when somebody is there: in office hours of a working day."""
        at = office(at)
        while not self.calendar.is_working(day_of(at)):
            at = office(at + timedelta(days=1))
        return at

    def due(self, limit: Limit, start_rule: str, at: datetime) -> Deadline:
        """Derive a deadline as intake does."""
        known = self.calendar.as_known_at(at)
        return Deadline.model_validate(deadline(at, limit, start_rule, known, rule_pack_on(day_of(at))))  # pyright: ignore[reportArgumentType] - one of two words of the catalogue

    def turn(self, procedure: str, unit: str, step: str, wanted: datetime) -> datetime:
        """Give when a step may be taken: not before those that have waited longer. Asked in the order in which they came."""
        key = procedure, unit, step
        at = self._turns[key] = max(wanted, self._turns.get(key, wanted))
        return at

    def found(self, log: Log) -> None:
        """Publish what there is before anybody comes: procedures, workflows, the department, its agreements and documents."""
        at, agency = self.began_at, self.catalogue.agency
        for code, entry in sorted(self.catalogue.procedures.items()):
            stream = catalogue.stream_of(code)
            facts = procedure.DECIDER.decide(entry.published(at), None)
            log.append("intake", Slice(log.tip(stream), agency, facts), f"{stream}:seed", SYSTEM, at)
        for code, flow in sorted(self.workflows.items()):
            stream = workflow.stream_of(code)
            log.append("processing", Slice(log.tip(stream), agency, [flow.published(at)]), f"{stream}:seed", SYSTEM, at)
        seed = load_organisation(ORGANISATION)
        targets = (
            (organisation, organisation.stream_of(agency), seed.founding(agency, at)),
            (agreements, agreements.stream_of(agency), seed.agreements(agency, at)),
            (controlled_documents, controlled_documents.stream_of(agency), load_documents(HERE / "controlled_documents.yaml", agency, at)),
        )
        for module, stream, command in targets:
            facts = module.DECIDER.decide(command, module.DECIDER.initial)
            log.append("processing", Slice(log.tip(stream), agency, facts), f"{stream}:seed", SYSTEM, at)
