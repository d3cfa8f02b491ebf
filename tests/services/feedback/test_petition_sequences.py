"""Whatever is done with petitions, by whomever and when: each that is open has a limit, and no denouncer is named outside the vault.

Over the whole service: its HTTP, its log, its read tables and its log lines, on a real Postgres and a real broker.
"""

from __future__ import annotations

import io
import json
from typing import Any, Final
from uuid import uuid4

from hypothesis import HealthCheck, example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from kernel.edge import logs
from kernel.edge.policy import matrix
from services.feedback.domain.petition import DECIDER
from services.feedback.domain.petition_alarms import pending
from services.feedback.domain.petition_states import Absent, Open, State
from tests.services.feedback.listening import Listening
from tests.services.feedback.petitioning import REPLY, act, by_code, done, enter, read_tables
from tests.services.rig import MONDAY

DENOUNCER: Final = {"name": "Đặng Thị Kín", "address": "3 Phố Kín, Dĩ An", "phone": "0987 654 321", "email": "kin.dang@example.vn"}
TOLD: Final = "Tôi là Đặng Thị Kín, tố cáo cán bộ nhận tiền ngoài quy định."
SECRETS: Final = (*DENOUNCER.values(), TOLD, "nhận tiền")
OTHERS: Final = ("officer", "leader", "desk", None)
"""Whoever is no inspector."""
LINKED: Final = str(uuid4())

STEPS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "call a petition": ("classification", {"kind": "petition", "topic": "procedure"}),
    "call a linked petition": ("classification", {"kind": "petition", "topic": "procedure", "dossier": LINKED}),
    "call a complaint": ("classification", {"kind": "complaint", "topic": "regulation"}),
    "call a denunciation": ("classification", {"kind": "denunciation", "topic": "conduct"}),
    "set apart": ("parts", {"kind": "denunciation", "topic": "conduct", "text": TOLD}),
    "refuse": ("refusal", {"reason": "unclear", "text": f"Gửi bà Đặng Thị Kín: {REPLY}"}),
    "forward": ("forwarding", {"partner": "thanh-tra-tinh"}),
    "assign": ("assignment", {"unit": "thanh-tra", "partners": ["so-noi-vu"]}),
    "extend": ("extension", {"reason": "complicated", "text": f"Gửi bà Đặng Thị Kín: {REPLY}"}),
    "answer": ("answer", {"text": f"Gửi bà Đặng Thị Kín, {DENOUNCER['address']}: {REPLY}"}),
    "write": ("messages", {"text": f"Gửi bà Đặng Thị Kín: {REPLY}"}),
    "publish": ("publication", {"question": "Về thu tiền ngoài quy định?", "answer": REPLY}),
}
BY_CODE: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "write back": ("messages", {"text": f"Đặng Thị Kín, {DENOUNCER['phone']}"}),
    "be content": ("verdict", {"verdict": "satisfied"}),
    "be unhappy": ("verdict", {"verdict": "dissatisfied"}),
    "open again": ("reopening", {"text": TOLD}),
    "take back": ("withdrawal", {}),
}
step = st.tuples(
    st.sampled_from([*STEPS, *BY_CODE, "merge"]),
    st.sampled_from(("officer", "inspector")),
    st.sampled_from((0, 0, 5, 30, 24 * 9, 24 * 40)),
    st.booleans(),
)
"""What, by whom, after how many hours, and whether it is done with the last part that was set apart."""
WHOLE_LIFE: Final = [
    ("call a denunciation", "officer", 0, False),
    ("assign", "inspector", 5, False),
    ("extend", "inspector", 5, False),
    ("answer", "inspector", 24 * 40, False),
    ("be unhappy", "inspector", 0, False),
    ("open again", "inspector", 0, False),
    ("write", "inspector", 0, False),
]
SET_APART: Final = [
    ("call a linked petition", "officer", 0, False),
    ("merge", "officer", 0, False),
    ("call a denunciation", "officer", 0, False),
    ("set apart", "officer", 0, False),
    ("assign", "inspector", 0, True),
    ("answer", "inspector", 0, True),
    ("publish", "inspector", 0, True),
]


async def state_of(ear: Listening, id: str) -> State:
    """Fold what the log has of a petition."""
    async with ear.running.connected() as connection:
        rows = await connection.fetch("SELECT pos, body FROM log.event WHERE stream = $1 ORDER BY version", id)
    return DECIDER.fold([ear.running.service.codec.decode("feedback", row["pos"], row["body"]).fact for row in rows])


def is_denunciation(state: State) -> bool:
    return not isinstance(state, Absent) and state.petition.kind == "denunciation"


async def lived(ear: Listening, steps: list[tuple[str, str, int, bool]]) -> list[str]:
    """Let somebody petition, and all this be done; give every petition that came of it."""
    ear.running.moment = MONDAY
    made, other = await enter(ear, text=TOLD, contact=DENOUNCER), await enter(ear)
    await done(ear, other["id"], "classification", kind="petition", topic="procedure")
    await register_at(ear, other["position"])
    ids = [str(made["id"])]
    for what, role, hours, last in steps:
        ear.running.later(hours=hours)
        id = ids[-1] if last else ids[0]
        secret = is_denunciation(await state_of(ear, id))
        if what in BY_CODE:
            path, body = BY_CODE[what]
            answer = await by_code(ear, path, made["code"], **body)
        else:
            path, body = STEPS.get(what) or ("merger", {"into": other["id"]})
            answer = await act(ear, id, path, role, **body)
            if secret and role != "inspector":
                assert answer.status_code in {403, 404}, f"{what}: {answer.text}"
        assert answer.status_code < 500, answer.text
        assert not named_in(answer.text), f"{what}: no answer to a command repeats what was written"
        if what == "set apart" and answer.status_code == 201:
            ids.append(answer.json()["id"])
    return ids


def named_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


async def register_at(ear: Listening, position: str) -> None:
    """Wait until the register has got to a position."""
    assert (await ear.running.get("/v1/petitions", ear.running.token("officer"), after=position, limit=1)).status_code == 200


async def limits_are_as_the_log_says(ear: Listening, ids: list[str]) -> None:
    """Insist on a limit for each open petition, and on the next alarm that the worker is to look for."""
    async with ear.running.connected() as connection:
        last = await connection.fetchval("SELECT max(pos) FROM log.event")
        await register_at(ear, f"feedback/{last}")
        no_limit = "SELECT count(*) FROM read.petition_register WHERE answered_at IS NULL AND ended_at IS NULL AND due_at IS NULL"
        assert await connection.fetchval(no_limit) == 0
        for id in ids:
            row = await connection.fetchrow("SELECT * FROM read.petition_register WHERE petition_id = $1", id)
            state = await state_of(ear, id)
            assert row is not None
            assert row["alarm_at"] == next((alarm.at for alarm in pending(state)), None)
            if isinstance(state, Open):
                deadline = state.petition.deadline
                assert (row["answered_at"], row["ended_at"], row["due_at"]) == (None, None, deadline.due_at)
                assert deadline.segments[-1].end_at == deadline.due_at > deadline.starts_at


async def only_inspectors_read(ear: Listening, id: str) -> None:
    """Ask every route that reads, as everybody else, for a denunciation: it is not there."""
    unknown = str(uuid4())
    for role in OTHERS:
        token = ear.running.token(role) if role else None
        for route in matrix(ear.running.app):
            method, _, path = route.partition(" ")
            if method == "GET":
                answer = await ear.running.get(path.format(id=id), token, purpose="answering")
                assert id not in answer.text or id in str(answer.request.url), route
                assert not named_in(answer.text), route
        as_if = [await ear.running.get(f"/v1/petitions/{one}", token, purpose="answering") for one in (id, unknown)]
        assert len({answer.status_code for answer in as_if} | {200}) == 2
        assert len({json.dumps(answer.json() | {"trace_id": ""}) for answer in as_if}) == 1, "nor that it exists"
    view = await ear.running.get(f"/v1/petitions/{id}", ear.running.token("inspector"), purpose="inspection")
    assert (view.status_code, view.json()["contact"], view.json()["text"]) == (200, DENOUNCER, TOLD)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@for_all(steps=st.lists(step, max_size=10))
@example(steps=WHOLE_LIFE)
@example(steps=SET_APART)
async def test_every_open_petition_has_a_limit_and_no_denouncer_is_named_outside_the_vault(
    ear: Listening, steps: list[tuple[str, str, int, bool]]
) -> None:
    out = io.StringIO()
    logs.configure("feedback", "DEBUG", out=out)
    ids = await lived(ear, steps)
    await limits_are_as_the_log_says(ear, ids)
    told = [id for id in ids if is_denunciation(await state_of(ear, id))]
    for id in told:
        await only_inspectors_read(ear, id)
    assert (told and out.getvalue()) or steps not in (WHOLE_LIFE, SET_APART), "there was nothing to look at"
    assert not named_in((await ear.running.bodies()).decode() + out.getvalue() + await read_tables(ear))
