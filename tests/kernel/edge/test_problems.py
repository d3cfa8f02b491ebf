from __future__ import annotations

import unicodedata
from typing import Annotated, Any, get_args

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import core_schema

from kernel.edge import problem
from kernel.edge.problem import CATALOGUE, Problem, Sentence
from kernel.edge.validation import FALLBACK, SENTENCES, faults_of
from tests.kernel.edge.conftest import Caller

UNREACHABLE = {
    *("no_such_attribute", "needs_python_object", "frozen_field", "frozen_instance", "get_attribute_error", "default_factory_not_called"),
    *("counter_type", "ordered_dict_type", "frozen_dict_type", "is_instance_of", "is_subclass_of", "callable_type", "complex_type"),
    *("complex_str_parsing", "missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument", "fraction_type"),
    *("unexpected_positional_argument", "missing_positional_only_argument", "multiple_argument_values", "set_item_not_hashable"),
    *("fraction_parsing", "missing_sentinel_error", "ellipsis_error"),
}
"""Errors that no JSON can bring about in our models."""

VIETNAMESE = "ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"


def speaks_vietnamese(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text) and any(letter in VIETNAMESE for letter in text.lower())


def sentences() -> list[Sentence]:
    return [*SENTENCES.values(), FALLBACK, *(s for kind in CATALOGUE for s in (kind.title, kind.detail))]


@pytest.mark.parametrize("sentence", sentences(), ids=lambda s: s.en[:40])
def test_every_sentence_stands_in_vietnamese_with_its_diacritics_and_in_english(sentence: Sentence) -> None:
    assert speaks_vietnamese(sentence.vi)
    assert sentence.en.isascii()
    assert sentence.vi != sentence.en


def test_no_two_kinds_of_problem_share_a_name() -> None:
    assert len({kind.slug for kind in CATALOGUE}) == len(CATALOGUE)


def test_every_validation_error_that_json_can_bring_about_has_a_sentence() -> None:
    assert set(get_args(core_schema.ErrorType)) - UNREACHABLE == set(SENTENCES)


def test_a_problem_cannot_be_forged_by_its_extension_members() -> None:
    made = Problem(problem.NOT_NOW, members={"status": 200, "legal": ["put"]})
    body = bytes(made.response("0" * 32).body)
    assert b'"status":409' in body
    assert b'"legal":["put"]' in body


class Cat(BaseModel):
    kind: str
    lives: int


class Dog(BaseModel):
    kind: str
    tail: int


class Owner(BaseModel):
    name: str
    pets: list[Cat | Dog]


def test_a_pointer_names_the_field_and_not_the_branch_of_a_union() -> None:
    body = {"name": "x", "pets": [{"kind": "cat", "lives": 9}, {"kind": "cat", "lives": "many"}]}
    with pytest.raises(ValidationError) as refused:
        Owner.model_validate(body)
    faults = faults_of([{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()], body)
    assert {fault.pointer for fault in faults} == {"/pets/1/lives", "/pets/1/tail"}


class Shelter(BaseModel):
    pets: Annotated[tuple[Cat, ...], Field(min_length=2)]
    names: Annotated[frozenset[str], Field(min_length=2)] = frozenset({"Mướp", "Vện"})


CAT = {"kind": "cat", "lives": 9}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"pets": [CAT, {"kind": "cat"}]}, ["/pets/1/lives"]),
        ({"pets": [{"kind": "cat"}]}, ["/pets/0/lives", "/pets"]),
        ({"pets": [CAT]}, ["/pets"]),
        ({"pets": [CAT, CAT], "names": ["Mướp", "Mướp"]}, ["/names"]),
    ],
)
def test_a_list_is_called_too_short_by_what_was_sent_and_not_by_what_was_good(body: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Shelter.model_validate(body)
    faults = faults_of([{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()], body)
    assert [fault.pointer for fault in faults] == pointers


SECRET = "079203001234"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/agency"),
        ({"agency": SECRET + "ă"}, "/agency"),
        ({"agency": [SECRET]}, "/agency"),
        ({"agency": "H09", "kind": SECRET}, "/kind"),
        ({"agency": "H09", "colour": SECRET}, "/colour"),
        ({"agency": "H09", f"Nguyễn {SECRET}": 1}, ""),
        ([SECRET], ""),
        (SECRET, ""),
    ],
)
async def test_a_wrong_field_is_pointed_at_in_both_languages_and_never_repeated(stranger: Caller, body: Any, pointer: str) -> None:
    answer = await stranger.post("/v1/shelves", body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == problem.MEDIA_TYPE
    assert SECRET not in answer.text
    told = answer.json()
    assert told["type"] == "https://motcua.invalid/problems/invalid-input"
    assert [error["pointer"] for error in told["errors"]] == [pointer]
    assert speaks_vietnamese(told["errors"][0]["detail"])
    assert told["errors"][0]["detail_en"].isascii()
    assert len(told["trace_id"]) == 32


async def test_bounds_and_choices_are_told(stranger: Caller) -> None:
    path = "/v1/shelves/6f9619ff-8b86-d011-b42d-00c04fc964ff/books"
    answer = await stranger.post(path, {"title": "x" * 41, "pages": [1, 0]})
    assert [error["detail"] for error in answer.json()["errors"]] == ["Không được dài quá 40 ký tự.", "Phải lớn hơn hoặc bằng 1."]
    answer = await stranger.post("/v1/shelves", {"agency": "H09", "kind": "x"})
    assert answer.json()["errors"][0]["detail"] == "Phải là một trong các giá trị: 'open' hoặc 'closed'."


@pytest.mark.parametrize(
    ("content", "kind", "status", "slug"),
    [
        (b"{", "application/json", 400, "malformed-body"),
        (b"", "application/json", 400, "body-missing"),
        (b"agency=H09", "application/x-www-form-urlencoded", 415, "media-type-not-supported"),
        (b'{"agency":"H09"}', "text/plain", 415, "media-type-not-supported"),
    ],
)
async def test_a_body_that_cannot_be_read_is_told_apart_from_a_wrong_one(
    stranger: Caller, content: bytes, kind: str, status: int, slug: str
) -> None:
    headers = {"Authorization": f"Bearer {stranger.issuer.token()}", "Content-Type": kind, "Idempotency-Key": "k"}
    answer = await stranger.client.post("/v1/shelves", content=content, headers=headers)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (status, slug)


async def test_query_and_path_are_pointed_at_too(stranger: Caller) -> None:
    answer = await stranger.get("/v1/numbers?limit=201&after=SELECT")
    assert [(error["in"], error["pointer"]) for error in answer.json()["errors"]] == [("query", "/after"), ("query", "/limit")]
    answer = await stranger.get(f"/v1/shelves/{SECRET}")
    assert (answer.status_code, answer.json()["errors"][0]["in"]) == (422, "path")
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/nowhere", 404, "not-found"),
        ("DELETE", "/v1/numbers", 405, "method-not-allowed"),
        ("GET", "/v1/numbers/", 404, "not-found"),
    ],
)
async def test_what_has_no_route_is_a_problem_too(stranger: Caller, method: str, path: str, status: int, slug: str) -> None:
    answer = await stranger.client.request(method, path)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (status, slug)
    assert answer.headers["content-type"] == problem.MEDIA_TYPE
    if status == 405:
        assert answer.headers["allow"] == "GET"


async def test_a_bug_says_only_its_number(stranger: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await stranger.get("/v1/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "https://motcua.invalid/problems/internal-error")
    assert "079203001234" not in answer.text


async def test_a_database_that_is_away_is_503_with_a_time_to_ask_again(offline: FastAPI, stranger: Caller) -> None:
    async def away(*_: object) -> None:
        raise ConnectionRefusedError

    class Pool:
        fetch = fetchrow = away

    offline.state.log.pool = Pool()  # the real pool cannot be made without a database
    answer = await stranger.get("/v1/shelves/6f9619ff-8b86-d011-b42d-00c04fc964ff")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
