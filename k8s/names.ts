// Names of objects, and how long they may be. A JobSet whose pods' names would be too long is accepted and then does nothing
// (jobset #302), so the length is looked at before anything is created.
import type { Problem } from '../contracts/errors.ts';
import type { JobName } from '../contracts/ids.ts';

/** DNS labels: names of pods, and the host names made from them. */
const LONGEST = 63;
/** More attempts than this are refused by the retry policy long before. */
const MOST_ATTEMPTS = 99;
/** What the API server appends to the name of a pod: `-x7k2p`. */
const RANDOM_SUFFIX = 6;
/** The one replicated job of a JobSet; short, since it becomes part of every pod's name. */
export const REPLICATED_JOB = 'w';

/** An attempt is an object of its own: a name is never used twice, so no old pod can be taken for a new one. */
export const attemptName = (job: JobName, attempt: number): string => `${job}-a${attempt}`;

/** The ConfigMap that owns everything of a campaign. */
export const ownerName = (campaign: string): string => `anneal-${campaign}`;

/** What serves a campaign's policies. */
export const serverName = (campaign: string): string => `${campaign}-policy`;

/** JOBSET-REPLICATEDJOB-INDEX-POD-RANDOM, the longest name that follows from a job's. */
export const longestPodName = (job: string, pods: number): number =>
  `${job}-a${MOST_ATTEMPTS}-${REPLICATED_JOB}-0-${Math.max(0, pods - 1)}`.length + RANDOM_SUFFIX;

/**
 * What is wrong with a campaign's name on Kubernetes: its longest job is that of the last round, and its ConfigMap and a
 * label end as it does. Refused only here: campaigns that ran elsewhere may have names that end in a dash.
 */
export function nameProblems(campaign: { readonly name: string; readonly rounds: number }, pods: number): Problem[] {
  const { name } = campaign;
  const job = `${name}-r${campaign.rounds}-train`;
  const over = Math.max(0, longestPodName(job, pods) - LONGEST);
  const bare = name.slice(0, name.length - over).replace(/-+$/, '');
  if (over > 0)
    return [
      {
        code: 'cluster.name_too_long',
        path: 'name',
        expected: `at most ${name.length - over} characters, since pods are called ${job}-a${MOST_ATTEMPTS}-${REPLICATED_JOB}-0-${pods - 1}-xxxxx`,
        got: `${name.length} characters`,
        hint: `Shorten the campaign's name by ${name.length - bare.length}: ${bare}.`,
      },
    ];
  if (bare === name) return [];
  return [
    {
      code: 'spec.out_of_range',
      path: 'name',
      expected: 'a last letter or digit: objects are called by it, and Kubernetes lets no name end in a dash',
      got: name,
      hint: `Write ${bare}.`,
    },
  ];
}
