"""Step 1 of 8, http_api: what is wrong with a field, as a sentence in both languages and a pointer to the field.

Pydantic's own messages are English and may hold the input. Ours hold only bounds and choices that the schema states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from kernel.edge.problem import Fault, Sentence

FAULTS_MAX: Final = 50
PLACES: Final = frozenset({"body", "query", "path", "header"})
SPEAKABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
"""A key that the caller made up is repeated only if it looks like the name of a field."""

FALLBACK: Final = Sentence("Giá trị không hợp lệ.", "The value is not valid.")

_TEXT: Final = Sentence("Phải là chuỗi ký tự.", "Must be a string.")
_WHOLE: Final = Sentence("Phải là số nguyên.", "Must be a whole number.")
_NUMBER: Final = Sentence("Phải là số.", "Must be a number.")
_TRUTH: Final = Sentence("Phải là đúng hoặc sai (true hoặc false).", "Must be true or false.")
_LIST: Final = Sentence("Phải là danh sách.", "Must be a list.")
_OBJECT: Final = Sentence("Phải là đối tượng JSON.", "Must be a JSON object.")
_DATE: Final = Sentence(
    "Phải là ngày theo dạng năm-tháng-ngày, ví dụ 2026-03-31.", "Must be a date as year-month-day, for example 2026-03-31."
)
_INSTANT: Final = Sentence(
    "Phải là thời điểm theo RFC 3339 có múi giờ, ví dụ 2026-03-31T08:00:00+07:00.",
    "Must be an instant as of RFC 3339 with an offset, for example 2026-03-31T08:00:00+07:00.",
)
_TIME: Final = Sentence("Phải là giờ, ví dụ 08:00.", "Must be a time of day, for example 08:00.")
_SPAN: Final = Sentence("Phải là khoảng thời gian theo ISO 8601, ví dụ P3D.", "Must be a duration as of ISO 8601, for example P3D.")
_UUID: Final = Sentence("Phải là mã UUID.", "Must be a UUID.")
_URL: Final = Sentence("Phải là địa chỉ URL hợp lệ.", "Must be a valid URL.")
_DECIMAL: Final = Sentence("Phải là số thập phân.", "Must be a decimal number.")
_BYTES: Final = Sentence("Dữ liệu nhị phân không hợp lệ.", "The binary data are not valid.")

SENTENCES: Final[Mapping[str, Sentence]] = {
    "missing": Sentence("Thiếu trường bắt buộc.", "A required field is missing."),
    "extra_forbidden": Sentence("Trường này không được chấp nhận.", "This field is not accepted."),
    "invalid_key": Sentence("Tên trường phải là chuỗi ký tự.", "The name of a field must be a string."),
    "none_required": Sentence("Phải để trống (null).", "Must be empty (null)."),
    "json_type": Sentence("Phải là chuỗi JSON.", "Must be a JSON string."),
    "json_invalid": Sentence("JSON không hợp lệ.", "The JSON is not well-formed."),
    "recursion_loop": Sentence("Dữ liệu lồng nhau quá sâu.", "The data are nested too deeply."),
    "recursion_depth_exceeded": Sentence("Dữ liệu lồng nhau quá sâu.", "The data are nested too deeply."),
    "greater_than": Sentence("Phải lớn hơn {gt}.", "Must be greater than {gt}."),
    "greater_than_equal": Sentence("Phải lớn hơn hoặc bằng {ge}.", "Must be at least {ge}."),
    "less_than": Sentence("Phải nhỏ hơn {lt}.", "Must be less than {lt}."),
    "less_than_equal": Sentence("Phải nhỏ hơn hoặc bằng {le}.", "Must be at most {le}."),
    "multiple_of": Sentence("Phải là bội số của {multiple_of}.", "Must be a multiple of {multiple_of}."),
    "finite_number": Sentence("Phải là số hữu hạn.", "Must be a finite number."),
    "too_short": Sentence("Phải có ít nhất {min_length} phần tử.", "Must have at least {min_length} items."),
    "too_long": Sentence("Không được có quá {max_length} phần tử.", "Must have at most {max_length} items."),
    "string_type": _TEXT,
    "string_unicode": Sentence("Chuỗi ký tự phải là Unicode hợp lệ.", "The string must be valid Unicode."),
    "string_too_short": Sentence("Phải có ít nhất {min_length} ký tự.", "Must have at least {min_length} characters."),
    "string_too_long": Sentence("Không được dài quá {max_length} ký tự.", "Must have at most {max_length} characters."),
    "string_pattern_mismatch": Sentence("Không đúng định dạng {pattern}", "Does not have the form {pattern}"),
    "string_not_ascii": Sentence("Chỉ được dùng ký tự ASCII.", "Only ASCII characters are accepted."),
    "enum": Sentence("Phải là một trong các giá trị: {expected}.", "Must be one of: {expected}."),
    "literal_error": Sentence("Phải là một trong các giá trị: {expected}.", "Must be one of: {expected}."),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dataclass_exact_type": _OBJECT,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "arguments_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "named_tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "deque_type": _LIST,
    "iterable_type": _LIST,
    "iteration_error": _LIST,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": Sentence("Số quá lớn.", "The number is too large."),
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _DECIMAL,
    "decimal_parsing": _DECIMAL,
    "decimal_max_digits": Sentence("Không được có quá {max_digits} chữ số.", "Must have at most {max_digits} digits."),
    "decimal_max_places": Sentence(
        "Không được có quá {decimal_places} chữ số thập phân.", "Must have at most {decimal_places} decimal places."
    ),
    "decimal_whole_digits": Sentence(
        "Phần nguyên không được có quá {whole_digits} chữ số.", "Must have at most {whole_digits} digits before the point."
    ),
    "bytes_type": _BYTES,
    "bytes_invalid_encoding": _BYTES,
    "bytes_too_short": Sentence("Phải có ít nhất {min_length} byte.", "Must have at least {min_length} bytes."),
    "bytes_too_long": Sentence("Không được dài quá {max_length} byte.", "Must have at most {max_length} bytes."),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": Sentence("Phải là ngày trong quá khứ.", "Must be a date in the past."),
    "date_future": Sentence("Phải là ngày trong tương lai.", "Must be a date in the future."),
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_past": Sentence("Phải là thời điểm trong quá khứ.", "Must be an instant in the past."),
    "datetime_future": Sentence("Phải là thời điểm trong tương lai.", "Must be an instant in the future."),
    "timezone_naive": Sentence("Không được kèm múi giờ.", "Must not have an offset."),
    "timezone_aware": _INSTANT,
    "timezone_offset": Sentence("Múi giờ không đúng.", "The offset is not right."),
    "time_delta_type": _SPAN,
    "time_delta_parsing": _SPAN,
    "union_tag_invalid": Sentence("Trường phân loại phải là một trong: {expected_tags}.", "The kind must be one of: {expected_tags}."),
    "union_tag_not_found": Sentence("Thiếu trường phân loại.", "The field that tells the kind is missing."),
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_too_long": Sentence("URL không được dài quá {max_length} ký tự.", "The URL must have at most {max_length} characters."),
    "url_scheme": Sentence("URL phải bắt đầu bằng {expected_schemes}.", "The URL must begin with {expected_schemes}."),
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "uuid_version": _UUID,
    "value_error": FALLBACK,
    "assertion_error": FALLBACK,
}

_LANGUAGE_OF_CHOICES: Final = re.compile(r" or (?='|\d)")


def faults_of(errors: Sequence[Mapping[str, Any]], body: object, more: Mapping[str, Sentence] | None = None) -> list[Fault]:
    """Translate pydantic's errors, at most `FAULTS_MAX` of them, each once.

    Args:
        errors: what pydantic says, with the place as the first part of `loc`.
        body: the parsed body, used only to tell a field's name from the name of a union's branch.
        more: sentences for the service's own error types (`PydanticCustomError`).
    """
    found: dict[tuple[str, str, str], Fault] = {}
    for error in errors:
        if is_long_enough(error):
            continue
        fault = fault_of(error, body, more or {})
        found.setdefault((fault.place, fault.pointer, fault.detail.en), fault)
    return list(found.values())[:FAULTS_MAX]


def is_long_enough(error: Mapping[str, Any]) -> bool:
    """Tell whether a tuple is called too short only because some of its items are wrong: pydantic counts the good ones."""
    given, context = error.get("input"), error.get("ctx", {})
    is_short_tuple = error["type"] == "too_short" and context.get("field_type") == "Tuple"
    return is_short_tuple and isinstance(given, list | tuple) and len(cast("Sequence[object]", given)) >= context["min_length"]


def fault_of(error: Mapping[str, Any], body: object, more: Mapping[str, Sentence]) -> Fault:
    """Translate one error."""
    kind: str = error["type"]
    place, *path = cast("tuple[str | int, ...]", error["loc"])
    named = place if isinstance(place, str) and place in PLACES else "body"
    inside = pointer_in(body, path, absent=kind == "missing") if named == "body" else pointer_of(path)
    sentence = more.get(kind) or SENTENCES.get(kind, FALLBACK)
    return Fault(named, inside, fill(sentence, error.get("ctx") or {}))


def fill(sentence: Sentence, context: Mapping[str, Any]) -> Sentence:
    """Put the schema's bounds into a sentence."""
    if "{" not in sentence.en:
        return sentence
    values = {name: str(value) for name, value in context.items()}
    expected = values.get("expected", "")
    try:
        vi = sentence.vi.format_map(values | {"expected": _LANGUAGE_OF_CHOICES.sub(" hoặc ", expected)})
        return Sentence(vi, sentence.en.format_map(values))
    except KeyError:
        return FALLBACK


def pointer_in(body: object, path: Sequence[str | int], *, absent: bool) -> str:
    """Point into the body, leaving out parts of the path that name a branch of a union and not a field."""
    at, parts = body, list[str | int]()
    for n, part in enumerate(path):
        if isinstance(at, dict) and part in at:
            at = cast("dict[object, object]", at)[part]
        elif isinstance(at, list) and isinstance(part, int) and part < len(cast("list[object]", at)):
            at = cast("list[object]", at)[part]
        elif not (absent and n == len(path) - 1):
            continue
        parts.append(part)
    return pointer_of(parts)


def pointer_of(parts: Sequence[str | int]) -> str:
    """Write a JSON pointer (RFC 6901); it ends before the first key that does not look like the name of a field."""
    written = ""
    for part in parts:
        if isinstance(part, str) and SPEAKABLE.fullmatch(part) is None:
            break
        written += f"/{part}"
    return written
