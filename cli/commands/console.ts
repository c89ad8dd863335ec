// console: the pages on which gates are seen and answered.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { everybodyIsThisViewer } from '../../console/local-viewer.ts';
import type { ConsolePorts } from '../../console/ports.ts';
import { serveConsole } from '../../console/serve.ts';
import { findTemporal } from '../../console/temporal.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { readCritical } from '../../infra/critical.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { readOnCall } from '../../infra/notifications/read.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import { openInterrupt } from '../interrupt.ts';
import { renderReport } from '../report/render.ts';
import type { Run, Session } from '../session.ts';

const PORT = 4300;
const LOOPBACK = '127.0.0.1';

export function addConsole(program: Command, run: Run): void {
  program
    .command('console')
    .description('serve the pages on which gates are seen and answered; Ctrl-C ends it')
    .option('--port <number>', 'where it listens, on this machine alone', String(PORT))
    .action((options: { port: string }, command: Command) =>
      run((session) => serve(session, portOf(options.port)), command),
    );
}

async function serve(session: Session, port: number): Promise<void> {
  const { config } = session;
  const temporal = findTemporal(config);
  const { approver } = await session.identity();
  const served = await serveConsole(
    await portsOf(session, temporal.client),
    everybodyIsThisViewer(LOOPBACK, { name: approver, role: 'admin' }),
    { address: LOOPBACK, port },
  );
  process.stderr.write(`The console: ${served.url}\n`);
  if (session.json) process.stdout.write(`${JSON.stringify({ url: served.url })}\n`);
  const interrupt = openInterrupt();
  try {
    await new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    interrupt.close();
    await served.close();
    await temporal.close();
  }
}

async function portsOf(session: Session, temporal: ConsolePorts['temporal']): Promise<ConsolePorts> {
  const { config, store } = session;
  return {
    ...{ temporal, store, renderReport },
    critical: await readCritical(config.repo),
    onCall: config.onCall === undefined ? undefined : await readOnCall(config.onCall),
    approvers: () => readApprovers(config.paths.keys),
    signer: () => session.identity(),
    async pool() {
      const url = (await stackStatus(config)).endpoints?.gateway ?? config.gateway.url;
      if (url === undefined) throw new AnnealError('stack.not_running', 'the gateway keeps what rollouts left');
      return createGatewayClient({ url, secretFile: config.paths.gatewaySecret });
    },
    explain: (code) => readFile(join(config.repo, 'docs', 'errors', `${code}.md`), 'utf8').catch(() => undefined),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new AnnealError('cli.usage', `--port expects a port's number; got ${text}`);
}
