// One gate with everything that its page shows, and the answer that is given on it.

import { AnnealError } from '../../contracts/errors.ts';
import { type Decision, decision, type GateAnswer } from '../../contracts/gate.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { createGateList, type GateRun, type GateState, type Opening } from '../../infra/temporal/gate-list.ts';
import { createGates, type GateOutcome } from '../../infra/temporal/gates.ts';
import type { ConsolePorts } from '../ports.ts';
import type { EvidenceReader, SeenEvidence } from './evidence.ts';

const PATIENCE_MS = 5_000;
/** A worker verifies it; where none answers, whoever asked is told so while they still look. */
const ANSWER_MS = 20_000;

export interface LookedAtGate {
  readonly at: GateRun;
  readonly state: GateState;
  readonly opening: Opening;
  readonly seen: SeenEvidence;
  readonly outcome: GateOutcome | undefined;
  /** Who was told of it, by when. */
  readonly told: readonly { readonly whom: string; readonly by: string; readonly at: string }[];
  /** What was taken in and closed nothing yet, where several people have to say the same. */
  readonly answered: readonly { readonly approver: string; readonly option: string; readonly at: string }[];
  /** Decisions that were sent and are none. */
  readonly refusals: number;
}

/** @throws AnnealError `gate.not_found`, and why Temporal does not answer */
export async function lookAtGate(
  { temporal, store }: Pick<ConsolePorts, 'temporal' | 'store'>,
  evidenceOf: EvidenceReader,
  name: string,
): Promise<LookedAtGate> {
  const client = await temporal();
  const list = createGateList(client);
  return client.withDeadline(Date.now() + PATIENCE_MS, async () => {
    const { at, state } = await list.find(name);
    const [opening, outcome, told, answered, refusals] = await Promise.all([
      list.opening(at),
      state === 'closed' ? list.outcome(at) : undefined,
      toldOf(store, at.gate),
      state === 'open' ? answeredOf(store, at.gate) : [],
      store.listNamed(`gates/${at.gate}/refusals/`).catch(() => []),
    ]);
    const seen = await evidenceOf(opening.evidence);
    return { at, state, opening, seen, outcome, told, answered, refusals: refusals.length };
  });
}

async function toldOf(store: ConsolePorts['store'], gate: string): Promise<LookedAtGate['told']> {
  try {
    const names = await store.listNamed(`gates/${gate}/told/`);
    const notes = await Promise.all(names.slice(0, 50).map((name) => store.readNamed(name)));
    return notes
      .flatMap((note) => (note === undefined ? [] : [JSON.parse(new TextDecoder().decode(note.bytes))]))
      .toSorted((a, b) => String(a.at).localeCompare(String(b.at)));
  } catch {
    // Who was told is good to know, and no reason to hide the gate.
    return [];
  }
}

/** As the gate's activities keep them: no worker is needed to read who has answered. */
async function answeredOf(store: ConsolePorts['store'], gate: string): Promise<LookedAtGate['answered']> {
  try {
    const names = await store.listNamed(`gates/${gate}/answers/`);
    const kept = await Promise.all(names.slice(0, 50).map((name) => store.readNamed(name)));
    return kept
      .flatMap((one) => (one === undefined ? [] : [decision.parse(JSON.parse(new TextDecoder().decode(one.bytes)))]))
      .map(({ body }) => ({
        approver: body.inNameOf === undefined ? body.approver : `${body.approver} for ${body.inNameOf}`,
        option: body.option,
        at: body.signedAt,
      }))
      .toSorted((a, b) => a.at.localeCompare(b.at));
  } catch {
    // The gate's own count stands, whether it can be shown or not.
    return [];
  }
}

export interface AskedAnswer {
  readonly option: string;
  readonly reason: string;
  /** Of what stood on the page that the answer was given on. */
  readonly evidenceHash: string;
}

/**
 * Local mode: signed by this machine's key.
 * @throws AnnealError `decision.*`, `gate.*`; `stack.not_running` when no worker answers in time
 */
export async function answerHere(
  ports: Pick<ConsolePorts, 'temporal' | 'store' | 'signer'>,
  { opening, state }: LookedAtGate,
  { option, reason, evidenceHash }: AskedAnswer,
): Promise<GateAnswer> {
  // The one thing that the gate cannot tell: which page it was. Of a gate that is closed it says so itself.
  if (state === 'open' && evidenceHash !== opening.context.evidenceHash)
    throw new AnnealError('decision.altered', 'the gate shows other evidence than the page that was answered on');
  return sent(ports, (gates) =>
    answerGate({ gates, signer: ports.signer }, opening.context, { option, reason, unattended: false }),
  );
}

/** Signed elsewhere: passed on as it came, and judged by the gate. */
export async function passOn(
  ports: Pick<ConsolePorts, 'temporal' | 'store'>,
  { opening }: LookedAtGate,
  decision: Decision,
  by: string,
): Promise<GateAnswer> {
  const { gate, approver } = decision.body;
  if (gate !== opening.context.gate)
    throw new AnnealError('decision.other_run', `the decision is for ${gate}, not for ${opening.context.gate}`);
  if (approver !== by) throw new AnnealError('decision.unknown_signer', `${by} sent a decision of ${approver}`);
  return sent(ports, (gates) => gates.decide(decision));
}

async function sent(
  { temporal, store }: Pick<ConsolePorts, 'temporal' | 'store'>,
  send: (gates: ReturnType<typeof createGates>) => Promise<GateAnswer>,
): Promise<GateAnswer> {
  const client = await temporal();
  const late = AbortSignal.timeout(ANSWER_MS);
  try {
    return await client.withAbortSignal(late, () => send(createGates(client, store)));
  } catch (failure) {
    if (!late.aborted || failure instanceof AnnealError) throw failure;
    throw new AnnealError(
      'stack.not_running',
      'no worker took the decision in yet. It may still count: look at the gate again before you send another',
      { cause: failure },
    );
  }
}
