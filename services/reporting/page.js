"use strict";
// The page renews itself when the mirror has applied more facts. Without this script it is whole, only as old as when it was asked for.
(() => {
  const EVERY_MS = 30000; // an office shares one address, and one address has only so many requests a minute
  const live = document.getElementById("live");
  if (!live || !("EventSource" in window)) return;
  let renewedAt = Date.now(), waits = null;
  const source = new EventSource(live.dataset.news);

  const renew = async () => {
    waits = null;
    if (document.hidden) return;
    renewedAt = Date.now();
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = [...document.querySelectorAll("details[open]")].map((one) => one.id);
    const focused = document.activeElement && document.activeElement.closest("[id]");
    const id = focused && focused.closest("main, footer") ? focused.id : null;
    for (const name of ["main", "footer"]) {
      const now = document.querySelector(name), then = fresh.querySelector(name);
      if (then) now.replaceWith(document.adoptNode(then));
    }
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    if (id) (document.querySelector(`#${id} > summary`) || document.getElementById(id))?.focus();
    live.dataset.at = fresh.getElementById("live").dataset.at;
    live.textContent = live.dataset.says;
  };
  const soon = () => {
    waits ??= setTimeout(renew, Math.max(0, renewedAt + EVERY_MS - Date.now()) + Math.random() * 2000);
  };
  source.addEventListener("positions", (event) => {
    if (event.lastEventId !== live.dataset.at) soon();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && source.readyState !== EventSource.CLOSED && Date.now() > renewedAt + EVERY_MS) soon();
  });
})();
