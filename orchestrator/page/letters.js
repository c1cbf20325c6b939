// Dead letters of all tables, by reason.

import {get, tablePath} from "/page/api.js";
import {cell, copyable, el, fill, setText, table} from "/page/dom.js";
import {ago, count, counted} from "/page/format.js";

const tablesRead = 20;    // those with the newest letters: for each one Kafka is read
const lettersRead = 500;

/** Letters of one table → its reasons: {reason, count, newest_ms}, the most frequent first. */
export function byReason(letters) {
  const reasons = new Map();
  for (const letter of letters) {
    const entry = reasons.get(letter.reason) ?? {reason: letter.reason, count: 0, newest_ms: 0};
    ++entry.count;
    entry.newest_ms = Math.max(entry.newest_ms, letter.written_ms);
    reasons.set(letter.reason, entry);
  }
  return [...reasons.values()].sort((a, b) => b.count - a.count);
}

export class LettersView {
  constructor(site) {
    this.site = site;
    this.title = "cdc: dead letters";
    this.summary = el("p", {class: "soft", role: "status"}, "reading them …");
    this.list = el("div");
    this.element = el("div", {}, el("h1", {}, "Dead letters"), this.summary, this.list);
    this.on = {status: this.onStatus, anew: this.load};
    this.load();
  }

  end() {
    this.ended = true;
  }

  async load() {
    try {
      const answer = await get("/dead-letters", {limit: 200});
      if (this.ended) return;
      this.total = answer.total;
      const more = answer.matched > tablesRead ? `; the ${tablesRead} with the newest are shown by reason` : "";
      setText(this.summary, answer.matched === 0 ? "There are none."
        : `${count(answer.total)} since the ledger began, of ${counted(answer.matched, "table")}${more}. A change that could not be applied is one; the others of its table go on.`);
      const places = new Map(answer.tables.slice(0, tablesRead).map((t) => [t, el("div")]));
      fill(this.list, [...places].map(([t, place]) => this.section(t, place)));
      for (const [t, place] of places) await this.loadReasons(t, place);
    } catch (error) {
      setText(this.summary, error.message);
    }
  }

  section(t, place) {
    return el("section", {"aria-label": t.table},
      el("h2", {}, el("a", {href: `#/tables/${encodeURIComponent(t.table)}`}, t.table),
        el("span", {class: "soft"}, ` ${count(t.dead_letters)}, the newest ${ago(t.dead_letter_ms, this.site.now())}`)),
      place, el("p", {class: "soft"}, "Once what was wrong is solved, this applies them where no later change forbids it (it tells first; --yes does it):"),
      copyable(`cdc dlq replay ${t.table}`, `the replay command of ${t.table}`));
  }

  async loadReasons(t, place) {
    if (this.ended) return;
    fill(place, el("p", {class: "soft"}, "reading them …"));
    try {
      const answer = await get(tablePath(t.table, "/dead-letters"), {limit: lettersRead});
      const rows = byReason(answer.letters).map((r) => el("tr", {},
        cell(count(r.count), true), el("td", {}, r.reason), cell(ago(r.newest_ms, this.site.now()))));
      const caption = answer.complete ? `Reasons of ${t.table}` : `Reasons of ${t.table}, of its newest ${count(answer.letters.length)}`;
      fill(place, table(caption, [{title: "Letters", number: true}, {title: "Reason"}, {title: "Newest"}], rows));
    } catch (error) {
      fill(place, el("p", {class: "warn"}, error.message));
    }
  }

  onStatus(status) {
    if (this.total !== undefined && status.totals.dead_letters !== this.total) this.load();
  }
}
