"""Prometheus itself says whether the rules are rules, and whether each alert rings when it should and not otherwise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.architecture.source import ROOT
from tests.deploy.manifests import K8S, deployed, one

STORY: Final = Path(__file__).parent / "rules.test.yaml"
FETCHED: Final = ROOT / ".motcua" / "tool" / "prometheus" / "usr" / "bin" / "promtool"


@pytest.fixture(scope="module")
def promtool() -> str:
    """Give promtool: installed, or unpacked by .ci/run. CI has to have it; elsewhere its tests are skipped."""
    found = shutil.which("promtool") or (str(FETCHED) if FETCHED.exists() else None)
    if found is None and "CI" not in os.environ:
        pytest.skip("promtool is not here: `apt-get install prometheus`, or unpack that package as .ci/run does")
    assert found is not None, ".ci/run has not unpacked promtool"
    return found


def rules() -> Any:
    """Give the rules as a cluster gets them."""
    return one(deployed("production"), "PrometheusRule", "motcua")["spec"]


def played(promtool: str, folder: Path, said: Any) -> subprocess.CompletedProcess[str]:
    """Play the story against rules."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    shutil.copy(STORY, folder)
    return subprocess.run([promtool, "test", "rules", STORY.name], cwd=folder, check=False, capture_output=True, text=True)


def test_each_alert_rings_when_it_should_and_not_otherwise(promtool: str, tmp_path: Path) -> None:
    done = played(promtool, tmp_path, rules())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_story_has_each_alert() -> None:
    story = yaml.safe_load(STORY.read_text(encoding="utf-8"))
    told = {case["alertname"] for test in story["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert told == {rule["alert"] for group in rules()["groups"] for rule in group["rules"]}


def test_a_rule_that_never_rings_would_be_found(promtool: str, tmp_path: Path) -> None:
    said = rules()
    parked = next(rule for rule in said["groups"][0]["rules"] if rule["alert"] == "FactParked")
    parked["expr"] = parked["expr"].replace("max by", "min by")  # the standby's 0 would hide it
    done = played(promtool, tmp_path, said)
    assert done.returncode != 0
    assert "FactParked" in done.stdout + done.stderr


def test_every_question_of_the_dashboard_can_be_asked(promtool: str, tmp_path: Path) -> None:
    board = json.loads((K8S / "components" / "prometheus-operator" / "motcua.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    file = tmp_path / "asked.yaml"

    def checked(expressions: list[str]) -> int:
        recorded = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(expressions)]
        file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": recorded}]}), encoding="utf-8")
        return subprocess.run([promtool, "check", "rules", file], check=False, capture_output=True).returncode

    assert checked(asked) == 0
    assert checked([asked[0] + ")"]) != 0
