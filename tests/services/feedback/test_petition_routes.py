"""Every route of petitions: what it does, what it refuses in both languages, and which member of a wrong body it names."""

from __future__ import annotations

from typing import Any, Final, TypeAlias
from uuid import uuid4

import httpx2
import pytest

from contracts.feedback_petitions import PetitionForwarded, PetitionReopened, PetitionWithdrawn
from services.feedback.http_petition_work import REFUSALS
from tests.services.feedback.listening import Listening
from tests.services.feedback.petitioning import PETITION, REPLY, act, answered, by_code, done, enter, follow
from tests.services.rig import problem

Step: TypeAlias = tuple[str, dict[str, Any]]
"""A route and what is sent; `by-code/…` is done by the petitioner."""

CLASSIFY: Final[Step] = ("classification", {"kind": "petition", "topic": "difficulty"})
COMPLAINT: Final[Step] = ("classification", {"kind": "complaint", "topic": "regulation"})
DENUNCIATION: Final[Step] = ("classification", {"kind": "denunciation", "topic": "conduct"})
LINKED: Final[Step] = ("classification", CLASSIFY[1] | {"dossier": str(uuid4())})
REFUSE: Final[Step] = ("refusal", {"reason": "settled", "text": "Nội dung này đã được giải quyết tại văn bản số 12."})
FORWARD: Final[Step] = ("forwarding", {"partner": "so-xay-dung"})
ASSIGN: Final[Step] = ("assignment", {"unit": "van-phong", "partners": ["so-y-te"]})
EXTEND: Final[Step] = ("extension", {"reason": "coordinating-agency", "text": "Cần ý kiến của Sở Y tế."})
ANSWER: Final[Step] = ("answer", {"text": REPLY})
PUBLISH: Final[Step] = ("publication", {"question": "Vì sao phải bổ sung nhiều lần?", "answer": REPLY})
WRITE: Final[Step] = ("messages", {"text": "Đề nghị cung cấp thêm số biên nhận."})
WRITE_BACK: Final[Step] = ("by-code/messages", {"text": "Số biên nhận là 123."})
UNHAPPY: Final[Step] = ("by-code/verdict", {"verdict": "dissatisfied"})
CONTENT: Final[Step] = ("by-code/verdict", {"verdict": "satisfied"})
REOPEN: Final[Step] = ("by-code/reopening", {"text": "Chưa nêu căn cứ."})
WITHDRAW: Final[Step] = ("by-code/withdrawal", {})
ANSWERED: Final = (CLASSIFY, ASSIGN, ANSWER)

Row: TypeAlias = tuple[tuple[Step | int, ...], Step, str]
"""What was done before (a number: so many days went by), what is tried, why it is refused."""

REFUSED: Final[dict[str, Row]] = {
    "assigned before it is known what it is": ((), ASSIGN, "not-classified"),
    "extended before that": ((), EXTEND, "not-classified"),
    "answered before that": ((), ANSWER, "not-classified"),
    "answered while nobody leads": ((CLASSIFY,), ANSWER, "no-lead-unit"),
    "published before the answer": ((CLASSIFY,), PUBLISH, "petition-open"),
    "judged before the answer": ((), UNHAPPY, "petition-open"),
    "opened again before the answer": ((), REOPEN, "petition-open"),
    "extended twice": ((CLASSIFY, EXTEND), EXTEND, "extended-already"),
    "extended when it has run out": ((CLASSIFY, 22), EXTEND, "limit-run-out"),
    "a denunciation that is linked": ((), ("classification", DENUNCIATION[1] | {"dossier": str(uuid4())}), "never-linked"),
    "what is linked, called a denunciation": ((LINKED,), DENUNCIATION, "already-linked"),
    "classified after the answer": (ANSWERED, CLASSIFY, "petition-answered"),
    "refused after the answer": (ANSWERED, REFUSE, "petition-answered"),
    "forwarded after the answer": (ANSWERED, FORWARD, "petition-answered"),
    "assigned after the answer": (ANSWERED, ASSIGN, "petition-answered"),
    "extended after the answer": (ANSWERED, EXTEND, "petition-answered"),
    "answered twice": (ANSWERED, ANSWER, "petition-answered"),
    "taken back after the answer": (ANSWERED, WITHDRAW, "petition-answered"),
    "published twice": ((*ANSWERED, PUBLISH), PUBLISH, "published-already"),
    "a complaint that is published": ((COMPLAINT, ASSIGN, ANSWER), PUBLISH, "not-to-be-published"),
    "judged twice": ((*ANSWERED, UNHAPPY), CONTENT, "judged-already"),
    "opened again by who is content": ((*ANSWERED, CONTENT), REOPEN, "not-dissatisfied"),
    "opened again by who has not judged": (ANSWERED, REOPEN, "not-dissatisfied"),
    "opened again after the window, whatever was written meanwhile": (
        (*ANSWERED, UNHAPPY, 29, WRITE_BACK, WRITE, 2),
        REOPEN,
        "window-closed",
    ),
    "opened again more often than the rules say": (
        (*ANSWERED, UNHAPPY, REOPEN, ANSWER, UNHAPPY),
        REOPEN,
        "reopened-too-often",
    ),
    "called something else when it was opened again": ((*ANSWERED, UNHAPPY, REOPEN), COMPLAINT, "kind-stands"),
    "classified after it was refused": ((REFUSE,), CLASSIFY, "petition-closed"),
    "written to after it was refused": ((REFUSE,), WRITE, "petition-closed"),
    "forwarded twice": ((FORWARD,), FORWARD, "petition-closed"),
    "answered after it was forwarded": ((FORWARD,), ANSWER, "petition-closed"),
    "taken back after it was forwarded": ((FORWARD,), WITHDRAW, "petition-closed"),
    "refused after it was taken back": ((WITHDRAW,), REFUSE, "petition-closed"),
    "written by who has taken it back": ((WITHDRAW,), WRITE_BACK, "petition-closed"),
    "taken up when nobody knows the calendar": ((365 * 30,), COMPLAINT, "outside-calendar"),
}
BY_MERGING: Final = {"not-a-duplicate", "duplicate-due-sooner"}
"""Refusals that take two."""


async def ask(ear: Listening, made: dict[str, Any], step: Step, **how: Any) -> httpx2.Response:
    """Do a step, or try to."""
    what, body = step
    if what.startswith("by-code/"):
        return await by_code(ear, what.removeprefix("by-code/"), made["code"], **body)
    return await act(ear, made["id"], what, how.get("role", "leader" if what == "extension" else "officer"), **body)


async def lived(ear: Listening, *steps: Step | int) -> dict[str, Any]:
    """Enter a petition, and let all this happen to it; give id, code, and the position of the last."""
    made = await enter(ear)
    await follow(ear, made["code"], made["position"])
    for step in steps:
        if isinstance(step, int):
            ear.running.later(days=step)
        else:
            answer = await ask(ear, made, step)
            assert answer.status_code == 200, f"{step[0]}: {answer.text}"
            made |= {"position": answer.json()["position"]}
    return made


async def row_of(ear: Listening, made: dict[str, Any]) -> dict[str, Any]:
    """Give a petition's row, once the register has got there."""
    found = await ear.running.get("/v1/petitions", ear.running.token("officer"), after=made["position"])
    assert found.status_code == 200, found.text
    return next(row for row in found.json()["items"] if row["id"] == made["id"])


async def test_a_step_that_makes_no_sense_is_refused_in_both_languages_and_leaves_nothing_behind(
    ear: Listening, subtests: pytest.Subtests
) -> None:
    sentences = {kind.slug: kind.detail for kind in REFUSALS}
    start = ear.running.moment
    for name, (before, step, reason) in REFUSED.items():
        with subtests.test(name):
            ear.running.moment = start
            made = await lived(ear, *before)
            kept = await ear.running.kept()
            said = problem(await ask(ear, made, step), 409, reason)
            assert (said["detail"], said["detail_en"]) == (sentences[reason].vi, sentences[reason].en)
            assert await ear.running.kept() == kept


def test_the_table_of_refusals_lacks_none() -> None:
    assert {reason for _, _, reason in REFUSED.values()} | BY_MERGING | {"no-such-petition"} == {kind.slug for kind in REFUSALS}


async def test_two_that_do_not_say_the_same_are_not_merged(ear: Listening) -> None:
    first = await lived(ear, CLASSIFY)
    complaint, denunciation, over = await lived(ear, COMPLAINT), await lived(ear, DENUNCIATION), await lived(ear, REFUSE)
    fresh = await lived(ear)
    ear.running.later(days=3)
    later = await lived(ear, CLASSIFY)
    kept = await ear.running.kept()
    for one, other in ((first, first), (first, complaint), (first, over), (first, fresh)):
        problem(await ask(ear, one, ("merger", {"into": other["id"]})), 409, "not-a-duplicate")
    problem(await ask(ear, first, ("merger", {"into": denunciation["id"]})), 404, "no-such-petition")
    problem(await ask(ear, first, ("merger", {"into": denunciation["id"]}), role="inspector"), 409, "not-a-duplicate")
    problem(await ask(ear, first, ("merger", {"into": str(uuid4())})), 404, "no-such-petition")
    problem(await ask(ear, first, ("merger", {"into": later["id"]})), 409, "duplicate-due-sooner")
    assert await ear.running.kept() == kept
    merged = await ask(ear, later, ("merger", {"into": first["id"]}))
    assert merged.status_code == 200, merged.text
    problem(await ask(ear, later, ("merger", {"into": first["id"]})), 409, "petition-closed")


LONG: Final = "à" * 10_001
WRONG: Final[dict[str, tuple[Step, list[str]]]] = {
    "classified as nothing": (("classification", {}), ["/kind", "/topic"]),
    "an unknown kind": (("classification", {"kind": "rumour", "topic": "other"}), ["/kind"]),
    "an unknown topic": (("classification", {"kind": "petition", "topic": "weather"}), ["/topic"]),
    "a dossier that is no id": (("classification", CLASSIFY[1] | {"dossier": "H09-1"}), ["/dossier"]),
    "a meeting that is no id": (("classification", CLASSIFY[1] | {"engagement": 7}), ["/engagement"]),
    "a member that nobody knows": (("classification", CLASSIFY[1] | {"late": False}), ["/late"]),
    "a part without words": (("parts", {"kind": "denunciation", "topic": "conduct", "text": " "}), ["/text"]),
    "refused for no reason": (("refusal", {"text": "Không rõ."}), ["/reason"]),
    "refused for an unknown reason": (("refusal", {"reason": "tiresome", "text": "Không rõ."}), ["/reason"]),
    "refused without a word": (("refusal", {"reason": "unclear", "text": "\n"}), ["/text"]),
    "forwarded to nobody": (("forwarding", {}), ["/partner"]),
    "forwarded to a name": (("forwarding", {"partner": "Sở Y tế"}), ["/partner"]),
    "led by a name": (("assignment", {"unit": "Văn phòng"}), ["/unit"]),
    "coordinated by a name": (("assignment", {"unit": "van-phong", "partners": ["so-y-te", "Sở Y tế"]}), ["/partners/1"]),
    "coordinated by too many": (("assignment", {"unit": "van-phong", "partners": [f"so-{n}" for n in range(11)]}), ["/partners"]),
    "extended for an unknown reason": (("extension", {"reason": "busy", "text": "Bận."}), ["/reason"]),
    "extended without a word": (("extension", {"reason": "complicated"}), ["/text"]),
    "answered with nothing": (("answer", {"text": ""}), ["/text"]),
    "answered with more than fits": (("answer", {"text": LONG}), ["/text"]),
    "published without a question": (("publication", {"answer": REPLY}), ["/question"]),
    "published without an answer": (("publication", {"question": "Vì sao?", "answer": None}), ["/answer"]),
    "merged with no id": (("merger", {"into": "đơn kia"}), ["/into"]),
    "a message of nothing": (("messages", {}), ["/text"]),
    "a message back of nothing": (("by-code/messages", {"text": " "}), ["/text"]),
    "an unknown verdict": (("by-code/verdict", {"verdict": "furious"}), ["/verdict"]),
    "opened again without a word": (("by-code/reopening", {}), ["/text"]),
    "taken back with something more": (("by-code/withdrawal", {"text": "Thôi."}), ["/text"]),
    "alarms with something": (("/v1/petition-alarms", {"at": "2026-03-02"}), ["/at"]),
}


def pointers(answer: httpx2.Response) -> list[str]:
    """Give which members a problem names, each in both languages."""
    errors = problem(answer, 422, "invalid-input")["errors"]
    assert all(error["detail"] != error["detail_en"] for error in errors)
    return [error["pointer"] for error in errors]


async def test_a_wrong_body_is_named_by_its_member_and_leaves_nothing_behind(ear: Listening, subtests: pytest.Subtests) -> None:
    made = await lived(ear)
    kept = await ear.running.kept()
    for name, (step, expected) in WRONG.items():
        with subtests.test(name):
            path, body = step
            whole = path.startswith("/")
            answer = await ear.running.post(path, body, ear.running.token("leader")) if whole else await ask(ear, made, step)
            assert pointers(answer) == expected
    assert await ear.running.kept() == kept


async def test_a_wrong_query_or_code_is_named(ear: Listening) -> None:
    token = ear.running.token("officer")
    for query in ({"kind": "rumour"}, {"open": "maybe"}, {"overdue": "maybe"}, {"unit": "Văn phòng"}, {"dossier": "H09-1"}):
        assert pointers(await ear.running.get("/v1/petitions", token, **query)) == [f"/{name}" for name in query]
    assert pointers(await ear.running.get(f"/v1/petitions/{uuid4()}", token)) == ["/purpose"]
    for what in ("messages", "verdict", "reopening", "withdrawal"):
        body = {"verdict": "partly"} if what == "verdict" else {} if what == "withdrawal" else {"text": "Chưa rõ."}
        assert pointers(await by_code(ear, what, "1234", **body)) == ["/code"]
        problem(await by_code(ear, what, "7K3D-9QXA-01MZ-V5TC", **body), 404, "no-such-petition")
    for path in ("/v1/petitions/không-có", "/v1/published-petitions/7"):
        assert pointers(await ear.running.get(path, token, purpose="answering")) == ["/id"]


async def test_what_is_not_there_or_is_another_agencys_is_not_worked_on(ear: Listening, subtests: pytest.Subtests) -> None:
    made = await lived(ear)
    kept = await ear.running.kept()
    for step in (CLASSIFY, REFUSE, FORWARD, ASSIGN, EXTEND, ANSWER, PUBLISH, WRITE):
        what, body = step
        with subtests.test(what):
            stranger = ear.running.token("leader" if what == "extension" else "officer", agencies=("H10",))
            problem(await ask(ear, {"id": str(uuid4())}, step), 404, "no-such-petition")
            problem(await ear.running.post(f"/v1/petitions/{made['id']}/{what}", body, stranger), 403, "other-agency")
            problem(await ask(ear, made, step, role="desk"), 403, "not-allowed")
    assert await ear.running.kept() == kept


# What each step leads to. -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("topic", "days", "late"), [("conduct", 1, False), ("conduct", 3, True), ("other", 3, False), ("other", 8, True)])
async def test_what_is_forwarded_went_in_time_or_did_not_and_its_petitioner_sees_where_it_stands(
    ear: Listening, topic: str, days: int, late: bool
) -> None:
    made = await enter(ear, topic=topic)
    ear.running.later(days=days)
    made |= await done(ear, made["id"], "forwarding", **FORWARD[1])
    (fact,) = [event.fact for event in await ear.running.events(PetitionForwarded)]
    assert (fact.partner, fact.late) == ("so-xay-dung", late)
    row = await row_of(ear, made)
    assert (row["state"], row["ever_late"] or False) == ("forwarded", late)
    seen = await follow(ear, made["code"], made["position"])
    assert (seen["state"], seen["may"]) == ("forwarded", [])


async def test_who_is_refused_reads_why(ear: Listening) -> None:
    made = await lived(ear, REFUSE)
    seen = await follow(ear, made["code"], made["position"])
    assert (seen["state"], [(one["what"], one["text"]) for one in seen["written"]]) == ("refused", [("refusal", REFUSE[1]["text"])])
    assert (await row_of(ear, made))["state"] == "refused"
    assert REFUSE[1]["text"] not in (await ear.running.bodies()).decode()


async def test_what_was_taken_back_twice_was_taken_back_once(ear: Listening) -> None:
    made = await lived(ear, CLASSIFY, WITHDRAW, WITHDRAW)
    assert len(await ear.running.events(PetitionWithdrawn)) == 1
    assert (await row_of(ear, made))["state"] == "withdrawn"


async def test_what_is_extended_is_due_later_and_the_petitioner_reads_why(ear: Listening) -> None:
    made = await lived(ear, CLASSIFY, ASSIGN)
    before = await row_of(ear, made)
    made |= await done(ear, made["id"], "extension", "leader", **EXTEND[1])
    row, seen = await row_of(ear, made), await follow(ear, made["code"], made["position"])
    assert (before["due_on"], row["due_on"], row["extended"], seen["due_on"]) == ("2026-03-23", "2026-04-13", True, "2026-04-13")
    assert [(one["what"], one["text"]) for one in seen["written"]] == [("extension", EXTEND[1]["text"])]


async def test_a_comment_neither_ends_nor_restarts_the_window_of_the_unhappy(ear: Listening) -> None:
    made = await lived(ear, *ANSWERED, UNHAPPY)
    end = (await follow(ear, made["code"], made["position"]))["reopen_until"]
    for days in (10, 19):
        ear.running.later(days=days)
        for comment in (WRITE_BACK, WRITE):
            made |= {"position": (await ask(ear, made, comment)).json()["position"]}
        assert (await follow(ear, made["code"], made["position"]))["reopen_until"] == end
    again = await ask(ear, made, REOPEN)
    assert again.status_code == 200, again.text
    (fact,) = [event.fact for event in await ear.running.events(PetitionReopened)]
    seen = await follow(ear, made["code"], again.json()["position"])
    assert (seen["state"], seen["due_on"]) == ("open", fact.deadline.due_on.isoformat())
    assert fact.deadline.starts_at >= fact.reopened_at


async def test_a_part_is_a_petition_of_its_own_with_the_channel_and_the_day_of_the_whole(ear: Listening) -> None:
    whole = await lived(ear, CLASSIFY)
    ear.running.later(days=4)
    made = await done(ear, whole["id"], "parts", kind="petition", topic="question", text="Phí là bao nhiêu?")
    part, first = await row_of(ear, made), await row_of(ear, whole | {"position": made["position"]})
    assert (part["topic"], part["kind"]) == ("question", "petition")
    assert all(part[name] == first[name] for name in ("channel", "party", "received_at", "due_on"))
    await answered(ear, made["id"])
    problem(await act(ear, str(uuid4()), "parts", kind="petition", topic="question", text="Phí?"), 404, "no-such-petition")


async def test_who_writes_directly_uses_a_channel_that_needs_no_clerk(ear: Listening) -> None:
    said = problem(await ear.running.post("/v1/petitions", PETITION | {"channel": "letter"}), 403, "not-allowed")
    assert "web" in said["detail"]
    assert "web" in said["detail_en"]
    stranger = ear.running.token("desk", agencies=("H10",))
    problem(await ear.running.post("/v1/petitions", PETITION, stranger), 403, "other-agency")
    assert await ear.running.events() == []
