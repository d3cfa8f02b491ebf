"""Step 1 of 8, http_api: forms of what callers write in more than one place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from kernel.edge.answer import json_response
from kernel.edge.body import NFC
from kernel.edge.etag import versioned
from kernel.edge.problem import Sentence

LEGAL_BASIS_LENGTH_MAX: Final = 500
LABEL_LENGTH_MAX: Final = 200
CODE_PATTERN: Final = r"^[a-z0-9-]{2,60}$"
CONTROLLED_CODE_PATTERN: Final = r"^[A-Z0-9]{1,20}(-[A-Z0-9]{1,20}){0,4}$"
PROCEDURE_PATTERN: Final = r"^[0-9A-Z.-]{1,20}$"
AGENCY_PATTERN: Final = r"^[A-Z0-9.]{1,35}$"

LegalBasis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LEGAL_BASIS_LENGTH_MAX), NFC]

Basis = Annotated[
    LegalBasis, Field(description="The decision or the text that it rests on.", examples=["Quyết định 45/QĐ-SCT ngày 20/02/2026"])
]
"""What a change of the department rests on."""

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LABEL_LENGTH_MAX), NFC]
"""What something is called, in one of the two languages."""

StepCode = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]?$")]

UnitCode = Annotated[str, Field(pattern=CODE_PATTERN, examples=["phong-quan-ly-thuong-mai"])]
RoleCode = Annotated[str, Field(pattern=CODE_PATTERN, examples=["chuyen-vien"])]
Account = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,100}$", examples=["nv-tm-03"])]
"""Codes of units, roles and accounts, as addresses and bodies name them."""

AsOf = Annotated[date | None, Query(description="Local day (Asia/Ho_Chi_Minh) for which it is asked; without it, today.")]
"""The type of a parameter `as_of` of what holds from day to day."""

KnownAt = Annotated[
    AwareDatetime | None, Query(description="Only what had been said by this instant counts; without it, all that was said.")
]
"""The type of a parameter `known_at`: the other axis of time."""

AS_IT_STOOD: Final = "As it stood at this instant; without it, as it stands now."

AtInstant = Annotated[AwareDatetime | None, Query(description=AS_IT_STOOD)]
"""The type of a parameter `as_of` of what changes from one instant to the next."""

OfInstant = Annotated[AwareDatetime | None, Field(description=AS_IT_STOOD)]
"""The same in a list's filters."""

AtVersion = Annotated[int | None, Query(ge=1, le=999_999_999, description="As it stood at this version; without it, at the last.")]
"""The type of a parameter `version`: the number of facts that count."""

ENDS_BEFORE_IT_BEGINS: Final = "ends-before-it-begins"

FAULTS: Final = {
    ENDS_BEFORE_IT_BEGINS: Sentence("Ngày cuối không được trước ngày đầu.", "The last day must not lie before the first."),
}
"""What is said of kinds of validation errors that are processing's own."""


def _not_before_the_first(last: date, info: ValidationInfo) -> date:
    first = info.data.get("from_on")
    if first is not None and last < first:
        raise PydanticCustomError(ENDS_BEFORE_IT_BEGINS, "the last day lies before the first")
    return last


LastDay = Annotated[date, AfterValidator(_not_before_the_first)]
"""The last day that counts, of a body whose first is `from_on`."""


def dated(request: Request, version: int, as_of: date | None, body: Mapping[str, Any]) -> Response:
    """Answer what holds on a day: with an ETag where the day was named, for what holds today is something else tomorrow."""
    return json_response(body) if as_of is None else versioned(request, version, body)


def instant_of(as_of: datetime | None, now: datetime) -> datetime:
    """Give the instant that is asked for: nobody sees what is yet to come."""
    return now if as_of is None else min(as_of, now)


def example(**body: Any) -> ConfigDict:
    """Put an example of a body into the OpenAPI document; a test carries each of them out."""
    return ConfigDict(json_schema_extra={"examples": [body]})
