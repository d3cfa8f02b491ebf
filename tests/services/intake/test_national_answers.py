"""The national portal is told of answers to surveys what they say of themselves, and nothing that leads to a dossier or a person."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from contracts.catalogue import FACTS
from contracts.feedback import InvitationUsed, RatingRecorded
from contracts.feedback_surveys import AnswerRecorded, Path
from deploy.local import national_portal as simulator
from services.intake.national_shape import rating
from tests.contracts.golden import golden
from tests.services.intake.test_outgoing import national
from tests.services.rig import Rig, eventually

MEMBERS: Final = {"MaDanhGia", "MaDonVi", "MaTTHC", "MaLinhVuc", "MucDoHaiLong", "NgayDanhGia"} | {
    f"TieuChi{name}" for name in ("ThoiGian", "SoCoQuan", "SoLanLienHe", "ThaiDo")
}


def fact(kind: type[Any], **changes: Any) -> Any:
    """Give a fact as the golden file has it, but for some members."""
    return FACTS[kind.TYPE].model_validate(golden(kind.TYPE)["data"] | changes)


def test_of_an_answer_its_day_and_what_it_says_of_itself_is_told_and_neither_officer_nor_step() -> None:
    path = Path(officer="nv-tm-03", unit="quan-ly-thuong-mai", slowest="B2", steps=("B1", "B2"))
    answer = fact(AnswerRecorded, path=path, comment_ref=None, commitment=None)
    told = rating(answer)
    assert set(told) == MEMBERS
    assert told == {
        "MaDanhGia": str(answer.answer_id),
        "MaDonVi": "H09.13",
        "MaTTHC": "",
        "MaLinhVuc": "luu-thong-hang-hoa",
        "MucDoHaiLong": "4",
        "NgayDanhGia": "20260303000000",
        "TieuChiThoiGian": "2",
        "TieuChiSoCoQuan": "",
        "TieuChiSoLanLienHe": "",
        "TieuChiThaiDo": "1",
    }


def test_who_answered_nothing_at_all_is_told_as_empty_texts() -> None:
    told = rating(fact(AnswerRecorded, field=None, satisfaction=None, points={}))
    assert (told["MaLinhVuc"], told["MucDoHaiLong"]) == ("", "")
    assert set(told) == MEMBERS


async def test_answers_of_before_and_of_now_arrive_once_each_and_the_use_of_an_invitation_is_not_told(rig: Rig) -> None:
    portal = simulator.Portal()
    portal.conduct = simulator.Conduct(every={"lost-answer": 3})
    old, used = fact(RatingRecorded), fact(InvitationUsed)
    answers = [fact(AnswerRecorded, answer_id=UUID(int=n), satisfaction=n) for n in range(1, 6)]
    async with rig.neighbour("feedback") as feedback, national(rig, portal):
        await feedback.tell(old.rating_id, old)
        await feedback.tell(used.invitation_id, used)
        for answer in answers:
            await feedback.tell(answer.answer_id, answer)

        async def held() -> int:
            return len(portal.ratings)

        await eventually(held, lambda count: count == 1 + len(answers))
    assert portal.ratings == {told["MaDanhGia"]: told for told in map(rating, [old, *answers])}
    assert all(set(told) == MEMBERS for told in portal.ratings.values())
    assert portal.dossiers == {}
