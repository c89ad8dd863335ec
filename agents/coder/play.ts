// The coding agent: a model that reads, edits and runs in a sandboxed copy of a repository's files, within turns, tokens and time, until it
// hands in. What comes of it is a difference to the files given; it has read what nobody vouches for, and may only propose.
import { randomBytes } from 'node:crypto';
import type { AgentChat, Files, RunWork } from '../../contracts/agent-ports.ts';
import type { CoderBudget, CoderEnd } from '../../contracts/coder.ts';
import type { EpisodeEnd, EpisodeTranscript } from '../../contracts/episode.ts';
import { toolLoop } from '../../contracts/harness.ts';
import type { CompletionId } from '../../contracts/ids.ts';
import type { Skill } from '../../contracts/skill.ts';
import { playLoop } from '../loop/play.ts';
import type { Desk } from '../loop/use.ts';
import { type Edits, edited, whatIsLeft } from '../workspace/left.ts';
import type { Material } from './material.ts';
import { promptOf, systemOf } from './prompt.ts';

/** A workspace that outlives its sandboxes; evals/workspace/kept.ts is one. */
export interface KeptDesk extends Desk {
  /** What lies there, as a tar; undefined before the first step. */
  tree(): Uint8Array | undefined;
}

export interface CoderPorts {
  /** Through the gateway, which records each request and says whether it goes round in circles. */
  readonly chat: AgentChat;
  readonly runWork: RunWork;
  readonly openDesk: (of: { readonly files: Files; readonly signal: AbortSignal }) => KeptDesk;
  readonly onTurn?: (turn: number) => void;
}

export interface CoderRun {
  /** Of the repository, without its history. */
  readonly files: Files;
  readonly task: { readonly title: string; readonly instruction: string };
  /** The diagnosis, lines of logs, what somebody wrote: shown as data. */
  readonly material: readonly Material[];
  readonly skills: readonly Skill[];
  readonly budget: CoderBudget;
  readonly ports: CoderPorts;
  /** A change of its own that somebody looked at: it goes on from there. */
  readonly rework?: { readonly edits: Edits; readonly remarks: readonly Material[] };
  /** As the model's server reads calls; `native` unless given. */
  readonly calls?: 'text' | 'native';
  /** Of the model: from a prompt of so many tokens on old results are cut. */
  readonly contextTokens?: number;
  readonly signal: AbortSignal;
}

export interface CoderResult {
  readonly end: CoderEnd;
  /** To the files given; nothing unless `done`. */
  readonly edits: Edits;
  /** Its own words, or why it ended. */
  readonly said: string;
  readonly transcript: EpisodeTranscript;
  readonly completions: readonly CompletionId[];
  readonly requests: number;
  readonly seconds: number;
}

/** Of one reply. */
const REPLY_TOKENS = 8_192;
const TOOL_SECONDS = 120;
/** Behind the loop's own clock, so that it is this one which says that time is over. */
const AFTER_MS = 500;
const UNTAR_MS = 30_000;
const SAID = 8_000;

const ENDS = {
  turns: 'exhausted',
  tokens: 'exhausted',
  requests: 'exhausted',
  operations: 'exhausted',
  context: 'exhausted',
  time: 'late',
  loop: 'looping',
  no_call: 'garbage',
} as const satisfies Partial<Record<EpisodeEnd, CoderEnd>>;

/** @throws where the machine is at fault, as AgentChat and RunWork; the signal's reason. Whatever the model does is an end. */
export async function playCoder(run: CoderRun): Promise<CoderResult> {
  const { files, budget, ports, signal } = run;
  const nonce = randomBytes(8).toString('hex');
  const wallMs = budget.seconds * 1_000;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error('the time of the coding agent is over')), wallMs + AFTER_MS);
  try {
    const desk = ports.openDesk({
      files: run.rework === undefined ? files : edited(files, run.rework.edits),
      // A command that runs when time is over is killed with its sandbox.
      signal: AbortSignal.any([signal, over.signal]),
    });
    const played = await playLoop(
      { chat: ports.chat, workspace: desk, ...(ports.onTurn === undefined ? {} : { onTurn: ports.onTurn }) },
      {
        harness: toolLoop.parse({
          ...{ calls: run.calls ?? 'native', maxTurns: budget.turns, maxTokens: budget.tokens },
          ...{ tools: ['shell', 'read_file', 'write_file', 'edit_file', 'take_note'], resultBytes: 12_000 },
          ...{ contextTokens: run.contextTokens ?? 60_000, toolTimeoutSeconds: TOOL_SECONDS },
        }),
        system: systemOf(run.skills, nonce),
        prompt: promptOf(run.task, run.material, run.rework?.remarks ?? [], nonce),
        ...{ maxTokens: REPLY_TOKENS, wallMs },
      },
      signal,
    );
    const { transcript, completions, requests, seconds } = played;
    const ended = (end: CoderEnd, said: string, edits: Edits = new Map()): CoderResult => ({
      ...{ end, edits, said: said.slice(0, SAID), transcript, completions, requests, seconds },
    });
    if (played.end !== 'submitted') {
      const end = played.end === 'exited' ? 'garbage' : ENDS[played.end];
      return ended(end, `it ended without handing in: ${played.end}`);
    }
    const summary = summaryOf(transcript);
    const tree = desk.tree();
    if (tree === undefined) return ended('gave-up', summary);
    // A name that nothing in the tree can have but by chance; gone before anything is looked at.
    const path = `tree-${randomBytes(12).toString('hex')}.tar`;
    const left = await whatIsLeft(ports.runWork, files, {
      files: new Map([[path, tree]]),
      steps: [{ what: 'lay out', argv: ['sh', '-c', `tar -xf ${path} && rm ${path}`], wallMs: UNTAR_MS }],
      signal,
    });
    // Of half a tree the rest would seem to be removed.
    if (left.worked.steps[0]!.exitCode !== 0) return ended('garbage', 'what it left could not be laid out again');
    if (left.how === 'unfit') return ended('garbage', `what it left is no change: ${left.why}`);
    return left.edits.size === 0 ? ended('gave-up', summary) : ended('done', summary, left.edits);
  } finally {
    clearTimeout(timer);
  }
}

/** What it handed in with, or said last. */
function summaryOf({ turns }: EpisodeTranscript): string {
  const last = turns.findLast(({ role }) => role === 'assistant');
  const submit = last?.calls?.find(({ name }) => name === 'submit');
  try {
    const { summary } = JSON.parse(submit?.arguments ?? '{}') as { summary?: unknown };
    if (typeof summary === 'string' && summary !== '') return summary;
  } catch {
    // Then its words are all there is.
  }
  return last?.content ?? '';
}
