"""The public pages in a real browser, on a phone and a desk: by keyboard, with no barrier that axe-core knows, fetched from nowhere else.

`MOTCUA_PICTURES=docs/pictures` in the environment has them photographed there.
"""

from __future__ import annotations

import json
from typing import Any, Final

from playwright.async_api import Request, Route, expect

from contracts.feedback import InvitationUsed
from contracts.feedback_petitions import PetitionReceived
from contracts.feedback_surveys import AnswerRecorded
from services.feedback.settings import FeedbackSettings
from tests.services.browser import HERE, browsing, each_size, forwarded, has_no_barrier, press, with_browser
from tests.services.feedback.listening import Listening
from tests.services.feedback.petitioning import TEXT, WHO, answered

LEAST: Final = FeedbackSettings.model_fields["answers_min"].default

pytestmark = with_browser


async def given(ear: Listening) -> list[dict[str, Any]]:
    """Give what lies in the box."""
    async with ear.running.connected() as connection:
        return [json.loads(body) for (body,) in await connection.fetch("SELECT body FROM survey.answer")]


@each_size
async def test_a_survey_is_answered_by_keyboard_and_once(ear: Listening, size: str) -> None:
    token = await ear.token()
    async with browsing(ear.running, size) as page:
        await page.goto(f"{HERE}/ratings#{token}")
        await expect(page.locator("#says")).to_contain_text("trả kết quả")
        await has_no_barrier(page, f"page-survey-{size}")
        # Past the link to the content, into the first question: the best answer, and one lower.
        await press(page, "Tab", "Tab", "Space", "ArrowDown", "Tab", "Space")
        await page.get_by_label("Ý kiến khác").focus()
        await page.keyboard.type("Cán bộ hướng dẫn tận tình.")
        await press(page, "Tab", "Enter")
        await expect(page.locator("#done")).to_be_focused()
        await has_no_barrier(page)
        (answer,) = await given(ear)
        assert (answer["satisfaction"], answer["points"]) == (4, {"time": 2})
        await page.goto("about:blank")
        await page.goto(f"{HERE}/ratings#{token}")
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#wrong")).to_be_focused()
        await expect(page.locator("#wrong")).to_contain_text("chỉ dùng được một lần")
        assert len(await given(ear)) == 1


async def test_who_was_asked_for_more_is_asked_one_thing(ear: Listening) -> None:
    (invitation,) = await ear.invitations(await ear.ended("supplement-requested"))
    async with browsing(ear.running, "phone") as page:
        await page.goto(f"{HERE}/ratings#{invitation['token']}")
        await expect(page.locator("#says")).to_contain_text("bổ sung hồ sơ")
        await expect(page.locator("fieldset:visible")).to_have_count(1)
        await has_no_barrier(page)
        await page.get_by_label("Bình thường").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#done")).to_be_focused()
    (answer,) = await given(ear)
    assert (answer["satisfaction"], answer["points"]) == (3, {})


async def test_the_browser_sends_nothing_that_leads_from_the_answer_to_its_invitation(ear: Listening) -> None:
    for _ in range(LEAST - 1):
        await ear.answered(await ear.token(), 1)
    token = await ear.token()
    async with browsing(ear.running, "phone") as page:
        asked: list[Request] = []
        page.on("request", lambda one: asked.append(one))  # noqa: PLW0108 - playwright marks what it is given
        await page.goto(f"{HERE}/ratings#{token}")
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#done")).to_be_focused()
        headers = await asked[-1].all_headers()
    posted = {one.url.removeprefix(HERE): one for one in asked if one.method == "POST"}
    assert list(posted) == ["/v1/invitations/class", "/v1/invitations/admission", "/v1/answers"]
    before = [one.post_data_json or {} for path, one in posted.items() if path != "/v1/answers"]
    answer = posted["/v1/answers"].post_data_json or {}
    # The class is what both sides may know: it is shared with all that say the same.
    known = {value for body in before for value in body.values()} - {answer["class_id"]}
    assert token in known
    assert not known & {str(value) for value in answer.values()}
    assert not {"idempotency-key", "cookie", "authorization"} & set(headers)
    assert token not in json.dumps([answer, headers])
    assert answer["token"] not in json.dumps(before)

    ear.running.later(days=1)
    assert await ear.recorded() == LEAST
    assert sorted(event.fact.satisfaction for event in await ear.running.events(AnswerRecorded)) == [1] * (LEAST - 1) + [5]


async def test_a_signature_lost_on_its_way_is_had_again_even_after_the_page_was_opened_anew(ear: Listening) -> None:
    token = await ear.token()
    async with browsing(ear.running, "phone") as page:
        lost: list[str] = []

        async def lose(route: Route) -> None:
            lost.append((await forwarded(ear.running, route.request)).text)
            await route.abort()

        await page.route("**/v1/invitations/admission", lose, times=1)
        await page.goto(f"{HERE}/ratings#{token}")
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#wrong")).to_contain_text("Không kết nối được")
        assert "signature" in lost[0]
        assert await given(ear) == []

        await page.reload()
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#done")).to_be_focused()
        assert (len(await given(ear)), len(await ear.running.events(InvitationUsed))) == (1, 1)
        assert await page.evaluate("sessionStorage.length") == 0


async def test_at_a_kiosk_the_code_of_the_slip_is_typed_and_nothing_stays_behind(ear: Listening) -> None:
    token = await ear.token()
    async with browsing(ear.running, "desktop") as page:
        await page.goto(f"{HERE}/ratings?kiosk")
        await has_no_barrier(page)
        await page.get_by_label("Mã phiếu").fill("khong-co")
        await page.keyboard.press("Enter")
        await expect(page.locator("#wrong")).to_be_focused()
        await has_no_barrier(page)
        await page.get_by_label("Mã phiếu").fill(token)
        await page.keyboard.press("Enter")
        await expect(page.locator("#first")).to_be_focused()
        await has_no_barrier(page, "page-survey-kiosk")
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#wrong")).to_contain_text("Xin chọn một mức độ hài lòng")
        await has_no_barrier(page)
        assert await ear.running.events(InvitationUsed) == []
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_role("button", name="Gửi đánh giá").click()
        await expect(page.locator("#done")).to_be_visible()
        assert len(await given(ear)) == 1
        (used,) = await ear.running.events(InvitationUsed)
        assert used.fact.channel == "kiosk"
        assert await page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


async def test_a_kiosk_that_somebody_left_warns_and_is_cleared_for_whoever_comes_next(ear: Listening) -> None:
    async with browsing(ear.running, "desktop") as page:
        await page.clock.install()
        await page.goto(f"{HERE}/ratings?kiosk=90")
        await page.get_by_label("Mã phiếu").fill(await ear.token())
        await page.keyboard.press("Enter")
        await page.get_by_label("Rất hài lòng").check()
        await page.get_by_label("Ý kiến khác").fill("Tôi phải đi ngay.")
        await page.clock.fast_forward(91_000)
        await expect(page.locator("#idle")).to_be_visible()
        await has_no_barrier(page)
        await press(page, "Shift")
        await expect(page.locator("#idle")).to_be_hidden()
        await page.clock.fast_forward(91_000)
        await page.clock.fast_forward(31_000)
        await expect(page.locator("#enter")).to_be_visible()
        await expect(page.locator("#form")).to_be_hidden()
        await expect(page.locator("#idle")).to_be_hidden()
        assert await page.get_by_label("Mã phiếu").input_value() == ""
        assert await page.locator("#comment").input_value() == ""
        assert await page.locator("input:checked").count() == 0
        assert await given(ear) == []


async def test_a_slip_that_there_is_not_is_said_before_anything_is_filled_in(ear: Listening) -> None:
    async with browsing(ear.running, "phone") as page:
        await page.goto(f"{HERE}/ratings#{(await ear.token())[:-4]}AAAA")
        await expect(page.locator("#wrong")).to_be_focused()
        await expect(page.locator("#form")).to_be_hidden()
        await has_no_barrier(page)


@each_size
async def test_a_petition_names_what_is_missing_and_is_followed_by_its_code(ear: Listening, size: str) -> None:
    async with browsing(ear.running, size) as page:
        await page.goto(f"{HERE}/petitions")
        await page.get_by_label("Nội dung, bằng tiếng Việt").fill(TEXT)
        await page.get_by_label("Họ và tên").fill(WHO["name"])
        send = page.get_by_role("button", name="Gửi")
        await send.click()
        await expect(page.locator("#wrong")).to_be_focused()
        assert {await one.get_attribute("id") for one in await page.locator("[aria-invalid]").all()} == {"address", "phone"}
        await has_no_barrier(page, f"page-petition-wrong-{size}")
        assert await ear.running.events(PetitionReceived) == []

        await page.get_by_label("Địa chỉ").fill(WHO["address"])
        await page.get_by_label("Điện thoại").fill(WHO["phone"])
        await send.click()
        await expect(page.locator("#done")).to_be_focused()
        await has_no_barrier(page)
        (received,) = await ear.running.events(PetitionReceived)

        reply = await answered(ear, str(received.fact.petition_id))
        await ear.running.get("/v1/petitions", ear.running.token("officer"), after=reply["position"])
        await page.get_by_role("link", name="Theo dõi việc trả lời").click()
        await expect(page.locator("#standing")).to_contain_text("Đã trả lời")
        await page.get_by_text("Hạn này được tính thế nào?").click()
        await has_no_barrier(page, f"page-follow-up-{size}")
        await page.get_by_label("Không hài lòng").check()
        await page.locator("#judge").get_by_role("button").click()
        await page.get_by_label("Vì sao chưa được?").fill("Chưa nêu căn cứ.")
        await page.get_by_role("button", name="Đề nghị xem xét lại").click()
        await expect(page.locator("#standing")).to_contain_text("Đang giải quyết")


async def test_a_code_that_there_is_not_is_said_to_whoever_cannot_see(ear: Listening) -> None:
    async with browsing(ear.running, "phone") as page:
        await page.goto(f"{HERE}/follow-up")
        await page.get_by_label("Mã tra cứu").fill("0000-0000-0000-0000")
        await page.keyboard.press("Enter")
        await expect(page.locator("#wrong")).to_be_focused()
        await has_no_barrier(page)
