"""Before step 1: what a process is told from outside, read from the environment once, by `main.py` only."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_ISSUER: Final = "https://dev.motcua.invalid"
DEVELOPMENT_SECRET: Final = "development"  # noqa: S105 - refused beside any other issuer

Algorithm = Literal["ES256", "ES384", "RS256", "PS256", "EdDSA"]


class ServiceSettings(BaseSettings):
    """Settings of one service. A subclass gives the prefix: `model_config = service_prefix("INTAKE")`.

    Without `jwks_url` and `jwks_file` the issuer is asked where its keys are. `roles_claims` and `agencies_claims` say where a token has
    them, as `realm_access.roles`; several are taken together.

    Secrets never show in a repr, and a refused value is not repeated in the error. `trusted_proxies` are the networks of gateways whose
    X-Forwarded-For is believed. Without an account, `anonymous_per_minute` requests are let in from each network and
    `anonymous_total_per_minute` from all, per process. `stream_mirrored` has the analysts' copy of the service's stream made, where the
    broker has an account for them.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr
    migrate_database_url: SecretStr | None = None
    nats_url: SecretStr | None = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    anonymous_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    anonymous_total_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 1200
    body_max_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024
    drain_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    shutdown_seconds: Annotated[int, Field(ge=1, le=300)] = 20

    issuer: str = DEVELOPMENT_ISSUER
    audience: str = "motcua"
    jwks_url: str | None = None
    jwks_file: Path | None = None
    algorithms: tuple[Algorithm, ...] = ("ES256", "RS256", "EdDSA")
    roles_claims: Annotated[tuple[str, ...], Field(min_length=1)] = ("roles",)
    agencies_claims: Annotated[tuple[str, ...], Field(min_length=1)] = ("agencies",)
    leeway_seconds: Annotated[int, Field(ge=0, le=120)] = 30

    cursor_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    vault_keys: SecretStr | None = None
    seal_key_file: Path | None = None
    stream_replicas: Annotated[int, Field(ge=1, le=5)] = 1
    stream_mirrored: bool = False

    demo_clock: bool = False
    otlp_endpoint: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def development(self) -> bool:
        """Whether tokens come from the development issuer."""
        return self.issuer == DEVELOPMENT_ISSUER

    @model_validator(mode="after")
    def _refuse_half_a_development_set_up(self) -> Self:
        """A development part beside a production part is a mistake that would go unnoticed until it hurts.

        The development issuer's private key lies in a folder, so it must not guard a service that others can reach. A
        demo in containers has to listen on every interface; there the demo clock, which makes the service useless as a
        legal record, is the word that says: this is a demo.
        """
        if self.demo_clock and not self.development:
            raise ValueError("demo_clock is only for the development issuer " + DEVELOPMENT_ISSUER)
        if self.development and not self.demo_clock and not is_loopback(self.host):
            raise ValueError("the development issuer is only for a loopback host, or for a demo with demo_clock")
        if not self.development and self.cursor_secret.get_secret_value() == DEVELOPMENT_SECRET:
            raise ValueError("cursor_secret must be set beside a real issuer")
        return self

    @model_validator(mode="after")
    def _refuse_keys_from_nowhere(self) -> Self:
        """One place for the issuer's keys, its own word for it unless another is given, and no key over a wire that others can write on."""
        if self.jwks_url is not None and self.jwks_file is not None:
            raise ValueError("give jwks_url or jwks_file, or neither of them")
        if self.jwks_url is not None and not is_safe(self.jwks_url):
            raise ValueError("jwks_url must be https")
        if self.jwks_url is None and self.jwks_file is None:
            if self.development:
                raise ValueError("the development issuer publishes nothing: give jwks_file")
            if not is_safe(self.issuer):
                raise ValueError("issuer must be https where its keys are asked of it")
        return self


def service_prefix(prefix: str) -> SettingsConfigDict:
    """Give the model_config of a service's settings: `INTAKE` makes `database_url` come from `INTAKE_DATABASE_URL`."""
    return SettingsConfigDict(env_prefix=f"{prefix}_", extra="ignore", frozen=True, hide_input_in_errors=True)


def is_safe(url: str) -> bool:
    """Tell whether nobody can write on the wire to an address: it is https, or does not leave this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
