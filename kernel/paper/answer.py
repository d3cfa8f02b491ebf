"""Step 1 of 8, http_api: a page as an answer, for whoever asks for a PDF; for programs the same as JSON."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

PDF: Final = "application/pdf"
A_PDF: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}}


def wants_pdf(accept: str | None) -> bool:
    """Tell whether a caller asks for a PDF; who names neither form gets JSON."""
    ranges = [one.partition(";")[0].strip().lower() for one in (accept or "").split(",")]
    return PDF in ranges and "application/json" not in ranges[: ranges.index(PDF)]


def pdf_response(body: bytes, name: str) -> Response:
    """Answer with a PDF that browsers show."""
    file = name.replace("/", "-")
    return Response(
        body, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{file}.pdf"', "X-Content-Type-Options": "nosniff"}
    )
