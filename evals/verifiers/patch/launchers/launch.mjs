// What launch.py is for Python, for node:test: loaded before the test file, and named as the reporter. A file's tests all run; the one
// asked for decides the exit code, which is the only thing that is said.
import { readSync } from 'node:fs';

/** In place of a name: every test of the file, at least one. */
const WHOLE = '*';
const leave = process.reallyExit.bind(process);
const bytes = Buffer.alloc(65_536);
let length = 0;
for (let read = -1; read !== 0; ) {
  read = readSync(0, bytes, length, bytes.length - length, null);
  length += read;
}
const request = JSON.parse(bytes.toString('utf8', 0, length));
bytes.fill(0);
const wanted = request.id.slice(request.id.indexOf('::') + 2);

export default async function* report(source) {
  const names = [];
  const seen = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (wanted !== WHOLE && names.slice(0, data.nesting + 1).join(' > ') !== wanted) continue;
    const unclear = data.skip !== undefined || data.todo !== undefined;
    const asserted = data.details?.error?.cause?.code === 'ERR_ASSERTION';
    if (type === 'test:pass') seen.push(unclear ? 'other' : 'passed');
    else seen.push(asserted ? 'failed' : 'other');
  }
  const clear = wanted === WHOLE ? seen.length > 0 : seen.length === 1;
  const worst = ['other', 'failed'].find((outcome) => seen.includes(outcome)) ?? 'passed';
  leave(request[clear ? worst : 'other']);
  yield '';
}
