// share: which part of the workflow's steps agents did, counted from histories and held against the audit log.
import type { Command } from 'commander';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName } from '../../contracts/ids.ts';
import { duration, durationMs } from '../../contracts/units.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { readHistories } from '../../infra/temporal/histories.ts';
import { ofCampaign, shareOf } from '../../policies/share.ts';
import { type Run, type Session, screen } from '../session.ts';
import { renderShare } from '../view/share.ts';

interface ShareOptions {
  readonly campaign?: string;
  readonly since?: string;
}

export function addShare(program: Command, run: Run): void {
  program
    .command('share')
    .description("which part of the workflow's steps agents did, and who did the others")
    .option('--campaign <name>', 'of one campaign, with its incidents, their gates and their merges')
    .option('--since <duration>', 'of workflows that began within this time, for example 7d')
    .action((options: ShareOptions, command: Command) => run((session) => tell(session, options), command));
}

async function tell(session: Session, options: ShareOptions): Promise<void> {
  const name = campaignName.optional().safeParse(options.campaign);
  const span = duration.optional().safeParse(options.since);
  if (!name.success) throw new AnnealError('cli.usage', `--campaign takes ${name.error.issues[0]?.message}`);
  if (!span.success) throw new AnnealError('cli.usage', `--since takes ${span.error.issues[0]?.message}`);
  const since = span.data === undefined ? undefined : new Date(Date.now() - durationMs(span.data));
  const { histories, cut } = await readHistories(await session.temporal(), { since });
  const { verifyBytes } = await session.identity();
  const heads = await createWitness(session.config.paths.auditHead).read();
  const { entries, problems } = await readAudit({
    store: session.store,
    verifyBytes,
    witnesses: heads === undefined ? [] : [heads],
  });
  // What is wrong with the log bears nothing out.
  const broken = new Set(problems.map(({ number }) => number));
  const share = shareOf(name.data === undefined ? histories : ofCampaign(name.data, histories), {
    audit: entries.flatMap(({ entry }) => (broken.has(entry.number) ? [] : [entry.event])),
    cut,
  });
  process.stdout.write(
    session.json ? `${JSON.stringify(share)}\n` : `${renderShare(share, screen(session)).join('\n')}\n`,
  );
}
