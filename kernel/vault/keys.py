"""The vault's keys: one seals, all of them open, so that a key can be changed without touching what lies there."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

KEY_BYTES: Final = 32
KEY_ID_MAX: Final = 32767


@dataclass(frozen=True, slots=True)
class KeyRing:
    """AES-256 keys by id; `current` is the one that seals."""

    current: int
    keys: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError("the current key is not on the ring")
        if any(len(key) != KEY_BYTES for key in self.keys.values()) or not all(0 < n <= KEY_ID_MAX for n in self.keys):
            raise ValueError("a key has 32 bytes and an id from 1 to 32767")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2:<base64>,1:<base64>`, the current key first, as it stands in the setting.

        Raises:
            ValueError: if it is not of that form. The text is not repeated.
        """
        try:
            pairs = [one.strip().split(":", 1) for one in text.split(",")]
            keys = {int(number): b64decode(key, validate=True) for number, key in pairs}
            current = int(pairs[0][0])
        except (ValueError, binascii.Error):
            raise ValueError("the vault's keys must read <id>:<base64 of 32 bytes>, separated by commas") from None
        if len(keys) != len(pairs):
            raise ValueError("two of the vault's keys have the same id")
        return cls(current, keys)
