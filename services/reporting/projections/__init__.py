"""Step 7 of 8, projections: the read model "mirror": dossiers and their clocks, satisfaction, opinions, reports."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.eventlog import ReadModel, read_ddl
from services.reporting.projections.clock import CLOCK
from services.reporting.projections.dossier_register import DOSSIER_REGISTER
from services.reporting.projections.procedure import PROCEDURE
from services.reporting.projections.report import REPORT
from services.reporting.projections.score import SCORE
from services.reporting.projections.voices import ADMISSION, INVITATION, OPINION, RATING

SOURCES: Final = ("intake", "processing", "feedback", "reporting")

MIRROR: Final = ReadModel(
    name="mirror",
    version=6,
    sources=SOURCES,
    ddl=read_ddl(Path(__file__).with_name("tables.sql")),
    kept_ddl=read_ddl(Path(__file__).with_name("kept.sql")),
    kept=("judged", "tally"),
    projections=(CLOCK, DOSSIER_REGISTER, PROCEDURE, RATING, INVITATION, ADMISSION, OPINION, REPORT, SCORE),
)
