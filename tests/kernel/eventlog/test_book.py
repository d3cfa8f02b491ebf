from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from kernel.eventlog import Appended, Conflict, History, Log, Meta, Outcome, Refused, Slice, Target, carry_out, next_in_book, state_before
from kernel.eventlog.verify import verify_log
from tests.kernel.eventlog.bank import ACCOUNT, AGENCY, Deposit, Deposited, Noted, Withdraw, deposit, meta, tell
from tests.kernel.eventlog.rig import Rig, connected, positions_are_dense


def note(history: History, amount: int) -> Slice:
    return Slice(history, AGENCY, [Noted(amount=amount, total=history.version + 1)])


def too_late(account: UUID) -> Slice:
    return Slice(History(account), AGENCY, [Deposited(amount=1)])


async def numbered(log: Log, book: UUID, account: UUID, said: Meta) -> int:
    given = 0

    async def with_number(page: History) -> Outcome[int]:
        nonlocal given
        given = page.version + 1
        target = Target(account, ACCOUNT, Deposit(given))
        return await carry_out(log, target, said, agency=AGENCY, also=lambda _: [note(page, given)], tries=1)

    await next_in_book(log, book, with_number)
    return given


async def test_many_who_take_a_number_at_once_get_one_each_and_share_commits(rig: Rig) -> None:
    log, book, accounts = await rig.log(), uuid4(), [uuid4() for _ in range(60)]
    for account in accounts:
        await state_before(log, account, ACCOUNT)
    numbers = await asyncio.gather(*(numbered(log, book, account, meta()) for account in accounts))
    assert sorted(numbers) == list(range(1, 61))
    assert [event.version for event in (await log.load(book)).events] == list(range(1, 61))
    assert await positions_are_dense(log)
    async with connected(log.dsn) as connection:
        assert not (await verify_log(connection, log.source, {})).findings


async def test_a_number_is_stored_only_with_the_one_before_it(rig: Rig) -> None:
    log, book, moved = await rig.log(), uuid4(), uuid4()
    await deposit(log, moved, 1)
    first = await log.tip(book)
    # The first is stored in vain: its account has moved on. The second builds on it, the third on the second.
    asked = [asyncio.ensure_future(log.append([note(first, 1), too_late(moved)], meta()))]
    for _ in range(2):
        await asyncio.sleep(0)
        asked.append(asyncio.ensure_future(log.append([note(await log.tip(book), 2)], meta())))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Conflict, Conflict, Conflict]
    assert (await log.load(book)).version == 0
    assert await numbered(log, book, uuid4(), meta()) == 1


async def test_what_builds_on_a_number_that_was_not_stored_is_refused_even_later(rig: Rig) -> None:
    log, book, moved = await rig.log(), uuid4(), uuid4()
    await deposit(log, moved, 1)
    first = asyncio.ensure_future(log.append([note(await log.tip(book), 1), too_late(moved)], meta()))
    await asyncio.sleep(0)
    page = await log.tip(book)
    assert page.version == 1
    with pytest.raises(Conflict):
        await first
    with pytest.raises(Conflict):
        await log.append([note(page, 2)], meta())
    assert (await log.load(book)).version == 0


async def test_the_same_command_with_another_number_is_not_what_is_stored(rig: Rig) -> None:
    log, book, account, said = await rig.log(), uuid4(), uuid4(), meta("once")
    deposits = Slice(History(account), AGENCY, [Deposited(amount=1)])
    await log.append([note(await log.tip(book), 1), deposits], said)
    with pytest.raises(Conflict):
        await log.append([note(await log.tip(book), 2), deposits], said)


async def test_a_command_is_decided_on_what_is_remembered_and_another_process_is_noticed(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    other = await rig.open(log.dsn)
    await tell(log, account, Deposit(1))
    await tell(other, account, Deposit(10))
    assert await state_before(log, account, ACCOUNT) == 1
    assert (await tell(log, account, Deposit(100))).state == 111
    assert await state_before(log, account, ACCOUNT) == 111


async def test_a_refusal_is_said_only_of_what_is_stored(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    other = await rig.open(log.dsn)
    await tell(log, account, Deposit(1))
    await tell(other, account, Deposit(10))
    assert (await tell(log, account, Withdraw(11))).state == 0
    with pytest.raises(Refused):
        await tell(log, account, Withdraw(1))


async def test_a_command_that_came_twice_at_once_leaves_nothing_to_build_on_but_what_is_stored(rig: Rig) -> None:
    log, account, said = await rig.log(), uuid4(), meta()
    twice = await asyncio.gather(tell(log, account, Deposit(5), said), tell(log, account, Deposit(5), said))
    assert [outcome.pos for outcome in twice] == [1, 1]
    # The second was recorded a moment later, in other bytes than those that are stored: a chain from them would lead nowhere.
    await deposit(log, account, 6)
    async with connected(log.dsn) as connection:
        assert (await verify_log(connection, log.source, {})).findings == []


async def test_what_follows_a_command_that_an_earlier_try_has_stored_is_decided_anew(rig: Rig) -> None:
    log, book, said = await rig.log(), uuid4(), meta()
    first = await log.tip(book)
    await log.append([note(first, 1)], said)
    again = asyncio.ensure_future(log.append([note(first, 1)], said))
    await asyncio.sleep(0)
    builds_on_it = log.append([note(await log.tip(book), 2)], meta())
    answers = await asyncio.gather(again, builds_on_it, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Appended, Conflict]
