// Parts of a table's view: each makes elements of one answer.

import {cell, copyable, el, table} from "/page/dom.js";
import {ago, bytes, count, exitWords, moment, rate, span, stateClass} from "/page/format.js";

function pairs(items) {
  return el("dl", {class: "pairs"}, items.map(([name, value]) =>
    value === "" || value === null || value === undefined ? null : [el("dt", {}, name), el("dd", {}, value)]));
}

export function figures(t, now) {
  return pairs([
    ["Since", t.state_since_ms ? `${moment(t.state_since_ms)} (${ago(t.state_since_ms, now)})` : "before the orchestrator began"],
    ["Next start", t.due_ms ? ago(t.due_ms, now) : ""],
    ["Lag", `${count(t.lag)} records${t.lag ? `, ${span(t.lag_seconds)} behind` : ""}`],
    ["Caught up in", t.eta_seconds === null ? "" : `about ${span(t.eta_seconds)}`],
    ["Events per second", rate(t.events_per_second)],
    ["Rows in the table", t.live_rows === null ? "not told by its sink yet" : count(t.live_rows)],
    ["Changes applied", count(t.changes)], ["Rows written", count(t.rows)],
    ["Dead letters", t.dead_letters ? `${count(t.dead_letters)}, the newest ${ago(t.dead_letter_ms, now)}` : "0"],
    ["Records left alone", t.left_alone ? count(t.left_alone) : ""],
    ["Last commit", t.last_commit_ms ? `${moment(t.last_commit_ms)} (${ago(t.last_commit_ms, now)})` : "never"],
    ["Worker", t.pid ? `process ${t.pid}, ${bytes(t.memory_bytes)}` : "none"],
    ["Last exit", t.last_exit === "" ? "" : `${t.last_exit}: ${exitWords(t.last_exit)}`],
  ]);
}

/** Key, declared columns and where its rows go, as tables.toml says. */
export function settings(d) {
  return pairs([
    ["Topic", d.topic || "none exists yet"], ["Dead letters go to", d.dead_letters_topic],
    ["Sink", d.target ? `${d.sink}, as ${d.target}` : d.sink], ["Mode", d.mode], ["Worker program", d.job],
    ["Key", d.key.length > 0 ? d.key.join(", ") : "that of the events"],
    ["Declared columns", d.columns.map((c) => `${c.name} ${c.type}`).join(", ")],
  ]);
}

export function partitions(d) {
  const rows = d.partitions.map((p) => el("tr", {},
    el("th", {scope: "row"}, p.partition), cell(count(p.next), true), cell(count(p.end), true),
    cell(p.next === null || p.end === null ? "?" : count(Math.max(0, p.end - p.next)), true)));
  const titles = [{title: "Partition"}, {title: "Next offset", number: true}, {title: "End", number: true},
    {title: "Lag", number: true}];
  return table("Next offset and end of each partition", titles, rows);
}

export function trail(d, now) {
  if (d.states.length === 0) return el("p", {class: "soft"}, "unchanged since the orchestrator began");
  return el("ol", {class: "trail", reversed: true}, d.states.slice().reverse().map((s) =>
    el("li", {}, el("span", {class: stateClass(s.state)}, s.state), " ",
      el("time", {datetime: new Date(s.at_ms).toISOString(), title: moment(s.at_ms), class: "soft"}, ago(s.at_ms, now)))));
}

/** Runs with the snapshot that each committed last. */
export function runs(list) {
  const rows = list.map((r) => {
    const report = r.report ?? {};
    const seconds = r.end_ms ? (r.end_ms - r.start_ms) / 1000 : null;
    return el("tr", {},
      el("th", {scope: "row"}, r.id), cell(moment(r.start_ms)), cell(seconds === null ? "running" : span(seconds), true),
      cell(r.exit === "" ? exitWords("") : `${r.exit}: ${exitWords(r.exit)}`),
      cell(report.events === undefined ? "" : count(report.events), true),
      cell(report.rows === undefined ? "" : count(report.rows), true),
      cell(r.snapshot), cell(bytes(report.peak_rss_bytes), true), cell(r.reason));
  });
  return table("Runs of its worker, the newest first", [{title: "Run"}, {title: "Start"}, {title: "Took", number: true},
    {title: "Exit"}, {title: "Events", number: true}, {title: "Rows", number: true}, {title: "Snapshot"},
    {title: "Memory", number: true}, {title: "Reason"}], rows);
}

/** JSON laid out, where it is JSON; a Debezium event without the schema that stands before it. */
function laidOut(text) {
  if (text === null) return "null";
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value?.payload !== undefined && value?.schema !== undefined ? value.payload : value, null, 2);
  } catch {
    return text;
  }
}

export function letter(l) {
  return el("details", {},
    el("summary", {}, el("strong", {}, l.reason), ` — partition ${l.partition}, offset ${l.offset}, ${moment(l.written_ms)}`),
    el("p", {class: "soft"}, "Key"), el("pre", {tabindex: "0"}, laidOut(l.key)),
    el("p", {class: "soft"}, l.cut ? "Value (its beginning)" : "Value"), el("pre", {tabindex: "0"}, laidOut(l.value)));
}

/** What else can be done, by the command line. */
export function commands(name) {
  const quoted = /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
  const all = [
    ["compare it with its source", `cdc verify ${quoted}`],
    ["merge files and expire snapshots now", `cdc maintain ${quoted}`],
    ["apply its dead letters after all (told first; --yes does it)", `cdc dlq replay ${quoted}`],
    ["take it as it is, from the topic's present offsets (told first)", `cdc adopt ${quoted}`],
    ["go back to given offsets (told first)", `cdc rewind ${quoted}`],
    ["build it anew from the topic's start (told first)", `cdc reset ${quoted}`],
  ];
  return all.map(([what, command]) => el("div", {}, el("p", {class: "soft"}, what), copyable(command, command)));
}
