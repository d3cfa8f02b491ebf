"""Step 8 of 8, query: a formula worked out by the database, so that each indicator is computed twice to its last digit.

Only what the grammar has (`domain/formula.py`) becomes SQL; numbers and names of measures are the definitions' own, and measures go in as
parameters. The database divides to `SCALE` decimals, and a number is rounded to `EXACT` of these before it is compared or rounded half up:
so a sum of thirds that is a whole is taken for one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from kernel.eventlog.sql import Connection
from services.reporting.domain.formula import Formula, Ungrammatical, names_in, number_of

SCALE: Final = 30
EXACT: Final = 15
ARITHMETIC: Final[Mapping[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
COMPARISONS: Final[Mapping[type[ast.cmpop], str]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "=",
    ast.NotEq: "<>",
}
CHOICES: Final = {"min": "least", "max": "greatest"}


def sql_of(node: Formula, places: Mapping[str, int]) -> str:
    """Write a formula as SQL; the measure `name` is the parameter `places[name]`."""
    match node:
        case ast.Constant(value=value):
            exact = number_of(value)  # pyright: ignore[reportArgumentType] - `parse` has seen that it is a number
            return f"({exact.numerator}::numeric / {exact.denominator})"
        case ast.Name(id="unknown"):
            return "NULL::numeric"
        case ast.Name(id=name):
            return f"round(${places[name]}::numeric, {SCALE})"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            # Rounded to a scale, a numeric is divided to no fewer decimals.
            return f"(round({sql_of(left, places)}, {SCALE}) / nullif(round({sql_of(right, places)}, {EXACT}), 0))"
        case ast.BinOp(left=left, op=op, right=right):
            return f"({sql_of(left, places)} {ARITHMETIC[type(op)]} {sql_of(right, places)})"
        case ast.Call(func=ast.Name(id=name), args=[left, right]):
            one, other = sql_of(left, places), sql_of(right, places)
            return f"(CASE WHEN {one} IS NULL OR {other} IS NULL THEN NULL ELSE {CHOICES[name]}({one}, {other}) END)"
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"(round({sql_of(left, places)}, {EXACT}) {COMPARISONS[type(op)]} round({sql_of(right, places)}, {EXACT}))"
        case ast.BoolOp(op=op, values=values):
            return "(" + (" OR " if isinstance(op, ast.Or) else " AND ").join(sql_of(one, places) for one in values) + ")"
        case ast.UnaryOp(operand=operand):
            return f"(NOT {sql_of(operand, places)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            decided = sql_of(test, places)
            return f"(CASE WHEN {decided} THEN {sql_of(body, places)} WHEN NOT {decided} THEN {sql_of(orelse, places)} END)"
        case _:
            raise Ungrammatical(type(node).__name__)


async def by_database(
    connection: Connection, formulas: Sequence[tuple[Formula, int]], counts: Mapping[str, int | None]
) -> list[Decimal | None]:
    """Have formulas worked out, each rounded half up to so many decimals; None where it cannot be told."""
    if not formulas:
        return []
    names = list(dict.fromkeys(name for formula, _ in formulas for name in names_in(formula)))
    places = {name: n for n, name in enumerate(names, 1)}
    columns = ", ".join(
        f"round(round({sql_of(formula, places)}, {EXACT}), {digits:d}) AS n{n}" for n, (formula, digits) in enumerate(formulas)
    )
    row = await connection.fetchrow(f"SELECT {columns}", *(counts[name] for name in names))
    return [] if row is None else list(row)
