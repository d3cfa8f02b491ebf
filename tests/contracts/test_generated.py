"""Generated files say what the models say, and an AsyncAPI document holds together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from jsonschema import Draft202012Validator

from contracts import generate
from contracts.catalogue import FACTS, PUBLISHERS
from contracts.schema import ENVELOPE, data_schema
from contracts.terms import TERMS
from tests.contracts.golden import CONTRACTS, golden


def document(service: str) -> dict[str, Any]:
    """Read the AsyncAPI document of a service as it was written."""
    return yaml.safe_load((CONTRACTS / "asyncapi" / f"{service}.yaml").read_text(encoding="utf-8"))


def references(part: Any) -> Iterator[str]:
    """Give every reference in a document."""
    if isinstance(part, dict):
        for key, value in cast("dict[str, Any]", part).items():
            if key == "$ref":
                yield str(value)
            elif key != "examples":
                yield from references(value)
    elif isinstance(part, list):
        for item in cast("list[Any]", part):
            yield from references(item)


def follow(folder: Path, root: dict[str, Any], reference: str) -> Any:
    """Give what a reference leads to; a KeyError or FileNotFoundError is a broken one."""
    file, _, pointer = reference.partition("#")
    target: Any = json.loads((folder / file).read_text(encoding="utf-8")) if file else root
    for step in pointer.strip("/").split("/") if pointer else []:
        target = target[step.replace("~1", "/").replace("~0", "~")]
    return target


def test_generated_files_are_fresh() -> None:
    assert generate.stale() == [], "run `python -m contracts.generate`"


def test_generating_twice_gives_the_same_bytes() -> None:
    assert generate.files() == generate.files()


def test_a_stale_a_missing_and_a_left_over_file_are_all_found_and_mended(tmp_path: Path) -> None:
    generate.write(tmp_path)
    (tmp_path / "README.md").write_text("edited by hand", encoding="utf-8")
    (tmp_path / "schemas/envelope.json").unlink()
    (tmp_path / "schemas/intake.dossier.forgotten.v1.json").write_text("{}", encoding="utf-8")
    assert generate.stale(tmp_path) == ["README.md", "schemas/envelope.json", "schemas/intake.dossier.forgotten.v1.json"]
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []


def test_check_fails_on_a_stale_file_and_names_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(generate.TERMS, "intake.dossier.accepted.v1", "Nhận hồ sơ")
    assert generate.main(["--check"]) == 1
    assert "contracts/asyncapi/intake.yaml is stale: run `python -m contracts.generate`" in capsys.readouterr().out


@pytest.mark.parametrize("type_", FACTS)
def test_every_fact_has_a_closed_schema_that_is_itself_valid(type_: str) -> None:
    schema = data_schema(FACTS[type_])
    Draft202012Validator.check_schema(schema)
    objects = [schema, *schema.get("$defs", {}).values()]
    assert all(part["additionalProperties"] is False for part in objects if "properties" in part)


def test_the_envelope_schema_is_valid() -> None:
    Draft202012Validator.check_schema(ENVELOPE)


def test_the_index_lists_every_event() -> None:
    text = (CONTRACTS / "README.md").read_text(encoding="utf-8")
    assert all(f"(golden/{type_}.json) | {TERMS[type_]} |" in text for type_ in FACTS)


@pytest.mark.parametrize("service", PUBLISHERS)
def test_every_fact_of_a_service_is_a_message_with_its_golden_example(service: str) -> None:
    messages = document(service)["components"]["messages"]
    assert list(messages) == [fact.TYPE for fact in PUBLISHERS[service]]
    for type_, message in messages.items():
        assert message["summary"] == TERMS[type_]
        assert message["examples"] == [{"name": "golden", "payload": golden(type_)}]


@pytest.mark.parametrize("service", PUBLISHERS)
def test_every_reference_in_an_asyncapi_document_leads_somewhere(service: str) -> None:
    root = document(service)
    for reference in references(root):
        assert follow(CONTRACTS / "asyncapi", root, reference), reference


@pytest.mark.parametrize("service", PUBLISHERS)
def test_an_asyncapi_document_has_the_shape_of_version_3(service: str) -> None:
    root = document(service)
    assert root["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= root["info"].keys()
    assert all({"host", "protocol"} <= server.keys() for server in root["servers"].values())
    for section in ("messages", "parameters", "securitySchemes"):
        assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", key) for key in root["components"][section])
    for channel in root["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
    for operation in root["operations"].values():
        assert operation["action"] == "send"
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


@pytest.mark.parametrize("service", PUBLISHERS)
def test_a_channels_address_is_the_subject_that_the_log_publishes_on(service: str) -> None:
    for type_, channel in document(service)["channels"].items():
        assert channel["address"].format(shard="07", agency="h09-13") == f"{service}.07.h09-13.{type_.split('.', 1)[1]}"


def test_what_looks_like_a_number_is_a_string_for_every_yaml_reader() -> None:
    """YAML 1.1 reads `08` as text, YAML 1.2 as eight."""
    assert "- '08'" in (CONTRACTS / "asyncapi/intake.yaml").read_text(encoding="utf-8")
