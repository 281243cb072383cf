// Whoever waits for the answers of a replay sees them come.

const EVERY_MS = 3000;

const look = async () => {
  const shown = document.querySelector("[data-running]");
  if (!shown) return;
  if (!document.hidden) await renew(shown).catch(() => {});
  setTimeout(look, EVERY_MS);
};

const renew = async (shown) => {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector(".gate");
  const cases = fresh.querySelectorAll("details");
  // What somebody has opened or points at stays.
  shown.querySelectorAll("details").forEach((one, index) => { cases[index].open ||= one.open; });
  const held = [...shown.querySelectorAll("summary, button")].indexOf(document.activeElement);
  shown.replaceWith(fresh);
  if (held >= 0) fresh.querySelectorAll("summary, button")[held]?.focus({ preventScroll: true });
};

setTimeout(look, EVERY_MS);
