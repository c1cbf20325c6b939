// What was wrong and when, the newest first.

import {get} from "/page/api.js";
import {el, fill} from "/page/dom.js";
import {ago, moment, span} from "/page/format.js";

const refreshMs = 5000;

function entry(e, now) {
  const lasts = e.end_ms === 0;
  const took = e.end_ms - e.at_ms;
  const how = lasts ? "lasts" : took > 0 ? `for ${span(took / 1000)}` : "";
  return el("li", {class: lasts ? "lasting" : null},
    el("time", {datetime: new Date(e.at_ms).toISOString(), title: ago(e.at_ms, now)}, moment(e.at_ms)), " ",
    e.table ? [el("a", {href: `#/tables/${encodeURIComponent(e.table)}`}, e.table), " "] : null,
    el("strong", {class: lasts ? "bad" : "soft"}, e.code.replaceAll("_", " ")), how ? el("span", {class: "soft"}, ` ${how}`) : null,
    el("div", {}, e.text), e.hint ? el("div", {class: "soft"}, e.hint) : null);
}

export class ErrorsView {
  constructor(site) {
    this.site = site;
    this.title = "cdc: errors";
    this.list = el("div");
    this.element = el("div", {}, el("h1", {}, "Errors"),
      el("p", {class: "soft"}, "Troubles since the orchestrator began, and failed runs as the ledger has them."), this.list);
    this.on = {second: this.onSecond, anew: this.load};
    this.load();
  }

  end() {
    this.ended = true;
  }

  async load() {
    this.loaded = Date.now();
    try {
      const answer = await get("/errors", {limit: 200});
      if (this.ended) return;
      fill(this.list, answer.errors.length === 0 ? el("p", {class: "soft"}, "none")
        : el("ol", {class: "line", reversed: true}, answer.errors.map((e) => entry(e, answer.now_ms))));
    } catch (error) {
      if (!this.ended) fill(this.list, el("p", {class: "bad"}, error.message));
    }
  }

  onSecond() {
    if (Date.now() - this.loaded >= refreshMs) this.load();
  }
}
