"""What a reader says that it has a use for: every other fact passes by unread, so nothing that it knows of may be missing there."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from contracts.catalogue import FACTS
from contracts.vocabulary import WITHOUT_DERIVATIONS
from kernel.edge.service import Service
from kernel.eventlog import Codec, Projection, Reactor
from services.feedback import consume as feedback
from services.feedback.surveys import load_surveys
from services.intake import consume as intake
from services.processing import consume as processing
from tests.contracts.golden import golden
from tests.services.four import each_service

REACTORS: Final = (intake.REACTOR, processing.reactor({}), feedback.reactor(b"secret", 30, load_surveys()))
APPRAISAL: Final = golden("intake.dossier.supplement-requested.v1")
APPRAISAL["data"]["stage"] = "appraisal"
EVENTS: Final = [golden(type_) for type_ in FACTS] + [APPRAISAL]
GOLDEN: Final = [Codec(FACTS).decode(event["source"][1:], 1, json.dumps(event).encode()) for event in EVENTS]


def wanted(reader: Projection | Reactor) -> set[type[Any]]:
    assert reader.facts, "a service's reader says what it has a use for"
    return set(reader.facts)


@each_service
def test_a_projection_sets_columns_for_the_facts_that_it_names_and_for_no_other(service: Service[Any]) -> None:
    for model in service.models:
        for projection in model.projections:
            known = {type(event.fact) for event in GOLDEN if projection.columns(event)}
            assert known == wanted(projection), projection.table


@pytest.mark.parametrize("reactor", REACTORS, ids=lambda reactor: reactor.name)
def test_a_reactor_answers_no_fact_that_it_does_not_name(reactor: Reactor) -> None:
    for event in GOLDEN:
        if type(event.fact) not in wanted(reactor):
            assert reactor.react(event) is None, event.type


@each_service
def test_who_leaves_out_how_deadlines_were_derived_writes_no_deadlines(service: Service[Any]) -> None:
    written = {type_ for type_, model in FACTS.items() if "DeadlineSegment" in model.model_json_schema().get("$defs", {})}
    own = {type_ for type_ in written if type_.startswith(f"{service.name}.")}
    assert (service.codec.context is WITHOUT_DERIVATIONS) == (not own)
