"""What happens at the door, as calls: for tests that need a dossier somewhere on its way."""

from __future__ import annotations

from typing import Any, Final

from services.intake.catalogue import load_catalogue
from services.intake.settings import CATALOGUE
from tests.services.rig import Running

PROCEDURE: Final = "2.000648"
"""A certificate for a petrol shop: twenty working days, a fee, seven components."""
CITIZEN: Final[dict[str, Any]] = {
    "kind": "individual",
    "name": "Nguyễn Thị Ánh",
    "identity_number": "079123456789",
    "phone": "0912345678",
    "email": "anh.nguyen@thudaumot.example",
    "address": "12 Đường Yersin, Thủ Dầu Một",
}
REQUIRED: Final = sorted(load_catalogue(CATALOGUE).procedures[PROCEDURE].required)


def submission(**changes: Any) -> dict[str, Any]:
    """A complete dossier of a citizen, as the desk writes it down; `changes` replace parts of it."""
    return {"procedure": PROCEDURE, "channel": "desk", "applicant": CITIZEN, "components": REQUIRED} | changes


async def submitted(intake: Running, **changes: Any) -> str:
    """Hand a dossier in; give its address."""
    answer = await intake.post("/v1/dossiers", submission(**changes), intake.token("desk"))
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def accepted(intake: Running, **changes: Any) -> str:
    """Hand a dossier in and let the desk receive it; give its address."""
    path = await submitted(intake, **changes)
    answer = await intake.post(f"{path}/acceptance", {}, intake.token("desk"))
    assert answer.status_code == 200, answer.text
    return path
