// A process that lands one change: node lander.fixture.ts REPOSITORY COMMIT CHANGE [N before|after], with ANNEAL_LANDER_FORGE on a forge. With N it kills itself at its n-th run of
// git, before that begins or when it has ended.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { changeId, commitId } from '../../contracts/change.ts';
import { forgeSpec } from '../../contracts/forge.ts';

const [path = '', commit, change, nth = '0', when] = process.argv.slice(2);
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const { execFile } = childProcess;
let runs = 0;
const counted = (...args: unknown[]): unknown => {
  runs += 1;
  const isIt = runs === Number(nth);
  if (isIt && when === 'before') die();
  const done = args.at(-1) as (...given: unknown[]) => void;
  const told = (...given: unknown[]): void => (isIt && when === 'after' ? die() : done(...given));
  return Reflect.apply(execFile, childProcess, [...args.slice(0, -1), told]);
};
Object.assign(childProcess, { execFile: counted });
syncBuiltinESMExports();

const { openMergeRepository } = await import('./changes.ts');
const { openForge } = await import('../forge/open.ts');
const { ANNEAL_LANDER_FORGE: forge } = process.env;
const remote = forge === undefined ? undefined : openForge(forgeSpec.parse(JSON.parse(forge))).remote;
const open = await openMergeRepository(path, 'main', remote);
process.stdout.write('opened\n');
const from = performance.now();
const landed = await open.land(commitId.parse(commit), changeId.parse(change));
process.stdout.write(`${JSON.stringify({ ...landed, runs, ms: performance.now() - from })}\n`);
