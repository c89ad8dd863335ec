// What a newcomer does, small, with the worker and the trainer killed on the way.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { campaignName, jobName } from '../../contracts/ids.ts';
import { verdict } from '../../contracts/policy-version.ts';
import { reproduction } from '../../contracts/reproduction.ts';
import { reverification } from '../../contracts/reverification.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createReleases } from '../../infra/releases/releases.ts';
import { auditIn } from '../support/audit.ts';
import { type Finished, type Journey, openJourney, until } from '../support/journey.ts';

const FILE = join(import.meta.dirname, 'small.yaml');
const SMALL = campaignName.parse('small');
const JOB = jobName.parse('small-r1-train');
const BASE = 'smollm2-135m-instruct';
const QUICKSTART = ['quickstart', '--yes', '--json', '--file', FILE];
const MINUTES = 60_000;

const rate = z.number().min(0).max(1);
const ci = z.tuple([z.number(), z.number()]);
/** The document that the issue promises, with the fields that it names. */
const promised = z.object({
  campaign: z.literal(SMALL),
  rounds: z.array(
    z.object({
      round: z.int().positive(),
      verdict,
      visible: z.object({ passRate: rate, ci }),
      gate: z.object({ passRate: rate, formatRate: rate, ci }),
      tokens: z.int().positive(),
      seconds: z.number().positive(),
    }),
  ),
  baseline: z.object({ passRate: rate, formatRate: rate, ci }),
  sealed: z.object({ before: rate, after: rate, ci }),
  conservation: z.object({
    prompts: z.int(),
    trained: z.int(),
    masked: z.record(z.string(), z.int()),
    cancelled: z.int(),
    balanced: z.boolean(),
  }),
  gates: z.array(
    z.object({
      gate: z.string(),
      option: z.string(),
      approver: z.string(),
      unattended: z.boolean(),
      selfApproved: z.boolean(),
    }),
  ),
  release: z.string().nullable(),
  report: z.string(),
  stages: z.array(z.object({ stage: z.string(), seconds: z.number() })),
});

let journey: Journey;
let left: string;
let first: Finished;
let document: z.infer<typeof promised>;

beforeAll(async () => {
  journey = await openJourney();
  const command = journey.start(QUICKSTART, { timeoutMs: 10 * MINUTES });
  const stillRuns = (): void => {
    if (!command.running()) throw new Error('the quickstart ended too early');
  };

  await until(
    'a rollout of round 1 has finished',
    async () => {
      stillRuns();
      const status = await journey.status(SMALL);
      return status?.stage === 'rollout' && (status.progress?.done ?? 0) >= 1 ? status : undefined;
    },
    3 * MINUTES,
  );
  // As a process leaves it that was killed: no process of this number began so early.
  left = mkdtempSync(join(tmpdir(), `anneal-door.${process.pid}-1-`));
  await journey.kill('worker');

  await until(
    'the trainer is amid its second step, and killed',
    () => {
      stillRuns();
      return journey.checkpointsOf(JOB).length >= 1 ? journey.killTrainer(JOB) : undefined;
    },
    5 * MINUTES,
    5,
  );
  first = await command.finished;
  if (first.code !== 0) console.error(first.stderr.slice(-4_000), journey.logTail('worker'));
}, 11 * MINUTES);

afterAll(async () => {
  rmSync(left, { recursive: true, force: true });
  await journey.end();
}, MINUTES);

describe('a quickstart whose worker and trainer are killed', () => {
  test('exits 0 and prints exactly the document that is promised', () => {
    expect(first.code).toBe(0);
    document = promised.parse(JSON.parse(first.stdout));
    expect(document.rounds.map((round) => round.round)).toEqual([1]);
    const stages = new Set(document.stages.map((stage) => stage.stage));
    for (const stage of ['construct', 'baseline', 'rollout', 'train', 'evaluate', 'sealed'])
      expect(stages).toContain(stage);
  });

  test('the worker that came after it removed what a killed one cannot', () => {
    expect(existsSync(left)).toBe(false);
  });

  test('the killed trainer went on from its checkpoint', () => {
    const log = readFileSync(join(journey.config.paths.jobs, JOB, 'log'), 'utf8');
    expect(log).toMatch(/resuming after step \d/);
  });

  test('every rollout is accounted for', () => {
    const { prompts, trained, masked, cancelled, balanced } = document.conservation;
    expect(balanced).toBe(true);
    expect(prompts).toBe(16);
    expect(trained).toBeGreaterThan(0);
    expect(trained + cancelled + Object.values(masked).reduce((sum, count) => sum + count, 0)).toBe(prompts);
    // A worker's death is nobody's failure: no sample is lost by it.
    expect(masked).not.toHaveProperty('infrastructure_failure');
    expect(masked).not.toHaveProperty('verifier_failure');
  });

  test('both gates were answered, and say that nobody was there', () => {
    expect(document.gates.map((gate) => gate.gate)).toEqual(['small.open-sealed-1', 'small.release-1']);
    for (const gate of document.gates)
      expect(gate).toMatchObject({ unattended: true, selfApproved: true, approver: 'local' });
  });

  test('what is released is signed and named; what is not, is kept by decision', async () => {
    const identity = createLocalIdentity(journey.config.paths.keys);
    const audit = auditIn(journey.config.home, journey.store, identity);
    const pointer = await createReleases(journey.store, identity, audit).current(BASE);
    const rolledBack = await journey.run(['rollback', '--json']);
    if (document.gates[1]?.option === 'release') {
      // `current` verifies the signature.
      expect(pointer?.manifest?.sha256).toBe(document.release);
      expect(pointer?.history).toHaveLength(1);
      expect(rolledBack.code, rolledBack.stderr).toBe(0);
      expect(JSON.parse(rolledBack.stdout)).toMatchObject({ moved: true, policy: null });
      expect((await journey.run(['release', '--json'])).code).toBe(4);
    } else {
      expect(document.release).toBeNull();
      expect(pointer).toBeUndefined();
      expect(rolledBack.code).toBe(4);
      expect(JSON.parse(rolledBack.stdout)).toMatchObject({ error: { code: 'release.nothing_to_roll_back' } });
    }
  });

  test('the report is one page that asks nothing of the network', () => {
    const html = readFileSync(document.report, 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).toContain('small');
    // A link is for a person to follow; everything that a browser would load by itself is not allowed.
    expect(html).not.toMatch(
      /<(script|img|iframe|link|source|video|audio)[^>]*\s(src|href)\s*=\s*["']?(https?:)?\/\//i,
    );
    expect(html).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\/|fetch\(|XMLHttpRequest|WebSocket/i);
  });

  test('ten seconds later no process is left', async () => {
    for (let second = 0; second < 10 && journey.processes().length > 0; second += 1) await sleep(1_000);
    expect(journey.processes()).toEqual([]);
  });

  test(
    'stored rollouts, judged once more, give the same bytes; by another version what differs is shown, and nothing is overwritten',
    async () => {
      expect((await journey.run(['pool', 'reverify', 'small'])).code).toBe(5);
      await journey.run(['up'], { timeoutMs: MINUTES });
      const again = await journey.run(['pool', 'reverify', 'small', '--json'], { timeoutMs: MINUTES });
      expect(again.code, again.stderr).toBe(0);
      const { reverification: found } = z.object({ reverification }).parse(JSON.parse(again.stdout));
      expect(found.rollouts.length).toBeGreaterThan(0);
      expect(found.rollouts.filter(({ difference }) => difference !== 'same')).toEqual([]);
      expect(found.rollouts.filter(({ purpose }) => purpose === 'sealed')).toEqual([]);
      const other = ['pool', 'reverify', 'small', '--verifier', 'python-function@2', '--round', '1'];
      const shown = await journey.run(other, { timeoutMs: MINUTES });
      expect(shown.code, shown.stderr).toBe(0);
      expect(shown.stdout).toMatch(/^small, judged again by python-function@2: \d+ of \d+ as before/);
      expect(await journey.store.listNamed('campaigns/small/reverified/')).toHaveLength(2);
      const wrong = await journey.run(['pool', 'reverify', 'small', '--verifier', 'python-function@9']);
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('python-function@1')]);
      expect((await journey.run(['pool', 'reverify', 'small', '--round', '7'])).code).toBe(4);
    },
    4 * MINUTES,
  );

  test(
    'run again from its manifest: task set, rewards, statistics and training are the same, and what cannot be run again is named',
    async () => {
      const again = await journey.run(['reproduce', 'small', '--training', '--json'], { timeoutMs: 4 * MINUTES });
      const { parts } = reproduction.parse(JSON.parse(again.stdout));
      const verdicts = Object.fromEntries(parts.map(({ part, verdict }) => [part, verdict]));
      expect(verdicts, again.stdout).toMatchObject({
        ...{ specification: 'same', 'task set': 'same', rewards: 'same', statistics: 'same', training: 'same' },
        ...{ rollouts: 'left', decisions: 'left' },
      });
      expect(again.code, again.stderr).toBe(0);
      expect((await journey.run(['reproduce', FILE])).code).toBe(2);
      expect((await journey.run(['down'])).code).toBe(0);
    },
    6 * MINUTES,
  );

  test(
    'the same command again gives the same result and runs nothing',
    async () => {
      const again = await journey.run(QUICKSTART, { timeoutMs: 2 * MINUTES });
      expect(again.code, again.stderr.slice(-2_000)).toBe(0);
      expect(JSON.parse(again.stdout)).toEqual(JSON.parse(first.stdout));
      expect(again.stderr).toContain('already ended');
      expect(again.stderr).toContain('change both its name and its seed');
      // Either its files or, where the release was refused, the command that asks again.
      expect(again.stderr).toContain(document.release ? './anneal release small --out' : './anneal resume small');
      expect(again.seconds).toBeLessThan(45);
    },
    3 * MINUTES,
  );
});
