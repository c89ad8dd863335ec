// The way of a change that its tests bear out, whoever wanted it: where else its pattern stands, one document of all that is known, a human
// where one is needed, the merge queue.
import { workflowInfo } from '@temporalio/workflow';
import type { Judged, PinnedRepository, QueuedMerge } from '../activities/interface.ts';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { ChangeId, RepositoryName } from '../contracts/change.ts';
import type { ForgeTold } from '../contracts/forge.ts';
import type { GateResult } from '../contracts/gate.ts';
import { gateId } from '../contracts/ids.ts';
import type { Attempt, IncidentInput, MergeRequest, Proposed, QueueOutcome, Reviewed } from '../contracts/incident.ts';
import { againstChange, asksOf } from '../policies/incident.ts';
import type { OpenQuestion, openAskAt } from './ask-at.ts';
import { openAtForge } from './at-forge.ts';
import type { Merging } from './merging.ts';
import { askMerge } from './questions-merge.ts';
import { quick, repairing } from './queues.ts';

type Checked = Extract<Judged, { how: 'checked' }>;
/** A proposed change with what its tests say. */
export interface Repair extends Checked {
  readonly change: ChangeId;
  readonly proposal: ArtifactRef;
}
type Made = Pick<Extract<Proposed, { how: 'proposed' }>, 'change' | 'proposal'>;

export interface RepairCase {
  readonly incident: Pick<IncidentInput, 'incident' | 'campaign' | 'owner'>;
  readonly repository: RepositoryName;
  readonly pinned: PinnedRepository;
  /** What it is about: one of the two. */
  readonly diagnosis?: ArtifactRef;
  readonly ticket?: ArtifactRef;
  /** In a sentence. */
  readonly summary: string;
  readonly ask: ReturnType<typeof openAskAt>;
  readonly merging: Merging;
  readonly desk: {
    at<T>(
      step: 'check' | 'review' | 'look elsewhere' | 'request' | 'decide' | 'merge',
      doing: () => Promise<T>,
    ): Promise<T>;
    waits(waitingFor: string | undefined): void;
    forge(told: ForgeTold): void;
  };
  /** Tells others that a human is asked, or no more. */
  tellWaits(open: OpenQuestion | undefined): void;
}

export type Brought =
  | { readonly how: 'not-decided'; readonly result: GateResult }
  | { readonly how: 'queued'; readonly merged: QueueOutcome };

export function openRepairPath(of: RepairCase) {
  const { incident, repository, pinned, diagnosis, ticket, summary, ask, merging, desk } = of;
  const name = incident.incident;

  return {
    /** @returns what speaks against it, or with what it goes on */
    async check({ proposal, change }: Made): Promise<{ against: string } | { repair: Repair }> {
      const judged = await desk.at('check', () => repairing.judgeChange({ proposal }));
      const against = judged.how === 'none' ? judged.why : againstChange(judged.checked, judged.paths);
      return judged.how === 'checked' && against === undefined
        ? { repair: { ...judged, proposal, change } }
        : { against: against ?? '' };
    },

    review: ({ proposal }: Pick<Repair, 'proposal'>, number?: number): Promise<Reviewed> =>
      desk.at('review', () =>
        repairing.reviewChange({ incident: name, proposal, ...(number === undefined ? {} : { number }) }),
      ),

    /** @param number of its gates, from 1: a change that was reworked is decided on anew */
    async bring(repair: Repair, reviewed: Reviewed, tried: Attempt[], number = 1): Promise<Brought> {
      const { proposal, change, checked, paths } = repair;
      const elsewhere = await desk.at('look elsewhere', () => quick.lookElsewhere({ proposal }));
      const asks = asksOf({ change: repair, paths, reviewed, ask: pinned.ask });
      const about = { ...(diagnosis && { diagnosis }), ...(ticket && { ticket }) };
      const all = { incident, proposal, ...about, checked, paths, reviewed, elsewhere, asks, tried };
      const { request, shown, proposed } = await desk.at('request', () => quick.requestMerge(all));

      const atForge = openAtForge(pinned, request, desk.forge);
      await atForge.show(null);
      const answer = asks.length === 0 ? null : await decide({ request, shown, proposed }, number);
      if (answer !== null && answer.result.option !== 'merge') {
        await atForge.denied();
        return { how: 'not-decided', result: answer.result };
      }
      const asked: QueuedMerge['asked'] = answer && { evidence: answer.evidence };
      if (asked !== null) await atForge.show(asked);
      const merged = await desk.at('merge', () => merging.merge(repository, { request, change, asked }));
      await atForge.merged(merged);
      return { how: 'queued', merged };
    },
  };

  function decide(
    {
      request,
      shown,
      proposed,
    }: { shown: MergeRequest } & Pick<Parameters<typeof askMerge>[1], 'request' | 'proposed'>,
    number: number,
  ): ReturnType<typeof ask> {
    const { deadlineMs, remindMs } = pinned;
    return desk.at('decide', () =>
      ask({
        evidence: {
          ...({ schema: 'anneal/evidence/v1', kind: 'merge' } as const),
          gate: gateId.parse(`${name}.merge-${number}`),
          campaign: incident.campaign ?? name,
          ...askMerge(shown, { proposed, summary, request }),
          // All of it is on record: a case that is opened anew asks for the same, and finds the answer that there is.
          cost: { tokens: 0, seconds: Math.round((Date.parse(shown.at) - Date.parse(pinned.at)) / 1_000) },
          runChain: pinned.runChain,
        },
        ...{ owner: incident.owner, deadlineMs, remindMs, asker: workflowInfo().workflowId },
        waitFor(open) {
          desk.waits(open && `a decision on ${open.gate} before ${open.deadline}`);
          of.tellWaits(open);
        },
      }),
    );
  }
}
