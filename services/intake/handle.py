"""Step 2 of 8, handle: from a request that makes sense to a decision on the dossier's own history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.intake import DossierSubmitted, Enterprise, LimitLine, ProcedurePublished
from contracts.vocabulary import Channel, ContentHash, Deadline, DossierId, Limit, MissingComponent, VaultRef
from kernel.edge.idempotency import Command, Rows
from kernel.edge.identity import Principal
from kernel.edge.problem import INVALID, NOT_FOUND, Fault, Problem, Sentence
from kernel.edge.service import Runtime
from kernel.eventlog import History, Outcome, Refused, Slice, Target, carry_out, next_in_book, state_before
from kernel.legalclock import Calendar, NoRulePack, OutsideCalendar, day_of, deadline, load_calendar, rule_pack_on
from kernel.vault import ENTRY
from services.intake.catalogue import Catalogue, Procedure, as_published, stream_of
from services.intake.domain import commands, dossier, register, states
from services.intake.likeness import APPLICANT, Likeness
from services.intake.query_then import NOW, When
from services.intake.settings import IntakeSettings

DossierOutcome = Outcome[states.State]

ON_THE_WAY_MAX: Final = timedelta(days=30)
"""How long before it is recorded a dossier may have arrived: the postmark of a slow letter, the paper book of a desk without power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody hands in, checked for form: the personal part is for the vault."""

    procedure: str
    channel: Channel
    personal: dict[str, Any]
    enterprise: Enterprise | None
    components: tuple[str, ...]
    arrived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Door:
    """Carries out the commands of the desk and of the portal."""

    runtime: Runtime[IntakeSettings]
    catalogue: Catalogue
    likeness: Likeness
    _older: dict[ContentHash, Procedure] = field(default_factory=dict[ContentHash, Procedure], init=False)

    async def submit(self, submission: Submission, command: Command, also: Callable[[UUID], Rows] = lambda _: {}) -> DossierOutcome:
        """Receive a dossier at the door; `also` makes further rows that are stored with it, of its id.

        Raises:
            Problem: 422 for a procedure or a component that the catalogue does not know, an arrival or a citizen's number that cannot be.
            Conflict: if one of those rows cannot be.
        """
        at, stream = command.meta.time, uuid5(command.id, "dossier")
        command.principal.require(self.catalogue.agency)
        entry = self.check(submission, at)
        sealed = self.runtime.vault.seal(stream, submission.personal)
        submitted = DossierSubmitted(
            dossier_id=DossierId(stream),
            agency=self.catalogue.agency,
            procedure=entry.code,
            procedure_hash=entry.content_hash,
            field=entry.content["field"],
            channel=submission.channel,
            applicant_kind="individual" if submission.enterprise is None else "enterprise",
            enterprise=submission.enterprise,
            personal_ref=VaultRef(sealed.ref),
            commitment=sealed.commitment,
            components=tuple(sorted(set(submission.components))),
            submitted_at=at,
            arrived_at=submission.arrived_at or at,
            by_representative="representative" in submission.personal,
        )
        known_by = self.likeness.row(stream, submission.personal, entry.code, at)
        beside = command.beside_with({ENTRY: [sealed.row], APPLICANT: known_by, **also(stream)})
        target = Target(stream, dossier.DECIDER, submitted)
        return await carry_out(self.runtime.log, target, command.meta, agency=self.catalogue.agency, beside=beside)

    def check(self, submission: Submission, at: datetime) -> Procedure:
        """Give the procedure of what is handed in, if that can be.

        Raises:
            Problem: 422 for a procedure or a component that the catalogue does not know, an arrival or a citizen's number that cannot be.
        """
        if (entry := self.catalogue.procedures.get(submission.procedure)) is None:
            raise Problem(INVALID, faults=[_UNKNOWN_PROCEDURE])
        _check_components(entry, submission.components, "/components")
        _check_arrival(submission.arrived_at, at)
        self._check_numbers(submission.personal, day_of(at).year)
        return entry

    async def accept(self, stream: UUID, case_code: str | None, places: int | None, command: Command) -> DossierOutcome:
        """Receive a complete dossier: its number and its appointment are made and stored together.

        Where the procedure has cases, `case_code` is the one that the dossier is: limit and fee go by it and by the channel (E-05). Where
        a fee is for each place of business, `places` says how many there are (E-55; None: one).

        Raises:
            Refused: if it is not complete, or not waiting to be received; "outside-calendar", if nobody knows yet which days count.
            Problem: 422, if the case is not said or none of the procedure's, or places do not count.
        """
        at = command.meta.time
        found = await self._found(stream, command)
        entry = await self._pinned(found)
        _check_case(entry, case_code)
        if places is not None and not entry.is_per_place:
            raise Problem(INVALID, faults=[Fault("body", "/places", _NOT_PER_PLACE)])
        start_at = at if entry.content["start_rule"] == "complete" else found.arrived_at
        promised, by_law = _deadlines(entry, entry.limit_of(found.channel, case_code), start_at, load_calendar().as_known_at(at))
        day = day_of(at)

        async def with_number(book: History) -> DossierOutcome:
            number = register.allot(found.agency, day, book.version, found.id)
            accept = commands.Accept(
                code=number.code,
                required=entry.required,
                supplement_mode=entry.content["supplement_mode"],
                extension_max=entry.content.get("extension_max"),
                deadline=promised,
                by_law=by_law,
                case_code=case_code,
                places=places,
                fee_vnd=entry.fee_vnd(day, found.applicant_kind, found.channel, case_code, places),
                fee_before_result=entry.content.get("fee_before_result", False),
                at=at,
                by=command.principal.sub,
            )
            return await carry_out(
                self.runtime.log,
                Target(stream, dossier.DECIDER, accept),
                command.meta,
                agency=found.agency,
                expected=command.expected,
                beside=command.beside,
                also=lambda _: [Slice(book, found.agency, [number])],
                tries=1,
            )

        return await next_in_book(self.runtime.log, register.stream_of(found.agency, day), with_number)

    async def request_supplement(self, stream: UUID, missing: tuple[MissingComponent, ...], command: Command) -> DossierOutcome:
        """Ask the applicant, once, for all that is missing.

        Raises:
            Problem: 422 for a component that is not one of the procedure's.
        """
        found = await self._found(stream, command)
        _check_components(await self._pinned(found), [one.component for one in missing], "/missing")
        asked = commands.RequestSupplement(missing=missing, at=command.meta.time, by=command.principal.sub)
        return await self._carry_out(stream, asked, found.agency, command)

    async def supplement(self, stream: UUID, components: tuple[str, ...], command: Command) -> DossierOutcome:
        """Take what the applicant brings."""
        found = await self._found(stream, command)
        _check_components(await self._pinned(found), components, "/components")
        return await self._carry_out(stream, commands.Supplement(components=components, at=command.meta.time), found.agency, command)

    async def change(self, stream: UUID, wanted: commands.Command, command: Command) -> DossierOutcome:
        """Carry out a command that needs nothing but the dossier."""
        found = await self._found(stream, command)
        return await self._carry_out(stream, wanted, found.agency, command)

    async def dossier(self, stream: UUID, principal: Principal, when: When = NOW) -> tuple[int, int, states.State, states.Dossier]:
        """Give a dossier's version, position and state, as they are now or as they were.

        Raises:
            Problem: 404 if there is none, or was none then, 403 if it is another agency's, 422 for a version to come.
        """
        history = await self.runtime.log.load(stream)
        _within_reach(dossier.DECIDER.state_of(history), principal)
        history = when.of(history)
        state = dossier.DECIDER.state_of(history)
        return history.version, history.pos, state, _within_reach(state, principal)

    async def insist_on_component(self, found: states.Dossier, component: str, pointer: str) -> None:
        """Let only a component pass that the dossier's version of its procedure has.

        Raises:
            Problem: 422, naming the field, if it is none.
        """
        if component not in (await self._pinned(found)).components:
            raise Problem(INVALID, faults=[Fault("body", pointer, _UNKNOWN_COMPONENT)])

    async def _found(self, stream: UUID, command: Command) -> states.Dossier:
        """Find what never changes in the life of a dossier, to prepare a command on it."""
        return _within_reach(await state_before(self.runtime.log, stream, dossier.DECIDER), command.principal)

    async def _carry_out(self, stream: UUID, wanted: commands.Command, agency: str, command: Command) -> DossierOutcome:
        target = Target(stream, dossier.DECIDER, wanted)
        return await carry_out(self.runtime.log, target, command.meta, agency=agency, expected=command.expected, beside=command.beside)

    def _check_numbers(self, personal: Mapping[str, Any], year_now: int) -> None:
        """Refuse a citizen's number that cannot be one; a person's tax code may be it too."""
        given = {f"/applicant/{name}": personal.get(name, "") for name in ("identity_number", "tax_code")}
        given["/representative/identity_number"] = personal.get("representative", {}).get("identity_number", "")
        found = {pointer: self.catalogue.citizen_numbers.fault_in(number, year_now) for pointer, number in given.items()}
        if faults := [Fault("body", pointer, _NUMBER[fault]) for pointer, fault in found.items() if fault is not None]:
            raise Problem(INVALID, faults=faults)

    async def _pinned(self, found: states.Dossier) -> Procedure:
        """Give the version that a dossier was submitted under: the one in force, or what was published under that hash.

        The catalogue may have changed since, or have lost the procedure; the log has not.
        """
        current = self.catalogue.procedures.get(found.procedure)
        if current is not None and current.content_hash == found.procedure_hash:
            return current
        if found.procedure_hash not in self._older:
            facts = [event.fact for event in (await self.runtime.log.load(stream_of(found.procedure))).events]
            self._older.update({fact.content_hash: as_published(fact) for fact in facts if isinstance(fact, ProcedurePublished)})
        return self._older[found.procedure_hash]


def _check_components(entry: Procedure, components: Sequence[str], pointer: str) -> None:
    unknown = [n for n, code in enumerate(components) if code not in entry.components]
    if unknown:
        raise Problem(INVALID, faults=[Fault("body", f"{pointer}/{n}", _UNKNOWN_COMPONENT) for n in unknown])


def _within_reach(state: states.State, principal: Principal) -> states.Dossier:
    if isinstance(state, states.Absent):
        raise Problem(NOT_FOUND)
    principal.require(state.dossier.agency)
    return state.dossier


def _check_arrival(arrived_at: datetime | None, at: datetime) -> None:
    """Refuse an arrival that cannot be: a limit that counts from arrival would begin with it."""
    if arrived_at is not None and arrived_at > at:
        raise Problem(INVALID, faults=[Fault("body", "/arrived_at", _FUTURE)])
    if arrived_at is not None and at - arrived_at > ON_THE_WAY_MAX:
        raise Problem(INVALID, faults=[Fault("body", "/arrived_at", _LONG_AGO.filled(days=ON_THE_WAY_MAX.days))])


def _check_case(entry: Procedure, case_code: str | None) -> None:
    if case_code is None and entry.cases:
        raise Problem(INVALID, faults=[Fault("body", "/case_code", _CASE_MISSING.filled(cases=", ".join(sorted(entry.cases))))])
    if case_code is not None and case_code not in entry.cases:
        raise Problem(INVALID, faults=[Fault("body", "/case_code", _UNKNOWN_CASE)])


def _deadlines(entry: Procedure, line: LimitLine | None, start_at: datetime, calendar: Calendar) -> tuple[Deadline | None, Deadline | None]:
    """Give the deadline that is promised, and beside it the law's own where less was promised (E-06)."""
    if line is None:
        return None, None

    def due(limit: Limit) -> Deadline:
        counted = deadline(start_at, limit, entry.content["start_rule"], calendar, rule_pack_on(day_of(start_at)))
        return Deadline.model_validate(counted)

    try:
        return (due(line.limit), None) if line.committed is None else (due(line.committed), due(line.limit))
    except (OutsideCalendar, NoRulePack) as error:
        raise Refused("outside-calendar") from error


_UNKNOWN_PROCEDURE = Fault(
    "body", "/procedure", Sentence("Danh mục không có thủ tục hành chính này.", "The catalogue has no such procedure.")
)
_UNKNOWN_COMPONENT = Sentence("Thủ tục này không có thành phần hồ sơ như vậy.", "The procedure has no such component.")
_CASE_MISSING = Sentence(
    "Thủ tục này có nhiều trường hợp; hãy chọn một: {cases}.", "The procedure has several cases; say which one it is: {cases}."
)
_UNKNOWN_CASE = Sentence("Thủ tục này không có trường hợp như vậy.", "The procedure has no such case.")
_NOT_PER_PLACE = Sentence(
    "Phí của thủ tục này không tính theo điểm kinh doanh.", "The fee of this procedure does not go by places of business."
)
_FUTURE = Sentence("Thời điểm đến không được ở tương lai.", "The arrival must not be in the future.")
_LONG_AGO = Sentence("Thời điểm đến không được quá {days} ngày trước khi nộp.", "The arrival must be at most {days} days ago.")
_NUMBER: Final = {
    "birthplace": Sentence(
        "Ba chữ số đầu của số định danh không phải mã tỉnh, thành phố hoặc mã quốc gia nơi đăng ký khai sinh.",
        "The first three digits of this citizen's number are no province or country in which births are registered.",
    ),
    "century": Sentence(
        "Chữ số thứ tư của số định danh (thế kỷ và giới tính) không có nghĩa.",
        "The fourth digit of this citizen's number (century and sex) has no meaning.",
    ),
    "year": Sentence("Theo số định danh này thì năm sinh ở tương lai.", "By this citizen's number the year of birth is in the future."),
}
