"use strict";
(function () {
  const { tree, measures } = JSON.parse(document.getElementById("data").textContent);
  const flame = document.getElementById("flame"), said = document.getElementById("said");
  const choice = document.getElementById("measure"), search = document.getElementById("search");
  const ROW = 19;
  let zoomed = [tree];
  measures.forEach(([, text], index) => {
    if (tree[2][index] > 0) choice.add(new Option(text, index));
  });
  function bytes(value) {
    const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
    return (unit && value < 10 ? value.toFixed(1) : value.toFixed(0)) + " " + units[unit];
  }
  function colour(place) {
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
  choice.onchange = () => { zoomed = [tree]; draw(); };
  search.oninput = draw;
  document.getElementById("out").onclick = () => { zoomed = [tree]; draw(); };
  if (choice.options.length) draw(); else said.textContent = "No allocation was sampled.";
})();
