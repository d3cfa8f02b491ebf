// What a petitioner sees and does with the code. It is sent in a header, and stands behind the number sign of a link: addresses are logged.
const form = byId("form");
const STATES = {
  open: ["Đang giải quyết", "Being dealt with"],
  answered: ["Đã trả lời", "Answered"],
  refused: ["Không đủ điều kiện tiếp nhận", "Not receivable"],
  forwarded: ["Đã chuyển đến cơ quan có thẩm quyền", "Forwarded to the competent agency"],
  merged: ["Đã gộp với phản ánh cùng nội dung", "Merged with another petition"],
  withdrawn: ["Đã rút", "Withdrawn"],
};
const WHAT = {
  answer: ["Trả lời", "Answer"],
  refusal: ["Lý do không tiếp nhận", "Why it is not receivable"],
  extension: ["Gia hạn", "More time"],
  message: ["Tin nhắn", "Message"],
  reopening: ["Đề nghị xem xét lại", "Opened again"],
  satisfied: ["Ông/bà hài lòng", "You were satisfied"],
  partly: ["Ông/bà hài lòng một phần", "You were satisfied in part"],
  dissatisfied: ["Ông/bà không hài lòng", "You were not satisfied"],
};
const ZONE = { timeZone: "Asia/Ho_Chi_Minh" };
const day = (instant) => new Date(instant).toLocaleDateString("vi-VN", ZONE);
const instant = (text) => new Date(text).toLocaleString("vi-VN", { ...ZONE, dateStyle: "short", timeStyle: "short" });
let position = null;

function line(one) {
  const item = document.createElement("li");
  const who = document.createElement("p");
  item.className = one.by === "department" ? "theirs" : "own";
  who.className = "who";
  both(who, `${WHAT[one.what][0]} · ${instant(one.at)}`, WHAT[one.what][1]);
  item.append(who, one.text || "");
  return item;
}

async function look() {
  const path = position ? `/v1/follow-up?after=${encodeURIComponent(position)}` : "/v1/follow-up";
  const answer = await ask("GET", path, { headers: { "Motcua-Code": byId("code").value.trim() } });
  byId("found").hidden = !answer.ok;
  if (!answer.ok) return answer;
  const found = answer.body;
  const [vi, en] = STATES[found.merged ? (found.state === "answered" ? "answered" : "merged") : found.state];
  both(byId("standing"), vi, en);
  byId("received").textContent = day(found.received_at);
  byId("due").textContent = day(`${found.due_on}T12:00:00+07:00`);
  byId("why").textContent = `${found.deadline.vi}\n\n${found.deadline.en}`;
  byId("said").replaceChildren(...found.written.map(line));
  byId("judge").hidden = !found.may.includes("judge");
  byId("reopen").hidden = !found.may.includes("reopen");
  byId("write").hidden = !found.may.includes("message");
  // The window ends at midnight: its last day is the one before.
  if (found.reopen_until) byId("until").textContent = day(Date.parse(found.reopen_until) - 1);
  byId("found").focus();
  return answer;
}

function acting(id, path, body) {
  onSubmit(byId(id), async (fields, key) => {
    const answer = await ask("POST", path, { body: { code: byId("code").value.trim(), ...body(fields) }, key });
    if (!answer.ok) return answer;
    position = answer.body.position;
    byId(id).reset();
    return look();
  });
}

onSubmit(form, look);
acting("judge", "/v1/follow-up/verdict", (fields) => ({ verdict: fields.get("verdict") }));
acting("reopen", "/v1/follow-up/reopening", (fields) => ({ text: fields.get("text") }));
acting("write", "/v1/follow-up/messages", (fields) => ({ text: fields.get("text") }));
if (location.hash.length > 1) {
  byId("code").value = location.hash.slice(1);
  look().then((answer) => answer.ok || complain(form, answer));
}
