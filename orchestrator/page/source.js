// Where changes come from: connector, replication slots, and topics that feed no table.

import {get} from "/page/api.js";
import {cell, copyable, copyButton, el, fill, table} from "/page/dom.js";
import {bytes, counted} from "/page/format.js";

const refreshMs = 10_000;  // as often as the orchestrator asks

function connectors(connect) {
  if (!connect.asked) return el("p", {class: "soft"}, "Nobody asks Kafka Connect: ", el("code", {}, "[source] connect_url"), " says where it is.");
  if (connect.error) return el("p", {class: "bad"}, connect.error);
  const rows = connect.connectors.map((c) => el("tr", {},
    el("th", {scope: "row"}, c.name), el("td", {class: c.state === "RUNNING" ? "good" : "bad"}, c.state),
    cell(c.tasks.map((t) => `${t.id}: ${t.state}`).join(", ")), cell(c.slot), cell([c.trace, ...c.tasks.map((t) => t.trace)].join(" "))));
  return [table("Connectors of this prefix", [{title: "Connector"}, {title: "State"}, {title: "Tasks"}, {title: "Slot"}, {title: "Trace"}], rows),
    connect.others ? el("p", {class: "soft"}, `${counted(connect.others, "connector")} of other prefixes`) : null];
}

function slots(database) {
  if (!database.asked) return el("p", {class: "soft"}, "Nobody asks PostgreSQL: ", el("code", {}, "[source] dsn"), " says where it is.");
  if (database.error) return el("p", {class: "bad"}, database.error);
  const rows = database.slots.map((s) => el("tr", {},
    el("th", {scope: "row"}, s.name), el("td", {class: s.active ? "good" : "bad"}, s.active ? "active" : "inactive"),
    cell(s.wal_status), cell(bytes(s.held_bytes), true)));
  return table(`Logical replication slots of database ${database.name}`,
    [{title: "Slot"}, {title: "Reader"}, {title: "WAL"}, {title: "WAL held back", number: true}], rows);
}

function unlisted(answer) {
  if (answer.topics === 0) return el("p", {class: "soft"}, "Kafka has told no topics yet.");
  if (answer.unlisted_total === 0) return el("p", {class: "soft"}, "Each topic under the prefix feeds a table.");
  const rows = answer.unlisted.map((u) => el("tr", {}, el("th", {scope: "row"}, u.topic),
    el("td", {}, el("code", {}, u.line), " ", copyButton(u.line, `the line for ${u.topic}`))));
  const caption = `${counted(answer.unlisted_total, "topic")} under the prefix that no table reads`;
  return [table(caption, [{title: "Topic"}, {title: "Line for tables.toml"}], rows),
    answer.unlisted.length > 1 ? [el("p", {class: "soft"}, "All of them:"), copyable(answer.unlisted.map((u) => u.line).join("\n"), "all lines")] : null];
}

export class SourceView {
  constructor(site) {
    this.site = site;
    this.title = "cdc: source";
    this.body = el("div");
    this.element = el("div", {}, el("h1", {}, "Source"), this.body);
    this.on = {second: this.onSecond, anew: this.load};
    this.load();
  }

  end() {
    this.ended = true;
  }

  async load() {
    this.loaded = Date.now();
    try {
      const answer = await get("/source");
      if (this.ended) return;
      fill(this.body,
        el("p", {}, "Topics begin with ", el("code", {}, answer.topic_prefix), `. Kafka has ${counted(answer.topics, "topic")}.`),
        el("h2", {}, "Connectors"), connectors(answer.connect),
        el("h2", {}, "Replication slots"), slots(answer.database),
        el("h2", {}, "Topics found, but not listed"), unlisted(answer));
    } catch (error) {
      if (!this.ended) fill(this.body, el("p", {class: "bad"}, error.message));
    }
  }

  onSecond() {
    if (Date.now() - this.loaded >= refreshMs) this.load();
  }
}
