"""Somebody who knows everything but how it ended cannot find one dossier in the open data of a made-up population."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.analysts import opendata
from deploy.analysts.opendata import ANY, K, quarter
from deploy.analysts.reading import facts_of
from deploy.synthetic.year import synthesize

QUASI: Final = ("received", "field", "procedure", "channel", "applicant")


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("population") / "bundle.jsonl"
    with file.open("w", encoding="utf-8") as target:
        synthesize(2026, 1500, 8, target)
    return file


@pytest.fixture(scope="module")
def published(population: Path) -> Path:
    folder = population.parent / "open"
    opendata.write(facts_of(population), folder)
    return folder


def files(folder: Path) -> dict[str, list[dict[str, str]]]:
    found = sorted(path for path in folder.glob("2*.csv"))
    return {path.stem: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) for path in found}


def known_of(population: Path) -> list[dict[str, Any]]:
    """Everything that can be known of each resolved dossier, and how it ended, which is to be found out."""
    accepted, known = dict[str, Any](), list[dict[str, Any]]()
    for told in facts_of(population):
        if told.type == "intake.dossier.accepted.v1":
            accepted[told.data["dossier_id"]] = told
        if told.type == "intake.dossier.result-ready.v1" and (was := accepted.get(told.data["dossier_id"])):
            data = was.data
            quasi = {"received": f"{was.day:%Y-%m}", "field": data["field"], "procedure": data["procedure"]}
            quasi |= {"channel": data["channel"], "applicant": data["applicant_kind"]}
            known.append({**quasi, "outcome": told.data["outcome"], "ready": told.day.isoformat()})
    return known


def fits(row: dict[str, str], known: dict[str, Any]) -> bool:
    received = row["received"] in {known["received"], quarter(known["received"])}
    return received and all(row[name] in {ANY, known[name]} for name in QUASI[1:])


def test_in_every_file_every_row_has_at_least_k_alike_that_did_not_all_end_in_a_refusal(published: Path) -> None:
    assert files(published)
    for rows in files(published).values():
        alike = defaultdict[tuple[str, ...], list[str]](list)
        for row in rows:
            alike[tuple(row[name] for name in QUASI)].append(row["outcome"])
        assert all(len(outcomes) >= K and set(outcomes) != {"refused"} for outcomes in alike.values())


def test_who_knows_all_of_somebody_and_watches_every_file_finds_nobody(population: Path, published: Path) -> None:
    known, all_files = known_of(population), files(published)
    before = list[dict[str, str]]()
    raw = Counter(tuple(one[name] for name in QUASI) for one in known)
    unique = [one for one in known if raw[tuple(one[name] for name in QUASI)] == 1]
    assert len(unique) > 100, "in a list of all dossiers as they are, this many would be found"
    for day, rows in all_files.items():
        fresh = [one for one in unique if one["ready"] <= day]
        for one in fresh[:: max(1, len(fresh) // 40)]:
            # What a day added is what two days subtracted from each other tell.
            candidates = [row for row in rows if fits(row, one)]
            assert len(candidates) == 0 or len(candidates) >= K
            outcomes = {row["outcome"] for row in candidates}
            assert outcomes != {"refused"}
        before += rows
    assert len(before) > 0.7 * len(known), "and most of them are told"


def test_a_published_row_is_never_changed_and_a_longer_log_only_adds_files(population: Path, published: Path, tmp_path: Path) -> None:
    events = sum(1 for _ in facts_of(population))
    opendata.write(islice(facts_of(population), events // 2), tmp_path)
    half = {path.name: path.read_bytes() for path in tmp_path.glob("2*.csv")}
    assert half
    assert all((published / name).read_bytes() == text for name, text in half.items())
    assert len(half) < len(files(published))


def test_the_log_of_changes_names_every_file_with_its_hash_and_how_many_wait(published: Path, population: Path) -> None:
    changes = list(csv.DictReader((published / "changes.csv").read_text(encoding="utf-8").splitlines()))
    assert [one["day"] for one in changes] == list(files(published))
    for one in changes:
        assert hashlib.sha256((published / f"{one['day']}.csv").read_bytes()).hexdigest() == one["sha256"]
    told = sum(int(one["rows"]) for one in changes)
    assert told + int(changes[-1]["waiting"]) <= len(known_of(population))


def test_nothing_of_who_asked_is_in_it(published: Path, population: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in published.iterdir())
    enterprises = {told.data["enterprise"]["tax_code"] for told in facts_of(population) if told.data.get("enterprise")}
    assert enterprises
    assert not any(code in text for code in enterprises)
    assert "-0000-" not in text
    assert not any(told.data["code"] in text for told in islice(facts_of(population), 5000) if told.type.endswith("accepted.v1"))
