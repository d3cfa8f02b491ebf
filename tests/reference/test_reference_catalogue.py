"""The catalogue of procedures is complete, honest about its sources, and fits the contract."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from contracts.intake import Component, Fee, LimitLine, ProcedurePublished
from tests.reference.files import CATALOGUE, FeeEntry, ProcedureEntry, all_files, read, reference

FIELDS_EXACTLY: Final = 16
PROCEDURES_MIN: Final = 40
FIELDS_WITH_NO_PROCEDURE: Final = {"xuat-nhap-khau", "an-toan-dap", "cong-nghiep-nang"}
"""Their procedures have no known national code, or none belongs to the department."""

VIETNAMESE_LETTER: Final = re.compile(r"[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]", re.IGNORECASE)
SHORTHAND: Final = re.compile(r"\b(ĐKDN|GCN|GP|VPĐD|BHĐC|VLNCN|NCC|PCCC|ĐTM|HĐLĐ|KTAT|ATTP|DN|TTHC)\b|https?://|\bgithub\b", re.IGNORECASE)

PROCEDURES: Final = [entry for _, entry in reference().procedures]
each_procedure = pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda entry: entry.code)


def published(procedure: ProcedureEntry) -> ProcedurePublished:
    """The fact that publishing this entry would record."""
    agency = reference().agency
    return ProcedurePublished(
        code=procedure.code,
        content_hash=hashlib.sha256(procedure.model_dump_json().encode()).hexdigest(),
        name=procedure.name,
        field=procedure.field,
        field_name=next(field.name for field in reference().fields if field.code == procedure.field),
        agency=agency.code,
        agency_name=agency.name,
        limit=procedure.limit,
        limits=tuple(LimitLine.model_validate(line) for line in procedure.limits),
        start_rule=procedure.start_rule,
        supplement_mode=procedure.supplement_mode,
        notice_days=procedure.notice_days,
        extension_max=procedure.extension_max,
        components=tuple(Component.model_validate(component) for component in procedure.components),
        fees=tuple(Fee.model_validate(fee) for fee in procedure.fees),
        fee_before_result=procedure.fee_before_result,
        result=procedure.result,
        validity_months=procedure.validity_months,
        legal_basis=procedure.legal_basis,
        confidence=procedure.confidence,
        published_at=datetime(2018, 10, 5, tzinfo=UTC),
    )


@pytest.mark.parametrize("path", all_files(), ids=lambda path: path.name)
def test_a_file_parses_and_its_text_is_composed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert "\t" not in text
    assert text.endswith("\n")
    assert read(path)


def test_there_are_sixteen_fields_with_different_codes() -> None:
    codes = [field.code for field in reference().fields]
    assert len(codes) == len(set(codes)) == FIELDS_EXACTLY


def test_every_field_has_a_procedure_but_three_that_are_known() -> None:
    codes = {field.code for field in reference().fields}
    assert codes - {procedure.field for procedure in PROCEDURES} == FIELDS_WITH_NO_PROCEDURE


def test_there_are_forty_procedures_or_more_with_different_codes_and_names() -> None:
    assert len(PROCEDURES) >= PROCEDURES_MIN
    assert [code for code, count in Counter(procedure.code for procedure in PROCEDURES).items() if count > 1] == []
    assert [name for name, count in Counter(procedure.name for procedure in PROCEDURES).items() if count > 1] == []


def test_a_procedure_lies_in_its_fields_folder_under_its_code() -> None:
    fields = {field.code for field in reference().fields}
    for path, procedure in reference().procedures:
        assert procedure.field in fields, procedure.code
        assert path == CATALOGUE / procedure.field / f"{procedure.code}.yaml"


def test_only_the_agency_file_holds_the_agencys_code() -> None:
    code = reference().agency.code
    assert [path.name for path in all_files() if code in path.read_text(encoding="utf-8")] == ["agency.yaml"]


@each_procedure
def test_names_are_vietnamese_with_diacritics_and_spelled_out(procedure: ProcedureEntry) -> None:
    texts = [
        procedure.name,
        *procedure.legal_basis,
        *(component.name for component in procedure.components),
        *(fee.case for fee in procedure.fees),
    ]
    for text in (*texts, *([procedure.result] if procedure.result else [])):
        assert VIETNAMESE_LETTER.search(text), text
        assert not SHORTHAND.search(text), text
    assert procedure.name_en.isascii()


@each_procedure
def test_a_source_is_short_public_and_not_an_address(procedure: ProcedureEntry) -> None:
    for source in (procedure.source, *(fee.source for fee in procedure.fees), *procedure.notes):
        assert not re.search(r"https?://|\bPD\b|\bHV\b|\bOC\b|\bHN\b|LĐ:|github", source), source


@each_procedure
def test_components_have_different_codes_and_one_at_least_is_required(procedure: ProcedureEntry) -> None:
    codes = [component.code for component in procedure.components]
    assert len(codes) == len(set(codes))
    assert any(component.required for component in procedure.components)


@each_procedure
def test_a_limit_is_missing_only_where_nothing_is_returned_or_it_is_not_known(procedure: ProcedureEntry) -> None:
    assert procedure.limit is not None or procedure.result is None or "limit" in procedure.doubtful
    assert procedure.result is not None or (procedure.limit is None and procedure.validity_months is None)


@each_procedure
def test_an_empty_fee_table_says_that_the_fee_is_not_known(procedure: ProcedureEntry) -> None:
    assert procedure.fees or "fees" in procedure.doubtful


@each_procedure
def test_no_two_fee_lines_answer_the_same_question(procedure: ProcedureEntry) -> None:
    def question(fee: FeeEntry) -> tuple[object, ...]:
        return (fee.case, fee.applicant_kind, fee.channel, fee.valid_from, fee.valid_until)

    assert [asked for asked, count in Counter(map(question, procedure.fees)).items() if count > 1] == []
    assert all(fee.valid_until is None or (fee.valid_from is not None and fee.valid_from <= fee.valid_until) for fee in procedure.fees)


@each_procedure
def test_what_is_recalled_is_said_to_be_so(procedure: ProcedureEntry) -> None:
    doubted = procedure.code_confidence == "recalled" or bool(procedure.doubtful)
    assert not doubted or any("chưa kiểm chứng" in note for note in procedure.notes)
    assert procedure.confidence != "L" or procedure.doubtful
    assert all(fee.confidence != "L" for fee in procedure.fees) or "fees" in procedure.doubtful


@each_procedure
def test_only_chemicals_pause_and_only_promotions_count_from_arrival(procedure: ProcedureEntry) -> None:
    assert procedure.supplement_mode == "restart" or procedure.field == "hoa-chat"
    assert procedure.start_rule == "complete" or "khuyến mại" in procedure.name


@each_procedure
def test_a_procedure_can_be_published(procedure: ProcedureEntry) -> None:
    fact = published(procedure)
    assert ProcedurePublished.model_validate_json(fact.model_dump_json()) == fact
    assert len(fact.components) == len(procedure.components)
    assert len(fact.fees) == len(procedure.fees)
