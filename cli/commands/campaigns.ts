// validate, submit, ls, status, watch, logs, cancel, resume, report.
import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import { parseCampaignName } from '../../infra/temporal/campaigns.ts';
import { followLogs } from '../logs.ts';
import { writeReport } from '../report-file.ts';
import type { Session } from '../session.ts';
import { type Run, screen } from '../session.ts';
import { formatProblems } from '../spec/format.ts';
import { type ReadCampaign, readCampaign } from '../spec/read.ts';
import { renderList } from '../view/lists.ts';
import { stackTroubles } from '../view/stack.ts';
import { watchCampaign } from '../watch.ts';

export async function submitFile(session: Session, read: ReadCampaign): Promise<'started' | 'attached' | 'ended'> {
  const rates = read.files.find((file) => file.field === 'tasks.startingPassRates');
  const campaigns = await session.campaigns();
  return campaigns.submit(read, rates === undefined ? undefined : await readFile(rates.path));
}

export function addCampaignCommands(program: Command, run: Run): void {
  program
    .command('validate <file>')
    .description('check a campaign file; lists every problem at once')
    .action((file: string, _options, command: Command) =>
      run(async ({ json, colour }) => {
        try {
          const { spec, hash } = await readCampaign(file);
          process.stdout.write(
            json
              ? `${JSON.stringify({ valid: true, hash, problems: [] })}\n`
              : `${file} is valid: campaign ${spec.name}, ${hash.slice(0, 12)}\n`,
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
        const said = {
          started: 'started',
          attached: 'is already running',
          ended: 'has already ended; see ./anneal report',
        }[how];
        process.stderr.write(`Campaign ${read.spec.name} ${said}.\n`);
        if (options.watch && how !== 'ended') await watchCampaign(session, read.spec.name);
        else if (session.json)
          process.stdout.write(`${JSON.stringify({ campaign: read.spec.name, hash: read.hash, how })}\n`);
      }, command),
    );

  program
    .command('pilot <file>')
    .description("measure how often the base model solves each visible task, for the campaign's curriculum")
    .option('--samples <n>', 'rollouts a task', '4')
    .requiredOption('-o, --out <file>', 'where to write the rates')
    .action((file: string, options: { samples: string; out: string }, command: Command) =>
      run(async (session) => {
        const { spec } = await readCampaign(file);
        const samples = Number(options.samples);
        if (!Number.isInteger(samples) || samples < 1)
          throw new AnnealError('cli.usage', `--samples takes a whole number; got ${options.samples}`);
        const rates = await (await session.campaigns()).pilot(spec, samples, (done, total) =>
          process.stderr.write(`${done} of ${total} rollouts\n`),
        );
        const command = `./anneal pilot ${file} --samples ${samples} --out ${options.out}`;
        const document = {
          schema: 'anneal/starting-pass-rates/v1',
          command,
          model: spec.policy.base,
          samplesPerTask: samples,
          rates,
        };
        await writeFile(options.out, `${JSON.stringify(document, null, 1)}\n`);
        process.stdout.write(`${Object.keys(rates).length} tasks measured: ${options.out}\n`);
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
        const status = await (await session.campaigns()).status(parseCampaignName(name));
        if (session.json) process.stdout.write(`${JSON.stringify(status)}\n`);
        else await watchCampaign(session, parseCampaignName(name), { once: true });
      }, command),
    );

  program
    .command('watch <campaign>')
    .description('follow a campaign until it ends; Ctrl-C leaves it running')
    .action((name: string, _options, command: Command) =>
      run(async (session) => {
        const { state } = await watchCampaign(session, parseCampaignName(name));
        if (session.json)
          process.stdout.write(`${JSON.stringify(state)}
`);
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
        await (await session.campaigns()).resume(parseCampaignName(name));
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
