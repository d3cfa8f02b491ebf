"""Step 3 of 8, decide: what one version of a procedure says otherwise than another, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Content: TypeAlias = Mapping[str, Any]
Line: TypeAlias = Mapping[str, Any]

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("Tên thủ tục hành chính", "Name of the procedure"),
    "field": ("Mã lĩnh vực", "Code of the field"),
    "field_name": ("Lĩnh vực", "Field"),
    "agency": ("Mã cơ quan thực hiện", "Code of the agency"),
    "agency_name": ("Cơ quan thực hiện", "Agency"),
    "limit": ("Thời hạn giải quyết", "Time limit"),
    "limits": ("Thời hạn theo trường hợp và cách thức nộp", "Time limit by case and channel"),
    "start_rule": ("Thời điểm bắt đầu tính thời hạn", "When the limit begins"),
    "supplement_mode": ("Cách tính thời hạn sau khi bổ sung", "How the limit goes on after a supplement"),
    "notice_days": ("Số ngày làm việc để yêu cầu bổ sung", "Working days within which a supplement must be asked for"),
    "extension_max": ("Thời gian được gia hạn tối đa", "By how much the limit may be made longer"),
    "components": ("Thành phần hồ sơ", "Component"),
    "fees": ("Phí, lệ phí", "Fee"),
    "fee_before_result": ("Nộp phí trước khi nhận kết quả", "The fee is paid before the result is handed over"),
    "result": ("Kết quả thực hiện", "Result"),
    "validity_months": ("Số tháng có hiệu lực của kết quả", "Months for which the result is valid"),
    "legal_basis": ("Căn cứ pháp lý", "Legal basis"),
    "confidence": ("Mức độ tin cậy của dữ liệu", "Confidence in the data"),
}
"""What each member of a version is called, in Vietnamese and English; `code` is the procedure itself and never differs."""


def _said_for(line: Line) -> str:
    """Say what a line of a table is for, whatever it gives there."""
    names = ("case_code", "case", "applicant_kind", "channel", "valid_from", "valid_until")
    return ", ".join(str(line[name]) for name in names if line.get(name) is not None)


LINES: Final[Mapping[str, Callable[[Any], str]]] = {
    "components": lambda component: component["code"],
    "fees": _said_for,
    "limits": _said_for,
    "legal_basis": str,
}
"""Members that are lists, and what tells their lines apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is said otherwise: `line` names the line of a list; what was not said before, or is no longer, is None."""

    member: str
    line: str | None
    before: Any
    after: Any

    def told(self) -> dict[str, Any]:
        """Give its JSON."""
        vi, en = LABELS[self.member]
        named = {"field": self.member, "line": self.line, "label": vi, "label_en": en}
        return named | {"before": self.before, "after": self.after}


def changes(before: Content, after: Content) -> list[Change]:
    """Give what differs, in the order in which a version is read. Lines of a list that only changed places are no difference."""
    found = list[Change]()
    for member in LABELS:
        old, new = before.get(member), after.get(member)
        if member in LINES:
            found += _of_lines(member, old or (), new or ())
        elif old != new:
            found.append(Change(member=member, line=None, before=old, after=new))
    return found


def _of_lines(member: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    old, new = _by_name(member, before), _by_name(member, after)
    for line in (*old, *(name for name in new if name not in old)):
        if old.get(line) != new.get(line):
            yield Change(member=member, line=line, before=old.get(line), after=new.get(line))


def _by_name(member: str, lines: Sequence[Any]) -> dict[str, Any]:
    """Name lines by what they are for; a second one for the same gets a number, so that none is lost."""
    found = dict[str, Any]()
    for one in lines:
        name, n = LINES[member](one), 1
        while (numbered := name if n == 1 else f"{name} ({n})") in found:
            n += 1
        found[numbered] = one
    return found
