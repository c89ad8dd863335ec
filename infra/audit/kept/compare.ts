// What is kept elsewhere, beside the log: who holds an old head can tell that the log was rewritten since, or put back from before.
import type { ArtifactStore } from '../../../contracts/artifact.ts';
import type { AuditHead } from '../../../contracts/audit.ts';
import type { HeadPlace } from '../../../contracts/audit-heads.ts';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { type AnnealError, asAnnealError } from '../../../contracts/errors.ts';
import { entryName, hashOf, textOf } from '../names.ts';
import type { AuditProblem, Checking } from '../verify.ts';

export interface ComparedPlace {
  readonly place: string;
  /** The newest entry that it knows of, by a head that passes; 0: none. Undefined where it was not read. */
  readonly last?: number;
  /** Why it was not. */
  readonly failure?: AnnealError;
}

export interface Kept {
  readonly places: readonly ComparedPlace[];
  /** Those that pass, of all places. */
  readonly heads: readonly AuditHead[];
  /** Of what lies in the places: lines that are no heads, and heads that nobody known has signed. */
  readonly problems: readonly AuditProblem[];
}

/** Reads all places at once. A place that does not answer is told as such. */
export async function readKept(places: readonly HeadPlace[], verifyBytes: Checking['verifyBytes']): Promise<Kept> {
  const read = await Promise.all(places.map((place) => readOne(place, verifyBytes)));
  return {
    places: read.map(({ compared }) => compared),
    heads: read.flatMap(({ heads }) => heads),
    problems: read.flatMap(({ problems }) => problems),
  };
}

async function readOne(place: HeadPlace, verifyBytes: Checking['verifyBytes']) {
  const [heads, problems]: [AuditHead[], AuditProblem[]] = [[], []];
  const there = await place.heads().catch((failure: unknown) => asAnnealError(failure));
  if (there === undefined) return { compared: { place: place.name }, heads, problems };
  if (there instanceof Error) return { compared: { place: place.name, failure: there }, heads, problems };
  const { name } = place;
  if (there.strange > 0) problems.push({ number: 0, what: `${name} holds ${there.strange} lines that are no heads` });
  for (const head of there.heads)
    try {
      verifyBytes(canonicalJson(head.body), head);
      heads.push(head);
    } catch (failure) {
      const why = asAnnealError(failure).message;
      problems.push({ number: head.body.number, what: `a head of it that ${name} holds: ${why}` });
    }
  const last = Math.max(0, ...heads.map(({ body }) => body.number));
  return { compared: { place: name, last }, heads, problems };
}

/** So many of each place's newest are looked at where the whole log is not read. */
const LOOKED_AT = 20;

/** Whether the log still has what heads were kept of. @returns the first that it has not */
export async function missedOf(
  heads: readonly AuditHead[],
  store: Pick<ArtifactStore, 'readNamed'>,
): Promise<AuditProblem | undefined> {
  const newest = [...new Map(heads.map((head) => [canonicalJson(head.body), head.body])).values()]
    .toSorted((a, b) => b.number - a.number)
    .slice(0, LOOKED_AT);
  for (const { number, entry } of newest) {
    const found = await store.readNamed(entryName(number));
    if (found === undefined)
      return { number, what: `entry ${number} is gone, of which a head is kept elsewhere; the log was cut off` };
    if (hashOf(textOf(found)) !== entry)
      return { number, what: `entry ${number} is another one than the head says that is kept elsewhere` };
  }
  return undefined;
}
