/**
 * The page of statistics. The server lays out what an address shows; here links and the form become
 * addresses, and what comes back is put in place.
 */
import { rest, signOut, start } from "../../chatsite/lib/boot.js";
import { announce, refs } from "../../chatsite/lib/dom.js";
import { openFile } from "../../chatsite/lib/files.js";
import { has, t } from "../../chatsite/lib/text.js";
import { explain } from "../../chatsite/models/problems.js";
import { startChoices } from "../../chatsite/parts/choices.js";
import { tell, untell } from "../../chatsite/parts/problem.js";

const panel = document.getElementById("panel");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
let asked = 0;

await start({ open, resume: () => show() });

function open(me) {
  document.getElementById("who").textContent = me.name;
  document.getElementById("sign-out").addEventListener("click", signOut);
  startChoices(refs(document.getElementById("settings")));
  panel.addEventListener("click", onClick);
  panel.addEventListener("submit", (event) => { event.preventDefault(); submit(event.target); });
  panel.addEventListener("change", (event) => { if (event.target.matches("select")) submit(event.target.form); });
  addEventListener("popstate", () => show());
  show();
}

function onClick(event) {
  const csv = event.target.closest("[data-csv]");
  if (csv) return download(csv.dataset.csv);
  const link = event.target.closest("a[data-go], .chart a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute("href"));
}

function submit(form) {
  if (!form.reportValidity()) return;
  const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
  go(`?${new URLSearchParams(chosen)}`);
}

function go(query) {
  history.pushState(null, "", query);
  show({ from: document.activeElement });
}

/** Shows what the page's address says. */
async function show({ from = null } = {}) {
  const mine = ++asked;
  const query = new URLSearchParams(location.search);
  query.set("tz", zone);
  panel.setAttribute("aria-busy", "true");
  try {
    const { html } = await rest.call("GET", `/stats/panel?${query}`);
    if (mine !== asked) return;
    untell();
    put(html, from);
    panel.removeAttribute("aria-busy");
    await Promise.all([...panel.querySelectorAll("[data-part]")].map((part) => fill(part, mine)));
  } catch (error) {
    if (mine !== asked || error.status === 401) return;
    const wrong = error.errors?.[0];
    if (wrong) tell(`${wrong.field}: ${wrong.detail}`);
    else tell(explain(error, { t, has }), () => show({ from: panel }));
  } finally {
    if (mine === asked) panel.removeAttribute("aria-busy");
  }
}

/** What takes longer than the figures themselves comes after them. */
async function fill(part, mine) {
  const query = new URLSearchParams(part.dataset.part);
  query.set("tz", zone);
  const { html } = await rest.call("GET", `/stats/panel?${query}`);
  if (mine !== asked) return;
  part.innerHTML = html;
  part.removeAttribute("aria-busy");
}

/** The server has escaped whatever is not its own. Who was in a field of the form stays there. */
function put(html, from) {
  const place = from?.id ? `#${CSS.escape(from.id)}` : from?.dataset?.go === undefined ? "" : `a[href="${CSS.escape(from.getAttribute("href"))}"]`;
  panel.innerHTML = html;
  const heading = panel.querySelector("h1");
  document.title = `${heading.textContent} · Cland Chat`;
  if (!from) return;
  announce(heading.textContent);
  const same = place && panel.querySelector(place);
  (same || panel).focus({ preventScroll: Boolean(same) });
}

async function download(url) {
  try {
    await openFile(rest, { url, name: "usage.csv" });
  } catch (error) {
    document.querySelector("page-toasts").show({ text: explain(error, { t, has }), error: true });
  }
}
