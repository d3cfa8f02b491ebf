// A petition has name, address and phone, and is answered within a limit; without them it is a comment, and nobody asks who wrote it.
const form = byId("form");
const MARKS = /[ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]/i;
const WORDS_BEFORE_IT_IS_ASKED = 5;

const isPetition = () => new FormData(form).get("mode") === "petition";

function choose() {
  byId("petition-part").hidden = !isPetition();
  byId("contact-part").hidden = !isPetition();
}

form.addEventListener("change", choose);
byId("text").addEventListener("input", () => {
  const text = byId("text").value.normalize("NFC");
  byId("no-marks").hidden = text.trim().split(/\s+/).length < WORDS_BEFORE_IT_IS_ASKED || MARKS.test(text);
});

onSubmit(form, async (fields, key) => {
  const text = fields.get("text");
  const contact = { name: fields.get("name"), address: fields.get("address"), phone: fields.get("phone") };
  if (fields.get("email").trim()) contact.email = fields.get("email");
  const petition = { channel: "web", topic: fields.get("topic"), party: fields.get("party"), text, contact };
  const answer = isPetition()
    ? await ask("POST", "/v1/petitions", { body: petition, key })
    : await ask("POST", "/v1/opinions", { body: { channel: "web", topic: "other", text }, key });
  if (answer.ok) {
    form.hidden = true;
    byId("with-code").hidden = !answer.body.code;
    byId("without-code").hidden = Boolean(answer.body.code);
    byId("code").textContent = answer.body.code || "";
    // Behind the number sign: a browser tells that part to nobody.
    byId("to-follow").href = `/follow-up#${answer.body.code || ""}`;
    show("done");
  }
  return answer;
});
choose();
