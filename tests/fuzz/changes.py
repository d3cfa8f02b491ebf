"""How bytes are changed, so that a parser stumbles: in a few places, or, where they are JSON, by one value in another's place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, cast

SPICE: Final = (
    b'"',
    b"\\",
    b"{",
    b"[",
    b"}",
    b"null",
    b"-1",
    b"1e400",
    b"9" * 40,
    b"\0",
    b"\xff",
    b"%00",
    b"..",
    b"\xe1\xbb\x87",
    b"\n",
    b" ",
    b"",
)
"""What parsers stumble over."""

ODD: Final[tuple[Any, ...]] = (
    *(None, True, "", 0, -1, 1.5, 10**30, 2**63, 1e300, float("inf"), [], {}, [[]], {"": None}),
    *("x" * 300, "\0", "\ud800", "ệ", "2026-13-45", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00-14:00", "intake/0"),
)
"""What stands where something else is expected."""
PLACES_MAX: Final = 4


def changed(content: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """Change what somebody may send. `others` are good examples, from which parts are taken."""
    if chance.random() < 1 / 2 and (valued := revalued(content, chance)) is not None:
        return valued
    made = bytearray(content)
    for _ in range(chance.randint(1, PLACES_MAX)):
        at = chance.randint(0, len(made))
        upto = min(len(made), at + chance.choice((0, 1, 1, 2, 8, 64)))
        match chance.randrange(5):
            case 0:
                made[at:upto] = bytes(chance.randrange(256) for _ in range(upto - at or 1))
            case 1:
                made[at:upto] = chance.choice(SPICE)
            case 2:
                del made[at:upto]
            case 3:
                made[at:at] = made[at:upto] * chance.randint(1, 5)
            case _:
                other = chance.choice(others)
                made[at:] = other[chance.randint(0, len(other)) :]
    return bytes(made)


def revalued(content: bytes, chance: Random) -> bytes | None:
    """Put odd values in places of a JSON document, or take members away; None if it is none."""
    try:
        read: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict | list):
        return None
    for _ in range(chance.randint(1, PLACES_MAX)):
        read = elsewhere(read, chance, lambda: chance.choice(ODD))
    return json.dumps(read, ensure_ascii=chance.random() < 1 / 2).encode("utf-8", "surrogatepass")


def elsewhere(value: Any, chance: Random, odd: Callable[[], Any]) -> Any:
    """Give a value with something odd at one place within it."""
    if not isinstance(value, dict | list) or not value or chance.random() < 1 / 8:
        return odd()
    if isinstance(value, list):
        items = cast("list[Any]", value)
        at = chance.randrange(len(items))
        return [*items[:at], elsewhere(items[at], chance, odd), *items[at + 1 :]]
    members = cast("dict[str, Any]", value)
    name = chance.choice(sorted(members))
    if chance.random() < 1 / 4:
        return {key: member for key, member in members.items() if key != name}
    return members | {name: elsewhere(members[name], chance, odd)}
