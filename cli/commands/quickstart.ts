// The main job: set up what is missing, start the stack, run the example campaign, ask at its gates, write the report.
import { join } from 'node:path';
import type { Command } from 'commander';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { initIdentity } from '../../infra/identity/local.ts';
import { startStack, stopStack } from '../../infra/stack/stack.ts';
import { tellLeftovers } from '../cluster-leftovers.ts';
import { isUnfinished, nextStep } from '../endings.ts';
import { INTERRUPTED, type Interrupt, openInterrupt } from '../interrupt.ts';
import { askOnTerminal } from '../prompt.ts';
import { quickstartDocument } from '../quickstart-document.ts';
import { writeReport } from '../report-file.ts';
import type { Run, Session } from '../session.ts';
import { readCampaign } from '../spec/read.ts';
import { commandFor } from '../view/command.ts';
import { answerWords } from '../view/gate.ts';
import { createSetupReporter } from '../view/setup.ts';
import { renderFinal } from '../view/summary.ts';
import { watchCampaign } from '../watch.ts';
import { endedBefore, refuseUnfitTasks, refuseUnfitUnlessBegun, submitFile } from './campaigns.ts';
import { decide } from './gates.ts';

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
  await refuseUnfitUnlessBegun(session, read);
  await refuseUnfitTasks(session, read);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);

  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const interrupt = openInterrupt();
  const { signal } = interrupt;
  let stack: Awaited<ReturnType<typeof startStack>> | undefined;
  try {
    const setup = createSetupReporter(process.stderr);
    await initIdentity(config.paths.keys);
    stack = await startStack({ config, onProgress: setup.progress, signal });
    setup.done();
    if (stack.endpoints.temporalUi !== undefined) say(`Temporal's UI: ${stack.endpoints.temporalUi}`);
    const how = await submitFile(session, read);
    if (how === 'attached') say(`Campaign ${campaign} is already running: going on with it.`);
    if (how === 'ended') say(await endedBefore(session, campaign));
    else
      await watchCampaign(session, campaign, { onGate: gateHandler(session, options, interactive, interrupt), signal });
    await printEnd(session, campaign, how === 'ended');
  } catch (failure) {
    if (!signal.aborted) throw failure;
    say(`\nInterrupted. Nothing is lost: run the same command again to go on with ${campaign}.`);
    process.exitCode = INTERRUPTED;
  } finally {
    interrupt.close();
    await session.close();
    const stop = signal.aborted || (options.down ?? !(options.keepUp ?? interactive));
    if (stack?.startedNow && stop) {
      await stopStack(config);
      await tellLeftovers(config, say);
    } else if (stack !== undefined && !signal.aborted)
      say(`The stack is still up, so that you can look around. Stop it with ${commandFor(config, 'down')}`);
  }
}

function gateHandler(
  session: Session,
  options: QuickstartOptions,
  interactive: boolean,
  interrupt: Interrupt,
): (gate: string) => Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return async (gate) => {
    const answer = `./anneal decide ${gate} OPTION --reason "…"`;
    try {
      if (options.yes) {
        const reason = 'unattended run (--yes): the recommendation was followed';
        const result = await decide(session, gate, { option: { which: 'recommended' }, reason, unattended: true });
        say(`${gate}: ${answerWords(result)} (unattended, self-approved)`);
      } else if (interactive) {
        const asked = await askOnTerminal(session, gate, interrupt.signal);
        if (typeof asked === 'string') say(`${gate} stays open. Answer it with ${answer}`);
        else say(`${gate}: ${answerWords(asked)}`);
        if (asked === 'interrupted') interrupt.abort();
      } else say(`${gate} waits for you: ./anneal gates ${gate}, then ${answer}`);
    } catch (failure) {
      // Somebody else was quicker, or its time ran out: the campaign goes on by that.
      if (!(failure instanceof AnnealError) || !['gate.closed', 'gate.expired'].includes(failure.code)) throw failure;
      say(`${gate} is closed: ${failure.message}`);
    }
  };
}

async function printEnd(session: Session, campaign: CampaignName, wasOver: boolean): Promise<void> {
  const { path, data } = await writeReport(session, campaign);
  const { ending, sealed } = data.state;
  const document = quickstartDocument(data, path);
  if (session.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  const released = ending === 'released' && sealed ? sealed.after.policy : undefined;
  const releaseLine = released && `${released}; its files: ./anneal release ${campaign} --out FOLDER`;
  const view = { width: process.stderr.columns || 80, colour: session.colour, reportPath: path, releaseLine };
  process.stderr.write(`${renderFinal(data.state, view).join('\n')}\n`);
  if (!wasOver && isUnfinished(ending)) process.stderr.write(`${nextStep(campaign, ending)}\n`);
  // A refusal is a clean end; an aborted or unbalanced campaign is not.
  if (isUnfinished(ending) || !data.conservation.balanced) process.exitCode = EXIT.failed;
}
