// Questions to documents as pages show them: where one stands, its report, the experiment that it proposes.
import { z } from 'zod';
import { artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type ExperimentSpec, experimentSpec } from '../../contracts/experiment.ts';
import { RESEARCH, researchKey, researchWorkflowId } from '../../contracts/names.ts';
import {
  type ResearchEnd,
  type ResearchInput,
  type ResearchName,
  type ResearchReport,
  type ResearchView,
  researchEnd,
  researchInput,
  researchName,
  researchReport,
} from '../../contracts/research.ts';
import { nameFailure } from '../../infra/temporal/away.ts';
import type { ConsolePorts } from '../ports.ts';
import { byName, type CaseRun, gatesOf, givenBy, type Page, pageOf, runsOf, versionOfView, viewOf } from './cases.ts';
import { namedOf, objectOf } from './kept.ts';
import type { Readable } from './rollouts.ts';

const FOLDER = 'research/';
const PREFIX = 'research/';

export interface ResearchRow {
  readonly name: string;
  readonly run: CaseRun | undefined;
  readonly question: string | undefined;
  readonly owner: string | undefined;
  readonly end: Readable<ResearchEnd> | undefined;
  readonly view: ResearchView | undefined;
}

const written = z.looseObject({ report: artifactRef });
const proposed = z.looseObject({ how: z.string(), spec: experimentSpec.optional(), why: z.string().optional() });

export interface LookedAtResearch {
  readonly name: ResearchName;
  readonly input: ResearchInput | undefined;
  readonly view: ResearchView | undefined;
  readonly unanswered: AnnealError | undefined;
  readonly startedAt: Date | undefined;
  readonly end: Readable<ResearchEnd> | undefined;
  readonly report: Readable<ResearchReport> | undefined;
  readonly experiment: Readable<ExperimentSpec> | undefined;
  /** Why there is none, where one was asked for. */
  readonly noExperiment: string | undefined;
  /** A human has said that its campaign files may be taken. */
  readonly handedOut: boolean;
  readonly gates: readonly string[];
}

export type ResearchReader = ReturnType<typeof createResearchReader>;

export function createResearchReader({ temporal, store }: Pick<ConsolePorts, 'temporal' | 'store'>) {
  const inputOf = givenBy(temporal, PREFIX, researchInput);

  async function rowOf(name: string, run: CaseRun | undefined, keys: readonly string[]): Promise<ResearchRow> {
    const [input, end] = await Promise.all([
      run && inputOf(run),
      keys.includes('end') ? namedOf(store, `${FOLDER}${name}/end`, researchEnd) : undefined,
    ]);
    const isRunning = run !== undefined && run.closedAt === undefined;
    const view = isRunning ? await viewOf<ResearchView>(temporal, `${PREFIX}${name}`, RESEARCH.view) : undefined;
    // Where its history is gone, what was asked stands in its report.
    const report =
      input === undefined && end?.value?.how === 'answered'
        ? (await objectOf(store, end.value.report, researchReport)).value
        : undefined;
    return { name, run, question: input?.question ?? report?.question, owner: input?.owner, end, view };
  }

  async function runOf(name: ResearchName): Promise<{ readonly run?: CaseRun; readonly why?: AnnealError }> {
    try {
      const client = await temporal();
      const { runId, startTime, closeTime } = await client.workflow.getHandle(researchWorkflowId(name)).describe();
      return { run: { name, run: runId, startedAt: startTime, ...(closeTime && { closedAt: closeTime }) } };
    } catch (failure) {
      const why = nameFailure(failure);
      return why.code === 'stack.temporal_unavailable' || why.code === 'stack.not_running' ? { why } : {};
    }
  }

  return {
    /** The newest first; those whose history Temporal has dropped come last, by name. */
    async list(page: number): Promise<Page<ResearchRow>> {
      const [{ runs, cut }, keys] = await Promise.all([
        runsOf(await temporal(), 'research', PREFIX),
        store.listNamed(FOLDER),
      ]);
      const kept = byName(keys, FOLDER);
      const names = [...runs.keys(), ...[...kept.keys()].filter((name) => !runs.has(name)).sort()];
      return pageOf(names, { page, cut }, (name) => rowOf(name, runs.get(name), kept.get(name) ?? []));
    },

    /** @throws AnnealError `research.not_found` */
    async look(text: string): Promise<LookedAtResearch> {
      const parsed = researchName.safeParse(text);
      const missing = (): AnnealError =>
        new AnnealError('research.not_found', `no research is called ${text.slice(0, 60)}`);
      if (!parsed.success) throw missing();
      const name = parsed.data;
      const folder = researchKey(name, '');
      const keys = (await store.listNamed(folder)).map((key) => key.slice(folder.length));
      const { run, why } = await runOf(name);
      if (keys.length === 0 && run === undefined) throw why ?? missing();
      const part = <T>(key: string, schema: z.ZodType<T>): Promise<Readable<T> | undefined> =>
        keys.includes(key) ? namedOf(store, researchKey(name, key), schema) : Promise.resolve(undefined);
      const [end, wrote, experiment, input, gates] = await Promise.all([
        part('end', researchEnd),
        part('written', written),
        part('experiment', proposed),
        run && inputOf(run),
        gatesOf(store, [`${name}.plan-1`]),
      ]);
      const report =
        wrote === undefined || wrote.value === undefined
          ? wrote
          : await objectOf(store, wrote.value.report, researchReport);
      const isOver = end?.value?.how === 'answered';
      const view = isOver ? undefined : await viewOf<ResearchView>(temporal, researchWorkflowId(name), RESEARCH.view);
      const spec = experiment?.value?.spec;
      return {
        ...{ name, input, view, unanswered: why, startedAt: run?.startedAt, end, report, gates },
        experiment: experiment?.value === undefined ? experiment : spec && { value: spec },
        noExperiment: spec === undefined ? experiment?.value?.why : undefined,
        handedOut: keys.includes('handed-out'),
      };
    },

    async version(text: string): Promise<string | undefined> {
      const name = researchName.safeParse(text);
      if (!name.success) return undefined;
      return versionOfView(await viewOf(temporal, researchWorkflowId(name.data), RESEARCH.view));
    },
  };
}
