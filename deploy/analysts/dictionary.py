"""`docs/dictionary.md`: every fact with its fields and a sample, and the way from each figure back to the facts that it follows from.

python -m deploy.analysts.dictionary            write
python -m deploy.analysts.dictionary --check    fail if the page is not as it would be written now

Nothing in it is written by hand twice: fields and samples come from the contracts, and what a read table takes from a fact is found by
asking its projection.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contracts.catalogue import FACTS, PUBLISHERS
from contracts.generate import sentence
from contracts.schema import data_schema
from contracts.terms import TERMS
from deploy.local.verify import service_of
from kernel.eventlog import Codec, ReadModel, Recorded
from services.reporting.domain.figures import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "dictionary.md"
GOLDEN: Final = ROOT / "contracts" / "golden"
SAMPLE_MAX: Final = 60
"""Letters of a sample's value that are shown."""

FIGURES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    ", ".join(FORM): ("form II.06a", ("dossier_register", "clock")),
    "refused, withdrawn": ("beside the form", ("dossier_register",)),
    "on_time_rate": ("summary", ("dossier_register", "clock")),
    "dwell": ("with whom dossiers lay", ("dossier_register", "clock")),
    "satisfaction, points, factors": ("satisfaction", ("rating",)),
    "response_rate, bias": ("satisfaction", ("invitation", "admission")),
    "opinions": ("satisfaction", ("opinion",)),
    "petitions": ("petitions", ("petition_turn",)),
    "meetings": ("petitions", ("engagement",)),
    "low scores": ("satisfaction", ("score",)),
    "reports": ("published reports", ("report",)),
    "conformance": ("deviations from the workflow", ("way", "turn", "workflow_version", "staffing")),
    "fairness": ("who was passed over", ("way", "turn", "workflow_version")),
    "indicators of dossiers": ("sets of indicators", ("dossier_register", "clock", "demand", "supplement_request", "moved_appointment")),
    "indicators of files, payments and other agencies": ("sets of indicators", ("attachment", "payment", "consultation_turn")),
    "indicators of publication": ("sets of indicators", ("revision", "published_version")),
    "indicators overridden": ("sets of indicators", ("overriding",)),
    "dwell by step": ("how long cases lay at each step", ("step_turn", "worked_case")),
    "plans and tasks": ("the reform as it is managed", ("reform_plan", "reform_task")),
    "findings and corrective actions": ("the reform as it is managed", ("finding", "corrective_action")),
    "reviews, coverage of inspections": ("the reform as it is managed", ("review", "inspection_plan", "inspection")),
    "directives, publicity": ("the reform as it is managed", ("directive", "publicity_item")),
    "time cut": ("ledger of simplification", ("procedure_version", "catalogue_decision")),
}
"""What an answer of reporting is made of: where it is told, and the read tables that it is counted from."""

INTRODUCTION: Final = """\
# Dictionary of facts

<!-- Made by `python -m deploy.analysts.dictionary` from the contracts and the projections; change those. -->

For whoever analyses: what each fact says, field by field, with a sample; and below, from each figure of reporting back to the facts that it
follows from. How to get at the facts: [`analysts/README.md`](analysts/README.md). The envelope that every fact comes in:
[`contracts/README.md`](../contracts/README.md). A field with a question mark may be absent; one that ends in ref leads into a vault, which
no analyst sees."""


def page() -> str:
    """Give the page."""
    lines = [INTRODUCTION]
    for service, facts in PUBLISHERS.items():
        lines += ["", f"## {service}"]
        for fact in facts:
            lines += [
                "",
                f"### {fact.TYPE}",
                "",
                f"**{TERMS[fact.TYPE]}.** {_cell(sentence(fact))}",
                "",
                "| field | type | sample |",
                "|---|---|---|",
            ]
            lines += [f"| `{name}` | {kind} | {sample} |" for name, kind, sample in fields(fact.TYPE)]
    lines += ["", "## From a figure to its facts", "", "| figure of reporting | told in | read tables | facts |", "|---|---|---|---|"]
    known = lineage()
    for figure, (where, tables) in FIGURES.items():
        facts = dict.fromkeys(type_ for table in tables for type_ in known["reporting", table])
        said = ", ".join(f"[`{type_}`](#{anchor(type_)})" for type_ in facts)
        lines.append(f"| {figure} | {where} | {', '.join(f'`{table}`' for table in tables)} | {said} |")
    lines += ["", "## What a read table takes from a fact", "", "| service | table | fact | columns |", "|---|---|---|---|"]
    for (service, table), sets in known.items():
        lines += [f"| {service} | `{table}` | `{type_}` | {', '.join(columns)} |" for type_, columns in sets.items()]
    return "\n".join(lines) + "\n"


def fields(type_: str) -> Iterator[tuple[str, str, str]]:
    """Give the fields of a fact: name, type, and what the golden fact has there."""
    schema, sample = data_schema(FACTS[type_]), golden(type_)["data"]
    properties: dict[str, Any] = schema["properties"]
    for name, one in properties.items():
        value = json.dumps(sample.get(name), ensure_ascii=False)
        short = value if len(value) <= SAMPLE_MAX else value[: SAMPLE_MAX - 1] + "…"
        yield name + ("" if name in schema.get("required", ()) else "?"), kind_of(one), _cell(f"`{short}`" if name in sample else "")


def kind_of(schema: dict[str, Any]) -> str:
    """Name the type of a field in a word or two."""
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"anyOf": list(options)}:
            return " or ".join(kind_of(option) for option in options)
        case {"enum": list(words)}:
            return _cell(" / ".join(map(str, words)))
        case {"const": word}:
            return str(word)
        case {"type": "array"}:
            items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
            return f"list of {kind_of(items)}"
        case {"type": kind}:
            return str(schema.get("format", kind))
        case _:
            return "any"


def golden(type_: str) -> dict[str, Any]:
    """Give the golden example of an event type."""
    return json.loads((GOLDEN / f"{type_}.json").read_text(encoding="utf-8"))


def lineage() -> dict[tuple[str, str], dict[str, list[str]]]:
    """Give for each read table of each service which facts set which of its columns: found by giving its projection the golden facts."""
    codec = Codec(FACTS)
    events = [codec.decode(type_.partition(".")[0], 1, json.dumps(golden(type_)).encode()) for type_ in FACTS]
    events += [variant(event, codec) for event in events if event.type == "intake.dossier.supplement-requested.v1"]
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for service in PUBLISHERS:
        models: Sequence[ReadModel] = service_of(service).models
        for projection in (one for model in models for one in model.projections):
            sets = found.setdefault((service, projection.table), {})
            for event in events:
                if (effect := projection.effect_of(event)) is not None:
                    sets[event.type] = sorted({*sets.get(event.type, ()), *effect[1]})
    return found


def variant(event: Recorded, codec: Codec) -> Recorded:
    """Give a fact that means another thing at another stage: appraisal's request stops the clock, the desk's does not."""
    return event._replace(fact=codec.fact(event.type, golden(event.type)["data"] | {"stage": "appraisal"}))


def anchor(type_: str) -> str:
    """Give a heading's anchor as GitHub makes it."""
    return type_.replace(".", "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def main(argv: Sequence[str]) -> int:
    """Write the page, or only check it; give the exit code."""
    text = page()
    is_fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if "--check" in argv:
        print("" if is_fresh else "docs/dictionary.md is stale: run `python -m deploy.analysts.dictionary`", end="" if is_fresh else "\n")
        return 0 if is_fresh else 1
    if not is_fresh:
        PAGE.write_text(text, encoding="utf-8")
        print("docs/dictionary.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
