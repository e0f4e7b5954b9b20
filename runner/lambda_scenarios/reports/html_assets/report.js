// The page: reads the embedded results, shows the list, filters, sorts, groups, follows links.

const SEVERITY = ["failed", "error", "flaky", "not run", "skipped", "passed"];
const ROWS_AT_ONCE = 150;

const classOf = (status) => status.replace(" ", "-");
const blocks = (name) => [...document.querySelectorAll(`script[data-block="${name}"]`)];

const results = [];
const details = blocks("details");
blocks("index").forEach((block, n) => {
  JSON.parse(block.textContent).forEach((result, line) => {
    result.number = results.length;
    result.block = n;
    result.lineInBlock = line + 1; // after the bracket
    results.push(result);
  });
  block.remove();
});

let split = { block: -1, lines: [] }; // the block that was opened last

function detailsOf(result) {
  if (split.block !== result.block) {
    split = { block: result.block, lines: details[result.block].textContent.split("\n") };
  }
  // `record` leaves event, context and output as they were written.
  return record(parseJson(split.lines[result.lineInBlock]));
}

let environments = null;

function environmentOf(key) {
  if (!environments) {
    environments = new Map();
    for (const block of blocks("environments")) {
      for (const one of JSON.parse(block.textContent)) environments.set(one.key, one);
    }
  }
  return environments.get(key);
}

// What earlier runs gave: letters of statuses and milliseconds, the oldest first, this run's the last.
let pasts = null;

function pastOf(result) {
  if (!pasts) {
    pasts = new Map();
    for (const block of blocks("history")) {
      for (const [key, letters, durations] of JSON.parse(block.textContent)) pasts.set(key, { letters, durations });
    }
  }
  return pasts.get([result.id, ...(result.labels || [])].join(" "));
}

// ---- what is shown

const chosen = { statuses: new Set(), query: "", group: "status", sort: "defined" };

const haystack = (result) => (result.haystack ??=
  [result.id, (result.labels || []).join(" "), result.function, result.description, result.tags.join(" "),
    result.snapshot ? `snapshot ${result.snapshot}` : "", result.reason || "", result.searched || ""]
    .join("\n").toLowerCase());

function selected() {
  const words = chosen.query.toLowerCase().split(/\s+/).filter(Boolean);
  return results.filter((result) =>
    (!chosen.statuses.size || chosen.statuses.has(result.status)) &&
    words.every((word) => haystack(result).includes(word)));
}

const severity = (result) => SEVERITY.indexOf(result.status);

const ORDERS = {
  defined: (a, b) => severity(a) - severity(b) || a.number - b.number,
  slowest: (a, b) => b.duration_ms - a.duration_ms || a.number - b.number,
  name: (a, b) => a.name.localeCompare(b.name) || a.number - b.number,
};

const GROUPS = {
  status: (result) => result.status,
  file: (result) => result.file,
  function: (result) => result.function || "(no function)",
  none: () => "",
};

// Groups come in the order of their worst scenario (by time: of their slowest), scenarios as chosen.
function grouped(list) {
  const groups = new Map();
  for (const result of list) {
    const key = GROUPS[chosen.group](result);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(result);
  }
  return [...groups].map(([name, members]) => ({ name, members }));
}

const list = make("div", { id: "list" });
const shownCount = make("p", { id: "shown", role: "status" });
const moreRows = button("", () => renderMore(ROWS_AT_ONCE), { class: "more", id: "more" });
let queue = []; // groups and rows that aren't on the page yet, the next one last
let waiting = 0; // how many of them are rows
let openList = null; // the list that rows are being added to
const rows = new Map(); // result -> its element, where it is on the page

function update() {
  const found = selected().sort(ORDERS[chosen.sort]);
  if (chosen.group === "status") found.sort((a, b) => severity(a) - severity(b));
  else if (chosen.group === "file" && chosen.sort === "name") found.sort((a, b) => a.file.localeCompare(b.file));
  const opened = new Set([...rows].filter(([, row]) => row.firstChild.open).map(([result]) => result));
  queue = [];
  for (const group of grouped(found)) {
    if (chosen.group !== "none") queue.push({ group });
    for (const result of group.members) queue.push({ result, opened: opened.has(result) });
  }
  queue.reverse();
  waiting = found.length;
  rows.clear();
  list.replaceChildren();
  openList = null;
  renderMore(ROWS_AT_ONCE);
  shownCount.textContent = found.length === results.length
    ? plural(results.length, "scenario")
    : `${count(found.length)} of ${plural(results.length, "scenario")}`;
  if (!found.length) {
    list.append(make("p", { class: "quiet nothing" }, results.length
      ? ["No scenario is like that. ", button("Show all", reset, { class: "more" })]
      : "Nothing was selected, or the run ended before its first scenario."));
  }
}

function renderMore(number) {
  for (let n = 0; n < number && queue.length; n++) {
    const { group, result, opened } = queue.pop();
    if (group || !openList) {
      openList = make("ul", { class: `rows by-${chosen.group}` });
      list.append(make("section", null, group ? groupHeading(group) : null, openList));
      if (group) continue;
    }
    const row = rowOf(result);
    rows.set(result, row);
    openList.append(row);
    waiting--;
    if (opened) row.firstChild.open = true;
  }
  moreRows.hidden = !waiting;
  moreRows.textContent = `Show more (${count(waiting)} left)`;
}

function groupHeading({ name, members }) {
  const counts = SEVERITY.map((status) => [status, members.filter((member) => member.status === status).length]);
  const time = members.reduce((sum, member) => sum + member.duration_ms, 0);
  return make("h2", null,
    chosen.group === "status" ? make("span", { class: classOf(name) }, name) : isolated(name),
    make("span", { class: "counts" }, chosen.group === "status" ? count(members.length)
      : counts.filter(([, n]) => n).map(([status, n]) => make("span", { class: classOf(status) }, picture(status), count(n), make("span", { class: "unseen" }, ` ${status}`)))),
    time ? make("span", { class: "time" }, duration(time)) : null);
}

function rowOf(result) {
  const opened = make("details", { class: classOf(result.status) },
    make("summary", null,
      picture(result.status), make("span", { class: "unseen" }, `${result.status}: `),
      make("span", { class: "what" },
        isolated(result.name, { class: "name" }),
        (result.labels || []).map((label) => [" ", isolated(label, { class: "label" })]),
        result.tags.map((tag) => [" ", isolated(tag, { class: "tag" })]),
        result.snapshot ? [" ", isolated(`snapshot ${result.snapshot}`, { class: "tag" })] : null,
        result.problem || result.reason ? isolated(firstLine(result.problem || result.reason), { class: "problem" }, "span") : null),
      chosen.group === "file" ? null : isolated(result.file, { class: "file", title: `${result.file}:${result.line}` }),
      chosen.group === "function" ? null : isolated(result.function, { class: "function" }),
      make("span", { class: "time" }, result.duration_ms ? duration(result.duration_ms) : "")));
  let filled = false;
  opened.addEventListener("toggle", () => {
    if (opened.open && !filled) {
      filled = true;
      opened.append(scenarioBody(result));
    }
  });
  return make("li", null, opened);
}

const firstLine = (text) => text.trimStart().split("\n", 1)[0].slice(0, 300);

// ---- what is chosen

const search = make("input", {
  type: "search", id: "search", placeholder: "Search id, function, tag, error", "aria-label": "Search id, function, tag and error text",
  autocomplete: "off", spellcheck: "false",
  oninput: () => { chosen.query = search.value; update(); },
});

const chooser = (label, key, options) => make("label", null, make("span", null, label),
  make("select", { id: key, onchange: (event) => { chosen[key] = event.target.value; update(); } },
    Object.entries(options).map(([value, text]) => make("option", { value, selected: chosen[key] === value }, text))));

const failing = (result) => result.status === "failed" || result.status === "error";
const expand = button("Expand failures", () => {
  const closing = expand.textContent.startsWith("Collapse");
  if (!closing) renderUntil((result) => !failing(result) || rows.size > 1000);
  for (const [result, row] of rows) {
    if (closing) row.firstChild.open = false;
    else if (failing(result)) row.firstChild.open = true;
  }
  expand.textContent = closing ? "Expand failures" : "Collapse all";
}, { id: "expand", hidden: !results.some(failing) });

// Puts rows on the page until the next one is as asked.
function renderUntil(isNext) {
  while (queue.length) {
    const { result } = queue[queue.length - 1];
    if (result && isNext(result)) break;
    renderMore(1);
  }
}

function reset() {
  chosen.statuses.clear();
  chosen.query = search.value = "";
  pressed();
  update();
}

const statusButtons = new Map();

function pressed() {
  for (const [status, node] of statusButtons) {
    node.setAttribute("aria-pressed", String(status === "all" ? !chosen.statuses.size : chosen.statuses.has(status)));
  }
}

function statusFilter() {
  const counts = document.getElementById("counts");
  counts.setAttribute("aria-label", "Filter by status");
  for (const item of counts.children) {
    const status = item.dataset.status;
    const node = button([...item.childNodes], () => {
      if (!chosen.statuses.delete(status)) chosen.statuses.add(status);
      pressed();
      update();
    }, { "data-status": status });
    node.firstChild.replaceWith(picture(status));
    statusButtons.set(status, node);
    item.append(node);
  }
  const all = button([make("b", null, count(results.length)), " all"], () => {
    chosen.statuses.clear();
    pressed();
    update();
  }, { "data-status": "all" });
  statusButtons.set("all", all);
  counts.prepend(make("li", null, all));
  pressed();
}

// ---- links: #<id of a scenario>

function linkTo(result) {
  try {
    return encodeURIComponent([result.id, ...(result.labels || [])].join(" ")).replace(/%2F/g, "/").replace(/%3A/g, ":");
  } catch {
    return `~${result.number}`; // half of a surrogate pair: no address can hold it
  }
}

function linked() {
  const written = location.hash.slice(1);
  if (!written) return null;
  const readings = [written];
  try { readings.push(decodeURIComponent(written)); } catch { /* a lone % */ }
  return results.find((result) => readings.includes(result.id) || written === linkTo(result)) || null;
}

function followLink() {
  const result = linked();
  if (!result) return;
  const place = () => queue.findIndex((item) => item.result === result);
  if (!rows.has(result) && place() < 0) reset();
  if (!rows.has(result) && queue.length - place() > 2000) {
    chosen.query = search.value = result.id; // too far down to put everything before it on the page
    update();
  }
  if (!rows.has(result)) {
    renderUntil((next) => next === result);
    renderMore(1);
  }
  const row = rows.get(result);
  row.firstChild.open = true;
  row.scrollIntoView({ block: "start" });
  row.querySelector("summary").focus({ preventScroll: true });
}

// ---- keys: arrows go from scenario to scenario

list.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || !event.target.matches("li > details > summary")) return;
  const all = [...list.querySelectorAll("li > details > summary")];
  const at = all.indexOf(event.target);
  if (step > 0 && at === all.length - 1) renderMore(ROWS_AT_ONCE);
  const next = step > 0 ? [...list.querySelectorAll("li > details > summary")][at + 1] : all[at - 1];
  event.preventDefault();
  (next || search).focus();
});

search.addEventListener("keydown", (event) => {
  const first = list.querySelector("li > details > summary");
  if (event.key === "ArrowDown" && first) {
    event.preventDefault();
    first.focus();
  }
});

// ---- begin

const main = document.getElementById("results");
main.replaceChildren(
  make("div", { id: "tools", role: "search" }, search,
    chooser("Group", "group", { status: "by status", file: "by file", function: "by function", none: "not at all" }),
    chooser("Sort", "sort", { defined: "as defined", slowest: "slowest first", name: "by name" }),
    expand),
  shownCount, list, moreRows, announcements);
statusFilter();
update();

const command = document.getElementById("command");
command.after(copyButton("the command", () => command.textContent));
for (const time of document.querySelectorAll("header time")) {
  const date = new Date(time.dateTime);
  if (!Number.isNaN(date.valueOf())) time.title = date.toLocaleString();
}

new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) renderMore(ROWS_AT_ONCE);
}, { rootMargin: "1200px" }).observe(moreRows);

addEventListener("hashchange", followLink);
addEventListener("beforeprint", () => {
  renderUntil(() => rows.size >= 2000);
  let opened = 0;
  for (const [result, row] of rows) {
    if (failing(result) && opened++ < 50) row.firstChild.open = true;
  }
});

if (location.hash) followLink();
else if (results.filter(failing).length === 1) rows.get(results.find(failing)).firstChild.open = true;
