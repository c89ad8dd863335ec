// What becomes the program in a pod, on this machine: under the system call filter that it is told.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { seccompFilter } from '../../infra/sandbox/seccomp.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-in-pod-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Its parent is whom it would harm. */
const PROGRAM = `
import os, resource
for harm in (lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)), lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
             lambda: os.sched_setaffinity(os.getppid(), {0})):
    try: harm(); print('done')
    except OSError as error: print(error.strerror)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
print(os.system('true'))`;

async function run(settings: object, argv: readonly string[]): Promise<string> {
  const script = readFileSync(new URL('./in-pod.py', import.meta.url), 'utf8');
  const placed = script
    .replace('PIPES = "/pipes"', `PIPES = "${folder}"`)
    .replace('WORK = "/work"', `WORK = "${folder}"`);
  writeFileSync(join(folder, 'in-pod.py'), placed);
  const shell = `cd ${folder}; mkfifo in out err; cat out & cat err >&2 & : > in & "$@"; wait`;
  const command = [
    'python3',
    '-I',
    '-S',
    '-B',
    join(folder, 'in-pod.py'),
    'program',
    JSON.stringify(settings),
    ...argv,
  ];
  const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', `${shell}`, 'sh', ...command]);
  return stdout + stderr;
}
const filter = seccompFilter().toString('base64');

test.runIf(process.arch === 'x64')(
  'a program in a pod has no say over process 1, and over itself as ever',
  async () => {
    const refused = 'Operation not permitted\n';
    expect(await run({ limits: {}, probe: null, filter }, ['python3', '-c', PROGRAM])).toBe(`${refused.repeat(3)}0\n`);
  },
);

test.runIf(process.arch === 'x64')('the trial pod says whether the filter is there', async () => {
  expect(JSON.parse(await run({ limits: {}, probe: [], filter }, ['python3']))).toMatchObject({ filtered: true });
  expect(JSON.parse(await run({ limits: {}, probe: [] }, ['python3']))).toMatchObject({ filtered: false });
});
