// The artifact set of a campaign: one that was locked before, held against its lock, or one that is built by the steps of every set. Its
// tasks are those that one reply can do: a campaign's rollouts have one.
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type ArtifactSetLock, artifactSetLock, artifactSplit } from '../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import type { Browser } from '../../contracts/browser.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import { lockName } from '../../contracts/locked-set.ts';
import { whyNotDone } from '../single-turn/fit.ts';
import { type OpenTools, toolOf, whyNotRun } from '../verifiers/patch/tools.ts';
import { isShown, whyNotShown } from '../verifiers/rendered/tasks.ts';
import { type JudgedSetups, whyNotJudged } from '../verifiers/rubric/tasks.ts';
import { type BuildInput, buildSet } from './build-set.ts';
import { readJson } from './item-record.ts';
import { verifyLockedSet } from './locked-set.ts';
import { requireSigned, type VerifyBytes } from './signed-lock.ts';
import type { SourcePorts } from './source.ts';
import { sourceNamed } from './sources.ts';

/** Tasks that a message names. */
const TOLD = 3;

interface SignedSet {
  readonly lock: ArtifactSetLock;
  readonly ref: ArtifactRef;
  readonly signer: string;
  /** Of the open splits: the sealed one is left for its gate. */
  readonly tasks: readonly ArtifactTask[];
}

/**
 * A set as it was locked, whoever is to do and to judge it.
 * @throws AnnealError `tasks.lock_mismatch` when this store has no such lock, or a split differs from it; `tasks.unsigned` when nobody
 * known here signed the lock
 */
export async function openSignedSet(
  root: Sha256,
  store: Pick<ArtifactStore, 'get' | 'readNamed'>,
  verifyBytes: VerifyBytes,
): Promise<SignedSet> {
  const named = await store.readNamed(lockName(root));
  if (named === undefined)
    throw new AnnealError(
      'tasks.lock_mismatch',
      `this store has no lock of the root ${root}. ./anneal taskset lock writes one, into the store of the home that it is called with`,
    );
  const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named.bytes)));
  const lock = artifactSetLock.parse(await readJson(store, ref));
  if (lock.root !== root)
    throw new AnnealError(
      'tasks.lock_mismatch',
      `the lock that is kept for the root ${root} has the root ${lock.root}`,
    );
  const signer = await requireSigned(store, verifyBytes, { root, lock: ref });
  const open = [lock.splits.visible, lock.splits.gate];
  const splits = await Promise.all(open.map(async ({ object }) => artifactSplit.parse(await readJson(store, object))));
  verifyLockedSet(lock, splits);
  return { lock, ref, signer, tasks: splits.flatMap(({ tasks }) => tasks) };
}

/**
 * @throws AnnealError as openSignedSet; `task.invalid` when one reply cannot do its tasks, or they cannot be judged here;
 * `sandbox.unavailable` when they are shown in a browser and none is installed
 */
export async function openLockedSet(
  root: Sha256,
  store: Pick<ArtifactStore, 'get' | 'readNamed'>,
  of: {
    readonly verifyBytes: VerifyBytes;
    readonly judged?: JudgedSetups;
    /** Of the machine that will judge; undefined: nobody here knows. */
    readonly tools?: OpenTools | undefined;
    /** Of the same machine; null: it has none. */
    readonly browser?: Browser | null | undefined;
    /** Of the campaign; one question and one reply where it is missing. */
    readonly harness?: Pick<CampaignSpec['harness'], 'kind'>;
  },
): Promise<Omit<SignedSet, 'tasks'>> {
  const { judged, tools, browser } = of;
  const { tasks: all, ...opened } = await openSignedSet(root, store, of.verifyBytes);
  refuseUnfit(
    all.map((task) => ({ id: task.id, why: whyNotDone(task, of.harness ?? {}) })),
    'done by its harness',
  );
  refuseUnfit(
    all.map((task) => ({ id: task.id, why: whyNotJudged(task, judged) })),
    'judged',
  );
  if (tools !== undefined && all.some((task) => toolOf(task) !== undefined)) {
    const have = new Set((await tools()).keys());
    refuseUnfit(
      all.map((task) => ({ id: task.id, why: whyNotRun(task, have) })),
      'judged',
    );
  }
  if (browser !== undefined && all.some(isShown)) {
    refuseUnfit(
      all.map((task) => ({ id: task.id, why: whyNotShown(task, browser) })),
      'judged',
    );
    await browser?.describe();
  }
  return opened;
}

/** @throws AnnealError `task.invalid` */
export function refuseUnfit(
  tasks: readonly { readonly id: string; readonly why: string | undefined }[],
  what: string,
): void {
  const unfit = tasks.flatMap(({ id, why }) => (why === undefined ? [] : [`${id} ${why}`]));
  if (unfit.length === 0) return;
  const more = unfit.length > TOLD ? `; and ${unfit.length - TOLD} more` : '';
  throw new AnnealError(
    'task.invalid',
    `${unfit.length} of ${tasks.length} tasks cannot be ${what}: ${unfit.slice(0, TOLD).join('; ')}${more}`,
  );
}

type Building = Pick<BuildInput, 'store' | 'instruments' | 'parallel'> &
  Partial<Pick<BuildInput, 'onProgress' | 'passRates' | 'signal'>>;

/** @throws AnnealError `spec.invalid` where the source is unknown or cannot read its options; as buildSet */
export async function buildCampaignSet(
  { name, seed, harness, tasks }: Pick<CampaignSpec, 'name' | 'seed' | 'harness' | 'tasks'>,
  ports: Omit<SourcePorts, 'seed'>,
  building: Building,
  judged?: JudgedSetups,
): Promise<ArtifactSetLock> {
  const build = tasks.source === 'artifact-set' ? tasks.build : undefined;
  const { kind: kindName, ...own } = build?.from ?? { kind: '' };
  const kind = sourceNamed(kindName);
  const options = kind?.options.safeParse(own);
  if (build === undefined || kind === undefined || options?.success !== true)
    throw new AnnealError(
      'spec.invalid',
      `${name} names no source that this build has, or options that it cannot read`,
    );
  const { most, splits, difficulty, licences, alike } = build;
  const known = [
    { kind: 'prompt', name: 'harness.system', text: harness.system },
    { kind: 'prompt', name: 'harness.prompt', text: harness.prompt },
    ...(harness.loop
      ? [{ kind: 'prompt' as const, name: 'harness.loop.guidelines', text: harness.loop.guidelines }]
      : []),
  ] as const;
  const { lock } = await buildSet({
    ...{ name, seed, most, shares: splits, ...building },
    source: await kind.open(options.data, { ...ports, seed }),
    sieve: {
      difficulty,
      licences,
      alike,
      known,
      unfit: (task) => whyNotDone(task, harness) ?? whyNotJudged(task, judged),
    },
  });
  return lock;
}
