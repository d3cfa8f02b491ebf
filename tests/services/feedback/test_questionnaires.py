"""What is asked is a published fact, version by version, and an answer is held against the questions of its own."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree
from typing import Any, Final

from contracts.feedback_surveys import Question, QuestionnairePublished
from services.feedback.domain.questionnaire import DECIDER, Publish, questionnaire_id
from services.feedback.main import SERVICE
from services.feedback.surveys import FOLDER, load_surveys
from tests.services.feedback.campaigning import begin, done, issue, right
from tests.services.feedback.listening import Listening
from tests.services.rig import AGENCY, MONDAY, Rig, problem
from tests.specification import given

TIME: Final = Question(code="time", scale=(0, 2), asked="applicant", wording="Thời gian", wording_en="Time")
ONLINE: Final = Question(code="online", scale=(0, 2), asked="system", wording="Trực tuyến", wording_en="Online")
ACCESS: Final = Question(code="access", scale=(1, 5), asked="applicant", wording="Tiếp cận", wording_en="Access")


def asking(content_hash: str, *questions: Question) -> dict[str, Any]:
    what = {"code": "one-stop", "title": "Phiếu", "title_en": "Slip", "source": "TT 01/2018", "confidence": "H"}
    return {"agency": AGENCY, "content_hash": content_hash, "questions": questions, **what}


def published(version: int, content_hash: str, *questions: Question) -> QuestionnairePublished:
    id = questionnaire_id("one-stop")
    return QuestionnairePublished(questionnaire_id=id, version=version, published_at=MONDAY, **asking(content_hash, *questions))


def test_another_wording_is_the_next_version_and_one_that_was_asked_before_is_none() -> None:
    first, second = published(1, "a" * 64, TIME), published(2, "b" * 64, TIME, ACCESS)
    given(DECIDER).when(Publish(**asking("a" * 64, TIME), at=MONDAY)).then(first)
    given(DECIDER, first).when(Publish(**asking("b" * 64, TIME, ACCESS), at=MONDAY)).then(second)
    given(DECIDER, first, second).when(Publish(**asking("a" * 64, TIME), at=MONDAY)).then_nothing()


def test_what_the_system_knows_is_not_for_the_applicant_to_answer() -> None:
    state = given(DECIDER, published(1, "a" * 64, TIME, ONLINE, ACCESS)).state
    assert state.versions == {"a" * 64: {"points/time", "levels/access"}}


async def test_a_questionnaire_is_published_with_its_words_before_the_first_who_is_asked_it_and_once(ear: Listening) -> None:
    for _ in range(2):
        assert (await ear.asked(await ear.token())).status_code == 200
    (event,) = await ear.running.events(QuestionnairePublished)
    survey = load_surveys()["one-stop"]
    assert (event.fact.content_hash, event.fact.version, event.actor) == (survey.content_hash, 1, "system:feedback")
    assert [(one.code, one.wording) for one in event.fact.questions] == [(one.code, one.text) for one in survey.questions]
    told = (await ear.asked(await ear.token())).json()
    assert told["survey"] == event.fact.content_hash


async def test_what_was_not_asked_is_refused_by_name_and_does_not_use_the_token(ear: Listening) -> None:
    own = await ear.right(await ear.token())
    found = problem(await ear.give(own, points={"time": 2}, levels={"access": 5, "results": 1}), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == ["/levels/access", "/levels/results"]
    assert (await ear.give(own, points={"time": 2})).status_code == 202


async def test_a_campaign_asks_what_it_was_ordered_to_also_when_the_file_says_something_else_now(rig: Rig, tmp_path: Path) -> None:
    files = Path(copytree(FOLDER, tmp_path / "surveys"))
    database = await rig.database(SERVICE.name, SERVICE.migrations)
    async with rig.neighbour("intake") as intake:
        async with rig.running(SERVICE, database, surveys=files) as running:
            ear = Listening(running, intake)
            id = await begin(ear, survey="sipas")
            await issue(ear, id, 1, 1)
            await done(ear, id, "returns", number=1)
        file = files / "sipas.yaml"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "code: access" not in line), encoding="utf-8")
        load_surveys.cache_clear()
        async with rig.running(SERVICE, database, surveys=files) as running:
            ear = Listening(running, intake)
            own = await right(ear, id, 1)
            assert (await ear.give(own, levels={"access": 4})).status_code == 202
            await begin(ear, survey="sipas")
            facts = [event.fact for event in await running.events(QuestionnairePublished)]
            assert [(fact.code, fact.version, len(fact.questions)) for fact in facts] == [("sipas", 1, 5), ("sipas", 2, 4)]
