/** Style sheet of the page, for light and dark. */
export const style = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2430; --dim: #5b6675; --line: #b9c2cd; --good: #1f7a3d; --bad: #b3261e; --open: #8a6100; --strong: #1d5fbf; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1c222b; --text: #e7ebf0; --dim: #9aa6b5; --line: #465162; --good: #5fcf85; --bad: #ff8a80; --open: #f0c350; --strong: #7fb2ff; } }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; background: var(--page); color: var(--text); font: 14px/1.4 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; padding: 10px 16px; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 16px; }
p, output { margin: 0; color: var(--dim); }
input { flex: 0 1 280px; padding: 5px 10px; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px; }
button { padding: 4px 10px; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
button + button { margin-left: 4px; }
main { flex: 1; min-height: 0; }
svg { width: 100%; height: 100%; display: block; cursor: grab; touch-action: none; }
.column { fill: var(--dim); font-weight: 600; }
.node rect { fill: var(--card); stroke: var(--line); stroke-width: 1.5; }
.node text { fill: var(--text); }
.node .name { font-weight: 600; }
.node .details { fill: var(--dim); font-size: 12px; }
.node.True .mark { fill: var(--good); }
.node.False rect { stroke: var(--bad); stroke-width: 2.5; }
.node.False .mark { fill: var(--bad); }
.node.Unknown rect { stroke: var(--open); stroke-width: 2.5; stroke-dasharray: 6 4; }
.node.Unknown .mark { fill: var(--open); }
.node:focus { outline: none; }
.node:focus rect, .node.linked rect { stroke: var(--strong); stroke-width: 3; stroke-dasharray: none; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.5; }
.edge.linked { stroke: var(--strong); stroke-width: 2.5; }
.searching .node:not(.match), .searching .edge { opacity: 0.2; }
`;

/** Script of the page: zooms by wheel and buttons, moves by dragging, searches, and shows dependencies. */
export const script = `
"use strict";
const rack = document.getElementById("rack");
const search = document.getElementById("search");
const nodes = [...rack.querySelectorAll(".node")];
const edges = [...rack.querySelectorAll(".edge")];
const whole = { x: 0, y: 0, width: Number(rack.dataset.width), height: Number(rack.dataset.height) };
let view = { ...whole };
const show = () => rack.setAttribute("viewBox", [view.x, view.y, view.width, view.height].join(" "));
function zoom(factor, x = view.x + view.width / 2, y = view.y + view.height / 2) {
  const width = Math.min(whole.width * 2, Math.max(whole.width / 40, view.width * factor));
  const scale = width / view.width;
  view = { x: x - (x - view.x) * scale, y: y - (y - view.y) * scale, width, height: view.height * scale };
  show();
}
const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(rack.getScreenCTM().inverse());
rack.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { x, y } = point(event);
  zoom(event.deltaY < 0 ? 1 / 1.2 : 1.2, x, y);
}, { passive: false });
let grip;
rack.addEventListener("pointerdown", (event) => { grip = point(event); });
window.addEventListener("pointerup", () => { grip = undefined; });
rack.addEventListener("pointermove", (event) => {
  if (grip === undefined) return;
  const { x, y } = point(event);
  view = { ...view, x: view.x + grip.x - x, y: view.y + grip.y - y };
  show();
});
document.getElementById("in").addEventListener("click", () => zoom(1 / 1.4));
document.getElementById("out").addEventListener("click", () => zoom(1.4));
document.getElementById("whole").addEventListener("click", () => { view = { ...whole }; show(); });
function find() {
  const words = search.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
  let found = 0;
  for (const node of nodes) {
    const match = words.length > 0 && words.every((word) => node.dataset.text.includes(word));
    node.classList.toggle("match", match);
    if (match) found += 1;
  }
  rack.classList.toggle("searching", words.length > 0);
  document.getElementById("found").textContent = words.length === 0 ? "" : found + " found";
}
search.addEventListener("input", find);
function link(node) {
  for (const one of [...nodes, ...edges]) one.classList.remove("linked");
  if (node === undefined) return;
  const reach = (id, from, to) => {
    for (const edge of edges) {
      if (edge.dataset[from] !== id || edge.classList.contains("linked")) continue;
      edge.classList.add("linked");
      document.getElementById(edge.dataset[to]).classList.add("linked");
      reach(edge.dataset[to], from, to);
    }
  };
  reach(node.id, "from", "to");
  reach(node.id, "to", "from");
}
for (const node of nodes) {
  node.addEventListener("mouseenter", () => link(node));
  node.addEventListener("mouseleave", () => link(undefined));
  node.addEventListener("focus", () => link(node));
  node.addEventListener("blur", () => link(undefined));
}
function fromAddress() {
  search.value = decodeURIComponent(location.hash.slice(1));
  find();
}
window.addEventListener("hashchange", fromAddress);
fromAddress();
`;
