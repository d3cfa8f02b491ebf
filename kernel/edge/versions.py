"""Beside the steps: while a service is updated two versions of it run side by side, on one database and one stream.

The database is migrated first, and only ever wider, so the older version runs on (docs/operations.md, "An update"). What is left is
between versions of read models and of facts: an API waits until its worker shows what it reads, a worker tries again what an older one
did not understand, and what nobody reads any more is thrown away when a person says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from kernel.edge.health import Check
from kernel.eventlog import Log, ReadModel, Worker
from kernel.eventlog.rebuild import drop_older
from kernel.eventlog.sql import QUERY, Pool

LOOK_SECONDS: Final = 1.0


def shown_check(log: Log, models: Sequence[ReadModel]) -> Check:
    """Be unready until every read model is shown in this version or a later one: an older one may lack a column that is asked for.

    Once is enough. A worker that goes back to an older version would otherwise take away every API at once, also for commands.
    """
    waiting = list(models)

    async def check() -> str | None:
        for model in [*waiting]:  # who asks at the same time goes through a list of his own
            shown = await log.pool.fetchval(QUERY["live_version"], model.name)
            if shown is None or shown < model.version:
                return "filling"
            if model in waiting:
                waiting.remove(model)
        return None

    return check


async def keep_unparking(worker: Worker) -> None:
    """Apply what is parked once more each time this process begins to lead: it may know a fact that its older predecessor did not.

    Not before log and stream are known to tell one history: a reactor's answer may be in the lost part of a log.
    """
    while True:
        while not (worker.leading and worker.relay is not None and worker.relay.standing.is_set()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(LOOK_SECONDS)
        if await worker.log.pool.fetchval(QUERY["count_parked"]):
            await worker.unpark()
        while worker.leading:  # noqa: ASYNC110 - the same
            await asyncio.sleep(LOOK_SECONDS)


async def retire(pool: Pool, models: Sequence[ReadModel]) -> None:
    """Drop the versions of read models that are shown no more, with what they parked: the older program can only come back by a rebuild."""
    for model in models:
        await drop_older(pool, model)
        shown = await pool.fetchval(QUERY["live_version"], model.name)
        for version in range(1, min(model.version, shown or 0)):
            older = f"{model.name}_v{version}"
            await pool.execute(QUERY["forget_parked"], older)
            await pool.execute(QUERY["forget_checkpoints"], older)
