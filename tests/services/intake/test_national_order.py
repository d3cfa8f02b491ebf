"""In which order the national portal is told what two logs hold, however far behind intake's own reactions were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.processing import CaseOpened, CaseStepCompleted
from deploy.local import national_portal as simulator
from services.intake.consume import REACTOR
from services.intake.national_order import OTHER, OWN, Item, Merge
from services.intake.projections.outward import OUTWARD
from tests.services.intake.desk import Desk
from tests.services.intake.test_national_answers import fact
from tests.services.intake.test_outgoing import national, settled
from tests.services.intake.test_reactions import received
from tests.services.rig import Rig, eventually

ONE, TWO = UUID(int=1), UUID(int=2)
PAGE: Final = 3


def own(pos: int, cause: int = 0, stream: UUID = ONE) -> tuple[int, Item]:
    return pos, Item(OWN, pos, stream, f"{OTHER}/{cause}" if cause else None, numbers=False)


def other(pos: int, cause: int = 0, stream: UUID = ONE) -> Item:
    return Item(OTHER, pos, stream, f"{OWN}/{cause}" if cause else None, numbers=False)


def told(ours: Sequence[tuple[int, Item | None]], others: Sequence[Item], answered: int, *, more: bool = False) -> list[str]:
    """Say in which order they go, the department's with an apostrophe."""
    merge = Merge(list(ours), list(others), known=others[-1].pos if others else 0, answered=answered, more=more, places={OWN: 0, OTHER: 0})
    return [f"{item.pos}'" if item.source == OTHER else str(item.pos) for item in merge.ready()]


def test_a_fact_goes_behind_what_led_to_it_in_the_other_log() -> None:
    assert told([own(1), own(2, cause=1)], [other(1, cause=1)], answered=1) == ["1", "1'", "2"]


def test_the_departments_next_fact_goes_behind_what_intake_made_of_the_one_before() -> None:
    assert told([own(1), own(2, cause=1)], [other(1, cause=1), other(2)], answered=2) == ["1", "1'", "2", "2'"]


def test_what_intake_has_not_reacted_to_yet_waits() -> None:
    assert told([own(1)], [other(1, cause=1), other(2)], answered=1) == ["1", "1'"]


def test_what_may_stand_on_the_next_page_of_our_log_is_waited_for() -> None:
    assert told([own(1)], [other(1, cause=1), other(2)], answered=2, more=True) == ["1"]


def test_another_dossiers_reaction_is_not_waited_for() -> None:
    assert told([(1, None), own(2, cause=1, stream=TWO)], [other(1, stream=TWO), other(2)], answered=2) == ["1'", "2'", "2"]


def test_what_was_parked_and_applied_later_holds_nobody_up_for_ever() -> None:
    # The first fact was parked; what was made of it stands behind what was made of the third.
    facts = [other(1), other(2), other(3, stream=TWO)]
    assert told([own(1, cause=3, stream=TWO), own(2, cause=1)], facts, answered=3) == ["1'", "2'", "3'", "1", "2"]


@dataclass
class Department:
    """Two logs that grow: facts at the door, facts of the department about them, and our reactions, in order and late."""

    ours: list[tuple[int, Item]] = field(default_factory=list[tuple[int, Item]])
    others: list[Item] = field(default_factory=list[Item])
    reacted: int = 0
    applied: int = 0
    places: dict[str, int] = field(default_factory=lambda: {OWN: 0, OTHER: 0})
    listed: list[Item] = field(default_factory=list[Item])

    def do(self, step: str, stream: UUID) -> None:
        """Let one thing happen."""
        match step:
            case "door":
                self.ours.append(own(len(self.ours) + 1, stream=stream))
            case "department":
                known = [pos for pos, item in self.ours if item.stream == stream]
                self.others.append(other(len(self.others) + 1, cause=known[-1] if known else 0, stream=stream))
            case "react" if self.reacted < len(self.others):
                heard = self.others[self.reacted]
                self.reacted += 1
                self.ours.append(own(len(self.ours) + 1, cause=heard.pos, stream=heard.stream))
            case "apply":
                self.applied = min(self.applied + 1, len(self.others))
            case "list":
                self.list()
            case _:
                pass

    def list(self) -> bool:
        """List a page; give whether anything moved."""
        before, ours = dict(self.places), self.ours[self.places[OWN] :][:PAGE]
        others = self.others[self.places[OTHER] : self.applied][:PAGE]
        known = others[-1].pos if len(others) == PAGE else self.applied
        self.listed += Merge(list(ours), others, known, self.reacted, len(ours) == PAGE, self.places).ready()
        return self.places != before


STEPS: Final = st.lists(
    st.tuples(st.sampled_from(["door", "department", "react", "apply", "list"]), st.sampled_from([ONE, TWO])), max_size=40
)


@given(STEPS)
def test_over_random_lives_each_fact_is_told_once_behind_its_cause_and_behind_what_became_of_those_before(steps: Any) -> None:
    department = Department()
    for step, stream in steps:
        department.do(step, stream)
    while department.reacted < len(department.others) or department.applied < len(department.others):
        department.do("react", ONE)
        department.do("apply", ONE)
    while department.list():
        pass
    listed = department.listed
    assert [one.pos for one in listed if one.source == OWN] == [pos for pos, _ in department.ours]
    assert [one.pos for one in listed if one.source == OTHER] == [one.pos for one in department.others]
    place = {(one.source, one.pos): n for n, one in enumerate(listed)}
    for one in listed:
        for source in (OWN, OTHER):
            if cause := one.caused_at(source):
                assert place[source, cause] < place[one.source, one.pos]
        if one.source == OWN and (cause := one.caused_at(OTHER)):
            later = [theirs for theirs in department.others if theirs.stream == one.stream and theirs.pos > cause]
            assert all(place[OWN, one.pos] < place[OTHER, theirs.pos] for theirs in later)


async def test_a_step_of_the_department_is_told_after_what_intake_made_of_an_earlier_one_though_intake_reacted_late(rig: Rig) -> None:
    portal = simulator.Portal()
    async with rig.neighbour("processing") as processing, national(rig, portal) as intake:
        department = await received(Desk(intake), processing)
        of: dict[str, Any] = {"case_id": department.case, "dossier_id": department.dossier}
        at = [intake.later(days=1) for _ in range(3)]

        async def quiet() -> bool:
            return await settled(intake)

        await eventually(quiet)
        async with intake.connected(intake.database.owner_dsn) as owner, owner.transaction():
            # As after a crash: what others tell is kept already, and our own reaction to it has yet to be made.
            held = await owner.fetchval("SELECT pos FROM log.checkpoint WHERE consumer = $1 FOR UPDATE", REACTOR.name)
            opened = fact(CaseOpened, **of, opened_at=at[0].isoformat())
            done = fact(CaseStepCompleted, **of, completed_at=(at[1] + timedelta(hours=1)).isoformat())
            position = await processing.tell(department.case, opened, department.paused(at[1]), done, at=at[2])

            async def applied() -> int:
                async with intake.connected() as connection:
                    known = "SELECT coalesce(min(pos), 0) FROM log.checkpoint WHERE source = 'processing' AND consumer LIKE $1"
                    return await connection.fetchval(known, f"{OUTWARD.name}_v%")

            await eventually(applied, lambda pos: pos >= int(position.rpartition("/")[2]))
            await eventually(quiet)
            assert held is not None
        await intake.reacted_to(position)

        async def texts() -> list[str]:
            (lines,) = portal.lines.values()
            return [line["NoiDungXuLy"] for line in lines]

        found = await eventually(texts, lambda lines: len(lines) == 5)
        assert found[2:] == ["Chuyển phòng chuyên môn xử lý", "Yêu cầu bổ sung, hoàn thiện hồ sơ", "Hoàn thành một bước xử lý"]
