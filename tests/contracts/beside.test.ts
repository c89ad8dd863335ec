// What goes on beside other work: what it says is not lost, and it does not outlive who began it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { beginBeside } from '../support/beside.ts';

const MODULE = new URL('../support/beside.ts', import.meta.url).href;
const script = (text: string): [string, ...string[]] => [process.execPath, '--input-type=module', '-e', text];

test('lines are kept until somebody waits, single ones told at once; then they come as they are said', async () => {
  const said: string[] = [];
  const begun = beginBeside(
    script(`
      process.stdin.once('data', () => { console.error('later'); process.exit(3); });
      console.log('built'); console.log('building');`),
    (line) => said.push(line),
    (line) => line === 'built',
  );
  await expect.poll(() => said).toEqual(['(beside) built']);
  await sleep(200);
  const ended = begun.join();
  await expect.poll(() => said).toEqual(['(beside) built', 'built', 'building']);
  begun.child.stdin!.write('\n');
  expect(await ended).toBe(3);
  expect(said.slice(3)).toEqual(['later']);
});

test('what cannot be started has ended', async () => {
  const said: string[] = [];
  expect(await beginBeside(['/nowhere/at-all'], (line) => said.push(line)).join()).toBe(127);
  expect(said.join()).toContain('ENOENT');
});

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.each(['SIGINT', 'SIGKILL'] as const)(
  'after a %s of who began it its group ends: first asked, then made to',
  async (signal) => {
    // One process of the group goes when it is asked, one does not.
    const builder = `
    import { spawn } from 'node:child_process';
    import { endWithParent } from ${JSON.stringify(MODULE)};
    endWithParent(300);
    const polite = spawn('sleep', ['600']);
    const deaf = spawn('sh', ['-c', 'trap "" INT; echo deaf; while :; do sleep 1; done'], { stdio: ['ignore', 'pipe', 'ignore'] });
    deaf.stdout.once('data', () => console.log([process.pid, polite.pid, deaf.pid].join(' ')));`;
    const parent = spawn(
      ...pair(
        script(`
        import { beginBeside } from ${JSON.stringify(MODULE)};
        beginBeside(${JSON.stringify(script(builder))}, (line) => console.log(line), () => true);`),
      ),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const line = await new Promise<string>((done) => createInterface({ input: parent.stdout }).once('line', done));
    const pids = line.replace('(beside) ', '').split(' ').map(Number);
    expect(pids.map(isThere)).toEqual([true, true, true]);
    parent.kill(signal);
    await expect.poll(() => pids.map(isThere)).toEqual([false, false, false]);
  },
);

function pair([command, ...rest]: [string, ...string[]]): [string, string[]] {
  return [command, rest];
}
