// Faults of the machine under the judgement of rollouts: no gold answer is scored for them, nothing is lost, and a group's baseline is
// computed without the rollout that met one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { Trajectory } from '../../contracts/trajectory.ts';
import { CORPUS } from '../../evals/hacks/corpus.ts';
import { judgeVariant } from '../../evals/hacks/judging.ts';
import type { Sample } from '../../evals/hacks/variant.ts';
import { whyNotSingleTurn } from '../../evals/single-turn/fit.ts';
import type { Instruments } from '../../evals/verifiers/verifier.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { assembleSamples } from '../../policies/advantage.ts';
import { type Group, groupOf, type Machine, ROLLOUTS } from './fault-worker.ts';
import type { Figure, Tell } from './figure.ts';
import { FAULTS, type Fault } from './machine-faults.ts';

/** Of each format and language. */
const SAMPLES_EACH = 2;
const SECRET = 'a secret of the faults';
/** Which rollouts of a group are what. */
const [RIGHT, WRONG, STRUCK] = [0, 1, 2];

export async function faultFigures(instruments: Instruments, tell: Tell): Promise<Figure[]> {
  const samples = replied();
  const figures: Figure[] = [];
  for (const fault of FAULTS) {
    tell(fault.name);
    figures.push(await figureOf(fault, samples, instruments.sandbox));
  }
  return [...figures, await severalSteps(instruments)];
}

/** Those that a reply can do, some of each format and language. */
function replied(): Sample[] {
  const single = CORPUS.filter(({ task }) => whyNotSingleTurn(task) === undefined && task.format !== 'patch');
  const kinds = Map.groupBy(single, ({ task, cheats }) => `${task.format} ${cheats[0]?.language}`);
  return [...kinds.values()].flatMap((of) => of.slice(0, SAMPLES_EACH));
}

const HEALTHY = new Map<Sample, readonly Trajectory[]>();
const MASKS: ReadonlySet<string> = new Set(['infrastructure_failure', 'verifier_failure']);

async function judgedBy(machine: Machine, group: Group): Promise<Trajectory[]> {
  for (const one of [RIGHT!, WRONG!]) await group.play(one, machine);
  return [RIGHT!, WRONG!].flatMap((one) => group.recordOf(one) ?? []);
}

interface Tally {
  met: number;
  masked: number;
  waiting: number;
  readonly wrong: string[];
}

async function figureOf(fault: Fault, samples: readonly Sample[], sandbox: Sandbox): Promise<Figure> {
  const tally: Tally = { met: 0, masked: 0, waiting: 0, wrong: [] };
  for (const sample of samples) {
    const root = await mkdtemp(join(tmpdir(), 'anneal-faults-'));
    try {
      const trouble = await struck(fault, sample, { root, sandbox, tally });
      if (trouble !== undefined) tally.wrong.push(`${sample.task.id} ${trouble}`);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }
  const { met, masked, waiting, wrong } = tally;
  return {
    name: fault.name,
    value:
      wrong.length > 0
        ? wrong.slice(0, 3).join('; ')
        : `${met} met it: ${masked} masked, ${waiting} wait and lose nothing`,
    bound: 'none scored, and baselines without them',
    holds: met > 0 && wrong.length === 0,
  };
}

/** @returns what is wrong with how it ended */
async function struck(
  fault: Fault,
  sample: Sample,
  { root, sandbox, tally }: { root: string; sandbox: Sandbox; tally: Tally },
): Promise<string | undefined> {
  const store = createFolderStore(root);
  const give = () => Promise.all(Object.values(sample.given).map((data) => store.put(data)));
  await give();
  const whole: Machine = { store, sandbox, secret: SECRET };
  const gold = replyOf(sample);
  const replies = [gold, 'I do not know.', gold];
  // The others of the group, judged by a whole machine: once for all faults, since they meet none.
  const others = HEALTHY.get(sample) ?? (await judgedBy(whole, groupOf(sample, replies)));
  HEALTHY.set(sample, others);
  if (others[RIGHT!]?.outcome !== 'success') return 'is not solved by its gold';
  const group = groupOf(fault.task?.(sample) ?? sample, replies, others);
  const { machine, met, stalled, release } = fault.strike(whole, root);
  const ended = await group.play(STRUCK!, machine, stalled);
  if (!met()) return undefined;
  tally.met += 1;
  release();
  // A judgement that was given up goes on, and its verdict comes after the mask.
  await ended.late;
  const record = group.recordOf(STRUCK!);
  if (record?.reward !== undefined) return `is scored ${record.reward.total}`;
  if (record !== undefined && !MASKS.has(record.outcome)) return `is a ${record.outcome}`;
  if ((record === undefined) !== (ended.how === 'waits'))
    return `${ended.how}, and ${record?.outcome ?? 'nothing'} is on record`;
  if (record === undefined) tally.waiting += 1;
  else tally.masked += 1;
  const advantage = advantageOf(group, RIGHT!);
  const [right, wrong] = others.map(({ reward }) => reward?.total ?? Number.NaN);
  if (advantage === undefined || Math.abs(advantage - (right! - wrong!) / 2) > 1e-9)
    return `moves a baseline: ${advantage}`;
  if (record !== undefined) return undefined;
  await give();
  // What waits is judged when the machine is whole again.
  await group.play(STRUCK!, whole);
  const later = group.recordOf(STRUCK!);
  return later?.outcome === 'success' ? undefined : `is ${later?.outcome ?? 'lost'} when the machine is whole again`;
}

function replyOf({ gold }: Sample): string {
  const [content = ''] = Object.values(gold);
  const text = Buffer.from(content).toString('utf8');
  // A blank line at the end of a table would be one of its rows.
  return `\`\`\`\n${text.endsWith('\n') ? text : `${text}\n`}\`\`\`\n`;
}

function advantageOf(group: Group, sample: number): number | undefined {
  const graded = ROLLOUTS.flatMap((rollout, index) => {
    const record = group.recordOf(index);
    if (record === undefined) return [];
    const { outcome, reward } = record;
    return [{ rollout, outcome, reward: reward?.total, fidelity: 'token-exact' as const, completionTokens: 2 }];
  });
  const { samples } = assembleSamples({ planned: ROLLOUTS, graded, signal: { by: 'group', divided: false } });
  const found = samples[sample];
  return found?.state === 'train' ? found.advantage : undefined;
}

/** What takes several steps is judged by its artifact. */
async function severalSteps(instruments: Instruments): Promise<Figure> {
  const scored: string[] = [];
  const samples = CORPUS.filter(({ task }) => whyNotSingleTurn(task) !== undefined || task.format === 'patch');
  for (const code of ['sandbox.failed', 'verifier.failed'] as const) {
    const sandbox: Sandbox = {
      describe: () => instruments.sandbox.describe(),
      run: () => Promise.reject(new AnnealError(code, 'injected')),
    };
    for (const sample of samples) {
      const judged = await judgeVariant(sample, sample.gold, { ...instruments, sandbox });
      if ('reward' in judged) scored.push(`${sample.task.id} after ${code}`);
    }
  }
  return {
    name: 'patches, workbooks and terminal states that are scored although the sandbox broke',
    value: `${scored.length} of ${2 * samples.length}${scored.length === 0 ? '' : `: ${scored.slice(0, 3).join('; ')}`}`,
    bound: '0',
    holds: scored.length === 0 && samples.length > 0,
  };
}
