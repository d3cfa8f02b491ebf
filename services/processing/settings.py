"""Before step 1: what processing is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from contracts.vocabulary import AgencyCode
from kernel.edge.settings import ServiceSettings, service_prefix

HERE: Final = Path(__file__).parent


class ProcessingSettings(ServiceSettings):
    """Settings of processing; each comes from the environment as `PROCESSING_<NAME>`.

    `agency` publishes the workflows; a case belongs to the agency that its dossier was handed in to. A worker looks for limits that are
    near or have run out every `alarms_seconds`; what it records does not depend on it. In work lists a limit is near when `due_soon_hours`
    of working time are left; alarms have a threshold of their own, for they are facts. An applicant who has not brought a supplement is
    reminded after `supplement_reminder_days` working days (0: never): where the law gives him a limit, put it there.

    Permits are signed with `signing_key_file` (PKCS #8 PEM, EC P-256 or RSA) and its certificate. Beside the development issuer there need
    be none: a key for trying things out is made, which says so of itself. `public_url` is where everybody reaches this service.
    """

    model_config = service_prefix("PROCESSING")

    agency: AgencyCode = "H09.13"
    workflows: Path = HERE / "workflows"
    organisation: Path = HERE / "organisation.yaml"
    documents: Path = HERE / "controlled_documents.yaml"
    due_soon_hours: Annotated[int, Field(ge=1, le=400)] = 16
    supplement_reminder_days: Annotated[int, Field(ge=0, le=400)] = 15
    alarms_seconds: Annotated[float, Field(gt=0)] = 60.0
    templates: Path = HERE / "templates"
    signing_key_file: Path | None = None
    signing_certificate_file: Path | None = None
    public_url: Annotated[str, Field(pattern=r"^https?://[^?#]+$", max_length=100)] = "https://dev.motcua.invalid"

    @model_validator(mode="after")
    def _refuse_to_sign_with_nothing(self) -> Self:
        """A key comes with its certificate; and what looks like a permit is not given out in earnest under a certificate of no value."""
        if (self.signing_key_file is None) != (self.signing_certificate_file is None):
            raise ValueError("give signing_key_file and signing_certificate_file, or neither")
        if self.signing_key_file is None and not self.development:
            raise ValueError("signing_key_file must be set beside a real issuer")
        return self
