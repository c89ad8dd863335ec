// Questions to documents as commands see them: asking one, where it stands, how it ended.
import { createHash } from 'node:crypto';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type ExperimentSpec, experimentSpec } from '../../contracts/experiment.ts';
import { QUEUES, RESEARCH, researchKey, researchWorkflowId } from '../../contracts/names.ts';
import {
  type ResearchEnd,
  type ResearchInput,
  type ResearchName,
  type ResearchReport,
  type ResearchView,
  researchEnd,
  researchName,
  researchReport,
} from '../../contracts/research.ts';

export interface ResearchState {
  readonly research: ResearchName;
  /** Absent where its workflow is gone and only its end is left. */
  readonly view?: ResearchView;
  readonly end?: ResearchEnd;
  /** As soon as it is written. */
  readonly report?: ResearchReport;
  readonly experiment?: ExperimentSpec;
}

export type Researches = ReturnType<typeof createResearches>;

export function createResearches(client: Client, store: ArtifactStore) {
  async function named(research: ResearchName, what: string): Promise<unknown> {
    const found = await store.readNamed(researchKey(research, what));
    return found === undefined ? undefined : JSON.parse(new TextDecoder().decode(found.bytes));
  }
  const read = async (ref: unknown): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await store.get(artifactRef.parse(ref))));

  async function look(name: string): Promise<ResearchState> {
    const parsed = researchName.safeParse(name);
    const missing = (): AnnealError => new AnnealError('research.not_found', name);
    if (!parsed.success) throw missing();
    const research = parsed.data;
    const kept = await named(research, 'end');
    const end = kept === undefined ? undefined : researchEnd.parse(kept);
    const view = await client.workflow
      .getHandle(researchWorkflowId(research))
      .query<ResearchView>(RESEARCH.view)
      .catch((failure: unknown) => {
        if (!(failure instanceof WorkflowNotFoundError)) throw failure;
        if (end === undefined) throw missing();
        return undefined;
      });
    const report = end?.how === 'answered' ? end.report : view?.report;
    const spec =
      end?.how === 'answered' && end.experiment !== null && 'spec' in end.experiment ? end.experiment.spec : undefined;
    return {
      research,
      ...(view && { view }),
      ...(end && { end }),
      ...(report && { report: researchReport.parse(await read(report)) }),
      ...(spec && { experiment: experimentSpec.parse(await read(spec)) }),
    };
  }

  return {
    look,
    /** The same question to the same documents is one research: asked again, it is the one that there is, and nothing is asked of a model twice. */
    async ask(input: Omit<ResearchInput, 'schema' | 'research'>): Promise<ResearchName> {
      const research = nameOf(input);
      const kept = await named(research, 'end');
      if (kept === undefined || researchEnd.parse(kept).how === 'failed')
        await client.workflow.start('research', {
          workflowId: researchWorkflowId(research),
          taskQueue: QUEUES.control,
          args: [{ ...input, schema: 'anneal/research/v1', research } satisfies ResearchInput],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
      return research;
    },
    /** Newest first: those that Temporal still knows, and those whose end is kept. */
    async list(): Promise<ResearchState[]> {
      const running = await Array.fromAsync(client.workflow.list({ query: `WorkflowType = 'research'` }));
      const known = running
        .toSorted((a, b) => b.startTime.getTime() - a.startTime.getTime())
        .map(({ workflowId }) => workflowId.replace(/^research\//, ''));
      const kept = (await store.listNamed('research/'))
        .filter((key) => key.endsWith('/end'))
        .map((key) => key.slice('research/'.length, -'/end'.length));
      return Promise.all([...new Set([...known, ...kept])].map(look));
    },
    /** @throws AnnealError `research.not_handed_out` unless a human's decision was verified */
    async handedOut(name: string): Promise<{ experiment: ExperimentSpec; files: { name: string; text: string }[] }> {
      const { research, view, end } = await look(name);
      const ref = await named(research, 'handed-out');
      if (ref === undefined) {
        const why = view?.waitingFor === undefined ? 'was not handed out' : `waits for ${view.waitingFor}`;
        const none =
          end?.how === 'answered' && end.experiment?.how === 'none' ? `proposes none: ${end.experiment.why}` : why;
        throw new AnnealError('research.not_handed_out', `${research} ${none}`);
      }
      const experiment = experimentSpec.parse(await read(ref));
      const files = experiment.arms.map(async ({ name: arm, campaign }) => ({
        name: `${arm}.yaml`,
        text: new TextDecoder().decode(await store.get(campaign)),
      }));
      return { experiment, files: await Promise.all(files) };
    },
  };
}

export function nameOf({ question, corpus, base }: Pick<ResearchInput, 'question' | 'corpus' | 'base'>): ResearchName {
  const what = canonicalJson({ question, corpus: corpus.sha256, base: base?.sha256 ?? null });
  return researchName.parse(`research-${createHash('sha256').update(what).digest('hex').slice(0, 8)}`);
}
