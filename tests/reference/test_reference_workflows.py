"""Every procedure has an internal workflow whose hours add up to its limit, and somebody there to do each step."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import pytest

from contracts.processing import Step, WorkflowPublished
from contracts.vocabulary import Limit
from tests.reference.files import RESPONSIBLE_UNIT, StepEntry, reference

HOURS_PER_DAY: Final = 8
INTERNAL: Final = {
    "NB-SCT-01": "Xin đi nước ngoài",
    "NB-SCT-02": "Kiểm soát văn bản đi",
    "NB-SCT-03": "Đăng ký lịch làm việc",
    "NB-SCT-04": "Tạm ứng và thanh toán tạm ứng",
}
WORKFLOWS: Final = reference().workflows()
each_workflow = pytest.mark.parametrize("code", sorted(WORKFLOWS))


def hours_of(limit: Limit) -> int:
    """Working hours in a limit; of seven calendar days five are working days, and a part of a day does not count."""
    match limit.unit:
        case "working-hours":
            return limit.amount
        case "working-days":
            return limit.amount * HOURS_PER_DAY
        case "calendar-days":
            return limit.amount * 5 // 7 * HOURS_PER_DAY


def slowest(steps: Sequence[StepEntry]) -> int:
    """Give the hours of the longest way to the last step; each step begins when the last of those before it has ended."""
    ends: dict[str, int] = {}
    for n, step in enumerate(steps):
        before = step.after if step.after is not None else [steps[n - 1].code] if n else []
        ends[step.code] = step.hours + max((ends[code] for code in before), default=0)
    return ends[steps[-1].code]


def test_every_procedure_has_exactly_one_workflow() -> None:
    assigned = [each.procedure for each in reference().assignments.assignments]
    assert len(assigned) == len(set(assigned))
    assert set(assigned) == {procedure.code for _, procedure in reference().procedures}


def test_the_four_internal_procedures_have_workflows_and_no_catalogue_entry() -> None:
    assert {workflow.code: workflow.name for _, workflow in reference().internal} == INTERNAL
    assert not INTERNAL.keys() & {procedure.code for _, procedure in reference().procedures}
    assert all(workflow.unit for _, workflow in reference().internal)


def test_a_workflow_is_named_as_its_file() -> None:
    for path, workflow in (*reference().templates, *reference().internal):
        assert path.stem == workflow.code


def test_every_template_is_used() -> None:
    used = {each.template for each in reference().assignments.assignments}
    assert used == {template.code for _, template in reference().templates}


def test_a_template_has_no_unit_of_its_own_but_leaves_a_step_to_the_responsible_unit() -> None:
    for _, template in reference().templates:
        assert template.unit is None
        assert any(step.unit == RESPONSIBLE_UNIT for step in template.steps)


def test_a_procedure_follows_a_template_with_the_same_limit() -> None:
    templates = {template.code: template for _, template in reference().templates}
    limits = {procedure.code: procedure.limit for _, procedure in reference().procedures}
    for each in reference().assignments.assignments:
        assert templates[each.template].limit == limits[each.procedure], each.procedure


def test_the_hours_of_the_slowest_way_are_those_of_the_limit() -> None:
    for _, workflow in (*reference().templates, *reference().internal):
        assert slowest(workflow.steps) == workflow.hours, workflow.code
        assert workflow.limit is None or hours_of(workflow.limit) == workflow.hours, workflow.code


def test_a_procedure_with_a_result_is_signed_by_the_leaders_and_issued_by_the_records_office() -> None:
    for _, procedure in reference().procedures:
        units = [step.unit for step in WORKFLOWS[procedure.code]]
        assert units[0] == "bo-phan-mot-cua"
        assert procedure.result is None or units[-2:] == ["ban-giam-doc", "van-thu"], procedure.code


@each_workflow
def test_the_steps_of_a_workflow_are_numbered_from_one(code: str) -> None:
    assert [step.code for step in WORKFLOWS[code]] == [f"B{number}" for number in range(1, len(WORKFLOWS[code]) + 1)]


@each_workflow
def test_somebody_in_the_unit_can_do_each_step(code: str) -> None:
    roles = {role.code: {role.code, *role.acts_for} for role in reference().organisation.roles}
    for step in WORKFLOWS[code]:
        able = [
            officer.id for officer in reference().organisation.officers if officer.unit == step.unit and step.role in roles[officer.role]
        ]
        assert step.role in roles
        assert able, f"{code} {step.code}: nobody in {step.unit} is {step.role}"


@each_workflow
def test_a_workflow_can_be_published(code: str) -> None:
    steps: tuple[Step, ...] = WORKFLOWS[code]
    content_hash = hashlib.sha256("".join(step.model_dump_json() for step in steps).encode()).hexdigest()
    fact = WorkflowPublished(procedure=code, content_hash=content_hash, steps=steps, published_at=datetime(2018, 10, 5, tzinfo=UTC))
    assert WorkflowPublished.model_validate_json(fact.model_dump_json()) == fact
