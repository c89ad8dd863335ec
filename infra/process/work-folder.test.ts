import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identityOf } from './identity.ts';
import { forgetDeadWork, makeWorkFolder } from './work-folder.ts';

let folder: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-work-folder-'));
});
afterEach(() => {
  // Also after a failure: a builder that lives on holds the output that the test run is read by.
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that is building; what it works in has this process's form of name. */
async function builder(): Promise<{ work: string; kill(): Promise<void> }> {
  const script = `const { makeWorkFolder } = await import(${JSON.stringify(import.meta.resolve('./work-folder.ts'))});
    console.log(await makeWorkFolder(${JSON.stringify(join(folder, 'worker-0123456789abcdef.tar'))}));
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return {
    work: line.toString().trim(),
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

test('what a killed build left goes with the next one, and what is being built stays', async () => {
  const [killed, living] = await Promise.all([builder(), builder()]);
  writeFileSync(join(killed.work, 'layer-0'), 'half of it');
  const own = await makeWorkFolder(join(folder, 'stage'));
  await forgetDeadWork(folder);
  expect(readdirSync(folder)).toHaveLength(3);
  await killed.kill();
  await forgetDeadWork(folder);
  expect(readdirSync(folder).sort()).toEqual([basename(own), basename(living.work)].sort());
});

test('a process that was given the number of a dead builder is not taken for it', async () => {
  const { startTime } = identityOf(process.pid)!;
  for (const name of [`stage.${process.pid}-${startTime - 1}-AbC123`, `stage.${process.pid}-${startTime}-AbC123`])
    writeFileSync(join(folder, name), '');
  await forgetDeadWork(folder);
  expect(readdirSync(folder)).toEqual([`stage.${process.pid}-${startTime}-AbC123`]);
});

test('archives and what others put there stay', async () => {
  const kept = ['worker-0123456789abcdef.tar', 'bucket-0123456789abcdef', 'notes.1-2.txt', 'stage'];
  for (const name of kept) writeFileSync(join(folder, name), '');
  await forgetDeadWork(folder);
  expect(readdirSync(folder).sort()).toEqual(kept.sort());
});

test('of another container nothing is forgotten: whether its processes live cannot be seen from here', async () => {
  const dead = '99999999-1';
  for (const name of [`stage.${dead}-4026530000-AbC123`, `stage.${dead}-AbC123`]) writeFileSync(join(folder, name), '');
  await forgetDeadWork(folder);
  expect(readdirSync(folder)).toEqual([`stage.${dead}-4026530000-AbC123`]);
});

test.runIf(process.getuid?.() === 0)('nor of another user, in the folder that everybody writes to', async () => {
  for (const [name, user] of [
    ['anneal-door.99999999-1-AbC123', 65534],
    ['anneal-door.99999999-2-AbC123', 0],
    ['others.99999999-3-AbC123', 0],
  ] as const) {
    mkdirSync(join(folder, name));
    chownSync(join(folder, name), user, user);
  }
  await forgetDeadWork(folder, 'anneal-');
  expect(readdirSync(folder).sort()).toEqual(['anneal-door.99999999-1-AbC123', 'others.99999999-3-AbC123']);
});
