"""Read the golden files: one whole CloudEvent per event version ever published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import contracts

CONTRACTS: Final = Path(contracts.__file__).parent
GOLDEN: Final = CONTRACTS / "golden"


def golden(type_: str) -> dict[str, Any]:
    """Give the golden event of a type.

    Raises:
        FileNotFoundError: if there is none; write one and add its checksum to SHA256SUMS.
    """
    return json.loads((GOLDEN / f"{type_}.json").read_text(encoding="utf-8"))
