"""Before step 3: sets of indicators as files have them, read once and checked. A new version is a new file; the older ones stay askable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from services.reporting.domain.scoring import Pack
from services.reporting.query import DEFINITION_HASH

SHIPPED: Final = Path(__file__).parent / "indicators"


@dataclass(frozen=True, slots=True)
class OnFile:
    """A version of a set, and the hash of all that says what its figures are: the file's own bytes, and how measures are counted."""

    pack: Pack
    definition_hash: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """All versions of all sets."""

    packs: Mapping[tuple[str, int], OnFile]

    def newest(self) -> list[OnFile]:
        """Give the last version of each set."""
        return [self.packs[id, max(n for one, n in self.packs if one == id)] for id in sorted({id for id, _ in self.packs})]

    def find(self, id: str, version: int | None) -> OnFile | None:
        """Give a version of a set; the last, unless one is named."""
        if version is not None:
            return self.packs.get((id, version))
        return next((one for one in self.newest() if one.pack.id == id), None)


def read(file: Path) -> OnFile:
    """Read one file.

    Raises:
        ValueError: with the file's name, if it is no such set.
    """
    content = file.read_bytes()
    try:
        pack = Pack.model_validate(yaml.safe_load(content))
    except (yaml.YAMLError, ValidationError) as error:
        message = f"{file.name}: {error}"
        raise ValueError(message) from error
    return OnFile(pack, hashlib.sha256(DEFINITION_HASH.encode() + b"\0" + content).hexdigest())


def shelf(folders: Iterable[Path | None] = ()) -> Shelf:
    """Read what comes with the program, and what an agency adds.

    Raises:
        ValueError: if a file is no set, or two files are the same version of one.
    """
    found: dict[tuple[str, int], OnFile] = {}
    for folder in (SHIPPED, *folders):
        for file in sorted(folder.glob("*.yaml")) if folder is not None else ():
            one = read(file)
            if (one.pack.id, one.pack.version) in found:
                message = f"{file.name}: version {one.pack.version} of {one.pack.id} is there already"
                raise ValueError(message)
            found[one.pack.id, one.pack.version] = one
    return Shelf(found)
