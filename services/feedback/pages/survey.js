// The survey. The token stands behind the number sign of the link, which a browser tells nobody; at a kiosk it is typed or scanned.
const form = byId("form");
const KIOSK = new URLSearchParams(location.search).has("kiosk");
const KIOSK_PAUSE_MS = 15000;
const CRITERIA = ["time", "contacts-to-complete", "agencies-contacted", "attitude"];

document.body.classList.toggle("kiosk", KIOSK);
const tokenOfLink = () => location.hash.slice(1);

function begin() {
  form.reset();
  forget(form);
  form.hidden = false;
  byId("done").hidden = true;
  byId("token-part").hidden = tokenOfLink() !== "";
}

// What is sent, in one place: another kind of token, or another questionnaire, changes this.
function answerOf(fields) {
  const points = {};
  for (const name of CRITERIA) if (fields.has(name)) points[name] = Number(fields.get(name));
  const comment = fields.get("comment").trim();
  return {
    token: tokenOfLink() || fields.get("token").trim(),
    satisfaction: fields.has("satisfaction") ? Number(fields.get("satisfaction")) : null,
    points,
    ...(comment ? { comment } : {}),
  };
}

onSubmit(form, async (fields, key) => {
  const answer = await ask("POST", "/v1/ratings", { body: answerOf(fields), key });
  if (answer.ok) {
    form.hidden = true;
    show("done");
    if (KIOSK) {
      history.replaceState(null, "", location.pathname + location.search);
      setTimeout(begin, KIOSK_PAUSE_MS);
    }
  }
  return answer;
});
begin();
