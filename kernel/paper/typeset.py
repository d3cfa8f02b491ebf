"""Beside step 8: a page from a template and typed data, as PDF/A-2a (ISO 19005-2) that is tagged, searchable and the same each time.

The template is Typst. It finds the data as JSON in `sys.inputs.data` and may import `/kernel/paper/administrative.typ`.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

import typst
from pydantic import BaseModel

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
"""What a template may import from: nothing outside is read, and nothing is fetched."""

STANDARD: Final = "a-2a"
PICTURE_PPI: Final = 66.0


@cache
def fonts() -> typst.Fonts:
    """Give the fonts that a page may use: those beside this module and no other, so that it looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[HERE / "fonts"])


def typeset(template: bytes, data: BaseModel, at: datetime) -> bytes:
    """Make a PDF/A-2a; the same template, data and instant give the same bytes.

    Args:
        template: Typst source.
        data: what the template shows.
        at: when the page was made, as the facts have it; it stands in the file's metadata.

    Raises:
        typst.TypstError: if the template is wrong, or the page cannot be PDF/A.
    """
    return cast("bytes", _compile(template, data, "pdf", at))


def picture(template: bytes, data: BaseModel, ppi: float = PICTURE_PPI) -> list[bytes]:
    """Make a PNG of every page, to look at."""
    made = _compile(template, data, "png", None, ppi)
    return made if isinstance(made, list) else [made]


def _compile(
    template: bytes, data: BaseModel, form: Literal["pdf", "png"], at: datetime | None, ppi: float | None = None
) -> bytes | list[bytes]:
    compiler = typst.Compiler(template, root=ROOT, font_paths=fonts(), ignore_system_fonts=True)
    made = compiler.compile(
        format=form,
        ppi=ppi,
        sys_inputs={"data": data.model_dump_json()},
        pdf_standards=[STANDARD] if form == "pdf" else [],
        timestamp=int(at.timestamp()) if at else None,
    )
    return cast("bytes | list[bytes]", made)
