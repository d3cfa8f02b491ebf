"""Beside step 8: a text as a QR code (ISO/IEC 18004), drawn as SVG so that it stays sharp at every size."""

from __future__ import annotations

from typing import Final

import segno

CORRECTION: Final = "m"
"""A stamp or a fold may hide about fifteen per cent of it."""


def qr_svg(text: str) -> str:
    """Draw a text; the quiet zone is left to the template.

    Raises:
        segno.DataOverflowError: if it is longer than 2,331 bytes.
    """
    return segno.make_qr(text, error=CORRECTION, boost_error=False).svg_inline(border=0, omitsize=True)
