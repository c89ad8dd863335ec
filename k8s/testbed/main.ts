// npm run testbed -- up|down|status: a real Kubernetes on this machine.

import process from 'node:process';
import { parseArgs } from 'node:util';
import { AnnealError } from '../../contracts/errors.ts';
import { keepThreadsAwake } from '../../infra/process/wake-threads.ts';
import { ensureBinaries } from './binaries.ts';
import { prepareCampaigns } from './campaigns.ts';
import { withLock } from './lock.ts';
import { ensureNodePrograms } from './node-programs.ts';
import { layoutOf, PARTS, type Part } from './options.ts';
import { DEFAULT_DIR } from './paths.ts';
import { statusOf, table } from './status.ts';
import { tearDown } from './teardown.ts';
import { binariesOf, openTestbed, startTestbed } from './testbed.ts';

keepThreadsAwake();

const USAGE = `npm run testbed -- up [--parts ${PARTS.join(',')}] [--heartbeat SECONDS] | campaigns | down | status [--json] | build
  --dir DIR     another testbed than the checkout's own
  --parts LIST  up: what to start; all of them as root on Linux, otherwise all but the kubelet
  campaigns     makes a running testbed ready for campaigns: images, namespace, secrets; prints what to set
  build         only what up needs: programs, and containerd for the kubelet`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: 'string', default: DEFAULT_DIR },
      parts: { type: 'string' },
      heartbeat: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help) return say(USAGE);
  if (rest.length > 0) return usage(`unexpected: ${rest.join(' ')}`);
  if (command === 'up') return up(values.dir, partsOf(values.parts), values.heartbeat);
  if (command === 'build') return build(partsOf(values.parts));
  if (command === 'campaigns') return campaigns(values.dir);
  if (command === 'down') return down(values.dir);
  if (command === 'status') return status(values.dir, values.json);
  return usage(command === undefined ? 'a command is missing' : `no command ${command}`);
}

async function up(dir: string, parts: readonly Part[], heartbeat: string | undefined): Promise<number> {
  const layout = layoutOf(dir);
  const wasThere = statusOf(layout).length > 0;
  const began = performance.now();
  process.on('SIGINT', () => {
    process.stderr.write('\ninterrupted\n');
    // What this command began it also ends; what ran before stays. Exiting first would leave half a cluster.
    void (wasThere ? Promise.resolve(0) : tearDown(layout)).finally(() => process.exit(130));
  });
  const heartbeatSeconds = heartbeat === undefined ? undefined : Number(heartbeat);
  if (heartbeatSeconds !== undefined && !(heartbeatSeconds >= 1)) return usage('--heartbeat takes seconds, at least 1');
  const testbed = await startTestbed({
    dir,
    parts,
    lifetime: 'detached',
    ...(heartbeatSeconds === undefined ? {} : { heartbeatSeconds }),
    onProgress: (line) => void process.stderr.write(`${line}\n`),
  });
  testbed.api.close();
  say(table(testbed.status()));
  return say(
    `\nup after ${((performance.now() - began) / 1_000).toFixed(1)} s\nexport KUBECONFIG=${testbed.kubeconfig}`,
  );
}

async function campaigns(dir: string): Promise<number> {
  const testbed = openTestbed(dir);
  const { file } = await prepareCampaigns(testbed, (line) => void process.stderr.write(`${line}\n`));
  testbed.api.close();
  return say(`source ${file}`);
}

async function build(parts: readonly Part[]): Promise<number> {
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  await ensureBinaries(binariesOf(parts), onProgress);
  if (parts.includes('kubelet')) await ensureNodePrograms(onProgress);
  return say('all that is needed is there');
}

async function down(dir: string): Promise<number> {
  const layout = layoutOf(dir);
  const ended = await withLock(layout.dir, () => tearDown(layout));
  return say(ended === 0 ? 'nothing was running' : `${ended} processes ended`);
}

function status(dir: string, json: boolean): number {
  const rows = statusOf(layoutOf(dir));
  if (json) return say(JSON.stringify(rows, undefined, 2));
  return say(rows.length === 0 ? 'not running; start it with npm run testbed -- up' : table(rows));
}

function partsOf(list: string | undefined): readonly Part[] {
  if (list === undefined) {
    const root = process.platform === 'linux' && process.getuid?.() === 0;
    return PARTS.filter((part) => part !== 'kubelet' || root);
  }
  return list.split(',').map((name) => {
    const part = PARTS.find((one) => one === name);
    if (part === undefined) throw new AnnealError('cli.usage', `no part ${name}; there are ${PARTS.join(', ')}`);
    return part;
  });
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function usage(problem: string): number {
  process.stderr.write(`✗ ${problem}\n${USAGE}\n`);
  return 2;
}

try {
  process.exitCode = await main();
} catch (problem) {
  if (!(problem instanceof AnnealError)) throw problem;
  process.stderr.write(`✗ ${problem.message} (${problem.code})\n`);
  process.exitCode = problem.exitCode;
}
