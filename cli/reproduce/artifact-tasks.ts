// A campaign's artifact set, built once more from what was carried with the campaign, in an empty store: the campaign's own would answer
// for its items from the records of the first time.
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { artifactRef } from '../../contracts/artifact.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { LockedSet, LockedTask } from '../../contracts/locked-set.ts';
import { sourceFiles, sourceFilesName } from '../../contracts/locked-set.ts';
import type { ReproducedPart } from '../../contracts/reproduction.ts';
import { buildCampaignSet, openSignedSet } from '../../evals/construction/campaign-set.ts';
import { makeTemporaryFolder } from '../../infra/process/work-folder.ts';
import { layOutSource } from '../../infra/source-files/carry.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { browserMissing } from './no-browser.ts';
import type { Again } from './results.ts';

type Building = Pick<
  Again,
  'store' | 'documents' | 'sandbox' | 'tools' | 'browser' | 'judges' | 'signal' | 'onProgress' | 'verifyBytes'
>;

/** @param tasks of the spec, from an artifact set */
export async function rebuildArtifacts(
  again: Building,
  spec: CampaignSpec,
  locked: LockedSet,
): Promise<ReproducedPart> {
  const { store, documents, sandbox, browser, judges, signal, onProgress } = again;
  if (spec.tasks.source === 'artifact-set' && spec.tasks.root !== undefined) {
    // Whether it can be done and judged here is nothing that a reproduction asks: it was.
    const opened = await openSignedSet(spec.tasks.root, store, again.verifyBytes).catch(unsigned);
    if (typeof opened === 'string') return part('different', opened);
    const { lock, signer } = opened;
    const verdict = lock.root === locked.root ? 'same' : 'different';
    return part(verdict, `locked before, signed by ${signer}: its open splits still hash to ${short(lock.root)}`);
  }
  const carried = await store.readNamed(sourceFilesName(spec.name));
  if (carried === undefined) return part('left', 'what its source read was not carried with the campaign');
  const files = await documents.read(
    sourceFiles,
    artifactRef.parse(JSON.parse(new TextDecoder().decode(carried.bytes))),
  );
  const judge = spec.judge === undefined ? undefined : await judges.of(spec.name);
  if (spec.judge !== undefined && judge === undefined)
    return part('left', `its tasks were certified by the judge ${spec.judge.model}, of whom nothing is kept here`);
  const judged = judge && new Set(judge.calibrations.map((one) => one.judge.setup));
  const open = [locked.splits.visible, locked.splits.gate];
  const tasks = (await Promise.all(open.map(({ object }) => documents.split(object)))).flatMap(
    (split): readonly LockedTask[] => split.tasks,
  );
  const missing = await browserMissing(tasks, browser);
  if (missing !== undefined) return part('left', `certifying it takes a browser: ${missing}`);
  const folder = await makeTemporaryFolder('rebuilt');
  const tools = await again.tools?.();
  const readers = await layOutSource(files, store);
  try {
    const empty = createFolderStore(folder);
    const made = await buildCampaignSet(
      spec,
      { ...readers, sandbox, store: empty },
      {
        ...{
          store: empty,
          instruments: { sandbox, ...(judge && { judge }), ...(tools && { tools }), ...(browser && { browser }) },
          parallel: availableParallelism(),
          signal,
        },
        onProgress: ({ items, certified }) => onProgress(`${items} items, ${certified} certified`),
      },
      judged,
    ).catch((failure: unknown) => {
      if (judges.unheard() > 0) return undefined;
      throw failure;
    });
    // A set without the tasks that it could not certify would be another one for no fault of its source.
    if (made === undefined || judges.unheard() > 0)
      return part(
        'left',
        `certifying it takes the judge ${spec.judge?.model}, who is not asked again: what it said then is not kept`,
      );
    if (made.root === locked.root)
      return part('same', `${made.considered} items built anew have the root ${short(made.root)}`);
    return part(
      'different',
      `built anew it has the root ${short(made.root)}, locked was ${short(locked.root)}: where a source runs programs, others of them may be here`,
    );
  } finally {
    await readers.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A lock whose signature does not count is a finding and no end of the whole. */
function unsigned(failure: unknown): string {
  if (failure instanceof AnnealError && failure.code === 'tasks.unsigned') return failure.message;
  throw failure;
}

const part = (verdict: ReproducedPart['verdict'], why: string): ReproducedPart => ({ part: 'task set', verdict, why });
const short = (root: string): string => root.slice(0, 12);
