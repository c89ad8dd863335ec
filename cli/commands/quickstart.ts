// The main job: set up what is missing, start the stack, run the example campaign, ask at its gates, write the report.
import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { initIdentity } from '../../infra/identity/local.ts';
import { startStack, stopStack } from '../../infra/stack/stack.ts';
import { quickstartDocument } from '../quickstart-document.ts';
import { writeReport } from '../report-file.ts';
import type { Run, Session } from '../session.ts';
import { readCampaign } from '../spec/read.ts';
import { createSetupReporter } from '../view/setup.ts';
import { renderFinal } from '../view/summary.ts';
import { watchCampaign } from '../watch.ts';
import { submitFile } from './campaigns.ts';
import { askOnTerminal, decide } from './gates.ts';

interface QuickstartOptions {
  readonly yes?: boolean;
  readonly file?: string;
  readonly keepUp?: boolean;
  readonly down?: boolean;
}

export function addQuickstart(program: Command, run: Run): void {
  program
    .command('quickstart')
    .description('run a whole campaign on this machine, with a real model and real gradients')
    .option('-y, --yes', 'answer each gate with its recommendation, under the local key, marked as unattended')
    .option('-f, --file <campaign>', 'another campaign file')
    .option('--keep-up', 'leave the stack running afterwards (the default on a terminal)')
    .option('--down', 'stop the stack afterwards (the default elsewhere)')
    .action((options: QuickstartOptions, command: Command) => run((session) => quickstart(session, options), command));
}

async function quickstart(session: Session, options: QuickstartOptions): Promise<void> {
  const { config } = session;
  // The file first: a mistake in it should not cost a download.
  const read = await readCampaign(options.file ?? join(config.root, 'examples', 'quickstart', 'campaign.yaml'));
  const campaign = read.spec.name;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);

  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);

  const setup = createSetupReporter(process.stderr);
  await initIdentity(config.paths.keys);
  const stack = await startStack({ config, onProgress: setup.progress, signal: interrupted.signal });
  setup.done();
  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const stopAfter = stack.startedNow && (options.down ?? !(options.keepUp ?? interactive));
  try {
    if (stack.endpoints.temporalUi !== undefined) say(`Temporal's UI: ${stack.endpoints.temporalUi}`);
    const how = await submitFile(session, read);
    if (how === 'attached') say(`Campaign ${campaign} is already running: going on with it.`);
    if (how === 'ended')
      say(`Campaign ${campaign} has already ended: this is its result. For another, change its name or seed.`);
    else
      await watchCampaign(session, campaign, {
        onGate: gateHandler(session, options, interactive),
        signal: interrupted.signal,
      });
    await printEnd(session, campaign);
  } catch (failure) {
    if (!interrupted.signal.aborted) throw failure;
    say(`\nInterrupted. Nothing is lost: run the same command again to go on with ${campaign}.`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await session.close();
    if (stopAfter || (interrupted.signal.aborted && stack.startedNow)) await stopStack(config);
    else if (!interrupted.signal.aborted)
      say('The stack is still up, so that you can look around. Stop it with ./anneal down');
  }
}

function gateHandler(
  session: Session,
  options: QuickstartOptions,
  interactive: boolean,
): (gate: string) => Promise<void> {
  return async (gate) => {
    if (options.yes) {
      const reason = 'unattended run (--yes): the recommendation was followed';
      const result = await decide(session, gate, { option: { which: 'recommended' }, reason, unattended: true });
      process.stderr.write(`${gate}: ${result.option} (unattended, self-approved)\n`);
    } else if (interactive) {
      const result = await askOnTerminal(session, gate);
      if (result === undefined)
        process.stderr.write(`${gate} stays open. Answer it with ./anneal decide ${gate} OPTION --reason "…"\n`);
    } else {
      process.stderr.write(
        `${gate} waits for you: ./anneal gates ${gate}, then ./anneal decide ${gate} OPTION --reason "…"\n`,
      );
    }
  };
}

async function printEnd(session: Session, campaign: CampaignName): Promise<void> {
  const { path, data } = await writeReport(session, campaign);
  const document = quickstartDocument(data, path);
  if (session.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  process.stderr.write(
    `${renderFinal(data.state, { width: process.stderr.columns ?? 80, colour: session.colour, reportPath: path }).join('\n')}\n`,
  );
  // A refusal is a clean end; an aborted or unbalanced campaign is not.
  const { ending } = data.state;
  if (ending === 'aborted' || ending === 'cancelled' || !data.conservation.balanced) process.exitCode = EXIT.failed;
}
