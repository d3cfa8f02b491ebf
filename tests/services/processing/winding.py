"""Workflows that use all that a workflow can say: conditions, records, a question, a timer, branches beside each other."""

from __future__ import annotations

from typing import Any, Final

from contracts.processing import RecordNeeded, Step
from services.processing.domain.workflow import Steps

TRADE, SAFETY = "phong-quan-ly-thuong-mai", "phong-ky-thuat-an-toan-moi-truong"


def step(code: str, unit: str, role: str, hours: int = 8, **more: Any) -> Step:
    return Step(code=code, name=f"Bước {code}", unit=unit, role=role, hours=hours, **more)


TEAM: Final = RecordNeeded(kind="site-check", members=(1, 3))
COUNCIL: Final = RecordNeeded(kind="council", members=(2, 9))

WINDING: Final[Steps] = (
    step("B1", "bo-phan-mot-cua", "cong-chuc-mot-cua", 4),
    step("B2", TRADE, "truong-phong", 4),
    step("B3", SAFETY, "chuyen-vien", record=TEAM),
    step("B4", SAFETY, "chuyen-vien", when="site-finding = meets-after-remedy", record=TEAM),
    step("B5", TRADE, "chuyen-vien", 40, after=("B2",), consults=("cong-an-tinh",), requires="open-consultations = 0"),
    step("B6", TRADE, "chuyen-vien", 16, after=("B2",), when="channel = online", passes_after=2),
    step("B7", TRADE, "chuyen-vien", after=("B4", "B5"), when="site-finding != meets or opinions-against > 0", record=COUNCIL),
    step("B8", TRADE, "truong-phong", after=("B6", "B7"), returns_to=("B3", "B4", "B6", "B7")),
    step("B9", "ban-giam-doc", "giam-doc", returns_to=("B5", "B8")),
    step("B10", TRADE, "chuyen-vien", 4, when="verdict = granted"),
    step("B11", "van-thu", "van-thu", 4),
)

SHORT: Final[Steps] = (
    step("B1", TRADE, "chuyen-vien", 16, passes_after=2),
    step("B2", TRADE, "chuyen-vien", record=COUNCIL),
    step("B3", "ban-giam-doc", "giam-doc", returns_to=("B2",), requires="council-finding != none"),
    step("B4", TRADE, "chuyen-vien", 4, when="verdict = granted"),
    step("B5", "van-thu", "van-thu", 4),
)
"""The same in few steps, so that chance comes to the end of it; no soundness check would let its first step pass by itself."""
