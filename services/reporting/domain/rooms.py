"""Step 3 of 8, decide: what was answered, computed a second time: fact after fact, by somebody who has read the rule and not the program.

The rule: those of one agency and month who answered a question are counted in groups. A batch of enough makes one. Others wait for
batches of their very kind. When the first answer of a later month comes, those who wait say less, view by view.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from contracts.fact import Fact
from contracts.feedback import InvitationIssued, InvitationUsed, RatingRecorded
from contracts.feedback_surveys import AnswerRecorded
from contracts.intake import DossierResultReady, DossierSubmitted
from kernel.legalclock import day_of
from services.reporting.domain.period import Period

LEAST: Final = 5
GOOD: Final = 4
ROUND: Final = 10
SAID: Final = ("procedure", "field", "occasion", "officer", "unit", "slowest", "steps", "channel", "outcome", "campaign")
LESS: Final = (
    "procedure field occasion officer unit slowest channel outcome campaign",
    "field occasion officer unit slowest channel outcome campaign",
    "procedure field occasion unit slowest channel campaign",
    "procedure field occasion channel outcome campaign",
    "procedure field occasion campaign",
    "occasion officer campaign",
    "unit slowest campaign",
    "field occasion campaign",
    "occasion channel outcome campaign",
    "",
)


class Answer(NamedTuple):
    """One person's, or one invitation. `said` = the agency and `SAID`; `given` by question; for an invitation 1 if it was used."""

    at: int
    month: str
    batch: str
    size: int
    said: tuple[str | None, ...]
    given: dict[str, int]


@dataclass
class Room:
    """Where answers to one question wait for others, in one month."""

    counted: list[tuple[tuple[str | None, ...], list[int]]] = field(default_factory=list[tuple[tuple[str | None, ...], list[int]]])
    waits: dict[tuple[str | None, ...], list[int]] = field(default_factory=lambda: defaultdict(list[int]))

    def come(self, said: tuple[str | None, ...], values: list[int]) -> None:
        """Take some in who came together."""
        if len(values) >= LEAST:
            self.counted.append((said, values))
        elif values:
            self.waits[said] += values
            if len(self.waits[said]) >= LEAST:
                self.counted.append((said, self.waits.pop(said)))

    def close(self) -> None:
        """The month is over."""
        for names in LESS:
            kinds: dict[tuple[str | None, ...], list[tuple[str | None, ...]]] = defaultdict(list)
            for said in self.waits:
                kept = (value if name in names.split() else None for name, value in zip(SAID, said[1:], strict=True))
                kinds[said[0], *kept].append(said)
            for kind, members in kinds.items():
                if sum(len(self.waits[one]) for one in members) >= LEAST:
                    self.counted.append((kind, [value for one in members for value in self.waits.pop(one)]))


def rooms(answers: Iterable[Answer]) -> dict[tuple[str, str], Room]:
    """Let answers come in the order of the log; give the rooms by month and question."""
    found: dict[tuple[str, str], Room] = {}
    closed: set[str] = set()
    latest = ""
    batches: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.month > latest:
            latest = answer.month
            for (month, _), room in found.items():
                if month < latest and month not in closed:
                    room.close()
            closed |= {month for month, _ in found if month < latest}
        batches[answer.batch].append(answer)
        for question in answer.given:
            found.setdefault((answer.month, question), Room())
        if len(batches[answer.batch]) == answer.size:
            whole = batches.pop(answer.batch)
            for question in {name for one in whole for name in one.given}:
                values = [one.given[question] for one in whole if question in one.given]
                found.setdefault((answer.month, question), Room()).come(answer.said, values)
    return found


def rooms_of_asked(asked: Sequence[Answer]) -> dict[tuple[str, str], Room]:
    """Let invitations come in the order of the log. Ten of an agency and month are a round; who is left of it then says less."""
    found: dict[tuple[str, str], Room] = {}
    rounds: dict[tuple[str, str | None], list[Answer]] = defaultdict(list)
    left: dict[tuple[str, str | None], Room] = defaultdict(Room)
    for one in asked:
        room, place = found.setdefault((one.month, "invitations"), Room()), (one.month, one.said[0])
        waits = left[place].waits
        rounds[place].append(one)
        waits[one.said] += [one.given["invitations"]]
        if len(waits[one.said]) == LEAST:
            room.counted.append((one.said, waits.pop(one.said)))
        if len(rounds[place]) % ROUND == 0:
            for said, values in left.pop(place).waits.items():
                room.waits[said] += values
            room.close()
    return found


def answers_of(facts: Sequence[tuple[int, str, Any]]) -> Iterator[Answer]:
    """Read answers from feedback's facts, each with its position and its command."""
    for at, command, fact in facts:
        match fact:
            case RatingRecorded():
                month = f"{day_of(fact.recorded_at):%Y-%m}"
                said = (fact.agency, fact.procedure, fact.field, fact.occasion, *[None] * 7)
                yield Answer(at, month, f"{at}", 1, said, {"ratings": fact.satisfaction, **fact.points})
            case AnswerRecorded():
                path = fact.path
                steps = " ".join(path.steps) if path.steps else None
                way = (path.officer, path.unit, path.slowest, steps, None, None, str(fact.campaign) if fact.campaign else None)
                said = (fact.agency, fact.procedure, fact.field, fact.occasion, *way)
                given: dict[str, int] = {**fact.points, **fact.levels}
                if fact.satisfaction is not None:
                    given["ratings"] = fact.satisfaction
                batch = command if fact.batch_size else f"{at}"
                yield Answer(at, f"{fact.recorded_on:%Y-%m}", batch, fact.batch_size or 1, said, given)
            case _:
                pass


def asked_of(facts: Sequence[tuple[int, str, Any]], around: Iterable[Fact], as_of: int) -> Iterator[Answer]:
    """Read who was asked; `around` are the facts of intake."""
    used = {fact.invitation_id for at, _, fact in facts if isinstance(fact, InvitationUsed) and at <= as_of}
    known = list(around)
    channel = {fact.dossier_id: fact.channel for fact in known if isinstance(fact, DossierSubmitted)}
    outcome = {fact.dossier_id: fact.outcome for fact in known if isinstance(fact, DossierResultReady)}
    for at, _, fact in facts:
        if isinstance(fact, InvitationIssued) and at <= as_of:
            said = (fact.agency, fact.procedure, fact.field, fact.occasion, fact.officer, None, None, None)
            of_dossier = (channel.get(fact.dossier_id), outcome.get(fact.dossier_id), None)
            yield Answer(
                at, f"{day_of(fact.issued_at):%Y-%m}", f"{at}", 1, (*said, *of_dossier), {"invitations": int(fact.invitation_id in used)}
            )


def lines_of(found: dict[tuple[str, str], Room], months: Period, cut: Sequence[str]) -> dict[tuple[str, ...], dict[str, list[int]]]:
    """Give what is counted in each line of a cut: by question how many, their sum, and of how many it is 4 or 5."""
    lines: dict[tuple[str, ...], dict[str, list[int]]] = {}
    for (month, question), room in found.items():
        if not f"{months.first:%Y-%m}" <= month <= f"{months.last:%Y-%m}":
            continue
        for said, values in room.counted:
            named = dict(zip(("agency", *SAID), said, strict=True)) | {"month": month}
            keys: list[tuple[str, ...]] = [()]
            for one in cut:
                of = (named["steps"] or "-").split() if one == "step" else [named[one] or "-"]
                keys = [(*key, value) for key in keys for value in of]
            for key in keys:
                line = lines.setdefault(key, {}).setdefault(question, [0, 0, 0])
                good = sum(value >= GOOD for value in values) if question != "invitations" else sum(values)
                line[:] = [line[0] + len(values), line[1] + sum(values), line[2] + good]
    return lines
