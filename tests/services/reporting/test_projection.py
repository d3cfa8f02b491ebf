"""The mirror fills itself from the logs of all services, through the real broker, and holds nobody's data."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson

from contracts.catalogue import FACTS
from contracts.fact import Fact
from contracts.vocabulary import DossierId
from kernel.eventlog.subscriber import Carried
from services.reporting.domain.figures import FORM, dossiers_of, lines
from services.reporting.domain.period import Period
from services.reporting.main import SERVICE
from services.reporting.projections import MIRROR, SOURCES
from tests.contracts.golden import golden
from tests.services.reporting.facts import SECRETS, Paper, day, mixed, procedure, rated, replied, said
from tests.services.reporting.mirror import MARCH, NEIGHBOURS, Mirrored, some_weeks
from tests.services.reporting.tables import Tables
from tests.services.rig import CODEC, Rig, eventually

P = Paper("p")


class DossierVanished(Fact, type="intake.dossier.vanished.v1"):
    """A fact that this version of reporting has never heard of."""

    dossier_id: DossierId


async def recorded(mirrored: Mirrored) -> list[Any]:
    """Give every fact that the neighbours have recorded, service by service."""
    found: list[Any] = []
    for name, neighbour in mirrored.neighbours.items():
        rows = await neighbour.log.pool.fetch("SELECT pos, body FROM log.event ORDER BY pos")
        found += [CODEC.decode(name, row["pos"], row["body"]).fact for row in rows]
    return found


async def shown(mirrored: Mirrored) -> dict[tuple[str, str, str], dict[str, int]]:
    """Give the figures of March in the shape of the definition's."""
    items = (await mirrored.answer("/v1/figures", **MARCH))["items"]
    return {(item["month"], item["agency"], item["field"]): {name: item[name] for name in FORM} for item in items}


def defined(facts: list[Any]) -> dict[tuple[str, str, str], dict[str, int]]:
    """Give the figures of March as they are defined."""
    return lines(dossiers_of(facts).values(), Period(day(0), day(29)))


async def test_what_the_neighbours_record_becomes_the_figures_that_are_defined(mirrored: Mirrored) -> None:
    await some_weeks(mirrored)
    found = await shown(mirrored)
    assert len(found) == 3
    assert found == defined(await recorded(mirrored))
    assert await mirrored.service.parked() == []


async def test_nothing_is_shown_before_what_led_to_it(mirrored: Mirrored) -> None:
    # Feedback is heard first: its invitation answers a fact of intake that nobody has brought yet.
    await mirrored.tell(P.invited(5), cause="intake/3")
    await eventually(lambda: mirrored.answer("/v1/figures"), lambda found: found["lag"]["feedback"] == 1)

    async def positions() -> dict[str, int]:
        found = (await mirrored.answer("/v1/figures"))["positions"]
        assert found["feedback"] == 0 or found["intake"] >= 3
        return found

    assert (await positions())["feedback"] == 0
    await mirrored.tell(P.submitted(0), P.accepted(0, due=7))
    await eventually(positions, lambda found: found["intake"] == 2)
    await mirrored.tell(P.ready(4))
    await eventually(positions, lambda found: found["feedback"] == 1)


@asynccontextmanager
async def listening(rig: Rig, around: Mirrored) -> AsyncGenerator[Mirrored]:
    """Run the service anew on the database that it had, among the same neighbours."""
    async with rig.running(SERVICE, around.service.database) as again:
        made = Mirrored(rig, again, around.neighbours, around.said)
        await made.level()
        yield made


async def test_a_service_that_was_stopped_midway_goes_on_where_it_stood(rig: Rig) -> None:
    async with AsyncExitStack() as opened:
        neighbours = {name: await opened.enter_async_context(rig.neighbour(name)) for name in NEIGHBOURS}
        database = await rig.database("reporting", SERVICE.migrations)
        async with rig.running(SERVICE, database) as first:
            mirrored = Mirrored(rig, first, neighbours)
            for n in range(20):
                await mirrored.tell(Paper(f"{n}").submitted(0), Paper(f"{n}").accepted(0, due=7))
        # It may have been stopped anywhere: before, in the middle of, or after these.
        for n in range(20):
            await mirrored.tell(Paper(f"{n}").ready(4 + n % 6), Paper(f"{n}").decided(4))
        async with listening(rig, mirrored) as again:
            assert await shown(again) == defined(await recorded(again))
            positions = (await again.answer("/v1/figures"))["positions"]
            assert positions == {"intake": 60, "processing": 20, "feedback": 0, "reporting": 0}


async def test_a_fact_that_nobody_knows_holds_up_its_own_dossier_and_no_other_and_the_answers_say_so(mirrored: Mirrored) -> None:
    lost, other = Paper("lost"), Paper("other")
    await mirrored.tell(lost.submitted(0))
    strange = DossierVanished(dossier_id=lost.id)
    mirrored.said["intake"] = await mirrored.neighbours["intake"].tell(lost.id, strange, lost.accepted(0, due=7))
    await mirrored.tell(other.submitted(1), other.accepted(1, due=8))
    await mirrored.level()
    answer = await mirrored.answer("/v1/figures", **MARCH)
    assert sum(item["received"] for item in answer["items"]) == 1
    assert (answer["positions"]["intake"], answer["parked"]) == (5, 2)
    parked = dict(await mirrored.service.parked())  # for each read model that reads intake, the same
    assert sorted(parked) == ["intake/2", "intake/3"]
    assert "vanished" in parked["intake/2"]
    assert parked["intake/3"].startswith("Waiting")


async def test_after_publishing_the_list_of_reports_can_be_read_at_the_position_that_was_given(mirrored: Mirrored) -> None:
    published = (await mirrored.publish(MARCH)).json()
    listed = await mirrored.answer("/v1/reports", after=published["position"])
    assert [item["report_id"] for item in listed["items"]] == [published["id"]]
    assert listed["lag"]["reporting"] == 0


# The tables alone.


async def test_every_fact_of_every_service_can_be_applied(mirror: Tables) -> None:
    for type_ in FACTS:
        source = type_.partition(".")[0]
        mirror.heads[source] += 1
        event = {name: value for name, value in golden(type_).items() if name != "cause"}  # what it answers is no part of this log
        await mirror.projector.apply(Carried(source, ((mirror.heads[source], orjson.dumps(event)),)))
    assert await mirror.pool.fetchval("SELECT count(*) FROM log.parked") == 0
    assert set(mirror.heads) == set(SOURCES)
    filled = {table: await mirror.pool.fetchval(f"SELECT count(*) FROM read.{table}") for table in MIRROR.tables}  # noqa: S608 - the model's own names
    assert all(filled.values()), filled


async def test_no_table_holds_anything_of_an_applicant_or_a_way_to_one_nor_who_worked_on_what(mirror: Tables) -> None:
    facts = [
        *(
            P.submitted(0),
            P.supplement_requested(0, stage="desk"),
            P.accepted(1, due=7),
            P.supplement_requested(2),
            P.rescheduled(3, due=9),
        ),
        *(P.decided(4), P.ready(4), P.returned(5), Paper("refused").submitted(0), Paper("refused").refused(1)),
        *(
            P.invited(5),
            P.answered(6),
            rated("r", 6, 2, {"attitude": 0}),
            mixed("m", 6, 4),
            said("o", 3),
            replied("o", 4),
            procedure("dien", "Điện"),
        ),
    ]
    await mirror.tell(*facts)
    held = ""
    for table in MIRROR.tables:
        rows = await mirror.pool.fetch(f"SELECT t::text FROM {MIRROR.consumer}.{table} AS t")  # noqa: S608 - the model's own names
        held += "".join(row["t"] for row in rows)
    assert str(P.id) in held
    assert [name for name, secret in SECRETS.items() if secret in held] == []


async def test_nothing_in_the_tables_joins_an_answer_to_a_dossier(mirror: Tables) -> None:
    found = await mirror.pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1 AND data_type = 'uuid'", MIRROR.consumer
    )
    ids: dict[str, set[str]] = {}
    for row in found:
        ids.setdefault(row["table_name"], set()).add(row["column_name"])
    assert ids == {
        "dossier_register": {"dossier_id"},
        "clock": {"dossier_id"},
        **{kept: {"dossier_id"} for kept in ("judged", "judgement", "judged_wrong")},
        "rating": {"rating_id"},
        # An invitation is about a dossier; that an answer answers one cannot be told, for it was given under a blind signature.
        "invitation": {"invitation_id", "dossier_id"},
        "admission": {"invitation_id"},
        "opinion": {"opinion_id"},
        "petition_turn": {"petition_id"},
        "engagement": {"engagement_id"},
        "report": {"report_id"},
        "score": {"score_id"},
        **{of: {"dossier_id"} for of in ("demand", "supplement_request", "moved_appointment")},
        "attachment": {"file_id", "dossier_id"},
        **{of: {"case_id"} for of in ("consultation_turn", "worked_case", "step_turn")},
        "overriding": {"override_id"},
    }


async def test_the_newest_version_of_a_procedure_gives_the_names(mirror: Tables) -> None:
    await mirror.tell(procedure("dien", "Điện lực"), procedure("hoa-chat", "Hóa chất"), procedure("dien", "Điện"))
    async with mirror.reading() as reading:
        assert await reading.field_names() == {"dien": "Điện", "hoa-chat": "Hóa chất"}
        assert await reading.agency_name() == "Sở Công Thương"


async def test_a_fact_of_no_dossier_makes_no_line(mirror: Tables) -> None:
    await mirror.tell(P.invited(5), P.answered(6), said("o", 1), rated("r", 1, 5))
    assert await mirror.pool.fetchval("SELECT count(*) FROM read.dossier_register") == 0
    assert await mirror.pool.fetchval("SELECT count(*) FROM read.clock") == 0
