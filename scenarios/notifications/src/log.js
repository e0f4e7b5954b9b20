// One line of JSON for each thing that happened. Not by console.log: Lambda puts the time, the request and the
// level before what it prints, and the line would be no JSON.
export function log(level, message, fields = {}) {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
