import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { SegmentStream } from '../../contracts/segment.ts';
import { describe, segmentKey } from '../../gateway/segments/store-source.ts';
import { loadConfig } from '../../infra/config.ts';
import { openStore } from '../../infra/store/open.ts';
import {
  madeCompletion,
  madeOperation,
  madeRollout,
  madeSegment,
  madeTrajectory,
} from '../../tests/support/made-up-pool.ts';
import { poolLosses } from '../pool/losses.ts';
import { openSession, type Run } from '../session.ts';
import { addPoolTables } from './pool-tables.ts';

const home = mkdtempSync(join(tmpdir(), 'anneal-pool-cli-'));
const all = [1, 2].flatMap((group) => [0, 1].map((sample) => ({ group, sample })));

async function ship(stream: SegmentStream, sequence: number, records: readonly unknown[]) {
  const store = openStore(loadConfig());
  const { sealed, bytes } = madeSegment(stream, sequence, records);
  await store.put(bytes);
  await describe(store, sealed);
}

/** What no gateway does: another segment under a name that is taken. */
async function forge(records: readonly unknown[]): Promise<void> {
  const store = openStore(loadConfig());
  const { sealed, bytes } = madeSegment('completions', 1, records);
  await store.put(bytes);
  const key = segmentKey(sealed);
  const { tag } = (await store.readNamed(key))!;
  expect(await store.swapNamed(key, tag, canonicalJson(sealed))).toBe(true);
}

beforeAll(async () => {
  vi.stubEnv('ANNEAL_HOME', home);
  const of = (make: (of: (typeof all)[number]) => unknown) => all.map((one) => make(one));
  await ship('completions', 1, of(madeCompletion));
  await ship('trajectories', 1, of(madeTrajectory));
});
afterEach(() => void vi.restoreAllMocks());
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

let out = '';
async function pool(...argv: string[]): Promise<string> {
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
  const program = new Command('anneal').option('--json');
  addPoolTables(program.command('pool'), run);
  await program.parseAsync(['pool', ...argv], { from: 'user' });
  return out;
}
const refusal = async (...argv: string[]): Promise<AnnealError> => {
  const failure = await pool(...argv).catch((error: unknown) => error);
  if (!(failure instanceof AnnealError)) throw new Error('it was accepted', { cause: failure });
  return failure;
};

test('from segments to tables, and what they say', async () => {
  expect(await pool('ls')).toBe('The tables are empty: ./anneal pool compact takes sealed segments in.\n');
  expect(await pool('compact')).toMatch(/^8 records of 2 segments \(0\.0 MiB\) taken into .*tables by 2 commits\.\n$/);
  expect(await pool('compact')).toMatch(/^Nothing new is sealed/);
  const { rounds } = JSON.parse(await pool('--json', 'ls')) as { rounds: unknown };
  expect(rounds).toEqual([
    {
      ...{ campaign: 'made-up', round: 1, rollouts: 4, completions: 4, promptTokens: 48, completionTokens: 20 },
      ...{ outcomes: { policy_failure: 2, success: 2 }, meanReward: 0.55 },
    },
  ]);
  expect(await pool('show', 'made-up')).toMatch(/made-up +1 +4 +4 .*0\.550/);
  expect(await pool('show', madeRollout({ group: 2, sample: 1 }))).toMatch(
    /made-up\.v0 on task-2#plain: success, reward 1\n/,
  );
  expect((await refusal('show', 'nobody')).message).toBe('nothing of nobody is in the tables');
  expect((await refusal('show', 'No Name')).exitCode).toBe(2);
});

test('verify says so where everything is once, and ends with 1 where it is not', async () => {
  expect(await pool('verify')).toContain('Every record of every segment is in the tables once');
  const { sound, ledgers } = JSON.parse(await pool('--json', 'verify')) as {
    sound: boolean;
    ledgers: { lines: unknown[] }[];
  };
  expect([sound, ledgers.length, ledgers[0]?.lines.length]).toEqual([true, 1, 4]);
  await forge(all.slice(1).map((of) => madeCompletion(of)));
  const failure = await refusal('verify');
  expect(failure).toMatchObject({ code: 'pool.unverified', exitCode: 1 });
  // All four lie at other places now, and one is in no segment.
  expect(out).toContain("✗ record 0 of segment 1 of here's completions is another one in the table (record_differs)");
  await forge(all.map((of) => madeCompletion(of)));
});

test('context operations have no table: their segments are passed over, and read where tables are verified', async () => {
  const made = [0, 1].map((sample) => madeOperation({ group: 1, sample }));
  await ship('operations', 1, made);
  expect(await pool('compact')).toContain('1 segments of context operations stay as they are: no table has them.\n');
  expect(await pool('verify')).toContain('2 context operations of 1 segments were read; no table has them.\n');
  await ship('operations', 3, [{ ...made[0], kind: 'nothing' }]);
  expect(await refusal('verify')).toMatchObject({ code: 'pool.unverified', exitCode: 1 });
  expect(out).toContain(
    "✗ record 0 of segment 3 of here's operations is none that this version knows (record_invalid)",
  );
  expect(out).toContain("✗ segment 2 of here's operations is lost: later ones are there (segment_missing)");
});

test('a missing segment is told, with 1, until it is given up', async () => {
  await ship('completions', 3, [madeCompletion({ group: 4, sample: 0 })]);
  const failure = await refusal('compact');
  expect(failure).toMatchObject({ code: 'pool.segment_missing', exitCode: 1 });
  expect(failure.message).toBe("segment 2 of here's completions is not there, although later ones are");
  expect(await pool('compact', '--past-losses')).toContain("Missing: segment 2 of here's completions.");
  expect(await pool('compact')).toMatch(/^Nothing new/);
  expect(await pool('--json', 'verify').catch(() => out)).toContain('"segment_missing"');
});

test('exports and queries', async () => {
  const file = join(home, 'records.jsonl');
  expect(await pool('export', '--format', 'jsonl', '--out', file)).toBe(`5 records in ${file}\n`);
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(6);
  await pool('export', '--format', 'hf', '--out', join(home, 'dataset'), '--campaign', 'made-up');
  expect(readdirSync(join(home, 'dataset')).sort()).toEqual(['README.md', 'data']);
  expect(await pool('query', 'SELECT finish, count(*) AS n FROM completions GROUP BY 1')).toBe(
    'finish  n\nstop    5\n',
  );
  const asked = JSON.parse(await pool('--json', 'query', 'SELECT 1 AS one', '--limit', '1')) as unknown;
  expect(asked).toEqual({ rows: [{ one: 1 }], more: false });
  expect(await pool('query', '--tables')).toContain('logprobs');
  expect((await refusal('query', 'SELECT 1 FROM completion')).exitCode).toBe(2);
  expect((await refusal('query')).message).toMatch(/^the SQL is missing/);
});

test('every wrong option is told at once', async () => {
  const failure = await refusal('export', '--format', 'csv', '--campaign', 'No', '--round', 'x', '--table', 'y');
  expect(failure.exitCode).toBe(2);
  expect(failure.problems.map(({ path }) => path)).toEqual([
    '--format',
    '--out',
    '--table',
    '--table',
    '--campaign',
    '--round',
  ]);
  const batch = await refusal('export', '--format', 'batch', '--out', 'x');
  expect(batch.problems.map(({ path }) => path)).toEqual(['--campaign', '--round']);
});

test('ls and verify tell what is gone from the store, why, and what to do', async () => {
  const shown = async (command: string) =>
    (await pool(command).catch(() => out)).split('\n').filter((line) => /^Missing|lost records/.test(line));
  for (const command of ['ls', 'verify']) {
    expect(await shown(command)).toEqual([
      "Missing from the store: segment 2 of here's completions, and nobody said that it was lost. It was given up: nothing is left to do, and one that turns up is still taken in.",
      "Missing from the store: segment 2 of here's operations, and nobody said that it was lost. Bring it back from a backup of the store, or from the gateway's folder.",
    ]);
  }
  const claim = {
    ...{ schema: 'anneal/replica/v1', replica: 'here', volume: randomUUID(), at: new Date().toISOString() },
    ...{ clean: false, writing: { completions: 9, trajectories: 9, operations: 4 }, open: [] },
    losses: [
      {
        ...{ reason: 'volume_vanished', volume: randomUUID(), at: new Date().toISOString() },
        gaps: { completions: { from: 4, to: 6 }, trajectories: { from: 2, to: 2 }, operations: { from: 2, to: 2 } },
        rollouts: [madeRollout({ group: 1, sample: 0 }), madeRollout({ group: 1, sample: 1 })],
      },
    ],
  };
  expect(await openStore(loadConfig()).createNamed('replicas/here', JSON.stringify(claim))).toBe(true);
  await ship('completions', 8, [madeCompletion({ group: 9, sample: 0 })]);
  expect(await shown('ls')).toEqual([
    expect.stringMatching(/segment 2 of here's completions, and nobody said/),
    "Missing from the store: segment 4 to 6 of here's completions, lost with a gateway's volume. Nothing brings it back: ./anneal pool compact --past-losses goes on after it.",
    "Missing from the store: segment 7 of here's completions, and nobody said that it was lost. Bring it back from a backup of the store, or from the gateway's folder; if it is gone for good, ./anneal pool compact --past-losses goes on after it.",
    expect.stringMatching(/segment 2 of here's trajectories, lost with a gateway's volume\. Nothing brings it back/),
    "Missing from the store: segment 2 of here's operations, lost with a gateway's volume. Nothing waits for it.",
    `2 rollouts, first ${madeRollout({ group: 1, sample: 0 })}, may have lost records with a volume: what misses some is records_lost in the report.`,
  ]);
  const { losses } = JSON.parse(await pool('--json', 'ls')) as { losses: { missing: unknown[]; rollouts: unknown[] } };
  expect([losses.missing.length, losses.rollouts.length]).toEqual([5, 2]);
});

test('what the tables took in before it went is not missed', async () => {
  const store = openStore(loadConfig());
  const taken = madeSegment(
    'completions',
    1,
    all.map((of) => madeCompletion(of)),
  ).sealed;
  const applied = new Map([['anneal/here/completions', 1]]);
  const tables = { snapshots: { completions: { applied }, trajectories: { applied } } };
  const listed = {
    ...store,
    listNamed: async (prefix: string) => (await store.listNamed(prefix)).filter((key) => key !== segmentKey(taken)),
  };
  const { missing } = await poolLosses(listed as never, tables as never);
  expect(missing.some(({ stream, from }) => stream === 'completions' && from === 1)).toBe(false);
});

test('show says where the completions of a rollout merge, and why each break is one', async () => {
  const of = { group: 5, sample: 0 };
  const asked = (index: number, promptIds: number[], texts: string[], agent?: string) => ({
    ...madeCompletion({ ...of, index, tokens: [1, 2] }),
    ...{ promptIds, completionIds: [900 + index, 0], logprobs: [-1, -1] },
    turn: {
      ...{ dialect: 'chat', answer: { model: 'm', content: [{ type: 'text', text: `answer ${index}` }] } },
      request: {
        ...{ model: 'm', sampling: {}, stream: false, dropped: [] },
        messages: texts.map((text, at) => {
          return { role: at % 2 === 0 ? 'user' : 'assistant', content: [{ type: 'text', text }] };
        }),
      },
      upstream: { kind: 'vllm', model: 'm', streamed: false, end: 'whole', lost: [] },
      session: { group: 5, attempt: 0, ...(agent === undefined ? {} : { agent }) },
    },
  });
  const said = [
    asked(0, [1, 2], ['task']),
    asked(1, [1, 2, 900, 0, 3], ['task', 'answer 0', 'more']),
    asked(2, [1, 7], ['task and summary']),
    asked(3, [8, 9], ['helper'], 'main.1'),
  ];
  const rollout = madeRollout(of);
  await ship('completions', 9, said);
  await ship('trajectories', 3, [madeTrajectory(of, { completions: said.map(({ id }) => id) as never })]);
  const told = { ...madeOperation({ ...of, index: 0 }), kind: 'summarise', next: 2 };
  await ship('operations', 4, [
    told,
    { ...madeOperation({ ...of, index: 1 }), key: 'other', session: { group: 5, attempt: 3 } },
  ]);
  await pool('compact', '--past-losses');
  const shown = await pool('show', rollout);
  expect(shown).toMatch(/c0 +main +– +0 +4 +begins/);
  expect(shown).toMatch(/c1 +main +c0 +4 +3 *\n/);
  expect(shown).toMatch(/c2 +main +– +1 +3 +compaction +the agent\n/);
  expect(shown).toMatch(/c3 +main\.1 +– +0 +4 +sub-agent +the agent\n/);
  expect(shown).toContain(
    '\ncompaction: messages were left out or summarised\nsub-agent: a conversation of its own begins\n',
  );
  expect(shown).toContain('19 tokens, merged 14: 1.4 times fewer. Its agent registered 1 summarise.');
  const { merging } = JSON.parse(await pool('--json', 'show', rollout)) as { merging: { savings: unknown } };
  expect(merging.savings).toMatchObject({ before: 19, after: 14, breaks: { compaction: { completions: 1 } } });
  // One completion has nothing to merge with.
  expect(await pool('show', madeRollout({ group: 1, sample: 0 }))).not.toContain('goes on from');
});
