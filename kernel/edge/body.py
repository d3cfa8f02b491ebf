"""Step 1 of 8, http_api: what a caller sends."""

from __future__ import annotations

import unicodedata
from typing import Final

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Body(BaseModel):
    """What a caller sends: nothing that we do not know, so that a misspelt field is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EmptyBody(Body):
    """An empty object."""


def nfc(text: object) -> object:
    """Write a text in one way only: Vietnamese letters have two spellings in Unicode, and only one can be searched for."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


NFC: Final = BeforeValidator(nfc)
"""For texts that people write: `Annotated[str, StringConstraints(max_length=200), NFC]`, in this order."""
