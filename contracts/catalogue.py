"""Every fact there is, by type: what a reader needs to turn a stored body back into a model."""

from __future__ import annotations

from typing import Final, get_args

from contracts import feedback, intake, processing, reporting
from contracts.fact import Fact

PUBLISHERS: Final[dict[str, tuple[type[Fact], ...]]] = {
    "intake": get_args(intake.IntakeFact),
    "processing": get_args(processing.ProcessingFact),
    "feedback": get_args(feedback.FeedbackFact),
    "reporting": get_args(reporting.ReportingFact),
}
"""The facts of each publishing service."""

FACTS: Final[dict[str, type[Fact]]] = {fact.TYPE: fact for facts in PUBLISHERS.values() for fact in facts}
"""Every fact by its event type."""
