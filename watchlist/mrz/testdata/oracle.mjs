// Reads zones from standard input, one JSON array of lines on each line, and
// writes what the reader whose folder is the argument makes of them.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { parse } = await import(pathToFileURL(process.argv[2] + '/lib/index.js').href);
for await (const line of createInterface({ input: process.stdin })) {
  let out;
  try {
    const r = parse(JSON.parse(line));
    out = { format: r.format, number: r.documentNumber, details: {} };
    for (const d of r.details) out.details[d.field] = { value: d.value, valid: d.valid };
  } catch {
    out = { failed: true };
  }
  console.log(JSON.stringify(out));
}
