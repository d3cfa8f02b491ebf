"""Step 1 of 8, http_api: what feedback is asked and told.

Each `http_<what>.py` holds the routes of one thing: `ACTIONS` says who may, `REFUSALS` what is said when it may not be, and `routes`
makes the router. This module puts them together.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kernel.edge.app import Words
from kernel.edge.policy import Policy
from services.feedback import http_opinions, http_ratings
from services.feedback.handle import Ratings
from services.feedback.handle_opinions import Opinions
from services.feedback.query import Voices

PURPOSES: Final = http_opinions.PURPOSES

POLICY: Final = Policy(http_ratings.ACTIONS | http_opinions.ACTIONS)

WORDS: Final = Words({kind.slug: kind for kind in (*http_ratings.REFUSALS, *http_opinions.REFUSALS)})


def routes(ratings: Ratings, heard: Opinions, voices: Voices) -> list[APIRouter]:
    """Make feedback's routes."""
    return [http_ratings.routes(ratings, voices), http_opinions.routes(heard, voices)]
