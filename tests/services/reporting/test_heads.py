"""How far the others are: told by the broker, asked seldom, and unknown rather than wrong."""

from __future__ import annotations

from services.reporting.heads import Heads
from tests.services.reporting.facts import Paper
from tests.services.reporting.mirror import Mirrored
from tests.services.rig import Rig, eventually


async def test_where_there_is_no_stream_or_no_broker_nothing_is_known(rig: Rig) -> None:
    assert await Heads(rig.nats.url, ["intake"]).now() == {"intake": None}
    assert await Heads(None, ["intake"]).now() == {"intake": None}


async def test_the_broker_is_asked_once_a_second_at_most(rig: Rig) -> None:
    now = 0.0
    heads = Heads(rig.nats.url, ["intake"], lambda: now)
    assert await heads.now() == {"intake": None}
    async with rig.neighbour("intake") as intake:
        await intake.tell(Paper("a").id, Paper("a").submitted(0))
        await eventually(lambda: Heads(rig.nats.url, ["intake"]).now(), lambda found: found == {"intake": 1})
        assert await heads.now() == {"intake": None}
        now = 1.5
        assert await heads.now() == {"intake": 1}


async def test_a_broker_that_dies_is_no_reason_to_wait_and_one_that_comes_back_is_asked_again(rig: Rig) -> None:
    async with rig.neighbour("intake") as intake:
        await intake.tell(Paper("a").id, Paper("a").submitted(0))
        await eventually(lambda: Heads(rig.nats.url, ["intake"]).now(), lambda found: found == {"intake": 1})
    now = 0.0
    heads = Heads(rig.nats.url, ["intake"], lambda: now)
    assert await heads.now() == {"intake": 1}
    rig.nats.kill()
    now = 2.0
    assert await heads.now() == {"intake": None}
    rig.nats.restart()
    now = 4.0
    assert await heads.now() == {"intake": 1}


async def test_the_lag_is_what_a_service_has_published_and_the_mirror_has_not_applied(mirrored: Mirrored) -> None:
    await mirrored.tell(*(Paper(name).submitted(0) for name in "abc"))
    await mirrored.level()
    async with mirrored.service.connected() as connection:
        # As it stood before the last two were applied; nothing new comes, so nobody notices.
        await connection.execute("UPDATE log.checkpoint SET pos = 1 WHERE source = 'intake' AND consumer LIKE 'mirror%'")
    await eventually(lambda: mirrored.answer("/v1/figures"), lambda found: (found["positions"]["intake"], found["lag"]["intake"]) == (1, 2))
