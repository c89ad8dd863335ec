// What an audit log says of decisions, held against the decisions themselves: each is signed by a known key, is the answer of its gate, and was
// made on evidence that is still there.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { asAnnealError } from '../../contracts/errors.ts';
import { type Decision, type GateResult, gateResult } from '../../contracts/gate.ts';
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
    const answer = await answerOf(store, event.gate);
    if (answer === undefined) {
      wrong(`the answer of ${event.gate} is gone`);
      continue;
    }
    const { seconds = [], ...last } = event.decided;
    const beside = (answer.seconds ?? []).map(({ decision }) => decision);
    if (beside.length !== seconds.length) wrong('the entry and the answer name different people');
    const said = [last, ...seconds.map((one) => ({ ...one, evidence: last.evidence }))];
    for (const [at, decision] of [answer.decision, ...beside].slice(0, said.length).entries()) {
      const { body, keyId, signature, assertion } = decision;
      const { decision: hash } = said[at]!;
      if (hashOf(canonicalJson(decision)) !== hash) wrong('another decision stands as the answer');
      for (const why of differences(event, said[at]!, decision)) wrong(why);
      try {
        verifyBytes(canonicalJson(body), { keyId, signature, assertion });
      } catch (failure) {
        wrong(`the decision: ${asAnnealError(failure).message}`);
      }
      const ref = shown.get(body.evidenceHash);
      const evidence = ref === undefined ? undefined : await store.get(ref).catch(() => undefined);
      if (evidence === undefined) wrong('the evidence is gone, or was never shown at a gate');
      else proofs.set(hash, { decision, evidence: Buffer.from(evidence).toString('utf8') });
    }
  }
  return { proofs, problems };
}

type Decided = Extract<GateResult, { how: 'decided' }>;

async function answerOf(store: Store, gate: string): Promise<Decided | undefined> {
  const found = await store.readNamed(`gates/${gate}/answer`);
  if (found === undefined) return undefined;
  const answer = gateResult.safeParse(jsonOf(Buffer.from(found.bytes).toString()));
  return answer.success && answer.data.how === 'decided' ? answer.data : undefined;
}

function differences(
  { gate, option }: { readonly gate: string; readonly option: string },
  noted: {
    readonly approver: string;
    readonly inNameOf?: string | undefined;
    readonly keyId: Sha256;
    readonly evidence: Sha256;
  },
  { body, keyId }: Decision,
): string[] {
  const { approver, inNameOf, evidence } = noted;
  const said = { gate, option, approver, inNameOf, keyId: noted.keyId, evidence };
  const by = { approver: body.approver, inNameOf: body.inNameOf, keyId };
  const signed = { gate: body.gate, option: body.option, ...by, evidence: body.evidenceHash };
  return (Object.keys(said) as (keyof typeof said)[])
    .filter((key) => said[key] !== signed[key])
    .map((key) => `the entry and the decision name different things as ${key}`);
}
