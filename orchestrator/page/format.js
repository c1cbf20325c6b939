// Numbers and times for people. Pure.

const whole = new Intl.NumberFormat("en-US", {maximumFractionDigits: 0});

/** 4100000 → "4,100,000"; null → "?" */
export function count(value) {
  return value === null || value === undefined ? "?" : whole.format(value);
}

/** 1, "table" → "1 table"; 2 → "2 tables" */
export function counted(value, word) {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** 4100000 → "4.1M" */
export function short(value) {
  if (value === null || value === undefined) return "?";
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${trim(value / size)}${unit}`;
  }
  return trim(value);
}

function trim(value) {
  return String(Number(value.toFixed(Math.abs(value) < 10 ? 1 : 0)));
}

/** Per second; a table that read nothing has none. */
export function rate(value) {
  return !value ? "" : value < 10 ? value.toFixed(1) : count(Math.round(value));
}

/** 90 → "2 min" */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "?";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** When, seen from `now` (both Unix milliseconds). */
export function ago(ms, now) {
  if (!ms) return "never";
  const seconds = (now - ms) / 1000;
  if (seconds < -1) return `in ${span(-seconds)}`;
  return seconds < 1 ? "now" : `${span(seconds)} ago`;
}

/** "2026-11-30 04:05:06" of this browser's time zone */
export function moment(ms) {
  if (!ms) return "never";
  const d = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function bytes(value) {
  if (value === null || value === undefined) return "";
  if (value < 1 << 20) return `${Math.round(value / 1024)} kB`;
  return value < 1 << 30 ? `${Math.round(value / (1 << 20))} MB` : `${(value / (1 << 30)).toFixed(1)} GB`;
}

/** What an exit means (docs/architecture.md). */
export function exitWords(exit) {
  const words = {"": "still running", "0": "done", "64": "bad arguments", "75": "try again: an outage, or fenced",
    "78": "permanent: configuration or schema"};
  return words[exit] ?? (exit.startsWith("signal") ? "killed" : "crashed");
}

const classes = {Held: "bad", Backoff: "warn", Paused: "warn", Pending: "warn", Running: "busy", Starting: "busy",
  Stopping: "busy", Idle: "good"};
export function stateClass(state) {
  return `state ${classes[state] ?? ""}`;
}
