// What is captured goes to the store: sealed, sent once, read back from there, and what is lost with a volume is told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { replicaClaim } from '../../contracts/replica.ts';
import type { SealedSegment, SegmentStream } from '../../contracts/segment.ts';
import type { ContextOperation } from '../../contracts/session.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { createGateway, type Gateway } from '../../gateway/gateway.ts';
import type { KeepOptions } from '../../gateway/pool/keeping.ts';
import { replicaOfSeat } from '../../gateway/segments/replica.ts';
import { createStoreSource } from '../../gateway/segments/store-source.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { claims, POLICY, rollout, SECRET, temporaryFolder, trajectoryOf } from '../support/gateway.ts';
import { converse, type ScriptedProvider, startScriptedProvider, whole } from '../support/scripted-provider.ts';
import { soon } from '../support/use-gateway.ts';

const SEAT = 'here';
let stack: AsyncDisposableStack;
let provider: ScriptedProvider;
let dir: string;
let store: ArtifactStore;
let logged: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  provider = await startScriptedProvider();
  stack.defer(() => provider.close());
  provider.script = converse;
  dir = stack.use(await temporaryFolder()).path;
  store = createFolderStore(join(dir, 'store'));
  logged = [];
});
afterEach(() => stack.disposeAsync());

async function open(keep: Partial<KeepOptions> = {}, more: object = {}): Promise<Gateway> {
  const gateway = await createGateway({
    ...{ dir: join(dir, 'volume'), servers: oneServer(provider.url), secret: SECRET, port: 0 },
    providers: new Map([[POLICY, { kind: 'openai', url: provider.url, model: 'scripted' }]]),
    keep: { store, mode: 'disk', seat: SEAT, sealAfterMs: 50, noteMs: 50, ...keep },
    log: (line) => void logged.push(line),
    ...more,
  });
  stack.defer(() => gateway.close());
  return gateway;
}

const ask = (gateway: Gateway, sample = 0, signal?: AbortSignal): Promise<Response> =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${mintCredential(claims({ rollout: rollout(sample) }), SECRET)}` },
    body: JSON.stringify({ model: POLICY, messages: [{ role: 'user', content: 'hello' }] }),
    ...(signal === undefined ? {} : { signal }),
  });
const register = (gateway: Gateway, key: string, sample = 0): Promise<Response> =>
  fetch(`${gateway.url}/v1/anneal/context`, {
    method: 'POST',
    headers: { authorization: `Bearer ${mintCredential(claims({ rollout: rollout(sample) }), SECRET)}` },
    body: JSON.stringify({ key, kind: 'note', note: `about ${key}` }),
  });
const operations = async (gateway: Gateway, sample = 0): Promise<ContextOperation[]> => {
  const headers = { authorization: `Bearer ${mintCredential(claims({ rollout: rollout(sample) }), SECRET)}` };
  const text = await (await fetch(`${gateway.url}/v1/anneal/context`, { headers })).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ContextOperation);
};
const segments = (): Promise<SealedSegment[]> => Array.fromAsync(createStoreSource(store).list());
const client = (gateway: Gateway) => createGatewayClient({ url: gateway.url, secret: SECRET });

const stored = (): Promise<string[]> => storedOf('completions');
async function storedOf(stream: SegmentStream): Promise<string[]> {
  const source = createStoreSource(store);
  const ids: string[] = [];
  for await (const segment of source.list()) {
    if (segment.stream !== stream) continue;
    for await (const json of source.records(segment)) ids.push((JSON.parse(json) as CompletionRecord).id);
  }
  return ids;
}
const claim = async () =>
  replicaClaim.parse(
    JSON.parse(new TextDecoder().decode((await store.readNamed(`replicas/${replicaOfSeat(SEAT)}`))!.bytes)),
  );

test('a segment is sealed when its first record is old, and sent with its description; a restart goes on after it', async () => {
  const first = await open();
  const ids = [];
  for (let turn = 0; turn < 3; turn += 1) ids.push((await ask(first)).headers.get('x-anneal-completion'));
  await client(first).recordTrajectory(trajectoryOf(rollout(0)));
  await expect.poll(stored, soon).toEqual(ids);
  await expect.poll(async () => (await claim()).open, soon).toEqual([]);
  await first.close();
  expect(await claim()).toMatchObject({ clean: true, losses: [] });

  const second = await open();
  expect(await claim()).toMatchObject({ clean: false });
  ids.push((await ask(second)).headers.get('x-anneal-completion'));
  expect(new Set(ids).size).toBe(4);
  // A clean end leaves nothing behind.
  await second.close();
  expect(await stored()).toEqual(ids);
  const found = await segments();
  expect(found.map(({ stream }) => stream)).toContain('trajectories');
  const sequences = found.filter(({ stream }) => stream === 'completions').map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.map((_, at) => at + 1));
  expect(new Set(found.map(({ replica }) => replica))).toEqual(new Set([replicaOfSeat(SEAT)]));
});

test('what the store has leaves the disk and memory, and is read through', async () => {
  const options = [{ keepBytes: 0 }, { keepRecords: 0 }] as const;
  const gateway = await open(...options);
  for (let sample = 0; sample < 4; sample += 1) await ask(gateway, sample);
  const logs = async () => (await readdir(join(dir, 'volume/completions'))).filter((name) => name.endsWith('.log'));
  await expect.poll(logs, soon).toHaveLength(1);
  const records = await client(gateway).completions('demo/');
  expect(records.map(({ rollout: of }) => of)).toEqual([0, 1, 2, 3].map((sample) => rollout(sample)));
  await gateway.close();
  const again = await open(...options);
  expect(await client(again).completions('demo/')).toEqual(records);
  // The next index is known, though nothing of the rollout is in memory.
  const ids = await Promise.all(
    Array.from({ length: 8 }, async () => (await ask(again, 2)).headers.get('x-anneal-completion')),
  );
  expect(ids.sort()).toEqual(ids.map((_, at) => `${rollout(2)}/c${at + 1}`));
  await again.close();
});

test('a volume that vanishes is told as a loss, with the rollouts that had records on it; the next one goes on', async () => {
  const first = await open({ sealAfterMs: 50 });
  await ask(first, 0);
  await expect.poll(stored, soon).toHaveLength(1);
  await first.close();
  const broken = { ...store, putFile: () => Promise.reject(new AnnealError('store.unavailable', 'injected')) };
  const second = await open({ store: broken, patienceMs: 0 });
  await ask(second, 0);
  await ask(second, 1);
  await expect.poll(async () => (await claim()).open, soon).toEqual([rollout(0), rollout(1)]);
  await second.close();
  await rm(join(dir, 'volume'), { recursive: true });

  const third = await open();
  const { losses } = await claim();
  expect(losses).toMatchObject([{ reason: 'volume_vanished', rollouts: [rollout(0), rollout(1)] }]);
  expect(logged.join('\n')).toContain('2 rollouts may have lost records');
  // What the store has is known to the new volume: no id is given twice.
  expect((await ask(third, 0)).headers.get('x-anneal-completion')).toBe(`${rollout(0)}/c1`);
  expect((await client(third).completions('demo/')).map(({ id }) => id)).toEqual([
    `${rollout(0)}/c0`,
    `${rollout(0)}/c1`,
  ]);
  await third.close();
  const sequences = (await segments()).flatMap(({ stream, sequence }) => (stream === 'completions' ? [sequence] : []));
  const { from, to } = losses[0]!.gaps.completions;
  expect(sequences.some((sequence) => from <= sequence && sequence <= to)).toBe(false);
  expect(sequences.some((sequence) => sequence > to)).toBe(true);
  // The gap is no damage.
  await (await open()).close();
});

test('a volume that was stopped cleanly and then vanishes is no loss', async () => {
  const first = await open();
  await ask(first);
  await first.close();
  await rm(join(dir, 'volume'), { recursive: true });
  const second = await open();
  expect((await ask(second)).headers.get('x-anneal-completion')).toBe(`${rollout(0)}/c1`);
  await second.close();
  expect((await claim()).losses).toEqual([]);
  expect(await stored()).toEqual([`${rollout(0)}/c0`, `${rollout(0)}/c1`]);
});

test('another volume under the same name puts the first one out of work', async () => {
  const first = await open();
  await ask(first);
  await mkdir(join(dir, 'other'));
  const second = await open({}, { dir: join(dir, 'other') });
  await expect.poll(async () => (await ask(first)).status, soon).toBe(503);
  expect((await ask(second)).status).toBe(200);
});

test('while the store is too far behind, requests are refused in the dialect of the client, and nothing is lost', async () => {
  let up = false;
  const down = () => Promise.reject(new AnnealError('store.unavailable', 'injected'));
  const flaky = { ...store, putFile: (path: string) => (up ? store.putFile(path) : down()) };
  const gateway = await open({ store: flaky, maxBehindBytes: 2_000 });
  const acknowledged: (string | null)[] = [];
  let refused: Response | undefined;
  for (let turn = 0; turn < 50 && refused === undefined; turn += 1) {
    const response = await ask(gateway);
    if (response.status === 200) acknowledged.push(response.headers.get('x-anneal-completion'));
    else refused = response;
  }
  expect(refused?.status).toBe(503);
  expect(refused?.headers.get('retry-after')).toBe('1');
  expect(await refused?.json()).toMatchObject({ error: { code: 'gateway.overloaded' } });
  up = true;
  await expect.poll(async () => (await ask(gateway)).status, soon).toBe(200);
  await expect.poll(stored, soon).toEqual(expect.arrayContaining(acknowledged));
});

test('where records go to the store first, they are there when the answer ends', async () => {
  const gateway = await open({ mode: 'store' });
  for (let turn = 0; turn < 3; turn += 1) {
    const id = (await ask(gateway)).headers.get('x-anneal-completion');
    expect(await stored()).toContain(id);
  }
  // The volume may vanish with nothing lost.
  await gateway.close();
  await rm(join(dir, 'volume'), { recursive: true });
  const again = await open({ mode: 'store' });
  expect((await ask(again)).headers.get('x-anneal-completion')).toBe(`${rollout(0)}/c3`);
});

test('where records go to the store first and it does not answer, nothing is acknowledged', async () => {
  let up = false;
  const down = () => Promise.reject(new AnnealError('store.unavailable', 'injected'));
  const flaky = { ...store, putFile: (path: string) => (up ? store.putFile(path) : down()) };
  const gateway = await open({ mode: 'store', store: flaky });
  let answered = false;
  const asked = ask(gateway).then((response) => {
    answered = true;
    return response;
  });
  // Those that came before it was known to be down wait too.
  const briefly = (): Promise<number> =>
    ask(gateway, 1, AbortSignal.timeout(200)).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(briefly, soon).toBe(503);
  expect(answered).toBe(false);
  up = true;
  const response = await asked;
  expect(response.status).toBe(200);
  expect(await stored()).toContain(response.headers.get('x-anneal-completion'));
});

test.each(['disk', 'store'] as const)('context operations go the same way (%s)', async (mode) => {
  const options = [{ mode, keepBytes: 0 }, { keepRecords: 0 }] as const;
  const first = await open(...options);
  for (const key of ['one', 'two']) {
    expect((await register(first, key)).status).toBe(201);
    if (mode === 'store') expect(await storedOf('operations')).toHaveLength(key === 'one' ? 1 : 2);
  }
  await register(first, 'three', 1);
  const ids = [`${rollout(0)}/o0`, `${rollout(0)}/o1`, `${rollout(1)}/o0`];
  await expect.poll(() => storedOf('operations'), soon).toEqual(ids);
  // Told a little later than it was sent.
  await expect.poll(async () => (await claim()).writing.operations, soon).toBeGreaterThan(1);
  await expect.poll(async () => (await claim()).open, soon).toEqual([]);
  await first.close();
  expect(await claim()).toMatchObject({ clean: true });

  // Nothing of them is in memory, and on the disk only where they are.
  await rm(join(dir, 'volume'), { recursive: true });
  const second = await open(...options);
  expect((await register(second, 'two')).status).toBe(200);
  const others = ['two', 'four', 'five', 'five', 'four'].map((key) => register(second, key));
  expect((await Promise.all(others)).map(({ status }) => status).filter((status) => status === 201)).toHaveLength(2);
  expect((await operations(second)).map(({ id, note }) => [id, note])).toEqual([
    [`${rollout(0)}/o0`, 'about one'],
    [`${rollout(0)}/o1`, 'about two'],
    [`${rollout(0)}/o2`, expect.stringMatching(/four|five/)],
    [`${rollout(0)}/o3`, expect.stringMatching(/four|five/)],
  ]);
  await second.close();
  expect(await storedOf('operations')).toHaveLength(5);
});

test('operations that the store has not are told of, counted where it is behind, and lost with the volume', async () => {
  const broken = { ...store, putFile: () => Promise.reject(new AnnealError('store.unavailable', 'injected')) };
  const first = await open({ store: broken, patienceMs: 0, maxBehindBytes: 1_000 });
  let status = 201;
  for (let at = 0; at < 20 && status === 201; at += 1) ({ status } = await register(first, `k${at}`, 1));
  expect(status).toBe(503);
  // The same one again is there.
  expect((await register(first, 'k0', 1)).status).toBe(200);
  expect((await ask(first)).status).toBe(503);
  await expect.poll(async () => (await claim()).open, soon).toEqual([rollout(1)]);
  await first.close();
  await rm(join(dir, 'volume'), { recursive: true });
  const second = await open();
  const { losses } = await claim();
  expect(losses).toMatchObject([{ rollouts: [rollout(1)], gaps: { operations: { from: 1 } } }]);
  expect((await register(second, 'k0', 1)).status).toBe(201);
  await second.close();
  const [sent] = (await segments()).filter(({ stream }) => stream === 'operations');
  expect(sent!.sequence).toBeGreaterThan(losses[0]!.gaps.operations!.to);
});

test('a gateway takes over what one wrote that knew no operations', async () => {
  const first = await open();
  await ask(first);
  await first.close();
  const key = `replicas/${replicaOfSeat(SEAT)}`;
  const { tag } = (await store.readNamed(key))!;
  const { writing, ...rest } = await claim();
  const { operations: _, ...former } = writing;
  await store.swapNamed(key, tag, canonicalJson({ ...rest, clean: false, writing: former }));
  await rm(join(dir, 'volume'), { recursive: true });
  const second = await open();
  expect((await claim()).losses[0]!.gaps.operations).toBeUndefined();
  expect((await register(second, 'one')).status).toBe(201);
  await second.close();
  expect((await segments()).filter(({ stream }) => stream === 'operations')).toMatchObject([{ sequence: 1 }]);
});

test.each(['before', 'bytes', 'description'] as const)(
  'killed on the way to the store (%s): sent by the next start, once',
  async (dieAt) => {
    const keep = { store: join(dir, 'store'), mode: 'disk', seat: SEAT, sealAfterMs: 50, noteMs: 50 };
    const settings = {
      ...{ dir: join(dir, 'volume'), controlUrl: provider.url, keep, dieAt },
      providers: { [POLICY]: { kind: 'openai', url: provider.url, model: 'scripted' } },
    };
    const argv = ['tests/support/gateway-process.ts', JSON.stringify(settings)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    const exited = once(child, 'exit');
    const url = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value as string;
    const id = (await ask({ url } as Gateway)).headers.get('x-anneal-completion');
    expect((await exited)[1]).toBe('SIGKILL');
    expect(await stored()).toEqual(dieAt === 'description' ? [id] : []);
    await open();
    await expect.poll(stored, soon).toEqual([id]);
  },
);

test.each(['disk', 'store'] as const)('what broke off, was left or refused is a record too (%s)', async (mode) => {
  const gateway = await open({ mode });
  const stream = (sample: number, signal?: AbortSignal) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${mintCredential(claims({ rollout: rollout(sample) }), SECRET)}` },
      body: JSON.stringify({ model: POLICY, messages: [{ role: 'user', content: 'hello' }], stream: true }),
      ...(signal === undefined ? {} : { signal }),
    });
  provider.script = (asked) => {
    const { chunks } = converse(asked);
    return { chunks: chunks.slice(0, 2), ending: 'cut' };
  };
  await (await stream(0)).text().catch(() => '');
  provider.script = () => ({ status: 500, chunks: ['{}'] });
  expect((await stream(1)).status).toBe(502);
  provider.script = (asked) => ({ chunks: converse(asked).chunks.slice(0, 2), ending: 'hang' });
  const leaving = new AbortController();
  const left = await stream(2, leaving.signal);
  await left.body!.getReader().read();
  leaving.abort();
  const ends = async (): Promise<string[]> => {
    const source = createStoreSource(store, { replica: replicaOfSeat(SEAT), stream: 'completions' });
    const found: string[] = [];
    for await (const segment of source.list()) {
      for await (const json of source.records(segment))
        found.push((JSON.parse(json) as CompletionRecord).turn!.upstream.end);
    }
    return found;
  };
  await expect.poll(ends, soon).toEqual([expect.stringMatching(/broken|truncated|cut/), 'refused', 'left']);
});

test('a secret reaches client and upstream, and is in no byte that is kept', async () => {
  const gateway = await open();
  const secret = `sk-proj-${'aB3'.repeat(16)}`;
  const token = mintCredential(claims(), SECRET);
  provider.script = () => ({ chunks: [whole({ content: `use ${secret}` })] });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: POLICY, messages: [{ role: 'user', content: `env: ${secret} ${token}` }] }),
  });
  expect(await response.text()).toContain(secret);
  expect(JSON.stringify(provider.requests.at(-1)?.body)).toContain(secret);
  expect((await register(gateway, secret)).status).toBe(201);
  // By its key it is known again, though that is not kept.
  expect((await register(gateway, secret)).status).toBe(200);
  await expect.poll(stored, soon).toHaveLength(1);
  await expect.poll(() => storedOf('operations'), soon).toHaveLength(1);
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const file of files.filter((one) => one.isFile())) {
    // One that was still being written has another name by now.
    const bytes = await readFile(join(file.parentPath, file.name), 'utf8').catch((failure: NodeJS.ErrnoException) => {
      if (failure.code === 'ENOENT') return '';
      throw failure;
    });
    expect(bytes).not.toContain(secret);
    expect(bytes).not.toContain(token);
  }
});
