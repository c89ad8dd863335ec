// What a server lets us do, asked before anything depends on it.
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import { AnnealError } from '../../contracts/errors.ts';
import { type ApiKey, endOf } from './api-key.ts';
import type { TemporalSettings } from './settings.ts';

const CODE = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** `write`: start, signal and work on campaigns; `read`: look at them. */
export type Needs = 'read' | 'write';

/**
 * Asks in an order in which each answer has one meaning.
 * @throws AnnealError `temporal.key_refused`, `temporal.no_namespace`, `temporal.denied`, `stack.temporal_unavailable`
 */
export async function refuseUnlessServed(
  server: ConnectionLike,
  { address, namespace }: TemporalSettings,
  apiKey: ApiKey | undefined,
  { needs, timeoutMs }: { readonly needs: Needs; readonly timeoutMs: number },
): Promise<void> {
  const ask = async (
    call: () => Promise<unknown>,
    names: (code: number, details: string) => AnnealError | undefined,
  ) => {
    try {
      await call();
    } catch (failure) {
      const error = grpcError(failure);
      if (error === undefined) throw failure;
      if (error.code === CODE.unauthenticated) throw keyRefused(address, apiKey, error.details);
      const named = names(error.code, error.details);
      if (named !== undefined) throw named;
    }
  };
  const unavailable = (code: number, details: string): AnnealError =>
    new AnnealError(
      'stack.temporal_unavailable',
      code === CODE.deadlineExceeded
        ? `${address} did not answer within ${timeoutMs} ms`
        : `what answers at ${address} is no Temporal, or not a healthy one: ${details}`,
    );

  // Everybody whose key is valid may ask this, whatever else it permits.
  await ask(
    () => server.workflowService.getSystemInfo({}),
    (code, details) =>
      code === CODE.permissionDenied ? keyRefused(address, apiKey, details) : unavailable(code, details),
  );
  await ask(
    () => server.workflowService.describeNamespace({ namespace }),
    (code, details) => {
      if (code === CODE.notFound)
        return new AnnealError('temporal.no_namespace', `${address} has no namespace ${namespace} (ANNEAL_NAMESPACE)`);
      if (code !== CODE.permissionDenied) return unavailable(code, details);
      const what = apiKey === undefined ? 'without an API key' : `with the key in ${apiKey.path}`;
      // A server tells those without rights nothing about what there is.
      return new AnnealError(
        'temporal.denied',
        `reading namespace ${namespace} is not permitted ${what} (${details}); perhaps it does not exist`,
      );
    },
  );
  if (needs === 'read') return;
  // A signal to nobody: who may not write is refused for that, everybody else for the missing workflow id.
  await ask(
    () =>
      server.workflowService.signalWorkflowExecution({
        namespace,
        workflowExecution: { workflowId: '' },
        signalName: 'none',
      }),
    (code, details) => {
      if (code === CODE.invalidArgument || code === CODE.notFound) return undefined;
      if (code !== CODE.permissionDenied) return unavailable(code, details);
      return new AnnealError(
        'temporal.denied',
        `namespace ${namespace} may be read, but starting and serving campaigns is not permitted (${details}); grant the role to write`,
      );
    },
  );
}

function grpcError(failure: unknown): { code: number; details: string } | undefined {
  const found = isGrpcServiceError(failure) ? failure : failure instanceof Error ? failure.cause : undefined;
  if (!isGrpcServiceError(found)) return undefined;
  return { code: found.code, details: found.details };
}

function keyRefused(address: string, apiKey: ApiKey | undefined, details: string): AnnealError {
  if (apiKey === undefined)
    return new AnnealError(
      'temporal.key_refused',
      `${address} asks for one; set ANNEAL_TEMPORAL_API_KEY_FILE (${details})`,
    );
  const end = endOf(apiKey.current());
  const expired = end !== undefined && end < new Date() ? `it expired at ${end.toISOString()}` : details;
  return new AnnealError('temporal.key_refused', `${address} refuses the one in ${apiKey.path}: ${expired}`);
}
