"""Step 1 of 8, http_api: forms of what callers write in more than one place."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

from kernel.edge.body import NFC

LEGAL_BASIS_LENGTH_MAX: Final = 500
CODE_PATTERN: Final = r"^[a-z0-9-]{1,60}$"
PROCEDURE_PATTERN: Final = r"^[0-9A-Z.-]{1,20}$"
AGENCY_PATTERN: Final = r"^[A-Z0-9.]{1,35}$"

LegalBasis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LEGAL_BASIS_LENGTH_MAX), NFC]


StepCode = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]?$")]
