// The lines that solve a Held table, found in what tables really say.

import assert from "node:assert/strict";
import {test} from "node:test";

import {readFileSync} from "node:fs";

// As text: without a package.json beside it Node may take the file for CommonJS.
const source = readFileSync(new URL("../../orchestrator/page/fixes.js", import.meta.url), "utf8");
const {fixes} = await import(`data:text/javascript,${encodeURIComponent(source)}`);

test("settings in a sentence exclude each other", () => {
  assert.deepEqual(fixes("table users has no key: its events carry none",
    "in tables.toml under [tables.\"users\"]: mode = \"append\" keeps every change as a row, or key = [\"…\"] names columns that identify a row"),
  ["[tables.\"users\"]\nmode = \"append\"", "[tables.\"users\"]\nkey = [\"…\"]"]);
});

test("settings on lines of their own belong together", () => {
  assert.deepEqual(fixes("declare them in tables.toml:\n[tables.\"a\".columns]\nx = \"text\"\n\"odd = name\" = \"numeric(3,2)\"\nor set [source] dsn"),
    ["[tables.\"a\".columns]\nx = \"text\"\n\"odd = name\" = \"numeric(3,2)\""]);
});

test("an inline table and a list of them are one value", () => {
  assert.deepEqual(fixes("in tables.toml under [tables.\"t\"]: metadata_columns = [{ name = \"op_2\", value = \"op()\" }]"),
    ["[tables.\"t\"]\nmetadata_columns = [{ name = \"op_2\", value = \"op()\" }]"]);
  assert.deepEqual(fixes("under [tables.\"t\".columns]: \"a\" = { name = \"b\" }"), ["[tables.\"t\".columns]\n\"a\" = { name = \"b\" }"]);
});

test("text without settings has none, and an unfinished value is none", () => {
  assert.deepEqual(fixes("see cdc logs users, then cdc trigger users", ""), []);
  assert.deepEqual(fixes("x = \"1\" without a section"), []);
  assert.deepEqual(fixes("[tables.\"t\"]: key = [\"a\""), []);
});
