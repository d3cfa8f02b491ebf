from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from kernel.eventlog import Columns, Log, Projection, ReadModel, Recorded, Worker, positions
from kernel.eventlog.project import Projector
from kernel.eventlog.rebuild import drop_older, index, install, switch
from tests.kernel.eventlog.bank import CODEC, columns, some_history
from tests.kernel.eventlog.ledger import parked
from tests.kernel.eventlog.rig import Rig, carried, connected, eventually, running, somebody_waits


def book(version: int, *, more: str = "") -> ReadModel:
    """Make a version of a read model of two tables; every row says which version made it."""

    def account_columns(event: Recorded) -> Columns:
        return {**columns(event), "made_by": version}

    def line_columns(event: Recorded) -> Columns:
        return {"stream": event.stream, "made_by": version}

    return ReadModel(
        name="book",
        version=version,
        sources=("bank",),
        ddl=f"CREATE TABLE account (id uuid PRIMARY KEY, {more} owner text, opened_at timestamptz, last_deposit integer,"
        " made_by integer, pos_bank bigint);"
        f"CREATE TABLE line (n bigint PRIMARY KEY, {more} stream uuid, made_by integer, pos_bank bigint);"
        "CREATE UNIQUE INDEX line_once ON line (n);"
        "CREATE INDEX account_owner ON account (owner);"
        "CREATE INDEX line_stream ON line (stream);",
        projections=(
            Projection("account", "id", lambda event: event.stream, account_columns),
            Projection("line", "n", lambda event: event.pos, line_columns),
        ),
    )


FIRST = book(1)
SECOND = book(2, more="note text,")
THIRD = book(3)


async def project(log: Log, model: ReadModel, upto: int | None = None) -> None:
    """Bring a version up to a position, as its worker would, from where it stands."""
    await install(log.pool, model)
    projector = Projector(model, log.pool, CODEC)
    batch = await carried(log, after=await projector.begin("bank"), upto=upto)
    if batch.events:
        await projector.apply(batch)


async def shown(log: Log) -> tuple[int | None, list[int]]:
    """Give the versions that the rows in the views were made by, and how many rows each view has: in one statement."""
    row = await log.pool.fetchrow("""
        SELECT (SELECT count(*) FROM read.line) AS lines, (SELECT count(*) FROM read.account) AS accounts,
               ARRAY(SELECT made_by FROM read.line UNION SELECT made_by FROM read.account) AS makers
    """)
    assert row is not None
    assert len(row["makers"]) <= 1, f"a mixture of {row['makers']}"
    return (row["makers"] or [None])[0], [row["lines"], row["accounts"]]


async def made(log: Log, model: ReadModel) -> list[Any]:
    """Give every row of a version's tables, without its name."""
    found = [await log.pool.fetch(f"SELECT * FROM {model.consumer}.{table} ORDER BY 1") for table in model.tables]  # noqa: S608 - names from here
    return [{name: value for name, value in row.items() if name != "made_by"} for rows in found for row in rows]


@asynccontextmanager
async def holding(rig: Rig, log: Log, table: str) -> AsyncGenerator[None]:
    """Let nobody write into a table."""
    async with connected(rig.superuser(log)) as rival:
        transaction = rival.transaction()
        await transaction.start()
        await rival.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
        await transaction.rollback()


async def test_the_first_version_is_shown_at_once_and_empty(rig: Rig) -> None:
    log = await rig.log()
    assert await install(log.pool, FIRST)
    assert await shown(log) == (None, [0, 0])
    assert await positions(log.pool, "book") == {"bank": 0}


async def test_installing_again_changes_nothing(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    before = await made(log, FIRST)
    assert await asyncio.gather(*(install(log.pool, FIRST) for _ in range(5))) == [True] * 5
    assert await made(log, FIRST) == before
    assert await positions(log.pool, "book") == {"bank": 15}


async def test_several_who_install_a_version_at_once_make_it_once(rig: Rig) -> None:
    log = await rig.log()
    assert await asyncio.gather(*(install(log.pool, FIRST) for _ in range(5))) == [True] * 5
    assert await asyncio.gather(*(install(log.pool, SECOND) for _ in range(5))) == [False] * 5


async def test_a_new_version_is_built_beside_and_the_old_one_stays_shown(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    await project(log, SECOND, upto=7)
    assert await shown(log) == (1, [15, 3])
    assert await positions(log.pool, "book") == {"bank": 15}
    await project(log, SECOND)
    assert await shown(log) == (1, [15, 3])
    await switch(log.pool, SECOND)
    assert await shown(log) == (2, [15, 3])
    assert "note" in dict(await log.pool.fetchrow("SELECT * FROM read.account") or {})
    assert await install(log.pool, SECOND)


async def test_a_version_beside_another_is_filled_without_its_indexes_and_has_them_before_it_is_shown(rig: Rig) -> None:
    log = await rig.log()

    async def indexes() -> dict[str, set[str]]:
        rows = await log.pool.fetch("SELECT schemaname, array_agg(indexname) FROM pg_indexes WHERE schemaname ~ '^book' GROUP BY 1")
        return {schema: set(names) for schema, names in rows}

    unique = {"account_pkey", "line_pkey", "line_once"}
    everything = {*unique, "account_owner", "line_stream"}
    await some_history(log)
    await project(log, FIRST)
    await project(log, SECOND)
    assert await indexes() == {"book_v1": everything, "book_v2": unique}
    for _ in range(2):
        await index(log.pool, SECOND)
    assert await indexes() == {"book_v1": everything, "book_v2": everything}
    await project(log, THIRD, upto=7)
    async with rig.working(Worker(log, rig.nats.url, models=[THIRD])):
        await eventually(lambda: shown(log), lambda seen: seen[0] == THIRD.version)
        assert (await indexes())["book_v3"] == everything


async def test_an_installation_that_fails_leaves_nothing(rig: Rig) -> None:
    log = await rig.log()
    with pytest.raises(Exception, match="nonsense"):
        await install(log.pool, book(1, more="wrong nonsense,"))
    assert await log.pool.fetchval("SELECT to_regnamespace('book_v1') IS NULL AND to_regclass('read.account') IS NULL")
    assert await install(log.pool, FIRST)


@pytest.mark.parametrize("deposits", [10, 60])
async def test_the_worker_switches_only_when_the_new_version_has_caught_up(rig: Rig, deposits: int) -> None:
    log = await rig.log()
    await some_history(log, accounts=2, deposits=deposits)
    await project(log, FIRST)
    await install(log.pool, SECOND)
    count = 2 * (deposits + 1)
    async with holding(rig, log, "book_v2.line"), rig.working(Worker(log, rig.nats.url, models=[SECOND])) as worker:
        await eventually(lambda: somebody_waits(log.dsn))
        assert await shown(log) == (1, [count, 2])
        assert worker.leading
    async with rig.working(Worker(log, rig.nats.url, models=[SECOND])):
        await eventually(lambda: shown(log), lambda seen: seen[0] == 2)
        assert await shown(log) == (2, [count, 2])


async def test_readers_never_see_a_mixture_an_error_or_fewer_rows_while_versions_change(rig: Rig) -> None:
    log, seen = await rig.log(), list[tuple[int | None, list[int]]]()
    await some_history(log, accounts=4, deposits=40)
    await project(log, FIRST)

    async def read() -> None:
        last = [0, 0]
        while True:
            version, counts = await shown(log)
            assert counts >= last, f"{counts} rows after {last}"
            last = counts
            seen.append((version, counts))

    async def go_on() -> None:
        await some_history(log, accounts=3, deposits=20)

    async with running(read(), read(), go_on()) as (first, second, writing):
        for version in (2, 3, 4):
            async with rig.working(Worker(log, rig.nats.url, models=[book(version, more="note text," * (version % 2))])):
                await eventually(lambda: shown(log), lambda found, version=version: found[0] == version)
        await writing
        assert not first.done()
        assert not second.done()
    assert [version for version, _ in sorted({(v, 0) for v, _ in seen if v})] == [1, 2, 3, 4]


async def test_a_rebuild_killed_in_the_middle_goes_on_where_it_stood(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log, accounts=3, deposits=40)
    await project(log, FIRST)
    applied = list[int]()

    class Counted(Projector):
        async def _move_and_write(self, connection: Any, source: str, batch: Any, events: Any) -> None:
            applied.extend(event.pos for event in events)
            await super()._move_and_write(connection, source, batch, events)

    await install(log.pool, SECOND)
    dying = Counted(SECOND, log.pool, CODEC)
    await dying.begin("bank")
    await dying.apply(await carried(log, upto=50))
    async with holding(rig, log, "book_v2.line"):
        task = asyncio.create_task(dying.apply(await carried(log, after=50, upto=100)))
        await eventually(lambda: somebody_waits(log.dsn))
        task.cancel()
        await asyncio.wait([task])
    await project(log, SECOND)
    assert applied == list(range(1, 101))
    assert await shown(log) == (1, [123, 3])
    third = book(3, more="note text,")
    await project(log, third)
    assert await made(log, SECOND) == await made(log, third)


async def test_a_rebuild_mends_a_read_table_that_was_edited(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    whole = await made(log, FIRST)
    await log.pool.execute("UPDATE book_v1.account SET last_deposit = 1000000")
    await project(log, again := book(2))
    assert await made(log, FIRST) != whole
    assert await made(log, again) == whole


async def test_dropping_older_versions_keeps_the_one_that_is_shown(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    for model in (FIRST, SECOND, third := book(3)):
        await project(log, model)
    await switch(log.pool, third)
    await drop_older(log.pool, third)
    assert await shown(log) == (3, [15, 3])
    assert await log.pool.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'book%'") == [("book_v3",)]


async def test_older_versions_are_not_dropped_from_under_the_views(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    await project(log, SECOND)
    # Nobody has switched yet: what is shown stays.
    await drop_older(log.pool, SECOND)
    assert await shown(log) == (1, [15, 3])


async def test_a_version_that_was_dropped_and_comes_back_is_filled_from_the_beginning(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    before = await made(log, FIRST)
    await log.pool.execute(
        "INSERT INTO log.parked (consumer, source, pos, stream, body, error) VALUES ('book_v1', 'bank', 16, $1, '', '')", UUID(int=0)
    )
    await project(log, SECOND)
    await switch(log.pool, SECOND)
    await drop_older(log.pool, SECOND)

    # The older program again, as after a release that was taken back.
    await project(log, FIRST)
    assert await made(log, FIRST) == before
    assert await parked(log) == []


async def test_a_table_that_the_new_version_does_not_have_is_not_shown_any_more(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    only_accounts = ReadModel("book", 2, ("bank",), FIRST.ddl.partition(";")[0], FIRST.projections[:1])
    await project(log, only_accounts)
    await switch(log.pool, only_accounts)
    # A view of the old version would stand still for ever and look true.
    assert await log.pool.fetchval("SELECT to_regclass('read.line')") is None
    assert await log.pool.fetchval("SELECT count(*) FROM read.account") == 3


async def test_two_models_in_one_database_do_not_disturb_each_other(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    other = ReadModel(
        "other", 1, ("bank",), "CREATE TABLE entry (n bigint PRIMARY KEY, stream uuid, made_by integer, pos_bank bigint);", ()
    )
    await project(log, FIRST)
    await project(log, other)
    await project(log, SECOND)
    await switch(log.pool, SECOND)
    await drop_older(log.pool, SECOND)
    assert await log.pool.fetchval("SELECT count(*) FROM read.entry") == 0
    assert (await positions(log.pool, "other"), await positions(log.pool, "book")) == ({"bank": 15}, {"bank": 15})


async def test_a_long_read_in_one_transaction_sees_one_version_to_its_end(rig: Rig) -> None:
    log = await rig.log()
    await some_history(log)
    await project(log, FIRST)
    await project(log, SECOND)
    async with log.pool.acquire() as connection, connection.transaction():
        assert await connection.fetchval("SELECT DISTINCT made_by FROM read.account") == 1
        switching = asyncio.create_task(switch(log.pool, SECOND))
        await eventually(lambda: somebody_waits(log.dsn))
        assert await connection.fetchval("SELECT DISTINCT made_by FROM read.account") == 1
        assert not switching.done()
    await switching
    assert (await shown(log))[0] == 2
