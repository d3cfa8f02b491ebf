"""Facts of intake about what is kept apart from the facts: that a person was forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, DossierId, PrincipalId

ErasureGround: TypeAlias = Literal["on-demand", "retention-over"]


class DossierPersonalDataErased(Fact, type="intake.dossier.personal-data-erased.v1"):
    """All that is personal about a dossier was erased. Facts, chain and counts stay.

    `legal_basis` is the rule of retention that let it (Luật Lưu trữ; Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15).
    """

    dossier_id: DossierId
    agency: AgencyCode
    ground: ErasureGround
    legal_basis: str
    erased_at: datetime
    erased_by: PrincipalId
