"""Step 1 of 8, http_api: what went wrong, said so that a person and a program understand it (RFC 9457).

A kind of problem is data: a slug that never changes, a status, and sentences in Vietnamese and English. What the caller
sent is never repeated, because it may be personal data and problems end up in other people's logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.responses import Response

BASE: Final = "https://motcua.invalid/problems/"
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages; `{name}` stands for a bound or a list that comes from us, never from the caller."""

    vi: str
    en: str

    def filled(self, **values: object) -> Sentence:
        """Put values into the places."""
        return Sentence(self.vi.format_map(values), self.en.format_map(values))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. `members` names what else of a refusal's detail may be shown (RFC 9457, 3.2)."""

    slug: str
    status: int
    title: Sentence
    detail: Sentence
    members: tuple[str, ...] = ("legal",)


def refusal(slug: str, vi: str, en: str, *, status: int = 409, members: tuple[str, ...] = ("legal",)) -> Kind:
    """Name a reason for which a service refuses a command.

    Args:
        slug: the `Refused.reason`.
        vi: the sentence that explains it.
        en: the same in English.
        status: 409, or 404 where the reason is that the thing does not exist.
        members: keys of `Refused.detail` that the caller may see; they must not hold personal data.
    """
    title = NOT_FOUND.title if status == NOT_FOUND.status else NOT_NOW.title
    return Kind(slug, status, title, Sentence(vi, en), members)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one part of a request: `place` is body, query, path or header; `pointer` is inside it."""

    place: str
    pointer: str
    detail: Sentence

    def as_dict(self) -> dict[str, str]:
        """Give the member of `errors`."""
        return {"in": self.place, "pointer": self.pointer, "detail": self.detail.vi, "detail_en": self.detail.en}


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """Ends a request with a problem; the rim turns it into the response."""

    def __init__(
        self,
        kind: Kind,
        *,
        detail: Sentence | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the kind; `detail` says more than the kind's own sentence, `members` are extension members."""
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = detail or kind.detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def response(self, trace_id: str) -> Response:
        """Give the response; `trace_id` leads from it to the log line and the trace."""
        kind = self.kind
        body: dict[str, Any] = {
            "type": BASE + kind.slug,
            "status": kind.status,
            "title": kind.title.vi,
            "detail": self.detail.vi,
            "title_en": kind.title.en,
            "detail_en": self.detail.en,
            "trace_id": trace_id,
        }
        if self.faults:
            body["errors"] = [fault.as_dict() for fault in self.faults]
        content = orjson.dumps(self.members | body, default=str)
        return Response(content, kind.status, headers=self.headers, media_type=MEDIA_TYPE)


def retry_later(kind: Kind, seconds: int = 1) -> Problem:
    """Make a problem that goes away by itself."""
    return Problem(kind, headers={"Retry-After": str(max(1, seconds))})


MALFORMED: Final = Kind(
    "malformed-body",
    400,
    Sentence("Nội dung gửi lên không đọc được", "The body cannot be read"),
    Sentence("Nội dung gửi lên phải là JSON hợp lệ.", "The body must be well-formed JSON."),
)
BODY_MISSING: Final = Kind(
    "body-missing",
    400,
    Sentence("Thiếu nội dung gửi lên", "The body is missing"),
    Sentence("Yêu cầu này cần nội dung JSON.", "This request needs a JSON body."),
)
INVALID: Final = Kind(
    "invalid-input",
    422,
    Sentence("Dữ liệu gửi lên chưa hợp lệ", "The input is not valid"),
    Sentence("Có trường chưa đúng; xem danh sách lỗi.", "Some fields are not right; see the list of errors."),
)
KEY_MISSING: Final = Kind(
    "idempotency-key-missing",
    400,
    Sentence("Thiếu khóa chống gửi trùng", "The idempotency key is missing"),
    Sentence(
        "Mỗi yêu cầu ghi phải có tiêu đề Idempotency-Key dài từ 1 đến 200 ký tự ASCII in được, không có dấu cách.",
        "Every request that writes needs an Idempotency-Key header of 1 to 200 printable ASCII characters without spaces.",
    ),
)
KEY_REUSED: Final = Kind(
    "idempotency-key-reused",
    422,
    Sentence("Khóa chống gửi trùng đã được dùng", "The idempotency key has been used"),
    Sentence(
        "Khóa này đã được dùng cho một yêu cầu có nội dung khác. Hãy dùng khóa mới.",
        "This key was used for a request with other content. Use a new key.",
    ),
)
TOKEN_MISSING: Final = Kind(
    "token-missing",
    401,
    Sentence("Chưa đăng nhập", "Not signed in"),
    Sentence("Yêu cầu này cần mã truy cập (Bearer token).", "This request needs a bearer token."),
)
TOKEN_INVALID: Final = Kind(
    "token-invalid",
    401,
    Sentence("Mã truy cập không hợp lệ", "The token is not valid"),
    Sentence("Không xác minh được mã truy cập. Hãy đăng nhập lại.", "The token could not be verified. Sign in again."),
)
TOKEN_EXPIRED: Final = Kind(
    "token-expired",
    401,
    Sentence("Mã truy cập đã hết hạn", "The token has expired"),
    Sentence("Phiên đăng nhập đã hết hạn. Hãy đăng nhập lại.", "The session has ended. Sign in again."),
)
NOT_ALLOWED: Final = Kind(
    "not-allowed",
    403,
    Sentence("Không có quyền", "Not allowed"),
    Sentence("Vai trò của tài khoản này không được làm việc này.", "The roles of this account do not permit this."),
)
OTHER_AGENCY: Final = Kind(
    "other-agency",
    403,
    Sentence("Ngoài phạm vi cơ quan", "Another agency's"),
    Sentence("Tài khoản này không thuộc cơ quan có thẩm quyền.", "This account does not belong to the agency concerned."),
)
NOT_FOUND: Final = Kind(
    "not-found",
    404,
    Sentence("Không tìm thấy", "Not found"),
    Sentence("Địa chỉ hoặc đối tượng này không tồn tại.", "This address or this thing does not exist."),
)
ERASED: Final = Kind(
    "erased",
    404,
    Sentence("Đã xóa", "Erased"),
    Sentence("Dữ liệu cá nhân này không có hoặc đã được xóa theo quy định.", "These personal data do not exist, or have been erased."),
)
METHOD: Final = Kind(
    "method-not-allowed",
    405,
    Sentence("Phương thức không được hỗ trợ", "Method not allowed"),
    Sentence("Địa chỉ này không nhận phương thức đã dùng; xem tiêu đề Allow.", "This address does not take that method; see Allow."),
)
NOT_NOW: Final = Kind(
    "refused",
    409,
    Sentence("Không thực hiện được trong tình trạng hiện tại", "Not possible in the present state"),
    Sentence("Tình trạng hiện tại không cho phép việc này.", "The present state does not permit this."),
)
CHANGED: Final = Kind(
    "changed-meanwhile",
    412,
    Sentence("Đã có thay đổi", "Changed meanwhile"),
    Sentence(
        "Phiên bản nêu trong If-Match không còn là phiên bản mới nhất. Hãy tải lại rồi thực hiện tiếp.",
        "The version given in If-Match is no longer the last. Load it again, then go on.",
    ),
)
IF_MATCH: Final = Kind(
    "if-match-malformed",
    400,
    Sentence("Tiêu đề If-Match không hợp lệ", "If-Match is malformed"),
    Sentence('If-Match phải là một ETag trong ngoặc kép, ví dụ "3".', 'If-Match must be one quoted ETag, for example "3".'),
)
IF_MATCH_MISSING: Final = Kind(
    "if-match-missing",
    428,
    Sentence("Thiếu tiêu đề If-Match", "If-Match is missing"),
    Sentence("Yêu cầu này cần If-Match với ETag đã đọc.", "This request needs If-Match with the ETag that was read."),
)
TOO_LARGE: Final = Kind(
    "body-too-large",
    413,
    Sentence("Nội dung gửi lên quá lớn", "The body is too large"),
    Sentence("Nội dung gửi lên vượt quá giới hạn cho phép.", "The body is larger than what is accepted here."),
)
MEDIA: Final = Kind(
    "media-type-not-supported",
    415,
    Sentence("Kiểu nội dung không được hỗ trợ", "The media type is not supported"),
    Sentence("Nội dung gửi lên phải có Content-Type là application/json.", "The body must have the Content-Type application/json."),
)
INTERNAL: Final = Kind(
    "internal-error",
    500,
    Sentence("Lỗi hệ thống", "Internal error"),
    Sentence(
        "Hệ thống gặp lỗi ngoài dự kiến. Hãy báo cho người vận hành mã trace_id.",
        "Something unexpected went wrong. Give the operator the trace_id.",
    ),
)
BUSY: Final = Kind(
    "busy",
    503,
    Sentence("Hệ thống đang bận", "Busy"),
    Sentence(
        "Hãy gửi lại sau ít giây với cùng khóa chống gửi trùng.",
        "Send it again in a few seconds with the same idempotency key.",
    ),
)
NOT_THERE_YET: Final = Kind(
    "not-there-yet",
    503,
    Sentence("Dữ liệu chưa cập nhật tới vị trí yêu cầu", "Not there yet"),
    Sentence(
        "Bảng tra cứu chưa cập nhật tới vị trí trong tham số after. Hãy hỏi lại sau ít giây.",
        "The read table has not reached the position given in after. Ask again in a few seconds.",
    ),
)
IDENTITY_AWAY: Final = Kind(
    "identity-provider-away",
    503,
    Sentence("Chưa xác minh được danh tính", "Identity cannot be verified"),
    Sentence("Không lấy được khóa của hệ thống định danh. Hãy thử lại.", "The identity provider's keys cannot be fetched. Try again."),
)
OTHER: Final = Kind(
    "other",
    400,
    Sentence("Yêu cầu không thực hiện được", "The request cannot be carried out"),
    Sentence("Yêu cầu không thực hiện được.", "The request cannot be carried out."),
)

CATALOGUE: Final = (
    *(MALFORMED, BODY_MISSING, INVALID, KEY_MISSING, KEY_REUSED, TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED),
    *(NOT_ALLOWED, OTHER_AGENCY, NOT_FOUND, ERASED, METHOD, NOT_NOW, CHANGED, IF_MATCH, IF_MATCH_MISSING),
    *(TOO_LARGE, MEDIA, INTERNAL, BUSY, NOT_THERE_YET, IDENTITY_AWAY, OTHER),
)

SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457 problem details; sentences in Vietnamese, and in English beside them.",
    "type": "object",
    "required": ["type", "status", "title", "detail", "title_en", "detail_en", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Stable name of the kind of problem."},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "title_en": {"type": "string"},
        "detail_en": {"type": "string"},
        "trace_id": {"type": "string", "description": "Leads to the log line and the trace."},
        "legal": {"type": "array", "items": {"type": "string"}, "description": "Actions that the present state permits."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail", "detail_en"],
                "properties": {
                    "in": {"enum": ["body", "query", "path", "header"]},
                    "pointer": {"type": "string", "description": "JSON pointer inside that part (RFC 6901)."},
                    "detail": {"type": "string"},
                    "detail_en": {"type": "string"},
                },
            },
        },
    },
}
"""JSON Schema of a problem, for the OpenAPI document."""
