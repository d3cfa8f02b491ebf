"""`python -m deploy.licences`: docs/licences.md, what an image holds from elsewhere and under which licence, by uv.lock."""

from __future__ import annotations

import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "licences.md"
IMAGE: Final = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux"}
"""What markers are asked about."""

CALLED: Final = {
    "Apache 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "LGPL": "LGPL-2.1-or-later",
}
"""What packages call licences that have a name in SPDX."""

HEAD: Final = """\
# What an image holds from elsewhere

Made from `uv.lock` by `python -m deploy.licences`; a test fails when it is stale, and on a licence that nobody has agreed to. With
the hash of each file it is in every image (CycloneDX 1.5, beside the Python environment), and `./motcua images` keeps a copy in
`.motcua/images`; that also names what the lock has for other systems. What the base image holds is listed by its publisher.

python-stdnum is under the LGPL: it is used as it comes from its publisher, and can be exchanged. The fonts in `kernel/paper/fonts/` are
under the SIL Open Font License.

| package | version | licence |
|---|---|---|
"""


def locked() -> dict[str, str]:
    """Give the packages of an image with their versions: what the project needs, and what that needs, on Linux."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages: dict[str, Any] = {package["name"]: package for package in lock["package"]}
    seen, waiting = set[tuple[str, str]](), [("motcua", "")]
    while waiting:
        name, extra = waiting.pop()
        wanted = packages[name].get("optional-dependencies", {}).get(extra, []) if extra else packages[name].get("dependencies", [])
        for one in wanted:
            if "marker" not in one or Marker(one["marker"]).evaluate(IMAGE):
                new = {(one["name"], extra) for extra in ("", *one.get("extra", ()))} - seen
                seen |= new
                waiting += sorted(new)
    return {name: packages[name]["version"] for name in sorted({name for name, _ in seen})}


def licence_of(package: str) -> str:
    """Give the licence that an installed package names: as SPDX has it, or in a word, or by its classifier."""
    said = metadata(package)
    classified = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License ::")]
    found = said["License-Expression"] or said["License"] or " AND ".join(classified)
    return CALLED.get(found, found)


def page() -> str:
    """Write the page."""
    return HEAD + "".join(f"| {name} | {version} | {licence_of(name)} |\n" for name, version in locked().items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
