// A ticket, top-down: an agent develops a change in an isolated copy, attempt after attempt, until tests and review bear it out; then the way of
// every change. It ends merged, parked or refused, and whoever runs it again after that finds the end.
import {
  CancellationScope,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Begun } from '../activities/interface.ts';
import type { CommitId } from '../contracts/change.ts';
import type { ForgeTold } from '../contracts/forge.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { Attempt, Reviewed } from '../contracts/incident.ts';
import { TICKET, TICKETS } from '../contracts/names.ts';
import type { TicketEnd, TicketInput, TicketReason, TicketSpent, TicketStep, TicketView } from '../contracts/ticket.ts';
import { type Bounds, isWorthAnother, nextAttempt } from '../policies/ticket.ts';
import { openAskAt } from './ask-at.ts';
import { tellIssue } from './at-forge.ts';
import { openMerging } from './merging.ts';
import { lasting, quick, repairing } from './queues.ts';
import { openRepairPath, type Repair } from './repair-path.ts';
import { rootCause } from './root-cause.ts';

type Working = Extract<Begun, { how: 'begun' }>;
type Closing = { readonly how: 'parked' | 'refused'; readonly why: string; readonly reason: TicketReason };
/** Borne out by tests, and looked at. */
interface Fit {
  readonly repair: Repair;
  readonly reviewed: Reviewed;
}
/** So often the machine may fail a merge before it is left to people. */
const MOST_FAULTS = 3;
const FAULT_REST = '10s';

export async function ticket(input: TicketInput): Promise<TicketEnd> {
  const { ticket: name, repository, document, reportTo } = input;
  const tried: Attempt[] = [];
  const desk = openDesk(input, tried);
  const merging = openMerging();
  const ask = openAskAt();
  const { firstExecutionRunId: runChain, workflowId } = workflowInfo();

  const scope = new CancellationScope();
  let parked = input.park;
  setHandler(
    defineSignal<[string]>(TICKET.park),
    (why) => {
      // What the merge queue has may land: then it is too late.
      if (desk.step() === 'merge' || desk.step() === 'ended') return;
      parked ??= why;
      scope.cancel();
    },
    { description: 'Somebody wants it parked' },
  );

  const end = await decideEnd();
  const counted = await lasting.recordTicketEnd({ end, repository, document });
  desk.ended(counted);
  await report(reportTo, counted);
  // Tickets that were queued before issues were told have none.
  if (input.issue === true) await tellIssue({ ticket: name, repository, document });
  return counted;

  async function decideEnd(): Promise<TicketEnd> {
    const told = { ticket: name, tried };
    try {
      if (parked !== undefined) return { how: 'parked', ...told, why: parked, reason: 'asked' };
      return await scope.run(() => workOn(told));
    } catch (failure) {
      if (isCancellation(failure) && parked !== undefined)
        return { how: 'parked', ...told, why: parked, reason: 'asked' };
      if (isCancellation(failure)) throw failure;
      const { code, message } = rootCause(failure);
      return { how: 'parked', ...told, why: `${code}: ${message}`, reason: 'fault' };
    }
  }

  async function workOn(told: Pick<TicketEnd, 'ticket' | 'tried'>): Promise<TicketEnd> {
    const begun = await desk.at('pin', () => quick.beginTicket({ ticket: name, repository, document, runChain }));
    if (begun.how === 'ended') return begun.end;
    if (begun.how === 'unfit') return { how: 'refused', ...told, why: begun.why, reason: 'unfit' };
    const { pinned, work: settings, title, owner } = begun;
    if (!pinned.hasModel)
      return {
        ...{ how: 'parked', ...told, reason: 'no-model' },
        why: 'no model is configured that could work on it (docs/tickets.md)',
      };
    const path = openRepairPath({
      ...{ incident: { incident: name, campaign: null, owner }, repository, pinned, ticket: document },
      ...{ summary: `Ticket ${name}: ${title}.`, ask, merging, desk, tellWaits: () => {} },
    });
    let { base } = pinned;
    let number = 0;
    for (let reworks = 0; ; reworks += 1) {
      const phase = reworks === 0 ? settings : { ...settings.afterApproval, attempts: 1, backOff: settings.backOff };
      const fit = await develop(base, phase);
      if ('how' in fit) return { ...fit, ...told };
      const { repair, reviewed } = fit;
      const brought = await path.bring(repair, reviewed, tried, reworks + 1);
      if (brought.how === 'not-decided') return { ...undecided(brought.result.how), ...told };
      let { merged } = brought;
      for (let faults = 1; merged.how === 'failed' && faults < MOST_FAULTS; faults += 1) {
        await desk.at('merge', () => sleep(FAULT_REST));
        const again = await path.bring(repair, reviewed, tried, reworks + 1);
        if (again.how === 'queued') ({ merged } = again);
      }
      const { change } = repair;
      if (merged.how === 'failed')
        return { how: 'parked', ...told, why: `${merged.code}: ${merged.why}`, reason: 'fault' };
      if (merged.how === 'nothing-left')
        return { how: 'refused', ...told, why: 'all of it is on the branch already', reason: 'there-already' };
      if (merged.how === 'landed') {
        const { commit, tag } = merged;
        if (tag.startsWith(`anneal/${name}`)) return { how: 'merged', ...told, change, commit, tag };
        return {
          how: 'refused',
          ...told,
          why: `the same change has landed before, as ${tag}`,
          reason: 'there-already',
        };
      }
      const why =
        merged.how === 'conflict' ? `the branch has changed the same lines: ${merged.paths.join(', ')}` : merged.why;
      failed({ by: 'coding agent', change, why: `after approval: ${why}` });
      if (reworks >= settings.afterApproval.times) return { how: 'parked', ...told, why, reason: 'moved' };
      ({ base } = await desk.at('pin', () =>
        quick.pinBase({ incident: name, repository, runChain, again: reworks + 1 }),
      ));
    }

    /** Attempt after attempt, within one budget. */
    async function develop(
      from: CommitId,
      { attempts, budget, backOff }: { attempts: number; budget: Bounds; backOff: Working['work']['backOff'] },
    ): Promise<Fit | Closing> {
      const spent: TicketSpent[] = [];
      for (let last = ''; ; ) {
        const next = nextAttempt({ ticket: name, spent, most: attempts, budget, backOff });
        if (next.how === 'stop')
          return { how: 'parked', why: last === '' ? next.why : `${next.why}; the last: ${last}`, reason: 'used-up' };
        if (next.afterMs > 0) await desk.at('rest', () => sleep(next.afterMs));
        number += 1;
        const of = { ticket: name, repository, document, base: from, number, budget: next.budget, tried: [...tried] };
        const developed = await desk.at('develop', () => repairing.develop(of));
        spent.push(developed.spent);
        const judged = await judge(developed);
        if ('repair' in judged) return judged;
        last = judged.why;
        failed({ by: 'coding agent', ...judged });
        const { closes: how, why } = judged;
        if (how !== undefined) return { how, why, reason: how === 'parked' ? 'gave-up' : 'paths' };
      }
    }

    async function judge(
      developed: Awaited<ReturnType<typeof repairing.develop>>,
    ): Promise<Fit | (Omit<Attempt, 'by'> & { closes?: Closing['how'] })> {
      if (developed.how === 'none')
        return { why: developed.why, ...(isWorthAnother(developed.end) ? {} : { closes: 'parked' }) };
      if (developed.how === 'unfit') return { with: developed.with, why: developed.why };
      const { change, with: model } = developed;
      const checked = await path.check(developed);
      if (!('repair' in checked)) {
        const closes = checked.against.startsWith(REFUSED) ? { closes: 'refused' as const } : {};
        return { with: model, change, why: checked.against, ...closes };
      }
      const reviewed = await path.review(checked.repair, number);
      if (reviewed.how === 'reviewed' && reviewed.verdict === 'rework') {
        const said = reviewed.findings.map(({ path: at, line, why }) => `${at}:${line}: ${why}`).join('; ');
        return { with: model, change, why: `its review wants it reworked: ${said}` };
      }
      return { repair: checked.repair, reviewed };
    }
  }

  function failed({ by, with: model, change, why }: Attempt): void {
    const told = { ...(model === undefined ? {} : { with: model }), ...(change === undefined ? {} : { change }) };
    tried.push({ by, ...told, why: why.slice(0, MOST_WHY) });
    desk.tried();
  }

  /** Nobody there is no failure: its queue asks again. */
  async function report(to: string | null, said: TicketEnd): Promise<void> {
    if (to === null || to === workflowId) return;
    try {
      await getExternalWorkflowHandle(to).signal(TICKETS.ended, said.ticket);
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
    }
  }
}

/** As `againstChange` says it. */
const REFUSED = 'it touches what no agent changes';
const MOST_WHY = 2_000;

const undecided = (how: GateResult['how']): Closing => {
  if (how === 'decided') return { how: 'refused', why: 'a human decided against it', reason: 'human-no' };
  // Where critical.yaml asks nobody, the gate's own advice counts.
  if (how === 'automatic')
    return { how: 'refused', why: 'its review speaks against it, and nobody is asked here', reason: 'review' };
  return { how: 'parked', why: 'nobody decided on it in time', reason: 'undecided' };
};

/** What people see of it while it runs. */
function openDesk({ ticket: name, repository }: TicketInput, attempts: readonly Attempt[]) {
  let view: TicketView = { ticket: name, step: 'pin', tried: [] };
  setHandler(defineQuery<TicketView>(TICKET.view), () => view, { description: 'Where it stands' });
  const now = (more: Partial<TicketView>): void => {
    view = { ...view, ...more };
    const lines = [
      `**${view.step}** · ${repository} · attempts that came to nothing: ${view.tried.length}`,
      ...(view.waitingFor === undefined ? [] : [`**Waits for a human**: ${view.waitingFor}`]),
      ...(view.forge?.how === 'told' ? [`At the forge: ${view.forge.url}`] : []),
      ...(view.end === undefined ? [] : [`Ended: ${view.end.how}`]),
    ];
    setCurrentDetails(lines.join('\n\n'));
  };
  return {
    step: () => view.step,
    at<T>(step: TicketStep, doing: () => Promise<T>): Promise<T> {
      now({ step });
      return doing();
    },
    tried: () => now({ tried: [...attempts] }),
    waits(waitingFor: string | undefined): void {
      const { waitingFor: _before, ...rest } = view;
      view = rest;
      now(waitingFor === undefined ? {} : { waitingFor });
    },
    forge: (forge: ForgeTold) => now({ forge }),
    ended: (end: TicketEnd) => now({ step: 'ended', end }),
  };
}
