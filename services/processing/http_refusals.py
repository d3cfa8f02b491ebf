"""Step 1 of 8, http_api: what is said of each reason for which a command on a case, or on the organisation, is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kernel.edge.problem import INVALID, NOT_ALLOWED, Fault, Kind, Sentence, refusal

A_REFUSAL_NEEDS_ITS_BASIS: Final = Fault(
    "body", "/legal_basis", Sentence("Từ chối phải nêu căn cứ pháp lý.", "A refusal must name its legal basis.")
)

REFUSALS: Final = (
    refusal("no-such-case", "Không tìm thấy hồ sơ xử lý này.", "There is no such case.", status=404),
    Kind(
        "not-in-roster",
        403,
        NOT_ALLOWED.title,
        Sentence(
            "Tài khoản này chưa được phân công vào phòng, ban nào nên không xử lý hồ sơ được.",
            "This account has no post in any unit, so it cannot work on cases.",
        ),
    ),
    Kind(
        "on-leave",
        403,
        NOT_ALLOWED.title,
        Sentence(
            "Tài khoản này đang nghỉ phép nên không xử lý hồ sơ được.",
            "This account is on leave, so it cannot work on cases.",
        ),
    ),
    Kind(
        "not-your-step",
        403,
        NOT_ALLOWED.title,
        Sentence(
            "Bước đang mở thuộc phòng, ban hoặc chức danh khác.",
            "The open step belongs to another unit or role.",
        ),
    ),
    refusal(
        "case-paused",
        "Hồ sơ đang tạm dừng để chờ người nộp bổ sung.",
        "The case is paused until the applicant has brought the supplement.",
    ),
    refusal("case-ended", "Việc xử lý hồ sơ này đã kết thúc.", "This case has ended."),
    refusal("step-not-open", "Bước này không phải là bước đang mở.", "This is not the step that is open."),
    refusal("claimed-by-another", "Bước này đã có người khác nhận xử lý.", "Another officer has claimed this step."),
    Kind(
        "not-yours-to-assign",
        403,
        NOT_ALLOWED.title,
        Sentence("Chỉ lãnh đạo phòng, ban được phân công bước này.", "Only who leads the unit shares out this step."),
    ),
    refusal(
        "cannot-take-step",
        "Người được phân công không thuộc phòng, ban và chức danh của bước này.",
        "Who is to take the step is not of its unit and role.",
    ),
    refusal(
        "assignment-needs-reason",
        "Chuyển bước đang có người xử lý phải nêu lý do: nghỉ phép, chuyển công tác, …",
        "A step that somebody works on moves only for a reason: leave, transfer, …",
    ),
    refusal(
        "cannot-return-there",
        "Bước này không được trả lại bước đó.",
        "This step is not returned to that one.",
        members=("legal", "may"),
    ),
    refusal(
        "nothing-to-undo",
        "Không thể rút lại: bước này chưa hoàn thành, của người khác hoàn thành, hoặc bước sau đã được xử lý.",
        "This cannot be taken back: it is not finished, another finished it, or what follows is being worked on.",
        members=("legal", "may"),
    ),
    refusal("already-asked", "Cơ quan này đang được lấy ý kiến.", "This agency has been asked and has not answered yet."),
    refusal(
        "partner-not-asked",
        "Bước này chỉ hoàn thành sau khi đã lấy ý kiến cơ quan phối hợp.",
        "This step is completed only after the coordinating agencies were asked.",
        members=("legal", "partners"),
    ),
    refusal(
        "no-such-consultation",
        "Không có ý kiến nào đang chờ trả lời theo số này.",
        "No answer is awaited under this number.",
        members=("legal", "open"),
    ),
    refusal(
        "guard-not-met",
        "Chưa đủ điều kiện của quy trình để hoàn thành bước này.",
        "What the workflow requires for this step is not fulfilled yet.",
        members=("legal", "why", "why_en"),
    ),
    refusal(
        "apology-needed",
        "Hồ sơ đã quá hạn: phải xin lỗi và hẹn lại ngày trả kết quả trước khi trả.",
        "The result is late: it goes out only after an apology with a new day.",
    ),
    refusal("already-reappointed", "Chỉ được hẹn lại một lần.", "A new day is named once at most."),
    refusal(
        "new-day-too-early",
        "Ngày hẹn lại phải là ngày làm việc, sau hạn cũ và không trước hôm nay.",
        "The new day must be a working day, after the old one and not before today.",
    ),
    refusal(
        "decision-needed",
        "Bước ký duyệt chỉ hoàn thành bằng một quyết định: đồng ý hoặc từ chối.",
        "The signing step is completed only by a decision, to grant or to refuse.",
    ),
    refusal(
        "not-the-signing-step",
        "Chưa đến bước ký duyệt nên chưa thể quyết định.",
        "The case has not reached the signing step, so it cannot be decided yet.",
    ),
    refusal(
        "has-worked-on-it",
        "Người đã thẩm định hoặc xử lý một bước khác của hồ sơ không được ký quyết định của hồ sơ đó.",
        "Who did another step of a case does not sign its decision.",
    ),
    refusal(
        "signed-before-acceptance",
        "Quyết định không thể ký trước khi hồ sơ được tiếp nhận.",
        "A decision is not signed before its dossier was accepted.",
    ),
    refusal("already-decided", "Hồ sơ này đã có quyết định.", "This case has been decided already."),
    Kind("legal-basis-needed", INVALID.status, INVALID.title, A_REFUSAL_NEEDS_ITS_BASIS.detail),
    refusal(
        "no-clock",
        "Thủ tục này không có thời hạn luật định nên không có thời gian để tạm dừng.",
        "This procedure has no legal limit, so there is no clock to pause.",
    ),
    refusal(
        "supplement-asked-already",
        "Đã yêu cầu bổ sung đủ số lần cho phép; muốn yêu cầu thêm phải nêu căn cứ pháp lý, do lãnh đạo phòng yêu cầu.",
        "A supplement was asked for as often as may be; once more takes a law that lets it, and the head of the unit who asks.",
        members=("legal", "asked", "allowed"),
    ),
    Kind(
        "leader-needed",
        403,
        NOT_ALLOWED.title,
        Sentence(
            "Chỉ lãnh đạo phòng, ban được làm việc này.",
            "Only who leads the unit does this.",
        ),
    ),
    refusal(
        "cannot-move",
        "Hồ sơ không thể tiếp tục theo phiên bản quy trình này.",
        "The case cannot go on by this version of the workflow.",
        members=("legal", "why", "why_en"),
    ),
    refusal(
        "number-needed",
        "Bước cuối chỉ hoàn thành khi kết quả được cấp số.",
        "The last step is completed only by giving the result its number.",
    ),
)

OF_THE_ORGANISATION: Final = (
    refusal("no-organisation", "Chưa có cơ cấu tổ chức.", "There is no organisation yet.", members=()),
    refusal(
        "before-the-first-day",
        "Cơ cấu tổ chức chỉ được biết từ một ngày sau đó.",
        "The organisation is known from a later day on only.",
        members=("from_on",),
    ),
    refusal("no-such-unit", "Không có phòng, ban này vào ngày đó.", "There is no such unit on that day.", status=404, members=("unit",)),
    refusal("no-such-role", "Không có chức danh này vào ngày đó.", "There is no such role on that day.", status=404, members=("role",)),
    refusal(
        "no-such-officer",
        "Tài khoản này không giữ vị trí nào vào ngày đó.",
        "This account has no post on that day.",
        status=404,
        members=("officer",),
    ),
    refusal("unit-exists", "Mã phòng, ban này đã được dùng.", "The code of this unit has been used.", members=("unit",)),
    refusal("unit-below-itself", "Phòng, ban không thể trực thuộc chính mình.", "A unit cannot be below itself.", members=("unit",)),
    refusal(
        "units-below",
        "Còn phòng, ban trực thuộc: phải chuyển trực thuộc trước.",
        "Units hang below it: they are put elsewhere first.",
        members=("units",),
    ),
    refusal(
        "heir-not-one",
        "Phải có đúng một đơn vị kế thừa phần còn lại, và mỗi thủ tục chỉ có một đơn vị kế thừa còn hoạt động.",
        "Exactly one unit inherits the rest, and each procedure has one heir, which goes on.",
        members=(),
    ),
    Kind(
        "not-your-officer",
        403,
        NOT_ALLOWED.title,
        Sentence("Chỉ lãnh đạo phòng, ban của công chức được làm việc này.", "Only who leads the officer's unit does this."),
        members=("officer",),
    ),
    refusal(
        "stand-in-away",
        "Người thay cũng nghỉ, hoặc chính là người nghỉ.",
        "The stand-in is away too, or is the one who is away.",
        members=("officer",),
    ),
    refusal("not-on-leave", "Công chức này không nghỉ vào ngày đó.", "This officer is not away on that day.", members=("officer",)),
    refusal(
        "reform-officer-exists",
        "Đã có cán bộ đầu mối cải cách hành chính: phải nêu đúng người được thay.",
        "There is a reform officer already: name the one who is replaced.",
        members=("officer",),
    ),
    refusal(
        "reform-officer-must-lead",
        "Mỗi ngày phải có đúng một cán bộ đầu mối cải cách hành chính đang giữ chức vụ lãnh đạo.",
        "On every day one reform officer must hold a post that leads.",
        members=("officer", "day"),
    ),
    Kind(
        "not-yours-to-delegate",
        403,
        NOT_ALLOWED.title,
        Sentence("Chỉ người có thẩm quyền ký mới được ủy quyền ký.", "Only who signs by his own post lets somebody sign for him."),
    ),
    refusal(
        "delegate-must-lead",
        "Chỉ ủy quyền ký cho người đứng đầu đơn vị thuộc Sở, và không cho chính mình.",
        "Only a head of unit signs for another, and nobody for himself.",
        members=("officer",),
    ),
    refusal(
        "no-such-delegation",
        "Không có ủy quyền ký nào như vậy còn hiệu lực.",
        "There is no such delegation in force.",
        members=("officer",),
    ),
)

ON_A_CASE: Final = ("no-such-case", "not-in-roster", "on-leave", "case-paused", "case-ended")
ON_A_STEP: Final = (*ON_A_CASE, "step-not-open", "not-your-step", "claimed-by-another")
ON_DUTY: Final = ("not-in-roster", "on-leave", "not-your-task")
ON_A_PERMIT: Final = (*ON_DUTY, "no-such-permit", "permit-revoked", "permit-expired")
ON_A_UNIT: Final = ("no-organisation", "before-the-first-day", "no-such-unit")

PROBLEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "case.claim": ON_A_STEP,
    "case.assign": (*ON_A_CASE, "step-not-open", "not-yours-to-assign", "cannot-take-step", "assignment-needs-reason"),
    "case.return": (*ON_A_STEP, "cannot-return-there"),
    "case.undo": (*ON_A_CASE, "nothing-to-undo"),
    "case.consult": (*ON_A_STEP, "already-asked", "already-decided", "no-such-consultation"),
    "case.reappoint": (*ON_A_CASE, "not-your-step", "no-clock", "already-reappointed", "new-day-too-early"),
    "case.prolong": (
        *(*ON_A_CASE, "leader-needed", "no-clock", "already-decided"),
        *("already-prolonged", "no-such-extension", "too-late-to-prolong"),
    ),
    "case.complete": (
        *(*ON_A_STEP, "decision-needed", "number-needed"),
        *("partner-not-asked", "record-needed", "guard-not-met", "apology-needed"),
    ),
    "case.put-down": (*ON_A_STEP, "no-such-record", "record-day-impossible", "seats-wrong"),
    "case.pause": (*ON_A_STEP, "already-decided", "no-clock", "supplement-asked-already", "leader-needed"),
    "case.decide": (
        *(*ON_A_STEP, "not-the-signing-step", "already-decided", "legal-basis-needed", "has-worked-on-it", "signed-before-acceptance"),
        *("partner-not-asked", "record-needed", "guard-not-met", "apology-needed"),
    ),
    "case.correct": (*ON_A_CASE, "not-decided-yet", "not-your-step", "legal-basis-needed", "already-followed", "has-worked-on-it"),
    "case.reassign": ("not-in-roster", "on-leave"),
    "workflow.move": ("cannot-move",),
    "unit.change": (*ON_A_UNIT, "unit-exists", "unit-below-itself", "units-below", "heir-not-one", "reform-officer-must-lead"),
    "role.define": ("no-organisation", "before-the-first-day", "no-such-role", "reform-officer-must-lead"),
    "officer.appoint": (*ON_A_UNIT, "no-such-role", "no-such-officer", "reform-officer-must-lead"),
    "leave.grant": (*ON_A_UNIT, "not-in-roster", "no-such-officer", "not-your-officer", "stand-in-away", "not-on-leave"),
    "reform-officer.designate": (*ON_A_UNIT, "no-such-officer", "reform-officer-exists", "reform-officer-must-lead"),
    "signing.delegate": (*ON_A_UNIT, "no-such-officer", "not-yours-to-delegate", "delegate-must-lead", "no-such-delegation"),
    "time.exclude": ("not-in-roster", "on-leave"),
    "agreement.conclude": ("agreement-exists", "agreement-overlaps", "no-such-agreement"),
    "permit.draft": (
        *("no-such-case", *ON_DUTY, "permit-published", "permit-revoked", "permit-expired"),
        *("terms-do-not-fit", "terms-of-a-person"),
    ),
    "permit.publish": (
        *(*ON_A_PERMIT, "terms-do-not-fit", "page-of-another-edition", "blank-needed", "no-blank-here"),
        *("no-such-blank", "blank-gone", "blank-skips", "blank-of-another-permit"),
    ),
    "permit.change": (*ON_A_PERMIT, "permit-not-published", "terms-do-not-fit", "terms-of-a-person"),
    "blank.handle": (*ON_DUTY, "blanks-too-many", "blanks-overlap", "no-such-blank", "blank-gone"),
    "document.issue": ("issue-out-of-order", "issue-too-early", "governed-already", "no-such-document"),
}
"""The refusals that may answer each action, as the OpenAPI document lists them."""
