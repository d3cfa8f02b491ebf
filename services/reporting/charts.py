"""Step 8 of 8, query: pictures of figures as SVG. Pure: the same numbers and words give the same bytes, and the bytes stand by themselves.

A page shows them within its text, a PDF and a workbook as they are. So nothing of them comes from a style sheet, nothing is told by colour
alone (what is late is hatched and numbered), and every one has a title and a description for whoever cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from markupsafe import escape

WIDTH, HEIGHT, LEFT, TOP, BASE = 720, 280, 52, 22, 226
TICKS_MAX: Final = 5
SIZE, SMALL, BARS_ROOMY = 14, 10, 12
INK, SOFT, LINE, PAPER, GOOD, BAD = "#16202b", "#51606f", "#c3ccd5", "#ffffff", "#17568c", "#9b1c1c"
SHADES: Final = ((98.0, "#cfe3f3"), (90.0, "#e4edf5"), (75.0, "#f6e7c8"), (0.0, "#f5d3d0"))
"""The ground of a tile by its share on time, from the best down; dark text is read on each."""
UNKNOWN_SHADE: Final = "#eceff2"
FONT: Final = "Noto Sans, Segoe UI, Roboto, Arial, Liberation Sans, Liberation Serif, sans-serif"
TILE_LEAST: Final = (86.0, 34.0)
"""A tile that is smaller than this has no room for its name: the table beside the picture has it."""
LETTER: Final = 7.4
"""Units that a letter takes at most, on the average of a name."""


class Named(NamedTuple):
    """What a picture is called, and what it shows, in words."""

    name: str
    title: str
    about: str


class Bar(NamedTuple):
    """One bar: its label, its lower part and what stands on it, and the number written above."""

    label: str
    good: int
    bad: int
    number: str


class Day(NamedTuple):
    """One day of a line: the whole, and the part of it that is late."""

    on: date
    whole: int
    late: int


class Range(NamedTuple):
    """One holder: half were done within `half` days, nine tenths within `most`; what is written of both."""

    label: str
    half: int
    most: int
    number: str


class Tile(NamedTuple):
    """One unit: how large, its share on time (None: none was resolved), and two lines of words."""

    label: str
    size: int
    share: float | None
    number: str


class Tick(NamedTuple):
    """A round number of the scale, as it is written."""

    value: int
    number: str


def round_step(highest: int) -> int:
    """Give the step of a scale that reaches over the highest value in at most `TICKS_MAX` steps: 1, 2 or 5 with zeros."""
    step = 1
    while step * TICKS_MAX < highest:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


def ticks_over(highest: int) -> list[int]:
    """Give the round numbers of a scale, the last not below the highest value."""
    step = round_step(highest)
    return [step * n for n in range(1, max(1, -(-highest // step)) + 1)]


def bars(named: Named, drawn: Sequence[Bar], ticks: Sequence[Tick], legend: tuple[str, str]) -> str:
    """Draw bars that stand on one line, the good part below and the bad part, hatched, on it."""
    unit, slot = (BASE - TOP) / ticks[-1].value, (WIDTH - LEFT) / len(drawn)
    width, size = min(64.0, slot * 0.62), SIZE if len(drawn) < BARS_ROOMY else SMALL
    parts = scale(ticks, unit)
    for n, bar in enumerate(drawn):
        x, good, bad = LEFT + n * slot + (slot - width) / 2, bar.good * unit, bar.bad * unit
        parts.append(rect(x, BASE - good, width, good, GOOD))
        if bar.bad:
            parts.append(hatched(named, x, BASE - good - bad, width, bad))
        parts.append(text(x + width / 2, BASE - good - bad - 5, bar.number, anchor="middle", size=size))
        parts.append(text(x + width / 2, BASE + 16, bar.label, anchor="middle", size=size))
    return svg(named, HEIGHT, [*parts, axis(), *key(named, legend)])


def levels(named: Named, days: Sequence[Day], ticks: Sequence[Tick], labels: Sequence[tuple[int, str]], legend: tuple[str, str]) -> str:
    """Draw the level at the close of each day as a step line, and the late part of it as a hatched ground; `labels` name some days."""
    unit, slot = (BASE - TOP) / ticks[-1].value, (WIDTH - LEFT) / len(days)
    late = stepped(((LEFT + n * slot, BASE - day.late * unit) for n, day in enumerate(days)), slot)
    whole = stepped(((LEFT + n * slot, BASE - day.whole * unit) for n, day in enumerate(days)), slot)
    parts = scale(ticks, unit)
    if any(day.late for day in days):
        ground = f"M{LEFT} {BASE}L{late}L{WIDTH} {BASE}Z"
        parts.append(f'<path d="{ground}" fill="url(#{named.name}-hatch)" stroke="{BAD}" stroke-width="1"/>')
    parts.append(f'<path d="M{whole}" fill="none" stroke="{GOOD}" stroke-width="2.5" stroke-linejoin="round"/>')
    parts += [text(LEFT + n * slot, BASE + 16, label, anchor="start" if n == 0 else "middle") for n, label in labels]
    return svg(named, HEIGHT, [*parts, axis(), *key(named, legend)])


def ranges(named: Named, drawn: Sequence[Range], legend: tuple[str, str]) -> str:
    """Draw a line for each holder: a bar as far as half of all came, and a thin line on as far as nine tenths did."""
    left, row = 190, 44
    unit = (WIDTH - left - 110) / max(1, *(one.most for one in drawn))
    height = TOP + row * len(drawn) + 34
    parts = list[str]()
    for n, one in enumerate(drawn):
        y = TOP + n * row
        parts.append(text(left - 10, y + 17, one.label, anchor="end"))
        parts.append(rect(left, y, one.half * unit, 24, GOOD))
        parts.append(rect(left, y + 10, one.most * unit, 4, GOOD))
        parts.append(rect(left + one.most * unit - 3, y + 2, 3, 20, GOOD))
        parts.append(text(left + max(one.half, one.most) * unit + 10, y + 17, one.number))
    parts.append(f'<line x1="{left}" y1="{TOP - 6}" x2="{left}" y2="{height - 34}" stroke="{INK}"/>')
    said = [rect(left, height - 18, 18, 12, GOOD), text(left + 24, height - 8, legend[0])]
    said += [rect(left + 210, height - 14, 18, 4, GOOD), text(left + 234, height - 8, legend[1])]
    return svg(named, height, [*parts, *said])


def tiles(named: Named, drawn: Sequence[Tile], legend: Sequence[str]) -> str:
    """Draw a tile for each unit: as large as what it had to work on, its ground by the share on time, which stands in it as well."""
    height = HEIGHT - 30
    parts = list[str]()
    whole = sorted((one for one in drawn if one.size > 0), key=lambda one: (-one.size, one.label))
    for one, (x, y, width, tall) in zip(whole, placed([one.size for one in whole], 0.0, 0.0, float(WIDTH), float(height)), strict=True):
        body = [
            rect(x + 1, y + 1, width - 2, tall - 2, shade(one.share), stroke=SOFT),
            f"<title>{escape(f'{one.label}: {one.number}')}</title>",
        ]
        if width >= TILE_LEAST[0] and tall >= TILE_LEAST[1]:
            room = int((width - 12) / LETTER)
            body += [
                text(x + 8, y + 18, cut(one.label, room), bold=True, halo=False),
                text(x + 8, y + 33, cut(one.number, room), halo=False),
            ]
        parts.append(f"<g>{''.join(body)}</g>")
    grounds = [*(ground for _, ground in SHADES), UNKNOWN_SHADE]
    for n, (ground, said) in enumerate(zip(grounds, legend, strict=True)):
        parts += [rect(n * 142, HEIGHT - 20, 14, 14, ground, stroke=SOFT), text(n * 142 + 20, HEIGHT - 8, said)]
    return svg(named, HEIGHT, parts)


def shade(share: float | None) -> str:
    """Give the ground of a tile."""
    return UNKNOWN_SHADE if share is None else next(ground for least, ground in SHADES if share >= least)


def placed(sizes: Sequence[int], x: float, y: float, width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Fill a rectangle with one for each size, largest first, as square as may be (squarified treemap, Bruls et al. 2000)."""
    found, rest = list[tuple[float, float, float, float]](), list(sizes)
    while rest:
        side, whole = min(width, height), sum(rest)
        scale_ = width * height / whole
        row = 1
        while row < len(rest) and worst(rest[: row + 1], side, scale_) <= worst(rest[:row], side, scale_):
            row += 1
        thick = sum(rest[:row]) * scale_ / side
        at = 0.0
        for size in rest[:row]:
            long = size * scale_ / thick
            found.append((x, y + at, thick, long) if width >= height else (x + at, y, long, thick))
            at += long
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        rest = rest[row:]
    return found


def worst(row: Sequence[int], side: float, scale_: float) -> float:
    """Give by how much the longest piece of a row is longer than wide."""
    area = sum(row) * scale_
    return max(max(side * side * size * scale_ / area**2, area**2 / (side * side * size * scale_)) for size in row)


def cut(words: str, room: int) -> str:
    """Cut words to so many letters."""
    return words if len(words) <= room else f"{words[: max(1, room - 1)].rstrip()}…"


def stepped(points: Iterable[tuple[float, float]], slot: float) -> str:
    """Give the corners of a line that keeps its height for a whole day; a day that is as high as the one before adds none."""
    corners, last = list[str](), None
    x = 0.0
    for x, y in points:
        if y != last:
            corners += [f"{x:.1f} {last:.1f}", f"{x:.1f} {y:.1f}"] if last is not None else [f"{x:.1f} {y:.1f}"]
            last = y
    return "L".join([*corners, f"{x + slot:.1f} {last:.1f}"])


def scale(ticks: Sequence[Tick], unit: float) -> list[str]:
    """Draw a line at each round number."""
    parts = list[str]()
    for tick in ticks:
        y = BASE - tick.value * unit
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}" stroke="{LINE}"/>')
        parts.append(text(LEFT - 6, y + 4, tick.number, anchor="end", fill=SOFT))
    return parts


def axis() -> str:
    """Draw the line that all stands on."""
    return f'<line x1="{LEFT}" y1="{BASE}" x2="{WIDTH}" y2="{BASE}" stroke="{INK}"/>'


def key(named: Named, legend: tuple[str, str]) -> list[str]:
    """Say what is plain and what is hatched."""
    good, bad = legend
    y = HEIGHT - 14
    return [
        rect(LEFT, y, 12, 12, GOOD),
        text(LEFT + 18, y + 10, good),
        hatched(named, LEFT + 270, y, 12, 12),
        text(LEFT + 288, y + 10, bad),
    ]


def rect(x: float, y: float, width: float, height: float, fill: str, *, stroke: str | None = None) -> str:
    """Draw a rectangle."""
    edge = f' stroke="{stroke}"' if stroke else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{fill}"{edge}/>'


def hatched(named: Named, x: float, y: float, width: float, height: float) -> str:
    """Draw a hatched rectangle."""
    return rect(x, y, width, height, f"url(#{named.name}-hatch)", stroke=BAD)


def text(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, bold: bool = False, halo: bool = True, size: int = SIZE
) -> str:
    """Write words; a halo keeps them readable where a line runs behind them."""
    weight = ' font-weight="600"' if bold else ""
    around = f' stroke="{PAPER}" stroke-width="3" paint-order="stroke"' if halo else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{weight}{around}>{escape(words)}</text>'


def svg(named: Named, height: int, parts: Iterable[str]) -> str:
    """Put a picture together."""
    name = named.name
    hatch = (
        f'<pattern id="{name}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="{PAPER}"/><line x1="0" y1="0" x2="0" y2="6" stroke="{BAD}" stroke-width="3"/></pattern>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-about" font-family="{FONT}">'
        f'<title id="{name}-title">{escape(named.title)}</title><desc id="{name}-about">{escape(named.about)}</desc>'
        f"<defs>{hatch}</defs>{''.join(parts)}</svg>"
    )
