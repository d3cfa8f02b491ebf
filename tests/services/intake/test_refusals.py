"""Bad input gets a problem in both languages that names the field, and leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contracts.intake import DossierSubmitted
from services.intake.http_api import POLICY
from services.intake.main import SERVICE
from tests.services.intake.desk import CITIZEN, REQUIRED, accepted, submission, submitted
from tests.services.rig import MONDAY, Rig, Running, eventually, problem

ENTERPRISE = {"kind": "enterprise", "name": "Công ty TNHH Hòa Phát", "address": "Thuận An"}


async def vault_rows(intake: Running) -> int:
    async with intake.connected(intake.database.owner_dsn) as connection:
        return await connection.fetchval("SELECT count(*) FROM vault.entry")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"channel": "pigeon"}, "/channel"),
    ({"procedure": "petrol"}, "/procedure"),
    ({"procedure": "9.999999"}, "/procedure"),
    ({"procedure": "1.999999"}, "/procedure"),
    ({"proceduer": "2.000648"}, "/proceduer"),
    ({"components": "all"}, "/components"),
    ({"components": [*REQUIRED, "photograph-of-the-moon"]}, f"/components/{len(REQUIRED)}"),
    ({"components": [f"c{n}" for n in range(51)]}, "/components"),
    ({"applicant": CITIZEN | {"name": "  "}}, "/applicant/name"),
    ({"applicant": CITIZEN | {"name": "a" * 201}}, "/applicant/name"),
    ({"applicant": CITIZEN | {"name": 7}}, "/applicant/name"),
    ({"applicant": CITIZEN | {"identity_number": "12"}}, "/applicant/identity_number"),
    ({"applicant": CITIZEN | {"phone": "call me"}}, "/applicant/phone"),
    ({"applicant": CITIZEN | {"email": "anh"}}, "/applicant/email"),
    ({"applicant": CITIZEN | {"nickname": "Ánh"}}, "/applicant/nickname"),
    ({"applicant": {name: CITIZEN[name] for name in CITIZEN if name != "address"}}, "/applicant/address"),
    ({"applicant": ENTERPRISE | {"tax_code": "123"}}, "/applicant/tax_code"),
    ({"applicant": ENTERPRISE}, "/applicant"),
    ({"arrived_at": "yesterday"}, "/arrived_at"),
    ({"arrived_at": "2026-03-02T08:00:00"}, "/arrived_at"),
    ({"arrived_at": (MONDAY + timedelta(minutes=1)).isoformat()}, "/arrived_at"),
]


async def test_every_wrong_field_is_named_and_leaves_nothing_behind(intake: Running) -> None:
    before = len(await intake.events())
    for changes, pointer in WRONG:
        answer = await intake.post("/v1/dossiers", submission(**changes), intake.token("desk"))
        errors = problem(answer, 422, "invalid-input")["errors"]
        assert [error["pointer"] for error in errors] == [pointer], (changes, errors)
        assert not any(value in answer.text for value in ("pigeon", "call me"))
    assert len(await intake.events()) == before
    assert await vault_rows(intake) == 0


async def test_an_enterprise_without_a_tax_code_is_told_so(intake: Running) -> None:
    answer = await intake.post("/v1/dossiers", submission(applicant=ENTERPRISE), intake.token("desk"))
    (error,) = problem(answer, 422, "invalid-input")["errors"]
    assert "mã số thuế" in error["detail"]
    assert "tax code" in error["detail_en"]


async def test_a_body_that_is_missing_or_no_json_or_of_another_type(intake: Running) -> None:
    before, token = len(await intake.events()), intake.token("desk")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    json_type = headers | {"Content-Type": "application/json"}
    problem(await intake.client.post("/v1/dossiers", headers=headers), 400, "body-missing")
    problem(await intake.client.post("/v1/dossiers", content=b"{", headers=json_type), 400, "malformed-body")
    problem(
        await intake.client.post("/v1/dossiers", content=b"a=1", headers=headers | {"Content-Type": "text/plain"}),
        415,
        "media-type-not-supported",
    )
    problem(await intake.post("/v1/dossiers", [], token), 422, "invalid-input")
    assert len(await intake.events()) == before


async def test_the_same_key_again_gives_the_same_answer_and_one_dossier(intake: Running) -> None:
    first = await intake.post("/v1/dossiers", submission(), intake.token("desk"), key="once")
    again = await intake.post("/v1/dossiers", submission(), intake.token("desk"), key="once")
    assert (first.status_code, again.status_code, first.json(), first.headers["location"]) == (
        201,
        201,
        again.json(),
        again.headers["location"],
    )
    assert len(await intake.events(DossierSubmitted)) == 1
    assert await vault_rows(intake) == 1


async def test_the_same_key_with_another_body_is_a_problem_and_no_event(intake: Running) -> None:
    await intake.post("/v1/dossiers", submission(), intake.token("desk"), key="once")
    other = await intake.post("/v1/dossiers", submission(channel="post"), intake.token("desk"), key="once")
    problem(other, 422, "idempotency-key-reused")
    assert len(await intake.events(DossierSubmitted)) == 1
    assert await vault_rows(intake) == 1


async def test_no_key_no_token_an_old_token_the_wrong_role_and_another_agency(intake: Running) -> None:
    before = len(await intake.events())
    desk = intake.token("desk")
    problem(
        await intake.client.post("/v1/dossiers", json=submission(), headers={"Authorization": f"Bearer {desk}"}),
        400,
        "idempotency-key-missing",
    )
    problem(await intake.post("/v1/dossiers", submission()), 401, "token-missing")
    problem(await intake.post("/v1/dossiers", submission(), "not.a.token"), 401, "token-invalid")
    problem(
        await intake.post("/v1/dossiers", submission(), intake.issuer.token("desk", ["desk"], ["*"], ttl_seconds=-3600)),
        401,
        "token-expired",
    )
    problem(await intake.post("/v1/dossiers", submission(), intake.token("analyst")), 403, "not-allowed")
    problem(await intake.post("/v1/dossiers", submission(), intake.token("desk", agencies=("H10.13",))), 403, "other-agency")
    assert len(await intake.events()) == before


async def test_another_agencys_dossier_is_out_of_reach(intake: Running) -> None:
    path, stranger = await submitted(intake), intake.token("desk", agencies=("H10.13",))
    before = len(await intake.events())
    problem(await intake.get(path, stranger), 403, "other-agency")
    problem(await intake.post(f"{path}/acceptance", {}, stranger), 403, "other-agency")
    problem(await intake.get(f"{path}/personal", stranger, purpose="contact"), 403, "other-agency")
    assert len(await intake.events()) == before


async def test_what_is_not_there_is_said_to_be_not_there(intake: Running) -> None:
    desk, nobody = intake.token("desk"), "00000000-0000-0000-0000-000000000001"
    problem(await intake.get("/v1/nothing", desk), 404, "not-found")
    problem(await intake.get(f"/v1/dossiers/{nobody}", desk), 404, "not-found")
    problem(await intake.post(f"/v1/dossiers/{nobody}/acceptance", {}, desk), 404, "not-found")
    problem(await intake.get("/v1/dossiers/unreadable", desk), 422, "invalid-input")
    problem(await intake.get("/v1/procedures/1.999999"), 404, "not-found")
    problem(await intake.client.delete("/v1/dossiers"), 405, "method-not-allowed")


async def test_a_decision_on_an_older_version_than_the_last_is_refused(intake: Running) -> None:
    path, desk = await submitted(intake), intake.token("desk")
    seen = (await intake.get(path, desk)).headers["etag"]
    body = {"missing": [{"component": REQUIRED[0], "reason": "illegible"}]}
    assert (await intake.post(f"{path}/supplement-request", body, desk, If_Match=seen)).status_code == 200
    problem(
        await intake.post(f"{path}/refusal", {"reason": "duplicate", "legal_basis": "Điều 17"}, desk, If_Match=seen),
        412,
        "changed-meanwhile",
    )
    assert len(await intake.events(stream=path.rpartition("/")[2])) == 2


async def test_a_state_that_does_not_permit_it_says_what_it_does_permit(intake: Running) -> None:
    path, desk = await accepted(intake), intake.token("desk")
    found = problem(await intake.post(f"{path}/return", {}, desk), 409, "not-now")
    assert found["legal"] == ["withdrawal"]
    path = await submitted(intake, components=REQUIRED[1:])
    found = problem(await intake.post(f"{path}/acceptance", {}, desk), 409, "components-missing")
    assert found["missing"] == [REQUIRED[0]]


async def test_while_the_database_is_away_a_submission_is_asked_to_come_again(rig: Rig) -> None:
    async with rig.running(SERVICE) as intake:
        token = intake.token("desk")
        await eventually(lambda: intake.get("/v1/dossiers", token), lambda answer: answer.status_code == 200)
        rig.postgres.kill()
        try:
            answer = await intake.get("/v1/dossiers", token)
            problem(answer, 503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
        finally:
            rig.postgres.restart()


ROLES = ("portal", "desk", "officer", "leader", "analyst")
ROUTES = [
    ("POST", "/v1/dossiers", "dossier.submit"),
    ("GET", "/v1/dossiers", "dossier.list"),
    ("GET", "/v1/dossiers/{id}", "dossier.read"),
    ("GET", "/v1/dossiers/{id}/personal", "dossier.read-personal"),
    ("POST", "/v1/dossiers/{id}/acceptance", "dossier.check"),
    ("POST", "/v1/dossiers/{id}/supplement-request", "dossier.check"),
    ("POST", "/v1/dossiers/{id}/refusal", "dossier.check"),
    ("POST", "/v1/dossiers/{id}/return", "dossier.return"),
    ("POST", "/v1/dossiers/{id}/supplement", "dossier.supplement"),
    ("POST", "/v1/dossiers/{id}/withdrawal", "dossier.withdraw"),
]


async def test_each_role_is_refused_exactly_what_the_policy_does_not_give_it(intake: Running) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"
    for role in ROLES:
        token = intake.token(role)
        for method, path, action in ROUTES:
            address = path.format(id=nobody)
            answer = await (intake.get(address, token) if method == "GET" else intake.post(address, {}, token))
            assert (answer.status_code == 403) == (role not in POLICY[action]), (role, method, path, answer.status_code)


@pytest.mark.parametrize("action", sorted(POLICY))
def test_every_action_of_the_policy_is_watched_by_a_route(action: str) -> None:
    assert action in {watched for *_, watched in ROUTES} | {"procedure.read"}
