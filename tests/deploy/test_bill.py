"""What an image holds from elsewhere: listed, under licences that were agreed to, and in the same words each time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from typing import Final

from deploy.licences import PAGE, licence_of, locked, page
from deploy.local.images import BILL as IN_IMAGE
from tests.architecture.source import ROOT

AGREED: Final = frozenset({"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "LGPL-2.1-or-later", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"})
BILL: Final = ROOT / "deploy" / "bill.py"


def lasting(bill: dict[str, object]) -> str:
    ran = subprocess.run([sys.executable, str(BILL)], input=json.dumps(bill), capture_output=True, text=True, check=True)
    return ran.stdout


def test_the_page_of_licences_is_what_the_lock_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m deploy.licences"


def test_every_package_is_under_a_licence_that_was_agreed_to() -> None:
    assert len(locked()) > 50
    for package in locked():
        named = set(re.split(r" AND | OR ", licence_of(package).replace("(", "").replace(")", "")))
        assert named <= AGREED, f"{package}: {named - AGREED}"


def test_what_is_listed_is_what_the_tests_ran_with() -> None:
    assert {package: version(package) for package in locked()} == locked()


def test_a_bill_of_the_same_lock_is_the_same_file() -> None:
    bill = {"components": [{"name": "asyncpg"}], "bomFormat": "CycloneDX", "specVersion": "1.5"}
    first = lasting({**bill, "serialNumber": "urn:uuid:1", "metadata": {"timestamp": "2026-01-01T00:00:00Z", "tools": []}})
    again = lasting({"serialNumber": "urn:uuid:2", "metadata": {"tools": [], "timestamp": "2026-01-02T00:00:00Z"}, **bill})
    assert first == again
    assert json.loads(first) == {**bill, "metadata": {"tools": []}}


def test_the_image_has_its_bill_in_it() -> None:
    made = (ROOT / "deploy" / "images" / "Dockerfile").read_text(encoding="utf-8")
    assert f"> {IN_IMAGE}" in made
    assert "!deploy/bill.py" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
