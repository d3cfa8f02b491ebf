"""Step 7 of 8, projections: the read model "mirror": dossiers, their clocks, satisfaction, opinions, petitions, reports, measures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.edge.wall import walled
from kernel.eventlog import ReadModel, read_ddl
from kernel.eventlog.sql import read_queries
from services.reporting.projections.clock import CLOCK
from services.reporting.projections.dossier_register import DOSSIER_REGISTER
from services.reporting.projections.measured import MEASURED
from services.reporting.projections.petitions import ENGAGEMENT, PETITION_TURN
from services.reporting.projections.procedure import PROCEDURE
from services.reporting.projections.report import REPORT
from services.reporting.projections.score import SCORE
from services.reporting.projections.voices import ADMISSION, INVITATION, OPINION, RATING

SOURCES: Final = ("intake", "processing", "feedback", "reporting")

FOLDER: Final = Path(__file__).parent
SAID_ONCE: Final = read_queries(FOLDER / "judgement.sql")
"""How a dossier is judged, and what happened to one: for the tables as they are, and as they were at a past position."""

MIRROR: Final = ReadModel(
    name="mirror",
    version=9,
    sources=SOURCES,
    ddl=walled(read_ddl(FOLDER / "tables.sql") + read_ddl(FOLDER / "measured.sql")),
    kept_ddl=read_ddl(FOLDER / "kept.sql").format(
        judgement=SAID_ONCE["judgement"].format(dossiers="dossier_register", clock="clock"),
        happened=SAID_ONCE["happened"],
        lain=SAID_ONCE["lain"],
    ),
    kept=("judged", "tally", "lain"),
    projections=(
        CLOCK,
        DOSSIER_REGISTER,
        PROCEDURE,
        RATING,
        INVITATION,
        ADMISSION,
        OPINION,
        PETITION_TURN,
        ENGAGEMENT,
        REPORT,
        SCORE,
        *MEASURED,
    ),
)
