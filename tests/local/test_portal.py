"""`./motcua up` has a national portal beside intake, so that whoever tries Motcua out sees what it is told."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from deploy.local.stack import Stack
from tests.local.asking import motcua

pytestmark = pytest.mark.servers


def test_up_starts_a_national_portal_and_intake_speaks_to_it(tmp_path: Path) -> None:
    started = motcua("up", "--detach", "--services", "intake", "--data", tmp_path)
    try:
        stack = Stack(tmp_path, services=("intake",))
        assert (started.returncode, f"{stack.portal_url}/docs" in started.stdout) == (0, True), started.stdout
        processes = json.loads(motcua("status", "--json", "--data", tmp_path).stdout)["processes"]
        assert processes["national-portal"]["ready"]
        headers = {"Authorization": f"Bearer {stack.token('operator', ['admin'])}"}
        assert httpx2.get(f"{stack.urls['intake']}/v1/national-portal", headers=headers).json()["connected"]
        assert httpx2.get(f"{stack.portal_url}/control/held").json()["dossiers"] == {}
    finally:
        assert motcua("down", "--data", tmp_path).returncode == 0
