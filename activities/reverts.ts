// What landed, looked at again after the next step: whether it is taken back, and the request that does so. The ruling is a policy's, on records; the
// content is the two trees' alone; it lands by the same queue as everything.
import { z } from 'zod';
import { artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type ProposedChange, proposedChange } from '../contracts/change.ts';
import { diagnosis as diagnosisSchema } from '../contracts/diagnosis.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type MergeRequest, mergeRequest, type RevertInput, revertEnd } from '../contracts/incident.ts';
import { incidentKey, ownLogName, reviewName } from '../contracts/names.ts';
import { durationMs } from '../contracts/units.ts';
import { asksOf } from '../policies/incident.ts';
import { judgePaths } from '../policies/path-policy.ts';
import { judgeRevert, type NextStep } from '../policies/revert.ts';
import type { RevertActivities } from './incident-interface.ts';
import type { IncidentPorts } from './incidents.ts';
import { askedFor, touched } from './merges.ts';
import { known, lastWord, once } from './once.ts';
import { messageOf, revertIdOf } from './proposals.ts';

export interface RevertPorts extends Pick<IncidentPorts, 'store' | 'documents' | 'open' | 'diagnose' | 'now'> {
  /** Lines of a log before the place of its first fault. */
  readonly linesBefore: (
    logs: Parameters<IncidentPorts['diagnose']>[0],
    fault: { readonly file: string; readonly byteOffset: number } | null,
  ) => Promise<string[]>;
}

const considered = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('keep'), why: z.string() }),
  z.strictObject({ how: z.literal('revert'), why: z.string(), request: artifactRef, runChain: z.string() }),
]);

const onRecord = z.looseObject({ proposal: artifactRef });

export function createRevertActivities(ports: RevertPorts): RevertActivities {
  const { store, documents } = ports;

  return {
    async considerRevert(input) {
      const { incident, change, next } = input;
      // What is measured after a training that was kept is another question than that training was.
      const key = incidentKey(incident, `reverts/${next.what}-${change}`);
      const ruled = await once(store, key, considered, () => consider(input));
      if (ruled.how === 'keep') return ruled;
      const shown = await documents.read(mergeRequest, ruled.request);
      const { spec } = await ports.open(shown.repository);
      const proposed = await documents.read(proposedChange, shown.proposal);
      const { deadline, remindAfter } = spec.gate;
      return { ...ruled, shown, proposed, deadlineMs: durationMs(deadline), remindMs: durationMs(remindAfter) };
    },

    async recordRevert({ end }) {
      await lastWord(store, incidentKey(end.incident, 'reverted'), revertEnd, end, ({ how }) => how === 'reverted');
    },
  };

  async function consider(input: RevertInput & { runChain: string }): Promise<z.infer<typeof considered>> {
    const { incident, change, commit, runChain } = input;
    const first = await known(store, incidentKey(incident, `requests/${change}`), artifactRef);
    if (first === undefined) return { how: 'keep', why: `${incident} has brought no such change` };
    const landed = await askedFor(ports, first);
    const { git, spec, request } = landed;
    if ((await git.landed(change)) !== commit)
      return { how: 'keep', why: 'it is not on the branch, or another commit is' };
    // Upon itself: exactly what it did, the other way round.
    const id = revertIdOf({ repository: spec.name, reverts: commit });
    const at = ports.now().toISOString();
    const words = { title: `Revert: ${landed.change.title}`.slice(0, 200), body: '' };
    const back = await git.revert(commit, commit, messageOf({ ...landed.change, ...words, id }, at));
    if (back.how === 'conflict') throw new AnnealError('merge.unfit', `${commit} cannot be taken back upon itself`);
    if (request.diagnosis === undefined) return { how: 'keep', why: 'a ticket asked for it, no failure' };
    const mended = await documents.read(diagnosisSchema, request.diagnosis);
    const ruling = judgeRevert(
      { change, isRevert: landed.change.by.means.kind === 'revert', paths: back.paths.flatMap(touched), mended },
      await nextStep(input),
    );
    if (ruling.how === 'keep') return { how: 'keep', why: ruling.why };

    const patch = await store.put(back.patch);
    const proposed: ProposedChange = {
      ...({ schema: 'anneal/change/v1', tainted: false } as const),
      ...{ id, repository: spec.name, base: commit, patch, ...words, body: `Because ${ruling.why}.` },
      by: { role: 'debugger', means: { kind: 'revert', of: change, commit } },
    };
    const recorded = await once(store, incidentKey(incident, 'proposals/revert'), onRecord, async () => ({
      ...{ how: 'proposed', proposal: await documents.write(proposed) },
    }));
    const reviewed = { how: 'absent', why: 'it puts back what was there before' } as const;
    await store.createNamed(reviewName(recorded.proposal.sha256), canonicalJson(reviewed));
    const paths = [...judgePaths(back.paths, spec.paths)];
    const { failToPass, ...rest } = request.checked;
    const asked: MergeRequest = {
      ...{ ...request, change: id, proposal: recorded.proposal, paths, reviewed, elsewhere: [], tried: [], at },
      checked: { ...rest, failToPass: [], broken: failToPass, failing: [] },
      asks: asksOf({ change: proposed, paths, reviewed, ask: spec.ask }),
    };
    return { how: 'revert', why: ruling.why, request: await documents.write(asked), runChain };
  }

  async function nextStep({ next }: RevertInput): Promise<NextStep> {
    if (next.what === 'evaluation') return next;
    const diagnosis = await ports.diagnose(next.logs);
    const own = await Promise.all(next.logs.map(({ object }) => store.readNamed(ownLogName(object.sha256))));
    const before = await ports.linesBefore(next.logs, diagnosis.firstFault);
    return { what: 'training', diagnosis, before, own: own.every((one) => one !== undefined) };
  }
}
