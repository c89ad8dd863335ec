// A campaign asks a human: its gates by number, its costs so far, and every answer in its state.
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { Evidence, GateKind, GateResult } from '../contracts/gate.ts';
import { gateId } from '../contracts/ids.ts';
import { campaignWorkflowId } from '../contracts/names.ts';
import type { CampaignState } from '../contracts/record.ts';
import { durationMs } from '../contracts/units.ts';
import { openAskAt } from './ask-at.ts';
import type { Desk } from './desk.ts';

export type Question = Pick<
  Evidence,
  'title' | 'why' | 'risk' | 'facts' | 'options' | 'recommended' | 'safe' | 'attachments' | 'logTail'
>;
/** @param number of its kind in this campaign; the next one unless given */
export type Ask = (
  kind: GateKind,
  question: Question,
  number?: string,
) => Promise<{ result: GateResult; evidence: GateEvidence }>;
type GateEvidence = CampaignState['gates'][number]['evidence'];

export function openAsk(spec: CampaignSpec, state: CampaignState, desk: Desk): Ask {
  const askAt = openAskAt();

  return async function ask(kind, question, number) {
    const next = number ?? state.gates.filter((g) => g.kind === kind).length + 1;
    const id = gateId.parse(`${spec.name}.${kind}-${next}`);
    const { result, evidence } = await askAt({
      evidence: {
        schema: 'anneal/evidence/v1',
        gate: id,
        campaign: spec.name,
        kind,
        ...question,
        cost: { tokens: state.tokens, seconds: state.stages.reduce((sum, s) => sum + s.seconds, 0) },
        runChain: state.runChain,
      },
      owner: spec.owner,
      deadlineMs: durationMs(spec.gates.deadline),
      remindMs: durationMs(spec.gates.remindAfter),
      asker: campaignWorkflowId(spec.name),
      waitFor: desk.waitFor,
    });
    state.gates.push({ gate: id, kind, evidence, recommended: question.recommended, result });
    return { result, evidence };
  };
}
