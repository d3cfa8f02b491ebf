"""The checker sees: a real Motcua that has come to rest is damaged in one way after another, and each is found and named."""

# ruff: noqa: S608 - the damage is written with names of our own

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import asyncpg
import nats
import pytest

from deploy.local import verify
from deploy.local.demo import record_answers
from deploy.local.stack import SERVICES, Stack
from deploy.local.story import end_of, last_day
from services.reporting.projections import MIRROR
from services.reporting.projections.petitions import ENGAGEMENT, PETITION_TURN
from services.reporting.projections.score import SCORE
from tests.faults.checker import KINDS, ONLY_ONCE, Findings, check
from tests.faults.load import UNTIL_DAYS, Acknowledged, Load, make_crowd, make_session
from tests.faults.nemesis import Fault
from tests.faults.run import Probes
from tests.kernel.eventlog.rig import connected, eventually

DOSSIERS = 24
NONE = dict.fromkeys(KINDS, 0)


@dataclass
class Rested:
    """A Motcua in which some dossiers were told and everything is applied, and what the clients were promised."""

    stack: Stack
    acknowledged: list[Acknowledged]

    @asynccontextmanager
    async def damaged(self, service: str, *statements: str) -> AsyncGenerator[Any]:
        """Give a function that checks, with the damage done in transactions that are never committed."""
        async with AsyncExitStack() as opened:
            databases: dict[str, Any] = {}
            for name in SERVICES:
                dsn = self.stack.postgres.admin_dsn.removesuffix("/postgres") + f"/{name}"
                databases[name] = await asyncpg.connect(dsn)
                opened.push_async_callback(databases[name].close)
                transaction = databases[name].transaction(isolation="repeatable_read")
                await transaction.start()
                opened.push_async_callback(transaction.rollback)
            broker = await nats.connect(self.stack.nats_url())
            opened.push_async_callback(broker.close)
            await databases[service].execute("SET LOCAL session_replication_role = replica")  # the log's triggers would refuse
            for statement in statements:
                assert await databases[service].execute(statement) not in {"UPDATE 0", "DELETE 0", "INSERT 0 0"}

            async def look(acknowledged: list[Acknowledged] | None = None) -> Findings:
                return await check(self.stack, databases, broker, self.acknowledged if acknowledged is None else acknowledged)

            yield look


async def tell(stack: Stack) -> list[Acknowledged]:
    async with make_session() as session:
        load = Load(make_crowd(stack, session, 3), stop_after=DOSSIERS)
        await load.run()
        await Probes(load.crowd).send(Fault("none", "intake", "nats", 0.0, 0.0))
        await record_answers(load.crowd, end_of(last_day(UNTIL_DAYS)))
        await asyncio.to_thread(verify.wait_until_level, stack)
        assert load.crowd.ledger.surprises == []
        await all_sealed(stack)
        return load.crowd.ledger.acknowledged


async def all_sealed(stack: Stack) -> None:
    """Wait until nothing more is written: a seal made later would be one that the witnesses hold and our snapshot of the log does not."""
    for name in SERVICES:
        async with connected(stack.dsn(name)) as database:
            await eventually(
                partial(database.fetchval, "SELECT (SELECT pos FROM log.head) = coalesce((SELECT max(upto) FROM log.seal), 0)")
            )


@pytest.fixture(scope="module")
def rested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rested]:
    with Stack(tmp_path_factory.mktemp("checked"), fast=True, demo_clock=True) as stack:
        acknowledged = asyncio.run(tell(stack))
        for service in SERVICES:
            stack.hold(service)  # or a seal is made and witnessed while a test looks at an older snapshot
        yield Rested(stack, acknowledged)


async def test_where_all_is_well_nothing_is_found(rested: Rested) -> None:
    async with rested.damaged("intake") as look:
        found = await look()
    assert found.lines == []
    assert sum(found.events.values()) > len(rested.acknowledged)


async def test_a_promise_that_is_not_in_the_log_is_found(rested: Rested) -> None:
    one = next(one for one in rested.acknowledged if one.path == "/v1/dossiers")
    async with rested.damaged("intake", f"DELETE FROM log.event WHERE pos = {one.position}") as look:
        found = await look()
    assert f"intake/{one.position}: /v1/dossiers of {one.who} was answered with success and is not there" in found.found["lost"]
    assert any(f"position {one.position} is missing" in finding for finding in found.found["log_mismatches"])
    assert any(f"position {one.position}: stream and log differ" in finding for finding in found.found["stream_mismatches"])


async def test_a_promise_whose_place_another_event_has_is_found(rested: Rested) -> None:
    one, *others = rested.acknowledged
    async with rested.damaged("intake") as look:
        found = await look([replace(one, command=f"{one.command[:-1]}x"), *others])
    assert found.counts == {**NONE, "lost": 1}


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM edge.command WHERE id = (SELECT id FROM edge.command LIMIT 1)", "the record of "),
        ("DELETE FROM vault.entry WHERE ref = (SELECT ref FROM vault.entry LIMIT 1)", "is not in the vault"),
    ],
)
async def test_a_row_that_was_to_stand_beside_an_event_and_does_not_is_found(rested: Rested, statement: str, finding: str) -> None:
    async with rested.damaged("intake", statement) as look:
        found = await look()
    assert found.counts == {**NONE, "lost": 1}
    assert finding in found.found["lost"][0]


def once_more(type_: str) -> str:
    """Write an event of a type once more, as another event of another stream at the end of the log."""
    return f"""
        INSERT INTO log.event
        SELECT (SELECT max(pos) + 1 FROM log.event), gen_random_uuid(), 1, subject,
               convert_to(replace(convert_from(body, 'UTF8'), '"id":"', '"id":"again-'), 'UTF8'), hash
        FROM log.event WHERE convert_from(body, 'UTF8')::jsonb->>'type' = '{type_}' ORDER BY pos LIMIT 1
    """


@pytest.mark.parametrize("service", ["intake", "processing", "feedback"])
async def test_what_is_given_once_only_and_stands_twice_is_found(rested: Rested, service: str) -> None:
    types = [type_ for type_ in ONLY_ONCE if type_.startswith(service)]
    async with rested.damaged(service, *map(once_more, types)) as look:
        found = await look()
    twice = {finding.rsplit(" is given 2 times")[0] for finding in found.found["duplicated"] if finding.endswith("is given 2 times")}
    assert len(twice) == len(types)
    assert all(any(finding.startswith(f"{ONLY_ONCE[type_][0]} ") for finding in twice) for type_ in types)


async def test_an_event_that_is_stored_twice_and_answers_twice_is_found(rested: Rested) -> None:
    again = """
        INSERT INTO log.event SELECT (SELECT pos + 1 FROM log.head), gen_random_uuid(), 1, subject, body, hash FROM log.event
        WHERE convert_from(body, 'UTF8')::jsonb->>'type' = 'processing.case.opened.v1' ORDER BY pos LIMIT 1
    """
    async with rested.damaged("processing", again) as look:
        found = await look()
    assert any("is stored 2 times" in finding for finding in found.found["duplicated"])
    assert any("was answered 2 times by processing.case.opened.v1" in finding for finding in found.found["duplicated"])
    assert any("after intake/" in finding for finding in found.found["out_of_order"])


async def test_a_fact_that_nobody_answered_is_found(rested: Rested) -> None:
    forgotten = "DELETE FROM log.event WHERE convert_from(body, 'UTF8')::jsonb->>'type' = 'feedback.invitation.issued.v1'"
    async with rested.damaged("feedback", forgotten) as look:
        found = await look()
    assert any("intake.dossier.returned.v1 was not answered by feedback.invitation.issued.v1" in finding for finding in found.found["lost"])


async def test_two_facts_of_a_dossier_in_the_wrong_order_are_found(rested: Rested) -> None:
    swap = """
        WITH two AS (SELECT stream, min(pos) AS a, max(pos) AS b FROM log.event GROUP BY stream HAVING count(*) > 1 LIMIT 1)
        UPDATE log.event AS e SET pos = -CASE e.pos WHEN a THEN b ELSE a END FROM two WHERE e.pos IN (a, b)
    """
    async with rested.damaged("intake", swap, "UPDATE log.event SET pos = -pos WHERE pos < 0") as look:
        found = await look()
    assert any("version" in finding and "stands at place" in finding for finding in found.found["out_of_order"])


async def test_two_commands_of_a_client_in_the_wrong_order_are_found(rested: Rested) -> None:
    async with rested.damaged("intake") as look:
        found = await look(rested.acknowledged[::-1])
    assert found.counts["out_of_order"] > 0
    assert found.counts == {**NONE, "out_of_order": found.counts["out_of_order"]}


ALTERATIONS = {
    "another word": "convert_to(replace(convert_from(body, 'UTF8'), 'dossier', 'dossIer'), 'UTF8')",
    "no event at all": "convert_to('{}', 'UTF8')",
}


@pytest.mark.parametrize("body", ALTERATIONS.values(), ids=ALTERATIONS)
async def test_an_altered_event_is_found_in_log_and_stream(rested: Rested, body: str) -> None:
    one = next(one for one in rested.acknowledged if one.path == "/v1/dossiers")
    async with rested.damaged("intake", f"UPDATE log.event SET body = {body} WHERE pos = {one.position}") as look:
        found = await look()
    assert any("the hash is not that of the body" in finding for finding in found.found["log_mismatches"])
    assert any(f"position {one.position}: stream and log differ" in finding for finding in found.found["stream_mismatches"])


async def test_a_row_that_is_no_fold_of_the_logs_is_found_in_every_table(rested: Rested) -> None:
    # No score falls in so short a time; nobody petitions, is met, sends files, decrees, is consulted or overrides: those tables are empty.
    empty = {SCORE.table, PETITION_TURN.table, ENGAGEMENT.table, "attachment", "revision", "consultation_turn", "overriding"}
    tables = [f"{MIRROR.consumer}.{projection.table}" for projection in MIRROR.projections if projection.table not in empty]
    async with rested.damaged("reporting", *(f"DELETE FROM {t} WHERE ctid = (SELECT min(ctid) FROM {t})" for t in tables)) as look:
        found = await look()
    # What is kept from a row that is gone speaks of it still, and is found as well.
    assert {name for name, count in found.counts.items() if count} == {"projection_mismatches"}
    assert all(any(f"{table}: row " in finding for finding in found.found["projection_mismatches"]) for table in tables)


@pytest.mark.parametrize("table", MIRROR.kept)
async def test_a_count_that_is_no_sum_of_the_rows_beside_it_is_found(rested: Rested, table: str) -> None:
    kept = f"{MIRROR.consumer}.{table}"
    async with rested.damaged("reporting", f"DELETE FROM {kept} WHERE ctid = (SELECT min(ctid) FROM {kept})") as look:
        found = await look()
    assert {name for name, count in found.counts.items() if count} == {"projection_mismatches"}
    assert any(f"{kept}: row " in finding for finding in found.found["projection_mismatches"])


async def test_what_is_parked_is_found(rested: Rested) -> None:
    parked = "INSERT INTO log.parked VALUES ('processing-intake', 'intake', 5, gen_random_uuid(), '', 'NoWorkflow: 1.000000')"
    async with rested.damaged("processing", parked) as look:
        found = await look()
    assert found.lines == ["parked: processing: processing-intake parked intake/5: NoWorkflow: 1.000000"]


async def test_a_stream_that_holds_more_than_the_log_is_found(rested: Rested) -> None:
    async with rested.damaged("feedback") as look:
        client = await nats.connect(rested.stack.nats_url())
        await client.jetstream().publish("feedback.00.forged.event.v1", b"{}")
        await client.close()
        found = await look()
    assert any("the stream ends at" in finding for finding in found.found["stream_mismatches"])
