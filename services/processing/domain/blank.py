"""Step 3 of 8, decide: the stock of numbered blanks of one agency and series. Every number that came in is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from contracts.processing_permits import BlankIssued, BlankLost, BlankReturned, BlankSpoiled, BlanksReceived
from contracts.vocabulary import AgencyCode, PermitId, PrincipalId
from kernel.eventlog import Decider, Refused
from services.processing.domain import NAMESPACE

BATCH_MAX: Final = 10_000
"""So many blanks come in one parcel at most: a slip of the pen must not fill the stock."""

Fate: TypeAlias = Literal["issued", "spoiled", "returned", "lost"]
Event: TypeAlias = BlanksReceived | BlankIssued | BlankSpoiled | BlankReturned | BlankLost
Reason: TypeAlias = Literal["no-such-blank", "blank-gone", "blank-skips", "blanks-overlap", "blanks-too-many", "blank-of-another-permit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The numbers that came in, and what became of each; one without a fate lies in the stock. `permits` has whose it was."""

    received: frozenset[int] = frozenset()
    fates: Mapping[int, Fate] = field(default_factory=dict[int, Fate])
    permits: Mapping[int, PermitId] = field(default_factory=dict[int, PermitId])

    @property
    def left(self) -> list[int]:
        """The numbers in the stock, the lowest first."""
        return sorted(self.received - self.fates.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Take a parcel into the stock."""

    agency: AgencyCode
    series: str
    first: int
    last: int
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Print a permit on a blank. `instead` is the blank on which it was printed before and which is spoiled (None: there was none)."""

    agency: AgencyCode
    series: str
    number: int
    permit: PermitId
    permit_number: str
    instead: int | None
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoil:
    """Cancel a blank that no permit is printed on."""

    agency: AgencyCode
    series: str
    number: int
    reason: Literal["misprint", "torn", "soiled", "misprint-by-maker"]
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """Send an unused blank back."""

    agency: AgencyCode
    series: str
    number: int
    officer: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Note that a blank is not where it should be."""

    agency: AgencyCode
    series: str
    number: int
    record: str
    officer: PrincipalId
    at: datetime


Command: TypeAlias = Receive | Use | Spoil | GiveBack | Miss


def stream_of(agency: AgencyCode, series: str) -> UUID:
    """Give the stream of a series of an agency."""
    return uuid5(NAMESPACE, f"blanks:{agency}:{series}")


def decide(command: Command, stock: Stock) -> list[Event]:
    """Say what a command leads to.

    Raises:
        Refused: a `Reason`; "blank-skips" with the lower numbers that nobody has accounted for.
    """
    match command:
        case Receive():
            return [received(command, stock)]
        case Use(number=number, permit=permit) if stock.fates.get(number) == "issued" and stock.permits[number] == permit:
            return []
        case Use():
            insist_on(command.number, stock)
            if skipped := [number for number in stock.left if number < command.number]:
                raise Refused("blank-skips", unaccounted=skipped[:10])
            return [*spoiled_before(command, stock), used(command)]
        case Spoil(number=number):
            insist_on(number, stock)
            return [spoiled(command, number, command.reason, None)]
        case GiveBack(number=number):
            insist_on(number, stock)
            return [
                BlankReturned(agency=command.agency, series=command.series, number=number, officer=command.officer, returned_at=command.at)
            ]
        case Miss(number=number):
            insist_on(number, stock)
            return [
                BlankLost(
                    agency=command.agency,
                    series=command.series,
                    number=number,
                    record=command.record,
                    officer=command.officer,
                    lost_at=command.at,
                )
            ]


def insist_on(number: int, stock: Stock) -> None:
    """Insist that a blank lies in the stock.

    Raises:
        Refused: "no-such-blank" if it never came in, "blank-gone" with what became of it.
    """
    if number not in stock.received:
        raise Refused("no-such-blank")
    if (fate := stock.fates.get(number)) is not None:
        raise Refused("blank-gone", fate=fate)


def received(command: Receive, stock: Stock) -> BlanksReceived:
    """Take a parcel in, unless some of its numbers are here already."""
    if not 0 <= command.last - command.first < BATCH_MAX:
        raise Refused("blanks-too-many")
    if stock.received & set(range(command.first, command.last + 1)):
        raise Refused("blanks-overlap")
    return BlanksReceived(
        agency=command.agency,
        series=command.series,
        first=command.first,
        last=command.last,
        officer=command.officer,
        received_at=command.at,
    )


def used(command: Use) -> BlankIssued:
    """Print a permit on it."""
    return BlankIssued(
        agency=command.agency,
        series=command.series,
        number=command.number,
        permit_id=command.permit,
        permit_number=command.permit_number,
        officer=command.officer,
        issued_at=command.at,
    )


def spoiled_before(command: Use, stock: Stock) -> list[BlankSpoiled]:
    """Cancel the blank that the permit was on before."""
    if command.instead is None:
        return []
    if stock.permits.get(command.instead) != command.permit or stock.fates.get(command.instead) != "issued":
        raise Refused("blank-of-another-permit")
    return [spoiled(command, command.instead, "misprint", command.permit)]


def spoiled(
    command: Use | Spoil, number: int, reason: Literal["misprint", "torn", "soiled", "misprint-by-maker"], permit: PermitId | None
) -> BlankSpoiled:
    """Cancel a blank."""
    return BlankSpoiled(
        agency=command.agency,
        series=command.series,
        number=number,
        reason=reason,
        permit_id=permit,
        officer=command.officer,
        spoiled_at=command.at,
    )


def evolve(stock: Stock, event: Event) -> Stock:
    """Say what the stock is after a fact."""
    match event:
        case BlanksReceived(first=first, last=last):
            return replace(stock, received=stock.received | set(range(first, last + 1)))
        case BlankIssued(number=number, permit_id=permit):
            return replace(stock, fates={**stock.fates, number: "issued"}, permits={**stock.permits, number: permit})
        case BlankSpoiled(number=number):
            return replace(stock, fates={**stock.fates, number: "spoiled"})
        case BlankReturned(number=number):
            return replace(stock, fates={**stock.fates, number: "returned"})
        case BlankLost(number=number):
            return replace(stock, fates={**stock.fates, number: "lost"})


DECIDER: Final = Decider[Command, Stock](Stock(), decide, evolve)
