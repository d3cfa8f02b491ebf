"""A process mining tool that is not ours reads the export and finds what the workflows say."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.catalogue import FACTS
from contracts.schema import data_schema
from deploy.analysts import ocel
from deploy.analysts.reading import facts_of
from deploy.synthetic.year import synthesize
from services.processing.settings import HERE
from services.processing.workflows import load_workflows

DISCOVER = Path(__file__).with_name("discover.py")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("year") / "bundle.jsonl"
    with file.open("w", encoding="utf-8") as target:
        synthesize(2026, 500, 1, target)
    return file


@pytest.fixture(scope="module")
def log(bundle: Path) -> Path:
    file = bundle.with_name("log.sqlite")
    ocel.write(facts_of(bundle), file)
    return file


@pytest.fixture(scope="module")
def most_asked(bundle: Path) -> str:
    asked = Counter(told.data["procedure"] for told in facts_of(bundle) if told.type == "processing.case.opened.v1")
    linear = [
        code
        for code, flow in load_workflows(HERE / "workflows", HERE / "organisation.yaml").items()
        if not any(step.after for step in flow.steps)
    ]
    return max(linear, key=lambda code: asked[code])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_pm4py_finds_the_steps_of_the_published_workflow_in_their_order(log: Path, bundle: Path, most_asked: str) -> None:
    done = subprocess.run([sys.executable, str(DISCOVER), str(log), f"procedure:{most_asked}"], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index('{"kept"') :])
    assert (found["kept"], found["broken"]) == (24, []), "the 24 rules of the relational form"
    assert found["events"] == sum(1 for _ in facts_of(bundle))
    assert found["objects"]["dossier"] == 500
    steps = [step.code for step in load_workflows(HERE / "workflows", HERE / "organisation.yaml")[most_asked].steps]
    done_steps = [f"processing.case.step-completed {code}" for code in steps]
    whole = ["processing.case.opened B1", *done_steps]
    assert {*whole} == {*found["transitions"]}
    assert found["fitness"] > 0.9
    follows = {(a, b): n for a, b, n in found["follows"]}
    after = {a: max((b for one, b in follows if one == a), key=lambda b: follows[a, b]) for a, _ in follows}
    assert [after[one] for one in whole[:-1]] == whole[1:]


def test_every_id_in_every_fact_leads_to_an_object_or_is_left_out_on_purpose() -> None:
    for type_, fact in FACTS.items():
        for name, schema in data_schema(fact)["properties"].items():
            options = [schema, *schema.get("anyOf", ())]
            if any(one.get("format") == "uuid" for one in options) and not name.endswith("_ref"):
                assert ocel.thing_of(type_, name) is not None or name in ocel.UNLINKED, f"{type_}: {name}"


def test_nothing_that_leads_into_a_vault_is_exported(log: Path) -> None:
    connection = sqlite3.connect(log)
    columns = {
        row[1]
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for row in connection.execute(f'PRAGMA table_info("{table}")')
    }
    connection.close()
    assert not [name for name in columns if name.endswith(("_ref", "commitment", "token", "_hash"))]
    assert {"outcome", "step", "channel", "due_on"} <= columns


def test_an_object_is_told_once_and_what_changed_of_it_with_the_fact_that_changed_it(log: Path, bundle: Path) -> None:
    connection = sqlite3.connect(log)
    query = "SELECT ocel_id, count(*) FILTER (WHERE ocel_changed_field IS NULL) FROM object_Dossier GROUP BY 1"
    rows = connection.execute(query).fetchall()
    assert {n for _, n in rows} == {1}
    changed = dict(connection.execute("SELECT ocel_changed_field, count(*) FROM object_Dossier GROUP BY 1").fetchall())
    connection.close()
    assert changed["outcome"] == sum(1 for told in facts_of(bundle) if told.type == "intake.dossier.result-ready.v1")
    assert changed["due_on"] >= changed["code"] > 0


def test_the_same_facts_make_the_same_log(bundle: Path, log: Path, tmp_path: Path) -> None:
    ocel.write(facts_of(bundle), tmp_path / "again.sqlite")
    once, twice = (sqlite3.connect(file) for file in (log, tmp_path / "again.sqlite"))
    assert list(once.iterdump()) == list(twice.iterdump())
    once.close()
    twice.close()
