"""Step 1 of 8, http_api: what feedback is asked and told.

Each `http_<what>.py` holds the routes of one thing: `ACTIONS` says who may, `REFUSALS` what is said when it may not be, and `routes`
makes the router. This module puts them together.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kernel.edge.app import Words
from kernel.edge.policy import Policy
from services.feedback import (
    http_answers,
    http_campaigns,
    http_engagement,
    http_follow_up,
    http_invitations,
    http_opinions,
    http_pages,
    http_petition_work,
    http_petitions,
    http_signing,
)
from services.feedback.handle import SIGNING, Surveys
from services.feedback.handle_answers import Box
from services.feedback.handle_campaigns import Campaigns
from services.feedback.handle_engagement import Engagements
from services.feedback.handle_opinions import Opinions
from services.feedback.handle_petitions import Petitions
from services.feedback.handle_watch import Watch
from services.feedback.query import Voices
from services.feedback.query_campaigns import CampaignRegister
from services.feedback.query_petitions import FOLLOW_UP, PUBLICATION, PetitionRegister

PURPOSES: Final = http_opinions.PURPOSES | http_petitions.PURPOSES | {FOLLOW_UP, PUBLICATION, SIGNING}

POLICY: Final = Policy(
    http_invitations.ACTIONS
    | http_answers.ACTIONS
    | http_campaigns.ACTIONS
    | http_opinions.ACTIONS
    | http_petitions.ACTIONS
    | http_petition_work.ACTIONS
    | http_follow_up.ACTIONS
    | http_engagement.ACTIONS
    | http_pages.ACTIONS,
    of_all={"answer.record": "it empties the box, in which answers of all agencies lie together, and says how many went out"},
)

WITH_REFUSALS: Final = (http_invitations, http_signing, http_answers, http_campaigns, http_opinions, http_petition_work, http_engagement)
WORDS: Final = Words({kind.slug: kind for part in WITH_REFUSALS for kind in part.REFUSALS})


def routes(surveys: Surveys, heard: Opinions, voices: Voices) -> list[APIRouter]:
    """Make feedback's routes."""
    runtime = surveys.runtime
    petitions, register = Petitions(runtime), PetitionRegister(runtime)
    return [
        http_invitations.routes(surveys, voices),
        http_answers.routes(Box(surveys)),
        http_campaigns.routes(Campaigns(surveys), CampaignRegister(runtime)),
        http_opinions.routes(heard, voices),
        http_petitions.routes(petitions, register),
        http_petition_work.routes(petitions, Watch(register)),
        http_follow_up.routes(petitions, register),
        http_engagement.routes(Engagements(runtime), register),
        http_pages.routes(),
    ]
