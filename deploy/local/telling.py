"""The story of each dossier, told over HTTP by whoever has a part in it.

Dossiers are submitted as a portal and a desk would, worked by officers with delays, supplements, withdrawals, refusals and
late results, and answered for in surveys. Time is the demo clock's. What each dossier goes through comes from the seed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp

from deploy.local import verify
from deploy.local.answering import hide
from deploy.local.caller import Answered, Caller
from deploy.local.payment_gateway import reported, signed
from deploy.local.permits import Numbered
from deploy.local.story import Plan, office
from kernel.legalclock import day_of, load_calendar

LEADER: Final = "lanh-dao-01"
CLASS_CHANGED: Final = "class-changed"
LAST_STEP: Final = 6
SIGNING_UNIT: Final = "ban-giam-doc"
COORDINATING: Final = ("2.000142", "B5")
"""The procedure, and the step of it, in which another agency is asked."""
SITE_CHECKS: Final = {("2.000142", "B4"), ("2.000591", "B4"), ("2.000591", "B5")}
"""The procedures, and the steps of them, in which a team goes on site."""
NEIGHBOURS: Final = ("so-xay-dung", "cong-an-tinh")
"""The agencies that send somebody along."""
REACTION_SECONDS: Final = 90.0
TOLD_TWICE: Final = 5
"""Of every so many payments the gateway tells once more."""


@dataclass
class Department:
    """Everybody in the story, as callers with tokens of their own."""

    stack: verify.Reachable
    session: aiohttp.ClientSession
    seed: int
    until: datetime
    told: Counter[str] = field(default_factory=Counter[str])
    procedures: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])
    permits: list[Numbered] = field(default_factory=list[Numbered])
    officers: dict[tuple[str, str], str] = field(default_factory=dict["tuple[str, str]", str])
    _urls: dict[str, str] = field(init=False)
    _tokens: dict[tuple[str, ...], str] = field(default_factory=dict["tuple[str, ...]", str])

    def __post_init__(self) -> None:
        """Look the addresses up once."""
        self._urls = self.stack.urls

    def caller(self, service: str, sub: str, *roles: str) -> Caller:
        """Give a caller of a service; without roles he has no token."""
        who = (sub, *roles)
        if roles and who not in self._tokens:
            self._tokens[who] = self.stack.token(sub, roles)
        return Caller(self.session, self._urls[service], self._tokens.get(who))

    @property
    def portal(self) -> Caller:
        """The provincial portal."""
        return self.caller("intake", "portal:binh-duong", "portal")

    @property
    def desk(self) -> Caller:
        """An officer of the one-stop desk."""
        return self.caller("intake", "nv-mc-01", "desk", "officer")

    async def learn(self) -> None:
        """Read the catalogue and the roster, as any new colleague does."""
        listed = await self.portal.get("/v1/procedures")
        codes = [item["code"] for item in listed["items"] if item["limit"] is not None and item["result"] is not None]
        for code in codes:
            self.procedures[code] = await self.portal.get(f"/v1/procedures/{code}")
        self.officers = verify.roster()


class Over(Exception):  # noqa: N818 - says how the story of a dossier stands
    """What would come next lies after the period: for the report it has not happened."""


@dataclass
class Telling:
    """The story of one dossier."""

    department: Department
    plan: Plan
    steps: int = 0

    def _at(self, instant: datetime) -> datetime:
        instant = office(instant)
        if instant >= self.department.until:
            raise Over
        return instant

    async def _post(self, caller: Caller, path: str, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        self.steps += 1
        return await caller.post(path, body, f"demo-{self.department.seed}-{self.plan.number}-{self.steps}", at)

    async def tell(self) -> None:
        """Tell it as far as the period goes."""
        self.department.told["dossiers"] += 1
        try:
            await self._speak_up()
            await self._tell()
        except Over:
            self.department.told["still open"] += 1

    async def _tell(self) -> None:
        told, plan_ = self.department.told, self.plan
        submitted, at = await self._submit()
        path = f"/v1/dossiers/{submitted['id']}"
        if plan_.missing_at_desk:
            at = await self._supplement_at_desk(path, at)
            if plan_.fate == "refused-at-desk":
                body = {"reason": "conditions-not-met", "legal_basis": "Nghị định 61/2018/NĐ-CP, Điều 17"}
                refused = await self._post(self.department.desk, path + "/refusal", body, self._at(at + timedelta(hours=2)))
                told["refused at the desk"] += 1
                await self._answer_survey(submitted["id"], refused["position"], at)
                return
        at = self._at(at + timedelta(minutes=40))
        accepted = await self._post(self.department.desk, path + "/acceptance", {}, at)
        told["accepted"] += 1
        await self._pay(submitted["id"], path, at)
        case = await self._case_of(submitted["id"], accepted["position"])
        if plan_.fate == "withdrawn":
            await self._post(self.department.portal, path + "/withdrawal", {"reason": "will-resubmit"}, self._at(at + timedelta(days=2)))
            told["withdrawn"] += 1
            return
        ready_at = await self._work(case, path, at, datetime.fromisoformat(accepted["due_at"]))
        told["result ready"] += 1
        await self._until_state(path, "result-ready")
        at = self._at(ready_at + timedelta(days=plan_.return_days, hours=1))
        returned = await self._post(self.department.desk, path + "/return", {}, at)
        told["returned"] += 1
        await self._answer_survey(submitted["id"], returned["position"], at)

    async def _pay(self, dossier: str, path: str, at: datetime) -> None:
        """Pay what is due: who filed online through the gateway, which tells it twice every now and then; others at the desk."""
        owed = (await self.department.desk.get(path + "/fee"))["owed_vnd"]
        if not owed:
            return
        if self.plan.channel != "online":
            await self._post(self.department.desk, path + "/fee-payment", {"method": "cash", "amount_vnd": owed}, at)
            self.department.told["fees at the desk"] += 1
            return
        body = reported(dossier, f"DEMO-{self.department.seed}-{self.plan.number}", owed, at)
        gateway = self.department.caller("intake", "gateway")
        for _ in range(1 + (self.plan.number % TOLD_TWICE == 0)):
            await gateway.send("/v1/payments", body, signed(body), at)
        self.department.told["fees online"] += 1

    async def _submit(self) -> tuple[dict[str, Any], datetime]:
        plan_, entry = self.plan, self.department.procedures[self.plan.procedure]
        required = [component["code"] for component in entry["components"] if component["required"]]
        brought = required[:-1] if plan_.missing_at_desk else required
        body: dict[str, Any] = {"procedure": plan_.procedure, "channel": plan_.channel, "applicant": plan_.applicant, "components": brought}
        at = self._at(plan_.submitted_at)
        if plan_.channel == "post":
            body["arrived_at"] = (at - timedelta(hours=3)).isoformat()
        caller = self.department.portal if plan_.channel == "online" else self.department.desk
        submitted = await self._post(caller, "/v1/dossiers", body, at)
        self.department.told["submitted"] += 1
        return submitted, at

    async def _supplement_at_desk(self, path: str, at: datetime) -> datetime:
        missing = self._last_component()
        at = self._at(at + timedelta(minutes=30))
        ask = {"missing": [{"component": missing, "reason": "absent"}]}
        await self._post(self.department.desk, path + "/supplement-request", ask, at)
        self.department.told["supplements"] += 1
        if self.plan.fate != "refused-at-desk":
            at = self._at(at + timedelta(days=self.plan.supplement_days))
            await self._post(self.department.portal, path + "/supplement", {"components": [missing]}, at)
        return at

    def _last_component(self) -> str:
        components = self.department.procedures[self.plan.procedure]["components"]
        return [component["code"] for component in components if component["required"]][-1]

    async def _case_of(self, dossier: str, position: str) -> dict[str, Any]:
        leader = self.department.caller("processing", LEADER, "leader", "officer")
        found = await leader.get("/v1/cases", dossier=dossier, after=position)
        return found["items"][0]

    async def _work(self, case: dict[str, Any], dossier: str, start: datetime, due: datetime) -> datetime:
        """Let the officers of each step do it, between acceptance and the planned end; give when the result was issued."""
        plan_, path = self.plan, f"/v1/cases/{case['case_id']}"
        now, at, paused = case, start, not plan_.missing_at_appraisal
        while True:
            end = due + timedelta(days=plan_.late_days) if plan_.late_days else start + (due - start) * plan_.pace
            steps_left = max(1, LAST_STEP + 1 - int(now["step"].removeprefix("B")))
            at = self._at(at + max(timedelta(minutes=20), (end - at) / steps_left))
            officer = self._officer(now)
            if not paused and now["step"] == "B3":
                paused = True
                at, start, due = await self._pause(path, dossier, officer, at)
                now = await officer.get(path)
                continue
            await self._clear_the_way(path, officer, now, at, due)
            before = len(now.get("open", ())) or 1  # a case that was just opened stands in the list with its first step
            if now["unit"] == SIGNING_UNIT:
                outcome = "refused" if plan_.fate == "refused-by-decision" else "granted"
                basis = {"legal_basis": "Không đáp ứng điều kiện theo quy định"} if outcome == "refused" else {}
                now = await self._post(officer, path + "/decision", {"outcome": outcome, **basis}, at)
            else:
                now = await self._post(officer, path + "/completion", {"step": now["step"]}, at)
            self.department.told["branches side by side"] += len(now["open"]) > before
            if now["state"] == "issued":
                if now["outcome"] == "granted" and plan_.applicant["kind"] == "enterprise" and "/TB-" not in now["result_number"]:
                    numbered = Numbered(case["case_id"], case["agency"], plan_.procedure, now["result_number"], at)
                    self.department.permits.append(numbered)
                return at

    async def _clear_the_way(self, path: str, officer: Caller, now: dict[str, Any], at: datetime, due: datetime) -> None:
        """Do what a step needs before it can be finished: ask another agency, go on site, say sorry for being late with a new day."""
        if (self.plan.procedure, now["step"]) == COORDINATING:
            await self._post(officer, path + "/consultation", {"partner": "cong-an-tinh"}, at)
            await self._post(officer, f"{path}/consultations/1/answer", {"opinion": "agrees"}, at)
            self.department.told["consultations"] += 1
        if (self.plan.procedure, now["step"]) in SITE_CHECKS:
            # Every other time something must be put right, and the step that looks at it again is not skipped.
            again = now["step"] == "B4" and self.plan.number % 2
            team = [{"role": "chair", "officer": self._account(now)}, *({"role": "member", "partner": one} for one in NEIGHBOURS)]
            found = {"held_on": day_of(at).isoformat(), "members": team, "finding": "meets-after-remedy" if again else "meets"}
            await self._post(officer, path + "/site-check", {"step": now["step"], **found}, at)
            self.department.told["site checks"] += 1
        if now["new_due_at"] is None and now["due_on"] is not None and day_of(at) > day_of(due):
            new_day = load_calendar().add_working_days(day_of(at), 2)
            await self._post(officer, path + "/reappointment", {"new_due_on": new_day.isoformat(), "reason": "workload"}, at)
            self.department.told["apologies"] += 1

    async def _pause(self, path: str, dossier: str, officer: Caller, at: datetime) -> tuple[datetime, datetime, datetime]:
        """Let appraisal find something missing, and the applicant bring it; give where the clock stands then."""
        missing = self._last_component()
        ask = {"missing": [{"component": missing, "reason": self.plan.absence}]}
        await self._post(officer, path + "/pause", ask, at)
        self.department.told["supplements"] += 1
        await self._until_state(dossier, "awaiting-supplement")
        at = self._at(at + timedelta(days=self.plan.supplement_days))
        brought = await self._post(self.department.portal, dossier + "/supplement", {"components": [missing]}, at)
        resumed = await officer.get(path, after=brought["position"])
        return at, at, datetime.fromisoformat(resumed["due_at"])

    def _account(self, case: dict[str, Any]) -> str:
        return self.department.officers[case["unit"], case["role"]]

    def _officer(self, case: dict[str, Any]) -> Caller:
        return self.department.caller("processing", self._account(case), "officer", "leader")

    async def _until_state(self, path: str, state: str) -> None:
        """Wait until what another service did has reached intake."""
        give_up_at, pause = time.monotonic() + REACTION_SECONDS, 0.01
        while (found := await self.department.desk.get(path))["state"] != state:
            if time.monotonic() > give_up_at:
                message = f"{path} is {found['state']}, not {state}"
                raise TimeoutError(message)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def _answer_survey(self, dossier: str, position: str, at: datetime) -> None:
        if self.plan.survey is None:
            return
        portal = self.department.caller("feedback", "portal:binh-duong", "portal")
        found = await portal.get("/v1/invitations", at, dossier=dossier, after=position)
        (token,) = (item["token"] for item in found["items"] if item["occasion"] in {"result", "refusal"})
        public, at = self.department.caller("feedback", "public"), self._at(at + timedelta(days=1))
        answer = await self._admitted(public, token, at) | self.plan.survey
        await self._post(public, "/v1/answers", answer, at)
        self.department.told["answers"] += 1

    async def _admitted(self, public: Caller, token: str, at: datetime) -> dict[str, str]:
        """Have a hidden token signed; as the page does, ask anew where something has become known of the dossier meanwhile."""
        while True:
            offered = await self._post(public, "/v1/invitations/class", {"token": token}, at)
            hidden = hide(offered["public_key"])
            asked = {"token": token, "class_id": offered["id"], "blinded": hidden.message}
            try:
                admitted = await self._post(public, "/v1/invitations/admission", asked, at)
            except Answered as answered:
                if answered.kind != CLASS_CHANGED:
                    raise
            else:
                return {"class_id": offered["id"], **hidden.uncovered(admitted["signature"])}

    async def _speak_up(self) -> None:
        if self.plan.opinion is None:
            return
        public, at = self.department.caller("feedback", "public"), self._at(self.plan.submitted_at)
        spoken = await self._post(public, "/v1/opinions", self.plan.opinion, at)
        officer = self.department.caller("feedback", "nv-vp-01", "officer")
        text = {"text": "Sở đã tiếp nhận và chuyển bộ phận phụ trách; xin cảm ơn ý kiến của ông/bà."}
        await self._post(officer, f"/v1/opinions/{spoken['id']}/answer", text, self._at(at + timedelta(days=2)))
        self.department.told["opinions"] += 1
