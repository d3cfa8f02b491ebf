"""Step 7 of 8, projections: what has no column of its own, as JSON in a text: read as a whole, and never asked for a part."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel


def json_text(value: Any) -> str:
    """Write parts of a fact, or values made of one, as JSON."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(type(value).__name__)
