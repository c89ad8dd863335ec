// Rollouts of several steps: an agent works in a sandboxed workspace, asks its model through the gateway, and what it leaves is written down
// once, before anything is judged. An attempt that dies leaves records of what it asked, and nothing else; the next one begins anew.
import { accessSync, constants } from 'node:fs';
import { heartbeat } from '@temporalio/activity';
import { playLoop } from '../agents/loop/play.ts';
import { playProcess } from '../agents/process/play.ts';
import type { AgentAccess, Files, Grant } from '../contracts/agent-ports.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { MOST_ARTIFACT_BYTES } from '../contracts/artifact-task.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import {
  type ContextAction,
  type EpisodeEnd,
  type EpisodeRecord,
  type EpisodeTranscript,
  episodeName,
  episodeRecord,
} from '../contracts/episode.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type EpisodeHarness, episodeHarness } from '../contracts/harness.ts';
import type { CompletionId } from '../contracts/ids.ts';
import { isArtifactTask, type LockedTask } from '../contracts/locked-set.ts';
import type { PlannedRollout, RolloutPlan } from '../contracts/plan.ts';
import type { ModelGateway, Sandbox } from '../contracts/ports.ts';
import { closingWords, deliverablesOf, handedIn, patchFileOf } from '../evals/episode/handed-in.ts';
import { episodeOf } from '../evals/episode/recorded.ts';
import { filesOf } from '../evals/single-turn/judge.ts';
import type { Artifact } from '../evals/verifiers/artifact.ts';
import { sandboxOn } from '../evals/verifiers/environment.ts';
import { keptWorkspace, packing } from '../evals/workspace/kept.ts';
import { openWorkspace } from '../evals/workspace/run.ts';
import type { RunWorkspace, Step } from '../evals/workspace/workspace.ts';
import { boundsOf, grantedBeside, isUsable } from './episode-grant.ts';

export interface EpisodePorts {
  readonly store: ArtifactStore;
  readonly gateway: Pick<ModelGateway, 'completions' | 'operations'>;
  readonly sandbox: Sandbox;
  readonly access: AgentAccess;
  /** Where an agent lies that campaigns may name. */
  readonly agentFolder: (name: string) => string;
}

export interface Episodes {
  /** Plays it, unless it is on record. @throws as playProcess and playLoop */
  play(
    of: { plan: RolloutPlan; planned: PlannedRollout; task: LockedTask },
    signal: AbortSignal,
  ): Promise<EpisodeRecord>;
}

/** What is left of an activity's time for what comes after the agent. */
const AFTER_MS = 10_000;
/** So that an agent finds what it expects around the files, and sees what it changed. */
const REPOSITORY: Step = {
  what: 'make a repository of what was given',
  argv: [
    'sh',
    '-c',
    'git init -q . && git add -A && git -c user.name=anneal -c user.email=anneal@localhost commit -qm given',
  ],
  env: { GIT_CONFIG_NOSYSTEM: '1' },
  wallMs: 20_000,
};

interface Outcome {
  readonly end: EpisodeEnd;
  readonly exitCode?: number | null;
  readonly completions: readonly CompletionId[];
  readonly requests: number;
  readonly files: Artifact;
  readonly refused: EpisodeRecord['refused'];
  readonly transcript: EpisodeTranscript;
  readonly actions: readonly ContextAction[];
  readonly seconds: number;
}

export function createEpisodes({ store, gateway, sandbox, access, agentFolder }: EpisodePorts): Episodes {
  /** The agent works where what it leaves is judged. */
  const workspaceOf = (task: LockedTask): RunWorkspace =>
    openWorkspace(sandboxOn(sandbox, isArtifactTask(task) ? task.environment : null));

  return {
    async play({ plan, planned, task }, signal) {
      const known = await episodeOf(store, plan, planned.id);
      if (known !== undefined) return known.record;
      const harness = episodeHarness(plan.harness);
      if (harness === undefined) throw new AnnealError('internal.bug', `${planned.id} is played in one reply`);
      const outcome = await playOne({ plan, planned, task, harness, signal });
      signal.throwIfAborted();
      const record = await written(planned, harness, outcome);
      const ref = await store.put(canonicalJson(record));
      // Of two attempts at a time the first one to be written down counts, as a whole.
      if (await store.createNamed(episodeName(plan.campaign, planned.id), JSON.stringify(ref))) return record;
      return (await episodeOf(store, plan, planned.id))?.record ?? record;
    },
  };

  async function playOne(of: {
    plan: RolloutPlan;
    planned: PlannedRollout;
    task: LockedTask;
    harness: EpisodeHarness;
    signal: AbortSignal;
  }): Promise<Outcome> {
    const { plan, planned, task, harness, signal } = of;
    const given = isArtifactTask(task) ? await filesOf(task.given, (ref) => store.get(ref)) : new Map();
    const instruction = `${task.instruction.trim()}\n\n${closingWords(task)}`;
    const prompt = plan.harness.prompt.replace('{instruction}', () => instruction);
    const wallMs = Math.max(plan.timeoutMs / 2, plan.timeoutMs - AFTER_MS);
    const grant = await granted(of, wallMs);
    return harness.kind === 'process'
      ? byProcess({ ...of, harness: harness.process, given, prompt, grant, wallMs })
      : byLoop({
          task,
          harness: harness.loop,
          given,
          prompt,
          grant,
          wallMs,
          signal,
          system: plan.harness.system,
          maxTokens: plan.harness.maxTokens,
          rollout: planned.id,
        });
  }

  /** Budgets are kept by rollout; what attempts before this one used is not taken from it. */
  async function granted(
    { plan, planned, harness }: { plan: RolloutPlan; planned: PlannedRollout; harness: EpisodeHarness },
    wallMs: number,
  ): Promise<Grant> {
    const isOwn = ({ rollout }: { readonly rollout: string }): boolean => rollout === planned.id;
    const records = (await gateway.completions(planned.id)).filter(isOwn);
    // Whatever is done to a context is done after a reply.
    const operations = records.length === 0 ? 0 : (await gateway.operations(planned.id)).filter(isOwn).length;
    return {
      ...{ rollout: planned.id, policy: plan.policy.name, forMs: wallMs + AFTER_MS },
      ...grantedBeside({ records, operations }, boundsOf(plan, harness)),
      sampling: { temperature: plan.harness.temperature, maxTokens: plan.harness.maxTokens, seed: planned.seed },
    };
  }

  async function byProcess(of: {
    task: LockedTask;
    harness: Extract<EpisodeHarness, { kind: 'process' }>['process'];
    given: Files;
    prompt: string;
    grant: Grant;
    wallMs: number;
    signal: AbortSignal;
  }): Promise<Outcome> {
    const { task, harness, given, prompt, grant, wallMs, signal } = of;
    const run = workspaceOf(task);
    const packed = packing(undefined);
    const isPatch = patchFileOf(task) !== undefined;
    const tree = { path: packed.path, maxBytes: MOST_ARTIFACT_BYTES, required: true };
    const door = await access.door(grant);
    try {
      const played = await playProcess(run, door, {
        ...{ harness, prompt, model: grant.policy, files: given, wallMs, signal },
        ...{ before: isPatch ? [REPOSITORY] : [], after: isPatch ? packed.after : [] },
        collect: isPatch ? [tree] : deliverablesOf(task),
        agent: harness.agent === undefined ? undefined : readable(agentFolder(harness.agent), harness.agent),
      });
      const packedTree = played.collected.get(packed.path);
      const left =
        isPatch && packedTree !== undefined ? await handedIn(run, task, { tree: packedTree, given, signal }) : played;
      return {
        ...{ end: played.end, exitCode: played.exitCode, seconds: played.seconds, actions: [] },
        ...{ completions: played.door.completions, requests: played.door.requests },
        ...{ files: left.collected, refused: [...left.refused] },
        transcript: {
          schema: 'anneal/episode-transcript/v1',
          turns: [
            { agent: 'main', role: 'user', content: prompt },
            { agent: 'main', role: 'tool', content: played.output, seconds: played.seconds },
          ],
          tools: {},
        },
      };
    } finally {
      await door.close();
    }
  }

  async function byLoop(of: {
    task: LockedTask;
    rollout: PlannedRollout['id'];
    harness: Extract<EpisodeHarness, { kind: 'tool-loop' }>['loop'];
    given: Files;
    prompt: string;
    system: string;
    maxTokens: number;
    grant: Grant;
    wallMs: number;
    signal: AbortSignal;
  }): Promise<Outcome> {
    const { task, harness, given, prompt, system, grant, wallMs, signal } = of;
    const run = workspaceOf(task);
    const workspace = keptWorkspace(run, { files: given, signal });
    if (patchFileOf(task) !== undefined) await workspace.run(REPOSITORY);
    const played = await playLoop(
      { chat: access.chat(grant), workspace, onTurn: (turn) => heartbeat({ turn }) },
      { harness, system, prompt, maxTokens: of.maxTokens, wallMs },
      signal,
    );
    const tree = workspace.tree();
    const left =
      tree === undefined ? { collected: new Map(), refused: [] } : await handedIn(run, task, { tree, given, signal });
    return { ...played, files: left.collected, refused: [...left.refused] };
  }

  async function written(planned: PlannedRollout, harness: EpisodeHarness, outcome: Outcome): Promise<EpisodeRecord> {
    const own = new Set(outcome.completions);
    const said = (await gateway.completions(planned.id)).filter((one) => own.has(one.id) && isUsable(one));
    const files = await Promise.all(
      [...outcome.files].map(async ([path, bytes]) => [path, await store.put(bytes)] as const),
    );
    const { end, exitCode, refused, actions, requests, seconds } = outcome;
    return episodeRecord.parse({
      schema: 'anneal/episode/v1',
      ...{ rollout: planned.id, harness: harness.kind, end },
      ...(exitCode === undefined ? {} : { exitCode }),
      completions: said.map(({ id }) => id),
      files: Object.fromEntries(files),
      refused: refused.map(({ path, why }) => ({ path, why })),
      transcript: await store.put(canonicalJson(outcome.transcript)),
      ...{ actions: [...actions], requests, seconds },
      tokens: {
        prompt: said.reduce((sum, one) => sum + one.promptIds.length, 0),
        completion: said.reduce((sum, one) => sum + one.completionIds.length, 0),
      },
    } satisfies EpisodeRecord);
  }
}

/** The sandbox's own user has to read it: what the worker itself cannot is told at once. */
function readable(folder: string, name: string): string {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return folder;
  } catch (cause) {
    throw new AnnealError('harness.missing', `no agent ${name}: ${folder} cannot be read`, { cause });
  }
}
