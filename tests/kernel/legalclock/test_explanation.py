"""What a person reads about a deadline, in Vietnamese and in English."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import Deadline as DeadlineInFacts
from kernel.legalclock import LimitUnit, SupplementMode, explain, resume, rule_pack
from kernel.legalclock.phrases import in_english
from tests.kernel.legalclock.moments import ALL_KNOWN, UNITS, any_moment, due, local

OVER_NEW_YEAR = due(local("2025-12-31 09:59"), 7, "working-days")


def test_a_citizen_reads_each_stretch_of_time_with_its_reason_and_source() -> None:
    assert explain(OVER_NEW_YEAR).splitlines() == [
        "Hạn giải quyết: 17:00 thứ Hai, ngày 12/01/2026.",
        "Thời hạn: 7 ngày làm việc, kể từ khi nhận đủ hồ sơ hợp lệ (09:59 31/12/2025).",
        "Cách tính:",
        "- 09:59-24:00 31/12/2025: không tính. Ngày đầu không tính [Bộ luật Dân sự 2015, Điều 147.2]",
        "- 01/01/2026: không tính. Nghỉ lễ: Tết Dương lịch [Bộ luật Lao động 2019, Điều 112.1]",
        "- 02/01/2026: không tính. Nghỉ hoán đổi, làm bù ngày 10/01/2026 [Công văn 12729/VPCP-KGVX (25/12/2025)]",
        "- 03/01/2026 đến 04/01/2026: không tính. Nghỉ hằng tuần [Quyết định 188/1999/QĐ-TTg; Bộ luật Lao động 2019, Điều 105]",
        "- 05/01/2026 đến 09/01/2026: tính 5 ngày làm việc. [Quyết định 188/1999/QĐ-TTg; Bộ luật Lao động 2019, Điều 105]",
        "- 10/01/2026: tính 1 ngày làm việc. Ngày làm bù cho ngày 02/01/2026 [Công văn 12729/VPCP-KGVX (25/12/2025)]",
        "- 11/01/2026: không tính. Nghỉ hằng tuần [Quyết định 188/1999/QĐ-TTg; Bộ luật Lao động 2019, Điều 105]",
        "- 12/01/2026: tính 1 ngày làm việc. [Quyết định 188/1999/QĐ-TTg; Bộ luật Lao động 2019, Điều 105]",
        f"Lịch làm việc: {ALL_KNOWN.version}. Bộ quy tắc: vn-2026 ({rule_pack('vn-2026').basis}).",
    ]


def test_the_same_can_be_read_in_english() -> None:
    lines = explain(OVER_NEW_YEAR, "en").splitlines()

    assert lines[:3] == [
        "Due: 17:00 on Monday, 12/01/2026.",
        "Limit: 7 working days from the moment the papers were complete and valid (09:59 31/12/2025).",
        "How it was counted:",
    ]
    assert lines[5] == "- 02/01/2026: not counted. Day off in exchange for 10/01/2026 [Công văn 12729/VPCP-KGVX (25/12/2025)]"
    assert lines[7].startswith("- 05/01/2026 to 09/01/2026: 5 working days counted.")


def test_a_pause_and_hours_are_told_to_the_minute() -> None:
    first = due(local("2018-10-05 09:59"), 8, "working-hours")
    it = resume(first, local("2018-10-05 10:29"), local("2018-10-08 12:00"), "pause", ALL_KNOWN)

    assert [line.partition(" [")[0] for line in explain(it).splitlines()[3:6]] == [
        "- 09:59-10:29 05/10/2018: tính 0:30 giờ làm việc.",
        "- 10:29 05/10/2018 đến 12:00 08/10/2018: không tính. Chờ bổ sung",
        "- 12:00-13:00 08/10/2018: không tính. Nhận ngoài giờ: tính từ giờ mở cửa kế tiếp",
    ]


def test_a_deadline_read_back_from_a_fact_explains_itself_the_same() -> None:
    read_back = DeadlineInFacts.model_validate_json(DeadlineInFacts.model_validate(OVER_NEW_YEAR).model_dump_json())

    assert explain(read_back) == explain(OVER_NEW_YEAR)


@pytest.mark.parametrize("name", ["vn.toml", "rule_packs.toml"])
def test_texts_for_people_are_composed_unicode(name: str) -> None:
    text = files("kernel.legalclock").joinpath("data", name).read_text(encoding="utf-8")

    assert unicodedata.is_normalized("NFC", text)
    assert unicodedata.is_normalized("NFC", explain(OVER_NEW_YEAR))


@settings(max_examples=500, deadline=None)
@given(any_moment, st.sampled_from(UNITS), st.integers(1, 40), st.sampled_from(("restart", "pause")), st.integers(0, 20_000))
def test_every_reason_has_its_english(start_at: datetime, unit: LimitUnit, amount: int, mode: SupplementMode, waiting: int) -> None:
    first = due(start_at, amount, unit)
    it = resume(first, start_at + timedelta(minutes=waiting), start_at + timedelta(minutes=2 * waiting), mode, ALL_KNOWN)

    for segment in (*first.segments, *it.segments):
        assert in_english(segment.why, ALL_KNOWN.knowledge.occasions) != segment.why
    assert len(explain(it, "en").splitlines()) == len(it.segments) + 4


def test_every_entry_of_the_calendar_has_its_english() -> None:
    for entry in ALL_KNOWN.knowledge.entries:
        english = in_english(entry.why, ALL_KNOWN.knowledge.occasions)
        assert english != entry.why
        assert not entry.occasion or entry.occasion not in english


def test_a_reason_that_a_caller_worded_is_told_as_it_is() -> None:
    assert in_english("Chờ lấy ý kiến", {}) == "Chờ lấy ý kiến"
