// Everything that the environment may say of a Temporal that is not ours and of the workers at it, in one piece for
// `infra/config.ts`: the way there, keys, slots, releases, the codec server, teams.
import { z } from 'zod';
import { type CodecSettings, codecSettings, codecVariables } from '../codec/settings.ts';
import { type Slots, slotsOf, slotVariables } from './queues.ts';
import { type TemporalAccess, temporalAccess, temporalVariables } from './settings.ts';
import { type Release, versioningVariables } from './versioning.ts';

export const productionVariables = {
  ...temporalVariables,
  ...slotVariables,
  ...versioningVariables,
  ...codecVariables,
  /** A YAML file with the teams (docs/temporal.md). Unset: whoever can reach Temporal may submit. */
  ANNEAL_TEAMS: z.string().min(1).optional(),
} as const;
const variables = z.object(productionVariables);

export interface Production {
  readonly access: TemporalAccess;
  readonly slots: Slots;
  /** ANNEAL_WORKER_DEPLOYMENT and ANNEAL_BUILD_ID; undefined: workers have no releases. */
  readonly workers: { readonly deploymentName: string; readonly buildId: string | undefined } | undefined;
  readonly codec: CodecSettings;
  readonly teamsFile: string | undefined;
  /** The variables as they were given: by these a child process reads the same. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * @param set what the variables came to
 * @param given the environment that they were read from
 * @throws AnnealError `cli.usage`
 */
export function productionOf(
  set: z.infer<typeof variables>,
  given: Readonly<Record<string, string | undefined>>,
  namespace: string,
): Production {
  const { ANNEAL_WORKER_DEPLOYMENT: deploymentName, ANNEAL_BUILD_ID: buildId } = set;
  return {
    access: temporalAccess(set, namespace),
    slots: slotsOf(set),
    workers: deploymentName === undefined ? undefined : { deploymentName, buildId },
    codec: codecSettings(set),
    teamsFile: set.ANNEAL_TEAMS,
    environment: Object.fromEntries(
      Object.keys(productionVariables).flatMap((name) => (given[name] ? [[name, given[name]]] : [])),
    ),
  };
}

/**
 * The release of a worker, for `releaseOptions`; undefined where workers have none.
 * @param version of the package
 * @param sources what identifies all the code that the worker runs, such as its hash
 */
export function releaseOf(
  { workers }: Pick<Production, 'workers'>,
  version: string,
  sources: string,
): Release | undefined {
  if (workers === undefined) return undefined;
  const derived = `${version}-${sources}`.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 63);
  return { deploymentName: workers.deploymentName, buildId: workers.buildId ?? derived };
}
