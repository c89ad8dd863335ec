// Certification of a task of any format by its own verifier: its gold must be rewarded, always in the same words, and nothing that was
// not worked for may be. A task that fails in one way is looked at in all the others too, so that its author sees everything at once.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { ArtifactTask, Deliverable } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { createRandom } from '../../policies/random.ts';
import { type Artifact, artifactOf, undeclared } from '../verifiers/artifact.ts';
import { artifactVerifierFor } from '../verifiers/artifact-registry.ts';
import { type Judged, judgeArtifact } from '../verifiers/judge.ts';
import type { ArtifactVerifier, Instruments } from '../verifiers/verifier.ts';
import { mutants } from './mutants.ts';

export interface Certificate {
  readonly task: ArtifactTask['id'];
  readonly verifier: ArtifactTask['verifier'];
  readonly kept: boolean;
  /** Why it is dropped, all at once; empty when it is kept. */
  readonly reasons: readonly string[];
  /** Gold with one value flipped: how many of those were refused. Some may be as good as the gold, all of them hardly. */
  readonly flips: { readonly tried: number; readonly refused: number };
}

export interface Certifying {
  readonly store: Pick<ArtifactStore, 'get'>;
  readonly instruments: Instruments;
  readonly seed: number;
  /** Judgements of the gold that must be byte-identical. */
  readonly reruns?: number;
  /** For verifiers that are not registered. */
  readonly verifier?: ArtifactVerifier;
}

const RERUNS = 3;
const FLIPS = 6;
const NO_SHARES = { process: 0, speed: 0 };

/**
 * @throws AnnealError `sandbox.*`, `environment.unusable`, `judge.unavailable`: nothing is known of the task then; `store.*`
 */
export async function certifyArtifactTask(task: ArtifactTask, options: Certifying): Promise<Certificate> {
  const verifier = options.verifier ?? registered(task);
  if ('why' in verifier) return certificate(task, [verifier.why], { tried: 0, refused: 0 });
  const [gold, given] = await Promise.all([load(options.store, task.gold), load(options.store, task.given)]);
  const reasons = formOf(task, verifier, gold);
  const check = verifier.check.safeParse(task.check);
  // Judging needs a check that can be read; everything else is told all the same.
  if (!check.success) return certificate(task, reasons, { tried: 0, refused: 0 });

  const { instruments } = options;
  const judge: Judge = async (name, artifact, judgedTask = task) => {
    const judged = await judgeArtifact({ task: judgedTask, verifier, artifact, given, shares: NO_SHARES, instruments });
    if ('reward' in judged) return judged;
    // A machine that breaks says nothing of the task, neither for it nor against it.
    if (judged.outcome === 'infrastructure_failure') throw new AnnealError('sandbox.failed', judged.reason);
    if (judged.reason.startsWith('judge.unavailable')) throw new AnnealError('judge.unavailable', judged.reason);
    reasons.push(`${name} cannot be judged: ${judged.reason}`);
    return undefined;
  };
  const solved = async (...asked: Parameters<Judge>): Promise<boolean> =>
    (await judge(...asked))?.reward.solved === true;

  const first = await judge('the gold', gold);
  // What the verifier cannot do for the gold it can do for nothing else.
  if (first === undefined) return certificate(task, reasons, { tried: 0, refused: 0 });
  if (!first.reward.solved) reasons.push(`the gold is not rewarded: ${whyNot(first)}`);
  for (let rerun = 1; rerun < (options.reruns ?? RERUNS); rerun += 1) {
    if (canonicalJson((await judge('the gold', gold)) ?? null) === canonicalJson(first)) continue;
    reasons.push('a second judgement of the gold differs from the first');
    break;
  }
  for (const [name, artifact] of unworked(task, gold, given, options.seed)) {
    const { total = 0, solved: whole = false } = (await judge(name, artifact))?.reward ?? {};
    if (total > 0) reasons.push(whole ? `${name} is rewarded` : `${name} earns ${Number(total.toFixed(3))}`);
  }
  const impossible = { ...task, check: verifier.impossible(check.data) as ArtifactTask['check'] };
  if (await solved('an impossible variant', gold, impossible))
    reasons.push('the gold is rewarded although one expected value was flipped');

  const tried = mutants(gold, createRandom('flips', options.seed, task.id), FLIPS);
  let refused = 0;
  for (const one of tried) refused += (await solved('the gold with a value flipped', one)) ? 0 : 1;
  if (tried.length > 0 && refused === 0)
    reasons.push(`the gold is rewarded with each of ${tried.length} values flipped`);
  return certificate(task, reasons, { tried: tried.length, refused });
}

/** A task of a verifier that is not there is no task; the others of its set are. */
function registered({ verifier }: ArtifactTask): ArtifactVerifier | { readonly why: string } {
  try {
    return artifactVerifierFor(verifier);
  } catch (failure) {
    if (failure instanceof AnnealError && failure.code === 'verifier.failed') return { why: failure.message };
    throw failure;
  }
}

type Known = Extract<Judged, { reward: unknown }>;
type Judge = (name: string, artifact: Artifact, task?: ArtifactTask) => Promise<Known | undefined>;

const certificate = (task: ArtifactTask, reasons: readonly string[], tried: Certificate['flips']): Certificate => ({
  task: task.id,
  verifier: task.verifier,
  kept: reasons.length === 0,
  reasons,
  flips: tried,
});

/** What can be told without judging. */
function formOf(task: ArtifactTask, verifier: ArtifactVerifier, gold: Artifact): string[] {
  const reasons: string[] = [];
  if (verifier.format !== task.format)
    reasons.push(`${verifier.ref.name} judges ${verifier.format}, not ${task.format}`);
  const check = verifier.check.safeParse(task.check);
  for (const { path, message } of check.success ? [] : check.error.issues)
    reasons.push(`check.${path.join('.')}: ${message}`);
  if (check.success) reasons.push(...(verifier.unfit?.(check.data) ?? []));
  if (gold.size === 0) reasons.push('there is no gold');
  for (const { path, why } of undeclared(gold, task.deliverables)) reasons.push(`the gold: ${path} ${why}`.trim());
  if (task.instruction.includes(task.canary)) reasons.push('the instruction shows the canary');
  return reasons;
}

/** Answers that nobody worked for. */
function unworked(task: ArtifactTask, gold: Artifact, given: Artifact, seed: number): [string, Artifact][] {
  const everywhere = (content: (path: string) => string | Uint8Array): Artifact =>
    artifactOf(Object.fromEntries([...gold.keys()].map((path) => [path, content(path)])));
  const random = createRandom('certify', seed, task.id);
  const noise = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => random.below(256));
  return [
    ['nothing', new Map()],
    ['an empty file', everywhere(() => '')],
    ['{}', everywhere(() => '{}')],
    ['[]', everywhere(() => '[]')],
    ['what was given, unchanged', onlyDeclared(given, task.deliverables)],
    ['random bytes', everywhere((path) => noise(gold.get(path)!.length))],
    ['random text', everywhere((path) => Buffer.from(noise(gold.get(path)!.length)).toString('base64'))],
  ];
}

const onlyDeclared = (given: Artifact, deliverables: readonly Deliverable[]): Artifact =>
  new Map([...given].filter(([path]) => deliverables.some((one) => undeclaredBy(one, path))));
const undeclaredBy = ({ path: declared }: Deliverable, path: string): boolean =>
  declared.endsWith('/') ? path.startsWith(declared) : path === declared;

async function load(store: Certifying['store'], files: ArtifactTask['gold']): Promise<Artifact> {
  const contents = await Promise.all(
    Object.entries(files).map(async ([path, ref]) => [path, await store.get(ref)] as const),
  );
  return new Map(contents);
}

function whyNot({ judgement }: Known): string {
  const gate = judgement.gates.find(({ passed }) => !passed);
  if (gate !== undefined) return `${gate.name}: ${gate.why}`;
  const short = judgement.components.filter(({ kind, score }) => kind === 'outcome' && score < 1);
  return short.map(({ name, why }) => `${name}: ${why}`).join('; ') || 'it has no component';
}
