// SIGKILL at every moment of a request: what was acknowledged is there exactly once, what was not is done once by its retry.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FaultPoint } from '../../gateway/capture.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { chat, content, type Reply, rollout, SECRET, temporaryFolder } from '../support/gateway.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';

interface Running {
  readonly url: string;
  /** The next line that it prints. */
  line(): Promise<string>;
  kill(): Promise<void>;
}

let stack: AsyncDisposableStack;
let upstream: ScriptedUpstream;
let dir: string;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  dir = stack.use(await temporaryFolder()).path;
  upstream = await startScriptedUpstream();
  stack.defer(() => upstream.close());
});
afterEach(() => stack.disposeAsync());

async function start(fault?: FaultPoint): Promise<Running> {
  const options = JSON.stringify({ dir, controlUrl: upstream.url, fault });
  const child: ChildProcess = spawn(process.execPath, ['tests/support/gateway-process.ts', options], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value as string;
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  stack.defer(kill);
  return { url: await line(), line, kill };
}

const usableRecords = async (url: string) =>
  (await createGatewayClient({ url, secret: SECRET }).completions('demo/')).filter(({ finish }) => finish === 'stop');

test('killed while the engine generates: the retry generates, once', async () => {
  upstream.latencyMs = 60_000;
  const first = await start();
  const lost = chat(first.url, { index: 0 }).catch(() => 'lost');
  await expect.poll(() => upstream.bodies.length, { timeout: 15_000 }).toBe(1);
  await first.kill();
  expect(await lost).toBe('lost');
  upstream.latencyMs = 0;
  const second = await start();
  expect(content(await chat(second.url, { index: 0 }))).toBe('generation 2');
  expect((await usableRecords(second.url)).map(({ text }) => text)).toEqual(['generation 2']);
});

test('killed after the generation, before its record: the retry generates, once', async () => {
  const first = await start('generated');
  const lost = chat(first.url, { index: 0 }).catch(() => 'lost');
  expect(await first.line()).toBe('generated');
  await first.kill();
  expect(await lost).toBe('lost');
  const second = await start();
  expect(content(await chat(second.url, { index: 0 }))).toBe('generation 2');
  expect((await usableRecords(second.url)).map(({ text }) => text)).toEqual(['generation 2']);
});

test('killed between record and answer: the retry gets the recorded answer', async () => {
  const first = await start('durable');
  const lost = chat(first.url, { index: 0 }).catch(() => 'lost');
  expect(await first.line()).toBe('durable');
  await first.kill();
  expect(await lost).toBe('lost');
  const second = await start();
  expect(content(await chat(second.url, { index: 0 }))).toBe('generation 1');
  expect(upstream.bodies.length).toBe(1);
  expect((await usableRecords(second.url)).map(({ text }) => text)).toEqual(['generation 1']);
});

test('killed again and again under load: nothing acknowledged is lost, nothing is there twice', async () => {
  const wanted = Array.from({ length: 120 }, (_, sample) => rollout(sample));
  const acknowledged = new Map<string, string>();
  for (let life = 0; life < 6; life += 1) {
    const gateway = await start();
    const missing = wanted.filter((id) => !acknowledged.has(id));
    const ask = async (id: (typeof wanted)[number]): Promise<void> => {
      const reply: Reply | undefined = await chat(gateway.url, { index: 0, of: { rollout: id } }).catch(
        () => undefined,
      );
      if (reply?.status === 200) acknowledged.set(id, content(reply)!);
    };
    // All lives but the last end in the middle of some generation, with others before, at and after their fsync.
    const last = upstream.bodies.length + 7 + 9 * life;
    let ending: Promise<void> | undefined;
    upstream.script = async () => {
      if (life < 5 && upstream.bodies.length >= last) ending ??= gateway.kill();
      await sleep(2);
    };
    for (let at = 0; at < missing.length; at += 16) await Promise.all(missing.slice(at, at + 16).map(ask));
    await (ending ?? gateway.kill());
  }
  expect(acknowledged.size).toBe(wanted.length);
  const records = await usableRecords((await start()).url);
  expect(new Map(records.map(({ rollout, text }) => [rollout as string, text]))).toEqual(acknowledged);
  expect(records.length).toBe(wanted.length);
  // The kills did fall into requests: some generations were lost and done again.
  expect(upstream.bodies.length).toBeGreaterThan(wanted.length);
});

test('a second gateway on the same folder does not start', async () => {
  await start();
  expect(await start().then(({ url }) => url)).toBeUndefined();
});
