// A training that runs from a repository's code and fails: agents are given its logs, and what they bring to the branch is another try.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { trainingJobName } from '../contracts/ids.ts';
import { type IncidentEnd, type IncidentInput, type IncidentName, incidentName } from '../contracts/incident.ts';
import type { Sighting } from '../contracts/monitor.ts';
import { INCIDENT, incidentWorkflowId } from '../contracts/names.ts';
import type { CampaignState } from '../contracts/record.ts';
import { isOfTheCode, MOST_INCIDENTS_A_ROUND, MOST_KEPT_INCIDENTS } from '../policies/incident.ts';
import { mayBeOfTheCode } from '../policies/monitor.ts';
import { createRandom } from '../policies/random.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import type { OpenQuestion } from './ask-at.ts';
import type { Desk } from './desk.ts';
import type { incident } from './incident.ts';
import { activitiesOn } from './queues.ts';
import { rootCause } from './root-cause.ts';
import type { TakingBack } from './taking-back.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '10m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export interface Mended {
  /** The stage is worth another try, because its code is another one now. */
  readonly again: boolean;
  /** How agents ended who were asked and did not mend it. */
  readonly incident?: IncidentEnd;
}
export interface Mending {
  mend(stage: string, failure: { code: string }): Promise<Mended>;
  /** Gives agents what was seen of a training that still runs; a failure of the same round waits for the same incident. */
  early(round: number, seen: Sighting): Promise<IncidentName | undefined>;
  /** The campaign ends while agents look at what it told them early. */
  leave(): Promise<void>;
}

/** One that another run of this campaign began tells this one its end; should that be lost, it is begun again, and finds what is on record. */
const LOOK_AGAIN = '15m';

export function openMending(spec: CampaignSpec, state: CampaignState, desk: Desk, back: TakingBack): Mending {
  const { code } = spec.training;
  if (code === undefined || code.incidents === 'none')
    return { mend: async () => ({ again: false }), early: async () => undefined, leave: async () => {} };
  const { repository } = code;
  const ended = new Map<IncidentName, IncidentEnd>();
  setHandler(defineSignal<[IncidentEnd]>(INCIDENT.ended), (end) => void ended.set(end.incident, end), {
    description: 'How an incident of this campaign ended',
  });

  let atWork: IncidentName | undefined;
  setHandler(
    defineSignal<[OpenQuestion | null]>(INCIDENT.waits),
    (open) => {
      desk.waitFor(open ?? undefined);
      if (open === null) desk.mending(atWork);
    },
    { description: 'A human is asked about a change of an incident, or no more' },
  );

  /** Begun while the training ran, and not yet counted. */
  let begun: IncidentInput | undefined;
  const ofRound = (round: number): number => (state.incidents ?? []).filter((one) => one.round === round).length;

  return {
    async mend(stage, failure) {
      const round = state.round + 1;
      const before = ofRound(round);
      if (stage !== 'train' || !isOfTheCode(failure.code)) return { again: false };
      if (state.landed !== undefined && (await takenBack(round))) return { again: true };
      if (before >= MOST_INCIDENTS_A_ROUND) return { again: false };
      const name = nameOf(spec, round, before + 1);
      const end = await openIncident(name, round, `${stage} of round ${round} failed: ${failure.code}`);
      if (end === undefined) return { again: false };
      state.incidents = [
        ...(state.incidents ?? []),
        { incident: name, round, stage: 'train' as const, how: end.how },
      ].slice(-MOST_KEPT_INCIDENTS);
      if (end.how === 'merged') state.landed = { incident: name, change: end.change, commit: end.commit };
      return end.how === 'merged' || isThere(end) ? { again: true } : { again: false, incident: end };
    },
    async early(round, { cause, logs, job }) {
      const before = ofRound(round);
      if (!mayBeOfTheCode(cause) || logs.length === 0 || before >= MOST_INCIDENTS_A_ROUND) return undefined;
      const name = nameOf(spec, round, before + 1);
      if (begun?.incident === name) return name;
      try {
        const input = inputOf(name, logs);
        // The end of the job, at which nobody watches any more, is not its end.
        await CancellationScope.nonCancellable(() => begin(input, `${job} runs, and shows ${cause}`));
        begun = input;
        return name;
      } catch (failure) {
        if (isCancellation(failure)) throw failure;
        // Should the training fail, they are asked then.
        return undefined;
      }
    },
    async leave() {
      if (begun !== undefined && !ended.has(begun.incident)) await cancelled(begun.incident);
    },
  };

  function inputOf(incident: IncidentName, logs: IncidentInput['logs']): IncidentInput {
    const whose = { campaign: spec.name, owner: spec.owner, reportTo: workflowInfo().workflowId };
    return { schema: 'anneal/incident/v1', incident, ...whose, repository, logs };
  }

  /** What agents brought before may be why it failed. */
  async function takenBack(round: number): Promise<boolean> {
    try {
      const logs = await act.keepLogs({ name: trainingJobName(spec.name, round) });
      return logs.length > 0 && (await back.after({ what: 'training', logs }));
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      return false;
    }
  }

  /** @returns undefined where there is nothing to read */
  async function openIncident(name: IncidentName, round: number, summary: string): Promise<IncidentEnd | undefined> {
    try {
      if (begun?.incident === name) return await endOf(begun, summary);
      const logs = await act.keepLogs({ name: trainingJobName(spec.name, round) });
      return logs.length === 0 ? undefined : await endOf(inputOf(name, logs), summary);
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      // Agents that cannot even be asked are no second failure of the campaign: a human is asked, as without them.
      return endedBy(failure, name);
    }
  }

  async function endOf(input: IncidentInput, summary: string): Promise<IncidentEnd> {
    const { incident } = input;
    atWork = incident;
    desk.mending(incident);
    try {
      while (!ended.has(incident)) {
        await begin(input, summary);
        await condition(() => ended.has(incident), LOOK_AGAIN);
      }
      return ended.get(incident)!;
    } catch (failure) {
      // Whoever ends the campaign wants no agents to go on for it; resumed it takes up what is on record.
      if (isCancellation(failure)) await cancelled(incident);
      throw failure;
    } finally {
      atWork = undefined;
      desk.mending(undefined);
    }
  }

  function cancelled(incident: IncidentName): Promise<void> {
    return CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(incidentWorkflowId(incident))
        .cancel()
        .catch(() => {}),
    );
  }

  async function begin(input: IncidentInput, summary: string): Promise<void> {
    const { incident: name } = input;
    try {
      const handle = await startChild<typeof incident>('incident', {
        workflowId: incidentWorkflowId(name),
        // A campaign that is ended from outside, and resumed, finds it.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: summary,
        args: [input],
      });
      handle.result().then(
        (end) => ended.set(name, end),
        // Somebody ended it from outside, or it could not even write down how it ended.
        (failure: unknown) => ended.set(name, endedBy(failure, name)),
      );
    } catch (failure) {
      if (!(failure instanceof WorkflowExecutionAlreadyStartedError)) throw failure;
    }
  }
}

function endedBy(failure: unknown, incident: IncidentName): IncidentEnd {
  const { code, message } = rootCause(failure);
  return { how: 'failed', incident, code, why: message };
}

/** Somebody else's commit had mended it. */
const isThere = (end: IncidentEnd): boolean => end.how === 'not-merged' && end.merged.how === 'nothing-left';

/** Long names are cut, and told apart by what they were. */
function nameOf({ name }: CampaignSpec, round: number, number: number): IncidentName {
  const end = `-r${round}-i${number}`;
  const whole = incidentName.safeParse(`${name}${end}`);
  if (whole.success) return whole.data;
  const mark = `-${createRandom(name).bits().toString(16).padStart(8, '0')}`;
  return incidentName.parse(`${name.slice(0, 40 - mark.length - end.length)}${mark}${end}`);
}
