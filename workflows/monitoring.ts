// What a campaign does about a training that goes wrong while it runs: agents are given what was seen, and where no step heals it a human is
// asked whether to stop the job, or it is stopped.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { Sighting, SightingRecord, WatchOrder } from '../contracts/monitor.ts';
import { campaignWorkflowId, MONITOR } from '../contracts/names.ts';
import type { CampaignState } from '../contracts/record.ts';
import { actOn, codeOfStopped, MOST_KEPT_SIGHTINGS, watchOf } from '../policies/monitor.ts';
import type { Ask } from './ask.ts';
import type { Desk } from './desk.ts';
import type { Mending } from './mending.ts';
import { askWhileItRuns } from './questions-monitor.ts';
import { rootCause } from './root-cause.ts';

export interface Monitoring {
  /** What the training is asked to watch for; undefined: nobody watches. */
  readonly order: WatchOrder | undefined;
  /** While this round's training is at work. @throws ApplicationFailure where it was stopped for what was seen */
  during<T>(round: number, work: () => Promise<T>): Promise<T>;
}

export function openMonitoring(
  spec: CampaignSpec,
  state: CampaignState,
  { desk, ask, mending }: { desk: Desk; ask: Ask; mending: Mending },
): Monitoring {
  const settings = watchOf(spec);
  if (settings === undefined) return { order: undefined, during: (_, work) => work() };
  const { act, hangAfterMs } = settings;
  const seen: Sighting[] = [];
  setHandler(defineSignal<[Sighting]>(MONITOR.sighted), (one) => void seen.push(one), {
    description: 'Something went wrong in a training that still runs',
  });

  return {
    order: { reportTo: campaignWorkflowId(spec.name), hangAfterMs },
    async during(round, work) {
      const working = new CancellationScope();
      const watching = new CancellationScope();
      let stopped: { one: Sighting; record: SightingRecord } | undefined;
      let over = false;
      let asking = false;
      const watched = watching.run(watch).catch(ended);
      try {
        return await working.run(work);
      } catch (failure) {
        // Whoever ended the whole campaign has the say before whoever stopped the job.
        const campaignEnds = CancellationScope.current().consideredCancelled;
        if (campaignEnds) await mending.leave();
        if (stopped === undefined || campaignEnds || !isCancellation(failure)) throw failure;
        throw stoppedFor(stopped.one);
      } finally {
        over = true;
        watching.cancel();
        await watched;
        for (const one of seen.splice(0)) note(one, round, 'late');
      }

      async function watch(): Promise<void> {
        for (;;) {
          await condition(() => seen.length > 0);
          const one = seen.shift()!;
          const record = note(one, round, 'told');
          if (record === undefined) continue;
          const incident = await mending.early(round, one);
          if (incident !== undefined) record.incident = incident;
          await actUpon(one, record);
        }
      }

      async function actUpon(one: Sighting, record: SightingRecord): Promise<void> {
        const does = actOn(act, one.cause);
        if (does === 'tell') return;
        if (does === 'ask') {
          record.did = 'asked';
          const number = (state.sightings ?? []).length;
          asking = true;
          const { result } = await ask('monitor', askWhileItRuns(round, one), String(number));
          asking = false;
          record.did = 'went-on';
          if (result.option !== 'stop') return;
        }
        if (over) return;
        record.did = 'stopped';
        stopped = { one, record };
        working.cancel();
      }

      /** A job that ends takes its question with it; one that could not be asked is no failure of the training. */
      function ended(failure: unknown): void {
        if (asking) desk.waitFor(undefined);
        if (!isCancellation(failure)) desk.failed(rootCause(failure));
      }
    },
  };

  /** @returns undefined where it was told before */
  function note(one: Sighting, round: number, did: SightingRecord['did']): SightingRecord | undefined {
    const known = state.sightings ?? [];
    const same = (other: SightingRecord): boolean =>
      other.job === one.job && other.specHash === one.specHash && other.cause === one.cause;
    if (known.some(same)) return undefined;
    const { schema: _, lines: __, logs: ___, ...kept } = one;
    const record: SightingRecord = { ...kept, round, did };
    state.sightings = [...known, record].slice(-MOST_KEPT_SIGHTINGS);
    return record;
  }
}

function stoppedFor({ job, cause, summary, lines }: Sighting): ApplicationFailure {
  return ApplicationFailure.create({
    ...{ type: codeOfStopped(cause), message: `${job} was stopped for ${cause}: ${summary}`, nonRetryable: true },
    details: [{ logTail: lines }],
  });
}
