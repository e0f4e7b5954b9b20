// Building elements. Text of a run reaches the page only as text nodes and attribute values: nothing
// here, or anywhere in this report, parses HTML.

const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (child == null || child === "") continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child);
  }
}

function shape(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  append(node, children);
  return node;
}

const button = (label, action, attributes) =>
  make("button", { type: "button", onclick: action, ...attributes }, label);

const PICTURES = {
  passed: "M3.5 8.5l3 3 6-7",
  failed: "M4 4l8 8M12 4l-8 8",
  error: "M8 3v6M8 12.2v.3",
  flaky: "M12.5 8a4.5 4.5 0 1 1-1.4-3.3M12.5 2.5v3h-3",
  skipped: "M4.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
  "not run": "M4 8h8",
  copy: "M6 5.5h6.5v7H6zM10 5.500v-2H3.500v7H6",
  done: "M3.5 8.5l3 3 6-7",
};

function picture(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "picture " + name.replace(" ", "-"));
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PICTURES[name]);
  svg.append(path);
  return svg;
}

const announcements = make("div", { class: "unseen", "aria-live": "polite" });

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No permission, or a browser that has no clipboard for local files.
    const area = make("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

// `text` is a function, so that long texts are only written when somebody wants them.
function copyButton(what, text, label) {
  const node = button([picture("copy"), label], async (event) => {
    event.preventDefault(); // in a summary: it must not open or close
    const from = document.activeElement;
    const copied = await copy(text());
    if (from) from.focus();
    announcements.textContent = copied ? `Copied ${what}` : `Could not copy ${what}`;
    node.classList.toggle("copied", copied);
    node.firstChild.replaceWith(picture(copied ? "done" : "error"));
    setTimeout(() => {
      node.classList.remove("copied");
      node.firstChild.replaceWith(picture("copy"));
    }, 1500);
  }, { class: "copy", title: `Copy ${what}`, "aria-label": label ? null : `Copy ${what}` });
  return node;
}

const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many || one + "s"}`;

const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

function duration(ms) {
  if (ms == null) return "–";
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

const shellQuoted = (word) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
