"""What compose starts is what the manifests start: the same settings, images, roles and files."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from deploy.local.composed import FILE, NATS_PORTS, PORTAL_PORT, POSTGRES_PORT, SERVICE_PORTS, VALUES
from deploy.local.images import version
from deploy.local.stack import SERVICES
from tests.architecture.source import ROOT
from tests.deploy.names import service_of

TEXT: Final = FILE.read_text(encoding="utf-8")
COMPOSE: Final[Any] = yaml.safe_load(TEXT)["services"]


def test_each_service_runs_as_migration_api_and_worker_from_its_image() -> None:
    ours = {name: one for name, one in COMPOSE.items() if name.partition("-")[0] in SERVICES}
    assert {(name, one["image"], *one["command"]) for name, one in ours.items()} == {
        (f"{name}-{role}", f"motcua/{name}:{version()}", role) for name in SERVICES for role in ("migrate", "api", "worker")
    }
    assert all(one["read_only"] and one["cap_drop"] == ["ALL"] and one["user"] == "10001:10001" for one in ours.values())


def test_every_variable_is_a_setting_of_its_service() -> None:
    for name in SERVICES:
        known = {f"{name.upper()}_{field.upper()}" for field in getattr(service_of(name).settings, "model_fields", ())}
        for role in ("migrate", "api", "worker"):
            told = set(COMPOSE[f"{name}-{role}"]["environment"])
            assert told <= known, told - known
            assert (f"{name.upper()}_MIGRATE_DATABASE_URL" in told) == (role == "migrate")


def test_files_of_dossiers_lie_in_one_volume_that_every_process_of_intake_shares_and_may_write_on() -> None:
    folder = COMPOSE["intake-api"]["environment"]["INTAKE_FILES_URL"].removeprefix("file://")
    assert all(f"intake-files:{folder}" in COMPOSE[f"intake-{role}"]["volumes"] for role in ("api", "worker"))
    assert "intake-files" in yaml.safe_load(TEXT)["volumes"]
    image = (ROOT / "deploy" / "images" / "Dockerfile").read_text(encoding="utf-8")
    assert f"RUN install -d -o 10001 -g 10001 {folder}\nUSER 10001:10001\n" in image


def test_intake_speaks_to_the_national_portal_that_is_started_beside_it() -> None:
    portal = COMPOSE["national-portal"]
    host, port = portal["command"][1], portal["command"][3]
    assert (host, COMPOSE["intake-worker"]["environment"]["INTAKE_NATIONAL_URL"]) == ("0.0.0.0", f"http://national-portal:{port}")  # noqa: S104 - in its container
    assert portal["image"] == COMPOSE["intake-api"]["image"], "it needs nothing that is not in there"
    code = (ROOT / "deploy" / "local" / "national_portal.py").read_text(encoding="utf-8")
    needed = {"national_portal.py", *(f"{name}.py" for name in re.findall(r"^from deploy\.local\.(\w+) import", code, re.MULTILINE))}
    assert set(portal["volumes"]) == {f"./local/{name}:/app/deploy/local/{name}:ro" for name in needed}, "and nothing that is not mounted"


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [volume.split(":")[0] for one in COMPOSE.values() for volume in one.get("volumes", ())]
    assert {path for path in mounted if path.startswith("./") and not (ROOT / "deploy" / path).exists()} == set()


def test_the_demo_gives_every_value_that_is_asked_for_and_knows_every_port() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == {*VALUES, "FILES"}
    published = {name: [int(port.split(":")[1]) for port in one["ports"]] for name, one in COMPOSE.items() if "ports" in one}
    nodes = {f"nats-{n}": [port] for n, port in enumerate(NATS_PORTS)}
    others = {"postgres": [POSTGRES_PORT], "national-portal": [PORTAL_PORT]}
    assert published == {**{f"{name}-api": [port] for name, port in SERVICE_PORTS.items()}, **nodes, **others}
    assert {port.split(":")[0] for one in COMPOSE.values() for port in one.get("ports", ())} == {"127.0.0.1"}


def test_with_the_collector_every_process_tells_it_and_it_listens_there() -> None:
    more: Any = yaml.safe_load((ROOT / "deploy" / "compose.collector.yaml").read_text(encoding="utf-8"))["services"]
    told = {name: one["environment"] for name, one in more.items() if name != "collector"}
    assert told == {
        f"{name}-{role}": {f"{name.upper()}_OTLP_ENDPOINT": "http://collector:4318"} for name in SERVICES for role in ("api", "worker")
    }
    assert all("otlp_endpoint" in getattr(service_of(name).settings, "model_fields", ()) for name in SERVICES)
    (mounted,) = more["collector"]["volumes"]
    assert unconnected(yaml.safe_load((ROOT / "deploy" / mounted.split(":")[0]).read_text(encoding="utf-8")), 4318) == []


def unconnected(told: Any, port: int) -> list[str]:
    """Say what a collector's configuration names and does not have, has and does not use, and whether it listens."""
    wrong: list[str] = []
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in told["service"]["pipelines"].values() for name in pipeline.get(kind, ())}
        wrong += [f"{kind}: {name}" for name in sorted(used ^ set(told[kind]))]
    wrong += [f"extensions: {name}" for name in sorted(set(told["service"]["extensions"]) ^ set(told["extensions"]))]
    listens = told["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    return wrong if listens.endswith(f":{port}") else [*wrong, f"listens on {listens}"]


def test_a_collector_that_nothing_arrives_at_would_be_found() -> None:
    told = yaml.safe_load((ROOT / "deploy" / "otel" / "collector.yaml").read_text(encoding="utf-8"))
    told["service"]["pipelines"]["traces"]["exporters"] = ["otlp"]
    told["extensions"]["pprof"] = {}
    told["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = "0.0.0.0:4317"
    assert unconnected(told, 4318) == ["exporters: debug", "exporters: otlp", "extensions: pprof", "listens on 0.0.0.0:4317"]
