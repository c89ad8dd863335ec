// Ports other than the store, the job runner and the identity (which stand beside their data).

import type { ArtifactRef } from './artifact.ts';
import type { Decision, DecisionContext, TakenIn } from './gate.ts';
import type { CampaignName, PolicyName, RolloutId } from './ids.ts';
import type { SealedSplit } from './names.ts';
import type { PolicyVersion } from './policy-version.ts';
import type { ReleaseBody, ReleasedPointer } from './release.ts';
import type { ContextOperation } from './session.ts';
import type { CompletionRecord, CredentialClaims, Trajectory } from './trajectory.ts';
import type { LostServer } from './weight-update.ts';

export interface SandboxLimits {
  /** Wall-clock time outside the sandbox, milliseconds. */
  readonly wallMs: number;
  readonly memoryBytes: number;
  /** Size of the writable tmpfs. */
  readonly diskBytes: number;
  readonly processes: number;
  /** Bytes kept of each of stdout, stderr and the result channel; more ends the run. */
  readonly outputBytes: number;
}

export interface SandboxRequest {
  readonly argv: readonly [string, ...string[]];
  /** Files placed read-only below /work, by relative path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly stdin: string | Uint8Array;
  /**
   * A tar in the store that stands, unpacked and read-only, in place of the machine's own programs (docs/environments.md): what a task
   * names as its environment. Where it cannot, `environment.unusable`; an adapter that knows no other roots throws `sandbox.unavailable`.
   */
  readonly root?: ArtifactRef;
  readonly limits: SandboxLimits;
  /** A Unix socket of this machine, which stands at /work/door: the one way out. Such a run may take minutes, and waits for nobody's slot. */
  readonly door?: string;
  /** A folder of this machine that stands, read-only, at /agent. */
  readonly agent?: string;
  /**
   * Nothing of a judge's runs inside, and what standard input says may be known to every process: it can then be read at /dev/stdin as
   * well, and where there is a disk there is a /dev/shm of at most its size.
   */
  readonly alone?: boolean;
  /** Ends the run, and with it every process of it: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface SandboxResult {
  readonly how: 'exited' | 'timeout' | 'output-limit' | 'signalled';
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** Runs untrusted programs. Throws `sandbox.unavailable` rather than run anything unsandboxed; `sandbox.failed` when the sandbox itself broke. */
export interface Sandbox {
  /** What isolates, for manifests: adapter, version, namespaces, seccomp, cgroup level. */
  describe(): Promise<string>;
  run(request: SandboxRequest): Promise<SandboxResult>;
}

export interface ChatRequest {
  readonly rollout: RolloutId;
  readonly index: number;
  readonly policy: PolicyName;
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly timeoutMs: number;
}

/** The worker's side of the gateway: requests as an agent would send them, plus the data pool. */
export interface ModelGateway {
  /** Mints the rollout's credential and posts to /v1/chat/completions; the answer's record is durable when this returns. */
  complete(request: ChatRequest, signal: AbortSignal): Promise<CompletionRecord>;
  /** Idempotent by rollout id; another content under the same id throws `gateway.conflict`. */
  recordTrajectory(record: Trajectory): Promise<void>;
  /** Every trajectory whose rollout id starts with the prefix, sorted by id. */
  trajectories(prefix: string): Promise<Trajectory[]>;
  completions(prefix: string): Promise<CompletionRecord[]>;
  /** What agents registered of their contexts. */
  operations(prefix: string): Promise<ContextOperation[]>;
}

/** Signs what the gateway checks. */
export interface Credentials {
  mint(claims: CredentialClaims): string;
}

/** Makes policy versions ready to be asked, at every policy server of the campaign; every call is idempotent. */
export interface PolicyHost {
  /**
   * Before the first request for a version: the servers move to it. Where a server holds one set of weights at a time, they serve
   * nothing else from then on. Safe to be called again after a kill at any moment.
   */
  serve(version: PolicyVersion, moving?: Moving): Promise<Served>;
  /** Before each request: quick where the version is served. */
  ensure(version: PolicyVersion): Promise<void>;
  /** After servers refused a request for a version that they are said to serve: brings those back that lost it. */
  repair(version: PolicyVersion): Promise<void>;
}

export interface Served {
  /** Servers that were given up, and are not asked until another move has brought them back. */
  readonly lost: readonly LostServer[];
}

export interface Moving {
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string) => void;
}

/** Where policy servers are: one on a laptop, pods of their campaign on a cluster. */
export interface PolicyServers {
  /**
   * Control APIs of the servers that are ready, without trailing slashes: at least one. They are remembered until `forget`.
   * @throws AnnealError `stack.policy_unavailable` when none is ready
   */
  of(campaign: CampaignName): Promise<readonly string[]>;
  /** One of them did not answer: look again. */
  forget(campaign: CampaignName): void;
  /** Of every campaign. */
  all(): Promise<readonly string[]>;
}

/** Policy servers that exist only while a campaign needs them. */
export interface ServerFleet {
  /**
   * Starts the campaign's servers, or adopts those that run and are not about to go; resolves when every one is ready.
   * @throws AnnealError `cluster.*`, `job.image`, `job.unschedulable`, `stack.policy_unavailable`
   */
  open(campaign: CampaignName, signal: AbortSignal, onProgress: (waitingFor: string) => void): Promise<void>;
  /**
   * Before its training. Where the profile has trainer and servers take turns, ends the servers, waits until nothing of them runs, and
   * says so. A pod on a node that does not answer is not waited for.
   */
  rest(campaign: CampaignName, signal: AbortSignal, onProgress: (waitingFor: string) => void): Promise<boolean>;
  /**
   * Ends every job of the campaign that still runs, waits until nothing of them does, and then ends the servers; never those of another
   * deployment. A pod on a node that does not answer is not waited for.
   * @throws AnnealError `cluster.unavailable` where a job's pod does not end
   */
  close(
    campaign: CampaignName,
    waiting?: { readonly signal: AbortSignal; readonly onProgress: (waitingFor: string) => void },
  ): Promise<void>;
}

/** The registry of releases; every effect verifies its signed decision again. */
export interface Releases {
  /** Signs, stores, and moves `released/<base>` by compare-and-swap; publishing the same release twice changes nothing. */
  publish(input: {
    body: Omit<ReleaseBody, 'previous'>;
    context: DecisionContext;
    /** When the gate took the decision in. */
    acceptedAt: Date;
    evidence: ArtifactRef;
  }): Promise<ArtifactRef>;
  current(base: string): Promise<ReleasedPointer | undefined>;
  /** Moves the pointer back to the release before, or to the one named; the same call made twice moves it once. */
  rollback(base: string, to?: string): Promise<{ pointer: ReleasedPointer; moved: boolean }>;
  /** Spends one opening of a sealed split, once for a decision. */
  openSealed(input: {
    split: SealedSplit;
    taskSet: ArtifactRef;
    decision: Decision;
    context: DecisionContext;
    acceptedAt: Date;
    seconds?: TakenIn[] | undefined;
    evidence: ArtifactRef;
    budget: number;
  }): Promise<void>;
}
