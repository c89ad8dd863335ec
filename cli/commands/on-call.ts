// on-call: what a file with people and an escalation amounts to, and a message by hand to try an address.
import type { Command } from 'commander';
import { AnnealError } from '../../contracts/errors.ts';
import { type Evidence, gateKind } from '../../contracts/gate.ts';
import { campaignName, gateId } from '../../contracts/ids.ts';
import type { OnCallSpec } from '../../contracts/on-call.ts';
import { durationMs } from '../../contracts/units.ts';
import { instant } from '../../infra/markup/figures.ts';
import { readOnCall } from '../../infra/notifications/read.ts';
import { tellBy } from '../../infra/notifications/tell.ts';
import { nextAfter, onCallAt, tellings } from '../../policies/on-call.ts';
import type { Run, Session } from '../session.ts';

interface Options {
  readonly at?: string;
  readonly kind: string;
  readonly deadline: string;
  readonly send?: string;
}

export function addOnCall(program: Command, run: Run): void {
  program
    .command('on-call [file]')
    .description('who is on call, and who would be told of a gate, in which order; --send tries an address')
    .option('--at <instant>', 'instead of now, for example 2026-12-24T23:00:00Z')
    .option('--kind <kind>', `of the gate: ${gateKind.options.join(', ')}`, 'release')
    .option('--deadline <duration>', 'of the gate', '24h')
    .option('--send <name>', 'send a test message to this person or channel, by every way')
    .action((file: string | undefined, options: Options, command: Command) =>
      run((session) => onCall(session, file ?? session.config.onCall, options), command),
    );
}

async function onCall(session: Session, file: string | undefined, options: Options): Promise<void> {
  if (file === undefined) throw new AnnealError('cli.usage', 'name an on-call file, or set ANNEAL_ON_CALL');
  const spec = await readOnCall(file);
  if (options.send !== undefined) return sendTest(session, spec, options.send);
  const at = new Date(options.at ?? Date.now());
  const kind = gateKind.safeParse(options.kind);
  if (Number.isNaN(at.getTime())) throw usage('--at', 'an instant like 2026-12-24T23:00:00Z', options.at);
  if (!kind.success) throw usage('--kind', `one of ${gateKind.options.join(', ')}`, options.kind);
  const deadline = new Date(at.getTime() + lengthOf(options.deadline));
  const told = tellings(spec, { kind: kind.data, openedAt: at, deadline });
  const [now, next] = [onCallAt(spec, at), nextAfter(spec, at)];
  if (session.json) {
    const steps = told.map(({ at: when, whom, channel }) => ({ at: when, whom, by: channel.kind }));
    process.stdout.write(`${JSON.stringify({ at, onCall: now, next, told: steps })}\n`);
    return;
  }
  const lines = told.map(
    ({ at: when, whom, channel }) => `  ${instant(when.toISOString())}  ${whom}, by ${channel.kind}`,
  );
  const opened = `A gate of the kind ${kind.data} that opens then and that nobody answers:`;
  process.stdout.write(
    `${[`On call at ${instant(at.toISOString())}: ${now}, then ${next}.`, opened, ...lines, `  ${instant(deadline.toISOString())}  its safe option is taken`].join('\n')}\n`,
  );
}

/** Says what it is: nobody is to get up for it. */
async function sendTest(session: Session, spec: OnCallSpec, name: string): Promise<void> {
  const one = spec.channels[name];
  const ways = one === undefined ? spec.people[name] : [one];
  const known = [...Object.keys(spec.people), ...Object.keys(spec.channels)];
  if (ways === undefined) throw usage('--send', `one of ${known.join(', ')}`, name);
  const deadline = new Date(Date.now() + 3_600_000);
  const tell = tellBy(spec);
  for (const [at, channel] of ways.entries())
    await tell({ channel, evidence: TEST, id: `test/${Date.now()}-${at}`, deadline });
  const by = ways.map(({ kind }) => kind);
  process.stdout.write(
    session.json ? `${JSON.stringify({ sent: name, by })}\n` : `Sent to ${name} by ${by.join(', ')}.\n`,
  );
}

const TEST: Evidence = {
  ...{ schema: 'anneal/evidence/v1', gate: gateId.parse('test.release-1'), campaign: campaignName.parse('test') },
  ...{ kind: 'release', title: 'A test of the on-call file: nothing is asked', why: 'Somebody tried this address.' },
  ...{ risk: 'none', facts: [], logTail: [], attachments: [], runChain: 'none', cost: { tokens: 0, seconds: 0 } },
  options: ['nothing', 'keep'].map((option) => ({ name: option, effect: 'Nothing happens.' })),
  ...{ recommended: 'nothing', safe: 'keep' },
};

function lengthOf(text: string): number {
  try {
    return durationMs(text);
  } catch {
    throw usage('--deadline', 'a duration like 24h', text);
  }
}

const usage = (option: string, expected: string, got: string | undefined): AnnealError =>
  new AnnealError('cli.usage', `${option} takes ${expected}, got ${JSON.stringify(got)}`);
