"""Before step 1: what intake is told from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from kernel.edge.settings import DEVELOPMENT_SECRET, ServiceSettings, service_prefix
from services.intake.file_contents import DOCX, HEIC, JPEG, PDF, PNG, XLSX, FileType

CATALOGUE: Final = Path(__file__).parent / "catalogue"
TOKEN_SECRET_LENGTH_MIN: Final = 32
PAYMENT_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{32,100}={0,2}")
"""Of 24 bytes or more, as Standard Webhooks asks for."""
FILE_BYTES_MAX: Final = 100 * 1024 * 1024
"""A file is looked at in memory."""
RETENTION: Final = Path(__file__).parent / "retention.yaml"


class IntakeSettings(ServiceSettings):
    """Settings of intake; each comes from the environment as `INTAKE_<NAME>`.

    `token_secret` makes the keys of webhooks and the secrets of look-ups. `webhooks_inside` lets webhooks go to addresses that are not on
    the public internet, and over plain http: for a demonstration. `stream_seconds` is how long a stream of events stays open before its
    reader has to come again.

    Without `national_url` nothing is told to the national portal. It is compared with every `national_comparison_seconds`, over the last
    `national_days` days. Notices go out by SMTP where `smtp_url` is set, and into files of `notice_folder` where that is.
    """

    model_config = service_prefix("INTAKE")

    catalogue: Path = CATALOGUE
    erasure_look_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How often a worker looks for an erasure that a crash interrupted."""
    retention_look_seconds: Annotated[float, Field(gt=0)] = 3600.0
    """How often a worker looks whose term of keeping is over."""
    retention: Path = RETENTION
    """How long personal data are kept, as data: see the file that comes with the code."""

    files_url: Annotated[str, Field(pattern=r"^(file:///|s3://)[^?#@]+$", max_length=500)] | None = None
    """Where files are kept, `file:///var/lib/motcua/files` or `s3://bucket/folder`; without it none are taken."""
    files_s3_endpoint: Annotated[str, Field(pattern=r"^https?://[^?#]+$", max_length=200)] | None = None
    files_s3_region: str = "us-east-1"
    files_s3_key_id: SecretStr | None = None
    files_s3_secret: SecretStr | None = None
    file_bytes_max: Annotated[int, Field(gt=0, le=FILE_BYTES_MAX)] = 10 * 1024 * 1024
    """The size that the department's forms name; recalled, so look it up."""
    file_types: Annotated[tuple[FileType, ...], Field(min_length=1)] = (PDF, JPEG, PNG, HEIC, DOCX, XLSX)
    files_max: Annotated[int, Field(gt=0, le=1000)] = 100
    """Files of one dossier, begun or attached."""
    upload_hours: Annotated[float, Field(ge=1, le=720)] = 24.0
    """How long an upload that nobody goes on with is kept."""
    clamd_url: Annotated[str, Field(pattern=r"^tcp://[^/?#@]+:[0-9]{1,5}$", max_length=200)] | None = None
    """The scanner of files, `tcp://clamd:3310`; without it the built-in rule for development judges them."""
    scan_look_seconds: Annotated[float, Field(gt=0)] = 2.0
    """How often a worker looks for files that nobody has judged."""
    files_look_seconds: Annotated[float, Field(gt=0)] = 300.0
    """How often a worker looks for uploads that were abandoned."""

    drafts_max: Annotated[int, Field(gt=0, le=1000)] = 50
    """Drafts of one account."""
    drafts_look_seconds: Annotated[float, Field(gt=0)] = 300.0
    """How often a worker looks for drafts that were kept long enough."""

    token_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    look_up_url: Annotated[str, Field(pattern=r"^https?://[^?#]+$", max_length=200)] = "https://dev.motcua.invalid/tra-cuu"
    """The page on which an applicant looks a dossier up: it is printed on the receipt, with code and secret behind a `#` in its QR code."""
    webhooks_inside: bool = False
    webhook_failing_hours: Annotated[float, Field(gt=0)] = 120.0
    """An address of which every try has failed for so long is asked no more."""
    deliveries_days: Annotated[float, Field(ge=1)] = 90.0
    """How long it is kept what was delivered to webhooks, for whoever wants it once more."""
    stream_seconds: Annotated[float, Field(gt=0, le=86400)] = 900.0

    national_url: Annotated[str, Field(pattern=r"^https?://[^?#]+[^/?#]$", max_length=200)] | None = None
    national_username: str = "motcua"
    national_password: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    national_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 10.0
    national_comparison_seconds: Annotated[float, Field(gt=0)] = 86400.0
    national_days: Annotated[int, Field(ge=1, le=3660)] = 31
    retry_seconds: tuple[float, ...] | None = None
    """In place of the usual pauses between tries, of every receiver: for demonstrations and tests."""

    payment_secrets: SecretStr | None = None
    """What the payment gateway signs with, `whsec_…`; two, with a blank between, while one takes the place of the other. Without it none is
    listened to."""

    smtp_url: SecretStr | None = None
    """`smtps://user:password@host:465` or `smtp://host:25` (with STARTTLS where the server has it)."""
    notice_sender: str = "motcua@dev.motcua.invalid"
    notice_folder: Path | None = None

    @model_validator(mode="after")
    def _refuse_a_secret_that_others_know(self) -> Self:
        """Whoever knows the secret can sign in our name, and look every dossier up."""
        if not self.development and len(self.token_secret.get_secret_value()) < TOKEN_SECRET_LENGTH_MIN:
            message = f"token_secret must be set beside a real issuer, to at least {TOKEN_SECRET_LENGTH_MIN} characters"
            raise ValueError(message)
        return self

    @field_validator("payment_secrets")
    @classmethod
    def _refuse_what_is_no_secret(cls, given: SecretStr | None) -> SecretStr | None:
        """A gateway that signs with a short secret, or with none, can be spoken for by anybody."""
        if given is not None and not all(map(PAYMENT_SECRET.fullmatch, given.get_secret_value().split() or [""])):
            raise ValueError("payment_secrets are whsec_ and base64 of at least 24 bytes each")
        return given

    @model_validator(mode="after")
    def _refuse_files_that_nobody_looks_at(self) -> Self:
        """The built-in rule knows a test file and bombs; no officer is to open what it alone has let pass."""
        if self.files_url is not None and self.clamd_url is None and not self.development:
            raise ValueError("clamd_url must be set beside a real issuer where files are taken")
        if (self.files_s3_key_id is None) != (self.files_s3_secret is None):
            raise ValueError("files_s3_key_id and files_s3_secret go together")
        return self

    @model_validator(mode="after")
    def _refuse_the_portals_own_password_from_the_source(self) -> Self:
        """The national portal's password is the operator's, and never goes over a wire that others can read."""
        if self.national_url is not None and not self.development:
            if self.national_password.get_secret_value() == DEVELOPMENT_SECRET:
                raise ValueError("national_password must be set beside a real issuer")
            if not self.national_url.startswith("https://"):
                raise ValueError("national_url must be https beside a real issuer")
        if self.webhooks_inside and not self.development:
            raise ValueError("webhooks_inside is only for the development issuer")
        return self
