"""Facts of intake about original papers that were taken for comparison: who has them, that they went back, that one was lost."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import Field

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, DossierId, PrincipalId

OriginalNumber: TypeAlias = Annotated[int, Field(ge=1, le=1000)]
"""An original of one dossier, by the order in which they were taken."""


class DossierOriginalTaken(Fact, type="intake.dossier.original-taken.v1"):
    """The desk took the original of a component to compare a copy with it; it belongs to the applicant and must go back (Điều 20)."""

    dossier_id: DossierId
    agency: AgencyCode
    original: OriginalNumber
    component: str
    taken_at: datetime
    taken_by: PrincipalId


class DossierOriginalPassedOn(Fact, type="intake.dossier.original-passed-on.v1"):
    """An original went from one holder to another, who answers for it from now on."""

    dossier_id: DossierId
    agency: AgencyCode
    original: OriginalNumber
    holder_before: PrincipalId
    holder: PrincipalId
    passed_at: datetime
    passed_by: PrincipalId


class DossierOriginalReturned(Fact, type="intake.dossier.original-returned.v1"):
    """The applicant has an original back (NĐ 61/2018, Điều 20)."""

    dossier_id: DossierId
    agency: AgencyCode
    original: OriginalNumber
    returned_at: datetime
    returned_by: PrincipalId


class DossierOriginalLost(Fact, type="intake.dossier.original-lost.v1"):
    """An original cannot be found. `holder` had it last (NĐ 61/2018, Điều 21.2)."""

    dossier_id: DossierId
    agency: AgencyCode
    original: OriginalNumber
    holder: PrincipalId
    lost_at: datetime
    reported_by: PrincipalId


OriginalFact: TypeAlias = DossierOriginalTaken | DossierOriginalPassedOn | DossierOriginalReturned | DossierOriginalLost
