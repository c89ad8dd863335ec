// Whether an effect is the one that the approver was shown.
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import {
  type Decision,
  type DecisionContext,
  evidence as evidenceSchema,
  type GateKind,
} from '../../contracts/gate.ts';

/** What an effect is about to do, and the decision that it acts on. */
export interface Act {
  /** The kind of gate that may ask for this effect, and the option that grants it. */
  readonly kind: GateKind;
  readonly option: string;
  /** What the evidence must have stated, so that the decision was about this very thing. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly decision: Decision;
  readonly context: DecisionContext;
  readonly evidence: ArtifactRef;
}

/**
 * Reads the evidence from the store and compares it with the effect: kind of gate, gate, campaign, run, options and facts.
 * A valid signature is not enough: it covers the evidence's hash, so what the evidence does not name was not decided on.
 * @throws AnnealError `decision.not_verified`, `decision.altered`, `decision.other_run`, `decision.replayed`, `store.*`
 */
export async function checkAgainstEvidence(store: ArtifactStore, act: Act): Promise<void> {
  const { decision, context, evidence: ref } = act;
  const { option, evidenceHash } = decision.body;
  if (option !== act.option) {
    throw new AnnealError('decision.not_verified', `the decision on ${context.gate} is ${option}, not ${act.option}`);
  }
  if (ref.sha256 !== evidenceHash) {
    throw new AnnealError('decision.altered', 'the evidence at hand is not the one that was decided on');
  }
  const parsed = evidenceSchema.safeParse(
    JSON.parse(new TextDecoder().decode(await store.get(artifactRef.parse(ref)))),
  );
  if (!parsed.success) throw new AnnealError('decision.altered', `${ref.uri} is not evidence`);
  const shown = parsed.data;
  if (shown.kind !== act.kind) {
    throw new AnnealError('decision.not_verified', `the decision was made at a gate of kind ${shown.kind}`);
  }
  if (shown.gate !== context.gate || shown.campaign !== context.campaign || shown.runChain !== context.runChain) {
    throw new AnnealError('decision.other_run', `the evidence belongs to ${shown.gate} of ${shown.campaign}`);
  }
  const offered = shown.options.map((one) => one.name);
  if (canonicalJson(offered) !== canonicalJson(context.options)) {
    throw new AnnealError('decision.altered', 'the gate offered other options than the evidence shows');
  }
  for (const { name, value } of act.facts) {
    const stated = shown.facts.filter((fact) => fact.name === name).map((fact) => fact.value);
    if (stated.length === 1 && stated[0] === value) continue;
    const about = stated.join(', ') || 'nothing';
    throw new AnnealError('decision.replayed', `the decision was about ${name} ${about}, not ${value}`);
  }
}
