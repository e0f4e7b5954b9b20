// Text as the function wrote it: what can't be seen is made visible, colours of terminals are kept,
// long texts are cut.

// Controls, invisible characters and those that turn the direction of writing around (a report must
// not read otherwise than it was sent). Joiners stay: emoji and several scripts need them.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]/gu;

function visible(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (found.index > from) nodes.push(text.slice(from, found.index));
    const code = found[0].codePointAt(0);
    const name = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
    const shown = code < 0x20 ? String.fromCharCode(0x2400 + code) : name;
    nodes.push(make("span", { class: "unprintable", title: name }, shown));
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

// Text in which nothing may influence what stands around it.
const isolated = (text, attributes, tag = "bdi") => make(tag, attributes, visible(text));

const ESCAPE_SEQUENCE =
  /\u001b\[([0-9;:]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\^_=>78]/g;

// The colours of a terminal (SGR: ECMA-48, 8.3.117) as classes; cursor movements and the like go.
function terminal(text) {
  const nodes = [];
  let style = new Map();
  let from = 0;
  const add = (until) => {
    if (until <= from) return;
    const part = visible(text.slice(from, until));
    if (style.size) nodes.push(make("span", { class: [...style.values()].join(" ") }, part));
    else nodes.push(...part);
  };
  for (const found of text.matchAll(ESCAPE_SEQUENCE)) {
    add(found.index);
    from = found.index + found[0].length;
    if (found[2] === "m") style = restyled(style, found[1]);
  }
  add(text.length);
  return nodes;
}

const ATTRIBUTES = { 1: "bold", 2: "dim", 3: "italic", 4: "underline" };

function restyled(before, parameters) {
  const style = new Map(before);
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) style.clear();
    else if (ATTRIBUTES[code]) style.set(ATTRIBUTES[code], ATTRIBUTES[code]);
    else if (code === 22) { style.delete("bold"); style.delete("dim"); }
    else if (code === 23) style.delete("italic");
    else if (code === 24) style.delete("underline");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style.set("ink", `ink-${code % 10}`);
    else if (code === 39) style.delete("ink");
    else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4; // 256 colours, true colour: left out
  }
  return style;
}

const LINES_AT_ONCE = 40;
const CHARACTERS_AT_ONCE = 16000;

// A text in a frame; of a long one its beginning and its end (where errors stand), and the rest on demand.
function longText(text, nodesOf = visible) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
  const whole = lines.join("\n");
  const pre = make("pre", { tabindex: "0", dir: "auto" });
  const all = () => pre.replaceChildren(...nodesOf(whole));
  const half = CHARACTERS_AT_ONCE / 2;
  if (lines.length > LINES_AT_ONCE * 1.5 || whole.length > CHARACTERS_AT_ONCE * 1.5) {
    const head = lines.slice(0, LINES_AT_ONCE / 2).join("\n").slice(0, half);
    const tail = lines.slice(-LINES_AT_ONCE / 2).join("\n").slice(-half);
    const size = lines.length > LINES_AT_ONCE ? plural(lines.length, "line") : plural(whole.length, "character");
    pre.append(...nodesOf(head), "\n",
      button(`Show all ${size}`, all, { class: "more gap" }), "\n", ...nodesOf(tail));
  } else all();
  return pre;
}

const DIFF_AT_ONCE = 60;
const UNCHANGED_AROUND = 3;

function diffView(lines) {
  const view = make("div", { class: "diff", role: "group", "aria-label": "Difference: − expected, + found", tabindex: "0" });
  const parts = changedParts(lines);
  const row = (n) => {
    const { sign, text } = lines[n];
    const tag = sign === "-" ? "del" : sign === "+" ? "ins" : "div";
    const part = parts.get(n);
    const content = part
      ? [visible(text.slice(0, part[0])), make("mark", null, visible(text.slice(part[0], part[1]))), visible(text.slice(part[1]))]
      : visible(text);
    return make(tag, null, make("span", { class: "sign" }, sign === "-" ? "−" : sign), content);
  };
  const hidden = unchangedRuns(lines);
  const show = (from, until) => {
    const rows = [];
    for (let n = from; n < until; n++) {
      const run = hidden.get(n);
      if (run) {
        const end = run;
        const first = n;
        const more = button(`${count(end - first)} equal lines`, () => {
          const shown = [];
          for (let m = first; m < end; m++) shown.push(row(m));
          more.replaceWith(...shown);
        }, { class: "more" });
        rows.push(more);
        n = end - 1;
      } else rows.push(row(n));
    }
    view.append(...rows);
  };
  const cut = lines.length > DIFF_AT_ONCE * 1.5 && rowsShown(lines.length, hidden) > DIFF_AT_ONCE * 1.5;
  show(0, cut ? DIFF_AT_ONCE : lines.length);
  if (cut) {
    const more = button(`Show all ${count(lines.length)} lines of the difference`, () => {
      more.remove();
      show(DIFF_AT_ONCE, lines.length);
    }, { class: "more" });
    view.append(more);
  }
  return view;
}

function unchangedRuns(lines) {
  const runs = new Map(); // first line that is folded -> first line after it
  for (let n = 0; n < lines.length;) {
    if (lines[n].sign !== " ") { n++; continue; }
    let end = n;
    while (end < lines.length && lines[end].sign === " ") end++;
    const first = n === 0 ? 0 : n + UNCHANGED_AROUND;
    const last = end === lines.length ? end : end - UNCHANGED_AROUND;
    if (last - first > 4) runs.set(first, last);
    n = end;
  }
  return runs;
}

function rowsShown(total, runs) {
  let shown = total;
  for (const [first, end] of runs) shown -= end - first - 1;
  return shown;
}

// Where as many lines go as come, they are taken for changed ones: what differs in each is marked.
function changedParts(lines) {
  const parts = new Map();
  for (let n = 0; n < lines.length;) {
    let plus = n;
    while (plus < lines.length && lines[plus].sign === "-") plus++;
    let end = plus;
    while (end < lines.length && lines[end].sign === "+") end++;
    if (plus > n && end - plus === plus - n) {
      for (let m = n; m < plus; m++) {
        const [a, b] = differingParts(lines[m].text, lines[m + plus - n].text);
        if (a) { parts.set(m, a); parts.set(m + plus - n, b); }
      }
    }
    n = Math.max(end, n + 1);
  }
  return parts;
}

function differingParts(a, b) {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  // A pair of surrogates must stay together.
  if (start && /[\ud800-\udbff]/.test(a[start - 1])) start--;
  if (end && /[\udc00-\udfff]/.test(a[a.length - end])) end--;
  if (start + end < 2) return [null, null]; // nothing in common: marking everything says nothing
  return [[start, a.length - end], [start, b.length - end]];
}
