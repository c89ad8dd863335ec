// Memory of each process of the embedded stack: after `up`, after a small real campaign, and the peak between.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stackStatus } from '../infra/stack/stack.ts';
import { openJourney } from '../tests/support/journey.ts';
import { descendantsOf } from '../tests/support/processes.ts';
import { endingStack } from './ending.ts';

export interface ProcessMemory {
  readonly name: string;
  /** Resident MiB; undefined where the process did not run then. Files that it maps (a model) count in. */
  readonly afterUp: number | undefined;
  readonly afterCampaign: number | undefined;
  /** VmHWM: the kernel's own high-water mark since the process started. */
  readonly peak: number;
}

type Reading = Readonly<Record<'rss' | 'peak', number>>;

const CAMPAIGN = join(import.meta.dirname, '..', 'tests', 'journeys', 'small.yaml');
const LOOK_MS = 250;
/** Of processes that end within the campaign: the last look before their end counts. */
const OTHERS: readonly (readonly [pattern: RegExp, name: (match: RegExpExecArray) => string])[] = [
  [/-m anneal_server\.engine .*--alias (\S+)/, ([, policy]) => `engine of ${policy}`],
  [/^\S*python\S* -m anneal_trainer train/, () => 'trainer'],
];

export async function run(progress: (line: string) => void): Promise<ProcessMemory[]> {
  await using stack = endingStack();
  progress('memory: starting the stack');
  const journey = await openJourney();
  stack.defer(async () => void (await journey.end()));
  const up = await journey.run(['up']);
  if (up.code !== 0) throw new Error(`./anneal up ended with ${up.code}: ${up.stderr}`);
  const started = await look();

  progress('memory: playing the small campaign');
  const campaign = journey.start(['quickstart', '--yes', '--json', '--file', CAMPAIGN], { timeoutMs: 600_000 });
  const peaks = new Map([...started].map(([name, { peak }]) => [name, peak]));
  while (campaign.running()) {
    for (const [name, { peak }] of await look()) peaks.set(name, Math.max(peak, peaks.get(name) ?? 0));
    await sleep(LOOK_MS);
  }
  const { code, stderr } = await campaign.finished;
  if (code !== 0) throw new Error(`the small campaign ended with ${code}: ${stderr}`);
  const ended = await look();
  return [...peaks].map(([name, peak]) => ({
    name,
    afterUp: started.get(name)?.rss,
    afterCampaign: ended.get(name)?.rss,
    peak: Math.max(peak, ended.get(name)?.peak ?? 0),
  }));

  async function look(): Promise<Map<string, Reading>> {
    const { supervisor, children } = await stackStatus(journey.config);
    if (supervisor === undefined) throw new Error('the stack has stopped');
    const found = new Map<string, Reading>();
    const add = (name: string, pid: number): void => {
      const reading = read(pid);
      let own = name;
      for (let n = 2; found.has(own); n += 1) own = `${name}, replica ${n}`;
      if (reading !== undefined) found.set(own, reading);
    };
    add('supervisor', supervisor.pid);
    for (const { name, process } of children) if (process !== null) add(name, process.pid);
    for (const { pid, command } of descendantsOf(supervisor.pid)) {
      for (const [pattern, name] of OTHERS) {
        const match = pattern.exec(command);
        if (match !== null) add(name(match), pid);
      }
    }
    return found;
  }
}

function read(pid: number): Reading | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [rss, peak] = ['VmRSS', 'VmHWM'].map((field) => new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return rss === undefined || peak === undefined ? undefined : { rss: Number(rss) / 1024, peak: Number(peak) / 1024 };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
