"""Step 1 of 8, http_api: forms of what callers write in more than one place, and how a dossier is answered."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError
from stdnum.vn import mst

from contracts.vocabulary import ApplicantKind
from kernel.edge.body import NFC, Body
from kernel.edge.problem import Sentence
from services.intake.domain import states
from services.intake.domain.money import NONE_YET
from services.intake.handle import DossierOutcome
from services.intake.query_then import When

FAULTS: Final = {
    "tax-code-missing": Sentence(
        "Doanh nghiệp phải khai mã số thuế (trường tax_code).", "An enterprise gives its tax code (field tax_code)."
    ),
    "tax-code-of-enterprise": Sentence(
        "Mã số thuế của doanh nghiệp có 10 chữ số, hoặc 10 chữ số rồi gạch nối và 3 chữ số.",
        "An enterprise's tax code has 10 digits, or 10, a hyphen and 3.",
    ),
    "tax-code-of-individual": Sentence(
        "Mã số thuế của cá nhân có 10 hoặc 12 chữ số, hoặc 10 chữ số rồi gạch nối và 3 chữ số.",
        "An individual's tax code has 10 or 12 digits, or 10, a hyphen and 3.",
    ),
    "tax-code-mistyped": Sentence(
        "Mã số thuế sai: chữ số kiểm tra (thứ 10) không khớp.", "This tax code is mistyped: its check digit, the tenth, does not fit."
    ),
    "authorisation-missing": Sentence(
        "Người nộp theo ủy quyền phải nêu văn bản ủy quyền (trường paper).",
        "Who hands in by authorisation names the paper that authorises him (field paper).",
    ),
    "control-character": Sentence("Không được có ký tự điều khiển.", "Control characters are not accepted."),
}
"""What is said of kinds of validation errors that are intake's own."""

ENTERPRISE_TAX_CODE: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?")
"""Mã số thuế. One of twelve digits is a person's identity number, which must not come into a public event as an enterprise's."""
INDIVIDUAL_TAX_CODE: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?|[0-9]{12}")
PERSONAL_DIGITS: Final = 12
"""A personal identity number has no check digit."""
CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NAME_MAX: Final = 200
ADDRESS_MAX: Final = 500
COMPONENTS_MAX: Final = 50


def plain(text: str) -> str:
    """Take a text of one line. PostgreSQL cannot show a NUL as JSON: one of them would close the events to every analyst."""
    if CONTROL_CHARACTER.search(text):
        raise PydanticCustomError("control-character", "control character")
    return text


def fitting_tax_code(given: str | None, info: ValidationInfo) -> str | None:
    """Take the tax code that the kind of applicant has."""
    enterprise = info.data.get("kind") == "enterprise"
    if given is None:
        if enterprise:
            raise PydanticCustomError("tax-code-missing", "an enterprise gives its tax code")
        return None
    if enterprise and not ENTERPRISE_TAX_CODE.fullmatch(given):
        raise PydanticCustomError("tax-code-of-enterprise", "not an enterprise's tax code")
    if not INDIVIDUAL_TAX_CODE.fullmatch(given):
        raise PydanticCustomError("tax-code-of-individual", "not a tax code")
    if len(given) != PERSONAL_DIGITS and not mst.is_valid(given):
        raise PydanticCustomError("tax-code-mistyped", "the check digit does not fit")
    return given


def with_its_paper(given: str | None, info: ValidationInfo) -> str | None:
    """Take the paper that authorises somebody; who stands for another by law needs none."""
    if given is None and info.data.get("authority") == "authorisation":
        raise PydanticCustomError("authorisation-missing", "no paper is named")
    return given


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX), NFC, AfterValidator(plain)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ADDRESS_MAX), NFC, AfterValidator(plain)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=NAME_MAX), AfterValidator(plain)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]


PersonalNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{6,12}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^(\+84|0)[0-9]{9,10}$")]


class Representative(Body):
    """Who hands in for the applicant: authorised by him, with the paper that says so, or by law (Bộ luật Dân sự 2015, Điều 135).

    All of it goes into the vault. A result is handed to him against that paper (NĐ 61/2018, Điều 6.2.b).
    """

    name: Text
    identity_number: PersonalNumber
    phone: Phone | None = None
    address: Address | None = None
    authority: Literal["authorisation", "law"]
    paper: Annotated[Text | None, AfterValidator(with_its_paper), Field(validate_default=True)] = None


class Applicant(Body):
    """Who applies. An enterprise's name and tax code are public; everything else goes into the vault."""

    kind: ApplicantKind
    name: Text
    identity_number: PersonalNumber | None = None
    tax_code: Annotated[str | None, AfterValidator(fitting_tax_code), Field(validate_default=True)] = None
    phone: Phone | None = None
    email: Email | None = None
    address: Address


def asked(
    as_of: Annotated[AwareDatetime | None, Query(description="As it stood at this instant; without it, as it stands now.")] = None,
    version: Annotated[int | None, Query(ge=1, le=999_999_999, description="As it stood at this version; without it, at the last.")] = None,
) -> When:
    """Read for when a caller asks."""
    return When(as_of, version)


AskedFor = Annotated[When, Depends(asked)]
"""The type of a parameter that stands for `as_of` and `version`."""


def answer(outcome: DossierOutcome) -> dict[str, Any]:
    """Tell the caller where the dossier stands now."""
    match outcome.state:
        case states.Absent():
            return {}
        case state:
            return {"state": states.state_name(state), **appointment(state.dossier)}


def appointment(found: states.Dossier) -> dict[str, Any]:
    """Give the dossier's code and appointment, once it has them."""
    due = found.deadline
    on, at = (due.due_on, due.due_at) if due else (None, None)
    return {"code": found.code, "due_on": on, "due_at": at, "new_due_on": found.new_due_on}


def fee_told(state: states.State) -> dict[str, Any]:
    """Tell how the money of a dossier stands, in đồng."""
    money = NONE_YET if isinstance(state, states.Absent) else state.dossier.money
    return {
        "state": money.state(is_over=isinstance(state, states.Ended)),
        "fee_vnd": money.fee_vnd,
        "waived_vnd": money.waived_vnd,
        "paid_vnd": money.paid_vnd,
        "refunded_vnd": money.refunded_vnd,
        "owed_vnd": money.owed_vnd,
        "before_result": money.before_result,
    }
