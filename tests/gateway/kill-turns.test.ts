// SIGKILL of gateway, store and worker under a load of agents' turns, plain and streamed, at random moments: whoever has a whole answer
// finds it in the store, to the byte, and nothing is there twice. `npm run test:kill:gateway` for the deep run.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import { replicaClaim } from '../../contracts/replica.ts';
import type { CompletionRecord, Trajectory } from '../../contracts/trajectory.ts';
import { replicaOfSeat } from '../../gateway/segments/replica.ts';
import { createStoreSource } from '../../gateway/segments/store-source.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { poolLedger } from '../../policies/pool-ledger.ts';
import { POLICY, temporaryFolder } from '../support/gateway.ts';
import { type S3Server, s3Binary, startS3Server } from '../support/s3-server.ts';
import { converse, startScriptedProvider } from '../support/scripted-provider.ts';
import { tellFigures } from '../support/told-figures.ts';

const KILLS = Number(process.env.ANNEAL_GATEWAY_KILLS ?? 10);
/** Milliseconds that the store takes longer for each call, as one far away does. */
const LATE = Number(process.env.ANNEAL_GATEWAY_STORE_LATE_MS ?? 0);
const AGENTS = 12;
const SEAT = 'killed';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

interface Running {
  readonly lines: AsyncIterator<string>;
  kill(): Promise<void>;
}

function start(script: string, settings: object): Running {
  const argv = [`tests/support/${script}.ts`, JSON.stringify(settings)];
  const child: ChildProcess = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  stack.defer(kill);
  return { lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator](), kill };
}

/** What was acknowledged: completions with the hash of the answer, and rollouts with a trajectory. */
interface Acknowledged {
  readonly completions: Map<string, string>;
  readonly trajectories: Set<string>;
}

async function listen(worker: Running, { completions, trajectories }: Acknowledged): Promise<void> {
  for (let line = await worker.lines.next(); line.done !== true; line = await worker.lines.next()) {
    const [what, id = '', hash = ''] = line.value.split(' ');
    if (what === 'trajectory') trajectories.add(id);
    // One acknowledged twice would be one record for two answers.
    else if (completions.has(id)) throw new Error(`${id} twice`);
    else completions.set(id, hash);
  }
}

async function stored(store: ArtifactStore): Promise<{ completions: CompletionRecord[]; trajectories: Trajectory[] }> {
  const found = { completions: [] as CompletionRecord[], trajectories: [] as Trajectory[] };
  const source = createStoreSource(store);
  const next = { completions: 1, trajectories: 1 };
  for await (const segment of source.list()) {
    const { stream } = segment;
    if (stream === 'operations') continue;
    expect(segment.sequence).toBe(next[stream]++);
    for await (const json of source.records(segment)) found[stream].push(JSON.parse(json));
  }
  return found;
}

test.for(['disk', 'store'] as const)(
  `${KILLS} kills at random moments, records kept by %s`,
  { timeout: 60_000 + 20_000 * KILLS },
  async (mode, { task }) => {
    const provider = await startScriptedProvider();
    stack.defer(() => provider.close());
    provider.script = (asked) => ({ ...converse(asked), everyMs: 1 });
    const dir = stack.use(await temporaryFolder()).path;
    // Where there is no S3 server, a folder, which nobody can kill.
    const server: S3Server | undefined = s3Binary() === undefined ? undefined : await startS3Server();
    stack.defer(() => server?.stop());
    const address = server?.address() ?? join(dir, 'store');
    const store = server === undefined ? createFolderStore(address) : createS3Store(address);
    const settings = {
      ...{ dir: join(dir, 'volume'), controlUrl: provider.url },
      providers: { [POLICY]: { kind: 'openai', url: provider.url, model: 'scripted' } },
      keep: { store: address, mode, seat: SEAT, sealAfterMs: 200, noteMs: 200, keepBytes: 100_000 },
      ...{ keepRecords: 100, lateMs: LATE },
    };
    const acknowledged: Acknowledged = { completions: new Map(), trajectories: new Set() };
    const listening: Promise<void>[] = [];
    let gateway = start('gateway-process', settings);
    const url = (await gateway.lines.next()).value as string;
    const port = Number(new URL(url).port);
    let life = 0;
    const employ = (): Running => {
      life += 1;
      const made = start('agents-process', { url, agents: AGENTS, life });
      listening.push(listen(made, acknowledged));
      return made;
    };
    let worker = employ();
    const killWorker = async (): Promise<void> => {
      await worker.kill();
      worker = employ();
    };
    const kills: (() => Promise<void>)[] = [
      async () => {
        await gateway.kill();
        gateway = start('gateway-process', { ...settings, port });
        await gateway.lines.next();
      },
      killWorker,
    ];
    if (server !== undefined) {
      kills.push(async () => {
        await server.kill();
        await sleep(Math.random() * 300);
        await server.restart();
      });
    }
    for (let kill = 0; kill < KILLS; kill += 1) {
      const what = kills[kill % kills.length]!;
      // A worker's rollouts end with it, and a trajectory is the fourth answer that an agent waits for: where each takes as long as the store,
      // three kills, of which each waits for one answer to anybody, leave no time for any. So no worker goes before it has one.
      const awaited = what === killWorker ? acknowledged.trajectories : acknowledged.completions;
      const before = awaited.size;
      await expect.poll(() => awaited.size, { timeout: 60_000, interval: 5 }).toBeGreaterThan(before);
      await sleep(Math.random() * 300);
      await what();
    }
    await worker.kill();
    await Promise.all(listening);

    // Where records go there first, the store alone must know: the gateway is gone for good.
    if (mode === 'store') await gateway.kill();
    const lost = async (): Promise<string[]> => {
      const { completions, trajectories } = await stored(store);
      const kept = new Map(completions.map(({ id, turn }) => [id as string, turn!.sent]));
      const ended = new Set<string>(trajectories.map(({ rollout }) => rollout));
      return [
        ...[...acknowledged.completions].filter(([id, hash]) => kept.get(id) !== hash).map(([id]) => id),
        ...[...acknowledged.trajectories].filter((rollout) => !ended.has(rollout)),
      ];
    };
    let missing = await lost();
    for (const patience = Date.now() + 30_000; mode === 'disk' && missing.length > 0 && Date.now() < patience; ) {
      await sleep(500);
      missing = await lost();
    }

    const { completions, trajectories } = await stored(store);
    const requested = [...new Set([...completions, ...trajectories].map(({ rollout }) => rollout))] as RolloutId[];
    const ledger = poolLedger(
      requested,
      trajectories.map((one) => ({ ...one, reward: undefined })),
      completions.map((one) => ({ ...one, tokens: one.completionIds.length })),
      { by: 'round' },
    );
    const inOneState = Object.values(ledger.counts).reduce((sum, count) => sum + count, 0);
    tellFigures(task, {
      kills: KILLS,
      killsOfStore: server === undefined ? 0 : Math.floor(KILLS / kills.length),
      acknowledged: acknowledged.completions.size,
      trajectories: acknowledged.trajectories.size,
      lost: missing.length,
      twice: ledger.duplicates.length + completions.length - new Set(completions.map(({ id }) => id)).size,
      unbalanced: Math.abs(requested.length - inOneState),
    });
    expect(missing).toEqual([]);
    expect(ledger.duplicates).toEqual([]);
    expect(inOneState).toBe(requested.length);
    const claim = await store.readNamed(`replicas/${replicaOfSeat(SEAT)}`);
    expect(replicaClaim.parse(JSON.parse(new TextDecoder().decode(claim!.bytes))).losses).toEqual([]);
    // The kills did fall into requests: the server was asked for more than was acknowledged.
    expect(acknowledged.completions.size).toBeGreaterThan(KILLS);
    expect(acknowledged.trajectories.size).toBeGreaterThanOrEqual(life - 1);
    expect(provider.requests.length).toBeGreaterThan(acknowledged.completions.size);
  },
);
