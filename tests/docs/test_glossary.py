from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import pytest

from contracts.catalogue import FACTS
from contracts.schema import data_schema
from contracts.terms import TERMS
from tests.architecture.source import ROOT, listed
from tests.docs.pages import Page, page

GLOSSARY: Final = "docs/glossary.md"


def rows(of: Page) -> list[str]:
    """Give the rows of all tables of a page."""
    return [line for line in of.text.splitlines() if line.startswith("| ")]


def untold_facts(of: Page) -> list[str]:
    """Give the facts that have no row with their type and their Vietnamese name in it."""
    told = rows(of)
    return [
        f"{type_}: no row says {term!r}"
        for type_, term in TERMS.items()
        if not any(f"| `{type_}` | {term} |" in row and f"| `{FACTS[type_].__name__}` |" in row for row in told)
    ]


def closed_lists(part: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Give every word of every closed list in a schema, with the field that it may stand in."""
    if isinstance(part, list):
        for item in cast("list[Any]", part):
            yield from closed_lists(item, name)
    elif isinstance(part, dict):
        schema = cast("dict[str, Any]", part)
        words = schema.get("enum", [schema["const"]] if "const" in schema else [])
        yield from ((name, str(word)) for word in words)
        for key, value in schema.items():
            yield from closed_lists(value, key if key not in {"items", "anyOf", "propertyNames", "properties", "$defs"} else name)


def untold_words(of: Page) -> list[str]:
    """Give the words of closed lists that no row explains: a word is explained where something follows its backticks."""
    told = rows(of)
    found = {(field, word) for fact in FACTS.values() for field, word in closed_lists(data_schema(fact))}
    return sorted(f"{field}: no row explains {word!r}" for field, word in found if not any(f"`{word}` " in row for row in told))


def test_every_fact_stands_in_the_glossary_with_its_vietnamese_name() -> None:
    findings = untold_facts(page(ROOT, GLOSSARY))
    assert not findings, listed(findings)


def test_a_fact_that_lacks_its_row_or_has_another_name_would_be_found() -> None:
    text = page(ROOT, GLOSSARY).text
    gone = text.replace("| `intake.dossier.refused.v1` |", "| `intake.dossier.rejected.v1` |").replace("| Rút hồ sơ |", "| Trả hồ sơ |")
    assert [finding.split(":")[0] for finding in untold_facts(Page(GLOSSARY, gone))] == [
        "intake.dossier.refused.v1",
        "intake.dossier.withdrawn.v1",
    ]


def test_the_glossary_lists_no_fact_that_is_gone() -> None:
    cited = {said for _, said in page(ROOT, GLOSSARY).inline() if said.startswith(("intake.", "processing.", "feedback.", "reporting."))}
    assert cited == set(TERMS)


def test_every_word_of_a_closed_list_is_explained() -> None:
    findings = untold_words(page(ROOT, GLOSSARY))
    assert not findings, listed(findings)


@pytest.mark.parametrize("word", ["out-of-competence", "contacts-to-complete", "working-hours"])
def test_a_word_that_nobody_explains_would_be_found(word: str) -> None:
    text = page(ROOT, GLOSSARY).text.replace(f"`{word}` ", "")
    assert any(repr(word) in finding for finding in untold_words(Page(GLOSSARY, text)))
