"""Step 3 of 8, decide: a set of indicators as data: areas, criteria, indicators; what each is worth, and what all come to.

An indicator is a formula over measures (`measures.py`), or says what fact would be needed for it. Its value is what the formula comes to,
or what a leader signed for instead; of `target` percent it has its full `weight`, below in proportion (QĐ 766/QĐ-TTg: R x Pmax / target).
What is not known is left out and named, never taken for zero, and no maximum is made smaller for it (TT 01/2018, Điều 15.4.b): beside
a score that lacks something stand the lowest and the highest that it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.reporting_indicators import IndicatorCode, PackCode
from contracts.vocabulary import Confidence
from services.reporting.domain.formula import Formula, asks_for_what_is_unknown, names_in, number, parse, rounded
from services.reporting.domain.measure_names import MEASURES
from services.reporting.domain.measures import Counts

FULL: Final = 100
"""The part of full, in percent, that is full."""

State: TypeAlias = Literal["computed", "overridden", "not-applicable", "not-known", "no-data"]
"""`not-applicable`: there is nothing that it is a share of; `not-known`: a measure is withheld, or no calendar knows the days."""


class Defined(BaseModel):
    """A part of a definition: nothing in it that we do not know, so that a misspelt word is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(Defined):
    """What something is called."""

    vi: str
    en: str


class Part(Defined):
    """An area, a criterion or an indicator.

    Args:
        max: what the parts are worth together; of an area whose parts have no weights of their own it is all that is known.
        formula: what is computed; None = nothing can be, and `needs` says what fact would be needed.
        lacks: what belongs to it and no fact says, so that the formula is without it.
        target: from which value on it has its full weight; None = nobody has told.
        weight: the points that it is worth.
        evidence: by what it is shown, where it is said by hand.
    """

    id: IndicatorCode
    name: Name
    source: str | None = None
    max: Annotated[Decimal | None, Field(gt=0)] = None
    parts: tuple[Part, ...] = ()
    formula: str | None = None
    needs: str | None = None
    lacks: str | None = None
    target: Annotated[Decimal | None, Field(gt=0)] = None
    weight: Annotated[Decimal | None, Field(gt=0)] = None
    evidence: str | None = None
    confidence: Confidence = "M"

    @model_validator(mode="after")
    def _is_one_thing(self) -> Part:
        if self.parts and (self.formula or self.needs or self.weight or self.target):
            raise ValueError("an area has parts and nothing else")
        if not self.parts and (self.formula is None) == (self.needs is None):
            raise ValueError("an indicator has a formula, or says what it needs")
        if self.formula is not None:
            parse(self.formula, MEASURES)
        return self

    def indicators(self) -> Iterator[Part]:
        """Walk over the indicators below, or give this one."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.indicators()


class Class(Defined):
    """A class by its lower bound, which is in it."""

    least: Decimal
    name: str


class Pack(Defined):
    """A version of a set of indicators. `digits`: to how many decimals its values are told, rounded half up and once."""

    id: PackCode
    version: Annotated[int, Field(ge=1)]
    title: Name
    source: str
    digits: Annotated[int, Field(ge=0, le=4)]
    classes: tuple[Class, ...] = ()
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _holds_together(self) -> Pack:
        ids = [one.id for part in self.parts for one in part.indicators()]
        if len(ids) != len(set(ids)):
            raise ValueError("two indicators have one id")
        if [one.least for one in self.classes] != sorted((one.least for one in self.classes), reverse=True):
            raise ValueError("classes go from the highest to the lowest")
        return self

    def indicators(self) -> Mapping[str, Part]:
        """Give its indicators by id."""
        return {one.id: one for part in self.parts for one in part.indicators()}

    def class_of(self, total: Decimal) -> str | None:
        """Give the class of a rounded total."""
        return next((one.name for one in self.classes if total >= one.least), None)


@dataclass(frozen=True, slots=True)
class Scored:
    """What something is worth: None where that is not known, and between what it lies then (None: not even that)."""

    score: Fraction | None
    lowest: Fraction | None
    highest: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """What an indicator comes to; `computed` is the formula's, also where somebody said another."""

    state: State
    value: Fraction | None
    computed: Fraction | None


def formula_of(part: Part) -> Formula | None:
    """Read an indicator's formula."""
    return None if part.formula is None else parse(part.formula, MEASURES)


def valued(part: Part, counts: Counts, said: str | None = None) -> Valued:
    """Say what an indicator comes to; `said` is what stands in the place of what is computed."""
    formula = formula_of(part)
    computed = None if formula is None else number(formula, counts)
    if said is not None:
        return Valued(state="overridden", value=Fraction(said), computed=computed)
    if formula is None:
        state: State = "no-data"
    elif computed is not None:
        state = "computed"
    else:
        lacks = asks_for_what_is_unknown(formula) or any(counts[name] is None for name in names_in(formula))
        state = "not-known" if lacks else "not-applicable"
    return Valued(state=state, value=computed, computed=computed)


def part_of_full(part: Part, value: Fraction | None) -> Fraction | None:
    """Give how much of its full score an indicator has, in percent; None where the value or the target is not known."""
    if value is None or part.target is None:
        return None
    return max(Fraction(0), min(Fraction(FULL), value * FULL / Fraction(part.target)))


def scored(part: Part, values: Mapping[str, Valued]) -> Scored:
    """Say what an area, a criterion or an indicator is worth."""
    if part.parts:
        return together(part.max, [scored(one, values) for one in part.parts])
    if part.weight is None:
        return Scored(None, None, None)
    weight, share = Fraction(part.weight), part_of_full(part, values[part.id].value)
    if share is None:
        return Scored(None, Fraction(0), weight)
    score = weight * share / FULL
    return Scored(score, score, score)


def together(most: Decimal | None, parts: Sequence[Scored]) -> Scored:
    """Add parts up. Of what has no weight nothing is known but what all are worth together."""
    lows = [one.lowest for one in parts if one.lowest is not None]
    highs = [one.highest for one in parts if one.highest is not None]
    if len(lows) < len(parts) or len(highs) < len(parts):
        return Scored(None, Fraction(0), None if most is None else Fraction(most))
    known = [one.score for one in parts if one.score is not None]
    return Scored(sum(known, Fraction()) if len(known) == len(parts) else None, sum(lows, Fraction()), sum(highs, Fraction()))


def view(pack: Pack, counts: Counts, said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give the set with its values: of each indicator the value, what it is made of, and who said another, if anybody did."""
    values = {id: valued(part, counts, said[id]["value"] if id in said else None) for id, part in pack.indicators().items()}

    def figure(value: Fraction | None) -> str | None:
        return None if value is None else str(rounded(value, pack.digits))

    def shown(part: Part) -> dict[str, Any]:
        found = scored(part, values)
        score = {"score": figure(found.score), "lowest": figure(found.lowest), "highest": figure(found.highest)}
        head = {"id": part.id, "name": part.name, "source": part.source, "max": None if part.max is None else str(part.max)}
        if part.parts:
            return {**head, **score, "parts": [shown(one) for one in part.parts]}
        value, formula = values[part.id], formula_of(part)
        return {
            **head,
            **score,
            "state": value.state,
            "value": figure(value.value),
            "computed": figure(value.computed),
            "overridden": said.get(part.id),
            "formula": part.formula,
            "measures": {} if formula is None else {name: counts[name] for name in names_in(formula)},
            "part_of_full": figure(part_of_full(part, value.value)),
            "target": None if part.target is None else str(part.target),
            "weight": None if part.weight is None else str(part.weight),
            "needs": part.needs,
            "lacks": part.lacks,
            "evidence": part.evidence,
            "confidence": part.confidence,
        }

    whole = together(None, [scored(part, values) for part in pack.parts])
    return {
        "parts": [shown(part) for part in pack.parts],
        "total": {
            **{name: figure(getattr(whole, name)) for name in ("score", "lowest", "highest")},
            "class": class_where_sure(pack, whole, lambda value: rounded(value, pack.digits)),
            "left_out": [id for id, one in values.items() if one.value is None],
            "overridden": [id for id, one in values.items() if one.state == "overridden"],
        },
    }


def class_where_sure(pack: Pack, whole: Scored, told: Callable[[Fraction], Decimal]) -> str | None:
    """Give the class where nothing that is left out could change it."""
    if whole.lowest is None or whole.highest is None:
        return None
    lowest, highest = (pack.class_of(told(value)) for value in (whole.lowest, whole.highest))
    return lowest if lowest == highest else None
