// validate, submit, ls, status, watch, logs, cancel, resume, report.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { ArtifactSetLock } from '../../contracts/artifact-set.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { campaignWorkflowId } from '../../contracts/names.ts';
import type { CampaignStatus } from '../../contracts/record.ts';
import { openLockedSet } from '../../evals/construction/campaign-set.ts';
import { carrySource } from '../../infra/source-files/carry.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import { isKnown, parseCampaignName } from '../../infra/temporal/campaign-names.ts';
import type { BeforeStart } from '../../infra/temporal/campaigns.ts';
import { readBaseWeights } from '../../infra/vllm/base-weights.ts';
import { refuseUnfit } from '../cluster-checks.ts';
import { endedLine } from '../endings.ts';
import { browserOf, toolsOf } from '../instruments.ts';
import { interruptible } from '../interrupt.ts';
import { followLogs } from '../logs.ts';
import { outlookOf, warnIfTooSmall } from '../outlook.ts';
import { writeReport } from '../report-file.ts';
import type { Session } from '../session.ts';
import { type Run, screen } from '../session.ts';
import { formatProblems } from '../spec/format.ts';
import { presetLines } from '../spec/preset.ts';
import { type ReadCampaign, readCampaign } from '../spec/read.ts';
import { type Asked, admitToTeam } from '../team/check.ts';
import { keptProfile } from '../team/profile.ts';
import { renderList } from '../view/lists.ts';
import { stackTroubles } from '../view/stack.ts';
import { watchCampaign } from '../watch.ts';

export async function submitFile(session: Session, read: ReadCampaign): Promise<'started' | 'attached' | 'ended'> {
  const { spec, profile, files } = read;
  const here = session.config.deployment.compute;
  if ((spec.compute ?? 'local') !== here) {
    const wanted = spec.compute === 'kubernetes' ? '`compute: kubernetes`' : 'this machine (no `compute`)';
    throw new AnnealError('campaign.other_compute', `${spec.name} is for ${wanted}, and this stack runs on ${here}`);
  }
  if ((await stackStatus(session.config)).endpoints !== undefined) await refuseUnfitUnlessBegun(session, read);
  const locked = await refuseUnfitTasks(session, read);
  const rates = files.find((file) => file.field === 'tasks.startingPassRates');
  const campaigns = await session.campaigns();
  const how = await withPermission(
    session,
    { spec, profile, workflow: campaignWorkflowId(spec.name) },
    async (beforeStart) => {
      const beside = {
        beforeStart,
        ...(rates === undefined ? {} : { passRates: await readFile(rates.path) }),
        ...(profile === undefined ? {} : { profile: canonicalJson(profile) }),
        ...(read.judged === undefined ? {} : { judgeCalibration: read.judged.text }),
        ...(await carriedSource(session, read)),
        ...(spec.policy.lora === null ? { weights: await readBaseWeights(session.store, spec.policy.base) } : {}),
      };
      return session.traced('anneal submit', () => campaigns.submit(read, beside));
    },
  );
  if (how === 'started') warnIfTooSmall(outlookOf(spec, locked));
  return how;
}

/** A set that was locked before has to be in this store, as it was locked, and to be one whose tasks take one reply. */
export async function refuseUnfitTasks(
  session: Session,
  { spec, judged }: Pick<ReadCampaign, 'spec' | 'judged'>,
): Promise<ArtifactSetLock | undefined> {
  if (spec.tasks.source !== 'artifact-set' || spec.tasks.root === undefined) return undefined;
  const { store, config } = session;
  return (
    await openLockedSet(spec.tasks.root, store, {
      verifyBytes: (await session.identity()).verifyBytes,
      judged: judged?.setups,
      harness: spec.harness,
      // A worker elsewhere says it before its first round.
      ...(config.deployment.compute === 'local' && config.temporal.external === undefined
        ? { tools: toolsOf(config), browser: browserOf(config) }
        : {}),
    })
  ).lock;
}

/** What the source of its set reads goes with the campaign. */
export async function carriedSource(
  { store }: Session,
  { source }: Pick<ReadCampaign, 'source'>,
): Promise<{ source?: ArtifactRef }> {
  if (source === undefined) return {};
  return { source: await store.put(canonicalJson(await carrySource(source.folder, source.paths, store, source.kept))) };
}

/** A campaign that was begun goes on whatever the cluster lacks at this moment: its own stages wait or ask. */
export async function refuseUnfitUnlessBegun(
  { config, store }: Session,
  { spec, profile }: Pick<ReadCampaign, 'spec' | 'profile'>,
): Promise<void> {
  if (profile === undefined || config.deployment.compute === 'local') return;
  const begun = await isKnown(store, spec.name).catch(() => false);
  if (!begun) await refuseUnfit(config, spec, profile);
}

/**
 * Does what uses a team's quota, with its place in it. Where there are no teams, anybody may.
 * @param work calls `beforeStart` directly before it starts the workflow
 */
export async function withPermission<T>(
  { config, store, teams, campaigns }: Session,
  { spec, profile, workflow }: Asked,
  work: (beforeStart: BeforeStart) => Promise<T>,
): Promise<T> {
  const known = await teams();
  if (known.length === 0) return work(async () => 'start');
  const { deployment } = config;
  const kubernetes = deployment.compute === 'kubernetes' ? deployment.cluster.namespace : undefined;
  const place = { temporal: config.temporal.namespace, kubernetes };
  const listed = { campaigns: await campaigns(), store };
  return (await admitToTeam(known, { spec, profile, workflow }, place, listed)).hold(work);
}

/** It holds again what it held, beside whatever its team has begun since: asked as a submit is. */
export async function resumeCampaign(session: Session, name: CampaignName): Promise<void> {
  const campaigns = await session.campaigns();
  const [spec, profile] = [await campaigns.spec(name), await keptProfile(session.store, name)];
  await withPermission(session, { spec, profile, workflow: campaignWorkflowId(name) }, (beforeStart) =>
    campaigns.resume(name, beforeStart),
  );
}

/** What to say of a submitted campaign that is over. */
export async function endedBefore(session: Session, campaign: CampaignName): Promise<string> {
  const saved = await (await session.campaigns()).savedState(campaign);
  return endedLine(campaign, saved?.ending ?? 'running');
}

export function addCampaignCommands(program: Command, run: Run): void {
  program
    .command('validate <file>')
    .description('check a campaign file; lists every problem at once')
    .action((file: string, _options, command: Command) =>
      run(async (session) => {
        const { json, colour } = session;
        try {
          const read = await readCampaign(file);
          const { spec, hash, preset } = read;
          const outlook = outlookOf(spec, await refuseUnfitTasks(session, read));
          process.stdout.write(
            json
              ? `${JSON.stringify({ valid: true, hash, problems: [], ...(preset && { preset }), ...(outlook && { outlook }) })}\n`
              : `${[
                  `${file} is valid: campaign ${spec.name}, ${hash.slice(0, 12)}`,
                  ...(preset ? presetLines(preset) : []),
                  ...(outlook ? [outlook.why] : []),
                ].join('\n')}\n`,
          );
        } catch (failure) {
          if (!(failure instanceof AnnealError) || failure.problems.length === 0) throw failure;
          if (json) process.stdout.write(`${JSON.stringify({ valid: false, problems: failure.problems })}\n`);
          else
            process.stderr.write(
              `${formatProblems(failure.problems, file, await readFile(file, 'utf8'), { colour })}\n`,
            );
          process.exitCode = EXIT.badInput;
        }
      }, command),
    );

  program
    .command('submit <file>')
    .description('submit a campaign')
    .option('--watch', 'stay and watch it')
    .action((file: string, options: { watch?: boolean }, command: Command) =>
      run(async (session) => {
        const read = await readCampaign(file);
        const how = await submitFile(session, read);
        const { name } = read.spec;
        if (how === 'ended')
          process.stderr.write(`${await endedBefore(session, name)} Its report: ./anneal report ${name}\n`);
        else process.stderr.write(`Campaign ${name} ${how === 'started' ? 'started' : 'is already running'}.\n`);
        if (options.watch && how !== 'ended') await watchOrLeave(session, name);
        else if (session.json) process.stdout.write(`${JSON.stringify({ campaign: name, hash: read.hash, how })}\n`);
      }, command),
    );

  program
    .command('ls')
    .description('list campaigns')
    .action((_options, command: Command) =>
      run(async (session) => {
        const all = await (await session.campaigns()).list();
        process.stdout.write(
          session.json ? `${JSON.stringify({ campaigns: all })}\n` : `${renderList(all, screen(session)).join('\n')}\n`,
        );
      }, command),
    );

  program
    .command('status <campaign>')
    .description('where a campaign stands')
    .action((name: string, _options, command: Command) =>
      run(async (session) => {
        // First: with a part that hangs, what follows may only be an error about nobody answering.
        for (const line of stackTroubles(await stackStatus(session.config))) process.stderr.write(`${line}\n`);
        const campaign = parseCampaignName(name);
        if (!session.json) {
          await watchCampaign(session, campaign, { once: true, screen: process.stdout });
          return;
        }
        const campaigns = await session.campaigns();
        const broken = await campaigns.brokenOff(campaign);
        const status = await campaigns.status(campaign);
        process.stdout.write(`${JSON.stringify({ ...status, ...(broken && { brokenOff: broken.message }) })}\n`);
      }, command),
    );

  program
    .command('watch <campaign>')
    .description('follow a campaign until it ends; Ctrl-C leaves it running')
    .action((name: string, _options, command: Command) =>
      run(async (session) => {
        const status = await watchOrLeave(session, parseCampaignName(name));
        if (session.json && status !== undefined) process.stdout.write(`${JSON.stringify(status.state)}\n`);
      }, command),
    );

  program
    .command('logs <campaign>')
    .description("print a campaign's training logs")
    .option('-f, --follow', 'go on as lines are written')
    .option('--part <part>', 'a part of the stack instead: temporal, policy, gateway, worker or supervisor')
    .action((name: string, options: { follow?: boolean; part?: string }, command: Command) =>
      run((session) => followLogs(session, parseCampaignName(name), options), command),
    );

  program
    .command('cancel <campaign>')
    .description('end a campaign; its job checkpoints, its report is written')
    .action((name: string, _options, command: Command) =>
      run(async (session) => {
        await (await session.campaigns()).cancel(parseCampaignName(name));
        process.stdout.write(`Cancelling ${name}. Take it up again with ./anneal resume ${name}\n`);
      }, command),
    );

  program
    .command('resume <campaign>')
    .description('go on with a campaign that was cancelled, aborted, refused or lost')
    .action((name: string, _options, command: Command) =>
      run(async (session) => {
        await resumeCampaign(session, parseCampaignName(name));
        process.stdout.write(`Resumed ${name}. Watch it with ./anneal watch ${name}\n`);
      }, command),
    );

  program
    .command('report <campaign>')
    .description('write the report of a campaign as one HTML page')
    .option('-o, --out <file>', 'where to write it')
    .action((name: string, options: { out?: string }, command: Command) =>
      run(async (session) => {
        const written = await writeReport(session, parseCampaignName(name), options.out);
        process.stdout.write(session.json ? `${JSON.stringify({ report: written.path })}\n` : `${written.path}\n`);
      }, command),
    );
}

/** Undefined when Ctrl-C left it running. */
async function watchOrLeave(session: Session, campaign: CampaignName): Promise<CampaignStatus | undefined> {
  let status: CampaignStatus | undefined;
  await interruptible(async (signal) => {
    status = await watchCampaign(session, campaign, { signal });
  }, `${campaign} goes on. Follow it again with ./anneal watch ${campaign}`);
  return status;
}
