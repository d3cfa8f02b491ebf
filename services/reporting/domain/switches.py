"""Step 3 of 8, decide: what form II.06a and the law leave open, and how it is decided here.

Printed below every form, so that nobody has to guess which of the possible readings the figures follow. `domain/figures.py`
carries them out; a test gives each a dossier on which the readings differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing that is left open: its name, which reading is taken, and how that is said below the form."""

    name: str
    reading: str
    vi: str


SWITCHES: Final = (
    Switch("no-limit", "on-time", "Hồ sơ không có ngày hẹn trả: tính là đúng hạn hoặc trong hạn."),
    Switch("awaiting-supplement", "in-time", "Thời gian chờ bổ sung hồ sơ: không tính vào thời hạn; hồ sơ đang chờ là trong hạn."),
    Switch("missed-then-restarted", "late", "Hồ sơ đã quá hạn rồi mới bổ sung hoặc hẹn lại: vẫn là quá hạn."),
    Switch(
        "withdrawn",
        "never-early",
        "Hồ sơ rút sau khi tiếp nhận: đã giải quyết, đúng hay quá hạn theo ngày rút, không là trước hạn.",
    ),
    Switch("refused-at-desk", "not-counted", "Hồ sơ bị từ chối tiếp nhận hoặc chưa tiếp nhận: không tính vào cột nào."),
)
