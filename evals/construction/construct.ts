// Construction: from Python's own standard library to a certified task set in three splits. Same specification, seed and Python:
// same bytes.
import type { StdlibTasksSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { taskId } from '../../contracts/ids.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { DroppedTask, Split, Task } from '../../contracts/task.ts';
import { ROW_VERIFIER, VERIFIER } from '../verifiers/python-function/grade.ts';
import { CATALOGUE, NEVER } from './catalogue.ts';
import { certify, showsHidden, type Unit } from './certify.ts';
import { candidatePairs, composedDraft, pickSpread } from './compose.ts';
import { type Draft, functionDraft } from './draft.ts';
import type { ConstructedTaskSet } from './lock.ts';
import { PHRASINGS } from './phrasings.ts';
import { type Probed, probeCompositions, probeFunctions } from './probe.ts';
import { apportion, SPLITS, splitFamilies } from './split.ts';

export interface ConstructInput {
  readonly spec: StdlibTasksSpec;
  readonly seed: number;
  readonly sandbox: Sandbox;
  readonly onProgress?: (progress: { done: number; total: number; unit: string }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads the standard library, generates and certifies tasks, and splits them by function.
 *
 * `exclude` and `only` name functions (`math.floor`); kin of an excluded function stay. Dropped functions and compositions
 * count once in `considered`, kept ones once for each task.
 * @throws AnnealError `tasks.source_failed`, `tasks.none_left`, `spec.impossible_split`, `sandbox.*`, `verifier.failed`; what
 *   the signal was aborted with
 */
export async function constructTaskSet(input: ConstructInput): Promise<ConstructedTaskSet> {
  const { spec, seed, sandbox, signal } = input;
  const progress = createProgress(input.onProgress);
  signal?.throwIfAborted();
  progress.start(1, 'reading the standard library');
  const probed = await probeFunctions(sandbox, {
    modules: spec.modules,
    only: spec.only ?? null,
    exclude: spec.exclude,
    described: Object.fromEntries([...CATALOGUE].map(([family, { parameters }]) => [family, parameters])),
    never: NEVER,
    seed,
    cases: spec.casesPerTask,
  });
  progress.add(1);
  const dropped = dropsOf(probed);
  const drafts = await certified(probed.found.map(functionDraft), { ...input, progress, dropped });
  if (drafts.length === 0)
    throw new AnnealError(
      'tasks.none_left',
      `none of ${dropped.length} functions became a task: ${firstReasons(dropped)}`,
    );

  const bySplit = splitFamilies({
    families: drafts.map((draft) => draft.family),
    shares: spec.splits,
    seed,
    kin: probed.kin,
  });
  const wanted = apportion(spec.compositions, spec.splits);
  const pairs = SPLITS.flatMap((split) => {
    const unary = drafts.filter((draft) => bySplit.get(draft.family) === split && draft.unary);
    return candidatePairs(unary, { count: wanted[split], seed, split, kin: probed.kin });
  });
  signal?.throwIfAborted();
  const parts = pairs.map(({ inner, outer }) => ({ inner: inner.probed, outer: outer.probed }));
  const composed = await probeCompositions(sandbox, { pairs: parts.map(bare), seed, cases: spec.casesPerTask });
  dropped.push(...dropsOf(composed));
  const found = new Map(composed.found.map((item) => [item.family, item]));
  const compositions = SPLITS.flatMap((split) => {
    const possible = pairs.filter((pair) => pair.split === split && found.has(pair.family));
    return pickSpread(possible, wanted[split]).map((pair) => composedDraft(pair, found.get(pair.family)!));
  });
  const kept = await certified(compositions, { ...input, progress, dropped });

  const phrasings = PHRASINGS.slice(0, spec.phrasings);
  // A lock names its tasks' verifier, so that sets which do not ask for another keep theirs.
  const verifier = spec.secretInputs === true ? ROW_VERIFIER : VERIFIER;
  const splits: Record<Split, Task[]> = { visible: [], gate: [], sealed: [] };
  for (const draft of drafts) {
    for (const phrasing of phrasings) splits[bySplit.get(draft.family)!].push(taskOf(draft, phrasing, verifier));
  }
  // One task a composition; the wordings take turns.
  for (const [index, draft] of kept.entries()) {
    const split = bySplit.get(draft.family.split('+')[0]!)!;
    splits[split].push(taskOf(draft, phrasings[index % phrasings.length]!, verifier));
  }
  for (const split of SPLITS) splits[split].sort((a, b) => (a.id < b.id ? -1 : 1));
  const tasks = SPLITS.reduce((sum, split) => sum + splits[split].length, 0);
  return { splits, considered: tasks + dropped.length, dropped: dropped.sort(byId), python: probed.python };
}

function taskOf(draft: Draft, [phrasing, write]: (typeof PHRASINGS)[number], verifier: Task['verifier']): Task {
  return {
    id: taskId.parse(`${draft.family}#${phrasing}`),
    family: draft.family,
    phrasing,
    instruction: write(draft.wording),
    entrypoint: { name: draft.wording.name, parameters: [...draft.wording.parameters] },
    verifier: { ...verifier },
    cases: [...draft.cases],
    gold: draft.gold,
  };
}

/** The drafts that pass certification; the others are added to `dropped`. */
async function certified<T extends Draft>(
  drafts: readonly T[],
  context: ConstructInput & { readonly progress: Progress; readonly dropped: DroppedTask[] },
): Promise<T[]> {
  const { sandbox, seed, signal, progress, dropped } = context;
  progress.start(drafts.length, 'certificates');
  const units = drafts.map(
    (draft): Unit => ({
      family: draft.family,
      entry: draft.wording.name,
      parameters: draft.wording.parameters,
      gold: draft.gold,
      cases: draft.cases,
    }),
  );
  const refused = await certify(sandbox, units, { seed, signal, onUnit: progress.add });
  for (const draft of drafts) {
    if (showsHidden(draft.cases, draft.wording.examples)) refused.set(draft.family, 'an example is a hidden case');
  }
  for (const [family, reason] of refused) dropped.push({ id: family, family, reason });
  return drafts.filter((draft) => !refused.has(draft.family));
}

interface Progress {
  readonly start: (total: number, unit: string) => void;
  readonly add: (count: number) => void;
}

function createProgress(report: ConstructInput['onProgress']): Progress {
  let now = { done: 0, total: 0, unit: '' };
  return {
    start(total, unit) {
      now = { done: 0, total, unit };
      report?.(now);
    },
    add(count) {
      now = { ...now, done: now.done + count };
      report?.(now);
    },
  };
}

function bare({ inner, outer }: { inner: Draft['probed']; outer: Draft['probed'] }) {
  const part = ({ family, kinds, form }: Draft['probed']) => ({ family, kinds, form });
  return { inner: part(inner), outer: part(outer) };
}

const dropsOf = (probed: Probed<unknown>): DroppedTask[] =>
  probed.dropped.map(({ family, reason }) => ({ id: family, family, reason }));

const byId = (a: DroppedTask, b: DroppedTask): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const firstReasons = (dropped: readonly DroppedTask[]): string =>
  [...new Set(dropped.map(({ reason }) => reason))].slice(0, 3).join('; ') || 'no function was selected';
