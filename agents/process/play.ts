// Somebody else's agent, unchanged, as a process in the sandbox: its workspace, its model behind a door, its time, and how it ended.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AgentDoor, DoorReport, Files, RunWork, Worked, WorkStep } from '../../contracts/agent-ports.ts';
import type { Deliverable } from '../../contracts/artifact-task.ts';
import type { EpisodeEnd } from '../../contracts/episode.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { ProcessHarness } from '../../contracts/harness.ts';

/** Inside, where nobody else is. */
const PORT = 8_000;
/** Of its output: the beginning, and as much of the end. */
const KEPT_BYTES = 64 * 1_024;
const DISK_BYTES = 512 * 2 ** 20;
/** After its time: for what ends it, and says so. */
const GRACE_MS = 10_000;

export interface Played {
  readonly end: EpisodeEnd;
  readonly exitCode: number | null;
  /** What it said, its middle left out where it was long. */
  readonly output: string;
  readonly seconds: number;
  readonly collected: Files;
  readonly refused: Worked['refused'];
  readonly door: DoorReport;
}

export interface Playing {
  readonly harness: ProcessHarness;
  /** What it is asked to do. */
  readonly prompt: string;
  readonly model: string;
  readonly files: Files;
  /** Before the agent, and after it: a repository is made, the tree is packed. */
  readonly before: readonly WorkStep[];
  readonly after: readonly WorkStep[];
  readonly collect: readonly Deliverable[];
  readonly wallMs: number;
  /** On this machine, of the folder that the harness names. */
  readonly agent: string | undefined;
  readonly signal: AbortSignal;
}

const account = z.object({ how: z.enum(['exited', 'signalled', 'timeout']), code: z.int().nullable(), said: z.int() });

let source: Uint8Array | undefined;

/**
 * @throws AnnealError `gateway.upstream_failed` where its last request failed and not by its own fault, `harness.failed` where it never asked
 *   its model; as `RunWork`
 */
export async function playProcess(run: RunWork, door: AgentDoor, playing: Playing): Promise<Played> {
  const { harness, before, after, wallMs } = playing;
  const values = { prompt: playing.prompt, model: playing.model, key: door.key, url: `http://127.0.0.1:${PORT}/v1` };
  const [first, ...rest] = harness.command.map((word) => filled(word, values)) as [string, ...string[]];
  source ??= readFileSync(new URL('./door.py', import.meta.url));
  const head = ['python3', '-I', '-S', '-B', '/work/sealed/door.py', String(PORT)] as const;
  const step: WorkStep = {
    what: 'the agent',
    argv: [...head, String(wallMs / 1_000), String(KEPT_BYTES), '--', first, ...rest],
    env: environment(harness, values),
    wallMs: wallMs + GRACE_MS,
  };
  const worked = await run({
    ...{ files: playing.files, sealed: new Map([['door.py', source]]), collect: playing.collect },
    steps: [...before, step, ...after],
    limits: {
      ...{ memoryBytes: harness.memoryMiB * 2 ** 20, diskBytes: DISK_BYTES, processes: harness.processes },
      outputBytes: 2 * KEPT_BYTES + 4_096,
    },
    ...{ door: door.socket, signal: playing.signal },
    ...(playing.agent === undefined ? {} : { agent: playing.agent }),
  });
  const report = door.report();
  const ran = worked.steps[before.length]!;
  const said = account.safeParse(lastLine(ran.stderr)).data;
  if (report.broken !== undefined)
    throw new AnnealError('gateway.upstream_failed', `the agent's last request: ${report.broken}`);
  if (report.requests === 0) {
    const program = harness.command[0];
    const how = said?.code ?? said?.how ?? ran.how;
    const words = ran.stdout.trim().split('\n').at(-1)?.slice(0, 300) || 'it said nothing';
    throw new AnnealError('harness.failed', `${program} ended (${how}) and never asked its model: ${words}`);
  }
  return {
    end: said?.how === 'timeout' || ran.how === 'timeout' ? 'time' : endBy(report),
    exitCode: said?.code ?? null,
    // A credential stands in no record.
    output: ran.stdout.replaceAll(door.key, '[key]'),
    seconds: ran.milliseconds / 1_000,
    ...{ collected: worked.collected, refused: worked.refused, door: report },
  };
}

type Values = Readonly<Record<'prompt' | 'model' | 'key' | 'url', string>>;

/** What it did after it was refused is its own business. */
const endBy = ({ met, looping }: DoorReport): EpisodeEnd => met ?? (looping ? 'loop' : 'exited');

function filled(word: string, values: Values): string {
  return word.replace(/\{(prompt|model|key|url)\}/g, (_, name: keyof Values) => values[name]);
}

/** What SDKs of both vendors read, and what the campaign adds or puts in its place. */
function environment({ env }: ProcessHarness, values: Values): Record<string, string> {
  const { key, url, model } = values;
  return {
    ...{ OPENAI_BASE_URL: url, OPENAI_API_BASE: url, OPENAI_API_KEY: key, OPENAI_MODEL: model },
    ...{ ANTHROPIC_BASE_URL: url.replace(/\/v1$/, ''), ANTHROPIC_API_KEY: key, ANTHROPIC_MODEL: model },
    ...{ NO_PROXY: '127.0.0.1', ANNEAL_TASK: values.prompt },
    ...Object.fromEntries(Object.entries(env).map(([name, text]) => [name, filled(text, values)])),
  };
}

function lastLine(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '');
  } catch {
    return undefined;
  }
}
