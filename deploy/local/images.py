"""`./motcua images`: an image of each service, with whatever container engine is here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

from deploy.local.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

ENGINES = ("docker", "podman")
DOCKERFILE = ROOT / "deploy" / "images" / "Dockerfile"
BILL = "/opt/motcua/sbom.cdx.json"
BILLS = ROOT / ".motcua" / "images"
"""Where the bills of materials of images are kept."""
NO_ENGINE = 3


def build(services: Sequence[str]) -> int:
    """Build `motcua/<service>:<version>` for each; return the exit code of the first build that failed, 3 without an engine."""
    engine = answering_engine()
    if engine is None:
        print("không có bộ chạy container · no container engine answers (docker or podman)", file=sys.stderr)
        return NO_ENGINE
    for service in services:
        tag = tag_of(service)
        print(tag, flush=True)
        command = [engine, "build", "-q", "-f", str(DOCKERFILE), "--build-arg", f"SERVICE={service}", "-t", tag, str(ROOT)]
        if (code := subprocess.run(command, check=False).returncode) != 0:
            return code
        keep_bill(engine, service)
    return 0


def keep_bill(engine: str, service: str) -> None:
    """Keep the bill of materials that an image has in it, as `.motcua/images/<service>.cdx.json`."""
    said = subprocess.run([engine, "run", "--rm", "--entrypoint", "cat", tag_of(service), BILL], check=True, capture_output=True)
    BILLS.mkdir(parents=True, exist_ok=True)
    (BILLS / f"{service}.cdx.json").write_bytes(said.stdout)


def missing(services: Sequence[str]) -> list[str]:
    """Return which of the services have no image of this version here."""
    engine = answering_engine()
    if engine is None:
        return [*services]
    return [
        one for one in services if subprocess.run([engine, "image", "inspect", tag_of(one)], check=False, capture_output=True).returncode
    ]


def answering_engine() -> str | None:
    """Return the program of the container engine that is here, None if there is none or it does not answer."""
    engine = next(filter(None, map(shutil.which, ENGINES)), None)
    running = engine is not None and subprocess.run([engine, "info"], check=False, capture_output=True).returncode == 0
    return engine if running else None


def tag_of(service: str) -> str:
    """Return the name of a service's image."""
    return f"motcua/{service}:{version()}"


def version() -> str:
    """Return the project's version, which is that of every image."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
