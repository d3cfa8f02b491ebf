"""For how many days work lay with each office: from the step that began there to the one that followed."""

from datetime import datetime
from typing import Any

NAME = "dwell-by-office"
KEY = ("office",)
FACTS = ("processing.case.opened.v1", "processing.case.step-completed.v1")


def fold(state: dict[str, Any], event: dict[str, Any]) -> None:
    """Take one fact in."""
    data, at = event["data"], datetime.fromisoformat(event["time"])
    held, lain = state.setdefault("held", {}), state.setdefault("lain", {})
    if data["case_id"] in held:
        office, since = held.pop(data["case_id"])
        lain.setdefault(office, []).append((at - since).total_seconds() / 86400)
    if office := data.get("unit") or data.get("next_unit"):
        held[data["case_id"]] = (office, at)


def rows(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Say what all of them amount to."""
    lain: dict[str, list[float]] = state.get("lain", {})
    return [{"office": office, "steps": len(days), "mean_days": round(sum(days) / len(days), 1)} for office, days in lain.items()]
