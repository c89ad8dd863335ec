// console: the pages on which gates are seen and answered.
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadAssets } from '../../console/assets.ts';
import { frameOf } from '../../console/pages/layout.ts';
import { mountPasskeys } from '../../console/passkeys/mounted.ts';
import type { ConsolePorts } from '../../console/ports.ts';
import { type Served, serveConsole } from '../../console/serve.ts';
import { readSignIn, type SignInSpec } from '../../console/sign-in/configuration.ts';
import { createLocalSignIn } from '../../console/sign-in/local.ts';
import { createOidcSignIn } from '../../console/sign-in/oidc.ts';
import { findTemporal } from '../../console/temporal.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { readCritical } from '../../infra/critical.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { readOnCall } from '../../infra/notifications/read.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import { openInterrupt } from '../interrupt.ts';
import { renderReport } from '../report/render.ts';
import type { Run, Session } from '../session.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}

const PORT = 4300;
const LOOPBACK = '127.0.0.1';

export function addConsole(program: Command, run: Run): void {
  program
    .command('console')
    .description('serve the pages on which gates are seen and answered; Ctrl-C ends it')
    .option('--port <number>', 'where it listens', String(PORT))
    .option('--host <address>', 'for others than this machine; needs ANNEAL_CONSOLE_OIDC (docs/console.md)', LOOPBACK)
    .action(({ port, host }: { port: string; host: string }, command: Command) =>
      run((session) => serve(session, { host, port: portOf(port) }), command),
    );
}

async function serve(session: Session, { host, port }: Place): Promise<void> {
  const { config } = session;
  const temporal = findTemporal(config);
  const ports = await portsOf(session, temporal.client);
  const layout = frameOf(loadAssets());
  const people = config.consoleOidc === undefined ? undefined : await readSignIn(config.consoleOidc);
  const interrupt = openInterrupt();
  const stopped = new Promise<void>((resolve) =>
    interrupt.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const [served, link] = await (people === undefined ? alone() : together(people));
  process.stderr.write(`The console: ${link}\n`);
  if (session.json) process.stdout.write(`${JSON.stringify({ url: served.url, link })}\n`);
  try {
    await stopped;
  } finally {
    interrupt.close();
    await served.close();
    await temporal.close();
  }

  /** Whoever reads this terminal is the machine's approver. */
  async function alone(): Promise<[Served, string]> {
    const { approver: name, keyId } = await session.identity();
    const free = port === 0 ? await freePort() : port;
    const signIn = createLocalSignIn({ bind: host, port: free, name, keyId, layout });
    return [
      await serveConsole(ports, signIn, { address: host, port: free }),
      `${signIn.link()} (works once, for ten minutes)`,
    ];
  }

  async function together(spec: SignInSpec): Promise<[Served, string]> {
    const signIn = createOidcSignIn(spec, { layout });
    const passkeys = mountPasskeys(ports, { signIn, origin: spec.origin, layout });
    return [await serveConsole(ports, signIn, { address: host, port, passkeys }), spec.origin];
  }
}

/** A sign-in names its port before anybody listens there. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      const bound = server.address() as AddressInfo;
      server.close(() => resolve(bound.port));
    });
  });
}

async function portsOf(session: Session, temporal: ConsolePorts['temporal']): Promise<ConsolePorts> {
  const { config, store } = session;
  // One for all looks: what it has verified of the registry it remembers.
  // With OpenID it signs nothing, and needs no key: whoever writes the audit log next signs the head of what an admin changed here.
  const people = config.consoleOidc === undefined ? await session.people() : await session.readers();
  return {
    ...{ temporal, store, renderReport },
    critical: await readCritical(config.repo),
    onCall: config.onCall === undefined ? undefined : await readOnCall(config.onCall),
    approvers: () => readApprovers(config.paths.keys),
    people: () => people.current(),
    registry: { next: () => people.next(), add: (entry) => people.add(entry) },
    signer: () => session.identity(),
    async pool() {
      const url = (await stackStatus(config)).endpoints?.gateway ?? config.gateway.url;
      if (url === undefined) throw new AnnealError('stack.not_running', 'the gateway keeps what rollouts left');
      return createGatewayClient({ url, secretFile: config.paths.gatewaySecret });
    },
    async heads() {
      const head = await createWitness(config.paths.auditHead).read();
      return head === undefined ? [] : [head];
    },
    explain: (code) => readFile(join(config.repo, 'docs', 'errors', `${code}.md`), 'utf8').catch(() => undefined),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new AnnealError('cli.usage', `--port expects a port's number; got ${text}`);
}
