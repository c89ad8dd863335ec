// A gateway's name in the store. It belongs to one volume: the volume keeps it, and the store keeps which volume it is. A volume that
// comes up empty under a name that another one wrote under has replaced it: what the store has is taken over, what it has not is lost,
// and said so. The folder must be locked by the caller.
import { hash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import {
  type ReplicaClaim,
  replicaClaim,
  type SegmentGap,
  segmentGap,
  type VolumeLoss,
} from '../../contracts/replica.ts';
import { type ReplicaName, replicaName, type SegmentStream } from '../../contracts/segment.ts';
import { writeDurably } from './durable.ts';
import type { SegmentStore } from './store-source.ts';

const file = z.strictObject({
  schema: z.literal('anneal/volume/v1'),
  replica: replicaName,
  volume: z.uuid(),
  /** Whether the store has been told that it is written to: before that nothing is recorded. */
  told: z.boolean(),
  /** Sequences that were lost with volumes before it. */
  lost: z.strictObject({
    completions: z.array(segmentGap),
    trajectories: z.array(segmentGap),
    operations: z.array(segmentGap).default([]),
  }),
});
type Volume = z.infer<typeof file>;

/** What the store is told now and then. */
export interface Noted {
  readonly writing: Readonly<Record<SegmentStream, number>>;
  readonly open: readonly RolloutId[];
  /** Everything is in the store. */
  readonly clean: boolean;
}

export interface Replica {
  readonly name: ReplicaName;
  readonly lost: Readonly<Record<SegmentStream, readonly SegmentGap[]>>;
  /** Whether the store has not been told yet that this volume is written to: then it must be, by a note, before the first record. */
  readonly untold: boolean;
  /** @throws AnnealError `gateway.conflict` when another volume has taken the name */
  note(noted: Noted): Promise<void>;
}

export const claimKey = (replica: ReplicaName): string => `replicas/${replica}`;

/** Of a place where a gateway runs, such as a pod's name: the next one there takes the same name. */
export const replicaOfSeat = (seat: string): ReplicaName =>
  replicaName.parse(`gw-${hash('sha256', seat).slice(0, 16)}`);

const ATTEMPTS = 8;

export interface ClaimOptions {
  readonly dir: string;
  readonly store: SegmentStore;
  readonly seat: string;
  readonly log: (line: string) => void;
}

/**
 * @throws AnnealError `store.*` when the volume is new and the store cannot be told so
 */
export async function claimReplica({ dir, store, seat, log }: ClaimOptions): Promise<Replica> {
  const path = join(dir, 'replica.json');
  let volume = await readVolume(path);
  if (volume === undefined) {
    const lost = { completions: [], trajectories: [], operations: [] };
    const replica = replicaOfSeat(seat);
    volume = { schema: 'anneal/volume/v1', replica, volume: randomUUID(), told: false, lost };
    await writeVolume(dir, path, volume);
  }
  if (!volume.told) {
    const made = volume;
    const { losses } = await persuade(() => claimFor(store, made, log));
    const gaps = (stream: SegmentStream): SegmentGap[] => losses.flatMap((loss) => loss.gaps[stream] ?? []);
    const lost = {
      completions: gaps('completions'),
      trajectories: gaps('trajectories'),
      operations: gaps('operations'),
    };
    volume = { ...made, lost };
  }
  const own = volume;
  let told = own.told;

  return {
    name: own.replica,
    lost: own.lost,
    untold: !own.told,
    async note(noted) {
      // A volume that is written to again must not be believed to be at rest, whatever becomes of this process.
      if (noted.clean) await writeVolume(dir, path, { ...own, told: false });
      await change(store, own.replica, (claim) => {
        if (claim !== undefined && claim.volume !== own.volume) {
          const since = `another volume writes as ${own.replica} since ${claim.at}`;
          throw new AnnealError('gateway.conflict', `${since}: this one was taken for lost`);
        }
        const { clean, writing, open: opened } = noted;
        return { ...(claim ?? begun(own)), at: now(), clean, writing: { ...writing }, open: [...opened] };
      });
      if (!noted.clean && !told) await writeVolume(dir, path, { ...own, told: true });
      told = !noted.clean;
    },
  };
}

/** The claim with this volume in it. */
async function claimFor(store: SegmentStore, own: Volume, log: (line: string) => void): Promise<ReplicaClaim> {
  // What the store has is not lost. Nobody but the one who is being replaced could add to it.
  const known = await store.listNamed(`segments/${own.replica}/`);
  const highest = (stream: SegmentStream): number =>
    known.reduce((most, key) => (key.includes(`/${stream}/`) ? Math.max(most, Number(key.slice(-8))) : most), 0);
  return change(store, own.replica, (claim) => {
    if (claim?.volume === own.volume) return undefined;
    if (claim === undefined) return begun(own);
    const losses = claim.clean ? claim.losses : [...claim.losses, lossOf(claim, highest)];
    const loss = losses.at(-1);
    if (!claim.clean && loss !== undefined) {
      log(
        `the volume ${claim.volume} of ${own.replica} has vanished: ${loss.rollouts.length} rollouts may have lost records`,
      );
    }
    return { ...claim, volume: own.volume, at: now(), losses };
  });
}

function lossOf(claim: ReplicaClaim, highest: (stream: SegmentStream) => number): VolumeLoss {
  const { completions, trajectories, operations } = claim.writing;
  const gapOf = (stream: SegmentStream, writing: number): SegmentGap => {
    const from = highest(stream) + 1;
    return { from, to: Math.max(from, writing) };
  };
  return {
    reason: 'volume_vanished',
    volume: claim.volume,
    at: now(),
    gaps: {
      completions: gapOf('completions', completions),
      trajectories: gapOf('trajectories', trajectories),
      ...(operations === undefined ? {} : { operations: gapOf('operations', operations) }),
    },
    rollouts: claim.open,
  };
}

const begun = ({ replica, volume }: Volume): ReplicaClaim => ({
  ...{ schema: 'anneal/replica/v1', replica, volume, at: now(), clean: true },
  ...{ writing: { completions: 1, trajectories: 1, operations: 1 }, open: [], losses: [] },
});

/** Compare and swap; `next` says nothing where nothing is to be changed. */
async function change(
  store: SegmentStore,
  replica: ReplicaName,
  next: (claim: ReplicaClaim | undefined) => ReplicaClaim | undefined,
): Promise<ReplicaClaim> {
  const key = claimKey(replica);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await store.readNamed(key);
    const claim =
      found === undefined ? undefined : replicaClaim.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
    const wanted = next(claim);
    if (wanted === undefined) return claim!;
    if (await store.swapNamed(key, found?.tag ?? null, canonicalJson(wanted))) return wanted;
  }
  throw new AnnealError('store.conflict', `${key} is changed by somebody else again and again`);
}

const PATIENCE_MS = 30_000;

/** A store that is just starting too is waited for. */
async function persuade<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (let pause = 100; ; pause *= 2) {
    try {
      return await work();
    } catch (failure) {
      const passing = failure instanceof AnnealError && failure.retryable;
      if (!passing || performance.now() + pause > until) throw failure;
      await sleep(pause * (0.5 + Math.random() / 2));
    }
  }
}

const now = (): string => new Date().toISOString();

async function readVolume(path: string): Promise<Volume | undefined> {
  const text = await readFile(path, 'utf8').catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === 'ENOENT') return undefined;
    throw failure;
  });
  return text === undefined ? undefined : file.parse(JSON.parse(text));
}

const writeVolume = (dir: string, path: string, volume: Volume): Promise<void> =>
  writeDurably(dir, path, `${JSON.stringify(volume)}\n`);
