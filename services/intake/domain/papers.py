"""Step 3 of 8, decide: the papers of the desk, each a pure function of facts (TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP).

A paper says what the facts say and nothing else. What no fact tells (how many sets, which papers are originals, where the result is to be
fetched) is a line to be filled in by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contracts.intake import (
    DossierAccepted,
    DossierReappointed,
    DossierRescheduled,
    DossierReturned,
    DossierSubmitted,
    DossierSupplemented,
    DossierWithdrawn,
    Enterprise,
)
from contracts.vocabulary import Channel, Limit, LimitUnit
from kernel.legalclock import day_of
from kernel.paper.administrative import Foot, FormNumber, Head, Sheet, dated, moment

RECEIPT: Final = "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"
REGISTER: Final = "Sổ theo dõi hồ sơ"
CHANNELS: Final[Mapping[Channel, str]] = {"online": "trực tuyến", "desk": "trực tiếp", "post": "qua dịch vụ bưu chính"}
UNITS: Final[Mapping[LimitUnit, str]] = {"working-days": "ngày làm việc", "calendar-days": "ngày", "working-hours": "giờ làm việc"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is not in the facts: the letterhead, the form's number, what the procedure and its components are called."""

    parent: str
    agency: str
    place: str
    capacity: str
    telephone: str | None
    form: FormNumber | None
    procedure: str = ""
    components: Mapping[str, str] | None = None


class Party(Sheet):
    """Whose dossier it is, as far as the reader of the paper may know it."""

    name: str | None = None
    number: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None


class Proxy(Sheet):
    """Who handed the dossier in for its owner, and by what right."""

    name: str
    number: str
    phone: str | None
    right: str


class LookUpCode(Sheet):
    """How the dossier is looked up without an account: where, with which secret, and both as a QR code."""

    address: str
    secret: str
    svg: str


class Receipt(Sheet):
    """Giấy tiếp nhận hồ sơ và hẹn trả kết quả (form 01)."""

    head: Head
    form: FormNumber | None
    title: str
    code: str
    party: Party
    proxy: Proxy | None
    channel: str
    procedure: str
    components: tuple[str, ...]
    limit: str | None
    received: str
    due: str | None
    due_on: date | None
    fee: str | None
    telephone: str | None
    officer: str
    look_up: LookUpCode | None
    made_at: datetime


class Line(Sheet):
    """A dossier in the register; `number` runs through the year without a gap."""

    number: int
    code: str
    procedure: str
    holder: str | None
    address: str | None
    phone: str | None
    received_on: date
    due_on: date | None
    returned_on: date | None
    returned_by: str | None
    officer: str
    note: str | None


class RegisterBook(Sheet):
    """Sổ theo dõi hồ sơ (form 06 of 2018, 07 of 2025): the dossiers received in a period of one year."""

    head: Head
    foot: Foot
    form: FormNumber | None
    title: str
    period: str
    year: int
    since: date
    until: date
    lines: tuple[Line, ...]
    made_at: datetime


def proxy_of(personal: Mapping[str, Any] | None) -> Proxy | None:
    """Say who handed the dossier in for its owner, where the reader may know it."""
    given: Mapping[str, Any] | None = (personal or {}).get("representative")
    if given is None:
        return None
    paper = given.get("paper")
    right = (
        f"theo ủy quyền: {paper}" if given["authority"] == "authorisation" else "đại diện theo pháp luật" + (f": {paper}" if paper else "")
    )
    return Proxy(name=given["name"], number=given["identity_number"], phone=given.get("phone"), right=right)


def party_of(enterprise: Enterprise | None, personal: Mapping[str, Any] | None) -> Party:
    """Say whose dossier it is: an enterprise's name and number are public, everything else is for who may see it."""
    if personal is None:
        return Party(name=enterprise.name, number=enterprise.tax_code) if enterprise else Party()
    number = personal.get("identity_number") or personal.get("tax_code")
    return Party(
        name=personal["name"], number=number, address=personal["address"], phone=personal.get("phone"), email=personal.get("email")
    )


def receipt(facts: Sequence[Any], words: Words, party: Party, proxy: Proxy | None, look_up: LookUpCode | None) -> Receipt | None:
    """Make the receipt of the acceptance, as it was given then, whatever has happened since; None if the dossier was not received."""
    accepted = next((fact for fact in facts if isinstance(fact, DossierAccepted)), None)
    if accepted is None:
        return None
    named = words.components or {}
    brought = brought_before(facts, accepted)
    known = [name for code, name in named.items() if code in brought]
    due = accepted.deadline
    return Receipt(
        head=head_of(words, accepted.accepted_at, accepted.code),
        form=words.form,
        title=RECEIPT,
        code=accepted.code,
        party=party,
        proxy=proxy,
        channel=CHANNELS[accepted.channel],
        procedure=words.procedure,
        components=(*known, *sorted(brought - named.keys())),
        limit=limit_said(due.limit) if due else None,
        received=moment(accepted.accepted_at),
        due=moment(due.due_at) if due else None,
        due_on=due.due_on if due else None,
        fee=fee_said(accepted),
        telephone=words.telephone,
        officer=accepted.accepted_by,
        look_up=look_up,
        made_at=accepted.accepted_at,
    )


def register_line(number: int, facts: Sequence[Any], procedure: str, party: Party) -> Line:
    """Make the line of a dossier that was received, as it stands after its facts."""
    accepted = next(fact for fact in facts if isinstance(fact, DossierAccepted))
    returned = next((fact for fact in facts if isinstance(fact, DossierReturned)), None)
    return Line(
        number=number,
        code=accepted.code,
        procedure=procedure,
        holder=party.name,
        address=party.address,
        phone=party.phone,
        received_on=day_of(accepted.accepted_at),
        due_on=due_on(facts),
        returned_on=day_of(returned.returned_at) if returned else None,
        returned_by=returned.returned_by if returned else None,
        officer=accepted.accepted_by,
        note=note_of(facts),
    )


def register_book(words: Words, year: int, since: date, until: date, lines: Sequence[Line], made_at: datetime) -> RegisterBook:
    """Put a register together; `made_at` is the last instant that anything in it is about, so that the same facts give the same book."""
    return RegisterBook(
        head=head_of(words, made_at, None),
        foot=Foot(
            recipients=("Lưu: Bộ phận Một cửa",), on_behalf=None, capacity=words.capacity, how="(Ký, đóng dấu, ghi rõ họ tên)", name=""
        ),
        form=words.form,
        title=REGISTER,
        period=f"Năm {year}, từ ngày {since:%d/%m/%Y} đến ngày {until:%d/%m/%Y}",
        year=year,
        since=since,
        until=until,
        lines=tuple(lines),
        made_at=made_at,
    )


def head_of(words: Words, at: datetime, number: str | None) -> Head:
    """Make the head of a paper, dated with the local day."""
    return Head(parent=words.parent, agency=words.agency, number=number, place=words.place, dated=dated(day_of(at)))


def brought_before(facts: Sequence[Any], accepted: DossierAccepted) -> set[str]:
    """Give the components that were there when the dossier was received."""
    brought = set[str]()
    for fact in facts:
        if fact is accepted:
            break
        if isinstance(fact, DossierSubmitted | DossierSupplemented):
            brought |= set(fact.components)
    return brought


def limit_said(limit: Limit) -> str:
    """Write a limit: `15 ngày làm việc`."""
    return f"{limit.amount} {UNITS[limit.unit]}"


def fee_said(accepted: DossierAccepted) -> str | None:
    """Write what is due (None: no fee table says)."""
    if accepted.fee_vnd is None:
        return None
    if accepted.fee_vnd == 0:
        return "Không thu"
    said = f"{accepted.fee_vnd:,} đồng".replace(",", ".")
    return f"{said} (nộp trước khi nhận kết quả)" if accepted.fee_before_result else said


def due_on(facts: Sequence[Any]) -> date | None:
    """Give the day of the limit as it stands; an apology does not move it."""
    found: date | None = None
    for fact in facts:
        if isinstance(fact, DossierAccepted | DossierRescheduled):
            found = fact.deadline.due_on if fact.deadline else None
    return found


def note_of(facts: Sequence[Any]) -> str | None:
    """Say what a reader of the register asks about first: that it was taken back, or that another day was named."""
    notes = list[str]()
    for fact in facts:
        match fact:
            case DossierReappointed(new_due_on=new):
                notes.append(f"Hẹn lại {new:%d/%m/%Y}")
            case DossierWithdrawn(withdrawn_at=at):
                notes.append(f"Rút {day_of(at):%d/%m/%Y}")
            case _:
                pass
    return "; ".join(notes) or None
