"""Step 7 of 8, projections: the read model "voices": invitations, answers, opinions, surveys on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.edge.wall import walled
from kernel.eventlog import ReadModel, read_ddl
from services.feedback.projections.answer_register import ANSWER_REGISTER
from services.feedback.projections.campaign_register import CAMPAIGN_REGISTER, SLIP_REGISTER
from services.feedback.projections.invitation_register import INVITATION_REGISTER
from services.feedback.projections.opinion_register import OPINION_REGISTER

VOICES: Final = ReadModel(
    name="voices",
    version=3,
    sources=("feedback",),
    ddl=walled(read_ddl(Path(__file__).with_name("tables.sql"))),
    projections=(INVITATION_REGISTER, ANSWER_REGISTER, OPINION_REGISTER, CAMPAIGN_REGISTER, SLIP_REGISTER),
)
