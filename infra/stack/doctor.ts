// What this machine has and what is missing, as data. Nothing is installed or changed by looking.
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { Config } from '../config.ts';
import { readCritical } from '../critical.ts';
import { capture } from '../process/capture.ts';
import { isStopped } from '../process/identity.ts';
import { WEAKENED } from '../sandbox/bubblewrap.ts';
import { podsOf } from '../sandbox/choice.ts';
import { hasSetpriv } from './guard.ts';
import { holderOf, isFree, type PortName } from './ports.ts';
import { tryOut } from './setup/bubblewrap.ts';
import { findPython, type Python } from './setup/python.ts';
import { findTemporal } from './setup/temporal-binary.ts';
import { venvIsCurrent } from './setup/venv.ts';
import { type StackInfo, stackStatus } from './stack.ts';
import { troubleOf } from './state.ts';

export interface Check {
  readonly name: string;
  /** `warn`: works, or will be set up by `up`. `fail`: `up` would stop here. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly hint?: string;
}

const GIB = 2 ** 30;
const NEEDED_DISK = 2 * GIB;
/** Measured: 2.6 GB for an optimizer step, about 1 GB for the servers. */
const NEEDED_MEMORY = 4 * GIB;

/** Every check, in the order in which `up` would meet them. Never throws because of what is missing. */
export async function doctor(config: Config): Promise<Check[]> {
  const status = await stackStatus(config);
  const python = await findPython(config).catch(asAnnealError);
  return [
    node(),
    await git(),
    describePython(python),
    // Pods are tried by whoever knows the cluster (cli/cluster-checks.ts).
    ...(podsOf(config) === undefined ? [await sandbox(config, python)] : []),
    await venv(config),
    await temporal(config),
    await death(),
    await jobLock(),
    await critical(config),
    await disk(config),
    memory(),
    await ports(config, status),
    ...processes(status),
  ];
}

function node(): Check {
  const version = process.versions.node;
  return Number(version.split('.')[0]) >= 24
    ? { name: 'node', status: 'ok', detail: `Node ${version}` }
    : { name: 'node', status: 'fail', detail: `Node ${version}, 24 is needed`, hint: 'Run npm ci; it brings Node 24.' };
}

async function git(): Promise<Check> {
  const { code, stdout } = await capture(['git', '--version'], { timeoutMs: 10_000 });
  return code === 0
    ? { name: 'git', status: 'ok', detail: stdout.trim() }
    : { name: 'git', status: 'warn', detail: 'not found', hint: 'Without git, manifests do not name the commit.' };
}

function describePython(python: Python | AnnealError): Check {
  return python instanceof AnnealError
    ? { name: 'python', status: 'fail', detail: python.message, hint: 'Or set ANNEAL_PYTHON to an interpreter.' }
    : { name: 'python', status: 'ok', detail: `Python ${python.version} at ${python.executable}` };
}

async function sandbox(config: Config, python: Python | AnnealError): Promise<Check> {
  const trial = await tryOut(config.python);
  // One that lacks what a trainer needs may still do to verify: a worker in a pod has no trainer.
  if (python instanceof AnnealError && trial instanceof AnnealError)
    return { name: 'sandbox', status: 'warn', detail: 'not tried without Python' };
  return trial instanceof AnnealError
    ? {
        name: 'sandbox',
        status: 'fail',
        detail: trial.message,
        hint: './anneal up installs bubblewrap where it may; candidates never run without it.',
      }
    : trial.includes(WEAKENED)
      ? {
          name: 'sandbox',
          status: 'warn',
          detail: trial,
          hint: 'One barrier of two: /proc/sys is read-only here, as in containers.',
        }
      : { name: 'sandbox', status: 'ok', detail: trial };
}

async function venv(config: Config): Promise<Check> {
  const current = await venvIsCurrent(config).catch(() => false);
  return current
    ? { name: 'packages', status: 'ok', detail: config.paths.venv }
    : { name: 'packages', status: 'warn', detail: 'not installed yet', hint: './anneal up fetches about 240 MB.' };
}

async function temporal(config: Config): Promise<Check> {
  if (config.temporal.external !== undefined) {
    return { name: 'temporal', status: 'ok', detail: `another server is named: ${config.temporal.external}` };
  }
  try {
    const found = await findTemporal(config);
    return found === undefined
      ? { name: 'temporal', status: 'warn', detail: 'not installed yet', hint: './anneal up fetches 44.5 MB.' }
      : { name: 'temporal', status: 'ok', detail: `CLI ${found.version} (${found.from}) at ${found.path}` };
  } catch (failure) {
    return { name: 'temporal', status: 'fail', detail: asAnnealError(failure).message, hint: 'Unset TEMPORAL_CLI.' };
  }
}

async function death(): Promise<Check> {
  return (await hasSetpriv())
    ? { name: 'setpriv', status: 'ok', detail: 'children die with their supervisor' }
    : { name: 'setpriv', status: 'warn', detail: 'not usable', hint: 'A watching shell takes its place.' };
}

async function jobLock(): Promise<Check> {
  const { code } = await capture(['flock', '--version'], { timeoutMs: 10_000 });
  return code === 127
    ? { name: 'flock', status: 'fail', detail: 'not found', hint: 'Install util-linux: jobs are locked with it.' }
    : { name: 'flock', status: 'ok', detail: 'jobs start once' };
}

async function critical({ root }: Config): Promise<Check> {
  try {
    const { gates, approvals } = await readCritical(root);
    const own = approvals.self === 'refused' ? ', never of a campaign of their own' : '';
    const several = Object.entries(approvals.quorum).map(([kind, people]) => `, ${kind} by ${people} people`);
    return { name: 'gates', status: 'ok', detail: `a human answers ${gates.join(', ')}${several.join('')}${own}` };
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    return { name: 'gates', status: 'fail', detail: message, hint: `Restore critical.yaml (${code}).` };
  }
}

async function disk(config: Config): Promise<Check> {
  let folder = config.home;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free below ${folder}`;
  return free >= NEEDED_DISK
    ? { name: 'disk', status: 'ok', detail }
    : { name: 'disk', status: 'fail', detail, hint: 'Free 2 GiB, or set ANNEAL_HOME to a folder on another disk.' };
}

function memory(): Check {
  const detail = `${(freemem() / GIB).toFixed(1)} of ${(totalmem() / GIB).toFixed(1)} GiB free`;
  return totalmem() >= NEEDED_MEMORY
    ? { name: 'memory', status: 'ok', detail }
    : { name: 'memory', status: 'warn', detail, hint: 'A training step needs about 3 GiB.' };
}

/** Only ports that were given can be in the way: others are replaced. */
async function ports(config: Config, status: StackInfo): Promise<Check> {
  const given = (Object.keys(config.ports) as PortName[]).flatMap((name) => {
    const port = config.ports[name];
    return port === undefined || port === status.ports[name] ? [] : [port];
  });
  const taken: number[] = [];
  for (const port of given) if (!(await isFree(port))) taken.push(port);
  if (taken.length > 0) {
    const detail = taken.map((port) => `${port} is held by ${holderOf(port) ?? 'an unknown process'}`).join(', ');
    return { name: 'ports', status: 'fail', detail, hint: 'Stop it, or unset the ANNEAL_*_PORT variable.' };
  }
  const used = Object.entries(status.ports).map(([name, port]) => `${name} ${port}`);
  return { name: 'ports', status: 'ok', detail: used.length > 0 ? used.join(', ') : 'free ones are chosen' };
}

function processes(status: StackInfo): Check[] {
  if (status.state === 'stopped') {
    return [{ name: 'stack', status: 'warn', detail: 'not running', hint: 'Start it with ./anneal up.' }];
  }
  const stopped = status.supervisor !== undefined && isStopped(status.supervisor);
  const supervisor: Check = {
    name: 'stack',
    status: stopped || status.state === 'degraded' ? 'fail' : 'ok',
    detail: `${stopped ? 'stopped by a signal' : status.state}, supervisor ${status.supervisor?.pid}, since ${status.startedAt}`,
    ...(stopped ? { hint: `Nothing is watched meanwhile: kill -CONT ${status.supervisor?.pid}.` } : {}),
    ...(!stopped && status.state === 'degraded' ? { hint: './anneal up waits for it, or tries it again.' } : {}),
  };
  const children = status.children.map((child): Check => {
    const hint = `Read ${child.log}.`;
    const ended = child.lastExit === null ? '' : `, last ended by ${child.lastExit}`;
    const detail = `${child.state}, pid ${child.process?.pid ?? '–'}, restarts: ${child.restarts}${ended}`;
    const trouble = troubleOf(child);
    if (trouble !== undefined) return { name: child.name, status: 'fail', detail: `${trouble}; ${detail}`, hint };
    return child.state === 'ready'
      ? { name: child.name, status: 'ok', detail }
      : { name: child.name, status: 'warn', detail, hint };
  });
  return [supervisor, ...children];
}
