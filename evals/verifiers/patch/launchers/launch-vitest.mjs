// One test of one file by vitest. The file runs in a worker thread; what it reports to this one decides the exit code, which is the only
// thing that is said. Standard input as launch.py's, with the folder of packages under toolchain.modules.
import { existsSync, readSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

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
const [path, wanted] = [request.id.slice(0, request.id.indexOf('::')), request.id.slice(request.id.indexOf('::') + 2)];

function outcomeOf(test) {
  const { state, errors = [] } = test.result();
  if (state === 'passed') return test.options.fails === true ? 'other' : 'passed';
  return state === 'failed' && errors.every(({ name }) => name === 'AssertionError') ? 'failed' : 'other';
}

let outcome = 'other';
try {
  const modules = request.toolchain?.modules ?? join(process.cwd(), 'node_modules');
  if (!existsSync('node_modules')) symlinkSync(modules, 'node_modules');
  const { startVitest } = await import(pathToFileURL(join(modules, 'vitest/dist/node.js')).href);
  // No configuration of the project's: it is code, and the patch may have reached it.
  const vitest = await startVitest(
    'test',
    [path],
    {
      ...{ config: false, watch: false, run: true, reporters: [{}] },
      // One file, once: nothing is worth keeping, and the folder of packages cannot be written to.
      ...{ pool: 'threads', maxWorkers: 1, isolate: false, fsModuleCache: false },
    },
    { cacheDir: join(process.env.TMPDIR, 'vite'), configFile: false, logLevel: 'silent' },
  );
  const modulesRun = vitest.state.getTestModules();
  const tests = modulesRun.flatMap((one) => [...one.children.allTests()]);
  const seen = tests.filter(({ fullName }) => wanted === WHOLE || fullName === wanted).map(outcomeOf);
  const clean =
    modulesRun.length === 1 && modulesRun[0].errors().length === 0 && vitest.state.getUnhandledErrors().length === 0;
  const clear = clean && (wanted === WHOLE ? seen.length > 0 : seen.length === 1);
  if (clear) outcome = ['other', 'failed'].find((one) => seen.includes(one)) ?? 'passed';
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
}
leave(request[outcome]);
