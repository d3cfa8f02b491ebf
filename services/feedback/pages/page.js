"use strict";
// What all pages share: how something is sent, and how it is said what was wrong. Nothing is fetched from anywhere else.
const byId = (id) => document.getElementById(id);

// getRandomValues rather than randomUUID: pages on an intranet may come over http, where the latter does not exist.
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

const AWAY = {
  detail: "Không kết nối được. Nội dung chưa mất: hãy bấm gửi lại.",
  detail_en: "No connection. Nothing is lost: press send again.",
};

async function ask(method, path, { body, headers = {}, key } = {}) {
  try {
    const answer = await fetch(path, {
      method,
      credentials: "omit",
      headers: { ...(body ? { "Content-Type": "application/json" } : {}), ...(key ? { "Idempotency-Key": key } : {}), ...headers },
      body: body ? JSON.stringify(body) : undefined,
    });
    return { ok: answer.ok, status: answer.status, body: await answer.json(), wait: answer.headers.get("Retry-After") };
  } catch {
    return { ok: false, status: 0, body: AWAY, wait: null };
  }
}

function both(element, vi, en) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = en;
  element.replaceChildren(vi, " ", english);
}

function forget(form) {
  for (const fault of form.querySelectorAll(".fault")) fault.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  byId("wrong").hidden = true;
}

// Each fault stands beside its field, and the summary above gets the focus, so that a screen reader says it first.
function complain(form, answer) {
  const summary = byId("wrong");
  both(byId("wrong-text"), answer.body.detail, answer.body.detail_en);
  if (answer.wait) byId("wrong-text").append(` (${answer.wait} s)`);
  for (const [n, error] of (answer.body.errors || []).entries()) {
    const field = form.querySelector(`[data-pointer="${error.pointer}"]`);
    if (!field) continue;
    const fault = document.createElement("p");
    fault.className = "fault";
    fault.id = `fault-${n}`;
    both(fault, error.detail, error.detail_en);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", fault.id);
    field.after(fault);
  }
  summary.hidden = false;
  summary.focus();
}

function show(id) {
  const element = byId(id);
  element.hidden = false;
  element.focus();
}

// One key per sending: pressed twice, or again after a broken connection, it is one command.
function onSubmit(form, work) {
  let key = newKey();
  let busy = false;
  form.addEventListener("input", () => { key = newKey(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    forget(form);
    try {
      const answer = await work(new FormData(form), key);
      if (answer && !answer.ok) complain(form, answer);
      if (answer && answer.ok) key = newKey();
    } finally {
      busy = false;
    }
  });
}
