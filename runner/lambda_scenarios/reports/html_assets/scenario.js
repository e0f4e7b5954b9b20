// One scenario, opened: what is wrong first, then what was seen.

function scenarioBody(result) {
  const body = make("div", { class: "body" });
  if (result.description) body.append(isolated(result.description, { class: "description" }, "p"));
  body.append(actions(result));
  if (result.reason) body.append(isolated(result.reason, { class: `reason ${classOf(result.status)}` }, "p"));
  let attempts;
  try {
    attempts = detailsOf(result).attempts;
  } catch (problem) {
    body.append(make("p", { class: "reason error" }, `This scenario's details can't be read: ${problem.message}`));
    return body;
  }
  attempts.forEach((attempt, n) => {
    if (attempts.length === 1) {
      append(body, attemptBody(attempt));
      return;
    }
    const which = attempt.kind ? `Pass ${n + 1} of ${attempts.length}, on a ${attempt.kind === "cold" ? "fresh" : "warm"} worker`
      : `Attempt ${n + 1} of ${attempts.length}`;
    body.append(make("details", { class: "attempt", open: attempt.status !== "passed" || n === attempts.length - 1 },
      make("summary", null, picture(attempt.status), `${which}: ${attempt.status}`),
      attemptBody(attempt)));
  });
  append(body, [pastView(result)]);
  if (!attempts.length && !result.reason) body.append(make("p", { class: "quiet" }, "It was not invoked."));
  return body;
}

const OF_LETTERS = { p: "passed", f: "failed", e: "error", k: "flaky", s: "skipped" };

// The last runs as bars: as high as they took long, in the colour of their status.
function pastView(result) {
  const past = pastOf(result);
  if (!past || past.letters.length < 2) return null;
  const longest = Math.max(...past.durations, 0.001);
  const bars = [...past.letters].map((letter, n) => {
    const height = Math.max(2, 36 * past.durations[n] / longest);
    const bar = shape("rect", { class: classOf(OF_LETTERS[letter]), x: n * 12, y: 38 - height, width: 9, height });
    bar.append(shape("title", null, `${OF_LETTERS[letter]}, ${duration(past.durations[n])}`));
    return bar;
  });
  const passed = [...past.letters].filter((letter) => letter === "p").length;
  const ordered = past.durations.filter((_, n) => past.letters[n] !== "s").sort((a, b) => a - b);
  const middle = ordered.length ? `, median ${duration(ordered[ordered.length >> 1])}` : "";
  const said = `passed in ${passed} of the last ${past.letters.length} runs${middle}`;
  const picture = shape("svg", { class: "past", viewBox: `0 0 ${past.letters.length * 12} 38`, role: "img",
    height: 38, width: past.letters.length * 12, "aria-label": said }, ...bars);
  return make("section", { class: "history", "aria-label": "Last runs" },
    make("h3", null, "Last runs"), picture, make("p", { class: "quiet" }, said));
}

function actions(result) {
  const again = `lambda-scenarios run ${shellQuoted(result.id)}${document.getElementById("command").dataset.conditions}`;
  return make("div", { class: "actions" },
    make("div", { class: "again" }, make("code", { dir: "ltr" }, visible(again)),
      copyButton("the command that runs it again", () => again)),
    make("span", { class: "place" }, isolated(`${result.file}:${result.line}`)),
    make("a", { href: "#" + linkTo(result) }, "Link"));
}

function attemptBody(attempt) {
  const reason = attempt.reason && attempt.status === "error" ? isolated(attempt.reason, { class: "reason error" }, "p") : null;
  const left = attempt.not_run.length
    ? make("p", { class: "quiet" }, picture("not run"), `${plural(attempt.not_run.length, "step")} not run: `,
      attempt.not_run.map((name, n) => [n ? ", " : "", isolated(name, null, "code")]))
    : null;
  return [...invocations(attempt), reason, left].filter(Boolean);
}

// What its worker had served before: state that leaks from one invocation into the next is found there.
function servedBefore(invocation) {
  if (!invocation.before.length) return null;
  const replay = invocation.replay;
  return make("details", { class: "before" },
    make("summary", null, `What its worker had served before (${plural(invocation.before.length, "scenario")} named here)`),
    make("ol", null, invocation.before.map((id) => make("li", null, isolated(id)))),
    replay ? make("div", { class: "again" }, make("code", { dir: "ltr" }, visible(replay)),
      copyButton("the command that runs them again, in this order", () => replay)) : null);
}

const invocations = (attempt) =>
  attempt.invocations.map((invocation, n) => {
    const many = attempt.invocations.length > 1;
    // All but the last did what was expected of them: the first that doesn't ends the attempt.
    const status = n === attempt.invocations.length - 1 || invocation.mismatches.length ? attempt.status : "passed";
    const repetition = 1 + attempt.invocations.slice(0, n).filter((one) => one.step === invocation.step).length;
    const again = repetition > 1 ? `, repetition ${repetition}` : "";
    return make("section", { class: "invocation", "aria-label": many ? `Invocation ${n + 1}` : "Invocation" },
      many || invocation.step ? make("h3", null, invocation.step ? `Step ${invocation.step}${again}: ` : `Invocation ${n + 1} of ${attempt.invocations.length}: `,
        isolated(invocation.function)) : null,
      invocation.mismatches.map(mismatchCard),
      held(invocation),
      errorCard(invocation, status),
      invocation.hint ? make("p", { class: "hint" }, make("b", null, "Hint: "), invocation.hint) : null,
      servedBefore(invocation),
      panels(invocation, status !== "passed"),
      figures(invocation));
  });

function mismatchCard(mismatch) {
  const short = isShort(mismatch.expected) && isShort(mismatch.found);
  const values = make("dl", { class: short ? "values" : "values long" },
    make("dt", null, "expected"), make("dd", { class: "expected" }, short ? visibleCode(mismatch.expected) : longText(mismatch.expected)),
    make("dt", null, "found"), make("dd", { class: "found" }, short ? visibleCode(mismatch.found) : longText(mismatch.found)));
  const differs = mismatch.diff.length > 0;
  const said = short && mismatch.message.includes(mismatch.expected) && mismatch.message.includes(mismatch.found);
  return make("article", { class: "mismatch" },
    make("header", null,
      isolated(mismatch.expectation, { class: "expectation" }, "code"),
      isolated(`${mismatch.file}:${mismatch.line}:${mismatch.column}`, { class: "place" })),
    make("p", null, visible(mismatch.message),
      mismatch.location ? make("span", { class: "quiet" }, " at ", isolated(mismatch.location, null, "code")) : null),
    said ? null : short || !differs ? values : make("details", { class: "whole" }, make("summary", null, "Expected and found in full"), values),
    differs ? diffView(mismatch.diff) : null);
}

const isShort = (text) => text.length <= 160 && !text.includes("\n");
const visibleCode = (text) => make("code", { dir: "auto" }, visible(text));

function held(invocation) {
  const names = invocation.held;
  if (!names.length) return null;
  return make("p", { class: "held quiet" }, picture("passed"),
    `${plural(names.length, invocation.mismatches.length ? "other expectation holds" : "expectation holds",
      invocation.mismatches.length ? "other expectations hold" : "expectations hold")}: `,
    names.map((name, n) => [n ? ", " : "", isolated(name, null, "code")]));
}

const ENDINGS = {
  "function error": "The function raised an error",
  "init failed": "Loading the function failed",
  "timed out": "The function timed out",
  "worker died": "The function's process ended",
  "backend failed": "The function could not be run",
};

function errorCard(invocation, status) {
  const { error, ending } = invocation;
  if (ending === "returned" && !error) return null;
  // A passed scenario expected its error: nothing to be alarmed at.
  const expected = status === "passed";
  return make("article", { class: expected ? "ending" : "ending bad" },
    make("header", null, `${ENDINGS[ending] || ending}${expected ? ", as expected" : ""}`),
    error && make("p", null, isolated(error.type, { class: "type" }, "code"), " ", isolated(error.message, { class: "message" })),
    error && error.stack.length ? longText(error.stack.join("\n")) : null);
}

// What reports/html_excerpts.py puts in the place of the middle of a long text.
const LEFT_OUT = /^\[… (?:(\d+) lines?, )?\d+ characters are left out here: report\.json has all …\]$/m;

function sizeOfLog(log) {
  const lines = log.replace(/\n$/, "").split("\n").length;
  const leftOut = LEFT_OUT.exec(log);
  if (!leftOut) return plural(lines, "line");
  return `${plural(lines - 1 + Number(leftOut[1] || 0), "line")}, the middle of them only in report.json`;
}

const endedWhileLoading = ({ ending, logs }) =>
  ending === "init failed" || (!logs && (ending === "timed out" || ending === "worker died"));

function panels(invocation, open) {
  const environment = environmentOf(invocation.environment);
  const variables = environment && Object.entries(environment.variables);
  return make("div", { class: "panels" },
    invocation.logs
      ? panel(`Logs`, sizeOfLog(invocation.logs) + (invocation.logs_truncated ? ", truncated by the backend" : ""),
        () => longText(invocation.logs, terminal), () => invocation.logs, open || invocation.logs.length < 400)
      : make("p", { class: "empty" }, "The function wrote nothing to its log."),
    invocation.init_logs
      ? panel("Init logs", sizeOfLog(invocation.init_logs), () => longText(invocation.init_logs, terminal),
        () => invocation.init_logs, endedWhileLoading(invocation))
      : null,
    jsonPanel("Result", invocation.output, open),
    jsonPanel("Event", invocation.event, false),
    jsonPanel("Context", invocation.context, false),
    variables && panel("Environment", `${plural(variables.length, "variable")}, AWS credentials: ${environment.identity}`,
      () => variableTable(variables),
      () => variables.map(([name, value]) => `${name}=${shellQuoted(value)}`).join("\n"), false));
}

// A field that isn't there has no panel; null is a value.
function jsonPanel(name, node, open) {
  if (node === undefined) return null;
  return panel(name, make("code", { dir: "ltr" }, visible(previewJson(node))), () => jsonTree(node), () => writeJson(node), open);
}

function panel(name, aside, content, text, open) {
  const details = make("details", { class: "panel" },
    make("summary", null, make("b", null, name), make("span", { class: "preview" }, aside),
      copyButton(name.toLowerCase(), text)));
  const fill = () => details.append(make("div", { class: "content" }, content()));
  if (open) {
    details.open = true;
    fill();
  } else details.addEventListener("toggle", fill, { once: true });
  return details;
}

function variableTable(variables) {
  return make("table", { class: "variables" }, make("tbody", null, variables.map(([name, value]) =>
    make("tr", null, make("th", { scope: "row" }, visible(name)), make("td", { dir: "auto" }, visible(value))))));
}

// The figures of Lambda's REPORT line, and who did the work.
function figures(invocation) {
  const cold = invocation.init_ms !== null;
  const facts = [
    ["Duration", duration(invocation.duration_ms)],
    ["Billed", `${count(invocation.billed_ms)} ms`],
    ["Init", cold ? duration(invocation.init_ms) : "–"],
    ["Memory used", `${invocation.memory_mb ?? "–"} of ${count(invocation.memory_size_mb)} MB`],
    ["Timeout", `${invocation.timeout_s} s`],
    ["Worker", `${invocation.worker}, invocation ${invocation.nth} (${cold ? "cold" : "warm"})`],
    ["Function", isolated(invocation.function_name)],
    ["Runtime", `${invocation.runtime || "image"}, ${invocation.backend}`],
    ["Started", clock(invocation.started)],
    ["Request", isolated(invocation.request_id, null, "code")],
  ];
  return make("dl", { class: "figures" },
    facts.map(([name, value]) => make("div", null, make("dt", null, name), make("dd", null, value))));
}

const clock = (started) => {
  const time = /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(started);
  return time ? `${time[1]} UTC` : started;
};
