"""Beside step 8: pictures of pages for people to look at, and whether they are still of what the templates make.

A picture is as good as the hash of all that it was made from: the template and what it imports, the data, the fonts, and Typst itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from kernel.paper.typeset import HERE, PICTURE_PPI, picture

LIST: Final = "pictures.json"


@dataclass(frozen=True, slots=True)
class Pictured:
    """A page to be shown: its file's name without `.png`, its template, what the template imports, and its data."""

    name: str
    template: bytes
    imports: tuple[Path, ...]
    data: BaseModel

    @property
    def digest(self) -> str:
        """SHA-256 of everything that it is made from."""
        of = hashlib.sha256(f"typst {version('typst')} at {PICTURE_PPI}".encode())
        for part in (self.template, self.data.model_dump_json().encode(), *(path.read_bytes() for path in self._files())):
            of.update(hashlib.sha256(part).digest())
        return of.hexdigest()

    def _files(self) -> list[Path]:
        return [HERE / "administrative.typ", *sorted((HERE / "fonts").glob("*.ttf")), *self.imports]


def draw(folder: Path, pages: Sequence[Pictured]) -> None:
    """Draw every page, the first sheet of each, and note what each was made from."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        (folder / f"{page.name}.png").write_bytes(picture(page.template, page.data)[0])
    noted = {page.name: page.digest for page in pages}
    (folder / LIST).write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")


def stale(folder: Path, pages: Sequence[Pictured]) -> list[str]:
    """Name the pictures that are not there, or were made from something else, or of which there is no page any more."""
    noted: dict[str, str] = json.loads((folder / LIST).read_text(encoding="utf-8")) if (folder / LIST).is_file() else {}
    wanted = {page.name: page.digest for page in pages}
    there = {path.stem for path in folder.glob("*.png")}
    return sorted(name for name in wanted.keys() | noted.keys() | there if name not in there or wanted.get(name) != noted.get(name))
