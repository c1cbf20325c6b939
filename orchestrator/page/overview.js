// All tables: six numbers, two charts, and a page of the list.

import {get} from "/page/api.js";
import {actionButton, needed} from "/page/actions.js";
import {Chart} from "/page/chart.js";
import {copyable, el, fill, setText} from "/page/dom.js";
import {fixes} from "/page/fixes.js";
import {ago, bytes, count, rate, span, stateClass} from "/page/format.js";

const pageSize = 50;
const quietMs = 2000;  // between two questions for the list, however much changes
const states = ["Idle", "Pending", "Starting", "Running", "Stopping", "Backoff", "Held", "Paused", "Elsewhere"];

/** What a Held or failing table says, and the lines that would solve it. */
export function reasonOf(table) {
  const text = table.reason || table.waiting_for;
  const told = ["Held", "Backoff", "Paused", "Elsewhere"].includes(table.state);
  if (!text || !told) return null;
  const ways = table.state === "Paused" ? [] : fixes(table.reason, table.hint);
  return el("div", {class: table.state === "Held" ? "reason" : "reason mild"},
    el("p", {}, text), table.hint ? el("p", {class: "soft"}, table.hint) : null,
    ways.map((way) => copyable(way, `the lines for ${table.table}`)));
}

export class Overview {
  constructor(site) {
    this.site = site;
    this.title = "cdc: overview";
    this.query = {filter: "", state: "", offset: 0};
    this.rows = new Map();  // table → {data, row, because}
    this.matched = 0;
    this.charts = [new Chart("Events per second, all tables", "--rate"), new Chart("Lag in records, all tables", "--lag")];
    this.element = this.build();
    this.loadHistory();
    this.load();
    if (site.status) this.showNumbers(site.status.totals);
    this.on = {
      status: this.onStatus, tables: this.onTables, removed: () => this.loadSoon(), sample: this.onSample,
      second: this.onSecond, anew: () => { this.loadHistory(); this.load(); },
    };
  }

  build() {
    this.numbers = el("dl", {class: "numbers"});
    this.filter = el("input", {type: "search", id: "filter", placeholder: "part of a name", autocomplete: "off",
      oninput: () => this.narrow()});
    this.state = el("select", {id: "state", onchange: () => this.narrow()},
      el("option", {value: ""}, "all"), states.map((s) => el("option", {value: s}, s)));
    this.previous = el("button", {type: "button", onclick: () => this.turn(-1)}, "previous");
    this.next = el("button", {type: "button", onclick: () => this.turn(1)}, "next");
    this.where = el("span", {role: "status", id: "where"});
    this.body = el("tbody");
    const titles = [["Table"], ["State"], ["Lag", 1], ["Behind", 1], ["Progress"], ["Events/s", 1], ["Rows", 1],
      ["Dead letters", 1], ["Last commit"], ["Memory", 1], ["Action"]];
    return el("div", {},
      el("h1", {}, "Overview"), this.numbers,
      el("div", {class: "charts"}, this.charts.map((chart) => chart.element)),
      el("div", {class: "tools"},
        el("span", {}, el("label", {for: "filter"}, "Filter "), this.filter),
        el("span", {}, el("label", {for: "state"}, "State "), this.state),
        el("span", {class: "right"}, this.where, " ", this.previous, " ", this.next)),
      el("div", {class: "wide", tabindex: "0", role: "region", "aria-label": "tables"},
        el("table", {id: "tables"}, el("caption", {}, "Tables; those that need somebody come first"),
          el("thead", {}, el("tr", {}, titles.map(([title, number]) =>
            el("th", {scope: "col", class: number ? "number" : null}, title)))), this.body)));
  }

  end() {
    this.ended = true;
    clearTimeout(this.soon);
    for (const chart of this.charts) chart.end();
  }

  async loadHistory() {
    const history = await get("/history").catch(() => null);
    if (!history || this.ended) return;
    this.charts[0].set(history.first_ms, history.step_ms, history.events_per_second);
    this.charts[1].set(history.first_ms, history.step_ms, history.lag);
  }

  /** Asks for the page of the list that is shown. An answer to an older question is dropped. */
  async load() {
    clearTimeout(this.soon);
    this.soon = null;
    const question = this.question = {};
    try {
      const answer = await get("/tables", {sort: "need", limit: pageSize, ...this.query, offset: this.query.offset || ""});
      if (this.question !== question || this.ended) return;
      this.loaded = Date.now();
      this.showPage(answer);
    } catch (error) {
      if (this.question === question) setText(this.where, error.message);
    }
  }

  loadSoon() {
    if (this.soon) return;
    const wait = Math.max(0, (this.loaded ?? 0) + quietMs - Date.now());
    this.soon = setTimeout(() => this.load(), wait);
  }

  narrow() {
    this.query = {filter: this.filter.value, state: this.state.value, offset: 0};
    this.load();
  }

  turn(by) {
    this.query.offset = Math.max(0, this.query.offset + by * pageSize);
    this.load();
  }

  showPage(answer) {
    if (answer.matched > 0 && answer.tables.length === 0) {  // tables went: the page is beyond the end
      this.query.offset = 0;
      this.load();
      return;
    }
    this.matched = answer.matched;
    const before = this.rows;
    this.rows = new Map();
    const order = [];
    for (const data of answer.tables) {
      const entry = before.get(data.table) ?? this.newRow(data.table);
      this.rows.set(data.table, entry);
      this.showRow(entry, data);
      order.push(entry.row, ...(entry.because ? [entry.because] : []));
    }
    const same = order.length === this.body.children.length && order.every((row, i) => this.body.children[i] === row);
    if (!same) this.body.replaceChildren(...order);
    const last = answer.offset + answer.tables.length;
    const words = answer.matched === answer.total ? `of ${count(answer.total)}` : `of ${count(answer.matched)} that match, ${count(answer.total)} in all`;
    setText(this.where, answer.matched === 0 ? `none of ${count(answer.total)} matches` : `${answer.offset + 1} to ${last} ${words}`);
    this.previous.disabled = answer.offset === 0;
    this.next.disabled = last >= answer.matched;
  }

  newRow(name) {
    const cells = Array.from({length: 10}, (_, i) => el("td", {class: [1, 2, 4, 5, 6, 8].includes(i) ? "number" : null}));
    const link = el("a", {href: `#/tables/${encodeURIComponent(name)}`}, name);
    return {cells, row: el("tr", {}, el("th", {scope: "row"}, link), cells), because: null};
  }

  showRow(entry, t) {
    entry.data = t;
    const [state, lag, behind, progress, events, rows, letters, , memory, action] = entry.cells;
    fill(state, el("span", {class: stateClass(t.state)}, t.state));
    setText(lag, count(t.lag));
    setText(behind, t.lag ? span(t.lag_seconds) : "");
    fill(progress, t.progress === null || !t.lag ? null : [
      el("progress", {max: "1", value: t.progress.toFixed(2), "aria-label": `catch-up of ${t.table}`}),
      t.eta_seconds === null ? null : ` ${span(t.eta_seconds)} left`]);
    setText(events, rate(t.events_per_second));
    setText(rows, t.live_rows === null ? "?" : count(t.live_rows));
    rows.title = `${count(t.rows)} written, ${count(t.changes)} changes applied`;
    fill(letters, t.dead_letters ? el("span", {class: "warn"}, count(t.dead_letters)) : "");
    setText(memory, bytes(t.memory_bytes));
    const wanted = this.site.actions ? needed(t.state) : null;
    fill(action, wanted ? actionButton(t.table, wanted) : null);
    this.showAge(entry);
    const reason = reasonOf(t);
    entry.row.className = reason ? "held" : "";
    if (!reason) {
      entry.because?.remove();
      entry.because = null;
      return;
    }
    const place = entry.because ?? el("tr", {class: "because"}, el("td", {colspan: "11"}));
    fill(place.firstChild, reason);
    if (!entry.because && entry.row.parentNode) entry.row.after(place);
    entry.because = place;
  }

  showAge(entry) {
    setText(entry.cells[7], ago(entry.data.last_commit_ms, this.site.now()));
  }

  showNumbers(totals) {
    const s = totals.states;
    const items = [["tables", totals.tables, ""], ["working", s.Running + s.Starting + s.Stopping, "busy"],
      [s.Paused ? `idle, and ${count(s.Paused)} paused` : "idle, no process", s.Idle, "good"],
      ["waiting", s.Pending + s.Backoff, "warn"], ["held: need you", s.Held, s.Held ? "bad" : ""],
      ["dead letters", totals.dead_letters, totals.dead_letters ? "warn" : ""]];
    fill(this.numbers, items.map(([title, number, level]) =>
      el("div", {}, el("dt", {}, title), el("dd", {class: level}, count(number)))));
  }

  onStatus(status) {
    this.showNumbers(status.totals);
    const key = JSON.stringify([status.totals.states, status.totals.dead_letters, status.totals.tables, status.actions]);
    if (this.key !== undefined && this.key !== key) this.loadSoon();
    this.key = key;
  }

  onTables(data) {
    for (const table of data.tables) {
      const entry = this.rows.get(table.table);
      if (entry) this.showRow(entry, table);
      else if (this.rows.size < pageSize && this.belongs(table)) this.loadSoon();
    }
  }

  belongs(table) {
    const {filter, state} = this.query;
    return (state === "" || table.state === state) && table.table.toLowerCase().includes(filter.toLowerCase());
  }

  onSample(sample) {
    this.charts[0].push(sample.at_ms, sample.events_per_second);
    this.charts[1].push(sample.at_ms, sample.lag);
  }

  onSecond() {
    for (const entry of this.rows.values()) this.showAge(entry);
  }
}
