"""What PDF/A-2a (ISO 19005-2) asks for, as far as a reader can see it; no validator looks at the rest."""

from __future__ import annotations

import io
import re
from typing import Any, Final

from pypdf import PdfReader


def conforms(pdf: bytes) -> dict[str, Any]:
    """Read out what can be seen; XMP may say the same as elements or, where pyHanko wrote it, as attributes."""
    reader = PdfReader(io.BytesIO(pdf))
    root: Any = reader.root_object
    xmp = root["/Metadata"].get_data().decode()
    fonts_used = [font["/DescendantFonts"][0]["/FontDescriptor"] for page in reader.pages for font in embedded(page)]
    return {
        "says": re.findall(r'pdfaid:(part|conformance)(?:>|=")(\w)', xmp),
        "intent": [intent["/S"] for intent in root["/OutputIntents"]],
        "marked": bool(root["/MarkInfo"]["/Marked"]),
        "tagged": "/StructTreeRoot" in root,
        "language": str(root["/Lang"]),
        "embedded": bool(fonts_used) and all({"/FontFile2", "/FontFile3"} & set(font) for font in fonts_used),
        "encrypted": reader.is_encrypted,
        "active": [name for name in ("/OpenAction", "/AA", "/JavaScript") if name in root],
    }


def embedded(page: Any) -> list[Any]:
    """Give the fonts of a page."""
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]


AS_IT_SHOULD_BE: Final = {
    "says": [("part", "2"), ("conformance", "A")],
    "intent": ["/GTS_PDFA1"],
    "marked": True,
    "tagged": True,
    "language": "vi-VN",
    "embedded": True,
    "encrypted": False,
    "active": [],
}
