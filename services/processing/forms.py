"""Step 8 of 8, query: the forms of a case, made of its facts and of the words for their codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID

from contracts.processing import CaseOpened
from contracts.vocabulary import AgencyCode
from kernel.edge.identity import Principal
from kernel.legalclock import day_of, load_calendar
from services.processing.domain.control_slip import control_slip
from services.processing.domain.forms import (
    CaseForm,
    FormName,
    Words,
    apology,
    refusal,
    stop_notice,
    supplement_request,
)
from services.processing.domain.hand_over_slips import hand_over
from services.processing.domain.spans import on
from services.processing.domain.workflow import Steps
from services.processing.handle import Department
from services.processing.query import Expected
from services.processing.templates import Stationery, load_stationery


@dataclass(frozen=True, slots=True)
class Facts:
    """Whose facts, for whom; all of them, or those up to an instant or a version."""

    case: UUID
    principal: Principal
    as_of: datetime | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class FormsOffice:
    """Makes the forms of cases."""

    department: Department

    @property
    def stationery(self) -> Stationery:
        """What papers are made of."""
        settings = self.department.runtime.settings
        return load_stationery(settings.templates, settings.organisation)

    async def form(self, wanted: Facts, name: FormName, round_: int | None) -> CaseForm | None:
        """Make a form; None if the facts do not give it.

        Raises:
            Problem: 404 if there is no such case, 403 if it is another agency's, 422 for a version to come.
            Busy: if intake's log has not been read as far as the dossier.
        """
        facts, steps, expected = await self._facts(wanted)
        return make(name, facts, await self._words(name, facts, expected), steps, self.stationery, round_)

    async def all_of(self, wanted: Facts) -> dict[FormName, CaseForm]:
        """Make every form that the facts of a case give, by name."""
        facts, steps, expected = await self._facts(wanted)
        names: tuple[FormName, ...] = get_args(FormName)
        made = {name: make(name, facts, await self._words(name, facts, expected), steps, self.stationery, None) for name in names}
        return {name: form for name in names if (form := made[name]) is not None}

    def source_of(self, name: FormName) -> bytes:
        """Give the template of a form."""
        return source_of(name, self.stationery)

    async def _facts(self, wanted: Facts) -> tuple[Sequence[Any], Steps, Expected]:
        history, state, steps = await self.department.case(wanted.case, wanted.principal, as_of=wanted.as_of, version=wanted.version)
        return [event.fact for event in history.events], steps, await self.department.register.result_of(state.case.dossier)

    async def _words(self, name: FormName, facts: Sequence[Any], expected: Expected) -> Words:
        """Units and roles are called as they were when the case was opened."""
        opened = next(fact for fact in facts if isinstance(fact, CaseOpened))
        day = day_of(opened.opened_at)
        _, staff = await self.department.establishment.organisation()
        units = {code: unit.name for code, unit in staff.units_on(day).items()}
        roles = {code: role.name for code, spans in staff.roles.items() if (role := on(spans, day)) is not None}
        words = words_for(name, opened.agency, day, self.stationery, expected)
        return replace(words, units={**words.units, **units}, roles={**words.roles, **roles})


def source_of(name: FormName, stationery: Stationery) -> bytes:
    """Give the template of a form; the two slips of hand-over share one."""
    return stationery.forms["hand-over" if name.endswith("hand-over") else name]


def words_for(name: FormName, agency: AgencyCode, on: date, stationery: Stationery, expected: Expected) -> Words:
    """Give the words of a form: a dossier keeps the forms of the rules that it was accepted under."""
    head = stationery.letterhead(agency)
    return Words(
        parent=head.parent,
        agency=head.name,
        place=head.place,
        capacity=head.capacity,
        form=stationery.form(name, on),
        title=stationery.title(name, on),
        procedure=expected.procedure,
        applicant=expected.holder.name if expected.holder else None,
        components=expected.components,
        units=stationery.units,
        roles=stationery.roles,
    )


def make(name: FormName, facts: Sequence[Any], words: Words, steps: Steps, stationery: Stationery, round_: int | None) -> CaseForm | None:
    """Make a form of facts."""
    match name:
        case "control-slip":
            return control_slip(facts, words, steps, load_calendar(), dict(stationery.partners))
        case "supplement-request":
            return supplement_request(facts, words, round_)
        case "refusal":
            return refusal(facts, words)
        case "apology":
            return apology(facts, words)
        case "stop-notice":
            return stop_notice(facts, words)
        case "dossier-hand-over":
            return hand_over(facts, words, "dossier")
        case "result-hand-over":
            return hand_over(facts, words, "result")
