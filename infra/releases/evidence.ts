// Whether a release is the one that the approver was shown.
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type DecisionContext, evidence as evidenceSchema } from '../../contracts/gate.ts';
import type { ReleaseBody } from '../../contracts/release.ts';

/** Facts of a release gate's evidence by which the release is recognised. */
export const POLICY_FACT = 'policy';
/** SHA-256 of the adapter; checked when the evidence states it. */
export const ADAPTER_FACT = 'adapter';

/**
 * Reads the evidence from the store and compares it with the release: kind, gate, campaign, run and policy. The decision's
 * signature covers the evidence's hash, so what the evidence does not name was not decided on.
 * @throws AnnealError `decision.not_verified`, `decision.altered`, `decision.other_run`, `store.*`
 */
export async function checkAgainstEvidence(
  store: ArtifactStore,
  body: Omit<ReleaseBody, 'previous'>,
  context: DecisionContext,
  ref: ArtifactRef,
): Promise<void> {
  const { option, evidenceHash } = body.decision.body;
  if (option !== 'release') throw new AnnealError('decision.not_verified', `the decision is ${option}, not release`);
  if (ref.sha256 !== evidenceHash) {
    throw new AnnealError('decision.altered', 'the evidence at hand is not the one that was decided on');
  }
  const parsed = evidenceSchema.safeParse(
    JSON.parse(new TextDecoder().decode(await store.get(artifactRef.parse(ref)))),
  );
  if (!parsed.success) throw new AnnealError('decision.altered', `${ref.uri} is not evidence`);
  const shown = parsed.data;
  if (shown.kind !== 'release') {
    throw new AnnealError('decision.not_verified', `the decision was made at a gate of kind ${shown.kind}`);
  }
  if (shown.gate !== context.gate || shown.campaign !== body.campaign || shown.runChain !== context.runChain) {
    throw new AnnealError('decision.other_run', `the evidence belongs to ${shown.gate} of ${shown.campaign}`);
  }
  const offered = shown.options.map((one) => one.name);
  if (canonicalJson(offered) !== canonicalJson(context.options)) {
    throw new AnnealError('decision.altered', 'the gate offered other options than the evidence shows');
  }
  const { name, adapter } = body.policy;
  expectFact(POLICY_FACT, name, 'required');
  if (adapter !== null) expectFact(ADAPTER_FACT, adapter.sha256, 'optional');

  function expectFact(fact: string, value: string, need: 'required' | 'optional'): void {
    const stated = shown.facts.filter((one) => one.name === fact).map((one) => one.value);
    if (need === 'optional' && stated.length === 0) return;
    if (stated.length === 1 && stated[0] === value) return;
    throw new AnnealError(
      'decision.replayed',
      `the decision was about ${stated.join(', ') || 'nothing'}, not ${value}`,
    );
  }
}
