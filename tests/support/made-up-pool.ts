// Records and segments that nobody captured, in the shapes that the gateway writes, the same ones from the same numbers.
import { createHash } from 'node:crypto';
import { sha256 } from '../../contracts/ids.ts';
import { replicaName, type SealedSegment, type SegmentSource, type SegmentStream } from '../../contracts/segment.ts';
import { type ContextOperation, contextOperation } from '../../contracts/session.ts';
import { type CompletionRecord, completionRecord, type Trajectory, trajectory } from '../../contracts/trajectory.ts';
import { encodeLine, scanSegment } from '../../gateway/segments/line.ts';

const hash = (text: string | Uint8Array) => sha256.parse(createHash('sha256').update(text).digest('hex'));

export interface MadeOf {
  readonly campaign?: string;
  readonly round?: number;
  readonly group: number;
  readonly sample: number;
  readonly index?: number;
  /** Tokens of the prompt and of the answer. */
  readonly tokens?: readonly [number, number];
}

export const madeRollout = ({ campaign = 'made-up', round = 1, group, sample }: MadeOf): string =>
  `${campaign}/r${round}/train.v0/g${group}/s${sample}`;

export const madeCompletion = (of: MadeOf, more: Partial<CompletionRecord> = {}): CompletionRecord =>
  completionRecord.parse(uncheckedCompletion(of, more));

/** Where there are a million of them: the schema would take most of the time. */
export function uncheckedCompletion(of: MadeOf, more: Partial<CompletionRecord> = {}): object {
  const { campaign = 'made-up', group, sample, index = 0, tokens: [prompt, answer] = [12, 5] } = of;
  const rollout = madeRollout(of);
  const seed = group * 31 + sample * 7 + index;
  const ids = (count: number, from: number) => Array.from({ length: count }, (_, n) => (from + n * 7_919) % 49_152);
  return {
    schema: 'anneal/completion/v1',
    ...{ id: `${rollout}/c${index}`, rollout, campaign, index, requestHash: hash(`${rollout}/${index}`) },
    ...{ policy: `${campaign}.v0`, fidelity: 'token-exact' },
    messages: [
      { role: 'system', content: 'Answer with one code block.' },
      { role: 'user', content: `Task ${group}: “naïve” — ${seed}` },
    ],
    sampling: { temperature: 1, maxTokens: 64, seed },
    ...{ promptIds: ids(prompt, seed), completionIds: ids(answer, seed + 1) },
    logprobs: Array.from({ length: answer }, (_, n) => -Math.abs(Math.sin(seed + n / 3)) / 3),
    ...{ text: `def f(x):\n  return x + ${seed}\n`, finish: 'stop' },
    startedAt: new Date(Date.UTC(2026, 0, 1) + seed * 1_000 + 7).toISOString(),
    milliseconds: 10 + (seed % 97) / 3,
    ...more,
  };
}

export const madeTrajectory = (of: MadeOf, more: Partial<Trajectory> = {}): Trajectory =>
  trajectory.parse(uncheckedTrajectory(of, more));

export function uncheckedTrajectory(of: MadeOf, more: Partial<Trajectory> = {}): object {
  const { campaign = 'made-up', round = 1, group, sample, tokens: [prompt, completion] = [12, 5] } = of;
  const rollout = madeRollout(of);
  const right = (group + sample) % 2;
  return {
    schema: 'anneal/trajectory/v1',
    ...{ rollout, campaign, round, purpose: 'train', split: 'visible', task: `task-${group}#plain`, family: 'str' },
    ...{ policy: `${campaign}.v0`, completions: [`${rollout}/c0`], outcome: right ? 'success' : 'policy_failure' },
    reward: {
      total: 0.1 + right * 0.9,
      components: { format: 1, correctness: right, partial: right },
      verifier: { name: 'python-function', version: 1 },
      evidence: { text: 'ok', sha256: hash('ok'), bytes: 2 },
    },
    tokens: { prompt, completion },
    ...more,
  };
}

export function madeOperation(of: MadeOf, more: Partial<ContextOperation> = {}): ContextOperation {
  const { campaign = 'made-up', group, index = 0 } = of;
  const rollout = madeRollout(of);
  return contextOperation.parse({
    schema: 'anneal/context-operation/v1',
    ...{ id: `${rollout}/o${index}`, rollout, campaign, session: { group, attempt: 0 }, key: `k${index}` },
    ...{ kind: 'note', completions: [], note: 'written down', requestHash: hash(`${rollout}/o${index}`), next: 1 },
    recordedAt: new Date(Date.UTC(2026, 0, 1)).toISOString(),
    ...more,
  });
}

export interface MadeSegment {
  readonly sealed: SealedSegment;
  readonly bytes: Buffer;
}

export function madeSegment(
  stream: SegmentStream,
  sequence: number,
  records: readonly unknown[],
  replica = 'here',
): MadeSegment {
  const bytes = Buffer.concat(records.map((record) => encodeLine(JSON.stringify(record)).bytes));
  const sealed: SealedSegment = {
    ...{ schema: 'anneal/segment/v1', replica: replicaName.parse(replica), stream, sequence },
    ...{ records: records.length, bytes: bytes.length, sha256: hash(bytes) },
  };
  return { sealed, bytes };
}

/** In the order that a source promises, whichever they are given in. */
export function madeSource(segments: readonly MadeSegment[]): SegmentSource {
  const key = ({ sealed: { replica, stream, sequence } }: MadeSegment) =>
    `${replica} ${stream} ${String(sequence).padStart(9, '0')}`;
  const sorted = segments.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    async *list() {
      for (const { sealed } of sorted) yield sealed;
    },
    async *records({ replica, stream, sequence }) {
      const found = segments.find(
        ({ sealed }) => sealed.replica === replica && sealed.stream === stream && sealed.sequence === sequence,
      );
      if (found === undefined) throw new Error(`no segment ${sequence}`);
      for (const { offset, length } of scanSegment(found.bytes).records)
        yield found.bytes.toString('utf8', offset, offset + length);
    },
  };
}
