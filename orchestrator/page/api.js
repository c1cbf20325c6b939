// Questions to /api/v1 (docs/api.md).

const base = "/api/v1";

export class ApiError extends Error {
  constructor(status, message, hint) {
    super(message);
    this.status = status;
    this.hint = hint ?? "";
  }
}

async function read(response) {
  const text = await response.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new ApiError(response.status, text.trim() || `HTTP ${response.status}`);
  }
  if (!response.ok) throw new ApiError(response.status, answer.error ?? `HTTP ${response.status}`, answer.hint);
  return answer;
}

/** @param query names and values; those that are empty are left out */
export async function get(path, query = {}) {
  const words = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const search = words.length > 0 ? `?${new URLSearchParams(words)}` : "";
  return read(await fetch(base + path + search));
}

export function tablePath(table, rest = "") {
  return `/tables/${encodeURIComponent(table)}${rest}`;
}

export async function act(table, action) {
  const headers = {Authorization: `Bearer ${token() ?? ""}`};
  return read(await fetch(base + tablePath(table, `/actions/${action}`), {method: "POST", headers}));
}

// The token is this tab's: `cdc page` prints an address whose fragment has it, which no server sees.
const key = "cdc-token";

export function token() {
  return sessionStorage.getItem(key);
}

export function keepToken(value) {
  sessionStorage.setItem(key, value.trim());
}

/** Takes the token out of the address, so that it is not copied with it. */
export function takeTokenFromAddress() {
  const match = /^#token=([0-9a-f]+)$/.exec(location.hash);
  if (!match) return;
  keepToken(match[1]);
  history.replaceState(null, "", "#/");
}

const eventNames = ["status", "tables", "removed", "sample", "silent"];
const retryMs = 5000;

/** Hears of changes; a connection that breaks is made again. */
export class Listener {
  /** @param on functions by event: status, tables, removed, sample, silent; and open, lost, refused */
  constructor(on) {
    this.on = on;
    // A browser has six connections to a server for all its tabs: one that nobody sees takes none.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.begin()));
    if (!document.hidden) this.begin();
  }

  begin() {
    this.stop();
    this.source = new EventSource(`${base}/events`);
    for (const name of eventNames) this.source.addEventListener(name, (event) => this.on[name](JSON.parse(event.data)));
    this.source.addEventListener("open", () => this.on.open());
    this.source.addEventListener("error", () => this.onError());
  }

  stop() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  /** The browser tries again by itself, unless it got an answer that is no stream: too many listen. */
  onError() {
    if (this.source?.readyState !== EventSource.CLOSED) return this.on.lost();
    this.on.refused();
    this.again = setTimeout(() => this.begin(), retryMs);
  }
}
