"""The dictionary is never stale, and every figure leads to facts."""

from __future__ import annotations

from contracts.catalogue import FACTS
from deploy.analysts import dictionary
from services.reporting.domain.figures import FORM
from services.reporting.main import SERVICE


def test_the_page_is_as_it_would_be_written_now() -> None:
    assert dictionary.main(["--check"]) == 0, "run `python -m deploy.analysts.dictionary`"


def test_every_fact_stands_in_it_with_all_its_fields_and_a_sample() -> None:
    page = dictionary.page()
    for type_, fact in FACTS.items():
        assert f"### {type_}\n" in page
        said = {name.rstrip("?") for name, _, _ in dictionary.fields(type_)}
        assert said == set(fact.model_fields)
        assert any(sample for _, _, sample in dictionary.fields(type_))


def test_every_read_table_of_reporting_that_is_filled_from_facts_is_named_by_a_figure() -> None:
    named = {table for _, tables in dictionary.FIGURES.values() for table in tables}
    filled = {projection.table for model in SERVICE.models for projection in model.projections}
    assert named <= filled
    assert filled - named <= {"procedure"}, "the catalogue's names are no figure; of any other table a figure says what it is for"
    assert all(column in " ".join(dictionary.FIGURES) for column in FORM)


def test_what_a_table_takes_from_a_fact_is_what_its_projection_does_with_it() -> None:
    known = dictionary.lineage()
    assert known["reporting", "clock"]["intake.dossier.rescheduled.v1"] == [
        *("amount", "at", "changed_on", "dossier_id", "due_on", "mode", "rule_pack", "runs", "start_rule", "unit", "what"),
    ]
    assert set(known["reporting", "clock"]) == {
        "intake.dossier.accepted.v1",
        "intake.dossier.rescheduled.v1",
        "intake.dossier.supplement-requested.v1",
    }
