"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const charts = [];
  const number = new Intl.NumberFormat("en");

  // Every text goes through here: a text node, isolated from the direction around it.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const name = (text) => make("bdi", {}, text);
  const count = (value) => number.format(value);
  const time = (stamp) => stamp.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  const at = (epoch) => new Date(epoch * 1000).toISOString().slice(0, 16).replace("T", " ");

  let sections = 0;
  const section = (title, parent, ...children) => {
    const id = `part-${(sections += 1)}`;
    const element = make("section", { "aria-labelledby": id }, make("h2", { id, tabindex: "-1" }, title), ...children);
    parent.append(element);
    document.getElementById("sections").append(make("li", {}, make("a", { href: `#${id}` }, title)));
    return element;
  };

  const cell = (tag, value, kind) => {
    const attributes = kind ? { class: kind } : {};
    if (tag === "th") attributes.scope = "col";
    return make(tag, attributes, value instanceof Node ? value : name(String(value)));
  };
  const table = (caption, columns, rows) => {
    const head = make("tr", {}, ...columns.map(([title, kind]) => cell("th", title, kind)));
    const body = make("tbody");
    for (const row of rows) {
      body.append(make("tr", {}, ...row.map((value, place) => {
        const own = Array.isArray(value) ? value : [value, columns[place][1]];
        return cell("td", own[0], own[1]);
      })));
    }
    const made = make("table", {}, make("caption", {}, caption), make("thead", {}, head), body);
    return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption }, made);
  };
  const nothing = (text) => make("p", { class: "note" }, text);

  const chart = (label, options, details, height) => {
    const box = make("div", { class: "chart", role: "img", "aria-label": label });
    if (height) box.style.height = `${height}px`;
    charts.push([box, options]);
    return make("figure", {}, box, make("details", {}, make("summary", {}, "As a table"), details));
  };
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (word) => style.getPropertyValue(`--${word}`).trim();
    return { text: of("text"), quiet: of("quiet"), line: of("line"), back: of("back"), failure: of("failure"), success: of("success") };
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const draw = () => {
    const paint = colours();
    for (const [box, options] of charts) {
      const drawn = echarts.getInstanceByDom(box) || echarts.init(box);
      drawn.setOption({
        animation: !still,
        textStyle: { color: paint.text },
        color: [paint.failure, paint.success],
        // Drawn on the canvas: nothing of a name is ever markup.
        tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: paint.back, borderColor: paint.line, textStyle: { color: paint.text } },
        legend: { top: 0, textStyle: { color: paint.text } },
        grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
        ...options(paint),
      }, true);
    }
  };
  const axis = (paint, more) => ({
    axisLine: { lineStyle: { color: paint.quiet } },
    axisLabel: { color: paint.text, hideOverlap: true },
    splitLine: { lineStyle: { color: paint.line } },
    ...more,
  });
  const bars = (names, failures, successes, label) => chart(label, (paint) => ({
    tooltip: { show: false },
    xAxis: axis(paint, { type: "value", minInterval: 1 }),
    yAxis: axis(paint, { type: "category", data: names, inverse: true, axisLabel: { color: paint.text, width: 150, overflow: "truncate" } }),
    series: [
      { name: "failed", type: "bar", stack: "all", data: failures },
      { name: "succeeded", type: "bar", stack: "all", data: successes },
    ],
  }), table(label, [["Name"], ["Failed", "number"], ["Succeeded", "number"]],
    names.map((text, place) => [text, count(failures[place]), count(successes[place])])), 70 + 22 * names.length);

  const about = data.about;
  const span = about.first ? `${time(about.first)} to ${time(about.last)}, ` : "";
  const limits = [about.since && `since ${time(about.since)}`, about.until && `until ${time(about.until)}`].filter(Boolean);
  document.getElementById("about").append(
    `${span}${count(about.events)} events from ${count(about.files)} file${about.files === 1 ? "" : "s"}`,
    limits.length ? ` (${limits.join(", ")})` : "",
    ...(about.appliance ? [", appliance ", name(about.appliance)] : []),
  );
  document.getElementById("made").append(`Made by esa-auth ${about.version} on ${time(about.made)}. All times are UTC.`);

  const headline = data.headline;
  const figure = (title, value, kind) => make("div", { class: kind || "" }, make("dt", {}, title), make("dd", {}, value));
  const share = headline.attempts ? ` (${Math.round((100 * headline.failures) / headline.attempts)} %)` : "";
  section("At a glance", main, make("dl", { class: "figures" },
    figure("attempts", count(headline.attempts)),
    figure(`failures${share}`, count(headline.failures), headline.failures ? "failure" : ""),
    figure("accounts at risk", count(headline.risk), headline.risk ? "failure" : ""),
    figure("users tried", headline.users),
    figure("sources", headline.sources)),
    ...about.notes.map(nothing));

  section("Accounts at risk", main, data.risk.length
    ? table(`${count(data.risk.length)} of ${count(headline.risk)} accounts`, [["Account"], ["Why"]],
      data.risk.map(([user, reasons]) => [user, make("ul", { class: "reasons" }, ...reasons.map((reason) => make("li", {}, name(reason))))]))
    : nothing("None: no login after guessing, none from a spraying source, no burst of recipients."));

  const line = data.timeline;
  const stamps = line.success.map((_, place) => at(line.start + place * line.width));
  const minutes = line.width / 60;
  const width = minutes < 60 ? `${minutes} min` : minutes < 1440 ? `${minutes / 60} h` : `${minutes / 1440} d`;
  section("Outcomes over time", main, stamps.length
    ? chart(`Failed and succeeded attempts, a bar for each ${width}`, (paint) => ({
      xAxis: axis(paint, { type: "category", data: stamps }),
      yAxis: axis(paint, { type: "value", minInterval: 1 }),
      series: [
        { name: "failed", type: "bar", stack: "all", data: line.failure, barCategoryGap: "10%" },
        { name: "succeeded", type: "bar", stack: "all", data: line.success },
      ],
    }), table(`Attempts by time (UTC), each ${width}`, [["From", "time"], ["Failed", "number"], ["Succeeded", "number"]],
      stamps.map((stamp, place) => [stamp, count(line.failure[place]), count(line.success[place])])
        .filter((_, place) => line.failure[place] || line.success[place])))
    : nothing("No attempts."));

  const places = data.sources;
  section("Top sources", main, ...(places.length ? [
    bars(places.slice(0, 10).map((row) => row.address), places.slice(0, 10).map((row) => row.failures), places.slice(0, 10).map((row) => row.successes), "Attempts of the ten largest sources"),
    table(`The ${count(places.length)} sources with most failures of ${headline.sources}`,
      [["Address"], ["Reverse DNS"], ["Country"], ["Failed", "number"], ["Succeeded", "number"], ["Users", "number"], ["First", "time"], ["Last", "time"]],
      places.map((row) => [row.address, row.name ? `${row.name}${row.verified ? "" : " (not verified)"}` : "none", row.country || "not known",
        count(row.failures), count(row.successes), row.users, time(row.first), time(row.last)]))] : [nothing("No attempts.")]));

  const matrix = data.matrix;
  const grid = new Map(matrix.cells.map(([source, user, failures, successes]) => [`${source} ${user}`, [failures, successes]]));
  const weight = (failures) => (failures >= 50 ? 4 : failures >= 10 ? 3 : failures >= 3 ? 2 : failures ? 1 : 0);
  const square = (source, user) => {
    const found = grid.get(`${source} ${user}`);
    if (!found) return make("td");
    const [failures, successes] = found;
    const said = successes ? `${count(failures)}+${count(successes)}` : count(failures);
    return make("td", { class: `w${weight(failures)}${successes ? " login" : ""}` }, said);
  };
  const matrixCaption = "Failures of each source at each user; n+m means m logins after or beside n failures";
  section("Who tried whom", main, matrix.users.length
    ? make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": matrixCaption },
      make("table", { class: "matrix" }, make("caption", {}, `${matrixCaption}. A spray is a long row, a hunted account a long column; beside the address: how many users it tried.`),
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Source"), ...matrix.users.map((user) => make("th", { scope: "col" }, name(user))))),
        make("tbody", {}, ...matrix.sources.map((source, row) => make("tr", {},
          make("th", { scope: "row" }, name(`${source} (${count(matrix.tried[row])})`)),
          ...matrix.users.map((_, column) => square(row, column)))))))
    : nothing("No failures."));

  const shares = make("div", { class: "pair" });
  main.append(shares);
  for (const [title, rows] of [["TLS", data.tls], ["Mechanisms", data.mechanisms]]) {
    section(title, shares, rows.length
      ? bars(rows.map((row) => row[0]), rows.map((row) => row[2]), rows.map((row) => row[1]), `Attempts by ${title === "TLS" ? "TLS version" : "mechanism"}`)
      : nothing("No attempts."));
  }

  section("Sessions after a login", main, data.sessions.length
    ? table(`The ${count(data.sessions.length)} sessions with most recipients`,
      [["End", "time"], ["User"], ["Address"], ["Session"], ["Failures before", "number"], ["Messages", "number"], ["Recipients", "number"]],
      data.sessions.map((row) => [time(row.time), row.user, row.address, row.session, count(row.failures), count(row.messages), count(row.recipients)]))
    : nothing("None that sent mail and whose end was seen."));

  section("Outbound relay failures", main, data.refusals.length
    ? table("Refusals of the appliance's own logins at other servers", [["Server"], ["Profile"], ["Code"], ["Reply"], ["Times", "number"], ["Last", "time"]],
      data.refusals.map((row) => [row.address, row.profile, row.code, row.reason, count(row.count), time(row.last)]))
    : nothing("None."), ...(data.notices.length ? [table("Notices of the AUTH family", [["Notice"], ["Times", "number"]], data.notices.map((row) => [row[0], count(row[1] + row[2])]))] : []));

  section("Logins to the appliance itself", main, data.administrators.length
    ? table("Who logged in to the appliance, or tried; AsyncOS can write one login in more than one line", [["User"], ["Address"], ["Interface"], ["Lines failed", "number"], ["Lines succeeded", "number"], ["Last", "time"]],
      data.administrators.map((row) => [row.user, row.address, row.interfaces || "not said", count(row.failures), count(row.successes), time(row.last)]))
    : nothing("None in these logs: they are in authentication, gui_logs, cli_logs and audit_logs."));

  const columns = [["Time", "time"], ["Outcome"], ["Way"], ["User"], ["Address"], ["Reverse DNS"], ["Mechanism"], ["Appliance"], ["Reason"]];
  const list = table(`The latest ${count(data.rows.length)} attempts`, columns,
    data.rows.map((row) => row.map((value, place) => (place === 0 ? time(value) : place === 1 ? [value, value] : value))));
  const lines = [...list.querySelectorAll("tbody tr")];
  const words = lines.map((row) => row.textContent.toLowerCase());
  const search = make("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
  const which = make("select", { id: "which" }, ...["all", "failure", "success"].map((text) => make("option", { value: text }, text)));
  const result = make("p", { role: "status", class: "note" });
  const sift = () => {
    const wanted = search.value.toLowerCase();
    let shown = 0;
    lines.forEach((row, place) => {
      const hit = words[place].includes(wanted) && (which.value === "all" || data.rows[place][1] === which.value);
      row.hidden = !hit;
      shown += hit;
    });
    result.textContent = `${count(shown)} shown. The table holds the latest ${count(data.rows.length)} attempts; counts above are of all ${count(about.events)} events.`;
  };
  search.addEventListener("input", sift);
  which.addEventListener("change", sift);
  section("Attempts", main,
    make("div", { class: "search" }, make("label", { for: "search" }, "Search in all columns", search), make("label", { for: "which" }, "Outcome", which)), result, list);
  sift();

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", () => charts.forEach(([box]) => echarts.getInstanceByDom(box).resize()));
  document.documentElement.dataset.ready = "yes";
})();
