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

from contracts.intake import Component, Fee, LimitLine, ProcedurePublished
from contracts.vocabulary import AgencyCode, ApplicantKind, Channel, ContentHash, Limit, ProcedureCode
from services.intake.domain.citizen_number import CitizenNumbers
from services.intake.domain.legal_basis import LegalDocument

NAMESPACE: Final = UUID("c8f4b1d2-3c1a-5f0e-8a43-9d2f6c0b7e11")
LATER: Final = ("extension_max", "limits", "fee_before_result")
"""What a file may say and need not: where it says nothing, neither does the version, and its hash stays what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A version of a procedure: what is published, and what of it intake asks for often."""

    content: Mapping[str, Any]
    content_hash: ContentHash
    fees: tuple[Fee, ...]
    limits: tuple[LimitLine, ...]
    required: frozenset[str]
    components: frozenset[str]

    @property
    def code(self) -> ProcedureCode:
        """Its national code."""
        return self.content["code"]

    @property
    def cases(self) -> frozenset[str]:
        """The codes of its cases (trường hợp); with any, the desk says at acceptance which one a dossier is (E-05)."""
        return frozenset(line.case_code for line in (*self.fees, *self.limits) if line.case_code is not None)

    @property
    def is_per_place(self) -> bool:
        """Whether a fee is for each place of business (E-55)."""
        return any(fee.per_place for fee in self.fees)

    def published(self, at: datetime, decision: str | None = None) -> ProcedurePublished:
        """Make the fact that this version entered the catalogue, by a decision if one brought it."""
        content = {**self.content, "content_hash": self.content_hash, "decision": decision, "published_at": at}
        return ProcedurePublished.model_validate(content)

    def limit_of(self, channel: Channel, case_code: str | None) -> LimitLine | None:
        """Give the limit of a dossier that came by a channel and is one of the cases (E-05); None where nothing limits it."""
        lines = [line for line in self.limits if line.channel in {None, channel} and line.case_code in {None, case_code}]
        if lines:
            return max(lines, key=lambda line: (line.case_code is not None) + (line.channel is not None))
        limit = self.content["limit"]
        return None if limit is None else LimitLine(limit=Limit.model_validate(limit))

    def fee_vnd(
        self, on: date, kind: ApplicantKind, channel: Channel, case_code: str | None = None, places: int | None = None
    ) -> int | None:
        """Give the fee in đồng of a dossier accepted on a day (E-04: by date of acceptance); None where the table does not say.

        One dossier for three shops costs three fees where the line is per place (E-55). Where the cases of a table have no codes and need
        an officer's judgement (city or not), it is the first line's.
        """
        lines = sorted((fee for fee in self.fees if holds(fee, on, kind, channel, case_code)), key=lambda fee: -exactness(fee))
        if not lines:
            return None
        return lines[0].amount_vnd * (places or 1) if lines[0].per_place else lines[0].amount_vnd


def holds(fee: Fee, on: date, kind: ApplicantKind, channel: Channel, case_code: str | None) -> bool:
    """Tell whether a line of a fee table is for such a dossier, accepted on that day."""
    return (
        (fee.valid_from or date.min) <= on <= (fee.valid_until or date.max)
        and fee.applicant_kind in {None, kind}
        and fee.channel in {None, channel}
        and fee.case_code in {None, case_code}
    )


def exactness(fee: Fee) -> int:
    """Say how much a line says; one that says more goes before one that says less."""
    return sum(x is not None for x in (fee.applicant_kind, fee.channel, fee.case_code, fee.valid_from, fee.valid_until))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The paper that brings a set of new versions into force: its number and the day on which it was signed."""

    number: str
    signed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All procedures that the department offers, by code, and the decision that the newest of their versions came by, if one is on file."""

    agency: str
    procedures: Mapping[str, Procedure]
    decision: Decision | None = None
    legal_documents: tuple[LegalDocument, ...] = ()
    citizen_numbers: CitizenNumbers


@cache
def load_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue's files, once per process.

    Raises:
        pydantic.ValidationError, KeyError: if a file does not have the shape of the contract.
    """
    agency = yaml.safe_load((folder / "agency.yaml").read_text(encoding="utf-8"))
    fields = {field["code"]: field["name"] for field in yaml.safe_load((folder / "fields.yaml").read_text(encoding="utf-8"))["fields"]}
    files = sorted(folder.glob("*/*.yaml"))
    procedures = [_procedure(yaml.safe_load(file.read_text(encoding="utf-8")), agency, fields) for file in files]
    return Catalogue(
        agency=agency["code"],
        procedures={procedure.code: procedure for procedure in procedures},
        decision=_decision(folder / "decision.yaml"),
        legal_documents=_legal_documents(folder / "legal_documents.yaml"),
        citizen_numbers=_citizen_numbers(folder / "citizen_numbers.yaml"),
    )


def as_published(fact: ProcedurePublished) -> Procedure:
    """Give a version as the fact tells it, whatever the files say by now."""
    return _version(fact.model_dump(mode="json", exclude={"content_hash", "decision", "published_at"}), fact.content_hash)


def stream_of(code: ProcedureCode) -> UUID:
    """Give the stream of a procedure's versions."""
    return uuid5(NAMESPACE, f"procedure:{code}")


def stream_of_decisions(agency: AgencyCode) -> UUID:
    """Give the stream of the decisions that revised an agency's catalogue."""
    return uuid5(NAMESPACE, f"decisions:{agency}")


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
    content |= {name: data[name] for name in LATER if data.get(name)}
    if "limits" in content:
        content["limits"] = [_limit_line(line).model_dump(mode="json") for line in content["limits"]]
    return _version(content, hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest())


def _limit_line(data: Mapping[str, Any]) -> LimitLine:
    """Read a line of the table of limits; a promise is less than the law's limit, or it is none.

    Raises:
        ValueError: if it promises as much, more, or in another unit.
    """
    line = LimitLine.model_validate(data)
    if line.committed and (line.committed.unit != line.limit.unit or line.committed.amount >= line.limit.amount):
        message = f"{line.committed} is no promise beside {line.limit}"
        raise ValueError(message)
    return line


def _version(content: Mapping[str, Any], content_hash: ContentHash) -> Procedure:
    components = [Component.model_validate(component) for component in content["components"]]
    return Procedure(
        content=content,
        content_hash=content_hash,
        fees=tuple(Fee.model_validate(fee) for fee in content["fees"]),
        limits=tuple(LimitLine.model_validate(line) for line in content.get("limits", ())),
        required=frozenset(component.code for component in components if component.required),
        components=frozenset(component.code for component in components),
    )


def _decision(file: Path) -> Decision | None:
    if not file.exists():
        return None
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Decision(number=data["number"], signed_on=data["signed_on"])


def _legal_documents(file: Path) -> tuple[LegalDocument, ...]:
    if not file.exists():
        return ()
    return tuple(LegalDocument(**document) for document in yaml.safe_load(file.read_text(encoding="utf-8"))["documents"])


def _citizen_numbers(file: Path) -> CitizenNumbers:
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return CitizenNumbers(provinces=frozenset(data["provinces"]), abroad_from=data["abroad_from"], centuries=data["centuries"])
