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
NO_ENGINE = 3


def build(services: Sequence[str]) -> int:
    """Build `motcua/<service>:<version>` for each; return the exit code of the first build that failed, 3 without an engine."""
    engine = next(filter(None, map(shutil.which, ENGINES)), None)
    if engine is None or subprocess.run([engine, "info"], check=False, capture_output=True).returncode != 0:
        print("không có bộ chạy container · no container engine answers (docker or podman)", file=sys.stderr)
        return NO_ENGINE
    for service in services:
        tag = f"motcua/{service}:{version()}"
        print(tag, flush=True)
        command = [engine, "build", "-q", "-f", str(DOCKERFILE), "--build-arg", f"SERVICE={service}", "-t", tag, str(ROOT)]
        if (code := subprocess.run(command, check=False).returncode) != 0:
            return code
    return 0


def version() -> str:
    """Return the project's version, which is that of every image."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
