"use strict";
(function () {
  const { tree: merged, threads, measures } = JSON.parse(document.getElementById("data").textContent);
  const flame = document.getElementById("flame"), said = document.getElementById("said");
  const choice = document.getElementById("measure"), search = document.getElementById("search");
  const split = document.getElementById("split");
  const ROW = 19, LIVE = 0, BORN = measures.findIndex(([name]) => name.startsWith("born"));
  let tree = merged, zoomed = [tree];
  // What is live of one part of the run, with the same calls.
  function born([name, place, values, children], index) {
    const parts = children.filter((child) => child[2][index] > 0).map((child) => born(child, index));
    return [name, place, [values[index]], parts];
  }
  function chosen() {
    if (split.value === "threads") return threads;
    if (split.value !== "birth") return merged;
    const parts = measures.slice(BORN).map(([, text], part) => {
      const [, , values, children] = born(merged, BORN + part);
      return [text.replace("live, ", ""), "", values, children];
    });
    return [merged[0], merged[1], merged[2], parts.filter((part) => part[2][LIVE] > 0)];
  }
  function offer() {
    // When something was born is known of what is live.
    const before = split.value;
    split.replaceChildren();
    split.add(new Option("nothing", "merged"));
    if (threads) split.add(new Option("threads", "threads"));
    if (Number(choice.value) === LIVE) split.add(new Option("time of birth", "birth"));
    split.value = [...split.options].some((option) => option.value === before) ? before : "merged";
  }
  function restart() { offer(); tree = chosen(); zoomed = [tree]; draw(); }
  measures.forEach(([, text], index) => {
    if (merged[2][index] > 0) choice.add(new Option(text, index));
  });
  function bytes(value) {
    const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
    return (unit && value < 10 ? value.toFixed(1) : value.toFixed(0)) + " " + units[unit];
  }
  function colour(place) {
    if (!place) return "#c9d8b6";
    if (place.includes(".so")) return "#a9c8e8";
    if (place.startsWith("<") || /\/(site|dist)-packages\/|\/lib(64)?\/python\d/.test(place)) return "#dcdcdc";
    return "#f4b183";
  }
  function draw() {
    const measure = Number(choice.value), wanted = search.value.toLowerCase();
    const focus = zoomed[zoomed.length - 1], whole = tree[2][measure];
    flame.replaceChildren();
    let deepest = 0;
    function box(node, path, left, width, depth, above) {
      if (width < 0.0008) return;
      deepest = Math.max(deepest, depth);
      const element = document.createElement("div"), [name, place, values] = node;
      element.style.cssText = `left:${left * 100}%;width:${width * 100}%;top:${depth * ROW}px;background:${colour(place)}`;
      element.textContent = width > 0.02 ? name : "";
      if (above) element.className = "above";
      if (wanted && (name + " " + place).toLowerCase().includes(wanted)) element.classList.add("found");
      const text = `${name} ${place} · ${bytes(values[measure])} · ${(100 * values[measure] / (whole || 1)).toFixed(1)} %`;
      element.title = text;
      element.onmouseenter = () => { said.textContent = text; };
      element.onclick = () => { zoomed = path; draw(); };
      flame.append(element);
    }
    function below(node, path, left, width, depth) {
      box(node, path, left, width, depth, false);
      let at = left;
      for (const child of node[3]) {
        const part = node[2][measure] ? width * child[2][measure] / node[2][measure] : 0;
        if (part > 0.0008) below(child, path.concat([child]), at, part, depth + 1);
        at += part;
      }
    }
    zoomed.slice(0, -1).forEach((node, depth) => box(node, zoomed.slice(0, depth + 1), 0, 1, depth, true));
    below(focus, zoomed, 0, 1, zoomed.length - 1);
    flame.style.height = (deepest + 1) * ROW + "px";
  }
  choice.onchange = split.onchange = restart;
  search.oninput = draw;
  document.getElementById("out").onclick = () => { zoomed = [tree]; draw(); };
  if (choice.options.length) restart(); else said.textContent = "No allocation was sampled.";
})();
// Tables are sorted by a click on a column's name: largest first, then the other way round.
(function () {
  for (const table of document.querySelectorAll(".tables table")) {
    const heads = [...table.querySelectorAll("th")], body = table.tBodies[0];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.onclick = () => {
        const falls = head.getAttribute("aria-sort") !== "descending";
        const key = (row) => row.cells[column].dataset.value, sign = falls ? -1 : 1;
        const compare = column ? (a, b) => sign * (key(a) - key(b)) : (a, b) => -sign * key(a).localeCompare(key(b));
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", falls ? "descending" : "ascending");
        body.append(...[...body.rows].sort(compare));
      };
    });
  }
})();
