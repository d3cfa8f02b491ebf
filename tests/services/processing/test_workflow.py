"""The workflows on file: what is read of them, that cases can be worked by them, and that a wrong file is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from contracts.processing import WorkflowPublished
from services.processing.domain import workflow as decided
from services.processing.domain.permit import abbreviation_of
from services.processing.domain.workflow import SIGNING_ROLE, beyond, ready, signing_step
from services.processing.organisation import load_organisation
from services.processing.settings import HERE
from services.processing.workflows import RESPONSIBLE_UNIT, Workflow, load_workflows
from tests.reference.files import reference
from tests.services.processing.dossiers import NOTICE, ORGANISATION, WINE, officers_for
from tests.specification import given

FOLDER: Final = HERE / "workflows"
WORKFLOWS: Final = load_workflows(FOLDER, ORGANISATION)
RESULTS: Final = {procedure.code: procedure.result for _, procedure in reference().procedures}
TEMPLATE: Final = "templates/standard-15-days.yaml"

each_workflow = pytest.mark.parametrize("code", sorted(WORKFLOWS))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "workflows")


def rewritten(file: Path, change: Callable[[Any], Any] = lambda content: content, **style: Any) -> None:
    """Write a file anew with a change of its content, or only of its style."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(yaml.safe_dump(content, allow_unicode=True, **style), encoding="utf-8")


# What is on file. --------------------------------------------------------------------------------------------------------


def test_every_procedure_of_the_catalogue_has_a_workflow_and_no_other_has_but_the_internal_ones() -> None:
    assert {code for code in WORKFLOWS if not code.startswith("NB-")} == RESULTS.keys()


@each_workflow
def test_no_placeholder_is_left_and_somebody_may_do_every_step(code: str) -> None:
    for step in WORKFLOWS[code].steps:
        assert step.unit != RESPONSIBLE_UNIT
        assert officers_for(step.unit, step.role), f"{code} {step.code}: nobody in {step.unit} is {step.role}"


@each_workflow
def test_exactly_one_step_is_the_directors_and_there_it_is_signed(code: str) -> None:
    steps = WORKFLOWS[code].steps
    directors = [step for step in steps if step.role == SIGNING_ROLE]
    if RESULTS.get(code) is None and not code.startswith("NB-"):
        assert (directors, signing_step(steps)) == ([], steps[-1]), "a notice is confirmed with its last step"
    else:
        assert directors == [signing_step(steps)]


@each_workflow
def test_a_result_gets_its_number_in_the_last_step_after_it_was_signed(code: str) -> None:
    steps = WORKFLOWS[code].steps
    if RESULTS.get(code) is not None:
        assert (steps[-1].unit, steps[-1].role) == ("van-thu", "van-thu")
        assert beyond(steps, signing_step(steps).code) == {steps[-1].code}
    assert ready(steps, [step.code for step in steps]) == ()


def test_of_the_results_those_that_let_somebody_do_something_are_permits() -> None:
    kinds = {result: abbreviation_of(result) for result in RESULTS.values()}
    assert kinds.pop(None) is None
    assert {result.split()[0] for result, kind in kinds.items() if result and kind is None} == {"Văn", "Thông", "Công"}
    assert {kind for kind in kinds.values() if kind} == {"GP", "GCN", "GXN", "THE"}


# The version's name. -----------------------------------------------------------------------------------------------------


def test_how_a_file_is_written_does_not_change_the_version(copied: Path) -> None:
    for file in copied.rglob("*.yaml"):
        rewritten(file, default_flow_style=True, width=40, sort_keys=True)
    assert (copied / TEMPLATE).read_text(encoding="utf-8") != (FOLDER / TEMPLATE).read_text(encoding="utf-8")
    assert load_workflows(copied, ORGANISATION) == WORKFLOWS


def change_hours(content: Any) -> None:
    content["steps"][1]["hours"] -= 1
    content["steps"][2]["hours"] += 1


def change_name(content: Any) -> None:
    content["steps"][2]["name"] += " (tại chỗ)"


def change_order(content: Any) -> None:
    one, other = content["steps"][1], content["steps"][2]
    one["role"], other["role"] = other["role"], one["role"]


def change_guard(content: Any) -> None:
    content["steps"][3]["requires"] = "supplements <= 1"


def change_return(content: Any) -> None:
    content["steps"][4]["returns_to"] = ["B3"]


@pytest.mark.parametrize("change", [change_hours, change_name, change_order, change_guard, change_return])
def test_whatever_a_step_says_is_part_of_the_version(copied: Path, change: Callable[[Any], None]) -> None:
    rewritten(copied / TEMPLATE, change)
    changed = {code for code, found in load_workflows(copied, ORGANISATION).items() if found.content_hash != WORKFLOWS[code].content_hash}
    assert changed == {each.procedure for each in reference().assignments.assignments if each.template == "standard-15-days"}


def test_two_procedures_with_the_same_steps_have_versions_of_their_own() -> None:
    assert len({found.content_hash for found in WORKFLOWS.values()}) == len(WORKFLOWS)


# Publishing. -------------------------------------------------------------------------------------------------------------


def published(found: Workflow) -> WorkflowPublished:
    return found.published(datetime(2026, 1, 2, tzinfo=UTC))


def test_a_version_is_published_once_and_again_when_it_comes_back_after_another() -> None:
    first = published(WORKFLOWS[WINE])
    second = first.model_copy(update={"content_hash": "f" * 64, "steps": first.steps[1:]})
    given(decided.DECIDER).when(first).then(first)
    given(decided.DECIDER, first).when(first).then_nothing()
    given(decided.DECIDER, first).when(second).then(second)
    given(decided.DECIDER, first, second).when(first).then(first)


# A wrong roster; wrong workflows are in test_soundness.py. ----------------------------------------------------------------


def unknown_role(content: Any) -> None:
    content["officers"][0]["role"] = "thu-quy"


def unknown_unit(content: Any) -> None:
    content["officers"][0]["unit"] = "phong-tro"


def account_twice(content: Any) -> None:
    content["officers"].append({**content["officers"][0], "role": "van-thu"})


def no_officers(content: Any) -> None:
    del content["officers"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (unknown_role, r"organisation\.yaml:\d+: nv-bgd-01 has the role thu-quy, which is not listed"),
        (unknown_unit, r"organisation\.yaml:\d+: nv-bgd-01 works in phong-tro, which is not listed"),
        (account_twice, r"organisation\.yaml:\d+: nv-bgd-01 stands twice"),
        (no_officers, r"organisation\.yaml:1: officers: Field required"),
    ],
)
def test_a_wrong_roster_is_refused_and_the_message_says_who(tmp_path: Path, change: Callable[[Any], None], message: str) -> None:
    file = Path(shutil.copy(ORGANISATION, tmp_path))
    rewritten(file, change)
    with pytest.raises(ValueError, match=message):
        load_organisation(file)


def test_who_acts_for_another_may_do_both_kinds_of_steps_in_the_own_unit_only() -> None:
    deputy = load_organisation(ORGANISATION).roster["nv-bgd-02"]
    signing, numbering = WORKFLOWS[WINE].steps[-2:]
    assert deputy.roles == {"pho-giam-doc", "giam-doc"}
    assert deputy in officers_for(signing.unit, signing.role)
    assert deputy not in officers_for(numbering.unit, numbering.role)
    assert signing_step(WORKFLOWS[NOTICE].steps).role == "truong-phong"
