from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import pytest

from kernel.eventlog import Appended, Busy, Conflict, History, Log, Slice, Table, append
from kernel.eventlog.event import event_id
from tests.kernel.eventlog.bank import ACCOUNT, AGENCY, Deposit, Deposited, Opened, add, deposit, meta, tell
from tests.kernel.eventlog.rig import Rig, connected, patiently, positions_are_dense, running, stored

NOTE = Table("note", {"name": "text", "account": "uuid"})


def some(history: History, *amounts: int) -> Slice:
    return Slice(history, AGENCY, [Deposited(amount=amount) for amount in amounts])


async def log_with_notes(rig: Rig) -> Log:
    database = await rig.database()
    async with connected(database.owner_dsn) as owner:
        await owner.execute("CREATE TABLE public.note (name text PRIMARY KEY, account uuid); GRANT ALL ON public.note TO bank")
    return await rig.open(database.runtime_dsn, tables=(NOTE,))


async def test_positions_stay_dense_under_64_callers_who_often_conflict(rig: Rig) -> None:
    log, accounts = await rig.log(), [uuid4() for _ in range(6)]

    async def call(account: UUID) -> None:
        for _ in range(4):
            await patiently(lambda: tell(log, account, Deposit(1)))

    await asyncio.gather(*(call(accounts[n % len(accounts)]) for n in range(64)))

    assert await log.head() == 64 * 4
    assert await positions_are_dense(log)
    histories = [await log.load(account) for account in accounts]
    assert sum(ACCOUNT.state_of(history) for history in histories) == 64 * 4
    for history in histories:
        assert [event.version for event in history.events] == list(range(1, history.version + 1))


async def test_two_programs_on_one_log_take_different_positions(rig: Rig) -> None:
    log = await rig.log()
    other = await rig.open(log.dsn)
    await asyncio.gather(*(deposit(one, uuid4(), *range(1, 9)) for one in (log, other) for _ in range(8)))
    assert await log.head() == 128
    assert await positions_are_dense(log)


async def test_a_conflict_leaves_no_hole_in_the_positions(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    await deposit(log, account, 1)
    for _ in range(3):
        with pytest.raises(Conflict):
            await log.append([some(History(account), 2)], meta())
    await deposit(log, account, 3)
    assert await positions_are_dense(log)
    assert await log.head() == 2


async def test_of_a_batch_only_the_guilty_gets_a_conflict(rig: Rig) -> None:
    log, taken = await rig.log(), uuid4()
    await deposit(log, taken, 1)

    # All are in the queue before a writer wakes, so all are in one batch.
    slices = [some(History(taken if n == 7 else uuid4()), n) for n in range(20)]
    answers = await asyncio.gather(*(log.append([slice_], meta()) for slice_ in slices), return_exceptions=True)

    assert [n for n, answer in enumerate(answers) if not isinstance(answer, Appended)] == [7]
    assert isinstance(answers[7], Conflict)
    assert answers[7].constraint == "event_stream_version_key"
    assert await log.head() == 20
    assert await positions_are_dense(log)


async def test_every_caller_of_a_batch_learns_its_own_position(rig: Rig) -> None:
    log = await rig.log()
    slices = [some(History(uuid4()), *range(n % 3 + 1)) for n in range(30)]
    answers = await asyncio.gather(*(log.append([slice_], meta()) for slice_ in slices))
    for slice_, answer in zip(slices, answers, strict=True):
        history = await log.load(slice_.history.stream)
        assert answer == Appended(history.pos, {history.stream: history.version})


async def test_the_same_command_again_is_a_success_and_stores_nothing(rig: Rig) -> None:
    log, account, said = await rig.log(), uuid4(), meta("transfer-7")
    first = await log.append([some(History(account), 5, 6)], said)
    await deposit(log, uuid4(), 1)

    assert await log.append([some(History(account), 5, 6)], said) == first
    assert await log.head() == 3


async def test_another_command_for_the_same_version_is_a_conflict(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    await log.append([some(History(account), 5)], meta("transfer-7"))
    with pytest.raises(Conflict):
        await log.append([some(History(account), 5)], meta("transfer-8"))


async def test_facts_for_two_streams_are_stored_together(rig: Rig) -> None:
    log, giver, taker = await rig.log(), uuid4(), uuid4()
    appended = await log.append([some(History(giver), 1), some(History(taker), 2, 3)], meta("transfer"))
    assert appended == Appended(3, {giver: 1, taker: 2})
    assert [event.id for event in (await log.load(taker)).events] == ["transfer/1", "transfer/2"]


async def test_facts_for_two_streams_are_both_refused_when_one_stream_has_moved_on(rig: Rig) -> None:
    log, moved, fresh = await rig.log(), uuid4(), uuid4()
    await deposit(log, moved, 1)
    with pytest.raises(Conflict):
        await log.append([some(History(fresh), 1), some(History(moved), 2)], meta())
    assert (await log.load(fresh)).version == 0
    assert await log.head() == 1


async def test_a_row_beside_is_stored_with_its_events(rig: Rig) -> None:
    log, account = await log_with_notes(rig), uuid4()
    await log.append([some(History(account), 1)], meta(), {NOTE: [("a", account), ("b", None)]})
    assert [tuple(row) for row in await log.pool.fetch("SELECT * FROM note ORDER BY name")] == [("a", account), ("b", None)]


async def test_a_row_beside_that_is_there_already_stores_no_event(rig: Rig) -> None:
    log, account = await log_with_notes(rig), uuid4()
    await log.append([some(History(account), 1)], meta(), {NOTE: [("key", account)]})
    with pytest.raises(Conflict) as conflict:
        await log.append([some(History(uuid4()), 1)], meta(), {NOTE: [("key", None)]})
    assert conflict.value.constraint == "note_pkey"
    assert await log.head() == 1


async def test_an_event_in_conflict_stores_no_row_beside(rig: Rig) -> None:
    log, account = await log_with_notes(rig), uuid4()
    await deposit(log, account, 1)
    with pytest.raises(Conflict):
        await log.append([some(History(account), 1)], meta(), {NOTE: [("key", account)]})
    assert await log.pool.fetchval("SELECT count(*) FROM note") == 0


async def test_a_duplicate_row_beside_does_not_disturb_the_rest_of_its_batch(rig: Rig) -> None:
    log = await log_with_notes(rig)
    answers = await asyncio.gather(
        *(log.append([some(History(uuid4()), n)], meta(), {NOTE: [(f"key-{n % 9}", None)]}) for n in range(10)), return_exceptions=True
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    assert await log.head() == await log.pool.fetchval("SELECT count(*) FROM note") == 9


async def test_a_full_queue_is_busy_and_what_was_taken_on_is_stored(rig: Rig) -> None:
    log = await rig.open((await rig.database()).runtime_dsn, queue_max=3)
    answers = await asyncio.gather(*(log.append([some(History(uuid4()), 1)], meta()) for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Appended, Appended, Appended, Busy, Busy]
    assert await log.head() == 3


async def test_a_caller_who_goes_away_harms_nobody(rig: Rig) -> None:
    log = await rig.log()
    tasks = [asyncio.create_task(log.append([some(History(uuid4()), 1)], meta())) for _ in range(9)]
    await asyncio.wait(tasks, timeout=0)
    tasks[4].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if not isinstance(answer, Appended)] == [4]
    assert await positions_are_dense(log)


async def test_closing_stores_what_was_taken_on_and_takes_nothing_more(rig: Rig) -> None:
    log = await rig.log()
    tasks = [asyncio.create_task(log.append([some(History(uuid4()), 1)], meta())) for _ in range(50)]
    await asyncio.wait(tasks, timeout=0)
    await log.close()
    assert max(appended.pos for appended in await asyncio.gather(*tasks)) == 50
    with pytest.raises(Busy):
        await log.append([some(History(uuid4()), 1)], meta())


async def test_an_event_that_the_database_refuses_is_the_callers_error_alone(rig: Rig) -> None:
    log = await log_with_notes(rig)
    slices = [some(History(uuid4()), n) for n in range(4)]
    answers = await asyncio.gather(
        *(log.append([s], meta(), {NOTE: [("nul\x00byte" if n == 2 else str(n), None)]}) for n, s in enumerate(slices)),
        return_exceptions=True,
    )
    assert [n for n, answer in enumerate(answers) if not isinstance(answer, Appended)] == [2]
    assert not isinstance(answers[2], Busy)
    assert log.alive


async def test_a_history_reads_back_what_was_appended(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    await add(log, account, [Opened(owner="Nguyễn Thị Ánh"), Deposited(amount=2)], meta("first", cause="audit/9"))
    history = await log.load(account)
    opened, deposited = history.events
    assert (opened.fact, deposited.fact) == (Opened(owner="Nguyễn Thị Ánh"), Deposited(amount=2))
    assert (opened.source, opened.stream, opened.agency, opened.actor) == ("bank", account, AGENCY, "clerk")
    assert (deposited.id, deposited.version, deposited.pos, deposited.cause) == ("first/1", 2, 2, "audit/9")
    assert opened.recorded_at > opened.time


async def test_histories_that_are_asked_for_together_each_reach_who_asked(rig: Rig) -> None:
    log, accounts, nobody = await rig.log(), [uuid4() for _ in range(150)], uuid4()
    for n, account in enumerate(accounts):
        await add(log, account, [Deposited(amount=n)] * (1 + n % 3))
    asked = [asyncio.create_task(log.load(account)) for account in [*accounts, *accounts, nobody]]
    gone = [asyncio.create_task(log.load(account)) for account in accounts]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    found = await asyncio.wait_for(asyncio.gather(*asked), 20)
    assert [(history.stream, history.version) for history in found[:150]] == [(account, 1 + n % 3) for n, account in enumerate(accounts)]
    assert [history.events[0].fact for history in found[150:-1]] == [Deposited(amount=n) for n in range(150)]
    assert found[-1] == History(nobody)


async def test_nobody_who_asks_for_a_history_is_forgotten_in_the_moment_in_which_a_reader_ends(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one reader at a time, whoever is answered asks again in that moment."""
    monkeypatch.setattr(append, "READS_AT_ONCE", 1)
    log, account = await rig.log(), uuid4()

    async def ask() -> None:
        for _ in range(20):
            await log.load(account)

    await asyncio.wait_for(ask(), 20)


async def test_a_history_holds_what_its_reader_has_stored_whatever_reads_are_under_way(rig: Rig) -> None:
    log = await rig.log()

    async def call(account: UUID) -> None:
        for n in range(40):
            history = await log.load(account)
            assert history.version == n
            await log.append([some(history, 1)], meta())

    async def look_on(account: UUID) -> None:
        while True:
            await log.load(account)

    accounts = [uuid4() for _ in range(12)]
    async with running(*(look_on(account) for account in accounts for _ in range(3))):
        await asyncio.wait_for(asyncio.gather(*(call(account) for account in accounts)), 30)


@pytest.mark.slow
async def test_a_killed_postgres_loses_and_repeats_nothing_that_was_acknowledged(rig: Rig) -> None:
    log, acknowledged = await rig.log(), list[str]()
    halfway = asyncio.Event()

    async def call(account: UUID) -> None:
        for n in range(30):
            history = await patiently(lambda: log.load(account))
            said = meta(f"{account}-{n}")
            # Asking again with the same slice is what makes an unknown outcome known.
            await patiently(lambda: log.append([some(history, 1)], said))  # noqa: B023 - awaited before the next turn
            acknowledged.append(f"{said.command_id}/0")
            if len(acknowledged) == 300:
                halfway.set()

    async with running(*(call(uuid4()) for _ in range(24))) as callers:
        await asyncio.wait_for(halfway.wait(), 20)
        rig.postgres.kill()
        assert len(acknowledged) < 24 * 30
        with pytest.raises(Busy):
            await log.load(uuid4())
        rig.postgres.restart()
        await asyncio.wait_for(asyncio.gather(*callers), 30)

    ids = Counter(event_id(body) for _, _, body in await stored(log))
    assert ids == Counter(acknowledged)
    assert set(ids.values()) == {1}
    assert await positions_are_dense(log)


async def load_again_and_again(log: Log, stream: UUID) -> None:
    while True:
        await log.load(stream)


async def test_while_postgres_is_away_the_log_is_busy_and_nothing_is_lost_of_what_waits(rig: Rig) -> None:
    log, account = await rig.log(), uuid4()
    await deposit(log, account, 1)
    history = await log.load(account)
    rig.postgres.kill()
    try:
        waiting = asyncio.create_task(log.append([some(history, 2)], meta()))
        # The killed server's processes may answer one question more, or several.
        with pytest.raises(Busy):
            await load_again_and_again(log, account)
        assert not waiting.done()
    finally:
        rig.postgres.restart()
    assert (await waiting).pos == 2
