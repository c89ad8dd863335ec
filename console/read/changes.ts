// What was proposed in a case, one try after the other: the change, what its tests say, its review, the request that it was brought to a merge by.
import { z } from 'zod';
import { artifactRef } from '../../contracts/artifact.ts';
import { type CheckedChange, checkedChange, pathFinding, proposedChange } from '../../contracts/change.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { IncidentName, MergeRequest, Reviewed } from '../../contracts/incident.ts';
import { mergeRequest, reviewed as reviewedSchema } from '../../contracts/incident.ts';
import { incidentKey, reviewName } from '../../contracts/names.ts';
import type { ReadHistory } from '../../contracts/share.ts';
import type { ConsolePorts } from '../ports.ts';
import { bytesOf, namedOf, objectOf } from './kept.ts';
import type { Readable } from './rollouts.ts';

type Store = ConsolePorts['store'];

/** As it was kept when it was made. */
const kept = z.union([
  z.looseObject({ how: z.literal('proposed'), proposal: artifactRef }),
  z.looseObject({ how: z.literal('unfit'), with: z.string(), why: z.string() }),
  z.looseObject({ how: z.literal('none'), why: z.string() }),
]);
const judgedOf = z.looseObject({ proposal: artifactRef });
const judged = z.looseObject({
  how: z.enum(['checked', 'none']),
  why: z.string().optional(),
  checked: checkedChange.optional(),
  paths: z.array(pathFinding).catch([]),
});
export type Judged = z.infer<typeof judged>;

export interface LookedAtChange {
  /** `coding-agent-2`: by which means, which try. */
  readonly key: string;
  readonly kept: Readable<z.infer<typeof kept>>;
  readonly proposal: Readable<z.infer<typeof proposedChange>> | undefined;
  /** Of the newest alone. */
  readonly patch: Readable<Uint8Array> | undefined;
  readonly judged: Judged | undefined;
  readonly reviewed: Readable<Reviewed> | undefined;
  readonly request: Readable<MergeRequest> | undefined;
}

export interface Changes {
  readonly all: readonly LookedAtChange[];
  /** Tries that are not read for the page. */
  readonly left: number;
}

/** On one page; remedies and agents have fewer tries together. */
const MOST_TRIES = 20;
const MOST_PATCHES = 4;

/** @param keys that the store has of the case */
export async function changesOf(
  store: Store,
  name: IncidentName,
  keys: readonly string[],
  history: ReadHistory | undefined,
): Promise<Changes> {
  const tries = keys
    .filter((key) => key.startsWith('proposals/'))
    .map((key) => key.slice('proposals/'.length))
    .toSorted((a, b) => placeOf(a) - placeOf(b) || a.localeCompare(b, 'en', { numeric: true }));
  const shown = tries.slice(-MOST_TRIES);
  const all = shown.map((key, at) =>
    one(store, name, { key, keys, history, withPatch: at >= shown.length - MOST_PATCHES }),
  );
  return { all: await Promise.all(all), left: tries.length - shown.length };
}

/** Remedies are tried first; what takes a change back comes after it. */
const placeOf = (key: string): number => (key.startsWith('remedies') ? 0 : key === 'revert' ? 2 : 1);

async function one(
  store: Store,
  name: IncidentName,
  of: { key: string; keys: readonly string[]; history: ReadHistory | undefined; withPatch: boolean },
): Promise<LookedAtChange> {
  const found = (await namedOf(store, incidentKey(name, `proposals/${of.key}`), kept)) ?? GONE;
  const made = found.value?.how === 'proposed' ? found.value.proposal : undefined;
  const base = { key: of.key, kept: found, judged: made && judgedIn(of.history, made.sha256) };
  if (made === undefined)
    return { ...base, proposal: undefined, patch: undefined, reviewed: undefined, request: undefined };
  const proposal = await objectOf(store, made, proposedChange);
  const change = proposal.value;
  const requestKey = change && `requests/${change.id}`;
  const [patch, reviewed, request] = await Promise.all([
    change && of.withPatch ? bytesOf(store, change.patch) : undefined,
    namedOf(store, reviewName(made.sha256), reviewedSchema),
    requestKey && of.keys.includes(requestKey) ? requestOf(store, incidentKey(name, requestKey)) : undefined,
  ]);
  return { ...base, proposal, patch, reviewed, request };
}

const GONE: { readonly value?: undefined; readonly why: AnnealError } = {
  why: new AnnealError('store.corrupt_object', 'it is gone'),
};

async function requestOf(store: Store, key: string): Promise<Readable<MergeRequest> | undefined> {
  const ref = await namedOf(store, key, artifactRef);
  if (ref === undefined || ref.value === undefined) return ref;
  return objectOf(store, ref.value, mergeRequest);
}

/** What its tests said, by the workflow's history: of what was not brought to a merge it stands nowhere else. */
function judgedIn(history: ReadHistory | undefined, proposal: string): Judged | undefined {
  const of = history?.done.findLast(
    ({ type, input }) => type === 'judgeChange' && judgedOf.safeParse(input).data?.proposal.sha256 === proposal,
  );
  return of && judged.safeParse(of.result).data;
}

/** What is known of its tests: what it was brought to a merge by, else what its judging came to. */
export const testsOf = ({ request, judged: by }: LookedAtChange): CheckedChange | undefined =>
  request?.value?.checked ?? by?.checked;
