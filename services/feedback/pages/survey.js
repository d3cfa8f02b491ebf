// The survey. The invitation stands behind the number sign of the link, which a browser tells nobody; at a kiosk it is typed or scanned.
// It goes where a hidden token is signed, and never with the answer; the answer goes with the token, under no key of this page (ADR 20).
const form = byId("form");
const enter = byId("enter");
const KIOSK = new URLSearchParams(location.search).has("kiosk");
const KIOSK_PAUSE_MS = 15000;
// `?kiosk=90` waits for ninety seconds.
const KIOSK_IDLE_MS = 1000 * (Number(new URLSearchParams(location.search).get("kiosk")) || 60);
const KEPT = "motcua-answer";
const CRITERIA = ["time", "contacts-to-complete", "agencies-contacted", "attitude"];
const SAID = {
  agency: ["Cơ quan", "Agency"],
  procedure: ["Thủ tục", "Procedure"],
  field: ["Lĩnh vực", "Field"],
  occasion: ["Dịp hỏi", "Occasion"],
  officer: ["Người tiếp nhận", "At the counter"],
  unit: ["Đơn vị giữ hồ sơ lâu nhất", "Unit that had it longest"],
  slowest: ["Bước lâu nhất", "Longest step"],
  steps: ["Các bước đã qua", "Steps walked"],
};
const OCCASIONS = {
  receipt: ["tiếp nhận hồ sơ", "receipt"],
  supplement: ["bổ sung hồ sơ", "supplement"],
  result: ["trả kết quả", "result"],
  refusal: ["từ chối hồ sơ", "refusal"],
};
const MISSING = {
  detail: "Xin chọn một mức độ hài lòng.",
  detail_en: "Please choose how satisfied you were.",
  errors: [{ pointer: "/satisfaction", detail: "Chưa chọn.", detail_en: "Nothing is chosen." }],
};
const NOT_SIGNED = {
  detail: "Máy chủ không ký đúng mã trả lời. Câu trả lời chưa được gửi đi.",
  detail_en: "The server did not sign this token. The answer was not sent.",
};

document.body.classList.toggle("kiosk", KIOSK);

// Which invitation is answered, in which class, and the hidden token once there is one. It outlives a reload of the tab: whoever lost the
// signature on its way has the same token signed again. At a kiosk nothing is kept for whoever comes next.
let offer = null;
function keep() {
  if (KIOSK) return;
  try {
    if (offer && offer.own) sessionStorage.setItem(KEPT, JSON.stringify(offer));
    else sessionStorage.removeItem(KEPT);
  } catch { /* a browser that keeps nothing */ }
}
function kept(invitation) {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT));
    return !KIOSK && found && found.invitation === invitation ? found : null;
  } catch {
    return null;
  }
}

// Show what is asked on this occasion, and all that the answer will say of its dossier.
function showOffer() {
  const { path, ...traits } = { ...offer.says, ...offer.says.path };
  for (const one of form.querySelectorAll("fieldset:not(#first)")) one.hidden = one.disabled = traits.occasion === "supplement";
  const rows = Object.entries(SAID).filter(([name]) => traits[name] && traits[name].length);
  byId("says").replaceChildren(...rows.flatMap(([name, words]) => {
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    both(term, ...words);
    if (name === "occasion") both(value, ...OCCASIONS[traits.occasion]);
    else value.textContent = [traits[name]].flat().join(", ");
    return [term, value];
  }));
}

// Ask which class an answer to this invitation is in, and show all that the answer will say.
async function openClass(invitation, key) {
  const found = await ask("POST", "/v1/invitations/class", { body: { token: invitation }, key });
  if (found.ok) {
    const { id, public_key, says } = found.body;
    offer = { invitation, id, public_key, says, own: null };
    keep();
    showOffer();
  }
  return found;
}

// Have the hidden token signed, if it is not yet. The same one may be signed again, so that an answer lost on its way is no lost voice.
async function sign() {
  const key = publicKey(offer.public_key);
  offer.own ??= { ...hide(key), key: newKey() };
  if (offer.own.signature) return { ok: true };
  keep();
  const body = { token: offer.invitation, class_id: offer.id, blinded: offer.own.blinded, channel: KIOSK ? "kiosk" : "link" };
  const signed = await ask("POST", "/v1/invitations/admission", { body, key: offer.own.key });
  if (!signed.ok) return signed;
  try {
    offer.own.signature = uncovered(key, offer.own, signed.body.signature);
  } catch {
    return { ok: false, body: NOT_SIGNED, wait: null };
  }
  keep();
  return signed;
}

// What is sent, in one place: another questionnaire changes this. A question that is not asked is disabled, and not among the fields.
function answerOf(fields) {
  const points = {};
  for (const name of CRITERIA) if (fields.has(name)) points[name] = Number(fields.get(name));
  const comment = fields.get("comment").trim();
  return {
    class_id: offer.id,
    token: offer.own.token,
    signature: offer.own.signature,
    satisfaction: Number(fields.get("satisfaction")),
    points,
    ...(comment ? { comment } : {}),
  };
}

// Whoever walks away from a kiosk leaves nothing behind: after so long without a touch it says so, and a third of that later it begins anew.
let idle = null;
function awake() {
  clearTimeout(idle);
  byId("idle").hidden = true;
  if (KIOSK && (!form.hidden || byId("token").value)) idle = setTimeout(warn, KIOSK_IDLE_MS);
}
function warn() {
  byId("idle").hidden = false;
  idle = setTimeout(leave, KIOSK_IDLE_MS / 3);
}
function leave() {
  history.replaceState(null, "", location.pathname + location.search);
  begin();
}
for (const touch of ["input", "keydown", "pointerdown"]) addEventListener(touch, awake);

async function begin() {
  form.reset();
  enter.reset();
  forget(form);
  for (const id of ["form", "enter", "done"]) byId(id).hidden = true;
  const invitation = location.hash.slice(1);
  byId("token").value = invitation;
  offer = kept(invitation);
  if (offer) showOffer();
  const found = offer || !invitation ? { ok: offer !== null } : await openClass(invitation, newKey());
  (found.ok ? form : enter).hidden = false;
  if (found.body && !found.ok) complain(enter, found);
  awake();
}

onSubmit(enter, async (fields, key) => {
  const found = await openClass(fields.get("token").trim(), key);
  if (found.ok) {
    enter.hidden = true;
    form.hidden = false;
    byId("first").focus();
  }
  return found;
});

onSubmit(form, async (fields) => {
  if (!fields.has("satisfaction")) return { ok: false, body: MISSING, wait: null };
  const signed = await sign();
  if (!signed.ok) {
    // Such as after a new edition of the survey: what the answer will say now is shown before it is sent.
    if ((signed.body.type || "").endsWith("/class-changed")) await openClass(offer.invitation, newKey());
    return signed;
  }
  const answer = await ask("POST", "/v1/answers", { body: answerOf(fields) });
  if (answer.ok) {
    offer = null;
    keep();
    form.hidden = true;
    enter.reset();
    awake();
    show("done");
    if (KIOSK) setTimeout(leave, KIOSK_PAUSE_MS);
  }
  return answer;
});
begin();
