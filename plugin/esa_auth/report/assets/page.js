"use strict";
// The page is whole without this: it adds charts, a search of the attempts, and CSV.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const number = new Intl.NumberFormat("en");
  const count = (value) => number.format(value);

  // Every text goes through here: a text node, isolated from the direction around it.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const name = (text) => make("bdi", {}, text);

  // ---- charts ----
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (word) => style.getPropertyValue(`--${word}`).trim();
    return { text: of("text"), quiet: of("quiet"), line: of("line"), back: of("back"), failure: of("failure"), success: of("success") };
  };
  const axis = (paint, more) => ({
    axisLine: { lineStyle: { color: paint.quiet } },
    axisLabel: { color: paint.text, hideOverlap: true },
    splitLine: { lineStyle: { color: paint.line } },
    ...more,
  });
  const series = (failures, successes, more = {}) => [
    { name: "failed", type: "bar", stack: "all", data: failures, ...more },
    { name: "succeeded", type: "bar", stack: "all", data: successes },
  ];
  const bars = (names, failures, successes) => (paint) => ({
    tooltip: { show: false },
    xAxis: axis(paint, { type: "value", minInterval: 1 }),
    yAxis: axis(paint, { type: "category", data: names, inverse: true, axisLabel: { color: paint.text, width: 150, overflow: "truncate" } }),
    series: series(failures, successes),
  });
  const ofKinds = (rows) => [rows.length, bars(rows.map((row) => row[0]), rows.map((row) => row[2]), rows.map((row) => row[1]))];
  const at = (epoch) => new Date(epoch * 1000).toISOString().slice(0, 16).replace("T", " ");
  const line = data.timeline;
  const largest = data.sources.slice(0, 10);
  // Name -> bars beneath each other (none: beside each other), and what is drawn.
  const drawings = {
    time: [0, (paint) => ({
      xAxis: axis(paint, { type: "category", data: line.success.map((_, place) => at(line.start + place * line.width)) }),
      yAxis: axis(paint, { type: "value", minInterval: 1 }),
      series: series(line.failure, line.success, { barCategoryGap: "10%" }),
    })],
    sources: [largest.length, bars(largest.map((row) => row.address), largest.map((row) => row.failures), largest.map((row) => row.successes))],
    tls: ofKinds(data.tls),
    mechanisms: ofKinds(data.mechanisms),
  };
  const boxes = [...document.querySelectorAll(".chart")];
  const draw = () => {
    const paint = colours();
    for (const box of boxes) {
      const drawn = echarts.getInstanceByDom(box) || echarts.init(box);
      drawn.setOption({
        animation: !still,
        textStyle: { color: paint.text },
        color: [paint.failure, paint.success],
        // Drawn on the canvas: nothing of a name is ever markup.
        tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: paint.back, borderColor: paint.line, textStyle: { color: paint.text } },
        legend: { top: 0, textStyle: { color: paint.text } },
        grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
        ...drawings[box.dataset.chart][1](paint),
      }, true);
    }
  };
  for (const box of boxes) {
    const rows = drawings[box.dataset.chart][0];
    box.hidden = false;
    if (rows) box.style.height = `${70 + 22 * rows}px`;
    const beside = box.parentElement.querySelector("details");
    if (beside) beside.open = false;
  }

  // ---- the attempts: words, outcome, and what was chosen above ----
  const place = document.getElementById("sift");
  if (place) {
    const lines = [...document.querySelectorAll("#attempts tbody tr")];
    const words = lines.map((row) => row.textContent.toLowerCase());
    const search = make("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
    const which = make("select", { id: "which" }, ...["all", "failure", "success"].map((text) => make("option", { value: text }, text)));
    const chips = make("p", { id: "chosen", class: "chosen" });
    const result = make("p", { role: "status", class: "note" });
    const chosen = {};
    const sift = () => {
      const wanted = search.value.toLowerCase();
      let shown = 0;
      lines.forEach((row, at) => {
        const hit = words[at].includes(wanted)
          && (which.value === "all" || row.children[1].textContent === which.value)
          && Object.entries(chosen).every(([kind, pick]) => row.dataset[kind] === pick);
        row.hidden = !hit;
        shown += hit;
      });
      const older = data.headline.attempts - lines.length;
      result.textContent = `${count(shown)} of ${count(data.headline.attempts)} attempts shown${older ? `; ${count(older)} older ones are counted above and not in the table` : ""}.`;
      chips.replaceChildren(...Object.entries(chosen).map(([kind, pick]) => {
        const chip = make("button", { type: "button" }, `${kind} `, name(data.picks[`${kind}s`][pick]), " ✕");
        chip.setAttribute("aria-label", `Do not choose by ${kind} any more`);
        chip.addEventListener("click", () => { delete chosen[kind]; sift(); search.focus(); });
        return chip;
      }));
      document.querySelectorAll(".scroll").forEach(hint);
    };
    search.addEventListener("input", sift);
    which.addEventListener("change", sift);
    place.append(
      make("div", { class: "search" }, make("label", { for: "search" }, "Search in all columns", search), make("label", { for: "which" }, "Outcome", which)),
      chips, result);
    document.getElementById("main").addEventListener("click", (event) => {
      const link = event.target.closest("a[data-source], a[data-user]");
      if (!link) return;
      delete chosen.source;
      delete chosen.user;
      Object.assign(chosen, link.dataset);
      search.value = "";
      which.value = "all";
      sift();
    });
    addEventListener("load", sift);
  }

  // ---- boxes that scroll say that there is more ----
  const hint = (box) => {
    const below = box.scrollHeight - box.clientHeight - box.scrollTop > 4;
    const right = box.scrollWidth - box.clientWidth - box.scrollLeft > 4;
    box.nextElementSibling.querySelector("span").textContent =
      below && right ? "more below ↓ and to the right →" : below ? "more below ↓" : right ? "more to the right →" : "";
  };
  // A cell that a spreadsheet would take as a formula is given as text.
  const field = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const csv = (table) => [...table.rows].filter((row) => !row.hidden)
    .map((row) => [...row.cells].map((cell) => field(cell.textContent)).join(",")).join("\r\n");
  for (const box of document.querySelectorAll(".scroll")) {
    const table = box.querySelector("table");
    const save = make("button", { type: "button" }, "CSV");
    save.setAttribute("aria-label", `Save as CSV: ${box.getAttribute("aria-label")}`);
    save.addEventListener("click", () => {
      const file = URL.createObjectURL(new Blob(["\ufeff", csv(table), "\r\n"], { type: "text/csv" }));
      make("a", { href: file, download: `${table.dataset.csv}.csv` }).click();
      URL.revokeObjectURL(file);
    });
    box.after(make("p", { class: "below" }, save, make("span", { "aria-hidden": "true" })));
    box.addEventListener("scroll", () => hint(box), { passive: true });
    box.closest("details")?.addEventListener("toggle", () => hint(box));
    hint(box);
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", () => {
    boxes.forEach((box) => echarts.getInstanceByDom(box).resize());
    document.querySelectorAll(".scroll").forEach(hint);
  });
  document.documentElement.dataset.ready = "yes";
})();
