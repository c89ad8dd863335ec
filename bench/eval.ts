// `npm run bench -- eval [--samples N] [--turns N] [--concurrency N]`: an exact-match evaluation against a scripted model, by Anneal and by
// Inspect AI with its mockllm, by turns on the same machine. Each evaluation has processes and folders of its own.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { childEnvironment } from '../infra/config.ts';
import { installPython } from '../tests/support/locked-python.ts';
import { endingStack } from './ending.ts';
import { rightShare, samples } from './eval-samples.ts';
import { type Played, type Row, summarise, table } from './eval-summary.ts';
import { watchMemory } from './tree-memory.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const INSPECT = { name: 'inspect', lock: here('./inspect-requirements.txt') };
const measured = z.object({ seconds: z.number(), samples: z.number(), accuracy: z.number() });

/** Of Inspect's own settings, what makes it faster here: as many samples at once as Anneal, and of its logs only what lasts. */
const tuned = (concurrency: number) => ({
  ...{ max_samples: concurrency, max_connections: concurrency },
  ...{ log_realtime: false, log_model_api: false, score_display: false },
});

interface Asked {
  readonly count: number;
  readonly concurrency: number;
  readonly python: string;
}
type Side = (
  asked: Asked,
  folder: string,
  stack: AsyncDisposableStack,
) => Promise<Omit<Played, 'who' | 'turn' | 'logs'>>;

/** What Node lets a heap grow to is a choice between time and memory: collected more often, it stays small. */
const SMALL_HEAP = ['--max-semi-space-size=1', '--max-old-space-size=128'];

const ANNEAL = 'Anneal';
const SIDES: Readonly<Record<string, Side>> = {
  [ANNEAL]: (asked, folder, stack) => anneal(asked, folder, stack, SMALL_HEAP),
  'Anneal, with the heap that Node takes': (asked, folder, stack) => anneal(asked, folder, stack, []),
  'Inspect AI, as it is': (asked, folder) => inspect(asked, folder, {}),
  'Inspect AI, tuned': (asked, folder) => inspect(asked, folder, tuned(asked.concurrency)),
};

export async function main(argv: readonly string[]): Promise<void> {
  const options = { samples: { type: 'string' }, turns: { type: 'string' }, concurrency: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const [count, turns, concurrency] = [values.samples ?? 5_000, values.turns ?? 3, values.concurrency ?? 32].map(
    Number,
  );
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const load = loadavg()[0]!.toFixed(1);
  const rows = await compareEvaluations(count!, turns!, concurrency!, progress);
  print(`\n${count} samples, Anneal ${concurrency} at a time; medians (range) of ${turns} turns.\n`);
  for (const line of table(rows)) print(line);
  print(`\nLoad ${load} at the start, ${loadavg()[0]!.toFixed(1)} at the end.`);
}

/** A row for each side, by turns; the first is Anneal's, which the others are compared with. */
export async function compareEvaluations(
  count: number,
  turns: number,
  concurrency: number,
  progress: (line: string) => void,
): Promise<Row[]> {
  const asked = { count, concurrency, python: await installPython(INSPECT, progress) };
  const played: Played[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    const order = turn % 2 === 1 ? Object.entries(SIDES) : Object.entries(SIDES).toReversed();
    for (const [who, play] of order) {
      await using stack = endingStack();
      const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-eval-'));
      stack.defer(() => rm(folder, { recursive: true, force: true }));
      const one = await play(asked, folder, stack);
      played.push({ who, turn, ...one, logs: (await bytesBelow(join(folder, 'logs'))) / 2 ** 20 });
      progress(
        `turn ${turn} of ${turns}: ${who} ${(one.samples / one.seconds).toFixed(0)} samples/s, ${one.rss.toFixed(0)} MiB`,
      );
    }
  }
  return summarise(played, ANNEAL);
}

/** A worker's activities with the gateway and the scripted model in their process, as Inspect has its mockllm. */
async function anneal({ count, concurrency }: Asked, folder: string, stack: AsyncDisposableStack, flags: string[]) {
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const pids: number[] = [];
  const memory = watchMemory(() => pids);
  stack.defer(() => void memory.stop());
  const evaluation = JSON.stringify({ folder: logs, samples: count, concurrency });
  const told = await result([process.execPath, ...flags, here('./eval-anneal.ts'), evaluation], pids);
  return { ...checked(told, count), ...memory.stop() };
}

async function inspect({ count, python }: Asked, folder: string, settings: object) {
  const file = join(folder, 'samples.jsonl');
  await writeFile(
    file,
    samples(count).map((one) => `${JSON.stringify(one)}\n`),
  );
  const pids: number[] = [];
  const memory = watchMemory(() => pids);
  try {
    const asked = JSON.stringify({ samples: file, logs: join(folder, 'logs'), settings });
    const told = await result([python, here('./inspect_evaluation.py'), asked], pids, folder);
    return { ...checked(told, count), ...memory.stop() };
  } finally {
    memory.stop();
  }
}

/** Faster and wrong is no result. */
function checked(told: string, count: number): { seconds: number; samples: number } {
  const { seconds, samples: done, accuracy } = measured.parse(JSON.parse(told));
  if (done !== count || Math.abs(accuracy - rightShare(count)) > 1e-9)
    throw new Error(`${done} of ${count} samples, ${accuracy} of them right`);
  return { seconds, samples: done };
}

/** @param home where what it keeps beside its logs goes too */
async function result([command, ...argv]: [string, ...string[]], pids: number[], home?: string): Promise<string> {
  const env = childEnvironment(home === undefined ? {} : { HOME: home, XDG_DATA_HOME: join(home, 'logs', 'data') });
  const running = promisify(execFile)(command, argv, { env, maxBuffer: 1 << 24 });
  pids.push(running.child.pid!);
  return (await running).stdout;
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
