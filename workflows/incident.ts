// An incident, top-down: read the logs, see what the tests say, try one means of repair after the other until the tests bear one out, have it
// reviewed, ask a human where that is needed, and bring it to the branch.
import { defineQuery, isCancellation, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { PinnedRepository } from '../activities/interface.ts';
import type { ForgeTold } from '../contracts/forge.ts';
import type { Attempt, IncidentEnd, IncidentInput, IncidentView, Step } from '../contracts/incident.ts';
import { INCIDENT } from '../contracts/names.ts';
import { isWell, MOST_PROPOSALS, meansOf } from '../policies/incident.ts';
import { openAskAt } from './ask-at.ts';
import { type Merging, openMerging } from './merging.ts';
import { lasting, quick, repairing } from './queues.ts';
import { openRepairPath, type Repair } from './repair-path.ts';
import { rootCause } from './root-cause.ts';

export async function incident(input: IncidentInput): Promise<IncidentEnd> {
  const desk = openDesk(input);
  const merging = openMerging();
  const end = await repair(input, desk, merging).catch((failure: unknown): IncidentEnd => {
    if (isCancellation(failure)) throw failure;
    const { code, message } = rootCause(failure);
    return { how: 'failed', incident: input.incident, code, why: message };
  });
  const { repository, campaign } = input;
  await lasting.recordEnd({ end, of: { repository, campaign } });
  desk.ended(end);
  await merging.report(input.reportTo, end);
  return end;
}

async function repair(input: IncidentInput, desk: Desk, merging: Merging): Promise<IncidentEnd> {
  const { incident: name, repository, campaign, logs, reportTo } = input;
  const ask = openAskAt();
  const { firstExecutionRunId: runChain } = workflowInfo();
  const pinned = await desk.at('pin', () => quick.pinBase({ incident: name, repository, runChain }));
  const { base } = pinned;
  const analysed = await desk.at('analyse', () => repairing.analyseLogs({ incident: name, logs }));
  desk.knows(analysed);
  if (isWell(analysed)) return { how: 'nothing-wrong', incident: name };

  const tried: Attempt[] = [];
  const failed = (attempt: Attempt): void => {
    tried.push(attempt);
    desk.tried(tried);
  };
  const { cause, summary, diagnosis } = analysed;
  const told = { incident: name, cause, summary, tried };
  const path = openRepairPath({
    ...{ incident: input, repository, pinned, diagnosis, summary, ask, merging, desk },
    tellWaits: (open) => void merging.tellWaits(reportTo, open),
  });
  const before = await desk.at('reproduce', () => repairing.reproduce({ repository, base }));
  if (before.how === 'none') return { how: 'parked', ...told, why: before.why };
  const found = await findRepair(pinned);
  if (found === undefined) return { how: 'parked', ...told, why: 'no change that was tried is borne out by tests' };

  const { change } = found;
  const brought = await path.bring(found, await path.review(found), tried);
  if (brought.how === 'not-decided') return { how: 'denied', ...told, change, gate: brought.result.gate };
  const { merged } = brought;
  if (merged.how === 'failed') return { ...merged, incident: name };
  return merged.how === 'landed'
    ? { how: 'merged', ...told, change, commit: merged.commit, tag: merged.tag }
    : { how: 'not-merged', ...told, change, merged };

  async function findRepair({ hasModel }: PinnedRepository): Promise<Repair | undefined> {
    for (const by of meansOf({ hasModel })) {
      for (let proposals = 0; proposals < MOST_PROPOSALS[by]; proposals += 1) {
        const of = { incident: name, repository, campaign, base, diagnosis, by, tried: [...tried] };
        const proposed = await desk.at('propose', () => repairing.propose(of));
        if (proposed.how === 'none') {
          failed({ by, why: proposed.why });
          break;
        }
        if (proposed.how === 'unfit') {
          failed({ by, with: proposed.with, why: proposed.why });
          continue;
        }
        const { change } = proposed;
        const checked = await path.check(proposed);
        if ('repair' in checked) return checked.repair;
        failed({ by, with: proposed.with, change, why: checked.against });
      }
    }
    return undefined;
  }
}

type Desk = ReturnType<typeof openDesk>;

/** What people see of it while it runs. */
function openDesk({ incident: name, repository, campaign }: IncidentInput) {
  let view: IncidentView = { incident: name, step: 'pin', tried: [] };
  setHandler(defineQuery<IncidentView>(INCIDENT.view), () => view, { description: 'Where it stands' });
  const now = (more: Partial<IncidentView>): void => {
    view = { ...view, ...more };
    const lines = [
      `**${view.step}** · ${repository}${campaign === null ? '' : ` · of ${campaign}`}`,
      ...(view.cause === undefined ? [] : [`${view.cause}: ${view.summary}`]),
      ...(view.waitingFor === undefined ? [] : [`**Waits for a human**: ${view.waitingFor}`]),
      ...(view.forge?.how === 'told' ? [`At the forge: ${view.forge.url}`] : []),
      ...(view.end === undefined ? [] : [`Ended: ${view.end.how}`]),
    ];
    setCurrentDetails(lines.join('\n\n'));
  };
  return {
    at<T>(step: Step, doing: () => Promise<T>): Promise<T> {
      now({ step });
      return doing();
    },
    knows: ({ cause, summary }: { cause: string; summary: string }) => now({ cause, summary }),
    tried: (tried: readonly Attempt[]) => now({ tried: [...tried] }),
    waits(waitingFor: string | undefined): void {
      const { waitingFor: _before, ...rest } = view;
      view = rest;
      now(waitingFor === undefined ? {} : { waitingFor });
    },
    forge: (forge: ForgeTold) => now({ forge }),
    ended: (end: IncidentEnd) => now({ step: 'ended', end }),
  };
}
