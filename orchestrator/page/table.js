// One table: all that is known of it.

import {get, tablePath} from "/page/api.js";
import {actionButton, possible} from "/page/actions.js";
import {Chart} from "/page/chart.js";
import {el, fill, setText} from "/page/dom.js";
import {stateClass} from "/page/format.js";
import {reasonOf} from "/page/overview.js";
import {commands, figures, letter, partitions, runs, settings, trail} from "/page/table_parts.js";

const refreshMs = 5000;
const lettersShown = 20;

export class TableView {
  constructor(site, name) {
    this.site = site;
    this.name = name;
    this.title = `cdc: ${name}`;
    this.charts = [new Chart("Events per second", "--rate"), new Chart("Lag in records", "--lag")];
    this.element = this.build();
    this.on = {tables: this.onTables, second: this.onSecond, anew: this.refresh, status: this.onStatus};
    this.refresh();
  }

  build() {
    const section = (title, ...content) => el("section", {"aria-label": title}, el("h2", {}, title), content);
    this.state = el("span");
    this.buttons = el("div", {class: "tools"});
    for (const part of ["why", "figures", "settings", "offsets", "trail", "runs", "letters", "log"]) this[part] = el("div");
    this.log = el("pre", {class: "log", tabindex: "0", "aria-label": "the end of its log"});
    return el("div", {},
      el("h1", {}, this.name, this.state), this.why, this.buttons,
      el("div", {class: "charts"}, this.charts.map((chart) => chart.element)),
      el("div", {class: "columns"}, section("Figures", this.figures), section("Settings", this.settings)),
      section("Offsets", this.offsets), section("States", this.trail), section("Runs", this.runs),
      section("Dead letters", this.letters), section("Log", this.log), section("Commands", commands(this.name)));
  }

  end() {
    this.ended = true;
    for (const chart of this.charts) chart.end();
  }

  ask(rest, query) {
    return get(tablePath(this.name, rest), query);
  }

  /** Everything but dead letters, which are asked for when their number grew: Kafka has to be read for them. */
  async refresh() {
    this.refreshed = Date.now();
    try {
      const [answer, history, list, log] = await Promise.all(
        [this.ask(""), this.ask("/history"), this.ask("/runs", {limit: 20}), this.ask("/log", {limit: 200})]);
      if (this.ended) return;
      this.detail = answer.detail;
      this.showTable(answer.table);
      this.charts[0].set(history.first_ms, history.step_ms, history.events_per_second);
      this.charts[1].set(history.first_ms, history.step_ms, history.lag);
      fill(this.runs, runs(list.runs));
      this.showLog(log.lines);
    } catch (error) {
      if (!this.ended) fill(this.why, el("div", {class: "reason"}, el("p", {}, error.message)));
    }
  }

  showTable(t) {
    this.table = t;
    fill(this.state, el("span", {class: stateClass(t.state)}, t.state));
    fill(this.why, reasonOf(t));
    this.showButtons();
    this.showAges();
    if (this.detail) {
      fill(this.settings, settings(this.detail));
      fill(this.offsets, partitions(this.detail));
    }
    if (this.lettersOf !== t.dead_letters) this.loadLetters(t);
  }

  showButtons() {
    if (!this.table) return;
    const all = this.site.actions ? possible(this.table.state).map((action) => actionButton(this.name, action))
      : el("span", {class: "soft"}, "Actions are off: ", el("code", {}, "[orchestrator] actions = true"), " allows them; the ",
        el("code", {}, "cdc"), " command always can.");
    fill(this.buttons, all);
  }

  showAges() {
    const now = this.site.now();
    fill(this.figures, figures(this.table, now));
    if (this.detail) fill(this.trail, trail(this.detail, now));
  }

  showLog(lines) {
    const atEnd = this.log.scrollTop + this.log.clientHeight >= this.log.scrollHeight - 4;
    setText(this.log, lines.length > 0 ? lines.join("\n") : "nothing yet: it comes with the table's first worker");
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  async loadLetters(t) {
    this.lettersOf = t.dead_letters;
    if (t.dead_letters === 0) return fill(this.letters, el("p", {class: "soft"}, "none"));
    if (!this.letters.firstChild) fill(this.letters, el("p", {class: "soft"}, "reading them …"));
    try {
      const answer = await this.ask("/dead-letters", {limit: lettersShown});
      if (this.ended) return;
      fill(this.letters, answer.letters.map(letter),
        answer.complete ? null : el("p", {class: "soft"}, "These are the newest. ", el("code", {}, `cdc dlq show ${this.name}`), " shows all."));
    } catch (error) {
      this.lettersOf = undefined;  // the next refresh asks again
      if (!this.ended) fill(this.letters, el("p", {class: "warn"}, error.message));
    }
  }

  onTables(data) {
    const mine = data.tables.find((t) => t.table === this.name);
    if (!mine) return;
    const changed = mine.state !== this.table?.state;
    if (this.table) this.showTable(mine);
    if (changed) this.refresh();
  }

  onStatus() {
    this.showButtons();
  }

  onSecond() {
    if (this.table) this.showAges();
    if (Date.now() - this.refreshed >= refreshMs) this.refresh();
  }
}
