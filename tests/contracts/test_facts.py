"""What must hold for every fact, whoever adds the next one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Final, NewType, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from contracts import feedback, intake, processing, reporting
from contracts.catalogue import FACTS, PUBLISHERS
from contracts.fact import Fact, Value
from contracts.terms import TERMS
from tests.contracts.golden import golden

PERSONAL_WORDS: Final = frozenset(
    """
    address applicant birth birthday cccd citizen cmnd comment contact content email fullname gender identity message mobile name note owner
    passport petitioner phone photo sex signature telephone text
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
"""Words that in a field's name announce something about a person, or free text that may hold it."""

KEPT_APART: Final = ("_ref", "_hash")
"""A reference into the vault, or a hash, says nothing by itself."""

NO_PERSON: Final = {
    "Component.name": "a paper of the procedure's list",
    "Enterprise.name": "an enterprise's name is public (Luật Doanh nghiệp)",
    "ProcedurePublished.name": "the procedure's name",
    "ProcedurePublished.field_name": "the field of state management",
    "ProcedurePublished.agency_name": "an agency",
    "FieldFigures.field_name": "the field of state management",
    "ReportPublished.agency_name": "an agency",
    "Step.name": "a step of the internal procedure",
    "Unit.name": "a unit of the department",
    "Unit.name_en": "a unit of the department",
    "Role.name": "a role, not who holds it",
    "Role.name_en": "a role, not who holds it",
    "AgreementConcluded.partner_name": "another agency",
    "AgreementConcluded.partner_name_en": "another agency",
    "Holder.name": "an enterprise's name is public (Luật Doanh nghiệp)",
    "Placeholder.name": "a place of a permit template",
    "Term.name": "a place of a permit template; of a permit of an individual no words are kept",
    "DossierSubmitted.applicant_kind": "individual or enterprise, no more",
    "DossierAccepted.applicant_kind": "individual or enterprise, no more",
    "Fee.applicant_kind": "individual or enterprise, no more",
    "ReformTaskSet.content": "one of seven words",
    **dict.fromkeys(
        ("ReformTaskSet.owner", "FindingActionAssigned.owner", "DirectiveAssigned.owner", "PublicityPlanned.owner"),
        "a unit, and the account of an officer of it",
    ),
    **dict.fromkeys(
        ("ReformTaskProgressed.note", "FindingOpened.text", "FindingActionVerified.note", "InspectionHeld.text"),
        "an official's words about work; where they are written, what looks like a person's particulars is refused",
    ),
}
"""Fields whose names sound personal and are not, each with the reason."""


def parts(annotation: Any) -> Iterator[Any]:
    """Give an annotation and everything inside it."""
    yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def values_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Give a model and every model inside it."""
    yield model
    for field in model.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and get_origin(part) is None and issubclass(part, BaseModel):
                yield from values_in(part)


EVERY_MODEL: Final = sorted({model for fact in FACTS.values() for model in values_in(fact)}, key=lambda model: model.__name__)
EVERY_FIELD: Final = {
    f"{model.__name__}.{name}": list(parts(field.annotation)) for model in EVERY_MODEL for name, field in model.model_fields.items()
}
"""Every field of every fact and of its parts, with its type and the types inside it."""


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_is_named_after_its_publisher(type_: str) -> None:
    service = type_.split(".", 1)[0]
    assert FACTS[type_] in PUBLISHERS[service]
    assert re.fullmatch(f"contracts.{service}(_[a-z]+)?", FACTS[type_].__module__)


@pytest.mark.parametrize("module", [feedback, intake, processing, reporting], ids=lambda module: module.__name__)
def test_every_fact_of_a_module_is_in_the_catalogue(module: Any) -> None:
    parts = [part for name, part in sys.modules.items() if re.fullmatch(f"{module.__name__}(_[a-z]+)?", name)]
    items = [item for part in parts for item in vars(part).values()]
    defined = {item for item in items if isinstance(item, type) and issubclass(item, Fact) and item is not Fact}
    assert defined == set(PUBLISHERS[module.__name__.removeprefix("contracts.")]), "add it to the union at the end of its module"


def test_no_two_facts_share_a_type() -> None:
    assert len(FACTS) == sum(len(facts) for facts in PUBLISHERS.values())


def test_every_fact_has_its_vietnamese_name() -> None:
    assert set(TERMS) == set(FACTS)


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_says_what_it_means(type_: str) -> None:
    docstring = FACTS[type_].__doc__ or ""
    assert docstring != Fact.__doc__
    assert len(docstring) > len("It happened."), f"{FACTS[type_].__name__}: the docstring becomes the event's description"


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_cannot_be_changed(type_: str) -> None:
    fact = FACTS[type_].model_validate(golden(type_)["data"])
    with pytest.raises(ValidationError, match="frozen"):
        setattr(fact, next(iter(FACTS[type_].model_fields)), None)


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.__name__)
def test_every_part_of_a_fact_is_frozen_and_lets_unknown_fields_pass(model: type[BaseModel]) -> None:
    assert issubclass(model, Value), "parts of facts derive from contracts.fact.Value"
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "ignore"


def test_a_fact_holds_no_list_that_could_grow() -> None:
    growing = [field for field, kinds in EVERY_FIELD.items() if {list, set, bytearray} & {get_origin(kind) or kind for kind in kinds}]
    assert not growing, f"use a tuple: {', '.join(growing)}"


def test_every_id_is_typed_by_meaning() -> None:
    bare = [field for field, kinds in EVERY_FIELD.items() if UUID in kinds]
    assert not bare, f"a bare UUID can change places with another; make a NewType in contracts/vocabulary.py: {', '.join(bare)}"
    ids = {field: kinds for field, kinds in EVERY_FIELD.items() if field.endswith(("_id", "_ref"))}
    assert ids
    untyped = [field for field, kinds in ids.items() if not any(isinstance(kind, NewType) for kind in kinds)]
    assert not untyped, f"use a NewType of contracts/vocabulary.py: {', '.join(untyped)}"


def test_no_field_is_there_for_a_persons_data() -> None:
    personal = [field for field in EVERY_FIELD if set(field.split(".")[1].split("_")) & PERSONAL_WORDS]
    found = [field for field in personal if field not in NO_PERSON and not field.endswith(KEPT_APART)]
    assert not found, (
        "personal data and free text belong in the vault; the fact keeps a VaultRef and a commitment. "
        f"If it is neither, add it to NO_PERSON with the reason: {', '.join(found)}"
    )


def test_the_list_of_harmless_fields_names_only_fields_that_exist() -> None:
    assert set(NO_PERSON) <= set(EVERY_FIELD)


def test_a_fact_must_name_itself_properly() -> None:
    with pytest.raises(TypeError, match="is not <service>"):

        class Vague(Fact, type="something happened"):  # pyright: ignore[reportUnusedClass] - it never comes to be
            pass
