// What an audit log says of decisions, held against the decisions themselves: each is signed by a known key, is the answer of its gate, and was
// made on evidence that is still there.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditEntry } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { asAnnealError } from '../../contracts/errors.ts';
import { type Decision, gateResult } from '../../contracts/gate.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import { hashOf, jsonOf } from './names.ts';
import type { AuditProblem, Checking, ReadEntry } from './verify.ts';

export interface Proof {
  readonly decision: Decision;
  /** Exactly what was shown. */
  readonly evidence: string;
}

export interface Proofs {
  /** By the decision's hash. */
  readonly proofs: ReadonlyMap<Sha256, Proof>;
  readonly problems: readonly AuditProblem[];
}

type Store = Pick<ArtifactStore, 'readNamed' | 'get'>;

/** Looks at every decision that closed a gate. */
export async function readProofs(
  entries: readonly ReadEntry[],
  { store, verifyBytes }: { readonly store: Store; readonly verifyBytes: Checking['verifyBytes'] },
): Promise<Proofs> {
  const proofs = new Map<Sha256, Proof>();
  const problems: AuditProblem[] = [];
  const shown = new Map(
    entries.flatMap(({ entry: { event } }) =>
      event.what === 'gate-opened' ? [[event.evidence.sha256, event.evidence] as const] : [],
    ),
  );
  for (const { entry } of entries) {
    const { event, number } = entry;
    if (event.what !== 'gate-closed' || event.decided === null) continue;
    const wrong = (what: string): void => void problems.push({ number, what });
    const decision = await decisionOf(store, event.gate);
    if (decision === undefined) {
      wrong(`the answer of ${event.gate} is gone`);
      continue;
    }
    const { body, keyId, signature, assertion } = decision;
    if (hashOf(canonicalJson(decision)) !== event.decided.decision) wrong('another decision stands as the answer');
    for (const why of differences(entry, decision)) wrong(why);
    try {
      verifyBytes(canonicalJson(body), { keyId, signature, assertion });
    } catch (failure) {
      wrong(`the decision: ${asAnnealError(failure).message}`);
    }
    const ref = shown.get(body.evidenceHash);
    const evidence = ref === undefined ? undefined : await store.get(ref).catch(() => undefined);
    if (evidence === undefined) wrong('the evidence is gone, or was never shown at a gate');
    else proofs.set(event.decided.decision, { decision, evidence: Buffer.from(evidence).toString('utf8') });
  }
  return { proofs, problems };
}

async function decisionOf(store: Store, gate: string): Promise<Decision | undefined> {
  const found = await store.readNamed(`gates/${gate}/answer`);
  if (found === undefined) return undefined;
  const answer = gateResult.safeParse(jsonOf(Buffer.from(found.bytes).toString()));
  return answer.success && answer.data.how === 'decided' ? answer.data.decision : undefined;
}

function differences({ event }: AuditEntry, { body, keyId }: Decision): string[] {
  if (event.what !== 'gate-closed' || event.decided === null) return [];
  const { decided, gate, option } = event;
  const said = { gate, option, approver: decided.approver, keyId: decided.keyId, evidence: decided.evidence };
  const signed = { gate: body.gate, option: body.option, approver: body.approver, keyId, evidence: body.evidenceHash };
  return (Object.keys(said) as (keyof typeof said)[])
    .filter((key) => said[key] !== signed[key])
    .map((key) => `the entry and the decision name different things as ${key}`);
}
