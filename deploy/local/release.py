"""The last release: which revision it is, and its program in a folder of its own, to be run beside the present one."""

from __future__ import annotations

import io
import subprocess
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from deploy.local.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE: Final = ROOT / "deploy" / "release.yaml"


class NotThere(Exception):  # noqa: N818 - says what the revision is
    """This clone does not hold the revision."""


@dataclass(frozen=True, slots=True)
class Release:
    """A revision in git, and what has been agreed to since.

    Args:
        revision: whose program an update meets.
        gone: by service, read tables that it shows and the present program does not.
        allowed: by `<service>/<migration>`, rules of squawk that it may break.
        wider: by service, constraints of older tables that refuse less than they did.
    """

    revision: str
    gone: Mapping[str, Sequence[str]]
    allowed: Mapping[str, Sequence[str]]
    wider: Mapping[str, Sequence[str]]


def last_release() -> Release:
    """Read which it is."""
    return Release(**yaml.safe_load(FILE.read_text(encoding="utf-8")))


def check_out(revision: str, folder: Path) -> Path:
    """Lay a revision's files into a folder, and give the folder. The working copy, and what is not committed, stay out of it.

    Raises:
        NotThere: if this clone lacks it, as a shallow one does; with what to do.
    """
    made = subprocess.run(["git", "archive", "--format=zip", revision], cwd=ROOT, check=False, capture_output=True)
    if made.returncode != 0:
        message = f"{revision} is not in this clone (a shallow one? `git fetch --unshallow`): {made.stderr.decode().strip()}"
        raise NotThere(message)
    with zipfile.ZipFile(io.BytesIO(made.stdout)) as archive:
        archive.extractall(folder)
    return folder
