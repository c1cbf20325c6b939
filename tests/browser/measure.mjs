// How the page and its server bear many tables:  node tests/browser/measure.mjs [TABLES] [TOPICS]
// Bounded: some minutes, loopback only. Exits 1 where a promise of docs/page.md is broken.

import {readFileSync} from "node:fs";
import {chromium} from "playwright-core";

import {World, row, until} from "./world.mjs";

const tableCount = Number(process.argv[2] ?? 10_000);
const topicCount = Number(process.argv[3] ?? 200);
const seconds = 20;
const polls = 400;  // rounds of the requests that a page makes
const name = (i) => `t${String(i).padStart(5, "0")}`;

const ticks = 100;  // of /proc/<pid>/stat in a second (getconf CLK_TCK)
const cpuMs = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 1000 / ticks;
};
const residentMb = (pid) => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096 / 2 ** 20;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const broken = [];
function promise(what, value, limit, unit) {
  console.log(`${what}: ${value.toFixed(1)} ${unit} (at most ${limit})`);
  if (value > limit) broken.push(what);
}

async function cpuPerSecond(pid) {
  const before = cpuMs(pid);
  await sleep(seconds * 1000);
  return (cpuMs(pid) - before) / seconds;
}

const world = await World.begin(Array.from({length: tableCount}, (_, i) => `[tables.${name(i)}]`).join("\n"));
let browser;
try {
  await world.produce(Array.from({length: topicCount}, (_, i) => row(name(i), 1)));
  world.start();
  await until("an answer", () => world.get("/api/v1/status"));
  await until("all are written", async () => (await world.get("/api/v1/status")).totals.rows >= topicCount, 600_000);
  const pid = world.orchestrator.pid;
  console.log(`${tableCount} tables, ${topicCount} with a topic; ${residentMb(pid).toFixed(1)} MB resident`);
  await sleep(5_000);
  const alone = await cpuPerSecond(pid);
  console.log(`nobody looks: ${alone.toFixed(1)} ms of CPU a second`);

  browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]});
  const page = await browser.newPage();
  const begin = Date.now();
  await page.goto(`${world.address}/`);
  await page.locator("#tables tbody tr").nth(49).waitFor();
  const shown = Date.now() - begin;
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN);
  promise("first paint", paint, 1000, "ms");
  promise("50 rows shown", shown, 2000, "ms");
  const bytes = await page.evaluate(() => performance.getEntriesByType("resource").reduce((sum, e) => sum + e.transferSize, 0));
  console.log(`${(bytes / 1024).toFixed(0)} kB transferred`);
  const looked = await cpuPerSecond(pid);
  promise("an update of a page, beside what runs anyway", looked - alone, 50, "ms of CPU");
  const heap = () => page.evaluate(() => performance.memory.usedJSHeapSize / 2 ** 20);
  console.log(`browser's heap: ${(await heap()).toFixed(1)} MB`);

  const round = () => Promise.all(["/api/v1/status", "/api/v1/tables?sort=need&limit=50", "/api/v1/history", "/api/v1/errors",
    `/api/v1/tables/${name(1)}`, `/api/v1/tables/${name(1)}/history`, `/api/v1/tables/${name(1)}/runs`].map((path) => world.get(path)));
  for (let i = 0; i < polls / 4; ++i) await round();
  const before = residentMb(pid);
  const cpuBefore = cpuMs(pid);
  for (let i = 0; i < polls; ++i) await round();
  promise("memory that repeated questions take", residentMb(pid) - before, 8, "MB");
  console.log(`a round of seven questions: ${((cpuMs(pid) - cpuBefore) / polls).toFixed(1)} ms of CPU`);
  console.log(`${residentMb(pid).toFixed(1)} MB resident; browser's heap: ${(await heap()).toFixed(1)} MB`);
} finally {
  await browser?.close();
  await world.end();
}
process.exitCode = broken.length > 0 ? 1 : 0;
