"""Step 3 of 8, decide: guards, the conditions that a workflow sets: pure expressions over a few typed facts, that say why they are false.

open-consultations = 0 and (supplements <= 1 or verdict = refused)
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, get_args

from contracts.processing_coordination import CouncilFinding, SiteFinding
from contracts.vocabulary import Channel

Kind: TypeAlias = Literal["number"] | frozenset[str]
Facts: TypeAlias = Mapping[str, int | str]
Known: TypeAlias = int | str | frozenset[str]
"""What is settled of a fact: its value, or the words that it may still be."""

KINDS: Final[Mapping[str, Kind]] = {
    "supplements": "number",
    "consultations": "number",
    "open-consultations": "number",
    "late-consultations": "number",
    "reappointed": frozenset({"yes", "no"}),
    "verdict": frozenset({"pending", "granted", "refused"}),
    "opinions-against": "number",
    "site-finding": frozenset({"none", *get_args(SiteFinding)}),
    "council-finding": frozenset({"none", *get_args(CouncilFinding)}),
    "channel": frozenset({"unknown", *get_args(Channel)}),
}
"""What a guard may ask: a number, or one of these words."""

IN_VIETNAMESE: Final[Mapping[str, str]] = {
    "supplements": "số lần yêu cầu bổ sung",
    "consultations": "số lần lấy ý kiến",
    "open-consultations": "số ý kiến chưa trả lời",
    "late-consultations": "số ý kiến trả lời quá hạn",
    "reappointed": "đã xin lỗi và hẹn lại",
    "verdict": "quyết định",
    "opinions-against": "số ý kiến không đồng ý",
    "site-finding": "kết luận thẩm định thực tế",
    "council-finding": "kết luận của hội đồng",
    "channel": "kênh nộp",
}

COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TOKEN: Final = re.compile(r"\s*([()]|[!<>]?=|[<>]|[a-z][a-z-]*|\d{1,4})")


class Unreadable(ValueError):  # noqa: N818 - says what the text is
    """A text that is no guard; the message says why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fact beside what it should be."""

    fact: str
    sign: str
    value: int | str


@dataclass(frozen=True, slots=True)
class Joined:
    """Several guards that must all hold, or one of which must."""

    word: Literal["and", "or"]
    parts: tuple[Guard, ...]


Guard: TypeAlias = Comparison | Joined


@lru_cache
def parse(text: str) -> Guard:
    """Read a guard; `and` binds closer than `or`.

    Raises:
        Unreadable: if the text is none: a fact that does not exist, a number where a word belongs, a bracket too many.
    """
    tokens = list(_tokens(text))
    guard = _joined(tokens, "or")
    if tokens:
        message = f"{tokens[0]!r} stands where the guard should end"
        raise Unreadable(message)
    return guard


def holds(guard: Guard, facts: Facts) -> bool:
    """Tell whether a guard is true."""
    match guard:
        case Comparison(fact, sign, value):
            return COMPARE[sign](facts[fact], value)
        case Joined("and", parts):
            return all(holds(part, facts) for part in parts)
        case Joined(_, parts):
            return any(holds(part, facts) for part in parts)


def why_false(guard: Guard, facts: Facts) -> list[tuple[str, str]]:
    """Say, in Vietnamese and English, what keeps a guard from being true; of a true one, nothing."""
    if holds(guard, facts):
        return []
    match guard:
        case Comparison(fact, sign, value):
            found = facts[fact]
            return [(f"{IN_VIETNAMESE[fact]} là {found}, phải {sign} {value}", f"{fact} is {found}, and must be {sign} {value}")]
        case Joined(_, parts):
            return [each for part in parts for each in why_false(part, facts)]


def can_hold(guard: Guard, known: Mapping[str, Known], *, wanted: bool = True) -> bool:
    """Tell whether a guard can ever become true (or false), though some facts are settled: tries every case that it tells apart."""
    values: dict[str, Iterable[int | str]] = {}
    for each in _comparisons(guard):
        # A number matters only by lying below, at, or above those that it is compared with.
        near = range(max(0, each.value - 1), each.value + 2) if isinstance(each.value, int) else sorted(_words(each.fact))
        values[each.fact] = {*values.get(each.fact, ()), *near}
    values |= {fact: _settled(known[fact]) for fact in values.keys() & known.keys()}
    cases = (dict(zip(values, case, strict=True)) for case in itertools.product(*values.values()))
    return any(holds(guard, case) is wanted for case in cases)


def _settled(found: Known) -> Iterable[int | str]:
    return found if isinstance(found, frozenset) else (found,)


def _comparisons(guard: Guard) -> Iterator[Comparison]:
    match guard:
        case Comparison():
            yield guard
        case Joined(_, parts):
            for part in parts:
                yield from _comparisons(part)


def _words(fact: str) -> frozenset[str]:
    kind = KINDS[fact]
    return frozenset() if kind == "number" else kind


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        if (found := TOKEN.match(text, at)) is None:
            message = f"{text[at:].strip()!r} is nothing that a guard is made of"
            raise Unreadable(message)
        yield found[1]
        at = found.end()


def _joined(tokens: list[str], word: Literal["and", "or"]) -> Guard:
    parts = [_part(tokens, word)]
    while tokens and tokens[0] == word:
        tokens.pop(0)
        parts.append(_part(tokens, word))
    return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))


def _part(tokens: list[str], word: Literal["and", "or"]) -> Guard:
    if word == "or":
        return _joined(tokens, "and")
    if tokens[:1] != ["("]:
        return _comparison(tokens)
    tokens.pop(0)
    inside = _joined(tokens, "or")
    if not tokens or tokens.pop(0) != ")":
        raise Unreadable("a bracket is not closed")
    return inside


def _comparison(tokens: list[str]) -> Comparison:
    if len(tokens) < 3 or tokens[1] not in COMPARE:  # noqa: PLR2004 - fact, sign, value
        message = f"{' '.join(tokens[:3])!r} does not compare a fact with a value"
        raise Unreadable(message)
    fact, sign, text = (tokens.pop(0) for _ in range(3))
    if (kind := KINDS.get(fact)) is None:
        message = f"there is no fact {fact!r}; there are {', '.join(KINDS)}"
        raise Unreadable(message)
    if kind == "number":
        if not text.isdigit():
            message = f"{fact} is a number, {text!r} is none"
            raise Unreadable(message)
        return Comparison(fact, sign, int(text))
    if text not in kind or sign not in {"=", "!="}:
        message = f"{fact} is (=) or is not (!=) one of {', '.join(sorted(kind))}; {sign} {text!r} says something else"
        raise Unreadable(message)
    return Comparison(fact, sign, text)
