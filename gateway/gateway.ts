// The model gateway: opens the segments, listens, closes in order.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type CampaignName, campaignOfPolicy } from '../contracts/ids.ts';
import type { PolicyServers } from '../contracts/ports.ts';
import type { WeightDirectory } from '../contracts/weight-update.ts';
import { type CaptureOptions, createCapture } from './capture.ts';
import { createEngines, type Engines } from './engine.ts';
import { chooseEngines } from './engines/choose.ts';
import { createVllmEngines } from './engines/vllm.ts';
import { openCompletions } from './pool/completions.ts';
import { openTrajectories } from './pool/trajectories.ts';
import { createListener } from './routes.ts';
import { lockFolder } from './segments/lock.ts';
import { diskIo, type SegmentIo } from './segments/log.ts';

export interface GatewayOptions {
  /** Holds `completions/`, `trajectories/` and the lock; created when missing. */
  readonly dir: string;
  readonly servers: PolicyServers;
  /** What policy servers and engines ask for; undefined on one machine. */
  readonly engineToken?: string | undefined;
  /** Of campaigns whose policies vLLM serves; undefined where there are none. */
  readonly weights?: GatewayWeights | undefined;
  /** The HMAC key of credentials; at least 16 bytes. */
  readonly secret: Uint8Array;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  /** How long an fsync waits for more records, milliseconds; default 0: records share an fsync only while one runs. */
  readonly fsyncIntervalMs?: number;
  /** Chat requests being worked on; more are refused with 503. Default 256. */
  readonly maxInFlight?: number;
  /** Generations at one engine at a time; the rest waits in the gateway. Default 64. */
  readonly engineConnections?: number;
  /** For one generation; default 120 s. */
  readonly upstreamTimeoutMs?: number;
  /** Default 32 MiB. */
  readonly segmentBytes?: number;
  /** Default: standard error. */
  readonly log?: (line: string) => void;
  /** For tests. */
  readonly io?: SegmentIo;
  readonly fault?: CaptureOptions['fault'];
}

export interface GatewayWeights {
  /** Whether vLLM serves this campaign's policies. */
  serves(campaign: CampaignName): Promise<boolean>;
  readonly directory: WeightDirectory;
  /** Into the artifact store: what is too large for a record. */
  keep(text: string): Promise<ArtifactRef>;
}

export interface Gateway {
  readonly port: number;
  readonly url: string;
  /** Refuses new requests, stops generations (recorded as aborted), flushes, unlocks. */
  close(): Promise<void>;
}

/** What still reads the pool when the gateway stops is cut off after this. */
const PATIENCE_MS = 1_000;

/** @throws AnnealError `stack.start_failed` (locked by another gateway, unusable secret), `gateway.segment_corrupt`, `stack.port_in_use`. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { dir, secret, host = '127.0.0.1', log = toStderr, fault } = options;
  if (secret.length < 16) throw new AnnealError('stack.start_failed', 'the gateway secret is shorter than 16 bytes');
  /** What to undo, last thing first. */
  const undo: (() => Promise<void> | void)[] = [await lockFolder(dir, log)];
  let releasing: Promise<void> | undefined;
  const release = (): Promise<void> => {
    releasing ??= (async () => {
      for (const step of undo.toReversed()) await step();
    })();
    return releasing;
  };
  try {
    const segments = {
      segmentBytes: options.segmentBytes ?? 32 << 20,
      fsyncIntervalMs: options.fsyncIntervalMs ?? 0,
      log,
      io: options.io ?? diskIo,
    };
    const completions = await openCompletions({ dir: join(dir, 'completions'), ...segments });
    undo.push(() => completions.log.close());
    const trajectories = await openTrajectories({ dir: join(dir, 'trajectories'), ...segments });
    undo.push(() => trajectories.log.close());
    const engines = openEngines(options);
    undo.push(() => engines.close());
    const capture = createCapture({ engines, pool: completions, log, fault });
    const { maxInFlight = 256 } = options;
    const server = createServer(
      createListener({ capture, completions, trajectories, engines, secret, maxInFlight, log }),
    );
    const port = await listen(server, options.port, host);
    undo.push(() => stop(server, () => capture.close()));
    const held = `${completions.size().records} completions and ${trajectories.size()} trajectories`;
    log(`gateway listening on http://${host}:${port} with ${held}`);
    return { port, url: `http://${host}:${port}`, close: release };
  } catch (failure) {
    await release();
    throw failure;
  }
}

function openEngines({ servers, engineToken: token, weights, ...options }: GatewayOptions): Engines {
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

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (failure: NodeJS.ErrnoException) => {
      const taken = failure.code === 'EADDRINUSE';
      reject(new AnnealError(taken ? 'stack.port_in_use' : 'stack.start_failed', failure.message, { cause: failure }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function stop(server: Server, finishCapture: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await finishCapture();
  // Connections fall idle when their last answer is out; kept-alive ones would hold us up for seconds.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const patience = setTimeout(() => server.closeAllConnections(), PATIENCE_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(patience);
}

function toStderr(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}
