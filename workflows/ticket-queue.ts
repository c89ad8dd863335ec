// One repository's tickets: the most pressing first, so many agents at a time. It holds names and references; how a ticket stands is its own
// workflow's to say, so that nothing here can be out of date.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  makeContinueAsNewFunc,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RepositoryName } from '../contracts/change.ts';
import { TICKET, TICKETS, ticketWorkflowId } from '../contracts/names.ts';
import type { QueuedTicket, TicketName, TicketQueueView } from '../contracts/ticket.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { nextTicket } from '../policies/ticket.ts';
import { activitiesOn } from './queues.ts';
import type { ticket } from './ticket.ts';

export interface TicketQueueInput {
  readonly repository: RepositoryName;
  readonly waiting: readonly QueuedTicket[];
  /** Begun by a run before this one. */
  readonly running: readonly QueuedTicket[];
}

const act = activitiesOn('control', {
  startToCloseTimeout: '1m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.patient,
});

const IDLE = '10m';
/** Ends that a run waits for: then the next one goes on with what it has. */
const A_RUN = 200;
/** What a run before this one began tells its end by a signal; should that be lost, it is begun again, and finds its end. */
const LOOK_AGAIN = '10m';
const REST = '10s';

export async function ticketQueue(input: TicketQueueInput): Promise<void> {
  const { repository } = input;
  const waiting = [...input.waiting];
  const running = new Map<TicketName, QueuedTicket>(input.running.map((one) => [one.ticket, one]));
  const ended = new Set<TicketName>();
  let [agents, done] = [1, 0];

  setHandler(defineSignal<[QueuedTicket]>(TICKETS.add), (one) => {
    if (!running.has(one.ticket) && !waiting.some(({ ticket }) => ticket === one.ticket)) waiting.push(one);
  });
  setHandler(defineSignal<[TicketName]>(TICKETS.ended), (name) => void (running.has(name) && ended.add(name)));
  setHandler(defineSignal<[QueuedTicket]>(TICKETS.park), async (one) => {
    const at = waiting.findIndex(({ ticket }) => ticket === one.ticket);
    if (at >= 0) waiting.splice(at, 1, { ...waiting[at]!, park: one.park ?? 'somebody wants it so' });
    else if (running.has(one.ticket)) await tellPark(one);
    else waiting.push(one);
  });
  const view = (): TicketQueueView => ({
    ...{ agents, running: [...running.keys()], waiting: waiting.map(({ ticket }) => ticket) },
  });
  setHandler(defineQuery<TicketQueueView>(TICKETS.view), view, { description: 'What is worked on, and what waits' });

  agents = await act.ticketAgents({ repository });
  for (const one of running.values()) void follow(one);
  while (done < A_RUN) {
    show();
    if (!(await condition(() => canBegin() || done >= A_RUN || isIdle(), IDLE))) {
      if (!isIdle()) continue;
    }
    if (canBegin()) {
      const [one] = waiting.splice(next(), 1) as [QueuedTicket];
      running.set(one.ticket, one);
      void follow(one);
    } else if (isIdle() && !(await condition(() => !isIdle(), IDLE))) {
      await condition(allHandlersFinished);
      if (isIdle()) return;
    }
  }
  await condition(allHandlersFinished);
  // As campaigns do: a queue that is never idle takes up the current release all the same.
  await makeContinueAsNewFunc<typeof ticketQueue>({ initialVersioningBehavior: 'AUTO_UPGRADE' })({
    ...{ repository, waiting, running: [...running.values()] },
  });

  function isIdle(): boolean {
    return waiting.length === 0 && running.size === 0;
  }
  /** Whoever is only to be parked takes nobody's place. */
  function next(): number {
    const parked = waiting.findIndex(({ park }) => park !== undefined);
    return parked >= 0 ? parked : running.size < agents ? nextTicket(waiting) : -1;
  }
  function canBegin(): boolean {
    return next() >= 0;
  }

  /** Begins it, or finds it begun, until it has ended. */
  async function follow(one: QueuedTicket): Promise<void> {
    const { ticket: name } = one;
    while (!ended.has(name)) {
      try {
        const child = await startChild<typeof ticket>('ticket', {
          workflowId: ticketWorkflowId(name),
          // It goes on whatever becomes of the queue.
          parentClosePolicy: ParentClosePolicy.ABANDON,
          cancellationType: ChildWorkflowCancellationType.ABANDON,
          staticSummary: `Ticket of ${repository}`,
          args: [{ ...one, reportTo: workflowInfo().workflowId }],
        });
        await child.result();
        ended.add(name);
      } catch (failure) {
        // The queue is ended from outside; a ticket that is, is begun again.
        if (CancellationScope.current().consideredCancelled) return;
        const isBegun = failure instanceof WorkflowExecutionAlreadyStartedError;
        // Somebody ended it from outside, or it could not even write down how it ended: what it had found is on record.
        const wait = isBegun ? condition(() => ended.has(name), LOOK_AGAIN) : sleep(REST);
        await wait.catch(() => undefined);
        if (CancellationScope.current().consideredCancelled) return;
      }
    }
    running.delete(name);
    ended.delete(name);
    done += 1;
    show();
  }

  function show(): void {
    setCurrentDetails(`**${repository}** · ${running.size} of ${agents} at work · ${waiting.length} waiting`);
  }
}

async function tellPark({ ticket: name, park }: QueuedTicket): Promise<void> {
  try {
    await getExternalWorkflowHandle(ticketWorkflowId(name)).signal(TICKET.park, park ?? 'somebody wants it so');
  } catch (failure) {
    // It has just ended.
    if (isCancellation(failure)) throw failure;
  }
}
