// `npm run bench -- rollouts [--rollouts N] [--turns N] [--concurrency N] [--only NAME]`: trivial rollouts from enqueueing to reward, by
// Anneal and by Agent Lightning's local runner, by turns on the same machine; each turn has processes and folders of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { childEnvironment } from '../../infra/config.ts';
import { child } from '../child.ts';
import { endingStack } from '../ending.ts';
import { watchMemory } from '../tree-memory.ts';
import { installAgentLightning, playAgentLightning } from './agentlightning.ts';
import { checked, type Played, played, type Turn, table } from './played.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const UPSTREAM = here('./upstream.ts');

export interface Asked {
  readonly rollouts: number;
  readonly concurrency: number;
  readonly python: string;
  readonly folder: string;
  readonly onStart: (pid: number) => void;
}
export type Side = (asked: Asked, stack: AsyncDisposableStack) => Promise<Played>;

export const ANNEAL = 'Anneal';
const SIDES: Readonly<Record<string, Side>> = {
  [ANNEAL]: anneal,
  'Agent Lightning, as it is': (asked, stack) => lightning(asked, stack),
  // As many at once as Anneal has lanes, looked at as often as does not load its server.
  'Agent Lightning, tuned': (asked, stack) =>
    lightning(asked, stack, { maximumSize: asked.concurrency, pollSeconds: 0.2 }),
};
const IN_MEMORY = 'nothing: state in memory';
const DURABLE: Readonly<Record<string, string>> = {
  [ANNEAL]: 'every acknowledged completion and reward, on disk; the workflow goes on',
  'Agent Lightning, as it is': IN_MEMORY,
  'Agent Lightning, tuned': IN_MEMORY,
};

export async function main(argv: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { rollouts: text, turns: text, concurrency: text, only: { ...text, multiple: true } } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const [rollouts, turns, concurrency] = [values.rollouts ?? 500, values.turns ?? 1, values.concurrency ?? 8].map(
    Number,
  );
  const who = Object.entries(SIDES).filter(([name]) => name === ANNEAL || (values.only ?? [name]).includes(name));
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const load = loadavg()[0]!.toFixed(1);
  const all = await compareRollouts({ rollouts: rollouts!, turns: turns!, concurrency: concurrency!, who, progress });
  print(`${rollouts} rollouts, ${concurrency} at a time; medians (range) of ${turns} turns.\n`);
  for (const line of table(all, ANNEAL, DURABLE)) print(line);
  print(`\nLoad ${load} at the start, ${loadavg()[0]!.toFixed(1)} at the end.`);
}

export interface RolloutsOptions {
  readonly rollouts: number;
  readonly turns: number;
  readonly concurrency: number;
  readonly who?: readonly (readonly [string, Side])[];
  readonly progress: (line: string) => void;
}

/** Every side's turns; the first side is Anneal's, which the others are compared with. */
export async function compareRollouts(options: RolloutsOptions): Promise<Turn[]> {
  const { rollouts, turns, concurrency, who = Object.entries(SIDES), progress } = options;
  const python = who.length > 1 ? await installAgentLightning(progress) : '';
  const all: Turn[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    const shift = (turn - 1) % who.length;
    for (const [name, play] of [...who.slice(shift), ...who.slice(0, shift)]) {
      all.push(await one(name, turn, play, { rollouts, concurrency, python }));
      const { waited, seconds, memory } = all.at(-1)!;
      progress(`turn ${turn}: ${name} ${(waited.length / seconds).toFixed(1)} rollouts/s, ${memory.toFixed(0)} MiB`);
    }
  }
  return all;
}

async function one(
  who: string,
  turn: number,
  play: Side,
  asked: Pick<Asked, 'rollouts' | 'concurrency' | 'python'>,
): Promise<Turn> {
  await using stack = endingStack();
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-rollouts-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const pids: number[] = [];
  const memory = watchMemory(() => pids);
  stack.defer(() => void memory.stop());
  const told = await play({ ...asked, folder, onStart: (pid) => void pids.push(pid) }, stack);
  const { seconds, waited } = checked(who, told, asked.rollouts);
  return { who, turn, seconds, waited, memory: memory.stop().pss };
}

async function anneal({ rollouts, concurrency, folder, onStart }: Asked, stack: AsyncDisposableStack): Promise<Played> {
  const upstream = await child(stack, process.execPath, [UPSTREAM, 'engine']);
  const argv = [here('./anneal.ts'), JSON.stringify({ folder, rollouts, concurrency, upstream })];
  const running = promisify(execFile)(process.execPath, argv, { env: childEnvironment({}), maxBuffer: 1 << 24 });
  onStart(running.child.pid!);
  stack.defer(() => void running.child.kill('SIGTERM'));
  const { stdout } = await running;
  return played.parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
}

async function lightning(
  { python, folder, rollouts, onStart }: Asked,
  stack: AsyncDisposableStack,
  runner?: { readonly maximumSize: number; readonly pollSeconds: number },
): Promise<Played> {
  const upstream = await child(stack, process.execPath, [UPSTREAM, 'chat']);
  const options = { python, folder, rollouts, upstream, onStart };
  return await playAgentLightning(stack, { ...options, ...(runner === undefined ? {} : { runner }) });
}
