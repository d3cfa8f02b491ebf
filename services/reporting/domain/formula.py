"""Step 3 of 8, decide: a formula over named measures: read once, checked, and worked out in exact fractions.

The grammar is closed: numbers, names of measures, `+ - * /`, comparisons, `and`, `or`, `not`, `a if b else c`, `min`, `max`, and
`unknown` where the rule asks for what no fact says. What is divided by nothing, or made from what nobody knows, is None and no zero
(E-35). `query_formula.py` has the same formula worked out by the database.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, Final, TypeAlias

LENGTH_MAX: Final = 500
DEPTH_MAX: Final = 12
UNKNOWN: Final = "unknown"
NUMBER_MAX: Final = 10**9

Value: TypeAlias = Fraction | bool | None
Formula: TypeAlias = ast.expr

ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction | None]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b if b else None,
}
COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Fraction, Fraction], bool]]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
CHOICES: Final[Mapping[str, Callable[[Fraction, Fraction], Fraction]]] = {"min": min, "max": max}


class Ungrammatical(ValueError):  # noqa: N818 - says what the formula is
    """A formula that the grammar does not have, or that names what there is not."""


def parse(text: str, known: Collection[str]) -> Formula:
    """Read a formula; a number where a number is due, a condition where a condition is.

    Raises:
        Ungrammatical: if it is none, or names a measure that is not among the known.
    """
    if len(text) > LENGTH_MAX:
        raise Ungrammatical("too long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Ungrammatical("no formula") from error
    if kind_of(tree, known, DEPTH_MAX) != "number":
        raise Ungrammatical("a formula gives a number")
    return tree


def kind_of(node: Formula, known: Collection[str], depth: int) -> str:
    """Tell whether a part is a `number` or a `condition`.

    Raises:
        Ungrammatical: if it is neither, or its own parts are not what they should be.
    """

    def insist(kind: str, *parts: Formula) -> None:
        if any(kind_of(part, known, depth - 1) != kind for part in parts):
            message = f"a {kind} is due"
            raise Ungrammatical(message)

    if depth == 0:
        raise Ungrammatical("too deep")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and 0 <= value <= NUMBER_MAX:
            return "number"
        case ast.Name(id=name):
            if name not in known and name != UNKNOWN:
                message = f"no such measure: {name}"
                raise Ungrammatical(message)
            return "number"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            insist("number", left, right)
            return "number"
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in CHOICES:
            insist("number", left, right)
            return "number"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            insist("condition", test)
            insist("number", body, orelse)
            return "number"
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
            insist("number", left, right)
            return "condition"
        case ast.BoolOp(values=values):
            insist("condition", *values)
            return "condition"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            insist("condition", operand)
            return "condition"
        case _:
            message = f"not in the grammar: {type(node).__name__}"
            raise Ungrammatical(message)


def names_in(formula: Formula) -> list[str]:
    """Give the measures that a formula names, each once, in their order."""
    called = {id(node.func) for node in ast.walk(formula) if isinstance(node, ast.Call)}
    named = (node.id for node in ast.walk(formula) if isinstance(node, ast.Name) and id(node) not in called)
    return [name for name in dict.fromkeys(named) if name != UNKNOWN]


def asks_for_what_is_unknown(formula: Formula) -> bool:
    """Tell whether the rule asks for what no fact says."""
    return any(isinstance(node, ast.Name) and node.id == UNKNOWN for node in ast.walk(formula))


def number_of(value: float) -> Fraction:
    """Read a number as it was written: 0.8 is four fifths and no binary neighbour of it."""
    return Fraction(repr(value))


def worked_out(node: Formula, counts: Mapping[str, int | None]) -> Value:
    """Work a formula out. What is unknown stays unknown, but for `and` and `or` that are decided without it."""
    match node:
        case ast.Constant(value=value):
            return number_of(value)  # pyright: ignore[reportArgumentType] - `kind_of` has seen that it is a number
        case ast.Name(id=name):
            return None if (count := counts.get(name)) is None else Fraction(count)
        case ast.BinOp(left=left, op=op, right=right):
            return both(ARITHMETIC[type(op)], worked_out(left, counts), worked_out(right, counts))
        case ast.Call(func=ast.Name(id=name), args=[left, right]):
            return both(CHOICES[name], worked_out(left, counts), worked_out(right, counts))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return both(COMPARISONS[type(op)], worked_out(left, counts), worked_out(right, counts))
        case ast.BoolOp(op=op, values=values):
            decides = isinstance(op, ast.Or)
            found = [worked_out(one, counts) for one in values]
            return decides if decides in found else None if None in found else not decides
        case ast.UnaryOp(operand=operand):
            found = worked_out(operand, counts)
            return None if found is None else not found
        case ast.IfExp(test=test, body=body, orelse=orelse):
            decided = worked_out(test, counts)
            return None if decided is None else worked_out(body if decided else orelse, counts)
        case _:
            raise Ungrammatical(type(node).__name__)


def both(way: Callable[[Fraction, Fraction], Any], left: Value, right: Value) -> Any:
    """Put two numbers together; None where either is not known."""
    return None if left is None or right is None else way(Fraction(left), Fraction(right))


def number(formula: Formula, counts: Mapping[str, int | None]) -> Fraction | None:
    """Give what a formula comes to; None where that cannot be told."""
    found = worked_out(formula, counts)
    return None if found is None else Fraction(found)


def rounded(value: Fraction, digits: int) -> Decimal:
    """Round once, half up (E-36); what is negative is rounded as its positive, and negated."""
    size = Decimal(floor(abs(value) * 10**digits + Fraction(1, 2))).scaleb(-digits)
    return size if value >= 0 else -size
