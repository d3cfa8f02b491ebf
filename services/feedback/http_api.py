"""Step 1 of 8, http_api: what feedback is asked and told.

Each `http_<what>.py` holds the routes of one thing: `ACTIONS` says who may, `REFUSALS` what is said when it may not be, and `routes`
makes the router. This module puts them together.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kernel.edge.app import Words
from kernel.edge.policy import Policy
from services.feedback import http_answers, http_invitations, http_opinions
from services.feedback.handle import SIGNING, Surveys
from services.feedback.handle_answers import Box
from services.feedback.handle_opinions import Opinions
from services.feedback.query import Voices

PURPOSES: Final[frozenset[str]] = http_opinions.PURPOSES | {SIGNING}

POLICY: Final = Policy(http_invitations.ACTIONS | http_answers.ACTIONS | http_opinions.ACTIONS)

WORDS: Final = Words({kind.slug: kind for kind in (*http_invitations.REFUSALS, *http_answers.REFUSALS, *http_opinions.REFUSALS)})


def routes(surveys: Surveys, heard: Opinions, voices: Voices) -> list[APIRouter]:
    """Make feedback's routes."""
    return [http_invitations.routes(surveys, voices), http_answers.routes(Box(surveys)), http_opinions.routes(heard, voices)]
