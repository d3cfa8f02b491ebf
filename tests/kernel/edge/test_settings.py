from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from kernel.edge.settings import ServiceSettings, is_loopback, service_prefix

DATABASE = "postgresql://intake:hunter2@127.0.0.1/intake"
REAL: dict[str, Any] = {"issuer": "https://id.example.vn", "cursor_secret": "x", "jwks_url": "https://id.example.vn/keys"}
DEVELOPMENT: dict[str, Any] = {"jwks_file": Path("jwks.json")}


def settings(**given: Any) -> ServiceSettings:
    return ServiceSettings(database_url=DATABASE, **given)  # pyright: ignore[reportArgumentType] - as the environment gives them


class Intake(ServiceSettings):
    model_config: SettingsConfigDict = service_prefix("INTAKE")


def test_settings_come_from_the_environment_under_the_services_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_DATABASE_URL", DATABASE)
    monkeypatch.setenv("INTAKE_JWKS_FILE", "/x/jwks.json")
    monkeypatch.setenv("INTAKE_PORT", "8001")
    monkeypatch.setenv("INTAKE_DEMO_CLOCK", "true")
    read = Intake()  # pyright: ignore[reportCallIssue] - it reads the environment
    assert (read.port, read.jwks_file, read.demo_clock, read.audience) == (8001, Path("/x/jwks.json"), True, "motcua")


def test_a_secret_does_not_show() -> None:
    made = settings(**DEVELOPMENT)
    assert "hunter2" not in repr(made)
    assert "hunter2" not in str(made.model_dump())


def test_a_refused_setting_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(port="hunter2", **DEVELOPMENT)
    assert "hunter2" not in str(refused.value)


def test_a_real_issuer_goes_anywhere() -> None:
    assert not settings(host="0.0.0.0", **REAL).development  # noqa: S104 - what containers do


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({**REAL, "demo_clock": True}, "demo_clock"),
        ({**DEVELOPMENT, "host": "0.0.0.0"}, "loopback"),  # noqa: S104 - the point
        ({**REAL, "cursor_secret": "development"}, "cursor_secret"),
        ({}, "give jwks_file"),
        ({**REAL, "jwks_file": "x"}, "neither of them"),
        ({"issuer": "http://id.example.vn", "cursor_secret": "x"}, "issuer must be https"),
        ({"issuer": "id.example.vn", "cursor_secret": "x"}, "issuer must be https"),
        ({**REAL, "roles_claims": ()}, "roles_claims"),
        ({**REAL, "jwks_url": "http://id.example.vn/keys"}, "https"),
        ({**DEVELOPMENT, "algorithms": ("none",)}, "algorithms"),
        ({**DEVELOPMENT, "algorithms": ("HS256",)}, "algorithms"),
    ],
)
def test_half_a_development_set_up_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        settings(**given)


def test_a_demo_in_containers_may_listen_everywhere() -> None:
    assert settings(host="0.0.0.0", demo_clock=True, **DEVELOPMENT).development  # noqa: S104 - the point


@pytest.mark.parametrize(("host", "yes"), [("127.0.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False)])  # noqa: S104 - the address is what is tested
def test_a_loopback_host_is_recognised(host: str, yes: bool) -> None:
    assert is_loopback(host) is yes
