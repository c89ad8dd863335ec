// A real S3 server (versitygw over a folder) on a free port, for tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';

export interface S3Server {
  readonly endpoint: string;
  /** `s3://BUCKET/PREFIX?…`, another prefix for each call. */
  address(): string;
  /** Where the server keeps the bucket. */
  readonly folder: string;
  /** SIGKILL; what it has stays. */
  kill(): Promise<void>;
  /** After a kill: at the same address, with what it had. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const BUCKET = 'anneal';

/** The server's binary when it was built (`npm run testbed -- up` or `npm run test:k8s`), else undefined: then tests are skipped. */
export const s3Binary = (): string | undefined => cachedBinary('versitygw');

/**
 * @param options.serial one request at a time. S3 promises that of two conditional writes at once one succeeds; this
 *   server looks and then writes, so tests of races need it serial.
 * @param options.keepAlive connections are used again, as S3's are; this server closes them unless told otherwise
 * @param options.parent the folder of its folder
 */
export async function startS3Server(
  options: { serial?: boolean; host?: string; keepAlive?: boolean; parent?: string } = {},
): Promise<S3Server> {
  const binary = s3Binary();
  if (binary === undefined) throw new Error('versitygw is not built: npm run testbed -- up');
  const root = await mkdtemp(join(options.parent ?? tmpdir(), 'anneal-s3-'));
  await mkdir(join(root, 'data', BUCKET), { recursive: true });
  const { host = '127.0.0.1' } = options;
  const port = await freePort(host);
  const credentials = { id: 'anneal', secret: randomBytes(16).toString('hex') };
  // Inherited by the processes that tests start, as in a deployment.
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: credentials.id,
    AWS_SECRET_ACCESS_KEY: credentials.secret,
    AWS_REGION: 'us-east-1',
  });
  const keepAlive = options.keepAlive === true ? ['--keep-alive'] : [];
  const serial = options.serial === true ? ['--concurrency', '1'] : [];
  const argv = [
    ...[
      '--access',
      credentials.id,
      '--secret',
      credentials.secret,
      '--port',
      `${host}:${port}`,
      '--quiet',
      ...keepAlive,
    ],
    ...['posix', ...serial, join(root, 'data')],
  ];
  const endpoint = `http://${host}:${port}`;
  const launch = async (): Promise<ChildProcess> => {
    const launched = spawn(binary, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
    await answers(launched, endpoint);
    return launched;
  };
  let child = await launch();
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  };
  let count = 0;
  return {
    endpoint,
    address: () => `s3://${BUCKET}/t${count++}?endpoint=${endpoint}&region=us-east-1`,
    folder: join(root, 'data', BUCKET),
    kill,
    async restart() {
      await kill();
      child = await launch();
    },
    async stop() {
      await kill();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function answers(child: ChildProcess, endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error('versitygw does not answer');
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, host, () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()));
    });
    server.on('error', reject);
  });
}
