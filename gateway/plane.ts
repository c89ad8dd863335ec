// What the gateway guarantees, without its HTTP: the locked folder, its three pools and their way to the store, the engines, and capture
// between them.
import { join } from 'node:path';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { type CampaignName, campaignOfPolicy } from '../contracts/ids.ts';
import type { PolicyServers } from '../contracts/ports.ts';
import type { SegmentStream } from '../contracts/segment.ts';
import type { WeightDirectory } from '../contracts/weight-update.ts';
import { type Capture, type CaptureOptions, createCapture } from './capture.ts';
import { createEngines, type Engines } from './engine.ts';
import { chooseEngines } from './engines/choose.ts';
import { createVllmEngines } from './engines/vllm.ts';
import { createFlights, type Flights } from './flights.ts';
import { type CompletionPool, openCompletions } from './pool/completions.ts';
import { type KeepOptions, openKeeping } from './pool/keeping.ts';
import { openTrajectories, type TrajectoryPool } from './pool/trajectories.ts';
import { createRedactor } from './redaction/record.ts';
import { lockFolder } from './segments/lock.ts';
import { diskIo, type SegmentIo } from './segments/log.ts';
import { type OperationPool, openOperations } from './sessions/operations.ts';
import { createTurnCapture, type TurnCapture } from './turns/capture.ts';
import type { TurnServers } from './turns/server.ts';

export interface PlaneOptions {
  /** Holds `completions/`, `trajectories/`, `operations/` and the lock; created when missing. */
  readonly dir: string;
  readonly engines: Engines;
  /** How long an fsync waits for more records, milliseconds; default 0: records share an fsync only while one runs. */
  readonly fsyncIntervalMs?: number | undefined;
  /** Default 32 MiB. */
  readonly segmentBytes?: number | undefined;
  /** Where records go from the disk; undefined: nowhere. */
  readonly keep?: KeepOptions | undefined;
  /** Words that must stand in no record, beside what looks like a secret. */
  readonly secrets?: readonly string[] | undefined;
  /** Records whose place may stay in memory, of each pool. Default 100,000. */
  readonly keepRecords?: number | undefined;
  readonly log: (line: string) => void;
  /** For tests. */
  readonly io?: SegmentIo | undefined;
  readonly fault?: CaptureOptions['fault'];
}

export interface Plane {
  readonly capture: Capture;
  readonly turns: TurnCapture;
  readonly completions: CompletionPool;
  readonly trajectories: TrajectoryPool;
  readonly operations: OperationPool;
  readonly flights: Flights;
  readonly engines: Engines;
  /** Stops generations (recorded as aborted), flushes, unlocks. */
  close(): Promise<void>;
}

/** Takes the engines over: they are closed with it, and when it cannot be opened. @throws AnnealError as createGateway */
export async function openPlane({ dir, engines, log, fault, ...options }: PlaneOptions): Promise<Plane> {
  const opened = new AsyncDisposableStack();
  opened.defer(() => engines.close());
  try {
    opened.defer(await lockFolder(dir, log));
    const keeping = await openKeeping(dir, options.keep, log);
    const pool = (stream: SegmentStream) => ({
      dir: join(dir, stream),
      segmentBytes: options.segmentBytes ?? 32 << 20,
      fsyncIntervalMs: options.fsyncIntervalMs ?? 0,
      log,
      io: options.io ?? diskIo,
      shipping: keeping.shippingOf(stream),
      keepRecords: options.keepRecords,
    });
    const redact = createRedactor(options.secrets ?? []);
    const completions = await openCompletions({ ...pool('completions'), redact: redact.completion });
    opened.defer(() => completions.log.close());
    const trajectories = await openTrajectories(pool('trajectories'));
    opened.defer(() => trajectories.log.close());
    const operations = await openOperations({ ...pool('operations'), redact: redact.operation, admit: keeping.admit });
    opened.defer(() => operations.log.close());
    const pools = { completions, trajectories, operations };
    opened.defer(await keeping.begin(pools));
    const flights = createFlights();
    const { admit, hurry } = keeping;
    const capture = createCapture({ engines, pool: completions, flights, log, fault, admit });
    opened.defer(() => capture.close());
    const turns = createTurnCapture({ pool: completions, flights, log, admit });
    opened.defer(() => turns.close());
    const close = (): Promise<void> => {
      hurry();
      return turns.close();
    };
    return {
      ...{ capture, turns: { ...turns, close }, ...pools, flights, engines },
      async close() {
        hurry();
        await opened.disposeAsync();
      },
    };
  } catch (failure) {
    await opened.disposeAsync();
    throw failure;
  }
}

export interface UpstreamOptions {
  readonly servers: PolicyServers;
  /** What policy servers and engines ask for; undefined on one machine. */
  readonly engineToken?: string | undefined;
  /** Of campaigns whose policies vLLM serves; undefined where there are none. */
  readonly weights?: GatewayWeights | undefined;
  /** Generations at one engine at a time; the rest waits in the gateway. Default 64. */
  readonly engineConnections?: number | undefined;
  /** For one generation; default 120 s. */
  readonly upstreamTimeoutMs?: number | undefined;
}

export interface GatewayWeights {
  /** Whether vLLM serves this campaign's policies. */
  serves(campaign: CampaignName): Promise<boolean>;
  readonly directory: WeightDirectory;
  /** Into the artifact store: what is too large for a record. */
  keep(text: string): Promise<ArtifactRef>;
}

export function openEngines({
  servers,
  engineToken: token,
  weights,
  ...options
}: UpstreamOptions): Engines & TurnServers {
  const common = {
    token,
    timeoutMs: options.upstreamTimeoutMs ?? 120_000,
    connections: options.engineConnections ?? 64,
  };
  const adapters = createEngines({ servers, ...common });
  if (weights === undefined) return adapters;
  const { directory, keep, serves } = weights;
  // As the rollout image starts its servers (trainer/anneal_megatron/serving).
  const asStarted = { model: 'policy', logprobsMode: 'processed_logprobs' } as const;
  const whole = createVllmEngines({ ...common, ...asStarted, directory, keepRouting: keep });
  return chooseEngines({ adapters, whole, isWhole: (policy) => serves(campaignOfPolicy(policy)) });
}
