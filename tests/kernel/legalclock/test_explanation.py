"""What a person reads about a deadline, in Vietnamese and in English."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import Deadline as DeadlineInFacts
from kernel.legalclock import (
    Apologised,
    Begun,
    Limit,
    LimitUnit,
    Paused,
    Restated,
    SupplementMode,
    as_json,
    explain,
    explain_history,
    reckon,
    resume,
    rule_pack,
)
from kernel.legalclock.phrases import PAUSED, in_english, rule_of
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


LATE_NEWS = (
    Begun(at=local("2025-12-24 09:00"), cause="log/1", limit=Limit(6, "working-days"), start_rule="complete", rule_pack="vn-2026"),
    Restated(at=local("2025-12-25 08:00"), cause="calendar/7"),
)


def test_a_citizen_reads_that_the_date_that_was_told_still_holds() -> None:
    lines = explain_history(reckon(LATE_NEWS, ALL_KNOWN)).splitlines()

    assert lines[0] == "Hạn giải quyết: 17:00 thứ Hai, ngày 05/01/2026."
    assert lines[-1] == "Ngày 02/01/2026 đã hẹn với người nộp được giữ nguyên."


def test_a_citizen_reads_the_apology_and_whether_it_was_in_time() -> None:
    begun = Begun(at=local("2018-10-05 09:59"), cause="1", limit=Limit(5, "working-days"), start_rule="complete", rule_pack="vn-2018")
    late = Apologised(at=local("2018-10-12 09:00"), cause="2", due_on=date(2018, 10, 19), number="12/PXL")
    early = replace(late, at=local("2018-10-11 09:00"))

    assert explain_history(reckon([begun, late], ALL_KNOWN)).splitlines()[-1] == (
        "Phiếu xin lỗi số 12/PXL: hẹn trả ngày 19/10/2018 thay cho ngày 12/10/2018. Phiếu gửi muộn. [Nghị định 61/2018/NĐ-CP, Điều 19.9]"
    )
    assert explain_history(reckon([begun, early], ALL_KNOWN), "en").splitlines()[-1] == (
        "Apology no. 12/PXL: promised for 19/10/2018 in place of 12/10/2018. [Nghị định 61/2018/NĐ-CP, Điều 19.9]"
    )


def test_a_citizen_reads_that_the_clock_waits_and_since_when() -> None:
    begun = Begun(at=local("2018-10-05 09:59"), cause="1", limit=Limit(5, "working-days"), start_rule="complete", rule_pack="vn-2018")
    found = reckon([begun, Paused(at=local("2018-10-09 10:00"), cause="2")], ALL_KNOWN)

    assert explain_history(found).startswith(explain(found.deadline))
    assert explain_history(found).splitlines()[-1] == "Đang tạm dừng từ 10:00 09/10/2018; ngày hẹn sẽ tính lại khi tiếp tục."


def test_a_program_reads_of_each_segment_its_rule_calendar_and_cause() -> None:
    found = reckon(LATE_NEWS, ALL_KNOWN)

    told = json.loads(json.dumps(as_json(found)))

    first, last = (ALL_KNOWN.as_known_at(moment.at).version for moment in LATE_NEWS)
    assert [(it["rule"], it["counts"], it["cause"], it["calendar"]) for it in told["segments"]] == [
        ("first-day", False, "log/1", first),
        ("working-day", True, "calendar/7", last),
        ("weekly-rest", False, "calendar/7", last),
        ("working-day", True, "calendar/7", last),
        ("holiday", False, "calendar/7", last),
        ("swapped-off", False, "calendar/7", last),
        ("weekly-rest", False, "calendar/7", last),
        ("working-day", True, "calendar/7", last),
    ]
    assert (told["due_on"], told["promised"]["due_on"], told["promised"]["cause"]) == ("2026-01-05", "2026-01-02", "log/1")
    assert (told["state"], told["limit"], told["extensions"]) == ("running", {"amount": 6, "unit": "working-days"}, [])


@pytest.mark.parametrize("name", ["vn.toml", "rule_packs.toml"])
def test_texts_for_people_are_composed_unicode(name: str) -> None:
    text = files("kernel.legalclock").joinpath("data", name).read_text(encoding="utf-8")

    assert unicodedata.is_normalized("NFC", text)
    assert unicodedata.is_normalized("NFC", explain(OVER_NEW_YEAR))


@settings(max_examples=500, deadline=None)
@given(any_moment, st.sampled_from(UNITS), st.integers(1, 40), st.sampled_from(("restart", "pause")), st.integers(0, 20_000))
def test_every_reason_has_its_english_and_its_rule(
    start_at: datetime, unit: LimitUnit, amount: int, mode: SupplementMode, waiting: int
) -> None:
    first = due(start_at, amount, unit)
    it = resume(first, start_at + timedelta(minutes=waiting), start_at + timedelta(minutes=2 * waiting), mode, ALL_KNOWN)

    for segment in (*first.segments, *it.segments):
        assert in_english(segment.why, ALL_KNOWN.knowledge.occasions) != segment.why
        assert (rule_of(segment.why) == "pause") is (segment.why == PAUSED)
    assert len(explain(it, "en").splitlines()) == len(it.segments) + 4


def test_every_entry_of_the_calendar_has_its_english() -> None:
    for entry in ALL_KNOWN.knowledge.entries:
        english = in_english(entry.why, ALL_KNOWN.knowledge.occasions)
        assert english != entry.why
        assert not entry.occasion or entry.occasion not in english


def test_a_reason_that_a_caller_worded_is_told_as_it_is() -> None:
    assert in_english("Chờ lấy ý kiến", {}) == "Chờ lấy ý kiến"
