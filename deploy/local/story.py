"""The demo's story: what will happen to each dossier, made from the seed alone, so that the same seed tells the same story.

The proportions are the model's own and describe no real department. Names are put together from lists; no person is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from random import Random
from typing import Any, Final, Literal

from stdnum.vn import mst

FIRST_DAY: Final = date(2026, 1, 5)
HANOI: Final = timezone(timedelta(hours=7))

Fate = Literal["granted", "refused-by-decision", "refused-at-desk", "withdrawn"]

FATES: Final[tuple[tuple[Fate, int], ...]] = (("granted", 85), ("refused-by-decision", 6), ("refused-at-desk", 5), ("withdrawn", 4))
DESK_SUPPLEMENT: Final = 0.14
APPRAISAL_SUPPLEMENT: Final = 0.12
LATE: Final = 0.09
ANSWERS_SURVEY: Final = 0.62
PAGE_OF_OPINIONS: Final = 20

FAMILIES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương")
MIDDLES: Final = ("Văn", "Thị", "Hữu", "Ngọc", "Minh", "Thanh", "Đức", "Kim")
GIVEN: Final = ("An", "Bình", "Cường", "Dung", "Đạt", "Hà", "Hòa", "Khánh", "Lan", "Long", "Nga", "Phúc", "Quỳnh", "Sơn", "Thảo", "Tuấn")
TRADES: Final = ("Xăng dầu", "Thực phẩm", "Hóa chất", "Cơ khí", "Gỗ", "Dệt may", "Điện lực", "Thương mại", "Vật liệu")
PLACES: Final = ("Thủ Dầu Một", "Thuận An", "Dĩ An", "Tân Uyên", "Bến Cát", "Bàu Bàng", "Dầu Tiếng", "Phú Giáo")
COMMENTS: Final = (
    "Công chức hướng dẫn tận tình, trả kết quả đúng hẹn.",
    "Thủ tục rõ ràng nhưng thời gian chờ hơi lâu.",
    "Nên cho nộp toàn bộ hồ sơ qua mạng.",
    "Được thông báo kịp thời, cảm ơn bộ phận một cửa.",
)
OPINIONS: Final = (
    ("delay", "Hồ sơ của doanh nghiệp tôi chờ thẩm định thực tế đã lâu, đề nghị thông báo ngày cụ thể."),
    ("facility", "Khu vực chờ của bộ phận một cửa thiếu ghế ngồi vào buổi sáng đầu tuần."),
    ("praise", "Cán bộ tiếp nhận rất nhiệt tình, hướng dẫn đầy đủ ngay từ lần đầu."),
    ("procedure", "Đề nghị công khai mẫu đơn có ví dụ điền sẵn trên trang thông tin."),
    ("attitude", "Đường dây nóng trả lời chưa rõ về thời hạn bổ sung hồ sơ."),
)
CHANNELS: Final = (("online", 55), ("desk", 35), ("post", 10))
ABSENCES: Final = ("absent", "illegible", "expired", "wrong-form", "inconsistent", "not-certified")


@dataclass(frozen=True)
class Plan:
    """What will happen to one dossier. Spans are fractions of the time that is allowed, or days."""

    number: int
    procedure: str
    channel: str
    applicant: dict[str, Any]
    submitted_at: datetime
    fate: Fate
    missing_at_desk: bool
    missing_at_appraisal: bool
    supplement_days: int
    pace: float
    late_days: int
    return_days: int
    survey: dict[str, Any] | None
    opinion: dict[str, Any] | None
    absence: str


def plan(seed: int, number: int, days: int, procedures: list[str]) -> Plan:
    """Make the plan of one dossier; depends on nothing but the arguments."""
    chance = Random(f"{seed}:{number}")  # noqa: S311 - a story, not a secret
    fates: list[Fate] = [fate for fate, _ in FATES]
    fate = chance.choices(fates, [weight for _, weight in FATES])[0]
    late = chance.random() < LATE
    channel = chance.choices([channel for channel, _ in CHANNELS], [weight for _, weight in CHANNELS])[0]
    return Plan(
        number=number,
        procedure=chance.choice(procedures),
        channel=channel,
        applicant=_applicant(chance),
        submitted_at=_office_hour(chance, FIRST_DAY + timedelta(days=chance.randrange(days))),
        fate=fate,
        missing_at_desk=chance.random() < DESK_SUPPLEMENT or fate == "refused-at-desk",
        missing_at_appraisal=chance.random() < APPRAISAL_SUPPLEMENT,
        supplement_days=chance.randint(1, 6),
        pace=chance.uniform(0.35, 0.97),
        late_days=chance.randint(1, 12) if late else 0,
        return_days=chance.randint(0, 5),
        survey=_survey(chance, late=late) if chance.random() < ANSWERS_SURVEY else None,
        opinion=_opinion(chance) if number % PAGE_OF_OPINIONS == 0 else None,
        absence=chance.choice(ABSENCES),
    )


def _applicant(chance: Random) -> dict[str, Any]:
    person = f"{chance.choice(FAMILIES)} {chance.choice(MIDDLES)} {chance.choice(GIVEN)}"
    address = f"{chance.randint(1, 400)} đường số {chance.randint(1, 40)}, {chance.choice(PLACES)}, Bình Dương"
    phone = f"09{chance.randrange(10**8):08d}"
    if chance.random() < 0.3:  # noqa: PLR2004 - three in ten are persons
        return {
            "kind": "individual",
            "name": person,
            # Born in the 20th century, a man or a woman.
            "identity_number": f"074{chance.randrange(10**9) % (2 * 10**8):09d}",
            "phone": phone,
            "address": address,
        }
    name = f"Công ty TNHH {chance.choice(TRADES)} {chance.choice(GIVEN)} {chance.choice(GIVEN)}"
    return {"kind": "enterprise", "name": name, "tax_code": _tax_code(chance), "phone": phone, "address": address}


def _tax_code(chance: Random) -> str:
    """Make up a tax code whose check digit fits; one in eleven numbers has none, so the next is taken."""
    number = 370_000_000 + chance.randrange(10**8) // 10
    while len(digit := mst.calc_check_digit(str(number))) > 1:
        number += 1
    return f"{number}{digit}"


def _survey(chance: Random, *, late: bool) -> dict[str, Any]:
    satisfaction = chance.choices((1, 2, 3, 4, 5), (25, 30, 25, 15, 5) if late else (1, 3, 11, 40, 45))[0]
    points = {
        "time": 0 if late else chance.choice((1, 2, 2)),
        "agencies-contacted": chance.choice((1, 2, 2)),
        "contacts-to-complete": chance.choice((1, 1, 2)),
        "attitude": 2 if satisfaction > 3 else 1,  # noqa: PLR2004 - content
    }
    comment = {"comment": chance.choice(COMMENTS)} if chance.random() < 0.4 else {}  # noqa: PLR2004 - two in five write something
    return {"satisfaction": satisfaction, "points": points, **comment}


def _opinion(chance: Random) -> dict[str, Any]:
    topic, text = chance.choice(OPINIONS)
    return {"channel": chance.choice(("box", "web")), "topic": topic, "text": text}


def _office_hour(chance: Random, day: date) -> datetime:
    return office(datetime.combine(day, time(8), HANOI) + timedelta(minutes=chance.randrange(8 * 60)))


def office(instant: datetime) -> datetime:
    """Move an instant to when somebody is there: a weekday, between 07:30 and 16:30. Holidays are the services' business."""
    local = instant.astimezone(HANOI)
    if local.time() < time(7, 30):
        local = local.replace(hour=7, minute=30, second=0, microsecond=0)
    elif local.time() > time(16, 30):
        local = (local + timedelta(days=1)).replace(hour=7, minute=45, second=0, microsecond=0)
    while local.weekday() >= 5:  # noqa: PLR2004 - Saturday
        local += timedelta(days=1)
    return local.astimezone(UTC)


def last_day(days: int) -> date:
    """Give the last day of the period that the demo reports on; what would happen later has not happened."""
    return FIRST_DAY + timedelta(days=days - 1)


def end_of(day: date) -> datetime:
    """Give the instant at which a local day ends."""
    return datetime.combine(day + timedelta(days=1), time(0), HANOI).astimezone(UTC)
