// What the environment says of being observed: metrics for Prometheus, traces for OpenTelemetry, trackers of training runs. All of
// it is off unless something is set.
import { z } from 'zod';

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'a port number between 1 and 65535')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65_535, 'a port number between 1 and 65535')
  .optional();
const text = z.string().min(1).optional();

export const observingVariables = {
  ANNEAL_METRICS_PORT: port,
  ANNEAL_METRICS_BIND: text,
  ANNEAL_METRICS_SDK_PORT: port,
  ANNEAL_GATEWAY_METRICS_PORT: port,
  ANNEAL_OTLP_ENDPOINT: z.url('http://HOST:PORT').optional(),
  ANNEAL_TRACKERS: text,
  MLFLOW_TRACKING_TOKEN: text,
  WANDB_API_KEY: text,
} as const;
const variables = z.object(observingVariables);

interface Address {
  readonly port: number;
  readonly host: string | undefined;
}

export interface Observing {
  /** ANNEAL_METRICS_PORT and ANNEAL_METRICS_BIND, default 127.0.0.1: where a worker serves /metrics; undefined: nowhere. */
  readonly worker: Address | undefined;
  /** ANNEAL_METRICS_SDK_PORT, default the port after the worker's: of Temporal's SDK, on loopback. */
  readonly sdkPort: number;
  /** ANNEAL_GATEWAY_METRICS_PORT; in a pod of its own the gateway takes ANNEAL_METRICS_PORT. */
  readonly gateway: Address | undefined;
  /** ANNEAL_OTLP_ENDPOINT: an OpenTelemetry collector's HTTP address. */
  readonly otlp: string | undefined;
  /** ANNEAL_TRACKERS: addresses, separated by commas (docs/observability.md); MLFLOW_TRACKING_TOKEN and WANDB_API_KEY are their keys. */
  readonly trackers: { readonly addresses: string; readonly mlflowToken?: string; readonly wandbKey?: string };
  /** By these a child process reads the same. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @param alone the process is no child of a stack, which would have the gateway beside the worker */
export function observingOf(
  set: z.infer<typeof variables>,
  given: Readonly<Record<string, string | undefined>>,
  alone: boolean,
): Observing {
  const host = set.ANNEAL_METRICS_BIND;
  const at = (port: number | undefined): Address | undefined => (port === undefined ? undefined : { port, host });
  const { MLFLOW_TRACKING_TOKEN: mlflowToken, WANDB_API_KEY: wandbKey } = set;
  return {
    worker: at(set.ANNEAL_METRICS_PORT),
    sdkPort: set.ANNEAL_METRICS_SDK_PORT ?? (set.ANNEAL_METRICS_PORT ?? 0) + 1,
    gateway: at(set.ANNEAL_GATEWAY_METRICS_PORT ?? (alone ? set.ANNEAL_METRICS_PORT : undefined)),
    otlp: set.ANNEAL_OTLP_ENDPOINT,
    trackers: {
      addresses: set.ANNEAL_TRACKERS ?? '',
      ...(mlflowToken === undefined ? {} : { mlflowToken }),
      ...(wandbKey === undefined ? {} : { wandbKey }),
    },
    environment: Object.fromEntries(
      Object.keys(observingVariables).flatMap((name) =>
        name.startsWith('ANNEAL_') && given[name] ? [[name, given[name]]] : [],
      ),
    ),
  };
}
