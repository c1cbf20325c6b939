// Lines over the last hour, drawn by uPlot.

import {el, setText} from "/page/dom.js";
import {short} from "/page/format.js";

const mostPoints = 720;  // as the server keeps
const height = 150;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A line that grows on the right and forgets on the left. */
export class Chart {
  /** @param variable CSS variable of the line's colour */
  constructor(title, variable) {
    this.title = title;
    this.variable = variable;
    this.times = [];
    this.values = [];
    this.newest = el("span");
    this.place = el("div", {class: "plot", role: "img", "aria-label": title});
    this.element = el("figure", {}, el("figcaption", {}, title, this.newest), this.place);
    this.resizes = new ResizeObserver(() => this.fit());
    this.resizes.observe(this.place);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.dark.addEventListener("change", this.redraw);
  }

  /** @param stepMs between two values; null is a gap */
  set(firstMs, stepMs, values) {
    this.times = values.map((_, i) => (firstMs + i * stepMs) / 1000);
    this.values = values.slice();
    this.show();
  }

  push(atMs, value) {
    if (this.times.length > 0 && atMs / 1000 <= this.times[this.times.length - 1]) return;
    this.times.push(atMs / 1000);
    this.values.push(value);
    if (this.times.length > mostPoints) {
      this.times.shift();
      this.values.shift();
    }
    this.show();
  }

  show() {
    const value = this.values[this.values.length - 1];
    setText(this.newest, this.values.length > 0 ? short(value) : "");
    const known = this.values.filter((v) => v !== null);
    const most = known.length > 0 ? Math.max(...known) : 0;
    this.place.setAttribute("aria-label", `${this.title}: now ${short(value)}, at most ${short(most)} in the last hour`);
    if (this.plot) this.plot.setData([this.times, this.values]);
    else this.draw();
  }

  draw() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    const width = this.place.clientWidth;
    if (width === 0) return;
    const line = colour(this.variable);
    const axis = {stroke: colour("--soft"), grid: {stroke: colour("--line"), width: 1}, ticks: {show: false}};
    this.plot = new uPlot({
      width, height, legend: {show: false}, cursor: {drag: {x: false, y: false}},
      scales: {x: {range: atLeastAMinute}, y: {range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1]}},
      axes: [{...axis, size: 28, space: 80, values: (_, times) => times.map(clock)}, {...axis, size: 54, values: (_, marks) => marks.map(short)}],
      series: [{}, {stroke: line, fill: `${line}22`, width: 1.5, points: {show: false}}],
    }, [this.times, this.values], this.place);
  }

  fit() {
    const width = this.place.clientWidth;
    if (!this.plot) this.draw();
    else if (width > 0 && width !== this.plot.width) this.plot.setSize({width, height});
  }

  end() {
    this.resizes.disconnect();
    this.dark.removeEventListener("change", this.redraw);
    if (this.plot) this.plot.destroy();
  }
}

function atLeastAMinute(_, low, high) {
  const end = high ?? Date.now() / 1000;
  return [Math.min(low ?? end, end - 60), end];
}

function clock(seconds) {
  const d = new Date(seconds * 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}${d.getSeconds() ? `:${two(d.getSeconds())}` : ""}`;
}
