// Elements from data. Text goes in as text: nothing of what the server says is ever parsed as HTML.

/** el("p", {class: "soft", onclick: f, "aria-label": "x"}, "text", child, …); null and false children are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  add(element, children);
  return element;
}

export function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    element.append(child);
  }
}

/** Replaces the children, unless they say the same already: focus and selection stay where nothing changed. */
export function fill(element, ...children) {
  const next = document.createDocumentFragment();
  add(next, children);
  const probe = document.createElement("div");
  probe.append(next);
  if (probe.innerHTML === element.innerHTML) return;
  element.replaceChildren(...probe.childNodes);
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A table with a caption and a head; `columns`: {title, number}. */
export function table(caption, columns, rows) {
  const head = columns.map((c) => el("th", {scope: "col", class: c.number ? "number" : null}, c.title));
  return el("div", {class: "wide", tabindex: "0", role: "region", "aria-label": caption},
    el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)));
}

export function cell(content, number = false) {
  return el("td", {class: number ? "number" : null}, content);
}

/** A button that puts `text` on the clipboard. */
export function copyButton(text, what) {
  const button = el("button", {type: "button", "aria-label": `copy ${what}`, onclick: () => copy(text, button)}, "copy");
  return button;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // plain HTTP of another machine: the clipboard is for secure pages alone
    const area = el("textarea", {"aria-hidden": "true"});
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

/** A command or lines with a button to copy them. */
export function copyable(text, what) {
  return el("div", {class: "fix"}, el("pre", {}, text), copyButton(text, what));
}

/** Says it to those who see and to those who hear. */
export function announce(text) {
  const place = document.getElementById("done");
  place.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { place.textContent = ""; }, 5000);
}
