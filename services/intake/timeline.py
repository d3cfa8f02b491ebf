"""Beside step 8: the public view of a dossier in plain words, Vietnamese and English, for the timeline and for notices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from kernel.edge.problem import Sentence
from services.intake.domain.public_view import PublicEvent, PublicKind

WORDS: Final[Mapping[PublicKind, Sentence]] = {
    "submitted": Sentence("Hồ sơ đã được nộp, đang chờ kiểm tra.", "The dossier was handed in and waits to be checked."),
    "supplement-requested": Sentence("Đề nghị bổ sung, hoàn thiện hồ sơ: {missing}.", "Please complete the dossier: {missing}."),
    "supplement-reminded": Sentence(
        "Xin nhắc: phần đề nghị bổ sung chưa được nộp; thời hạn giải quyết đang tạm dừng.",
        "A reminder: what was asked for has not been brought, and the clock stands still until it is.",
    ),
    "supplemented": Sentence("Đã nhận phần bổ sung.", "The supplement was received."),
    "accepted": Sentence("Hồ sơ {code} đã được tiếp nhận{due}.", "Dossier {code} was received{due}."),
    "appointment-moved": Sentence(
        "Ngày hẹn trả kết quả chuyển từ {before} sang {on}.", "The appointment for the result moved from {before} to {on}."
    ),
    "late-apology": Sentence(
        "Chúng tôi xin lỗi vì trễ hẹn ngày {before}; xin hẹn lại ngày {on}.",
        "We apologise: the result will not be there on {before}; the new day is {on}.",
    ),
    "result-ready": Sentence("Đã có kết quả: {outcome}{number}.", "The result is ready: {outcome}{number}."),
    "returned": Sentence("Đã trả kết quả.", "The result was handed over."),
    "refused": Sentence(
        "Hồ sơ không được tiếp nhận: {reason}. Căn cứ: {basis}.", "The dossier was not received: {reason}. Basis: {basis}."
    ),
    "withdrawn": Sentence("Hồ sơ đã được rút theo yêu cầu của người nộp.", "The dossier was taken back at the applicant's request."),
}
DUE: Final = Sentence(", hẹn trả kết quả ngày {on}", ", the result is due on {on}")
NUMBER: Final = Sentence(", số {number}", ", number {number}")
OUTCOMES: Final = {"granted": Sentence("được giải quyết", "granted"), "refused": Sentence("không được giải quyết", "refused")}
REASONS: Final = {
    "out-of-competence": Sentence("không thuộc thẩm quyền", "another agency is competent"),
    "conditions-not-met": Sentence("chưa đủ điều kiện", "the conditions are not met"),
    "supplement-not-given": Sentence("không bổ sung hồ sơ", "the supplement was not brought"),
    "duplicate": Sentence("trùng với hồ sơ đã nộp", "the same dossier was handed in already"),
}
LACKS: Final = {
    "absent": Sentence("còn thiếu", "is missing"),
    "illegible": Sentence("không đọc được", "cannot be read"),
    "expired": Sentence("đã hết hạn", "has expired"),
    "wrong-form": Sentence("không đúng mẫu", "is not on the right form"),
    "inconsistent": Sentence("không thống nhất", "contradicts another paper"),
    "not-certified": Sentence("chưa chứng thực", "is not certified"),
}


def day_in_words(day: date | None) -> str:
    """Write a day as people do."""
    return f"{day:%d/%m/%Y}" if day else "…"


def say(event: PublicEvent, names: Mapping[str, str]) -> Sentence:
    """Say what happened; `names` are the components' names by code (their Vietnamese names stand in both languages)."""
    lacks = [(names.get(one.component, one.component), LACKS[one.reason]) for one in event.missing]
    reason = REASONS.get(event.reason or "")
    due = DUE.filled(on=day_in_words(event.due_on)) if event.due_on else None
    number = NUMBER.filled(number=event.result_number) if event.result_number else None
    outcome = OUTCOMES.get(event.outcome or "")
    words, values = WORDS[event.kind], {"before": day_in_words(event.due_before_on), "on": day_in_words(event.due_on)}
    values |= {"code": event.code or "", "basis": event.legal_basis or ""}

    def filled(language: str) -> str:
        def of(sentence: Sentence | None) -> str:
            return getattr(sentence, language) if sentence else ""

        more = {"due": of(due), "number": of(number), "outcome": of(outcome), "reason": of(reason)}
        missing = "; ".join(f"{name} {getattr(lack, language)}" for name, lack in lacks)
        return getattr(words, language).format_map(values | more | {"missing": missing})

    return Sentence(filled("vi"), filled("en"))
