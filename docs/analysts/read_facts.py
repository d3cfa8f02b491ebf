"""Read a service's facts from JetStream and fold them: how many results were ready late, by procedure.

pip install "nats-py>=2.16"
python read_facts.py nats://analyst:PASSWORD@localhost:4222

Facts are read, never acknowledged: the stream is a log, and a position in it (its sequence) is all that a reader has to remember. What
is missing between two positions would be a fault of ours, so it is looked for. `position.json` keeps fold and position together: run it
again, and it goes on behind the last fact that it has counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

STREAM = "INTAKE"
KEPT = Path("position.json")
BATCH = 500


def fold(state: dict[str, Any], event: dict[str, Any]) -> None:
    """Take one fact in. The same facts in the same order always lead to the same state."""
    data = event["data"]
    match event["type"]:
        case "intake.dossier.accepted.v1":
            due_on = data["deadline"]["due_on"] if data["deadline"] else None
            state["open"][data["dossier_id"]] = [data["procedure"], due_on]
        case "intake.dossier.rescheduled.v1" if data["dossier_id"] in state["open"]:
            state["open"][data["dossier_id"]][1] = data["deadline"]["due_on"]
        case "intake.dossier.result-ready.v1" if data["dossier_id"] in state["open"]:
            procedure, due_on = state["open"].pop(data["dossier_id"])
            # Good enough for an example: an instant after 17:00 UTC is the next day in Viet Nam.
            late = due_on is not None and data["ready_at"][:10] > due_on
            state["late" if late else "in-time"][procedure] = state["late" if late else "in-time"].get(procedure, 0) + 1


async def read(url: str, state: dict[str, Any]) -> None:
    """Fold what has come behind the position of a state."""
    connection = await nats.connect(url)
    stream = connection.jetstream()
    last = (await stream.stream_info(STREAM)).state.last_seq
    behind = ConsumerConfig(
        ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=state["position"] + 1, mem_storage=True
    )
    consumer = await stream.add_consumer(STREAM, behind)
    reader = await stream.pull_subscribe_bind(consumer=consumer.name, stream=STREAM)
    while state["position"] < last:
        for message in await reader.fetch(min(BATCH, last - state["position"])):
            position = message.metadata.sequence.stream
            if position != state["position"] + 1:
                sys.exit(f"{STREAM.lower()}/{state['position'] + 1} is missing")
            fold(state, json.loads(message.data))
            state["position"] = position
    await connection.close()


def main(url: str) -> None:
    """Read what has come since the last run, and say what is known now."""
    state: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {"position": 0, "open": {}, "late": {}, "in-time": {}}
    asyncio.run(read(url, state))
    KEPT.write_text(json.dumps(state))
    ready = Counter(state["in-time"]) + Counter(state["late"])
    for procedure, n in ready.most_common():
        print(f"{procedure}  {n} ready, {state['late'].get(procedure, 0)} of them late")
    print(f"read up to {STREAM.lower()}/{state['position']}")


if __name__ == "__main__":
    main(sys.argv[1])
