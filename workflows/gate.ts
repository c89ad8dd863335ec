// One human decision. It outlives the campaign's run, takes its safe option on silence, and never trusts an unsigned answer.

import { defineSearchAttributeKey } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import {
  type Decision,
  type DecisionContext,
  decision as decisionSchema,
  type GateAnswer,
  type GateResult,
  type TakenIn,
} from '../contracts/gate.ts';
import { CAMPAIGN, GATE, SEARCH } from '../contracts/names.ts';
import { countIn, peopleIn } from '../policies/quorum.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';
import { beginTelling, tellEverybody } from './telling.ts';

export interface GateInput {
  context: DecisionContext;
  evidence: ArtifactRef;
  title: string;
  recommended: string;
  safe: string;
  deadlineMs: number;
  remindMs: number;
  campaignWorkflowId: string;
  /** How many people it needs, as far as was known when it opened: for what is shown. The worker's list counts, with every answer. */
  quorum?: number;
}
export interface GateView extends GateInput {
  state: 'open' | 'decided' | 'expired' | 'withdrawn';
  reminders: number;
  /** How many people have to say the same, but for its safe option; and who has said what. */
  needed: number;
  answered: { people: string[]; option: string; at: string }[];
}

const act = activitiesOn('control', {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});
const gateState = defineSearchAttributeKey(SEARCH.gateState, 'KEYWORD');

export async function gate(input: GateInput): Promise<GateResult | null> {
  const openedAt = Date.now();
  const deadline = openedAt + input.deadlineMs;
  const seen = new Set<string>();
  let verifying = 0;
  let result: Exclude<GateResult, { how: 'automatic' }> | undefined;
  const view: GateView = { ...input, state: 'open', reminders: 0, needed: input.quorum ?? 1, answered: [] };
  let before: TakenIn[] = [];

  async function decide(answer: Decision): Promise<GateAnswer> {
    seen.add(answer.body.id);
    const { gate } = input.context;
    const acceptedAt = new Date().toISOString();
    verifying += 1;
    try {
      const { context, safe, evidence } = input;
      const shown = { evidence, safe };
      const beside = before.length === 0 ? {} : { before };
      const verified = await act.verifyDecision({ decision: answer, context, acceptedAt, shown, ...beside });
      const { selfApproved, needed = 1, lapsed = [] } = verified;
      // Two valid answers may have been verified side by side: the first to get here stands.
      if (result !== undefined) throw refusal('gate.closed', 'another decision came first');
      const { option } = answer.body;
      view.needed = needed;
      before = before.filter((one) => !lapsed.includes(one.decision.body.id));
      view.answered = before.map(said);
      const counted = countIn(before, answer, { needed, safe });
      if (counted.as === 'refused') throw refusal('decision.same_person', counted.why);
      if (counted.as === 'counted') {
        before.push({ decision: answer, selfApproved, acceptedAt });
        view.answered = before.map(said);
        const people = view.answered.filter((one) => one.option === option).flatMap((one) => one.people);
        return { how: 'counted', gate, option, counted: counted.counted, needed, people };
      }
      const seconds = counted.seconds.length === 0 ? {} : { seconds: counted.seconds };
      result = { how: 'decided', gate, option, decision: answer, selfApproved, acceptedAt, ...seconds };
      return result;
    } finally {
      verifying -= 1;
    }
  }
  const refuseUnlessOpen = (answer: Decision): void => {
    checkShape(answer, seen, result);
    // A worker that was down over the deadline sees an answer that came after it before it sees the timer.
    if (Date.now() >= deadline) throw refusal('gate.expired', 'the gate had been open for its time');
  };
  setHandler(defineUpdate<GateAnswer, [Decision]>(GATE.decide), decide, {
    description: 'A signed decision',
    validator: refuseUnlessOpen,
  });
  setHandler(defineSignal<[Decision]>(GATE.decideSignal), async (answer) => {
    // A signal has no caller to refuse to, and a throw would fail the gate: an invalid one is recorded by the activity and dropped.
    try {
      refuseUnlessOpen(answer);
      await decide(answer);
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
    }
  });
  setHandler(defineQuery<GateView>(GATE.view), () => view, { description: 'What is asked, and until when' });

  upsertSearchAttributes([{ key: gateState, value: 'open' }]);
  const shown = `**${input.title}**\n\nRecommended: \`${input.recommended}\`, on silence: \`${input.safe}\`\n\nAnswer: \`./anneal decide ${input.context.gate} OPTION --reason "…"\``;
  setCurrentDetails(shown);
  function remind(): void {
    view.reminders += 1;
    setCurrentDetails(`Reminder ${view.reminders}: nobody has answered yet.\n\n${shown}`);
  }

  const { evidence, deadlineMs } = input;
  const endTelling = patched('tellings')
    ? beginTelling({ evidence, openedAt: new Date(openedAt).toISOString(), deadlineMs })
    : () => {};
  try {
    let left = input.deadlineMs;
    while (result === undefined && left > 0) {
      const wait = Math.min(left, input.remindMs);
      if (await condition(() => result !== undefined, wait)) break;
      left -= wait;
      if (left > 0) remind();
    }
    // An answer that was taken in before the deadline counts, however long its verification takes.
    await condition(() => result !== undefined || verifying === 0);
  } catch (failure) {
    if (!isCancellation(failure)) throw failure;
    view.state = 'withdrawn';
    upsertSearchAttributes([{ key: gateState, value: 'withdrawn' }]);
    return null;
  }
  endTelling();
  // Recorded histories have no such answer.
  const alarm = result?.how === 'decided' ? alarmOf(result.decision) : undefined;
  const alarmed = alarm && tellEverybody({ evidence, openedAt: new Date(openedAt).toISOString(), deadlineMs }, alarm);
  result ??= { how: 'expired', gate: input.context.gate, option: input.safe };
  view.state = result.how;
  upsertSearchAttributes([{ key: gateState, value: result.how }]);
  await act.recordAnswer({ result });
  try {
    await getExternalWorkflowHandle(input.campaignWorkflowId).signal(CAMPAIGN.gateClosed, result);
  } catch (failure) {
    // The campaign is gone for now. The answer is durable: a resumed campaign finds it when it asks again.
    if (isCancellation(failure)) throw failure;
  }
  await alarmed;
  // An answer that came second is told so before the run closes on it.
  await condition(allHandlersFinished);
  return result;
}

/** An answer without the others is no secret. */
const alarmOf = ({ body }: Decision): string | undefined =>
  body.breakGlass
    ? `${body.approver} broke the glass: ${body.gate} is answered ${body.option} without the others. “${body.reason}”`
    : undefined;

const said = ({ decision, acceptedAt }: TakenIn): GateView['answered'][number] => ({
  people: peopleIn(decision),
  option: decision.body.option,
  at: acceptedAt,
});

function checkShape(answer: Decision, seen: ReadonlySet<string>, result: GateResult | undefined): void {
  const parsed = decisionSchema.safeParse(answer);
  if (!parsed.success) throw refusal('decision.altered', 'this is not a signed decision');
  if (seen.has(answer.body.id)) throw refusal('decision.replayed', 'this decision was already used');
  if (result !== undefined)
    throw refusal(result.how === 'expired' ? 'gate.expired' : 'gate.closed', 'the gate is closed');
}

const refusal = (type: string, message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, type);
