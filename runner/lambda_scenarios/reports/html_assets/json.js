// JSON, kept as it was written. The browser's own parser would turn 1.0 into 1, round long integers
// and put keys that look like numbers first; a test report shows what was really sent.

class Num {
  constructor(text) { this.text = text; }
}

class Obj {
  constructor(entries) { this.entries = entries; }
}

const JSON_TOKEN = /[ \t\r\n]*([[\]{}:,"]|-?\d[\d.eE+-]*|[a-zA-Z]+)/y;

function parseJson(text) {
  JSON_TOKEN.lastIndex = 0;
  const next = () => {
    const found = JSON_TOKEN.exec(text);
    if (!found) throw new SyntaxError("not JSON");
    return found[1] === '"' ? quoted() : found[1];
  };
  const quoted = () => { // searched by hand: strings may be megabytes
    const first = JSON_TOKEN.lastIndex;
    for (let end = text.indexOf('"', first); end >= 0; end = text.indexOf('"', end + 1)) {
      let backslashes = 0;
      while (text[end - 1 - backslashes] === "\\") backslashes++;
      if (backslashes % 2 === 0) {
        JSON_TOKEN.lastIndex = end + 1;
        return text.slice(first - 1, end + 1);
      }
    }
    throw new SyntaxError("a string without an end");
  };
  const literals = { null: null, true: true, false: false, NaN: new Num("NaN"), Infinity: new Num("Infinity") };
  const value = (token) => {
    if (token === "{") {
      const entries = [];
      for (let key = next(); key !== "}"; key = next()) {
        if (key === ",") continue;
        next(); // the colon
        entries.push([JSON.parse(key), value(next())]);
      }
      return new Obj(entries);
    }
    if (token === "[") {
      const items = [];
      for (let item = next(); item !== "]"; item = next()) {
        if (item !== ",") items.push(value(item));
      }
      return items;
    }
    if (token[0] === '"') return JSON.parse(token);
    if (token in literals) return literals[token];
    return new Num(token);
  };
  return value(next());
}

// The fields of a record as a plain object, and of the records in it; what the user sent stays as it is.
const AS_WRITTEN = new Set(["event", "context", "output"]);

function record(node) {
  if (node instanceof Num) return Number(node.text);
  if (Array.isArray(node)) return node.map(record);
  if (!(node instanceof Obj)) return node;
  const plain = Object.create(null);
  for (const [key, value] of node.entries) plain[key] = AS_WRITTEN.has(key) ? value : record(value);
  return plain;
}

function writeJson(node, indent = "") {
  const deeper = indent + "  ";
  if (Array.isArray(node)) {
    if (!node.length) return "[]";
    return `[\n${node.map((item) => deeper + writeJson(item, deeper)).join(",\n")}\n${indent}]`;
  }
  if (node instanceof Obj) {
    if (!node.entries.length) return "{}";
    const lines = node.entries.map(([key, value]) => `${deeper}${JSON.stringify(key)}: ${writeJson(value, deeper)}`);
    return `{\n${lines.join(",\n")}\n${indent}}`;
  }
  return node instanceof Num ? node.text : JSON.stringify(node);
}

// One line for the closed panel; stops once it is long enough.
function previewJson(node, room = 160) {
  let text = "";
  const write = (value) => {
    if (text.length > room) return;
    if (Array.isArray(value)) {
      text += "[";
      value.some((item, n) => { if (n) text += ", "; write(item); return text.length > room; });
      text += "]";
    } else if (value instanceof Obj) {
      text += "{";
      value.entries.some(([key, item], n) => { text += (n ? ", " : "") + key + ": "; write(item); return text.length > room; });
      text += "}";
    } else if (typeof value === "string") text += JSON.stringify(value.slice(0, room));
    else text += value instanceof Num ? value.text : String(value);
  };
  write(node);
  return text.slice(0, room);
}

const isContainer = (node) => Array.isArray(node) || node instanceof Obj;
const sizeOf = (node) => (Array.isArray(node) ? node.length : node.entries.length);

const CHILDREN_AT_ONCE = 100;
const STRING_AT_ONCE = 600;

// A value as a tree whose objects and arrays fold. Children are made when they are first seen.
function jsonTree(node) {
  return make("div", { class: "json", dir: "ltr" }, jsonLine(node, null, 0));
}

function jsonLine(node, key, depth) {
  const name = key === null ? [] : [make("span", { class: "key" }, visible(JSON.stringify(key))), ": "];
  if (!isContainer(node) || !sizeOf(node)) {
    return make("div", { class: "leaf" }, name, jsonScalar(node));
  }
  const [open, close] = Array.isArray(node) ? "[]" : "{}";
  const size = sizeOf(node);
  const what = Array.isArray(node) ? plural(size, "item") : plural(size, "key");
  const children = make("div", { class: "children" });
  const more = (from) => {
    const items = Array.isArray(node) ? node.slice(from, from + CHILDREN_AT_ONCE).map((item) => [null, item])
      : node.entries.slice(from, from + CHILDREN_AT_ONCE);
    children.append(...items.map(([k, item]) => jsonLine(item, k, depth + 1)));
    const left = size - from - items.length;
    if (left > 0) {
      const node = button(`Show ${count(Math.min(left, CHILDREN_AT_ONCE))} more of ${count(size)}`, () => {
        node.remove();
        more(from + items.length);
      }, { class: "more" });
      children.append(node);
    }
  };
  const shown = depth < 3 && (depth === 0 || size <= 30);
  const details = make("details", { open: shown },
    make("summary", null, name, open, make("span", { class: "folded" }, ` … ${close} `, make("i", null, what))),
    children, make("div", { class: "close" }, close));
  if (shown) more(0);
  else details.addEventListener("toggle", () => more(0), { once: true });
  return details;
}

function jsonScalar(node) {
  if (node instanceof Num) return make("span", { class: "number" }, node.text);
  if (node === null || typeof node === "boolean") return make("span", { class: "literal" }, String(node));
  if (typeof node !== "string") return Array.isArray(node) ? "[]" : "{}";
  const text = make("span", { class: "string" });
  const show = (value, rest) => {
    text.replaceChildren(...visible(JSON.stringify(value)));
    if (rest) {
      text.append(" ", button(`show all (${count(node.length)} characters)`, () => show(node, 0), { class: "more" }));
    }
  };
  const cut = node.length > STRING_AT_ONCE;
  show(cut ? node.slice(0, STRING_AT_ONCE) : node, cut);
  // The bodies of HTTP requests and of queued messages are JSON inside of a string.
  let inner;
  if (/^\s*[[{]/.test(node)) {
    try {
      inner = parseJson(node);
      JSON.parse(node);
    } catch { inner = undefined; }
  }
  if (inner === undefined || !isContainer(inner) || !sizeOf(inner)) return text;
  const toggle = button("as JSON", () => {
    const shown = toggle.getAttribute("aria-pressed") === "true";
    toggle.setAttribute("aria-pressed", String(!shown));
    if (shown) tree.replaceChildren();
    else tree.replaceChildren(jsonTree(inner));
  }, { class: "more", "aria-pressed": "false" });
  const tree = make("div", { class: "inner" });
  return [text, " ", toggle, tree];
}
