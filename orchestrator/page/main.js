// What the address says is shown, and told of every change.

import {get, Listener, takeTokenFromAddress} from "/page/api.js";
import {el, fill, setText} from "/page/dom.js";
import {span} from "/page/format.js";
import {ErrorsView} from "/page/errors.js";
import {LettersView} from "/page/letters.js";
import {Overview} from "/page/overview.js";
import {SourceView} from "/page/source.js";
import {TableView} from "/page/table.js";

/** What all views share. The server's clock is the one that ages are told by. */
const site = {
  status: null,
  skew: 0,
  now() { return Date.now() + this.skew; },
  get actions() { return this.status?.actions === true; },
};
let view = null;

const routes = [
  [/^#\/tables\/(.+)$/, "overview", (match) => new TableView(site, decodeURIComponent(match[1]))],
  [/^#\/dead-letters$/, "dead-letters", () => new LettersView(site)],
  [/^#\/source$/, "source", () => new SourceView(site)],
  [/^#\/errors$/, "errors", () => new ErrorsView(site)],
  [/^/, "overview", () => new Overview(site)],
];

function show() {
  takeTokenFromAddress();
  const [pattern, name, make] = routes.find(([p]) => p.test(location.hash));
  const first = view === null;
  view?.end();
  view = make(pattern.exec(location.hash));
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const main = document.getElementById("main");
  main.replaceChildren(view.element);
  document.title = view.title;
  if (!first) {
    main.focus();
    scrollTo(0, 0);
  }
}

const levels = {ok: ["good", "ok"], degraded: ["bad", "somebody should look"], down: ["bad", "down"]};

function showStatus(status) {
  site.status = status;
  site.skew = status.now_ms - Date.now();
  site.began = status.now_ms - status.uptime_ms;
  const [level, words] = levels[status.status];
  const kafka = status.kafka === "ok" ? "good" : "bad";
  const source = {ok: "good", silent: "bad"}[status.source];
  fill(document.getElementById("summary"),
    `${status.program_version} · up `, el("span", {id: "uptime"}, span((site.now() - site.began) / 1000)),
    " · Kafka ", el("span", {class: kafka}, status.kafka),
    source ? [" · source ", el("span", {class: source}, status.source)] : null,
    ` · ${status.workers} of ${status.max_jobs} workers · `, el("span", {class: level}, status.stopping ? "stopping" : words));
  const general = status.reasons.filter((reason) => reason.table === "");
  notice(general.map((reason) => reason.text + (reason.hint ? ` — ${reason.hint}` : "")).join("\n"));
}

function notice(text) {
  const place = document.getElementById("notice");
  place.hidden = text === "";
  setText(place, text);
}

function tell(what, data) {
  view?.on?.[what]?.call(view, data);
}

let missed = false;  // changes, since there was no connection
const listener = new Listener({
  open: () => {
    // The server tells what changes from now on: what was missed is asked for.
    if (missed) tell("anew");
    missed = true;
  },
  lost: () => notice("The orchestrator does not answer: what is shown may be old. Trying again …"),
  refused: () => {
    tell("anew");
    get("/status").then(showStatus).then(() => notice("Too many pages are open: this one looks every 5 s only."), () => listener.on.lost());
  },
  silent: () => notice("The scheduler does not answer: what is shown may be old."),
  status: (status) => {
    showStatus(status);
    tell("status", status);
  },
  tables: (data) => tell("tables", data),
  removed: (data) => tell("removed", data),
  sample: (data) => tell("sample", data),
});

setInterval(() => {
  const uptime = document.getElementById("uptime");
  if (uptime) setText(uptime, span((site.now() - site.began) / 1000));
  tell("second");
}, 1000);

addEventListener("hashchange", show);
show();
get("/status").then((status) => {
  if (!site.status) {
    showStatus(status);
    tell("status", status);
  }
}, () => {});
