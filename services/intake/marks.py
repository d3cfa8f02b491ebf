"""Beside step 2: marks by which a dossier can be found and compared, and that say nothing to whoever lacks the vault's key.

A mark is a letter for its kind and a keyed hash. Words are compared as people read them: `Hoà` and `Hòa` are one word, and `hoa`
finds both. The letters of the hash are a to p, so that no reader of text takes one for a number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from kernel.eventlog import Table
from kernel.vault import KeyRing

MARK: Final = Table("door.mark", {"dossier_id": "uuid", "marks": "text"})
"""Give it to the service's `Log(tables=…)`."""

HASH_BYTES: Final = 9
WORDS_MAX: Final = 12
"""More words than a name has: a text of an applicant is cut there."""

WORD: Final = re.compile(r"\w+")
LETTERS: Final = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")

SAME: Final[Mapping[str, str]] = {"i": "identity-number", "t": "tax-code", "p": "phone", "n": "name"}
"""By which kinds of marks two dossiers may be of one applicant, and what that is called."""


def folded(word: str) -> str:
    """Give a word without tones and marks, in small letters: `Đặng` is `dang`."""
    apart = unicodedata.normalize("NFD", word.casefold().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def exact(word: str) -> str:
    """Give a word with its tones and marks, wherever over it they stand: `Hoà` and `Hòa` are the same."""
    apart = unicodedata.normalize("NFD", word.casefold())
    signs = "".join(sorted(letter for letter in apart if unicodedata.combining(letter)))
    return f"{''.join(letter for letter in apart if not unicodedata.combining(letter))}|{signs}"


def words_of(text: str) -> list[str]:
    """Give the words of a text, the first `WORDS_MAX` of them."""
    return WORD.findall(unicodedata.normalize("NFC", text))[:WORDS_MAX]


def digits(phone: str) -> str:
    """Give a phone number in its one form: `+84912345678` is `0912345678`."""
    return "0" + phone.removeprefix("+84") if phone.startswith("+84") else phone


def marks_of(personal: Mapping[str, str], keys: KeyRing) -> str:
    """Give the marks of an applicant's particulars, under the key that seals."""
    names = words_of(personal["name"])
    told = {f"w{folded(word)}" for word in names} | {f"x{exact(word)}" for word in names}
    told.add("n" + " ".join(exact(word) for word in names))
    told |= {f"{kind}{personal[field]}" for kind, field in (("i", "identity_number"), ("t", "tax_code")) if field in personal}
    if "phone" in personal:
        told.add("p" + digits(personal["phone"]))
    return " ".join(sorted(marked(one, keys.keys[keys.current]) for one in told))


def marks_to_find(words: str, keys: KeyRing) -> list[list[str]]:
    """Give, for each key that may have been used, the marks that a dossier must have to be found by these words.

    A word written with tones or marks must be there with them; a number may be of any kind.
    """
    wanted = [f"w{folded(word)}" if folded(word) == word.casefold() else f"x{exact(word)}" for word in words_of(words)]
    return [[marked(one, key) for one in wanted] for key in keys.keys.values()] if wanted else []


def numbers_to_find(number: str, keys: KeyRing) -> list[list[str]]:
    """Give, for each key and each kind of number, the mark of a number."""
    return [[marked(kind + value, key)] for key in keys.keys.values() for kind, value in (("i", number), ("t", number), ("p", digits(number)))]


def comparable(marks: str) -> list[str]:
    """Keep the marks by which two dossiers may be of one applicant."""
    return [one for one in marks.split() if one[0] in SAME]


def reasons(ours: Iterable[str], theirs: Iterable[str]) -> list[str]:
    """Say what two dossiers have in common."""
    return sorted({SAME[one[0]] for one in set(ours) & set(theirs) if one[0] in SAME})


def marked(text: str, key: bytes) -> str:
    """Make a mark: the text's first letter names its kind."""
    found = hmac.new(key, f"mark:{text}".encode(), hashlib.sha256).hexdigest()[: HASH_BYTES * 2]
    return text[0] + found.encode().translate(LETTERS).decode()
