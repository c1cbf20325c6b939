// Buttons that change something, where the orchestrator allows it.

import {act, keepToken, token} from "/page/api.js";
import {announce, el} from "/page/dom.js";

const done = {start: "started", pause: "is being paused", resume: "resumed", restart: "begins anew"};

/** The one that a table in this state needs first; null: none. */
export function needed(state) {
  if (state === "Paused") return "resume";
  return state === "Held" || state === "Backoff" ? "start" : null;
}

/** All that make sense in this state. */
export function possible(state) {
  if (state === "Elsewhere") return [];
  if (state === "Paused") return ["resume"];
  return ["Running", "Starting", "Stopping"].includes(state) ? ["pause", "restart"] : ["start", "pause"];
}

export function actionButton(table, action) {
  const text = action === "start" ? "start now" : action;
  return el("button", {type: "button", "aria-label": `${text}: ${table}`, onclick: () => perform(table, action)}, text);
}

async function perform(table, action) {
  if (!token() && !(await askToken("This page may act with the token."))) return;
  try {
    await act(table, action);
    announce(`${table} ${done[action]}`);
  } catch (error) {
    if (error.status === 401 && (await askToken("That token is not the right one."))) return perform(table, action);
    announce(`${action} ${table}: ${error.message}${error.hint ? ` (${error.hint})` : ""}`);
  }
}

/** @returns whether one was given */
function askToken(why) {
  const input = el("input", {type: "password", id: "token", autocomplete: "off", required: true});
  const cancel = el("button", {type: "button"}, "cancel");
  const form = el("form", {method: "dialog"},
    el("h2", {id: "token-title"}, "Token"),
    el("p", {}, why, " ", el("code", {}, "cdc page"), " prints the address that has it; it is in ",
      el("code", {}, "state_dir/api-token"), ", too."),
    el("label", {for: "token"}, "Token"), input,
    el("div", {class: "row"}, cancel, el("button", {value: "ok"}, "use it")));
  const dialog = el("dialog", {"aria-labelledby": "token-title"}, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    cancel.addEventListener("click", () => dialog.close(""));
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "ok" && input.value.trim() !== "";
      if (given) keepToken(input.value);
      dialog.remove();
      resolve(given);
    });
    dialog.showModal();
  });
}
