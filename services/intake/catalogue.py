"""Before step 1: the catalogue of procedures, read once from its files and pinned by content hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import orjson
import yaml

from contracts.intake import Component, Fee, ProcedurePublished
from contracts.vocabulary import ApplicantKind, Channel, ContentHash, ProcedureCode

NAMESPACE: Final = UUID("c8f4b1d2-3c1a-5f0e-8a43-9d2f6c0b7e11")
NOT_PROCEDURES: Final = frozenset({"agency.yaml", "fields.yaml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A version of a procedure: what is published, and what of it intake asks for often."""

    content: Mapping[str, Any]
    content_hash: ContentHash
    fees: tuple[Fee, ...]
    required: frozenset[str]
    components: frozenset[str]

    @property
    def code(self) -> ProcedureCode:
        """Its national code."""
        return self.content["code"]

    def published(self, at: datetime) -> ProcedurePublished:
        """Make the fact that this version entered the catalogue."""
        return ProcedurePublished.model_validate({**self.content, "content_hash": self.content_hash, "published_at": at})

    def fee_vnd(self, on: date, kind: ApplicantKind, channel: Channel) -> int | None:
        """Give the fee in đồng of a dossier accepted on a day (E-04: by date of acceptance); None where the table does not say.

        Where the cases of a table need an officer's judgement (city or not), it is the first line's.
        """
        lines = sorted((fee for fee in self.fees if holds(fee, on, kind, channel)), key=lambda fee: -exactness(fee))
        return lines[0].amount_vnd if lines else None


def holds(fee: Fee, on: date, kind: ApplicantKind, channel: Channel) -> bool:
    """Tell whether a line of a fee table is for such a dossier, accepted on that day."""
    return (
        (fee.valid_from or date.min) <= on <= (fee.valid_until or date.max)
        and fee.applicant_kind in {None, kind}
        and fee.channel in {None, channel}
    )


def exactness(fee: Fee) -> int:
    """Say how much a line says; one that says more goes before one that says less."""
    return sum(x is not None for x in (fee.applicant_kind, fee.channel, fee.valid_from, fee.valid_until))


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All procedures that the department offers, by code."""

    agency: str
    procedures: Mapping[str, Procedure]


@cache
def load_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue's files, once per process.

    Raises:
        pydantic.ValidationError, KeyError: if a file does not have the shape of the contract.
    """
    agency = yaml.safe_load((folder / "agency.yaml").read_text(encoding="utf-8"))
    fields = {field["code"]: field["name"] for field in yaml.safe_load((folder / "fields.yaml").read_text(encoding="utf-8"))["fields"]}
    files = sorted(file for file in folder.glob("*/*.yaml") if file.name not in NOT_PROCEDURES)
    procedures = [_procedure(yaml.safe_load(file.read_text(encoding="utf-8")), agency, fields) for file in files]
    return Catalogue(agency=agency["code"], procedures={procedure.code: procedure for procedure in procedures})


def as_published(fact: ProcedurePublished) -> Procedure:
    """Give a version as the fact tells it, whatever the files say by now."""
    return _version(fact.model_dump(mode="json", exclude={"content_hash", "published_at"}), fact.content_hash)


def stream_of(code: ProcedureCode) -> UUID:
    """Give the stream of a procedure's versions."""
    return uuid5(NAMESPACE, f"procedure:{code}")


def _procedure(data: Mapping[str, Any], agency: Mapping[str, Any], fields: Mapping[str, str]) -> Procedure:
    content: dict[str, Any] = {
        "code": data["code"],
        "name": data["name"],
        "field": data["field"],
        "field_name": fields[data["field"]],
        "agency": agency["code"],
        "agency_name": agency["name"],
        "limit": data["limit"],
        "start_rule": data["start_rule"],
        "supplement_mode": data["supplement_mode"],
        "notice_days": data["notice_days"],
        "components": [Component.model_validate(component).model_dump() for component in data["components"]],
        "fees": [Fee.model_validate(fee).model_dump(mode="json") for fee in data["fees"]],
        "result": data["result"],
        "validity_months": data["validity_months"],
        "legal_basis": data["legal_basis"],
        "confidence": data["confidence"],
    }
    if "extension_max" in data:  # where the law lets no limit be made longer nothing is said, and the version's hash stays what it was
        content["extension_max"] = data["extension_max"]
    return _version(content, hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest())


def _version(content: Mapping[str, Any], content_hash: ContentHash) -> Procedure:
    components = [Component.model_validate(component) for component in content["components"]]
    return Procedure(
        content=content,
        content_hash=content_hash,
        fees=tuple(Fee.model_validate(fee) for fee in content["fees"]),
        required=frozenset(component.code for component in components if component.required),
        components=frozenset(component.code for component in components),
    )
