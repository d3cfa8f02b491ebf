"""A small neutral domain for the log's tests: a bank with accounts, and an audit office that answers the bank's deposits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeAlias
from uuid import UUID, uuid4

from pydantic import BaseModel

from kernel.eventlog import Codec, Decider, Log, Meta, Outcome, Projection, ReadModel, Recorded, Refused, Slice, Target, carry_out

AGENCY: Final = "H09.13"
MONDAY: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


class Opened(BaseModel):
    TYPE: ClassVar[str] = "bank.account.opened.v1"
    owner: str


class Deposited(BaseModel):
    TYPE: ClassVar[str] = "bank.account.deposited.v1"
    amount: int


class Withdrawn(BaseModel):
    TYPE: ClassVar[str] = "bank.account.withdrawn.v1"
    amount: int


class Noted(BaseModel):
    TYPE: ClassVar[str] = "audit.file.noted.v1"
    amount: int
    total: int = 0


CODEC: Final = Codec({fact.TYPE: fact for fact in (Opened, Deposited, Withdrawn, Noted)})


@dataclass(frozen=True)
class Open:
    owner: str


@dataclass(frozen=True)
class Deposit:
    amount: int


@dataclass(frozen=True)
class Withdraw:
    amount: int


Command: TypeAlias = Open | Deposit | Withdraw


def decide(command: Command, balance: int) -> list[BaseModel]:
    match command:
        case Open(owner=owner):
            return [Opened(owner=owner)]
        case Deposit(amount=amount):
            # A deposit of nothing is nothing to record.
            return [Deposited(amount=amount)] if amount else []
        case Withdraw(amount=amount):
            if amount > balance:
                raise Refused("overdrawn", balance=balance)
            return [Withdrawn(amount=amount)]


def evolve(balance: int, fact: Any) -> int:
    match fact:
        case Deposited(amount=amount):
            return balance + amount
        case Withdrawn(amount=amount):
            return balance - amount
        case _:
            return balance


ACCOUNT: Final[Decider[Command, int]] = Decider(0, decide, evolve)


def meta(command_id: str | None = None, *, time: datetime = MONDAY, cause: str | None = None, traceparent: str | None = None) -> Meta:
    """Say that a clerk did it; every call is another command unless it is named."""
    return Meta(command_id or str(uuid4()), "clerk", time, cause, traceparent)


async def tell(log: Log, account: UUID, command: Command, said: Meta | None = None) -> Outcome[int]:
    """Carry out one command on an account."""
    return await carry_out(log, Target(account, ACCOUNT, command), said or meta(), agency=AGENCY)


async def deposit(log: Log, account: UUID, *amounts: int) -> None:
    """Make some deposits, one command each."""
    for amount in amounts:
        await tell(log, account, Deposit(amount))


async def some_history(log: Log, accounts: int = 3, deposits: int = 4) -> list[UUID]:
    """Fill a log a little: every account opened, then the deposits 1, 2, 3, ... in turn over all accounts."""
    ids = [uuid4() for _ in range(accounts)]
    for account in ids:
        await tell(log, account, Open("An"))
    for amount in range(1, deposits + 1):
        for account in ids:
            await tell(log, account, Deposit(amount))
    return ids


async def add(log: Log, stream: UUID, facts: Sequence[BaseModel], said: Meta | None = None) -> int:
    """Append facts to a stream as they are, past every decision; give the last position."""
    slice_ = Slice(await log.load(stream), AGENCY, facts)  # pyright: ignore[reportArgumentType] - pydantic widens TYPE
    return (await log.append([slice_], said or meta())).pos


def columns(event: Recorded) -> dict[str, Any]:
    match event.fact:
        case Opened(owner=owner):
            return {"owner": owner, "opened_at": event.time}
        case Deposited(amount=amount):
            return {"last_deposit": amount}
        case _:
            return {}


ACCOUNTS: Final = ReadModel(
    name="accounts",
    version=1,
    sources=("bank",),
    ddl="CREATE TABLE account (id uuid PRIMARY KEY, owner text, opened_at timestamptz, last_deposit integer, pos_bank bigint);",
    projections=(Projection("account", "id", lambda event: event.stream, columns),),
)
