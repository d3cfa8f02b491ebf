"""Facts of intake about what is kept apart from the facts: files of a dossier, and that a person was forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, FileId, PrincipalId, VaultRef

MediaType: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]{1,100}$")]
"""What a file is (RFC 6838), as its first bytes say, not as its name does."""

ErasureGround: TypeAlias = Literal["on-demand", "retention-over"]
Verdict: TypeAlias = Literal["clean", "infected"]


class DossierFileAttached(Fact, type="intake.dossier.file-attached.v1"):
    """A file was added to a component. Its name and the key that opens it stay in the vault under `personal_ref`."""

    dossier_id: DossierId
    agency: AgencyCode
    file_id: FileId
    component: str
    media_type: MediaType
    size_bytes: Annotated[int, Field(gt=0)]
    content_hash: ContentHash
    personal_ref: VaultRef
    attached_at: datetime
    attached_by: PrincipalId


class DossierFileScanned(Fact, type="intake.dossier.file-scanned.v1"):
    """A scanner looked at a file. What is infected is not kept; `finding` is what the scanner calls it."""

    dossier_id: DossierId
    agency: AgencyCode
    file_id: FileId
    content_hash: ContentHash
    verdict: Verdict
    scanner: str
    finding: str | None
    scanned_at: datetime


class DossierPersonalDataErased(Fact, type="intake.dossier.personal-data-erased.v1"):
    """All that is personal about a dossier was erased: the applicant's particulars and every file. Facts and counts stay.

    `legal_basis` is the rule of retention that let it (Luật Lưu trữ; Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15).
    """

    dossier_id: DossierId
    agency: AgencyCode
    ground: ErasureGround
    legal_basis: str
    erased_at: datetime
    erased_by: PrincipalId


VaultFact: TypeAlias = DossierFileAttached | DossierFileScanned | DossierPersonalDataErased
