import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { certifiedSpec } from '../contracts/certified.ts';
import { campaignName, makePolicyName, sha256, taskId } from '../contracts/ids.ts';
import type { Estimate, EvaluationResult } from '../contracts/policy-version.ts';
import type { Split, Task } from '../contracts/task.ts';
import { lockTaskSet } from '../evals/construction/lock.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { recordCampaign } from '../tests/support/recorded-campaign.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';
import { createCertifiedActivities } from './certified.ts';
import type { GivenText } from './interface.ts';
import { createDocuments, type Documents } from './read.ts';

const FAMILIES = 40;
const SECRET =
  'Write a Python function `hidden` that walks the seven bridges in turn and counts those crossed exactly twice.';
const SEALED =
  'Write a Python function `buried` that lists every lighthouse whose lamp was lit on exactly as many nights as its keeper slept.';
const root = mkdtempSync(join(tmpdir(), 'certified-'));
let documents: Documents;
let store: ArtifactStore;
let taskSet: ArtifactRef;
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Half of the functions are of `math`, half of `str`. */
const tasksOf = (split: Split): Task[] =>
  Array.from({ length: FAMILIES }, (_, n) => ({
    id: taskId.parse(`${moduleOf(n)}.${split}${n}#plain`),
    family: `${moduleOf(n)}.${split}${n}`,
    phrasing: 'plain',
    instruction:
      n === 0 && split === 'gate'
        ? SECRET
        : n === 0 && split === 'sealed'
          ? SEALED
          : 'Reply with only a short python code block and nothing that stands before or after it.',
    entrypoint: { name: 'f', parameters: ['a'] },
    verifier: { name: 'python-function', version: 1 },
    cases: [{ args: [{ t: 'none' }], expected: { t: 'none' } }],
    gold: 'def f(a): pass',
  }));
const moduleOf = (n: number): string => (n % 2 === 0 ? 'math' : 'str');

beforeAll(async () => {
  store = createFolderStore(join(root, 'store'));
  documents = createDocuments(store);
  const splits = { visible: tasksOf('visible'), gate: tasksOf('gate'), sealed: tasksOf('sealed') };
  const built = { splits, considered: 3 * FAMILIES, dropped: [], python: 'CPython 3.12' };
  taskSet = await documents.write(
    await lockTaskSet(built, { source: 'math', seed: 1, put: (bytes) => store.put(bytes) }),
  );
});

const specOf = (changes: Partial<CampaignSpec> = {}, certified: object = {}) =>
  documents.write({
    ...scriptedSpec('judged', changes),
    promotion: { minGain: 0, maxDrop: 0.1, maxCorrectnessDrop: 0.2, certified: certifiedSpec.parse(certified) },
  });

const about = (value: number, half = 0.02): Estimate => ({
  value,
  low: value - half,
  high: value + half,
  n: 80,
  clusters: 40,
});

/** By task number: whether it passed; undefined: nothing was graded. */
async function evaluated(
  version: number,
  passed: (n: number) => boolean | undefined,
  more: Partial<EvaluationResult> = {},
) {
  const rows = tasksOf('gate').flatMap(({ id, family }, n) => {
    const passes = passed(n);
    return passes === undefined ? [] : [{ task: id, family, passes: Number(passes), formatted: 1, samples: 1 }];
  });
  const value = rows.filter(({ passes }) => passes === 1).length / rows.length;
  return {
    policy: makePolicyName(campaignName.parse('judged'), version),
    ...{ split: 'gate' as const, passRate: about(value), formatRate: about(1), meanReward: about(value) },
    ...{ correctWhenFormatted: about(0.5), masked: 0, tokens: 0, root: sha256.parse('0'.repeat(64)) },
    perTask: await documents.write(rows),
    ...more,
  };
}

const steady = { noise: { floor: 0.05, steady: true, why: '' }, looks: 0, flagged: [], gap: { calm: 0 } };
const start = (n: number): boolean => n < 10;

async function judge(
  passed: (n: number) => boolean | undefined,
  more: {
    spec?: ArtifactRef;
    gate?: Partial<EvaluationResult>;
    visible?: number;
    certified?: Partial<typeof steady>;
  } = {},
) {
  const baseline = await evaluated(0, start);
  const visible = more.visible === undefined ? {} : { visible: { ...baseline, gain: about(more.visible) } };
  return createCertifiedActivities({ documents, store }).judgeCandidate({
    ...{ spec: more.spec ?? (await specOf()), taskSet, round: 1, best: baseline, baseline, ...visible },
    candidate: await evaluated(1, passed, more.gate),
    certified: { ...steady, ...more.certified },
  });
}

describe('a look at a candidate', () => {
  it('promotes an evident gain, by tasks read from the store, and leaves its evidence', async () => {
    const { verdict, why, look } = await judge((n) => n < 24);
    expect([verdict, why]).toEqual([
      'promote',
      expect.stringMatching(/^Promoted: 60\.0% against 25\.0% of the best version on 40 tasks in 40 families/),
    ]);
    expect(look).toMatchObject({ look: 1, gain: 0.35, slices: [] });
    expect(look.spent).toBe(look.alpha);
    const text = new TextDecoder().decode(await createFolderStore(join(root, 'store')).get(look.evidence));
    expect(JSON.parse(text)).toMatchObject({
      verdict: 'promote',
      rule: { alpha: 0.05 },
      decided: { slices: [{ capability: 'math' }, { capability: 'str' }] },
    });
  });

  it('spends less at a later look, and more where the campaign says so', async () => {
    const first = await judge((n) => n < 18);
    expect((await judge((n) => n < 18, { certified: { looks: 9 } })).look).toMatchObject({
      look: 10,
      alpha: first.look.alpha / 100,
    });
    expect((await judge((n) => n < 18, { spec: await specOf({}, { alpha: 0.1 }) })).look.alpha).toBeCloseTo(
      2 * first.look.alpha,
      12,
    );
    expect([first.verdict, (await judge((n) => n < 18, { certified: { looks: 9 } })).verdict]).toEqual([
      'promote',
      'hold',
    ]);
  });

  it('holds what lacks results, and says which slice was lost', async () => {
    expect((await judge((n) => (n < 5 ? undefined : n < 30))).why).toContain('5 of 40 tasks lack a result');
    // All of str turned, and math is gone.
    const { verdict, why, look, flagged } = await judge((n) => n % 2 === 1, { spec: await specOf({}, { alpha: 0.1 }) });
    expect([verdict, flagged]).toEqual(['hold', ['math']]);
    expect(why).toMatch(/lost against version 0: math/);
    expect(look.slices).toMatchObject([{ capability: 'math', finding: 'lost', before: 0.25, after: 0 }]);
  });

  it('freezes on a shown gap, and thaws by what it carries', async () => {
    const gate = { gain: about(0.1) };
    const frozen = await judge((n) => n < 24, { gate, visible: 0.4 });
    expect([frozen.verdict, frozen.gap]).toEqual(['hold', { calm: 0, since: 1 }]);
    expect(frozen.why).toContain('promotion is frozen');
    expect(frozen.look.gap).toMatchObject({ frozen: true });
    const calm = (count: number) =>
      judge((n) => n < 24, { gate, visible: 0.1, certified: { gap: { calm: count, since: 1 } as never } });
    expect((await calm(1)).verdict).toBe('hold');
    expect(await calm(2)).toMatchObject({ verdict: 'promote', gap: { calm: 3 } });
    const without = await judge((n) => n < 24, { gate, visible: 0.4, spec: await specOf({}, { gap: null }) });
    expect([without.verdict, without.look.gap]).toEqual(['promote', undefined]);
  });

  it('asks where the format was learnt at the cost of the answers', async () => {
    const { verdict, why } = await judge((n) => n < 24, { gate: { correctWhenFormatted: about(0.2) } });
    expect([verdict, why]).toEqual([
      'ask',
      expect.stringMatching(/fell from 50\.0% to 20\.0%.*By its evidence alone: Promoted/),
    ]);
  });
});

describe('the noise floor', () => {
  it('comes with what a set of this size can certify', async () => {
    const measure = async (again: (n: number) => boolean, certified = {}) =>
      createCertifiedActivities({ documents, store }).measureNoise({
        ...{ spec: await specOf({ rounds: 20 }, certified), taskSet },
        ...{ first: await evaluated(0, start), second: await evaluated(0, again) },
      });
    const { noise, size } = await measure((n) => n > 1 && n < 12);
    expect(noise).toMatchObject({ steady: true, floor: 0.1 });
    expect(size).toMatch(/^This set is too small to certify a gain of 10\.0 points.*40 families.*0\.100/);
    expect((await measure((n) => n > 1 && n < 12, { gain: 0.9 })).size).toMatch(
      /^A gain of 90\.0 points can be certified/,
    );
    expect((await measure((n) => n < 30)).noise).toMatchObject({ steady: false });
  });
});

describe('what the policy is given', () => {
  const scan = async (prompt: string, system = '', more: readonly GivenText[] = []) =>
    createCertifiedActivities({ documents, store }).scanGiven({
      ...{ taskSet, more },
      spec: await specOf({ harness: { ...scriptedSpec('judged').harness, prompt, system } }),
    });

  it('is searched for the words of gate tasks, which are not repeated', async () => {
    const { findings, fingerprint } = await scan(`Careful. ${SECRET} {instruction}`);
    expect(findings).toEqual([
      expect.stringMatching(/^The prompt harness\.prompt shares \d+ of \d+ runs of words with math\.gate0#plain/),
    ]);
    expect(findings.join()).not.toMatch(/bridges/);
    expect((await scan(`Careful! ${SECRET} {instruction}`)).fingerprint).toBe(fingerprint);
    expect((await scan(`{instruction}`, SECRET)).fingerprint).not.toBe(fingerprint);
  });

  it('is searched for the sealed split too, of which neither words nor names are told', async () => {
    const { findings, fingerprint } = await scan(`Careful. ${SEALED} {instruction}`);
    expect(findings).toEqual([
      expect.stringMatching(/^The prompt harness\.prompt shares \d+ of \d+ runs of words with 1 sealed task\.$/),
    ]);
    expect(findings.join()).not.toMatch(/lighthouse|math|gate0|sealed0/);
    const both = await scan(`${SECRET} {instruction}`, SEALED);
    expect(both.findings).toHaveLength(2);
    expect(new Set([fingerprint, both.fingerprint, (await scan(`${SECRET} {instruction}`)).fingerprint]).size).toBe(3);
  });

  it('may be more than prompts: named texts of the store, of a patch what it adds', async () => {
    const text = async (of: string) => store.put(of);
    const diff = (sign: string) => `--- a/s.md\n+++ b/s.md\n@@ -1 +1 @@\n${sign}${SEALED}\n`;
    const { findings } = await scan('{instruction}', '', [
      { kind: 'skill', name: 'bridges.md', text: await text(SECRET) },
      { kind: 'memory', name: 'nothing.md', text: await text('Read the docstring first.') },
      { kind: 'patch', name: 'r3.diff', text: await text(diff('+')) },
      { kind: 'patch', name: 'r4.diff', text: await text(diff('-')) },
    ]);
    expect(findings.map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
      'The skill bridges.md',
      'The patch r3.diff',
    ]);
  });

  it('may say what the visible split says too', async () => {
    const wording = 'Reply with only a short python code block and nothing that stands before or after it.';
    expect(await scan(`{instruction} ${wording}`)).toEqual({ findings: [], fingerprint: null });
  });
});

describe('what is planned', () => {
  const certified = {
    promotion: { ...scriptedSpec('quickstart').promotion, certified: certifiedSpec.parse({ gap: { tasks: 1 + 1 } }) },
  };

  it('is measured with other seeds by purpose and round, and the books balance', async () => {
    const campaign = await recordCampaign(join(root, 'balanced'), certified);
    await campaign.start();
    const base = { spec: campaign.state.spec, taskSet: campaign.state.taskSet!, policy: campaign.state.policies[0]! };
    const plan = async (split: Split, round: number, again = false) =>
      campaign.activities.planEvaluation({ ...base, split, round, again });
    const seeds = async (handle: Awaited<ReturnType<typeof plan>>) =>
      (await campaign.documents.plan(handle.plan)).rollouts.map(({ seed }) => seed);
    const [again, visible] = [await plan('gate', 0, true), await plan('visible', 0)];
    const all = await Promise.all(
      [plan('gate', 0), plan('gate', 1), again, visible].map(async (handle) => seeds(await handle)),
    );
    expect(new Set(all.flat()).size).toBe(all.flat().length);
    await campaign.record(again);
    await campaign.record(visible, 1);
    const ended = await campaign.report('cancelled');
    expect(ended.conservation).toMatchObject({ balanced: true });
    expect(ended.conservation.others).toContainEqual({
      purpose: 'visible',
      requested: 4,
      recorded: 1,
      cancelled: 3,
      balanced: true,
    });
    expect((await campaign.report('refused')).conservation.balanced).toBe(false);
  });

  it('keeps the same draws for every version where promotion is by estimates', async () => {
    const campaign = await recordCampaign(join(root, 'estimated'));
    const base = {
      spec: campaign.state.spec,
      taskSet: await campaign.documents.write(campaign.lock),
      policy: campaign.state.policies[0]!,
    };
    const seeds = async (round: number) => {
      const { plan } = await campaign.activities.planEvaluation({ ...base, split: 'gate', round });
      return (await campaign.documents.plan(plan)).rollouts.map(({ seed }) => seed);
    };
    expect(await seeds(1)).toEqual(await seeds(2));
  });
});
