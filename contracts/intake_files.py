"""Facts of intake about what is kept apart from the facts: files that were attached to a dossier, and what a scanner says of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.fact import Fact
from contracts.vocabulary import AgencyCode, ContentHash, DossierId, FileId, PrincipalId, VaultRef

MediaType: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,100}$")]
"""What a file is (RFC 6838), as its bytes say, not as its name does."""

Verdict: TypeAlias = Literal["clean", "infected", "unreadable"]


class DossierFileAttached(Fact, type="intake.dossier.file-attached.v1"):
    """A file was added to a component. Its name, its SHA-256 and the key that opens it lie in the vault under `personal_ref`.

    `commitment` is SHA-256 over the vault's salt and that document: it proves the file later, and until then tells nobody that two
    dossiers hold the same one.
    """

    dossier_id: DossierId
    agency: AgencyCode
    file_id: FileId
    component: str
    media_type: MediaType
    size_bytes: Annotated[int, Field(gt=0)]
    personal_ref: VaultRef
    commitment: ContentHash
    attached_at: datetime
    attached_by: PrincipalId


class DossierFileScanned(Fact, type="intake.dossier.file-scanned.v1"):
    """A scanner judged a file; only what is `clean` is given to anybody.

    `scanner` says which one, `finding` what it calls what it found, or why it could not read the file.
    """

    dossier_id: DossierId
    agency: AgencyCode
    file_id: FileId
    verdict: Verdict
    scanner: Annotated[str, Field(min_length=1, max_length=100)]
    finding: Annotated[str, Field(max_length=200)] | None
    scanned_at: datetime
