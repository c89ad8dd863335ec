// The one way to a Temporal, for clients and for workers. What can go wrong is found here, before anything is started, and
// named by who refused: our files, the network, TLS, the key, the namespace, a permission.
import { Client, Connection, type TLSConfig, type WorkflowClientInterceptor } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { AnnealError } from '../../contracts/errors.ts';
import { convertersOf } from '../codec/data-converter.ts';
import { openApiKey } from './api-key.ts';
import { refuseUnlessReadable } from './payload-trouble.ts';
import { probe } from './probe.ts';
import { type Needs, refuseUnlessServed } from './rights.ts';
import type { TemporalSettings } from './settings.ts';
import { readTls, type TlsMaterial } from './tls-files.ts';

export interface ConnectOptions {
  readonly needs: Needs;
  readonly timeoutMs?: number;
  /** Around the client's calls, such as those that carry a trace. */
  readonly interceptors?: readonly WorkflowClientInterceptor[];
}

export interface Connected {
  readonly settings: TemporalSettings;
  readonly client: Client;
  /** For `Worker.create`; undefined where payloads are plain. */
  readonly dataConverter: DataConverter | undefined;
  /** For workers; made at the first call, since it loads the SDK's native part. It follows a replaced API key. */
  native(): Promise<NativeConnection>;
  /** Ends both. Workers must have ended before. */
  close(): Promise<void>;
}

/**
 * @throws AnnealError `temporal.*`, `payload.*` or `stack.temporal_unavailable`; each message says what to change
 */
export async function connect(settings: TemporalSettings, options: ConnectOptions): Promise<Connected> {
  const { address, namespace } = settings;
  const { timeoutMs = 5_000, interceptors = [] } = options;
  const tls = settings.tls === undefined ? undefined : readTls(settings.tls);
  const apiKey = settings.apiKeyFile === undefined ? undefined : openApiKey(settings.apiKeyFile);
  const converters = convertersOf(settings);
  await probe(address, tls, timeoutMs);
  const connection = Connection.lazy({
    ...{ address, tls: tlsOf(tls), connectTimeout: timeoutMs },
    ...(apiKey !== undefined && { apiKey: apiKey.current }),
  });
  const client = new Client({
    ...{ connection, namespace, interceptors: { workflow: [...interceptors] } },
    ...(converters && { dataConverter: converters.client }),
  });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, async () => {
      await refuseUnlessServed(connection, settings, apiKey, { needs: options.needs, timeoutMs });
      if (converters !== undefined && options.needs === 'write') await refuseUnlessReadable(client);
    });
  } catch (failure) {
    await connection.close();
    throw failure;
  }
  let native: Promise<NativeConnection> | undefined;
  let unfollow: (() => void) | undefined;

  async function openNative(): Promise<NativeConnection> {
    const { NativeConnection } = await import('@temporalio/worker');
    let made: NativeConnection;
    try {
      made = await NativeConnection.connect({
        ...{ address, tls: tlsOf(tls) },
        ...(apiKey !== undefined && { apiKey: apiKey.current() }),
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      // The key may have been over since the first look. The worker's TLS is another library's, and stricter than Node's.
      const code = /permission|authenti/i.test(why) ? 'temporal.key_refused' : 'stack.temporal_unavailable';
      throw new AnnealError(code, `Temporal does not answer the worker at ${address}: ${why}`, { cause });
    }
    unfollow = apiKey?.follow((key) => void made.setApiKey(key));
    return made;
  }

  return {
    settings,
    client,
    dataConverter: converters?.worker,
    native: () => (native ??= openNative()),
    async close() {
      unfollow?.();
      await (await native?.catch(() => undefined))?.close();
      await connection.close();
    },
  };
}

/**
 * For one who asks on behalf of others, with their tokens: without a key, and so perhaps without any rights.
 * @throws AnnealError as `connect`, but for what a key and rights can do
 */
export async function connectKeyless(
  { address, tls: files }: TemporalSettings,
  timeoutMs = 5_000,
): Promise<Connection> {
  const tls = files === undefined ? undefined : readTls(files);
  await probe(address, tls, timeoutMs);
  return Connection.lazy({ address, tls: tlsOf(tls), connectTimeout: timeoutMs });
}

/** Null: in the clear; an API key alone would turn TLS on. */
function tlsOf(tls: TlsMaterial | undefined): TLSConfig | null {
  if (tls === undefined) return null;
  return {
    ...(tls.serverName !== undefined && { serverNameOverride: tls.serverName }),
    ...(tls.ca !== undefined && { serverRootCACertificate: tls.ca }),
    ...(tls.cert !== undefined && tls.key !== undefined && { clientCertPair: { crt: tls.cert, key: tls.key } }),
  };
}
