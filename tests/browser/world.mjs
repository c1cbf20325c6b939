// The real programs for the page's tests: an embedded Kafka, an orchestrator with workers, and tables of every kind.

import {spawn, execFile} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync, renameSync} from "node:fs";
import {createServer} from "node:net";
import {tmpdir} from "node:os";
import {join, resolve} from "node:path";
import {promisify} from "node:util";

const run = promisify(execFile);
export const bin = resolve(process.env.CDC_BIN ?? "build/release/bin");
const patienceMs = 60_000;

/** Looks again until `condition` gives something; another process cannot tell us when. */
export async function until(what, condition, patience = patienceMs) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${patience / 1000} s: ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

/** A loopback port below the ephemeral ones that nobody uses. */
async function freePort() {
  for (let port = 18_000 + (process.pid % 5_000); port < 32_000; ++port) {
    const free = await new Promise((done) => {
      const server = createServer().once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
    if (free) return port;
  }
  throw new Error("no free port");
}

function record(op, table, id, columns) {
  const value = {before: null, after: {id, ...columns}, op, ts_ms: 1_700_000_000_000,
    source: {connector: "postgresql", schema: "public", table, ts_ms: 1_700_000_000_000, lsn: 1}};
  return {topic: `shop.public.${table}`, key: JSON.stringify({id}), value: JSON.stringify(value)};
}

/** A row that came. */
export const row = (table, id, columns = {}) => record("c", table, id, columns);
/** A row that was changed, without its old values. */
export const changed = (table, id, columns = {}) => record("u", table, id, columns);

export class World {
  /** @param tables text of the [tables…] sections */
  static async begin(tables, {actions = true, orchestrator = ""} = {}) {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), "cdc-page-"));
    world.config = join(world.folder, "tables.toml");
    world.broker = spawn(join(bin, "cdc"), ["broker"], {stdio: ["ignore", "pipe", "ignore"]});
    world.servers = await new Promise((done, failed) => {
      let text = "";
      world.broker.stdout.on("data", (data) => {
        text += data;
        const match = /bootstrap_servers=(\S+)/.exec(text);
        if (match) done(match[1]);
      });
      world.broker.once("exit", () => failed(new Error("cdc broker ended")));
    });
    world.port = await freePort();
    world.address = `http://127.0.0.1:${world.port}`;
    world.more = `actions = ${actions}\n${orchestrator}`;
    world.configure(tables);
    return world;
  }

  /** Renamed into place: the orchestrator must never read half of it. */
  configure(tables) {
    writeFileSync(`${this.config}.new`, `[kafka]
bootstrap_servers = "${this.servers}"
[source]
topic_prefix = "shop"
[catalog]
uri = "catalog.db"
warehouse = "warehouse"
namespace = "shop"
[orchestrator]
rate_limit = "0s"
idle_timeout = "2s"
max_jobs = 4
listen = "127.0.0.1:${this.port}"
${this.more}[defaults]
commit_interval = "100ms"
${tables}`);
    renameSync(`${this.config}.new`, this.config);
  }

  start() {
    this.orchestrator = spawn(join(bin, "cdc-orchestrator"), ["--config", this.config], {stdio: "ignore"});
  }

  async stop() {
    if (!this.orchestrator) return;
    const ended = new Promise((done) => this.orchestrator.once("exit", done));
    this.orchestrator.kill("SIGTERM");
    await ended;
    this.orchestrator = null;
  }

  async end() {
    await this.stop();
    this.broker.removeAllListeners("exit");
    this.broker.kill("SIGTERM");
    rmSync(this.folder, {recursive: true, force: true});
  }

  /** @param records as `cdc produce` takes them */
  async produce(records) {
    const file = join(this.folder, "records.jsonl");
    writeFileSync(file, records.map((r) => `${JSON.stringify(r)}\n`).join(""));
    await this.cdc("produce", "--file", file);
  }

  async cdc(...args) {
    return (await run(join(bin, "cdc"), [...args, "--config", this.config])).stdout;
  }

  async get(path) {
    const answer = await fetch(this.address + path).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }

  /** Waits until the table's answer meets `condition`. */
  async untilTable(table, what, condition) {
    return until(`${table}: ${what}`, async () => {
      const answer = await this.get(`/api/v1/tables/${encodeURIComponent(table)}`);
      return answer && condition(answer.table) ? answer.table : null;
    });
  }
}
