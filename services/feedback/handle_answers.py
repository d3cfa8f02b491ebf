"""Step 2 of 8, handle: answers go into the box, and from the box into the log, mixed with others like them (ADR 20)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import asyncpg
import orjson

from contracts.feedback_surveys import AnswerRecorded, Criterion, Factor
from contracts.vocabulary import AnswerId, SurveyClassId
from kernel.edge.problem import INVALID, Fault, Problem, Sentence
from kernel.eventlog import Conflict, History, Meta, Slice, Table
from kernel.legalclock import day_of, midnight
from kernel.vault import ENTRY
from services.feedback.domain import blind, survey_class
from services.feedback.domain.mixing import Batch, Waiting, mixed, parts
from services.feedback.domain.survey_class import Traits
from services.feedback.handle import Surveys, public_key
from services.feedback.query import QUERY

NAMESPACE: Final = UUID("0c9d2f0e-0b61-5f0c-8a64-51e7c2f3b0aa")
RECORDED: Final = Table("survey.recorded", {"token_hash": "bytea"})
"""Give it to the service among its `tables`; `box.sql` makes it."""

NOT_ASKED: Final = Sentence("Mẫu phiếu này không có câu hỏi đó.", "This questionnaire does not ask that.")
MIX_MAX: Final = 20_000
"""Answers that are looked at together."""
COMMIT_MAX: Final = 200
"""Answers of a batch that are stored in one commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer as it was given, with the signed token that allows it."""

    class_id: SurveyClassId
    token: bytes
    signature: bytes
    satisfaction: int | None
    points: Mapping[Criterion, int]
    levels: Mapping[Factor, int]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Box:
    """Takes answers in, and records them when enough are there that say the same of themselves."""

    surveys: Surveys

    async def give(self, given: Given, now: datetime) -> AnswerId:
        """Put an answer into the box; the same one again changes nothing.

        Raises:
            Refused: a `survey_class.Refusal`.
            Problem: 422, naming what was answered and not asked in the version that its class is of.
        """
        opened = await self.surveys.opened(given.class_id)
        if now >= opened.closes_at:
            raise survey_class.refused("token-expired")
        if not blind.is_good(public_key(opened.public_key), given.token, given.signature):
            raise survey_class.refused("token-not-signed")
        places = {*(f"points/{one}" for one in given.points), *(f"levels/{one}" for one in given.levels)}
        if (asked := await self.surveys.questions(opened.traits.survey)) is not None and places - asked:
            raise Problem(INVALID, faults=[Fault("body", f"/{place}", NOT_ASKED) for place in sorted(places - asked)])
        token_hash = hashlib.sha256(given.token).digest()
        id = answer_id(token_hash)
        answered = {"satisfaction": given.satisfaction, "points": dict(given.points), "levels": dict(given.levels)}
        fingerprint = hashlib.sha256(orjson.dumps([answered, given.comment], option=orjson.OPT_SORT_KEYS)).digest()
        sealed = self.surveys.runtime.vault.seal(id, {"comment": given.comment}) if given.comment else None
        ref, _, key, comment = sealed.row if sealed else (None, None, None, None)
        commitment, body = sealed.commitment if sealed else None, orjson.dumps(answered).decode()
        row = (token_hash, fingerprint, given.class_id, day_of(now), body, ref, key, comment, commitment)
        first = await self.surveys.runtime.log.pool.fetchval(QUERY["put_answer"], *row)
        if first != fingerprint:
            raise survey_class.refused("token-used")
        return id

    async def record(self, now: datetime, *, patient: bool = True) -> int:
        """Record what may be recorded, and give how many answers that were; who is not `patient` says less at once, not after some days."""
        log, settings, today = self.surveys.runtime.log, self.surveys.runtime.settings, day_of(now)
        await log.pool.execute(QUERY["forget_recorded"])
        rows = {row["token_hash"]: row for row in await log.pool.fetch(QUERY["waiting_answers"], MIX_MAX)}
        traits = {id: (await self.surveys.opened(id)).traits for id in {row["class_id"] for row in rows.values()}}
        since = today - timedelta(days=settings.mixing_days) if patient else date.max
        waiting = [Waiting(hash_, traits[row["class_id"]], row["received_on"]) for hash_, row in rows.items()]
        recorded = 0
        for batch in mixed(waiting, settings.answers_min, since):
            recorded += await self._commit(batch, rows, today)
        await log.pool.execute(QUERY["forget_recorded"])
        return recorded

    async def _commit(self, batch: Batch, rows: Mapping[bytes, asyncpg.Record], today: date) -> int:
        """Store a batch. Each fact has the same command, day and cause (none), and no trace: nothing leads to when an answer was given."""
        log, at, count = self.surveys.runtime.log, midnight(today), 0
        for part in parts(batch.answers, self.surveys.runtime.settings.answers_min, COMMIT_MAX):
            own: Sequence[asyncpg.Record] = [rows[one.token_hash] for one in part]
            facts = [fact_of(row, batch.traits, today, len(own)) for row in own]
            slices = [Slice(History(fact.answer_id), batch.traits.agency, [fact]) for fact in facts]
            sealed = [
                (row["comment_ref"], answer_id(row["token_hash"]), row["comment_key"], row["comment"]) for row in own if row["comment"]
            ]
            beside = {RECORDED: [(row["token_hash"],) for row in own], **({ENTRY: sealed} if sealed else {})}
            try:
                await log.append(slices, Meta(f"mixed:{uuid4()}", f"system:{log.source}", at), beside)
            except Conflict:
                # Another worker has recorded some of these at the same moment. What is left is mixed the next time.
                continue
            count += len(part)
        return count


def answer_id(token_hash: bytes) -> AnswerId:
    """Name the answer of a token: whoever has the token can find it, nobody else."""
    return AnswerId(uuid5(NAMESPACE, token_hash.hex()))


def fact_of(row: asyncpg.Record, traits: Traits, today: date, batch_size: int) -> AnswerRecorded:
    """Make the fact of one row of the box."""
    answered: dict[str, Any] = orjson.loads(row["body"])
    return AnswerRecorded(
        answer_id=answer_id(row["token_hash"]),
        agency=traits.agency,
        procedure=traits.procedure,
        field=traits.field,
        occasion=traits.occasion,
        path=traits.path,
        survey=traits.survey,
        comment_ref=row["comment_ref"],
        commitment=row["commitment"],
        recorded_on=today,
        batch_size=batch_size,
        campaign=traits.campaign,
        **answered,
    )
