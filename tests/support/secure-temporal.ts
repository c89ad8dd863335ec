// A real Temporal server as a company runs one: mutual TLS, and tokens whose permissions it checks. Built from its Go module by
// the testbed; SQLite in memory, all services in one process, on loopback.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../infra/temporal/connect.ts';
import type { TemporalSettings } from '../../infra/temporal/settings.ts';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';
import { type Authority, makeAuthority, writePair } from './certificates.ts';
import { freePort } from './temporal-server.ts';

/** When it was built (`npm run test:temporal`), else undefined: then its tests are skipped. */
export const temporalServerBinary = (): string | undefined => cachedBinary('temporal-server');

export interface SecureTemporal {
  readonly address: string;
  readonly folder: string;
  /** Of the server's certificate. */
  readonly serverAuthority: Authority;
  /** Of the client certificates that it accepts. */
  readonly clientAuthority: Authority;
  /** With everything that is needed, for a caller with these permissions. */
  settings(permissions: readonly string[], namespace?: string): TemporalSettings;
  /** A signed token, such as an API key. `permissions`: `NAMESPACE:read|write|admin`; of `temporal-system`, everywhere. */
  token(permissions: readonly string[], options?: { seconds?: number; signedBy?: 'stranger' }): string;
  /** Writes a text into a new file of the folder. */
  file(text: string): string;
  stop(): Promise<void>;
}

/** Turns by team are off in a server unless it is told (docs/temporal.md). */
const DYNAMIC = 'matching.enableFairness:\n  - value: true\n';

export const ADMIN = ['temporal-system:admin'] as const;

export async function startSecureTemporal(namespaces: readonly string[] = ['default']): Promise<SecureTemporal> {
  const binary = temporalServerBinary();
  if (binary === undefined) throw new Error('the Temporal server is not built: npm run test:temporal');
  const folder = mkdtempSync(join(tmpdir(), 'anneal-secure-temporal-'));
  const [serverAuthority, clientAuthority] = [makeAuthority('server authority'), makeAuthority('client authority')];
  const server = writePair(
    folder,
    serverAuthority.issue({ name: 'server', hosts: ['127.0.0.1', 'localhost', 'temporal.example'] }),
  );
  const client = writePair(folder, clientAuthority.issue({ name: 'client' }));
  let files = 0;
  const file = (text: string): string => {
    files += 1;
    const path = join(folder, `file-${files}`);
    writeFileSync(path, text);
    return path;
  };
  const serverCa = file(serverAuthority.cert);
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const token: SecureTemporal['token'] = (permissions, { seconds = 3600, signedBy } = {}) => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'test', permissions, exp: Math.floor(Date.now() / 1000) + seconds };
    const text = `${part({ alg: 'ES256', typ: 'JWT', kid: 'one' })}.${part(claims)}`;
    const { privateKey } = signedBy === 'stranger' ? stranger : signer;
    return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const keys = [{ ...signer.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }];
  const keyServer = createServer((_request, response) => response.end(JSON.stringify({ keys }))).listen(0, '127.0.0.1');
  await once(keyServer, 'listening');
  const jwks = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/`;
  const ports = await Promise.all(Array.from({ length: 10 }, freePort));
  const config = file(
    JSON.stringify(
      configuration(ports, { server, clientCa: file(clientAuthority.cert), serverCa, jwks, dynamic: file(DYNAMIC) }),
    ),
  );
  const services = ['frontend', 'internal-frontend', 'history', 'matching', 'worker'];
  const child = spawn(binary, ['--config-file', config, 'start', ...services.flatMap((name) => ['--service', name])], {
    stdio: 'ignore',
    cwd: folder,
  });
  const stopWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', stopWithUs);
  const address = `127.0.0.1:${ports[0]}`;
  const settings: SecureTemporal['settings'] = (permissions, namespace = 'default') => ({
    ...{ address, namespace, tls: { ca: serverCa, ...client }, apiKeyFile: file(token(permissions)) },
  });
  const stop = async (): Promise<void> => {
    process.off('exit', stopWithUs);
    child.kill('SIGKILL');
    keyServer.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await createNamespaces(settings([...ADMIN], 'temporal-system'), namespaces, () => child.exitCode !== null);
  } catch (failure) {
    await stop();
    throw failure;
  }
  return { address, folder, serverAuthority, clientAuthority, settings, token, file, stop };
}

async function createNamespaces(
  settings: TemporalSettings,
  namespaces: readonly string[],
  hasEnded: () => boolean,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      const { client, close } = await connect(settings, { needs: 'read', timeoutMs: 2_000 });
      try {
        for (const namespace of namespaces) {
          const day = { seconds: 86_400 as never };
          await client.workflowService
            .registerNamespace({ namespace, workflowExecutionRetentionPeriod: day })
            .catch((failure: Error) => {
              if (!/already exists/i.test(failure.message)) throw failure;
            });
        }
        // Each service learns of a new namespace when it next looks.
        for (const namespace of namespaces) await client.workflowService.countWorkflowExecutions({ namespace });
        return;
      } finally {
        await close();
      }
    } catch (failure) {
      if (hasEnded() || tries > 150) throw failure;
      await sleep(200);
    }
  }
}

function configuration(
  ports: readonly number[],
  files: { server: { cert: string; key: string }; clientCa: string; serverCa: string; jwks: string; dynamic: string },
): unknown {
  const memory = {
    sql: {
      ...{ user: '', password: '', pluginName: 'sqlite', databaseName: 'default', connectAddr: 'localhost' },
      ...{ connectProtocol: 'tcp', connectAttributes: { mode: 'memory', cache: 'private' } },
      ...{ maxConns: 1, maxIdleConns: 1, maxConnLifetime: '1h' },
    },
  };
  const service = (index: number): unknown => ({
    rpc: { grpcPort: ports[index], membershipPort: ports[index + 5], bindOnIP: '127.0.0.1' },
  });
  return {
    log: { stdout: false, level: 'error' },
    persistence: {
      ...{ defaultStore: 'main', visibilityStore: 'visibility', numHistoryShards: 1 },
      datastores: { main: memory, visibility: memory },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' },
      tls: {
        frontend: {
          server: {
            ...{ certFile: files.server.cert, keyFile: files.server.key },
            ...{ requireClientAuth: true, clientCaFiles: [files.clientCa] },
          },
          client: { serverName: 'localhost', rootCaFiles: [files.serverCa] },
        },
      },
      authorization: {
        ...{ authorizer: 'default', claimMapper: 'default', permissionsClaimName: 'permissions' },
        jwtKeyProvider: { keySourceURIs: [files.jwks] },
      },
    },
    services: {
      frontend: service(0),
      'internal-frontend': service(1),
      history: service(2),
      matching: service(3),
      worker: service(4),
    },
    clusterMetadata: {
      ...{ enableGlobalNamespace: false, failoverVersionIncrement: 10 },
      ...{ masterClusterName: 'active', currentClusterName: 'active' },
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${ports[0]}` },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: files.dynamic, pollInterval: '10s' },
  };
}
