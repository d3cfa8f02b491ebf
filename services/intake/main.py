"""Before step 1: what intake consists of. The only module that puts the parts together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.catalogue import FACTS
from kernel.edge.service import Runtime, Service
from kernel.eventlog import Codec
from services.intake import handle_drafts, handle_files, national_portal, notices, printing
from services.intake.catalogue import load_catalogue
from services.intake.consume import REACTOR
from services.intake.file_store import open_store
from services.intake.forget import Forgetting
from services.intake.handle import Door
from services.intake.handle_catalogue import publish
from services.intake.handle_drafts import HANDED_IN, Drafts
from services.intake.handle_files import Filing
from services.intake.http_api import POLICY, WORDS, routes
from services.intake.http_dossiers import PURPOSES
from services.intake.legal_watch import LegalWatch
from services.intake.likeness import APPLICANT, Likeness
from services.intake.look_up import LookUp
from services.intake.named import Names
from services.intake.outgoing import Outgoing, go_out, keep_trimming
from services.intake.projections import REGISTER
from services.intake.projections.outward import OUTWARD
from services.intake.query import Register
from services.intake.receivers import Receivers
from services.intake.retention import is_compared, load_draft_rules, load_retention
from services.intake.scan import Scanning
from services.intake.scanner import scanner_of
from services.intake.settings import IntakeSettings
from services.intake.sweep import Sweeping
from services.intake.webhooks import Signer


def door_of(runtime: Runtime[IntakeSettings]) -> Door:
    """Make the handler of commands with the catalogue that the settings name."""
    return Door(runtime, load_catalogue(runtime.settings.catalogue), Likeness(runtime))


def routers(runtime: Runtime[IntakeSettings]) -> list[APIRouter]:
    """Make the routes of one process."""
    return routes(
        door_of(runtime), Register(runtime), forgetting_of(runtime), receivers_of(runtime), filing_of(runtime), drafts_of(runtime)
    )


def filing_of(runtime: Runtime[IntakeSettings]) -> Filing:
    """Make the handler of files with the store that the settings name."""
    return Filing(door_of(runtime), open_store(runtime.settings))


def drafts_of(runtime: Runtime[IntakeSettings]) -> Drafts:
    """Make the keeper of drafts with the rules of retention that the settings name."""
    return Drafts(door_of(runtime), load_draft_rules(runtime.settings.retention))


def forgetting_of(runtime: Runtime[IntakeSettings]) -> Forgetting:
    """Make the handler of erasure with the rules of retention that the settings name."""
    file = runtime.settings.retention
    return Forgetting(door_of(runtime), filing_of(runtime), drafts_of(runtime), load_retention(file), is_compared(file))


def receivers_of(runtime: Runtime[IntakeSettings]) -> Receivers:
    """Make those who are told what happens: webhooks, the national portal, applicants."""
    catalogue = load_catalogue(runtime.settings.catalogue)
    signer = Signer(runtime.settings.token_secret.get_secret_value().encode())
    return Receivers(Outgoing(runtime), Names(runtime, catalogue), signer)


def jobs(runtime: Runtime[IntakeSettings]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Give what a worker does by the clock, each by one process at a time.

    It makes interrupted erasing good and erases whose term is over; has files judged, and swept, and old drafts; watches the law; forgets
    look-ups; throws away what was delivered long ago; tells who is told.
    """
    receivers = receivers_of(runtime)
    return {
        "erasing": forgetting_of(runtime).keep_finishing,
        "retention": forgetting_of(runtime).keep_to_retention,
        "scanning": Scanning(filing_of(runtime), scanner_of(runtime.settings.clamd_url)).keep_scanning,
        "sweeping": Sweeping(filing_of(runtime)).keep_sweeping,
        "drafts": drafts_of(runtime).keep_sweeping,
        "legal-bases": LegalWatch(load_catalogue(runtime.settings.catalogue)).keep_watching,
        "look-ups": LookUp(runtime).keep_forgetting,
        "trimming": partial(keep_trimming, receivers.outgoing),
        "outgoing": partial(go_out, receivers.outgoing, receivers),
    }


async def publish_catalogue(runtime: Runtime[IntakeSettings]) -> None:
    """Publish what is new in the catalogue before the first dossier can refer to it."""
    await publish(runtime.log, load_catalogue(runtime.settings.catalogue), datetime.now(UTC))


SERVICE: Final = Service(
    name="intake",
    folder=Path(__file__).parent,
    settings=IntakeSettings,  # pyright: ignore[reportArgumentType] - it reads its arguments from the environment
    codec=Codec(FACTS),
    policy=POLICY,
    words=WORDS,
    routers=routers,
    models=(REGISTER, OUTWARD),
    reactors=lambda _: (REACTOR,),
    purposes=PURPOSES | handle_files.PURPOSES | handle_drafts.PURPOSES | printing.PURPOSES | {national_portal.PURPOSE, notices.PURPOSE},
    jobs=jobs,
    tables=(APPLICANT, HANDED_IN),
    prepare=publish_catalogue,
    signed=frozenset({"payment.report"}),
)
