// Training logs of a campaign, or the log of a part of the stack; of pods: pod-logs.ts.
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { isKnown } from '../infra/temporal/campaign-names.ts';
import { nothingToTell } from './nothing-to-tell.ts';
import { followPodLogs, podLogsOf } from './pod-logs.ts';
import type { Session } from './session.ts';

const PARTS = ['temporal', 'policy', 'gateway', 'worker', 'supervisor'];

/** With `--json`, one document: a log for each training, oldest first, or that of the part. */
export async function followLogs(
  session: Session,
  campaign: CampaignName,
  options: { follow?: boolean; part?: string },
): Promise<void> {
  const { jobs, logs } = session.config.paths;
  if (session.json && options.follow)
    throw new AnnealError('cli.usage', '--json prints one document, which --follow would never end; leave out one');
  if (options.part !== undefined && !PARTS.includes(options.part)) {
    throw new AnnealError('cli.usage', `--part is one of ${PARTS.join(', ')}; got ${options.part}`);
  }
  if (options.part === undefined && !(await isKnown(session.store, campaign)))
    throw new AnnealError('campaign.not_found', `no campaign is called ${campaign}`);
  const pods = podLogsOf(session, campaign, options.part);
  if (pods !== undefined) return followPodLogs(session, pods, { campaign, ...options });
  const round = (name: string): number => Number(/-r(\d+)-train$/.exec(name)?.[1] ?? 0);
  const files = (): string[] =>
    options.part !== undefined
      ? [join(logs, `${options.part}.log`)]
      : (existsSync(jobs) ? readdirSync(jobs) : [])
          .filter((name) => name.startsWith(`${campaign}-r`) && name.endsWith('-train'))
          .sort((a, b) => round(a) - round(b))
          .map((name) => join(jobs, name, 'log'));
  const nothing = () => nothingToTell(campaign, options.part);
  const nameOf = (file: string): string => options.part ?? file.split('/').at(-2) ?? file;
  if (session.json) {
    const found = files().filter(existsSync);
    const all = await Promise.all(found.map(async (file) => ({ name: nameOf(file), lines: await linesOf(file) })));
    const written = all.filter(({ lines }) => lines.length > 0);
    if (written.length === 0) throw nothing();
    const document = { campaign, source: options.part ?? 'training', logs: written };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const printed = new Map<string, number>();
  do {
    for (const file of files().filter(existsSync)) {
      const from = printed.get(file) ?? 0;
      const size = statSync(file).size;
      if (size <= from) continue;
      if (from === 0 && options.part === undefined) process.stdout.write(`==> ${nameOf(file)} <==\n`);
      await pipeline(createReadStream(file, { start: from, end: size - 1 }), process.stdout, { end: false });
      printed.set(file, size);
    }
    if (options.follow) await sleep(500);
  } while (options.follow);
  if (printed.size === 0) throw nothing();
}

async function linesOf(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  // The last line's end begins no other.
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
