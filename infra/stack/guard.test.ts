// Both guards, against a parent that is killed: with setpriv and with the watching shell.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { childEnvironment } from '../config.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../process/identity.ts';
import { createGuard } from './guard.ts';

const MODULE = fileURLToPath(new URL('./guard.ts', import.meta.url));

/** A parent that starts `sleep` under a guard and prints the pids that it started. */
async function family(setpriv: boolean, argv: string[]): Promise<{ parent: ProcessIdentity; child: ProcessIdentity }> {
  const script = `
    import { spawn } from 'node:child_process';
    import { createGuard } from ${JSON.stringify(MODULE)};
    const [command, ...rest] = createGuard(process.pid, ${setpriv})(${JSON.stringify(argv)}, 'KILL');
    const child = spawn(command, rest, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('exit', (code) => process.exit(code ?? 1));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: childEnvironment(),
  });
  const text = await new Promise<string>((done) => parent.stdout.once('data', (bytes: Buffer) => done(`${bytes}`)));
  return {
    parent: identityOf(parent.pid as number) as ProcessIdentity,
    child: identityOf(Number(text)) as ProcessIdentity,
  };
}

const SLEEPER = ['sh', '-c', 'echo $$; exec sleep 300'];

test.each([true, false])('the child dies with a killed parent (setpriv: %s)', async (setpriv) => {
  const { parent, child } = await family(setpriv, SLEEPER);
  expect(isAlive(child)).toBe(true);
  process.kill(parent.pid, 'SIGKILL');
  await expect.poll(() => isAlive(child), { timeout: 8_000 }).toBe(false);
});

test.each([true, false])('the exit code of the child is passed on (setpriv: %s)', async (setpriv) => {
  const [command, ...rest] = createGuard(process.pid, setpriv)(['sh', '-c', 'exit 7'], 'TERM');
  const child = spawn(command, rest);
  expect(await new Promise((done) => child.once('exit', done))).toBe(7);
});

test('the watching shell passes SIGTERM on and waits', async () => {
  const [command, ...rest] = createGuard(process.pid, false)(
    ['sh', '-c', 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done'],
    'TERM',
  );
  const child = spawn(command, rest);
  await new Promise((done) => child.stdout.once('data', done));
  child.kill('SIGTERM');
  expect(await new Promise((done) => child.once('exit', done))).toBe(9);
});

test('with setpriv, a child whose parent is already another is not started', async () => {
  const [command, ...rest] = createGuard(process.pid + 1, true)(['sh', '-c', 'exit 0'], 'TERM');
  expect(await new Promise((done) => spawn(command, rest).once('exit', done))).toBe(143);
});
