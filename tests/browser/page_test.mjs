// The page in a real browser, on a real orchestrator. CDC_PICTURES=folder keeps screenshots.

import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import {readFileSync, statSync} from "node:fs";
import {join} from "node:path";
import {after, afterEach, before, beforeEach, test} from "node:test";
import {chromium} from "playwright-core";

import {World, changed, row, until} from "./world.mjs";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const quietTables = Array.from({length: 60}, (_, i) => `[tables.t${String(i).padStart(2, "0")}]`).join("\n");
const tables = `[tables.orders]\n[tables.users]\n[tables.payments]\n[tables.archive]\n${quietTables}\n`;

let world, browser, page;
const complaints = [];  // of the browser's console

async function fillTables() {
  await world.produce([
    ...Array.from({length: 40}, (_, i) => row("orders", i, {total: i * 3, note: "ünïcode"})),
    {...row("users", 1, {name: "x"}), key: null}, {...changed("users", 1, {name: "y"}), key: null},
    row("payments", 1, {amount: 5}),
    {topic: "shop.public.payments", key: JSON.stringify({id: 2}), value: "{\"no\": \"event\"}"},
    {topic: "shop.public.payments", key: JSON.stringify({id: 3}), value: "<b>not JSON</b>"},
    row("payments", 4, {amount: 6}),
    row("extra", 1), row("weird-name", 1)]);
  await world.untilTable("orders", "its rows are there", (t) => t.live_rows === 40);
  await world.untilTable("users", "it is Held", (t) => t.state === "Held");
  await world.untilTable("payments", "its dead letters are counted", (t) => t.dead_letters === 2);
}

before(async () => {
  world = await World.begin(tables);
  world.start();
  await fillTables();
  if (pictures) await someLoad();
  browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]});
});

after(async () => {
  await browser?.close();
  await world?.end();
});

beforeEach(async () => {
  complaints.length = 0;
  const context = await browser.newContext({viewport: {width: 1280, height: 860}, colorScheme: "light"});
  await context.grantPermissions(["clipboard-read", "clipboard-write"], {origin: world.address});
  page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(world.address)) complaints.push(`asks elsewhere: ${request.url()}`);
  });
});

afterEach(async () => {
  await page.context().close();
  assert.deepEqual(complaints, []);
});

const open = (fragment = "") => page.goto(`${world.address}/${fragment}`);
const rowOf = (name) => page.locator("#tables tbody tr", {has: page.getByRole("rowheader", {name, exact: true})});

const pictures = process.env.CDC_PICTURES;

async function picture(name, fullPage = false) {
  if (pictures) await page.screenshot({path: join(pictures, `page-${name}.png`), fullPage});
}

/** For pictures: changes for half a minute, so that charts have something to show. */
async function someLoad() {
  for (let round = 0; round < 12; ++round) {
    const many = 300 + 250 * Math.round(4 * Math.sin(round / 2) + 4);
    await world.produce(Array.from({length: many}, (_, i) => row("orders", i % 40, {total: i, note: `round ${round}`})));
    await world.produce([row(`t0${round % 5}`, round), row("archive", round)]);
    await new Promise((done) => setTimeout(done, 2500));
  }
  await world.untilTable("orders", "it has caught up", (t) => t.lag === 0);
}

/** No finding of axe-core that is serious or critical. */
async function isAccessible() {
  await page.evaluate(axe);  // not by a script element: the page's policy forbids those
  const {violations} = await page.evaluate(() => globalThis.axe.run());
  const grave = violations.filter((v) => ["serious", "critical"].includes(v.impact));
  assert.deepEqual(grave.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`), []);
}

test("the overview shows numbers, charts and the tables that need somebody first", async () => {
  await open();
  await rowOf("orders").getByText("40", {exact: true}).waitFor();
  const numbers = (await page.locator(".numbers").innerText()).replaceAll("\n", " ");
  for (const words of ["tables 64", "held: need you 1", "dead letters 2"]) assert.ok(numbers.includes(words), numbers);
  assert.equal(await page.locator("#tables tbody tr").first().getByRole("rowheader").innerText(), "users");
  await rowOf("users").getByText("Held").waitFor();
  await rowOf("payments").getByText("2", {exact: true}).first().waitFor();
  assert.match(await page.locator("#summary").innerText(), /Kafka ok · .* of 4 workers · somebody should look/);
  await page.getByRole("img", {name: /Events per second, all tables: now/}).locator("canvas").waitFor();
  await page.getByText("1 to 50 of 64").waitFor();
  await isAccessible();
  await picture("overview");
});

test("a Held table says why in its place, with lines to copy", async () => {
  await open();
  const reason = page.locator("#tables .reason");
  await reason.getByText("REPLICA IDENTITY FULL").first().waitFor();
  const lines = await reason.locator("pre").allInnerTexts();
  assert.ok(lines.includes("[tables.\"users\"]\nmode = \"append\""), JSON.stringify(lines));
  await reason.getByRole("button", {name: "copy the lines for users"}).first().click();
  await reason.getByText("copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), lines[0]);
});

test("the filter and the pages show parts of the list", async () => {
  await open();
  await page.getByText("1 to 50 of 64").waitFor();
  await page.getByRole("button", {name: "next"}).click();
  await page.getByText("51 to 64 of 64").waitFor();
  assert.equal(await page.getByRole("button", {name: "next"}).isDisabled(), true);
  await page.getByLabel("Filter").fill("PAY");
  await page.getByText("1 to 1 of 1 that match, 64 in all").waitFor();
  assert.deepEqual(await page.locator("#tables tbody th").allInnerTexts(), ["payments"]);
  await page.getByLabel("Filter").fill("");
  await page.getByLabel("State").selectOption("Held");
  await page.getByText("1 to 1 of 1 that match").waitFor();
  assert.deepEqual(await page.locator("#tables tbody th").allInnerTexts(), ["users"]);
});

test("a change shows up by itself", async () => {
  await open();
  await rowOf("t07").getByText("never").waitFor();
  await world.produce([row("t07", 1)]);
  await rowOf("t07").getByText("1", {exact: true}).waitFor();
});

test("the view of a table has all that is known of it", async () => {
  await open();
  await page.getByRole("link", {name: "payments", exact: true}).click();
  await page.getByRole("heading", {name: "payments", level: 1}).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.getByRole("region", {name: "Offsets"}).getByRole("table").getByText("4", {exact: true}).first().waitFor();
  await page.getByRole("region", {name: "Runs"}).getByText("0: done").first().waitFor();
  await page.getByRole("region", {name: "States"}).getByText("Running").first().waitFor();
  await page.getByRole("region", {name: "Settings"}).getByText("shop.public.payments.dlq").waitFor();
  const letters = page.getByRole("region", {name: "Dead letters"});
  await letters.locator("summary").first().click();
  await letters.getByText("<b>not JSON</b>").or(letters.getByText("\"no\": \"event\"")).first().waitFor();
  await page.getByRole("region", {name: "Log"}).getByText(/payments/).first().waitFor();
  await page.getByRole("region", {name: "Commands"}).getByText("cdc reset payments", {exact: true}).waitFor();
  await isAccessible();
  await picture("table", true);
});

test("dead letters are counted by reason, with the command that replays them", async () => {
  await open("#/dead-letters");
  const section = page.getByRole("region", {name: "payments", exact: true});
  await section.getByRole("table").getByRole("row").nth(1).waitFor();
  await section.getByText("cdc dlq replay payments").waitFor();
  await isAccessible();
  await picture("dead-letters");
});

test("the source shows topics that feed no table, with the line that would", async () => {
  await open("#/source");
  await page.getByText("shop.public.extra").waitFor();
  await page.getByText("[tables.extra]").first().waitFor();
  await page.getByText("[tables.weird-name]").first().waitFor();
  await page.getByText("Nobody asks Kafka Connect").waitFor();
  await isAccessible();
  await picture("source");
});

test("errors are a time line, the newest first", async () => {
  await open("#/errors");
  const line = page.getByRole("listitem");
  await line.filter({hasText: "users"}).filter({hasText: "run"}).first().waitFor();
  await line.filter({hasText: "users"}).filter({hasText: "held"}).filter({hasText: "lasts"}).waitFor();
  await isAccessible();
  await picture("errors");
});

test("an action takes the token, and does what the command does", async () => {
  const token = readFileSync(join(world.folder, "state/api-token"), "utf8").trim();
  await open(`#token=${token}`);
  await page.getByText("1 to 50 of 64").waitFor();
  assert.equal(new URL(page.url()).hash, "#/");
  await page.goto(`${world.address}/#/tables/archive`);
  await page.getByRole("button", {name: "pause: archive"}).click();
  await page.getByText("archive is being paused").waitFor();
  await page.getByRole("heading", {level: 1}).getByText("Paused").waitFor();
  assert.equal((await world.untilTable("archive", "it is paused", (t) => t.state === "Paused")).hint, "cdc resume archive");
  await page.getByRole("button", {name: "resume: archive"}).click();
  await world.untilTable("archive", "it goes on", (t) => t.state !== "Paused");
});

test("without the token the page asks for it, and a wrong one does nothing", async () => {
  await open("#/tables/archive");
  await page.getByRole("button", {name: "pause: archive"}).click();
  await page.getByRole("dialog").getByLabel("Token").fill("0".repeat(32));
  await page.getByRole("button", {name: "use it"}).click();
  await page.getByRole("dialog").getByText("not the right one").waitFor();
  await isAccessible();
  await page.getByRole("button", {name: "cancel"}).click();
  const table = (await world.get("/api/v1/tables/archive")).table;
  assert.notEqual(table.state, "Paused");
  // The browser itself reports the refused request.
  assert.deepEqual(complaints.splice(0).filter((c) => !c.includes("401")), []);
});

test("everything can be reached by the keyboard alone", async () => {
  await open();
  await page.getByText("1 to 50 of 64").waitFor();
  const focused = () => page.evaluate(() => {
    const e = document.activeElement;
    return e.getAttribute("aria-label") ?? e.id ?? "" + e.textContent;
  });
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  const seen = [];
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press("Tab");
    seen.push(await focused());
  }
  for (const stop of ["filter", "state", "tables"]) assert.ok(seen.includes(stop), `${stop} is not among ${seen}`);
  await page.locator("#filter").focus();
  await page.keyboard.type("orders");
  await page.getByText("1 to 1 of 1 that match").waitFor();
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.textContent === "orders")) break;
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", {name: "orders", level: 1}).waitFor();
});

test("dark mode is dark, and as readable", async () => {
  await page.emulateMedia({colorScheme: "dark"});
  await open();
  await rowOf("users").getByText("Held").waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(13, 17, 23)");
  await isAccessible();
  await picture("overview-dark");
  await open("#/tables/payments");
  await page.getByRole("region", {name: "Runs"}).getByText("0: done").first().waitFor();
  await isAccessible();
});

test("a reload keeps the history", async () => {
  const points = async () => (await world.get("/api/v1/history")).lag.length;
  const had = await until("some history", async () => ((await points()) >= 3 ? points() : 0));
  await open();
  await page.reload();
  await page.getByRole("img", {name: /Lag in records, all tables: now/}).locator("canvas").waitFor();
  assert.ok((await points()) >= had);
});

test("files come compressed, with an ETag, and under a strict policy", async () => {
  const answer = await fetch(`${world.address}/page/main.js`, {headers: {"Accept-Encoding": "gzip"}});
  assert.equal(answer.headers.get("content-encoding"), "gzip");
  assert.equal(await answer.text(), readFileSync(join(root, "orchestrator/page/main.js"), "utf8"));
  const again = await fetch(`${world.address}/page/main.js`, {headers: {"If-None-Match": answer.headers.get("etag")}});
  assert.equal(again.status, 304);
  const plain = await fetch(`${world.address}/`, {headers: {"Accept-Encoding": "identity"}});
  assert.equal(await plain.text(), readFileSync(join(root, "orchestrator/page/index.html"), "utf8"));
  assert.doesNotMatch(plain.headers.get("content-security-policy"), /unsafe|data:|\*/);
});

test("uPlot is what its package has", () => {
  const folder = join(root, "orchestrator/page/uplot");
  const sums = readFileSync(join(folder, "SHA256SUMS"), "utf8").trim().split("\n").map((line) => line.split("  "));
  assert.equal(sums.length, 3);
  for (const [sum, name] of sums) {
    const kept = readFileSync(join(folder, name));
    assert.equal(createHash("sha256").update(kept).digest("hex"), sum, name);
    const packaged = new URL(`node_modules/uplot/${name === "LICENSE" ? "" : "dist/"}${name}`, import.meta.url);
    assert.ok(kept.equals(readFileSync(packaged)), name);
  }
  assert.ok(statSync(join(folder, "uPlot.iife.min.js")).size < 60_000);
});
