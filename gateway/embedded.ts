// The gateway inside the process that asks it: the same plane and the same records, without HTTP and credentials between. For a process
// that plays rollouts of its own and runs nobody else's agent, such as a local evaluation.
import { AnnealError } from '../contracts/errors.ts';
import type { CampaignName, RolloutId } from '../contracts/ids.ts';
import type { ChatRequest, ModelGateway } from '../contracts/ports.ts';
import type { ContextOperation } from '../contracts/session.ts';
import type { CompletionRecord, Trajectory } from '../contracts/trajectory.ts';
import { chatCall } from './chat-request.ts';
import type { RolloutClaims } from './credential.ts';
import { openPlane, type PlaneOptions } from './plane.ts';

export interface EmbeddedGateway extends ModelGateway {
  /** As Gateway.close. */
  close(): Promise<void>;
}

/** @throws AnnealError `stack.start_failed` where the folder is another gateway's, `gateway.segment_corrupt` */
export async function openEmbeddedGateway(options: PlaneOptions): Promise<EmbeddedGateway> {
  const plane = await openPlane(options);
  return {
    async complete({ rollout, index, policy, messages, temperature, maxTokens, seed, timeoutMs }, signal) {
      const call = chatCall(policy, [...messages], { temperature, maxTokens, seed });
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(tooLate(timeoutMs)), timeoutMs);
      try {
        const either = AbortSignal.any([signal, late.signal]);
        return (await plane.capture.complete(claimsOf({ rollout, policy, index }), call, index, either)).record;
      } finally {
        clearTimeout(timer);
      }
    },
    async recordTrajectory(record) {
      await plane.trajectories.add(record);
    },
    trajectories: (prefix) => recordsOf<Trajectory>(plane.trajectories.startingWith(prefix)),
    completions: (prefix) => recordsOf<CompletionRecord>(plane.completions.startingWith(prefix)),
    operations: (prefix) => recordsOf<ContextOperation>(plane.operations.startingWith(prefix)),
    close: () => plane.close(),
  };
}

/** What a credential would say: the rollout's own policy, and as many requests as its index asks for. */
function claimsOf({ rollout, policy, index }: Pick<ChatRequest, 'rollout' | 'policy' | 'index'>): RolloutClaims {
  return {
    ...{ v: 1, scope: 'rollout', campaign: campaignOf(rollout), rollout, policy },
    ...{ maxRequests: index + 1, expires: Number.MAX_SAFE_INTEGER },
  };
}

const tooLate = (ms: number): AnnealError => new AnnealError('gateway.upstream_failed', `no answer within ${ms} ms`);

const campaignOf = (rollout: RolloutId): CampaignName => rollout.slice(0, rollout.indexOf('/')) as CampaignName;

/** Not parsed again: this process, or one like it, wrote them, and their checksums vouch for that. */
async function recordsOf<T>(lines: AsyncIterable<string>): Promise<T[]> {
  const records: T[] = [];
  for await (const line of lines) records.push(JSON.parse(line) as T);
  return records;
}
