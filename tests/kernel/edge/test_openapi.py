from __future__ import annotations

import json
import re

import pytest
from fastapi import FastAPI

from tests.kernel.edge import shelf
from tests.kernel.edge.conftest import Caller, SettingsOf


def test_the_document_says_what_the_rim_adds(offline: FastAPI) -> None:
    made = offline.openapi()
    assert made["openapi"] == "3.1.0"
    put = made["paths"]["/v1/shelves/{shelf_id}/books"]["post"]
    assert {one["name"] for one in put["parameters"]} == {"shelf_id", "Idempotency-Key", "If-Match", "Motcua-Demo-Time"}
    assert (put["x-action"], put["x-roles"]) == ("shelf.put", ["desk", "officer", "public"])
    assert put["security"] == [{}, {"bearer": []}]
    assert {"400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "500", "503"} < set(put["responses"])
    get = made["paths"]["/v1/numbers"]["get"]
    assert {"401", "403", "409"}.isdisjoint(get["responses"]) or get["security"] == [{}, {"bearer": []}]


def test_fastapis_own_form_of_errors_is_not_promised(offline: FastAPI) -> None:
    assert "HTTPValidationError" not in json.dumps(offline.openapi())


def test_every_reference_leads_somewhere(offline: FastAPI) -> None:
    made = offline.openapi()
    for reference in set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', json.dumps(made))):
        assert reference[1] in made["components"][reference[0]]


def test_the_demo_clock_is_not_promised_where_there_is_none(settings_of: SettingsOf) -> None:
    assert "Motcua-Demo-Time" not in json.dumps(shelf.make(settings_of(demo_clock=False)).openapi())


@pytest.mark.parametrize("path", ["/openapi.json"])
async def test_the_document_is_served(stranger: Caller, path: str) -> None:
    assert (await stranger.get(path)).json()["info"] == {"title": "Shelves", "version": "1.0.0"}
