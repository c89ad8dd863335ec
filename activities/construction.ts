// Building and locking the task set, once a campaign.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import type { Browser } from '../contracts/browser.ts';
import type { ArtifactTasksSpec, CampaignSpec, StdlibTasksSpec } from '../contracts/campaign.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type SourceFiles, sourceFiles, sourceFilesName } from '../contracts/locked-set.ts';
import { countsOf } from '../contracts/pass-rates.ts';
import type { Sandbox } from '../contracts/ports.ts';
import type { BuildProgress } from '../evals/construction/build-set.ts';
import { buildCampaignSet, openLockedSet } from '../evals/construction/campaign-set.ts';
import { constructTaskSet } from '../evals/construction/construct.ts';
import { lockTaskSet } from '../evals/construction/lock.ts';
import type { VerifyBytes } from '../evals/construction/signed-lock.ts';
import type { SourcePorts } from '../evals/construction/source.ts';
import type { OpenTools } from '../evals/verifiers/patch/tools.ts';
import type { ConstructionActivities } from './interface.ts';
import type { Judges } from './judges.ts';
import type { Documents } from './read.ts';
import { shippedPassRates } from './starting-pass-rates.ts';

type Readers = Pick<SourcePorts, 'openRepository' | 'readFile' | 'readFolder' | 'keep'>;

export interface ConstructionPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly sandbox: Sandbox;
  /** Readers over what was carried at submission; whoever opens them closes them. */
  readonly layOut: (files: SourceFiles) => Promise<Readers & { close(): Promise<void> }>;
  /** Of the identity: a set that was locked before is taken only where somebody known here signed it. */
  readonly verifyBytes: VerifyBytes;
  /** Of campaigns that name one. */
  readonly judges?: Pick<Judges, 'of'>;
  readonly tools?: OpenTools;
  /** Shows pages, documents and decks; null where there is none. */
  readonly browser?: Browser | null;
  /** Items of a source at a time. */
  readonly parallel: number;
}

type Tell = (progress: { done: number; total: number; unit: string }) => void;

export function createConstructionActivities(ports: ConstructionPorts): ConstructionActivities {
  const { store, documents, sandbox } = ports;
  return {
    async buildTaskSet({ campaign, spec: specRef }) {
      const name = `campaigns/${campaign}/task-set`;
      const made = await store.readNamed(name);
      if (made !== undefined) return artifactRef.parse(JSON.parse(new TextDecoder().decode(made.bytes)));

      const spec = await documents.spec(specRef);
      let progress = { done: 0, total: 0, unit: 'tasks' };
      const beat = setInterval(() => heartbeat(progress), 1_000);
      const tell: Tell = (now) => {
        progress = now;
      };
      try {
        const { tasks } = spec;
        const ref =
          tasks.source === 'python-stdlib' ? await functions(spec, tasks, tell) : await artifacts(spec, tasks, tell);
        await store.createNamed(name, JSON.stringify(ref));
        return ref;
      } finally {
        clearInterval(beat);
      }
    },
  };

  async function functions({ seed }: CampaignSpec, tasks: StdlibTasksSpec, onProgress: Tell): Promise<ArtifactRef> {
    const signal = cancellationSignal();
    const built = await constructTaskSet({ spec: tasks, seed, sandbox, signal, onProgress });
    const lock = await lockTaskSet(built, { source: tasks.source, seed, put: (bytes) => store.put(bytes) });
    return documents.write(lock);
  }

  /** What was done of a set's items is on record in the store: another attempt goes on from there. */
  async function artifacts(spec: CampaignSpec, tasks: ArtifactTasksSpec, tell: Tell): Promise<ArtifactRef> {
    const judge = spec.judge === undefined ? undefined : await ports.judges?.of(spec.name);
    const judged = judge && new Set(judge.calibrations.map((one) => one.judge.setup));
    if (tasks.root !== undefined) {
      const { verifyBytes, tools, browser } = ports;
      const fit = { verifyBytes, judged, tools, browser, harness: spec.harness };
      return (await openLockedSet(tasks.root, store, fit)).ref;
    }
    const tools = await ports.tools?.();
    const { browser } = ports;
    const measured = await shippedPassRates(store, spec);
    const readers = await ports.layOut(await carried(spec.name));
    try {
      const building = {
        ...{
          store,
          instruments: { sandbox, ...(judge && { judge }), ...(tools && { tools }), ...(browser && { browser }) },
          parallel: ports.parallel,
          ...(measured === undefined ? {} : { passRates: countsOf(measured) }),
          signal: cancellationSignal(),
        },
        onProgress: (now: BuildProgress) => tell(inWords(now)),
      };
      return await documents.write(await buildCampaignSet(spec, { ...readers, sandbox, store }, building, judged));
    } finally {
      await readers.close();
    }
  }

  async function carried(campaign: string): Promise<SourceFiles> {
    const named = await store.readNamed(sourceFilesName(campaign));
    if (named !== undefined) {
      const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named.bytes)));
      return documents.read(sourceFiles, ref);
    }
    throw new AnnealError('tasks.source_failed', `what the source of ${campaign} reads was not carried with it`);
  }
}

/** How many items a source has is known when the last one is drawn. */
const inWords = ({ items, certified, dropped }: BuildProgress): Parameters<Tell>[0] => ({
  ...{ done: items, total: items },
  unit: `items, ${certified} certified, ${dropped} dropped`,
});
