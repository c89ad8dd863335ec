// Promotion by evidence: what the workflow only hands on is read here, task by task, and judged by the pure rules.
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import type { CertifiedSpec, Look } from '../contracts/certified.ts';
import { AnnealError } from '../contracts/errors.ts';
import { sha256 } from '../contracts/ids.ts';
import type { EvaluationResult, Verdict } from '../contracts/policy-version.ts';
import { type Given, scanForSealed, scanForTasks } from '../evals/contamination/scan.ts';
import { alphaSpent } from '../policies/alpha-spending.ts';
import { capabilityOf } from '../policies/capability.ts';
import { outlook } from '../policies/certified-outlook.ts';
import { type CertifiedRule, type CertifiedVerdict, decideCertified } from '../policies/certified-promotion.ts';
import { noiseFloor } from '../policies/noise-floor.ts';
import { type LockedTask, pairOutcomes, type TaskRates } from '../policies/paired-outcomes.ts';
import { doubtOfCorrectness } from '../policies/promotion.ts';
import type { SliceDrift } from '../policies/slice-drift.ts';
import { gapState } from '../policies/visible-gap.ts';
import { perTask } from './evaluation.ts';
import type { CertifiedActivities } from './interface.ts';
import { guardedTask, textsOf } from './locked-tasks.ts';
import type { Documents } from './read.ts';

/** That a round's record lists: it crosses continue-as-new. */
const MOST_SLICES = 8;

export function createCertifiedActivities({
  documents,
  store,
}: {
  documents: Documents;
  store: Pick<ArtifactStore, 'get'>;
}): CertifiedActivities {
  return {
    async measureNoise({ spec: specRef, taskSet, first, second }) {
      const spec = await documents.spec(specRef);
      const locked = await gateTasks(taskSet);
      const [before, after] = await Promise.all([ratesOf(first), ratesOf(second)]);
      const { families } = pairOutcomes(locked, { after, before }, 'left-out');
      const discordance = families.reduce((sum, difference) => sum + difference ** 2, 0) / Math.max(1, families.length);
      const size = outlook({ families: families.length, discordance }, ruleOf(spec).own, spec.rounds);
      return { noise: noiseFloor(locked, before, after), size: size.why };
    },

    async judgeCandidate(input) {
      const { round, candidate, best, baseline, certified, visible } = input;
      const spec = await documents.spec(input.spec);
      const { own, rule } = ruleOf(spec);
      const locked = await gateTasks(input.taskSet);
      const [candidateRates, bestRates, roundZero] = await Promise.all([candidate, best, baseline].map(ratesOf));
      const gap = gapOf(own, { round, candidate, visible }, certified.gap);
      const look = certified.looks + 1;
      const decided = decideCertified(
        {
          locked,
          candidate: candidateRates!,
          best: bestRates!,
          roundZero: roundZero!,
          look,
          noise: certified.noise,
          flagged: certified.flagged,
          ...(gap === undefined ? {} : { gap }),
        },
        rule,
      );
      const { verdict, why } = withCorrectness(
        decided,
        doubtOfCorrectness(spec.promotion, { latest: candidate, baseline }),
      );
      const evidence = await documents.write({
        schema: 'anneal/look/v1',
        round,
        rule,
        look,
        verdict,
        why,
        decided,
        noise: certified.noise,
        measured: { candidate, best, baseline, ...(visible === undefined ? {} : { visible }) },
        ...(gap === undefined ? {} : { gap }),
      });
      return {
        verdict,
        why,
        flagged: [...decided.flagged],
        gap: gap?.progress ?? certified.gap,
        look: lookOf(decided, { look, spent: alphaSpent(look, rule.alpha), gap, evidence }),
      };
    },

    async scanGiven({ spec: specRef, taskSet, more = [] }) {
      const { harness } = await documents.spec(specRef);
      const lock = await documents.lock(taskSet);
      const [guarded, sealed, shared] = await Promise.all(
        (['gate', 'sealed', 'visible'] as const).map((split) => documents.splitOf(lock, split)),
      );
      const given: Given[] = [
        { kind: 'prompt', name: 'harness.system', text: harness.system },
        { kind: 'prompt', name: 'harness.prompt', text: harness.prompt },
        ...(harness.loop
          ? [{ kind: 'prompt' as const, name: 'harness.loop.guidelines', text: harness.loop.guidelines }]
          : []),
        ...(await Promise.all(more.map(async ({ kind, name, text }) => ({ kind, name, text: await textAt(text) })))),
      ];
      // The splits share no family, so that what the visible one says too is wording and no task's own.
      const common = shared!.tasks.flatMap(textsOf);
      const found = scanForTasks(given, guarded!.tasks.map(guardedTask), common);
      const unseen = scanForSealed(given, sealed!.tasks.map(guardedTask), common);
      const findings = [...found, ...unseen].map(({ why }) => why);
      if (findings.length === 0) return { findings, fingerprint: null };
      // Of what was found, not only of what is told: another task's words in the same prompt are asked about again.
      const known = found.map(({ name, overlaps }) => ({
        name,
        overlaps: overlaps.map(({ task, shared: runs }) => [task, runs]),
      }));
      // Of the sealed split only what is told: a hash over its tasks' names would let them be guessed.
      const all = unseen.length === 0 ? known : [...known, ...unseen.map(({ why }) => why)];
      return { findings, fingerprint: sha256.parse(createHash('sha256').update(canonicalJson(all)).digest('hex')) };
    },
  };

  async function textAt(ref: ArtifactRef): Promise<string> {
    return new TextDecoder().decode(await store.get(ref));
  }

  async function gateTasks(taskSet: ArtifactRef): Promise<LockedTask[]> {
    const { tasks } = await documents.splitOf(await documents.lock(taskSet), 'gate');
    return tasks.map((task) => ({ task: task.id, family: task.family, capability: capabilityOf(task) }));
  }

  async function ratesOf(result: EvaluationResult): Promise<TaskRates> {
    const rows: z.infer<typeof perTask> = await documents.read(perTask, result.perTask);
    return new Map(rows.flatMap(({ task, passes, samples }) => (samples === 0 ? [] : [[task, passes / samples]])));
  }
}

function ruleOf({ name, promotion }: CampaignSpec): { own: CertifiedSpec; rule: CertifiedRule } {
  const { certified: own, minGain, maxDrop } = promotion;
  if (own === undefined) throw new AnnealError('internal.bug', `${name} does not ask for certified promotion`);
  const { evidence, alpha, maxMissing, maxSliceDrop, falseBlock } = own;
  return { own, rule: { minGain, maxDrop, evidence, alpha, maxMissing, maxSliceDrop, falseBlock } };
}

function gapOf(
  { gap: rule }: CertifiedSpec,
  measured: { round: number; candidate: EvaluationResult; visible?: EvaluationResult | undefined },
  before: Parameters<typeof gapState>[2],
) {
  const { round, candidate, visible } = measured;
  if (rule === null || visible?.gain === undefined || candidate.gain === undefined) return undefined;
  return gapState([{ round, visible: visible.gain, held: candidate.gain }], rule, before);
}

/** A gain in passing may be the format's: what would be promoted is shown to a human where answers got worse. */
function withCorrectness(
  { verdict, why }: CertifiedVerdict,
  doubt: string | undefined,
): { verdict: Verdict; why: string } {
  if (verdict !== 'promote' || doubt === undefined) return { verdict, why };
  return { verdict: 'ask', why: `A human is asked: ${doubt}. By its evidence alone: ${why}` };
}

function lookOf(
  { gain, p, alpha, logE, slices }: CertifiedVerdict,
  more: { look: number; spent: number; gap: ReturnType<typeof gapOf>; evidence: ArtifactRef },
): Look {
  const { look, spent, gap, evidence } = more;
  return {
    look,
    ...{ gain, p, alpha, spent, logE },
    slices: slices
      .flatMap((slice) => (inDoubt(slice) ? [slice] : []))
      .sort((a, b) => a.after - a.before - (b.after - b.before))
      .slice(0, MOST_SLICES)
      .map(({ capability, finding, before, after }) => ({ capability, finding, before, after })),
    ...(gap?.gap === undefined ? {} : { gap: { ...gap.gap, frozen: gap.frozen } }),
    evidence,
  };
}

type InDoubt = SliceDrift & { readonly finding: Exclude<SliceDrift['finding'], 'none'> };
const inDoubt = (slice: SliceDrift): slice is InDoubt => slice.finding !== 'none';
