"""Step 8 of 8, query: the page that everybody may read, written from an overview.

`page.html` says what stands where; every value passes Jinja's escaping. Nothing is fetched from elsewhere. The one style and the one
script are allowed by their hashes, and everything else is forbidden; without the script the page only does not renew itself.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.reporting import wording
from services.reporting.overview import Overview
from services.reporting.wording import LANGUAGES, Language, Tongue, Words

FOLDER: Final = Path(__file__).parent
STYLE: Final = (FOLDER / "page.css").read_text(encoding="utf-8")
SCRIPT: Final = (FOLDER / "page.js").read_text(encoding="utf-8")


def hash_of(text: str) -> str:
    """Give what a security policy calls a text by."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src {hash_of(STYLE)}; script-src {hash_of(SCRIPT)}; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def environment() -> Environment:
    """Make the templates' surroundings: everything is escaped, and a name that is not there is an error."""
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


TEMPLATES: Final = environment()


def spoken_of(lang: Language | None, accepted: str | None) -> Language:
    """Give the language to answer in: the one that is asked for, or of ours the one that a browser would like best (RFC 9110, 12.5.4)."""
    if lang is not None:
        return lang
    wanted = list[tuple[float, Language]]()
    for one in (accepted or "").split(","):
        tag, _, weight = one.strip().partition(";q=")
        language: Language | None = next((ours for ours in LANGUAGES if tag.lower().partition("-")[0] == ours), None)
        if language is not None:
            try:
                wanted.append((float(weight or 1), language))
            except ValueError:
                continue
    return max(wanted, key=lambda one: one[0])[1] if wanted else LANGUAGES[0]


def write(overview: Overview) -> str:
    """Fill the page."""
    tongue = Tongue(overview.language)

    def t(vi: str, en: str) -> str:
        return tongue.say(Words(vi, en))

    # Style, script and pictures are ours: the first two must stand as their hashes were taken, and whatever a picture holds is escaped.
    return TEMPLATES.get_template("page.html").render(
        style=Markup(STYLE),  # noqa: S704 - read from our own file
        script=Markup(SCRIPT),  # noqa: S704 - read from our own file
        svg={one.name: Markup(one.svg) for one in overview.charts},  # noqa: S704 - charts.py has escaped what it was given
        at=token_of(overview.positions),
        page=overview,
        columns=[tongue.say(words) for words in wording.COLUMNS.values()],
        groups=[(tongue.say(words), n) for words, n in wording.GROUPS],
        notes=[tongue.say(words) for words in wording.NOTES],
        number=tongue.number,
        day=tongue.day,
        t=t,
    )


def token_of(positions: Mapping[str, int]) -> str:
    """Write positions as one word: `intake/120,processing/40`."""
    return ",".join(f"{source}/{pos}" for source, pos in sorted(positions.items()))
