// Incidents as pages show them: from the store, Temporal's history, and, while one runs, its workflow.
import { z } from 'zod';
import { artifactRef } from '../../contracts/artifact.ts';
import { commitId } from '../../contracts/change.ts';
import { type Diagnosis, diagnosis as diagnosisSchema } from '../../contracts/diagnosis.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type ForgeTold, forgeTold } from '../../contracts/forge.ts';
import {
  type IncidentEnd,
  type IncidentInput,
  type IncidentName,
  type IncidentView,
  incidentEnd,
  incidentInput,
  incidentName,
  type RevertEnd,
  revertEnd,
} from '../../contracts/incident.ts';
import { INCIDENT, incidentKey, incidentWorkflowId, isTicket } from '../../contracts/names.ts';
import type { ConsolePorts } from '../ports.ts';
import {
  byName,
  type CaseRun,
  gatesOf,
  givenBy,
  historyOf,
  type Page,
  pageOf,
  resultOf,
  runsOf,
  versionOfView,
  viewOf,
} from './cases.ts';
import { type Changes, changesOf } from './changes.ts';
import { namedOf, objectOf } from './kept.ts';
import type { Readable } from './rollouts.ts';

const FOLDER = 'incidents/';
const PREFIX = 'incident/';

export interface IncidentRow {
  readonly name: string;
  readonly run: CaseRun | undefined;
  readonly input: IncidentInput | undefined;
  readonly end: Readable<IncidentEnd> | undefined;
  readonly view: IncidentView | undefined;
  /** The last means that made a proposal, with its model or remedy. */
  readonly means: string | undefined;
}

const analysed = z.looseObject({ diagnosis: artifactRef, own: z.boolean() });
const began = z.looseObject({ base: commitId, at: z.iso.datetime() });
const proposedWith = z.looseObject({ how: z.string(), with: z.string().optional() });
export const reproduced = z.union([
  z.looseObject({
    how: z.literal('ran'),
    runner: z.string(),
    passing: z.int().nonnegative(),
    failing: z.array(z.string()),
  }),
  z.looseObject({ how: z.literal('none'), why: z.string() }),
]);

export interface LookedAtIncident {
  readonly name: IncidentName;
  readonly input: IncidentInput | undefined;
  readonly view: IncidentView | undefined;
  /** Temporal cannot be asked for its history now, and why. */
  readonly unanswered: AnnealError | undefined;
  readonly end: Readable<IncidentEnd> | undefined;
  readonly began: z.infer<typeof began> | undefined;
  /** Whether all of its logs were written by jobs of this installation; undefined before they were read. */
  readonly ownLogs: boolean | undefined;
  readonly diagnosis: Readable<Diagnosis> | undefined;
  readonly reproduced: z.infer<typeof reproduced> | undefined;
  readonly changes: Changes;
  /** Gates that have been answered or told of, by name. */
  readonly gates: readonly string[];
  readonly forge: Readable<ForgeTold> | undefined;
  readonly reverted: Readable<RevertEnd> | undefined;
}

export type IncidentReader = ReturnType<typeof createIncidentReader>;

export function createIncidentReader({ temporal, store }: Pick<ConsolePorts, 'temporal' | 'store'>) {
  const inputOf = givenBy(temporal, PREFIX, incidentInput);

  async function rowOf(name: string, run: CaseRun | undefined, keys: readonly string[]): Promise<IncidentRow> {
    const last = keys.findLast((key) => key.startsWith('proposals/') && key !== 'proposals/revert');
    const [input, end, proposed] = await Promise.all([
      run && inputOf(run),
      keys.includes('end') ? namedOf(store, `${FOLDER}${name}/end`, incidentEnd) : undefined,
      last === undefined ? undefined : namedOf(store, `${FOLDER}${name}/${last}`, proposedWith),
    ]);
    const isRunning = run !== undefined && run.closedAt === undefined;
    const view = isRunning ? await viewOf<IncidentView>(temporal, `${PREFIX}${name}`, INCIDENT.view) : undefined;
    return { name, run, input, end, view, means: meansOf(last, proposed?.value?.with) };
  }

  return {
    /** The newest first; those whose history Temporal has dropped come last, by name. */
    async list(page: number): Promise<Page<IncidentRow>> {
      const [{ runs, cut }, keys] = await Promise.all([
        runsOf(await temporal(), 'incident', PREFIX),
        store.listNamed(FOLDER),
      ]);
      const kept = byName(keys, FOLDER);
      const names = [...runs.keys(), ...[...kept.keys()].filter((name) => !runs.has(name)).sort()];
      return pageOf(names, { page, cut }, (name) => rowOf(name, runs.get(name), kept.get(name) ?? []));
    },

    /** @throws AnnealError `incident.not_found` */
    async look(text: string): Promise<LookedAtIncident> {
      const parsed = incidentName.safeParse(text);
      const missing = (): AnnealError =>
        new AnnealError('incident.not_found', `no incident is called ${text.slice(0, 60)}`);
      if (!parsed.success || isTicket(parsed.data)) throw missing();
      const name = parsed.data;
      const keys = (await store.listNamed(incidentKey(name, ''))).map((key) => key.slice(incidentKey(name, '').length));
      const { history, why } = await historyOf(temporal, incidentWorkflowId(name));
      if (keys.length === 0 && history === undefined) throw why ?? missing();
      const part = <T>(key: string, schema: z.ZodType<T>): Promise<Readable<T> | undefined> =>
        keys.includes(key) ? namedOf(store, incidentKey(name, key), schema) : Promise.resolve(undefined);
      const [end, first, logs, forge, reverted, gates] = await Promise.all([
        part('end', incidentEnd),
        part('began', began),
        part('analysed', analysed),
        part('forge', forgeTold),
        part('reverted', revertEnd),
        // One to bring it to the branch, one to take it back.
        gatesOf(store, [`${name}.merge-1`, `${name}.merge-2`]),
      ]);
      const [diagnosis, changes, view] = await Promise.all([
        logs?.value
          ? objectOf(store, logs.value.diagnosis, diagnosisSchema)
          : (logs as Readable<Diagnosis> | undefined),
        changesOf(store, name, keys, history),
        isOver(end) ? undefined : viewOf<IncidentView>(temporal, incidentWorkflowId(name), INCIDENT.view),
      ]);
      return {
        ...{ name, view, unanswered: why, end, diagnosis, changes, gates, forge, reverted },
        input: incidentInput.safeParse(history?.input).data,
        began: first?.value,
        ownLogs: logs?.value?.own,
        reproduced: reproduced.safeParse(resultOf(history, 'reproduce')).data,
      };
    },

    /** Changes with where it stands; undefined while nobody answers. */
    async version(name: string): Promise<string | undefined> {
      const parsed = incidentName.safeParse(name);
      if (!parsed.success) return undefined;
      return versionOfView(await viewOf(temporal, incidentWorkflowId(parsed.data), INCIDENT.view));
    },
  };
}

/** What is merged stays so; a case that failed may be opened anew. */
const isOver = (end: Readable<IncidentEnd> | undefined): boolean =>
  end?.value !== undefined && end.value.how !== 'failed';

function meansOf(key: string | undefined, by: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  const means = key.startsWith('proposals/remedies') ? 'remedy' : 'coding agent';
  return by === undefined ? means : `${means} ${by}`;
}
