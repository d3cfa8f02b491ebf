"""Step 8 of 8, query: a register as a file for a spreadsheet (RFC 4180, UTF-8 with the mark that Excel looks for)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

ROWS_MAX: Final = 10_000
"""Rows of one file; a Link header leads to the next."""
MARK: Final = "\ufeff"
MEDIA_TYPE: Final = "text/csv"

COLUMNS: Final[Mapping[str, str]] = {
    "code": "Mã hồ sơ",
    "procedure": "Mã thủ tục",
    "procedure_name": "Thủ tục",
    "field": "Mã lĩnh vực",
    "field_name": "Lĩnh vực",
    "agency": "Mã cơ quan",
    "agency_name": "Cơ quan",
    "channel": "Hình thức nộp",
    "accepted_on": "Ngày tiếp nhận",
    "due_on": "Ngày hẹn trả",
    "ready_on": "Ngày có kết quả",
    "returned_on": "Ngày trả kết quả",
    "withdrawn_on": "Ngày rút hồ sơ",
    "outcome": "Kết quả",
    "state": "Tình trạng",
    "late": "Quá hạn",
}
"""The columns of the register (TT 01/2018/TT-VPCP, Sổ theo dõi hồ sơ) that are no personal data, and their headings."""

WORDS: Final[Mapping[Any, str]] = {
    "online": "Trực tuyến",
    "desk": "Trực tiếp",
    "post": "Bưu chính công ích",
    "granted": "Đồng ý",
    "refused": "Từ chối",
    "in-progress": "Đang giải quyết",
    "awaiting-supplement": "Chờ bổ sung",
    "result-ready": "Đã có kết quả",
    "returned": "Đã trả kết quả",
    "withdrawn": "Đã rút",
    True: "Có",
    False: "Không",
    None: "",
}
TRANSLATED: Final = frozenset({"channel", "outcome", "state", "late"})
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def is_wanted(accept: str | None) -> bool:
    """Tell whether a caller asks for a file rather than for JSON."""
    return accept is not None and any(part.partition(";")[0].strip().lower() == MEDIA_TYPE for part in accept.split(","))


def cell(value: object) -> str:
    """Write one value; a text that a spreadsheet would carry out gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def rows_of(entries: Iterable[Mapping[str, Any]]) -> str:
    """Write the heading and a line per entry."""
    out = io.StringIO()
    out.write(MARK)
    writer = csv.writer(out)
    writer.writerow(COLUMNS.values())
    for entry in entries:
        writer.writerow([cell(WORDS[entry[name]] if name in TRANSLATED else entry[name]) for name in COLUMNS])
    return out.getvalue()


def good_for(freshness: Mapping[str, Any]) -> dict[str, str]:
    """Say in headers what a file is good for: what of it changes from one second to the next must not stand in the file."""
    return {
        "Vary": "Accept",
        "Motcua-Positions": ", ".join(f"{source}/{pos}" for source, pos in sorted(freshness["positions"].items())),
        "Motcua-Lag": ", ".join(f"{source}={'unknown' if lag is None else lag}" for source, lag in sorted(freshness["lag"].items())),
        "Motcua-Definition": freshness["definition_hash"],
    }


def response(entries: Sequence[Mapping[str, Any]], freshness: Mapping[str, Any], link: str | None) -> Response:
    """Answer with the file; what it is good for stands in its headers."""
    headers = {
        "Content-Disposition": 'attachment; filename="so-theo-doi-ho-so.csv"',
        **good_for(freshness),
        **({"Link": link} if link else {}),
    }
    return Response(rows_of(entries), headers=headers, media_type=f"{MEDIA_TYPE}; charset=utf-8")
