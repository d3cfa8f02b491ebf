"""Step 1 of 8, http_api: the door as the portal and the desk see it.

Each `http_<what>.py` holds the routes of one thing: `ACTIONS` says who may, `routes` makes the router. This module puts them together.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kernel.edge.app import Words
from kernel.edge.policy import Policy
from kernel.paper.press import Press
from services.intake import (
    http_applicant,
    http_desk,
    http_dossiers,
    http_drafts,
    http_erasure,
    http_feed,
    http_fees,
    http_fields,
    http_files,
    http_look_up,
    http_national,
    http_originals,
    http_papers,
    http_procedures,
    http_refusals,
    http_submission,
    http_webhooks,
)
from services.intake.feed import Feed
from services.intake.forget import Forgetting
from services.intake.handle import Door
from services.intake.handle_drafts import Drafts
from services.intake.handle_fees import Cashier
from services.intake.handle_files import Filing
from services.intake.look_up import LookUp
from services.intake.printing import Printing
from services.intake.query import Register
from services.intake.receivers import Receivers
from services.intake.stationery import load_stationery

POLICY: Final = Policy(
    http_procedures.ACTIONS
    | http_submission.ACTIONS
    | http_drafts.ACTIONS
    | http_desk.ACTIONS
    | http_applicant.ACTIONS
    | http_dossiers.ACTIONS
    | http_fees.ACTIONS
    | http_originals.ACTIONS
    | http_papers.ACTIONS
    | http_files.ACTIONS
    | http_erasure.ACTIONS
    | http_look_up.ACTIONS
    | http_feed.ACTIONS
    | http_webhooks.ACTIONS
    | http_national.ACTIONS,
    of_all={
        "webhook.manage": "a subscription is its owner's, whatever his agency; of each fact it is asked whether he may see it",
        "national-portal.operate": "the national portal is told of every agency's dossiers",
    },
)

WORDS: Final = Words(refusals={kind.slug: kind for kind in http_refusals.REFUSALS}, faults=http_fields.FAULTS | http_files.FAULTS)


def routes(door: Door, register: Register, forgetting: Forgetting, receivers: Receivers, filing: Filing, drafts: Drafts) -> list[APIRouter]:
    """Make intake's routes."""
    return [
        http_procedures.routes(door),
        http_submission.routes(door),
        http_drafts.routes(drafts),
        http_desk.routes(door),
        http_applicant.routes(door),
        http_dossiers.routes(door, register),
        http_fees.routes(Cashier(door), register),
        http_originals.routes(door, register),
        http_papers.routes(Printing(door, receivers.names, load_stationery()), Press()),
        http_files.routes(filing),
        http_erasure.routes(forgetting),
        http_look_up.routes(door, LookUp(door.runtime), receivers.names),
        http_feed.routes(Feed(door.runtime)),
        http_webhooks.routes(receivers.outgoing, receivers.signer),
        http_national.routes(receivers.outgoing),
    ]
